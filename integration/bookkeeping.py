"""Bookkeeping: what a month said and says, why a number changed, and what only a person may do to the books."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.conclude import codec
from integration.conclude.flowing import name_in
from integration.errors import Refused
from integration.scope import PortalScope
from integration.storage import books, lanes, ledger, mirror, people, portals, records, sources
from integration.storage import deals as deal_rows
from integration.storage.database import Row, Transaction
from mappings.records.portal_map import load_portal_map
from mappings.rules import changes, money, months
from mappings.rules.credit import FIRST_ORDER
from mappings.rules.findings import Entry
from mappings.rules.months import Closing
from mappings.rules.policy import Policy

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


def month(scope: PortalScope, at: datetime, view: str) -> Month:
    """A month as it was reported when it closed, or by all that is known of its wins now."""
    with scope.transaction() as tx:
        log = _log(tx, scope.runtime.now())
        closed = months.closed_at(log, at)
        rows = ledger.of_month(tx, at, months.after(at))
    by_id = {row["entry_id"]: row for row in rows}
    entries = [codec.entry_of(row) for row in rows]
    found = months.as_reported(entries, at, closed) if view == "reported" else months.as_known(entries, at)
    return Month(at, view, closed, found, tuple(by_id[one.id or 0] for one in found))


def _log(tx: Transaction, now: datetime) -> tuple[Closing, ...]:
    """The log of closings, with the one that the calendar brought and nobody has written down yet."""
    kept = books.read(tx)
    due = months.due(kept.log, _policy(tx).books_close_day, kept.opened_at, now)
    return kept.log if due is None else (*kept.log, due)


def _policy(tx: Transaction) -> Policy:
    return Policy.from_dict(portals.settings(tx)[1].get("policy") or {})


def story(
    scope: PortalScope,
    *,
    about: tuple[str, int] | None = None,
    within: datetime | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[changes.Story, Mapping[str, str]]:
    """Why a number changed from *since* to *until*, and what to call its credits, by key.

    *about* is a deal, company or contact (with all the records of that human); *within* a month the rows belong to.
    """
    with scope.transaction() as tx:
        rows = _rows_about(tx, about)
        entries = [codec.entry_of(row) for row in rows]
        if within is not None:
            entries = list(months.as_known(entries, within))
        return changes.story(entries, since, until), _called(tx, rows)


def _rows_about(tx: Transaction, about: tuple[str, int] | None) -> Sequence[Row]:
    if about is None:
        return list(ledger.every(tx))
    kind, asked = about
    today = mirror.resolve(tx, kind, [asked])[asked]
    own = {asked, today, *mirror.former_ids(tx, kind, [today]).get(today, ())}
    if kind == "deal":
        return [row for found in ledger.of_deals(tx, own).values() for row in found]
    if kind == "company":
        return ledger.of_companies(tx, own)
    human = own | people.person_rows(tx, [today]).keys()
    return ledger.of_subjects(tx, sources.subjects_of(tx, human))


def changes_of(rows: Iterable[Row]) -> tuple[changes.Change, ...]:
    """The story of ledger rows as they are stored; its differences add up to the rows' sum."""
    return changes.changes_of(codec.entry_of(row) for row in rows)


def _called(tx: Transaction, rows: Sequence[Row]) -> dict[str, str]:
    """What to call each credit: the kind, the person and the company, by the names they have now."""
    whom = sources.contacts_of(tx, {row["subject_id"] for row in rows if row["subject_id"] is not None})
    firms = {row["company_id"] for row in rows if row["company_id"] is not None}
    named = {one for one in whom.values() if one is not None}
    found = {(one.object_type, one.record_id): name_in(one) for one in records.names(tx, named, firms)}
    called: dict[str, str] = {}
    for row in rows:
        if row["kind"] != FIRST_ORDER:
            person = found.get(("contact", whom.get(row["subject_id"]) or 0), "")
            who = person or ("a removed or unnamed person" if row["subject_id"] is not None else "")
            names = " of ".join(one for one in (who, found.get(("company", row["company_id"] or 0), "")) if one)
            called[row["source_key"]] = f"{row['kind'].replace('_', ' ')} {names}".strip()
    return called


def pending(scope: PortalScope) -> list[Json]:
    """Won deals of which nothing is booked, each with the reason and what to do."""
    with scope.transaction() as tx:
        ids = ledger.unbooked(tx)
        words = load_portal_map(portals.settings(tx)[1].get("map") or {})
        found = mirror.load(tx, "deal", ids)
    told: list[Json] = []
    for one in ids:
        said = found[one].properties if one in found else {}
        currency = str(said.get("deal_currency_code") or words.home_currency)
        why = money.refusal(str(said.get(words.amount_property) or ""), currency)
        told.append({"deal_id": one, "why": why or "It waits to be concluded, or was set aside: second-order replay."})
    return told


def close(scope: PortalScope, at: datetime, *, actor: str, reason: str) -> None:
    """Close a month, and all before it, by a person's order. Raises Refused for one that is not over."""
    now = scope.runtime.now()
    if months.after(at) > now:
        raise Refused(f"{at:%Y-%m} is not over: what happens later in it would have nowhere to go.")
    _write(scope, at, "close", actor=actor, reason=reason)


def reopen(scope: PortalScope, at: datetime, *, actor: str, reason: str) -> None:
    """Open a closed month, and all after it, until a person closes it again; what it reported first stays on record."""
    with scope.transaction() as tx:
        locked = months.locked_before(_log(tx, scope.runtime.now()))
    if locked is None or at >= locked:
        raise Refused(f"{at:%Y-%m} is not closed.")
    _write(scope, at, "reopen", actor=actor, reason=reason)


def _write(scope: PortalScope, month: datetime, action: str, *, actor: str, reason: str) -> None:
    """Log an order: a page that is being booked ends first, and the next one sees it. So nothing slips in between."""
    _signed(actor, reason)
    with scope.transaction() as tx:
        lanes.hold(tx, scope.portal_id, "drain")
        now = scope.runtime.now()
        kept = books.read(tx)
        for each in _log(tx, now)[len(kept.log) :]:
            books.log(tx, each)
        books.log(tx, Closing(month, now, action, actor, reason))
        portals.note(tx, actor, f"books {action}", month=f"{month:%Y-%m}", reason=reason)


def rejudge(scope: PortalScope, deal_id: int, *, actor: str, reason: str) -> None:
    """Order a deal to be judged by what is known now, although its time for evidence is over."""
    _signed(actor, reason)
    with scope.transaction() as tx:
        today = mirror.resolve(tx, "deal", [deal_id])[deal_id]
        if not deal_rows.load(tx, [today]):
            raise Refused(f"There is no deal {deal_id} in portal {scope.portal_id}.")
        books.order(tx, today, actor=actor, reason=reason, at=scope.runtime.now())
        portals.note(tx, actor, "deal to be judged anew", deal=today, reason=reason)
        mirror.mark_stale(tx, mirror.DEALS, {("deal", today)})
        lanes.want(tx, scope.portal_id, "drain")
    scope.runtime.queue.wake(scope.portal_id, "drain")


def _signed(actor: str, reason: str) -> None:
    if not actor.strip() or not reason.strip():
        raise Refused("Say who orders this and why: --by NAME --reason TEXT.")
    if actor.strip() == months.CALENDAR:
        raise Refused(f"{months.CALENDAR!r} is what closes months by itself; say who you are.")
