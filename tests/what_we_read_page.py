"""docs/what-we-read.md, written from the code's own tables: python -m tests.what_we_read_page."""

from collections.abc import Iterable
from pathlib import Path

from integration.pages import privacy_notice
from integration.pages.privacy_notice import Line, Section

PAGE = Path(__file__).parents[1] / "docs" / "what-we-read.md"


def what_we_read_page() -> str:
    """Every property, history, activity and text that is read, why, and how long it is kept."""
    lines = [
        "# What we read",
        "",
        "Everything that the service reads in a HubSpot account, why, and how long it is kept. Each",
        "installation shows the same under `/privacy`. It reads nothing else, and writes only the",
        "properties of its own group ([properties.md](properties.md)).",
        "",
        "This page is generated from the tables by which the code reads: `mappings/records/what_is_read.py`,",
        "`mappings/records/activity_records.py`, `mappings/records/text_sources.py` and",
        "`integration/pages/privacy_notice.py`. After a change there run `python -m tests.what_we_read_page`.",
        "",
        "## How long it is kept",
        "",
        "| what | kept |",
        "|---|---|",
    ]
    lines += [f"| {period.what} | {period.kept} |" for period in privacy_notice.periods()]
    lines += ["", "Backups are kept as long as whoever runs the service keeps them."]
    lines += ["", '"With the record" means: as long as a record\'s values are kept.']
    for section in privacy_notice.sections():
        lines += _section(section)
    lines += [
        "",
        "## Permissions",
        "",
        "HubSpot's consent page lists them. Optional ones can be refused.",
    ]
    lines += _table(("permission", "why", ""), privacy_notice.permissions())
    return "\n".join(lines) + "\n"


def _section(section: Section) -> Iterable[str]:
    yield from ("", f"## {section.title}", "", section.about)
    yield from _table(("what", "why", "kept"), section.lines)


def _table(head: tuple[str, str, str], lines: Iterable[Line]) -> Iterable[str]:
    yield from ("", f"| {' | '.join(head)} |", "|---|---|---|")
    for line in lines:
        yield f"| {_what(line)} | {line.because} | {line.kept} |"


def _what(line: Line) -> str:
    names = ", ".join(f"`{name}`" for name in line.names)
    return ": ".join(part for part in (line.what, names) if part)


if __name__ == "__main__":
    PAGE.write_text(what_we_read_page(), encoding="utf-8")
