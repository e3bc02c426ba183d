"""A reconciled month as a table for files: each deal of it from both sides."""

from collections.abc import Iterator, Sequence
from typing import Final

from integration.portal import record_names, settings
from integration.portal.context import PortalContext
from integration.portal.occurrence import refs
from integration.reports import reconciliation
from integration.reports.reconciliation import Side
from integration.reports.report_tables import Cell, Kind, TableColumn, major
from mappings.kinds import ObjectType
from mappings.rules.ledger import periods
from mappings.rules.ledger.periods import Month
from mappings.rules.ledger.total_range import RATE_BASIS

_HOME: Final = ("hubspot_home", "first_order_home", "second_order_home")
COLUMNS: Final = (
    TableColumn("deal", Kind.TEXT),
    TableColumn("deal_name", Kind.TEXT),
    TableColumn("why_not_the_same", Kind.TEXT),
    TableColumn("currency", Kind.TEXT),
    *(TableColumn(name, Kind.MONEY) for name in ("hubspot", "first_order", "second_order")),
    *(TableColumn(name, Kind.MONEY) for name in _HOME),
)
"""Amounts of a deal are in its currency; the last three columns are in the account's."""


def table(portal: PortalContext, month: Month) -> tuple[list[list[Cell]], str]:
    """Return a line for each deal that HubSpot or the books have in a month, and the currency."""
    now = portal.runtime.now()
    with portal.transaction() as tx:
        home = settings.read(tx).map.home_currency
        sides = reconciliation.sides(tx, month, home, now)
        names = record_names.shown(tx, refs(ObjectType.DEAL, (side.deal_id for side in sides)))
    lines = [_line(side, names[ObjectType.DEAL, side.deal_id], home) for side in sides]
    return lines, home


def _line(side: Side, name: str, home: str) -> list[Cell]:
    own, theirs = side.currency, side.hubspot
    return [
        str(side.deal_id),
        name,
        side.why.label if side.why else "",
        own,
        None if theirs is None else major(theirs, own),
        major(side.first_order, own),
        major(side.second_order, own),
        *(major(minor, home) for minor in _in_home(side)),
    ]


def _in_home(side: Side) -> Iterator[int]:
    yield side.told_home
    yield side.first_order_home or 0
    yield side.second_order_home or 0


def total(lines: Sequence[Sequence[Cell]]) -> list[Cell]:
    """Return what the last three columns add up to."""
    return [sum(line[place] or 0 for line in lines) for place in (-3, -2, -1)]  # type: ignore[misc]  # amounts


def facts(month: Month, home: str) -> list[tuple[str, Cell]]:
    """Return what the file is of."""
    return [("month", periods.written(month)), ("currency", home), ("rates", RATE_BASIS)]
