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
    lines = [path.read_text().splitlines() if path.exists() else [] for path in (before, after)]
    if lines[0] == lines[1]:
        out.print(f"same     {before.name} ({len(lines[0])} lines)")
        return True
    changes = [line for line in difflib.unified_diff(*lines, lineterm="", n=1) if line]
    count = sum(line[0] in "+-" for line in changes) - 2
    out.print(f"[red]differs[/red]  {before.name} ({count} lines)")
    for line in changes[:SHOWN_LINES]:
        out.print(f"    {line}", markup=False)
    return False
