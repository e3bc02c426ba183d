"""Figures that people read are written by mappings.formats, on pages in the reader's language."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "integration" / "pages" / "templates"
WRITERS = (
    "mappings/formats.py",
    "integration/pages/figures.py",
    "integration/pages/charts/axis.py",  # an axis has room for short figures only
    "integration/pages/survey_page.py",  # speaks languages that other pages do not
)
# What HubSpot, programs and our own keys read, and no person.
FOR_PROGRAMS = (
    ("commands/ledger.py", 'click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])'),
    ("commands/ledger_output.py", '"month": f"{month.month:%Y-%m}"'),
    ("integration/pages/asks_file.py", 'f"{line.win.at:%Y-%m-%d}"'),
    ("integration/conclude/deals/booked_fields.py", 'f"{booked_on:%Y-%m-%d}"'),
    ("integration/conclude/field_patches.py", 'f"{utc:%Y-%m-%dT%H:%M:%S}'),
    ("integration/conclude/fields/contact_fields.py", 'f"{latest.moved_at:%Y-%m-%d}"'),
    ("integration/conclude/record_facts.py", 'f"{answer.at:%Y-%m-%d}"'),
    ("integration/reports/bookkeeping.py", 'month=f"{month:%Y-%m}"'),
    ("integration/reports/ledger_lines.py", "month_of("),
    ("integration/reports/ledger_lines.py", '"booked_on": f"{calendar.day_of(at):%Y-%m-%d}"'),
    ("integration/reports/report_keys.py", 'Key(f"{month:%Y-%m}"'),
    ("integration/storage/ledger/trial_rows.py", 'f"{months[place - 1]:%Y-%m}": minor'),
    ("integration/success/follow_up_tasks.py", "{loop['due_at']:%Y-%m-%dT%H:%M:%SZ}"),
    ("mappings/records/answer_records.py", "{at:%Y%m%dT%H%M%S}"),
    ("mappings/rules/ledger/periods.py", 'return f"{month:%Y-%m}"'),
)
OTHER_WAYS = re.compile(
    r":[,.\d]*%\}"  # a share
    r"|:%[A-Za-z]"  # a date
    r"|strftime\("
    r"|babel\.numbers|format_(?:currency|percent|decimal|date|datetime)\("
    r"|isoformat\(\)\[|\]\[:10\]"
    r"|\} %|\d %[ .,\"']"  # percent with a space
    r"|:\.2f\} sure"
)
OTHER_WAYS_IN_TEMPLATES = re.compile(
    r"\|\s*(?:round|float|format)\b"
    r"|\}\}\s*%"
    r"|\w*(?:_minor|_ppm|_at|until|share|confidence|amount|revenue)\s*\}\}"  # raw
)
TRANSLATED = re.compile(r"%}((?!{%).)*{% endtrans %}", re.DOTALL)


def is_for_programs(name: str, line: str) -> bool:
    return any(name == place and written in line for place, written in FOR_PROGRAMS)


def lines_of_code() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for package in ("integration", "mappings", "commands", "webhooks", "workers"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "migrations" not in name and name not in WRITERS:
                found += [(name, line.strip()) for line in path.read_text().splitlines()]
    return found


def test_no_line_of_code_writes_a_figure_for_people_by_itself() -> None:
    guilty = [
        f"{name}: {line}"
        for name, line in lines_of_code()
        if OTHER_WAYS.search(line) and not is_for_programs(name, line)
    ]

    assert guilty == []


def test_the_ways_for_programs_are_still_there() -> None:
    gone = {name for name, line in FOR_PROGRAMS if line not in (ROOT / name).read_text()}

    assert gone == set()


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_template_shows_a_raw_figure(path: Path) -> None:
    # Inside trans stand names for what its head has written already.
    read = TRANSLATED.sub(lambda found: found[0].replace("}}", ""), path.read_text())
    guilty = [line.strip() for line in read.splitlines() if OTHER_WAYS_IN_TEMPLATES.search(line)]

    assert guilty == []
