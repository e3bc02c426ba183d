"""A browser that is led: Chromium's DevTools protocol over a pipe, for tests that look, press keys and measure.

with led_browser(folder) as browser, browser.tab() as tab:
    tab.go("http://127.0.0.1:8000/")
    tab.ask("document.title")
    tab.complaints      # what the browser objected to: refused scripts and styles, dialogs, errors
"""

import base64
import contextlib
import fcntl
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from typing import Any

from tests.chromium import CHROMIUM
from tests.waiting import PATIENCE

Json = dict[str, Any]
_READS, _WRITES = 3, 4  # the files on which Chromium listens and answers
_LOADED = "document.readyState === 'complete'"


class Refusal(AssertionError):
    """The browser did not do what it was told."""


class LedBrowser:
    """One headless Chromium for many tabs; each tab has cookies of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", to: int, came: int) -> None:
        self._process = process
        self._to, self._from = to, came
        self._number = 0
        self._unread = b""
        self._tabs: dict[str, Tab] = {}

    @contextlib.contextmanager
    def tab(self) -> Iterator["Tab"]:
        """A tab in a profile of its own."""
        context = self.tell("Target.createBrowserContext")["browserContextId"]
        target = self.tell("Target.createTarget", url="about:blank", browserContextId=context)
        attached = self.tell("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        tab = Tab(self, attached["sessionId"])
        self._tabs[tab.session] = tab
        for room in ("Page", "Runtime", "Log", "Network"):
            tab.tell(f"{room}.enable")
        try:
            yield tab
        finally:
            del self._tabs[tab.session]
            self.tell("Target.disposeBrowserContext", browserContextId=context)

    def tell(self, method: str, session: str | None = None, **parts: object) -> Json:
        """Send a command and return its answer."""
        self._number += 1
        number = self._number
        message: Json = {"id": number, "method": method, "params": parts}
        if session:
            message["sessionId"] = session
        self._write(json.dumps(message).encode() + b"\0")
        while True:
            said = self._next()
            if said.get("id") != number:
                self._hear(said)
            elif "error" in said:
                raise Refusal(f"{method}: {said['error']['message']}")
            else:
                result: Json = said["result"]
                return result

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._to, data) :]

    def _next(self) -> Json:
        while b"\0" not in self._unread:
            if not select([self._from], [], [], PATIENCE)[0]:
                raise Refusal("Chromium does not answer")
            read = os.read(self._from, 1 << 20)
            if not read:
                raise Refusal("Chromium has ended")
            self._unread += read
        message, _, self._unread = self._unread.partition(b"\0")
        said: Json = json.loads(message)
        return said

    def _hear(self, said: Json) -> None:
        tab = self._tabs.get(said.get("sessionId", ""))
        if tab is not None:
            tab.hear(said["method"], said["params"])


@dataclass
class Tab:
    """A page, what it is asked and told, and what the browser objected to."""

    browser: LedBrowser
    session: str
    complaints: list[str] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)

    def tell(self, method: str, **parts: object) -> Json:
        """Send a command to this tab."""
        return self.browser.tell(method, self.session, **parts)

    def hear(self, event: str, said: Json) -> None:
        """Keep what went wrong, and which addresses were asked for."""
        if event == "Page.javascriptDialogOpening":
            self.complaints.append(f"dialog: {said['message']}")
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(f"exception: {_exception(said['exceptionDetails'])}")
        elif event == "Log.entryAdded" and said["entry"]["level"] == "error":
            self.complaints.append(f"{said['entry']['source']}: {said['entry']['text']}")
        elif event == "Network.requestWillBeSent":
            self.asked_for.append(said["request"]["url"])

    def go(self, url: str) -> None:
        """Open a page and wait until it is whole."""
        answer = self.tell("Page.navigate", url=url)
        if "errorText" in answer:
            raise Refusal(f"{url}: {answer['errorText']}")
        self.wait(_LOADED)

    def wait(self, condition: str) -> None:
        """Wait until an expression is true; while a page is being exchanged it is not."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(Refusal):
                if self.ask(condition):
                    return
            time.sleep(0.01)
        raise Refusal(f"never true: {condition}")

    def ask(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page answers
        """Return what an expression is on the page; a promise is waited for."""
        answer = self.tell(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise Refusal(_exception(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def resize(self, width: int, height: int = 900) -> None:
        """Give the page a window of so many pixels."""
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def prefer(self, **features: str) -> None:
        """Let the visitor prefer something: ``color_scheme="dark"``, ``reduced_motion="reduce"``."""
        told = [
            {"name": f"prefers-{name.replace('_', '-')}", "value": value}
            for name, value in features.items()
        ]
        self.tell("Emulation.setEmulatedMedia", features=told)

    def before_each_page(self, script: str) -> None:
        """Run a script of the test's before any of a page's own."""
        self.tell("Page.addScriptToEvaluateOnNewDocument", source=script)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key and let it go: ``Tab``, ``Enter``, ``Escape``."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
        parts: Mapping[str, object] = {
            "key": key,
            "code": "Space" if key == " " else key,
            "windowsVirtualKeyCode": codes[key],
            "modifiers": 8 if shift else 0,
        }
        text = {"Enter": "\r", " ": " "}.get(key)
        self.tell(
            "Input.dispatchKeyEvent", type="keyDown", **parts, **({"text": text} if text else {})
        )
        self.tell("Input.dispatchKeyEvent", type="keyUp", **parts)

    def write(self, text: str) -> None:
        """Type a text into what has the focus."""
        self.tell("Input.insertText", text=text)

    def picture(self, *, whole: bool = False, kind: str = "png", **more: object) -> bytes:
        """A screenshot of the window, or of the whole page."""
        taken = self.tell(
            "Page.captureScreenshot", format=kind, captureBeyondViewport=whole, **more
        )
        return base64.b64decode(taken["data"])


@contextlib.contextmanager
def led_browser(folder: Path) -> Iterator[LedBrowser]:
    """Start Chromium with an empty profile in *folder*, and end it."""
    assert CHROMIUM is not None, "Chromium is demanded here and is not installed"
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    pipes = [_high(end) for end in (theirs_in, theirs_out)]

    def place() -> None:
        os.dup2(pipes[0], _READS)
        os.dup2(pipes[1], _WRITES)

    process = subprocess.Popen(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--hide-scrollbars", "--remote-debugging-pipe", f"--user-data-dir={folder / 'led'}",
        ],
        preexec_fn=place,  # noqa: PLW1509 - two system calls
        close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    for end in pipes:
        os.close(end)
    browser = LedBrowser(process, ours_out, ours_in)
    try:
        yield browser
    finally:
        with contextlib.suppress(Refusal, OSError):
            browser.tell("Browser.close")
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()
            os.close(ours_out)
            os.close(ours_in)


def _high(end: int) -> int:
    """The same pipe under a number that is not one of the browser's."""
    moved = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(end)
    return moved


def _exception(details: Json) -> str:
    thrown = details.get("exception", {})
    return str(thrown.get("description") or thrown.get("value") or details["text"])
