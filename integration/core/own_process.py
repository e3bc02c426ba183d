"""Our own processes: this copy of the code, in any current folder, on any terminal."""

import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str) -> list[str]:
    """Return the command line of ``second-order ARGUMENTS`` in a process of its own."""
    return [sys.executable, "-m", "commands", *arguments]


def surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return *environment* for a process that imports nothing from the folder it is started in.

    A stranger's commands.py, or logging.py, may lie there. What a child starts has it, too.
    """
    searched = [
        folder
        for folder in environment.get("PYTHONPATH", "").split(os.pathsep)
        if Path(folder).is_absolute()
    ]
    if str(_ROOT) not in {*searched, *_searched_anyway()}:
        searched.insert(0, str(_ROOT))
    return {
        **environment,
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": os.pathsep.join(searched),
    }


def settle_in() -> None:
    """Make this process and all that it starts independent of the current folder and the terminal.

    A sign that the terminal does not have is replaced.
    """
    os.environ.update(surroundings(os.environ))
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace")


def _searched_anyway() -> set[str]:
    return {str(Path(sysconfig.get_path(name)).resolve()) for name in ("purelib", "platlib")}
