"""Bookkeeping: what a month said and says, why a number changed, and what only a person may do to the books."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from integration.core.errors import Refused
from integration.portal import invalidation, settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.record_names import name_in
from integration.storage.database import Row, Transaction
from integration.storage.findings import person_rows, source_rows, stored_shapes
from integration.storage.ledger import entry_rows, period_rows
from integration.storage.mirror import deal_rows, lookups, mirror
from integration.storage.queue import lanes
from integration.storage.service import portals
from mappings.rules.attribution.credit import FIRST_ORDER
from mappings.rules.findings import Entry
from mappings.rules.ledger import changes, money, periods
from mappings.rules.ledger.periods import Closing

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the books in one of its two views; `closed_at` None while it is open."""

    month: datetime
    view: str  # reported or known
    closed_at: datetime | None
    entries: tuple[Entry, ...]
    rows: tuple[Row, ...]

    @property
    def totals(self) -> dict[str, dict[str, int]]:
        """Sums by currency: second-order, first-order and both."""
        found: dict[str, dict[str, int]] = {}
        for row in self.entries:
            line = found.setdefault(row.currency, {"second_order": 0, FIRST_ORDER: 0, "total": 0})
            line[FIRST_ORDER if row.kind == FIRST_ORDER else "second_order"] += row.amount_minor
            line["total"] += row.amount_minor
        return found


def month(portal: PortalContext, at: datetime, view: str) -> Month:
    """A month as it was reported when it closed, or by all that is known of its wins now."""
    with portal.transaction() as tx:
        log = _log(tx, portal.runtime.now())
        closed = periods.closed_at(log, at)
        rows = entry_rows.of_month(tx, at, periods.after(at))
    by_id = {row["entry_id"]: row for row in rows}
    entries = [stored_shapes.entry_of(row) for row in rows]
    found = (
        periods.as_reported(entries, at, closed)
        if view == "reported"
        else periods.as_known(entries, at)
    )
    return Month(at, view, closed, found, tuple(by_id[one.id or 0] for one in found))


def _log(tx: Transaction, now: datetime) -> tuple[Closing, ...]:
    """The log of closings, with the one that the calendar brought and nobody has written down yet."""
    kept = period_rows.read(tx)
    due = periods.due(kept.log, settings.read(tx).policy.books_close_day, kept.opened_at, now)
    return kept.log if due is None else (*kept.log, due)


def story(
    portal: PortalContext,
    *,
    about: tuple[str, int] | None = None,
    within: datetime | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[changes.Story, Mapping[str, str]]:
    """Why a number changed from *since* to *until*, and what to call its credits, by key.

    *about* is a deal, company or contact (with all the records of that human); *within* a month the rows belong to.
    """
    with portal.transaction() as tx:
        rows = _rows_about(tx, about)
        entries = [stored_shapes.entry_of(row) for row in rows]
        if within is not None:
            entries = list(periods.as_known(entries, within))
        return changes.story(entries, since, until), _called(tx, rows)


def _rows_about(tx: Transaction, about: tuple[str, int] | None) -> Sequence[Row]:
    if about is None:
        return list(entry_rows.every(tx))
    kind, asked = about
    today = mirror.resolve(tx, kind, [asked])[asked]
    own = {asked, today, *mirror.former_ids(tx, kind, [today]).get(today, ())}
    if kind == "deal":
        return [row for found in entry_rows.of_deals(tx, own).values() for row in found]
    if kind == "company":
        return entry_rows.of_companies(tx, own)
    human = own | person_rows.memberships(tx, [today]).keys()
    return entry_rows.of_subjects(tx, source_rows.subjects_of(tx, human))


def changes_of(rows: Iterable[Row]) -> tuple[changes.Change, ...]:
    """The story of ledger rows as they are stored; its differences add up to the rows' sum."""
    return changes.changes_of(stored_shapes.entry_of(row) for row in rows)


def _called(tx: Transaction, rows: Sequence[Row]) -> dict[str, str]:
    """What to call each credit: the kind, the person and the company, by the names they have now."""
    whom = source_rows.contacts_of(
        tx, {row["subject_id"] for row in rows if row["subject_id"] is not None}
    )
    firms = {row["company_id"] for row in rows if row["company_id"] is not None}
    named = {one for one in whom.values() if one is not None}
    found = {
        (one.object_type, one.record_id): name_in(one) for one in lookups.names(tx, named, firms)
    }
    called: dict[str, str] = {}
    for row in rows:
        if row["kind"] != FIRST_ORDER:
            person = found.get(("contact", whom.get(row["subject_id"]) or 0), "")
            who = person or ("a removed or unnamed person" if row["subject_id"] is not None else "")
            names = " of ".join(
                one for one in (who, found.get(("company", row["company_id"] or 0), "")) if one
            )
            called[row["source_key"]] = f"{row['kind'].replace('_', ' ')} {names}".strip()
    return called


def pending(portal: PortalContext) -> list[Json]:
    """Won deals of which nothing is booked, each with the reason and what to do."""
    with portal.transaction() as tx:
        ids = entry_rows.unbooked(tx)
        words = settings.read(tx).map
        found = mirror.load(tx, "deal", ids)
    told: list[Json] = []
    for one in ids:
        said = found[one].properties if one in found else {}
        currency = str(said.get("deal_currency_code") or words.home_currency)
        why = money.refusal(str(said.get(words.amount_property) or ""), currency)
        told.append(
            {
                "deal_id": one,
                "why": why or "It waits to be concluded, or was set aside: second-order replay.",
            }
        )
    return told


def close(portal: PortalContext, at: datetime, *, actor: str, reason: str) -> None:
    """Close a month, and all before it, by a person's order. Raises Refused for one that is not over."""
    now = portal.runtime.now()
    if periods.after(at) > now:
        raise Refused(f"{at:%Y-%m} is not over: what happens later in it would have nowhere to go.")
    _write(portal, at, "close", actor=actor, reason=reason)


def reopen(portal: PortalContext, at: datetime, *, actor: str, reason: str) -> None:
    """Open a closed month, and all after it, until a person closes it again; what it reported first stays on record."""
    _write(portal, at, "reopen", actor=actor, reason=reason)


def _write(portal: PortalContext, month: datetime, action: str, *, actor: str, reason: str) -> None:
    """Log an order: a page that is being booked ends first, and the next one sees it. So nothing slips in between."""
    _signed(actor, reason)
    with portal.confirmed() as tx:
        lanes.hold(tx, portal.portal_id, "drain")
        now = portal.runtime.now()
        kept = period_rows.read(tx).log
        order = Closing(month, now, action, actor, reason)
        if _is_logged(kept, order):
            return
        whole = _log(tx, now)
        if action == "reopen":
            _check_closed(whole, month)
        for line in (*whole[len(kept) :], order):
            period_rows.log(tx, line)
        portals.note(tx, actor, f"books {action}", month=f"{month:%Y-%m}", reason=reason)


def _check_closed(log: Sequence[Closing], month: datetime) -> None:
    locked = periods.locked_before(log)
    if locked is None or month >= locked:
        raise Refused(f"{month:%Y-%m} is not closed.")


def _is_logged(log: Sequence[Closing], order: Closing) -> bool:
    """Whether a person's newest order is this one, given again because its receipt was lost."""
    by_people = [line for line in log if line.actor != periods.CALENDAR]
    return bool(by_people) and replace(by_people[-1], at=order.at) == order


def rejudge(portal: PortalContext, deal_id: int, *, actor: str, reason: str) -> None:
    """Order a deal to be judged by what is known now, although its time for evidence is over."""
    _signed(actor, reason)
    with portal.confirmed() as tx:
        today = mirror.resolve(tx, "deal", [deal_id])[deal_id]
        if not deal_rows.load(tx, [today]):
            raise Refused(f"There is no deal {deal_id} in portal {portal.portal_id}.")
        last = period_rows.orders(tx, [today]).get(today)
        if last and last["is_open"] and (last["actor"], last["reason"]) == (actor, reason):
            return
        period_rows.order(tx, today, actor=actor, reason=reason, at=portal.runtime.now())
        portals.note(tx, actor, "deal to be judged anew", deal=today, reason=reason)
        invalidation.record(tx, Change.DEAL_REJUDGED, deals=[today])
        lanes.want(tx, portal.portal_id, "drain")
    portal.runtime.queue.wake(portal.portal_id, "drain")


def _signed(actor: str, reason: str) -> None:
    if not actor.strip() or not reason.strip():
        raise Refused("Say who orders this and why: --by NAME --reason TEXT.")
    if actor.strip() == periods.CALENDAR:
        raise Refused(f"{periods.CALENDAR!r} is what closes months by itself; say who you are.")
