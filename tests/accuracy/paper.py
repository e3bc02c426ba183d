"""The figures of a run as the last part of a document, so that what stands there was measured and not copied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FIRST, HEADING = "## What a new admin gets", "## Figures"


def rewrite(document: Path, report: Mapping[str, Any], command: str) -> None:
    """Replace what stands under both headings by the tables of *report*, the JSON of a run made by *command*.

    What a new admin gets is what readers want to know first; a run that did not measure it leaves it.
    """
    text = document.read_text(encoding="utf-8")
    for heading in (FIRST, HEADING):
        if heading not in text:
            raise ValueError(f'{document} has no "{heading}" to write under')
    if report["first"]:
        text = _replaced(text, FIRST, _grid(report["first"]))
    document.write_text(_replaced(text, HEADING, _figures(report, command)), encoding="utf-8")


def _replaced(text: str, heading: str, lines: Iterable[str]) -> str:
    """The text with new lines under a heading, as far as the next one of its kind."""
    before, _, after = text.partition(heading)
    _, mark, rest = after.partition("\n## ")
    return before + "\n".join([heading, "", *lines, ""]) + (mark + rest if mark else "")


def _figures(report: Mapping[str, Any], command: str) -> Iterable[str]:
    yield from (
        f"Written by `{command}`. A newer run may differ; then this page is out of date, not the run.",
        "",
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
        yield from ("", f"### {table['title']}", "", *_grid(table))


def _grid(table: Mapping[str, Any]) -> Iterable[str]:
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
