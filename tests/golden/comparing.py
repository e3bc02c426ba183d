"""Compare two snapshots and print what differs, file by file."""

import difflib
from pathlib import Path

from rich.console import Console

SHOWN_LINES = 40


def compare(before: Path, after: Path, out: Console) -> bool:
    """Print the differences of two snapshots; say whether they are byte-identical."""
    names = sorted({path.name for folder in (before, after) for path in folder.iterdir()})
    different = [name for name in names if not _same(before / name, after / name, out)]
    return not different


def _same(before: Path, after: Path, out: Console) -> bool:
    old, new = _lines(before), _lines(after)
    if old == new:
        out.print(f"same     {before.name} ({len(old)} lines)")
        return True
    changes = list(difflib.unified_diff(old, new, lineterm="", n=1))
    count = sum(line[0] in "+-" for line in changes if line) - 2
    out.print(f"[red]differs[/red]  {before.name} ({count} lines)")
    for line in changes[:SHOWN_LINES]:
        out.print(f"    {line}", markup=False)
    return False


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
