"""People to ask as a file: one line for each, with what is at stake."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, translated
from integration.success.ask_list import AskLine, AskList
from mappings.records.spreadsheet_cells import guarded
from mappings.rules.ledger import money

_HEADINGS: Final[Sequence[str]] = (
    lazy_gettext("Company"),
    lazy_gettext("Company ID"),
    lazy_gettext("Person"),
    lazy_gettext("Contact ID"),
    lazy_gettext("Owner"),
    lazy_gettext("Ask for"),
    lazy_gettext("Why that"),
    lazy_gettext("Win"),
    lazy_gettext("Win on"),
    lazy_gettext("Score"),
    lazy_gettext("At stake"),
    lazy_gettext("Bought in 400 days"),
    lazy_gettext("Currency"),
    lazy_gettext("Due this week"),
)


def lines(found: AskList) -> Iterator[str]:
    """The lines of the file, with a mark by which spreadsheets know its letters."""
    yield "\ufeff" + _line([str(heading) for heading in _HEADINGS])
    for line in found.lines:
        yield _line(list(_cells(line, found.currency)))


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([guarded(cell) for cell in cells])
    return written.getvalue()


def _cells(line: AskLine, currency: str) -> Iterator[str]:
    yield from (line.company, str(line.company_id), line.person, str(line.contact_id))
    yield line.owner.name if line.owner else ""
    yield translated(line.choice.kind.label)
    yield translated(line.choice.because)
    yield translated(line.win.words) if line.win else ""
    yield f"{line.win.at:%Y-%m-%d}" if line.win else ""
    yield str(line.points / 10)
    yield from (_amount(line.stake_minor, currency), _amount(line.worth_minor, currency), currency)
    yield _("yes") if line.is_due else _("no")


def _amount(minor: int, currency: str) -> str:
    return money.major(minor, currency) if currency else ""
