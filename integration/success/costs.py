"""Costs of winning customers: entered by hand or as a table, replaced, and taken back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from integration.core.errors import Refused
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.ledger import period_rows
from integration.storage.success import cost_rows
from integration.storage.success.cost_rows import KeptCost
from mappings.records import cost_entries
from mappings.records.cost_entries import SOURCES, CostEntry, ReadRow
from mappings.rules.facts import PPM
from mappings.rules.ledger import periods
from mappings.rules.ledger.periods import Month

MONTHS_SHOWN: Final = 24
"""How many months back an entry that is missing is named."""
_HISTORY: Final = 50


@dataclass(frozen=True, slots=True)
class Costs:
    """What counts, the newest month first; where entries are missing, by source; and what was done.

    A source has no missing months where nothing was ever entered for it.
    """

    currency: str
    this_month: Month
    counting: tuple[CostEntry, ...]
    missing: Mapping[str, tuple[Month, ...]]
    history: tuple[KeptCost, ...]
    margin: Fraction
    is_margin_confirmed: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of a table: its rows, and the entries that they would replace, by key."""

    rows: tuple[ReadRow, ...]
    replaced: Mapping[tuple[date, str, str], CostEntry]
    currency: str

    @property
    def entries(self) -> list[CostEntry]:
        """What would be kept."""
        return [row.entry for row in self.rows if row.entry is not None]


def of(portal: PortalContext) -> Costs:
    """Return the costs of a portal."""
    with portal.transaction() as tx:
        home, this_month = _basis(portal, tx)
        policy = settings.read(tx).policy
        counting = cost_rows.counting(tx)
        return Costs(
            currency=home,
            this_month=this_month,
            counting=tuple(counting),
            missing=_missing(counting, this_month),
            history=tuple(cost_rows.history(tx, limit=_HISTORY)),
            margin=Fraction(policy.gross_margin, PPM),
            is_margin_confirmed=policy.gross_margin_confirmed,
        )


def _basis(portal: PortalContext, tx: Transaction) -> tuple[str, Month]:
    home = settings.read(tx).map.home_currency
    calendar = period_rows.read(tx).calendar
    return home, calendar.month_of(portal.runtime.now())


def _missing(counting: Iterable[CostEntry], this_month: Month) -> dict[str, tuple[Month, ...]]:
    """The full months since a source's first entry that have none, of the last two years."""
    entered: dict[str, set[Month]] = {}
    for entry in counting:
        entered.setdefault(entry.source, set()).add(entry.month)
    months = [periods.before(this_month)]
    while len(months) < MONTHS_SHOWN:
        months.append(periods.before(months[-1]))
    return {
        source: tuple(
            month for month in months if min(entered[source]) < month not in entered[source]
        )
        for source in SOURCES
        if source in entered
    }


def enter(portal: PortalContext, written: Mapping[str, str], *, actor: str) -> CostEntry:
    """Keep one entry; raises Refused with a sentence for what cannot be one."""
    with portal.transaction() as tx:
        home, this_month = _basis(portal, tx)
        _check_currency(home)
        try:
            entry = cost_entries.entry(written, home, this_month)
        except ValueError as error:
            raise Refused(str(error)) from error
        cost_rows.add(tx, [entry], by=actor)
    return entry


def look(portal: PortalContext, text: str) -> Preview:
    """Say what would become of each row of a table; nothing is kept yet."""
    with portal.transaction() as tx:
        home, this_month = _basis(portal, tx)
        _check_currency(home)
        rows = _rows(text, home, this_month)
        months = {row.entry.month for row in rows if row.entry is not None}
        known = {entry.key: entry for entry in cost_rows.counting(tx, months)}
    return Preview(tuple(rows), known, home)


def save(portal: PortalContext, text: str, *, actor: str) -> tuple[int, int]:
    """Keep the entries of a table; return how many said something new, and how many there are."""
    with portal.transaction() as tx:
        home, this_month = _basis(portal, tx)
        _check_currency(home)
        rows = _rows(text, home, this_month)
        entries = [row.entry for row in rows if row.entry is not None]
        return cost_rows.add(tx, entries, by=actor), len(entries)


def _rows(text: str, home: str, this_month: Month) -> list[ReadRow]:
    try:
        return cost_entries.table(text, home, this_month)
    except ValueError as error:
        raise Refused(str(error)) from error


def _check_currency(home: str) -> None:
    if not home:
        raise Refused(
            "The account's currency is not known: choose it in Settings, then enter costs"
        )


def take_back(portal: PortalContext, month: str, source: str, part: str, *, actor: str) -> None:
    """Let an entry count no longer; raises Refused where none counts."""
    try:
        day = periods.read_month(month)
    except ValueError as error:
        raise Refused(str(error)) from error
    with portal.transaction() as tx:
        if not cost_rows.take_back(tx, day, source, part, by=actor):
            raise Refused(f"No entry of {month[:10]} counts there any more: open the page again")
