"""Bookkeeping: a month as reported and as known, why a number changed, and people's orders."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from integration.core.errors import Refused
from integration.portal import invalidation, settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.reports import revenue_total
from integration.reports.current_names import current_names
from integration.reports.ledger_lines import HomeTerms, minor_in
from integration.reports.revenue_total import Total
from integration.storage.database import Row, Transaction
from integration.storage.findings import person_rows, source_rows, stored_shapes
from integration.storage.ledger import entry_rows, period_rows
from integration.storage.ledger.period_rows import Periods
from integration.storage.mirror import deal_rows, mirror
from integration.storage.queue import lanes
from integration.storage.service import portals
from mappings import formats
from mappings.kinds import ObjectType
from mappings.records.portal_map import PortalMap
from mappings.rules.attribution.credit import FIRST_ORDER
from mappings.rules.findings import Entry
from mappings.rules.ledger import changes, money, periods, report_period
from mappings.rules.ledger.periods import Calendar, Closing

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the books in one of its two views; `closed_at` None while it is open.

    `home` is the account's currency, `total` that of the month as it is known now.
    """

    month: periods.Month
    view: str  # reported or known
    closed_at: datetime | None
    entries: tuple[Entry, ...]
    rows: tuple[Row, ...]
    home: str
    total: Total
    calendar: Calendar

    @property
    def terms(self) -> HomeTerms:
        """The currency and the months in which its rows are told."""
        return HomeTerms(self.home, self.calendar)

    @property
    def in_home(self) -> dict[str, int]:
        """The sums of this view in the account's currency, at the frozen rates."""
        first_order = self._in_home(FIRST_ORDER)
        whole = self._in_home()
        return {"second_order": whole - first_order, FIRST_ORDER: first_order, "total": whole}

    def _in_home(self, kind: str = "") -> int:
        rows = (row for row in self.rows if not kind or row["kind"] == kind)
        return sum(minor_in(row, self.home) or 0 for row in rows)

    @property
    def totals(self) -> dict[str, dict[str, int]]:
        """Sums by currency: second-order, first-order and both."""
        sums: dict[str, dict[str, int]] = {}
        for entry in self.entries:
            line = sums.setdefault(entry.currency, {"second_order": 0, FIRST_ORDER: 0, "total": 0})
            order = FIRST_ORDER if entry.kind == FIRST_ORDER else "second_order"
            line[order] += entry.amount_minor
            line["total"] += entry.amount_minor
        return sums


def month(portal: PortalContext, asked: periods.Month, view: str) -> Month:
    """Return a month as it was reported when it closed, or by all that is known of its wins now."""
    with portal.transaction() as tx:
        kept = books(tx, portal.runtime.now())
        calendar = kept.calendar
        start, end = calendar.start(asked), calendar.start(periods.after(asked))
        rows = entry_rows.of_month(tx, start, end)
        total = revenue_total.within(tx, report_period.of_month(asked))
    closed_at = periods.closed_at(kept.log, asked)
    entries = [stored_shapes.entry_of(row) for row in rows]
    if view == "reported":
        shown = periods.as_reported(entries, asked, closed_at, calendar)
    else:
        shown = periods.as_known(entries, asked, calendar)
    by_id = {row["entry_id"]: row for row in rows}
    shown_rows = tuple(by_id[entry.id or 0] for entry in shown)
    return Month(asked, view, closed_at, shown, shown_rows, total.currency, total, calendar)


def calendar(portal: PortalContext) -> Calendar:
    """Return the months of the account: by its time zone, closed ones by that of their closing."""
    with portal.transaction() as tx:
        return books(tx, portal.runtime.now()).calendar


def books(tx: Transaction, now: datetime) -> Periods:
    """Return the log of closings, with a closing that is due and not written yet."""
    written = period_rows.read(tx)
    due = written.due(settings.read(tx).policy.books_close_day, now)
    return written if due is None else replace(written, log=(*written.log, due))


def story(
    portal: PortalContext,
    *,
    about: tuple[str, int] | None = None,
    within: periods.Month | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[changes.Story, Mapping[str, str]]:
    """Return why a number changed from *since* to *until*, and the credits' names by key.

    *about* is a deal, a company or a contact with all records of that person; *within* is a month
    that the rows belong to. Changes are told in the account's time.
    """
    with portal.transaction() as tx:
        calendar = books(tx, portal.runtime.now()).calendar
        rows = _rows_about(tx, about)
        entries = [in_account_time(row, calendar) for row in rows]
        if within is not None:
            entries = list(periods.as_known(entries, within, calendar))
        return changes.story(entries, since, until), credit_names(tx, rows)


def in_account_time(row: Row, calendar: Calendar) -> Entry:
    """Return a stored row as an entry, its recording told by the account's clock."""
    entry = stored_shapes.entry_of(row)
    recorded_at = entry.recorded_at and entry.recorded_at.astimezone(calendar.zone)
    return replace(entry, recorded_at=recorded_at)


def _rows_about(tx: Transaction, about: tuple[str, int] | None) -> Sequence[Row]:
    if about is None:
        return list(entry_rows.every(tx))
    object_type, record_id = about
    current_id = mirror.resolve(tx, object_type, [record_id])[record_id]
    former_ids = mirror.former_ids(tx, object_type, [current_id]).get(current_id, ())
    record_ids = {record_id, current_id, *former_ids}
    if object_type == ObjectType.DEAL:
        by_deal = entry_rows.of_deals(tx, record_ids)
        return [row for rows in by_deal.values() for row in rows]
    if object_type == ObjectType.COMPANY:
        return entry_rows.of_companies(tx, record_ids)
    record_ids |= person_rows.memberships(tx, [current_id]).keys()
    return entry_rows.of_subjects(tx, source_rows.subjects_of(tx, record_ids))


def changes_of(rows: Iterable[Row]) -> tuple[changes.Change, ...]:
    """Return what happened, by ledger rows as they are stored; the differences add up to theirs."""
    return changes.changes_of(stored_shapes.entry_of(row) for row in rows)


def credit_names(tx: Transaction, rows: Sequence[Row]) -> dict[str, str]:
    """Return by credit what to call it: its kind, person and company, by their names of today."""
    contact_of = source_rows.contacts_of(tx, {row["subject_id"] for row in rows} - {None})
    names = current_names(tx, contact_of.values(), {row["company_id"] for row in rows})
    return {
        row["source_key"]: _credit_name(row, contact_of, names)
        for row in rows
        if row["kind"] != FIRST_ORDER
    }


def _credit_name(
    row: Row, contact_of: Mapping[int, int | None], names: Mapping[tuple[str, int], str]
) -> str:
    person = _person_name(row["subject_id"], contact_of, names)
    company = names.get((ObjectType.COMPANY, row["company_id"] or 0), "")
    owner = " of ".join(name for name in (person, company) if name)
    return f"{row['kind'].replace('_', ' ')} {owner}".strip()


def _person_name(
    subject_id: int | None,
    contact_of: Mapping[int, int | None],
    names: Mapping[tuple[str, int], str],
) -> str:
    if subject_id is None:
        return ""
    contact_id = contact_of.get(subject_id) or 0
    return names.get((ObjectType.CONTACT, contact_id)) or "a removed or unnamed person"


def pending(portal: PortalContext) -> list[Json]:
    """Return the won deals of which nothing is booked, each with the reason and what to do."""
    with portal.transaction() as tx:
        deal_ids = entry_rows.unbooked(tx)
        portal_map = settings.read(tx).map
        deals = mirror.load(tx, ObjectType.DEAL, deal_ids)
    return [
        {"deal_id": deal_id, "why": _why_pending(deals.get(deal_id), portal_map)}
        for deal_id in deal_ids
    ]


def _why_pending(deal: mirror.MirroredRecord | None, portal_map: PortalMap) -> str:
    properties = deal.properties if deal else {}
    currency = str(properties.get("deal_currency_code") or portal_map.home_currency)
    amount = str(properties.get(portal_map.amount_property) or "")
    refusal = money.refusal(amount, currency)
    return refusal or "It waits to be worked out, or was set aside: second-order replay."


def close(portal: PortalContext, month: periods.Month, *, actor: str, reason: str) -> None:
    """Close a month, and all before it, by a person's order; refuse a month that is not over."""
    _write(portal, month, "close", actor=actor, reason=reason)


def reopen(portal: PortalContext, month: periods.Month, *, actor: str, reason: str) -> None:
    """Open a closed month, and all after it, until a person closes it again.

    What the month reported when it first closed stays on record.
    """
    _write(portal, month, "reopen", actor=actor, reason=reason)


def _write(
    portal: PortalContext, month: periods.Month, action: str, *, actor: str, reason: str
) -> None:
    """Log an order between two pages of booking: the next page books by it.

    The drain lane's lock makes a page that is being booked end first.
    """
    _check_signed(actor, reason)
    with portal.confirmed() as tx:
        lanes.hold(tx, portal.portal_id, "drain")
        now = portal.runtime.now()
        written = period_rows.read(tx).log
        kept = books(tx, now)
        order = Closing(month, now, action, actor, reason, kept.calendar.time_zone)
        if _is_logged(written, order):
            return
        if action == "reopen":
            _check_closed(kept.log, month)
        else:
            _check_over(kept.calendar, month, now)
        # A closing that is due and not written yet comes before the order.
        for closing in (*kept.log[len(written) :], order):
            period_rows.log(tx, closing)
        portals.note(tx, actor, f"books {action}", month=f"{month:%Y-%m}", reason=reason)


def _check_over(calendar: Calendar, month: periods.Month, now: datetime) -> None:
    if calendar.start(periods.after(month)) > now:
        name = formats.month(month)
        raise Refused(f"{name} is not over: what happens later in it would have nowhere to go.")


def _check_closed(log: Sequence[Closing], month: periods.Month) -> None:
    first_open = periods.first_open(log)
    if first_open is None or month >= first_open:
        raise Refused(f"{formats.month(month)} is not closed.")


def _is_logged(log: Sequence[Closing], order: Closing) -> bool:
    """Whether the newest order of a person is this one, sent again because its receipt was lost."""
    by_people = [line for line in log if line.actor != periods.CALENDAR]
    if not by_people:
        return False
    return replace(by_people[-1], at=order.at, time_zone=order.time_zone) == order


def rejudge(portal: PortalContext, deal_id: int, *, actor: str, reason: str) -> None:
    """Order a deal to be judged by what is known now, although its shares are final."""
    _check_signed(actor, reason)
    with portal.confirmed() as tx:
        current_id = mirror.resolve(tx, ObjectType.DEAL, [deal_id])[deal_id]
        if not deal_rows.load(tx, [current_id]):
            raise Refused(f"There is no deal {deal_id} in portal {portal.portal_id}.")
        newest = period_rows.orders(tx, [current_id]).get(current_id)
        # The same order, sent again because its receipt was lost.
        signature = (actor, reason)
        if newest and newest["is_open"] and (newest["actor"], newest["reason"]) == signature:
            return
        period_rows.order(tx, current_id, actor=actor, reason=reason, at=portal.runtime.now())
        portals.note(tx, actor, "deal to be judged anew", deal=current_id, reason=reason)
        invalidation.record(tx, Change.DEAL_REJUDGED, deals=[current_id])
        lanes.want(tx, portal.portal_id, "drain")
    portal.runtime.queue.wake(portal.portal_id, "drain")


def _check_signed(actor: str, reason: str) -> None:
    if not actor.strip() or not reason.strip():
        raise Refused("Say who orders this and why: --by NAME --reason TEXT.")
    if actor.strip() == periods.CALENDAR:
        raise Refused(f"{periods.CALENDAR!r} is what closes months by itself; say who you are.")
