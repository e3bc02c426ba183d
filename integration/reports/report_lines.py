"""The deals behind a report, a line for each credit, however many there are."""

from collections.abc import Iterator

from integration.portal.context import PortalContext
from integration.reports import report_figures, report_keys
from integration.reports.report_figures import Asked
from integration.reports.report_keys import Keys
from integration.reports.report_tables import Cell, Kind, TableColumn, major
from integration.storage.database import Row
from integration.storage.ledger import report_rows
from integration.storage.ledger.report_pieces import Grouped
from mappings.kinds import Dimension
from mappings.records.report_request import NOTHING, Grouping, ReportRequest

PAGE = 5_000
"""So many lines are read at once."""
_BY = tuple(
    Grouping(kind)
    for kind in (
        Dimension.COMPANY,
        Dimension.OWNER,
        Dimension.TEAM,
        Dimension.PIPELINE,
        Dimension.SOURCE,
        Dimension.CREDITED,
        Dimension.ADVOCATE,
        Dimension.ORDER,
        Dimension.TIMING,
    )
)
COLUMNS = (
    TableColumn("deal", Kind.TEXT),
    TableColumn("deal_name", Kind.TEXT),
    TableColumn("won_on", Kind.DAY),
    *(TableColumn(f"{grouping.word}{end}", Kind.TEXT) for grouping in _BY for end in ("", "_name")),
    TableColumn("amount", Kind.MONEY),
    TableColumn("amount_currency", Kind.TEXT),
    TableColumn("booked", Kind.MONEY),
    TableColumn("currency", Kind.TEXT),
)
"""What is told of each credit; `booked` adds up to the report's total."""


def currency(portal: PortalContext, request: ReportRequest) -> str:
    """Return the currency of `booked`; refuse what the account does not have."""
    with portal.transaction() as tx:
        return report_figures.asked(tx, request).unit


def lines(
    portal: PortalContext, request: ReportRequest, *, page: int = PAGE
) -> Iterator[list[Cell]]:
    """Yield a line for each credit, deal by deal.

    Each page is read in a transaction of its own, so that a slow reader holds none.
    """
    place: report_rows.Place | None = None
    while True:
        with portal.transaction() as tx:
            asked = report_figures.asked(tx, request)
            wanted = asked.wanted(asked.period(portal.runtime.now()), (), by=_GROUPED)
            of_all = report_figures.needs_all_wins(request)
            rows = report_rows.credits_after(tx, wanted, place, derived_only=not of_all, limit=page)
            keys = report_keys.of(tx, _BY, [tuple(row["keys"]) for row in rows], ())
        yield from (_line(row, keys, asked) for row in rows)
        if len(rows) < page:
            return
        last = rows[-1]
        place = (
            last["deal_id"], last["source_key"], last["won_at"], last["currency"], last["home"]
        )  # fmt: skip


_GROUPED = tuple(Grouped(grouping.dimension.value) for grouping in _BY)


def _line(row: Row, keys: Keys, asked: Asked) -> list[Cell]:
    named: list[Cell] = []
    for grouping, stored in zip(_BY, row["keys"], strict=True):
        key = keys.known[grouping, stored]
        is_nothing = key.value == NOTHING
        named += ["" if is_nothing else key.value, "" if is_nothing else str(key.label)]
    return [
        str(row["deal_id"]),
        row["name"],
        asked.calendar.day_of(row["won_at"]),
        *named,
        major(int(row["own_minor"]), row["currency"]),
        row["currency"],
        major(int(row["minor"]), asked.unit),
        asked.unit,
    ]
