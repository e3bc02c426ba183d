"""A real browser for tests and pictures: headless Chromium, where there is one."""

import shutil
import subprocess
from pathlib import Path

from tests.waiting import PATIENCE

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


class Browser:
    """Headless Chromium with an empty profile of its own for each page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages = 0

    def show(self, url: str) -> str:
        """The page as it stands after its scripts ran."""
        return self._run("--dump-dom", url)

    def picture(self, url: str, *, width: int = 1280, height: int = 1000) -> bytes:
        """A screenshot."""
        path = self.folder / "page.png"
        self._run(f"--screenshot={path}", f"--window-size={width},{height}", url)
        return path.read_bytes()

    def _run(self, *arguments: str) -> str:
        assert CHROMIUM is not None, "Chromium is demanded here and is not installed"
        self.pages += 1
        done = subprocess.run(
            [
                CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
                "--virtual-time-budget=5000", f"--user-data-dir={self.folder / str(self.pages)}", *arguments,
            ],
            capture_output=True, text=True, check=True, timeout=PATIENCE,
        )  # fmt: skip
        return done.stdout
