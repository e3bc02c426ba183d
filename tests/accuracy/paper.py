"""The figures of a run as the last part of a document, so that what stands there was measured and not copied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HEADING = "## Figures"


def rewrite(document: Path, report: Mapping[str, Any], command: str) -> None:
    """Replace everything from the heading on by the tables of *report*, the JSON of a run made by *command*."""
    kept, heading, _ = document.read_text(encoding="utf-8").partition(HEADING)
    if not heading:
        raise ValueError(f'{document} has no "{HEADING}" to write under')
    document.write_text(kept + "\n".join(_lines(report, command)) + "\n", encoding="utf-8")


def _lines(report: Mapping[str, Any], command: str) -> Iterable[str]:
    yield HEADING
    yield from (
        "",
        f"Written by `{command}`. A newer run may differ; then this page is out of date, not the run.",
        "",
    )
    yield from (
        "![Reliability diagram: how sure the app was, and how often it was right](images/reliability.svg)",
        "",
    )
    aims = [
        (one["name"], one["figure"], f"{'≤' if one['at_most'] else '≥'} {one['wanted']:g}",
         "met" if one["met"] else "**missed**")
        for one in report["aims"]
    ]  # fmt: skip
    yield from _table(("aim, on the checking half", "figure", "wanted", ""), aims)
    for table in report["tables"]:
        yield from ("", f"### {table['title']}", "")
        yield from _table(table["columns"], table["rows"])
        for note in table["notes"]:
            yield from ("", note)


def _table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterable[str]:
    titles = list(columns)
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(map(_text, row))} |"


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.4f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell).replace("|", "\\|")
