"""Changes of the ledger for people: what it got in some days, event by event, the newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.core.errors import Refused
from integration.portal import record_names, settings
from integration.portal.context import PortalContext
from integration.portal.occurrence import refs
from integration.reports import bookkeeping
from integration.storage.database import Row
from integration.storage.ledger import change_rows
from integration.storage.ledger.change_rows import Place, Recorded
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair
from mappings.rules.ledger import changes
from mappings.rules.ledger.changes import Change
from mappings.rules.ledger.periods import Month
from mappings.rules.ledger.report_period import Period, of_month

ENTRIES = 300
"""So many entries are read for a page."""


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """A page of changes, the newest first, and what all of them add up to.

    `credited` names credits by key, `names` the deals. `sums` are in the account's currency: second
    and first order, the deals, and the entries that are known in another currency only. `next` is
    where the following page begins.
    """

    changes: tuple[Change, ...]
    credited: Mapping[str, str]
    names: Mapping[RefPair, str]
    sums: Mapping[str, Any]
    currency: str
    next: str


def page(
    portal: PortalContext,
    recorded: Period,
    won_in: Month | None = None,
    after: str = "",
    *,
    limit: int = ENTRIES,
) -> ChangesPage:
    """Return what the ledger got in the days *recorded*, of all wins or of those of one month."""
    place = _place(after)
    with portal.transaction() as tx:
        calendar = bookkeeping.books(tx, portal.runtime.now()).calendar
        won = (None, None) if won_in is None else of_month(won_in).bounds(calendar)
        chosen = Recorded(*recorded.bounds(calendar), *won)
        home = settings.read(tx).map.home_currency
        rows = change_rows.page(tx, chosen, place, limit=limit + 1)
        shown, next_place = _whole_events(rows, limit)
        told = changes.changes_of(bookkeeping.in_account_time(row, calendar) for row in shown)
        deal_ids = {change.deal_id for change in told}
        return ChangesPage(
            changes=tuple(reversed(told)),
            credited=bookkeeping.credit_names(tx, shown),
            names=record_names.shown(tx, refs(ObjectType.DEAL, deal_ids)),
            sums=change_rows.sums(tx, home, chosen),
            currency=home,
            next=next_place,
        )


def _whole_events(rows: Sequence[Row], limit: int) -> tuple[Sequence[Row], str]:
    """The rows of a page that hold whole events, and where the next one begins.

    One event that is larger than a page is shown in parts.
    """
    if len(rows) <= limit:
        return rows, ""
    shown = rows[:limit]
    if _event(rows[limit]) == _event(shown[-1]):
        whole = [row for row in shown if _event(row) != _event(shown[-1])]
        shown = whole or shown
    last = shown[-1]
    return shown, f"{last['recorded_at'].isoformat()}~{last['entry_id']}"


def _event(row: Row) -> tuple[int, datetime, str]:
    return row["deal_id"], row["recorded_at"], row["occasion"]


def _place(text: str) -> Place | None:
    if not text:
        return None
    at, _, entry_id = text.partition("~")
    try:
        place = datetime.fromisoformat(at), int(entry_id)
    except ValueError:
        place = None
    if place is None or place[0].tzinfo is None or not 0 < place[1] < 1 << 63:
        raise Refused("That is no place in this list; begin with its first page")
    return place
