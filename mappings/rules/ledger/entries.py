"""Entries of the ledger: what is desired minus what is posted; rows are appended, never edited."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mappings.currencies import digits_of
from mappings.kinds import EntryOccasion
from mappings.rules.attribution.credit import FIRST_ORDER, split
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Allocation, Entry, Source
from mappings.rules.ledger import home_currency, periods
from mappings.rules.ledger.periods import Calendar
from mappings.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and under what terms the ledger is brought up to date.

    `at` is when the deal changed (or now); months before `locked_before` are closed. `reevaluate`
    says that the desired allocation is the right one although the time for late evidence is over: a
    person ordered it (`ordered`), or evidence was known in time and is read only now. Or other
    settings judge what is booked, as if they had always counted (`by_settings`). `merged_into` is
    the deal that took this one's place; `orders` come from orders.py, by source key. `calendar` has
    the account's months.
    """

    at: datetime
    locked_before: datetime | None = None
    reevaluate: bool = False
    ordered: bool = False
    by_settings: bool = False
    merged_into: int | None = None
    orders: Mapping[str, int] = field(default_factory=dict)
    calendar: Calendar = periods.IN_UTC


@dataclass(frozen=True, slots=True)
class Booked:
    """What the posted rows of a deal add up to, by key."""

    shares: Mapping[str, int]
    amounts: Mapping[str, int]
    homes: Mapping[str, int]
    live: tuple[Entry, ...]  # rows that are no reversal and were not reversed

    @property
    def amount(self) -> int:
        """All money booked for the deal, remainder included."""
        return sum(self.amounts.values())

    @property
    def heads(self) -> dict[str, Entry]:
        """The live row of each key that gave it its share."""
        return {row.key: row for row in self.live if row.share}


def booked(posted: Iterable[Entry]) -> Booked:
    """Add up a deal's rows."""
    rows = tuple(posted)
    reversed_ids = {row.reverses for row in rows if row.reverses is not None}
    live = tuple(row for row in rows if row.reverses is None and row.id not in reversed_ids)
    shares: dict[str, int] = {}
    amounts: dict[str, int] = {}
    homes: dict[str, int] = {}
    for row in live:
        shares[row.key] = shares.get(row.key, 0) + row.share
        amounts[row.key] = amounts.get(row.key, 0) + row.amount_minor
        homes[row.key] = homes.get(row.key, 0) + (row.home_amount_minor or 0)
    return Booked(shares, amounts, homes, live)


def plan_entries(
    deal: DealFacts,
    posted: Sequence[Entry],
    desired: Allocation | None,
    occasion: Occasion,
    policy: Policy,
) -> tuple[Entry, ...]:
    """The rows to append so that the ledger has what is true of *deal* now; none when it has.

    *desired* is the allocation by the evidence known in time (None when there is no amount to
    share). Booked shares stay frozen once the time for late evidence is over; only their amounts
    follow the deal. Posted rows need ids.
    """
    now_booked = booked(posted)
    if occasion.by_settings and _may_follow_settings(deal, posted, now_booked, occasion):
        return _by_settings(deal, now_booked, desired, occasion, policy)
    if not deal.counts_as_won:
        return _reversals(now_booked.live, _why_not(deal, occasion), deal, occasion, policy)
    if not now_booked.live:
        return _first_rows(deal, posted, desired, occasion, policy)
    if deal.is_replaced:  # no loss, and no reason to judge the deal anew
        return _amount_rows(deal, now_booked, occasion, policy)
    if (
        desired is not None
        and _may_rejudge(deal, occasion, policy)
        and _differs(desired, now_booked)
    ):
        kind = EntryOccasion.ORDERED if occasion.ordered else EntryOccasion.EVIDENCE
        undo = _reversals(now_booked.live, kind, deal, occasion, policy)
        return (*undo, *_rows(deal, desired, occasion, policy, kind))
    anew = _why_anew(deal, now_booked, occasion)
    if anew is not None:
        undo = _reversals(now_booked.live, anew, deal, occasion, policy)
        return (*undo, *_again(deal, now_booked, occasion, policy, anew))
    return _amount_rows(deal, now_booked, occasion, policy)


def _may_follow_settings(
    deal: DealFacts, posted: Sequence[Entry], now_booked: Booked, occasion: Occasion
) -> bool:
    """Whether other settings decide: not of a deal that is gone, nor of a first or second win."""
    if deal.archived or occasion.merged_into is not None:
        return False
    return bool(now_booked.live) or _was_taken_by_settings(posted)


def _was_taken_by_settings(posted: Sequence[Entry]) -> bool:
    last = max(posted, key=lambda row: row.id or 0, default=None)
    return last is not None and last.occasion.startswith(EntryOccasion.SETTINGS)


def _by_settings(
    deal: DealFacts,
    now_booked: Booked,
    desired: Allocation | None,
    occasion: Occasion,
    policy: Policy,
) -> tuple[Entry, ...]:
    """What is booked taken back, and booked as a portal would have that always had these settings.

    Nothing where both say the same.
    """
    kind = EntryOccasion.SETTINGS
    counts = deal.counts_as_won and desired is not None and _amount(deal) != 0
    wanted = _rows(deal, desired, occasion, policy, kind) if counts and desired else ()
    if _said_by(wanted, occasion) == _said_by(now_booked.live, occasion):
        return ()
    return (*_reversals(now_booked.live, kind, deal, occasion, policy), *wanted)


def _said_by(rows: Sequence[Entry], occasion: Occasion) -> object:
    """What rows say of a deal: who has which share of which amount, and in which month.

    Cents between the parts are left out: credits that became one since were rounded apart.
    """
    shares: dict[str, int] = {}
    for row in rows:
        shares[row.key] = shares.get(row.key, 0) + row.share
    return (
        {key: share for key, share in shares.items() if share},
        sum(row.amount_minor for row in rows),
        {row.currency for row in rows},
        {row.home_currency for row in rows if row.home_amount_minor is not None},
        {occasion.calendar.month_of(periods.belongs_at(row)) for row in rows if row.share},
    )


def _why_not(deal: DealFacts, occasion: Occasion) -> EntryOccasion:
    """Why a deal does not count as won."""
    if occasion.merged_into is not None:
        return EntryOccasion.MERGED
    if deal.archived:
        return EntryOccasion.DELETED
    if deal.is_won:
        return EntryOccasion.EXCLUDED
    return EntryOccasion.LOST if deal.is_closed else EntryOccasion.REOPENED


def _amount(deal: DealFacts) -> int:
    """What there is to book: nothing while the amount is missing or its currency unknown."""
    is_known = digits_of(deal.currency) is not None
    return (deal.amount_minor or 0) if is_known else 0


def _may_rejudge(deal: DealFacts, occasion: Occasion, policy: Policy) -> bool:
    closed = deal.closed_at or occasion.at
    in_time = occasion.at <= closed + timedelta(policy.late_evidence_days)
    return occasion.reevaluate or occasion.ordered or in_time


def _desired_shares(desired: Allocation) -> dict[str, int]:
    return {
        **{line.source.key: line.share for line in desired.lines},
        FIRST_ORDER: desired.remainder_share,
    }


def _differs(desired: Allocation, now_booked: Booked) -> bool:
    frozen = {key: share for key, share in now_booked.shares.items() if share}
    return frozen != {key: share for key, share in _desired_shares(desired).items() if share}


def _why_anew(deal: DealFacts, now_booked: Booked, occasion: Occasion) -> EntryOccasion | None:
    """Why the same shares need other rows; None when they do not."""
    if not _amount(deal):
        return None
    if any(row.currency != deal.currency for row in now_booked.live):
        return EntryOccasion.CURRENCY
    if _is_in_another_month(deal, now_booked, occasion):
        return EntryOccasion.CLOSE_DATE
    is_unknown = all(row.home_amount_minor is None for row in now_booked.live)
    return EntryOccasion.HOME if is_unknown and home_currency.total(deal) is not None else None


def _is_in_another_month(deal: DealFacts, now_booked: Booked, occasion: Occasion) -> bool:
    closed = deal.closed_at
    if closed is None or closed > occasion.at:
        return False
    month_of = occasion.calendar.month_of
    booked_in = {month_of(periods.belongs_at(row)) for row in now_booked.heads.values()}
    return booked_in != {month_of(closed)}


def _first_rows(
    deal: DealFacts,
    posted: Sequence[Entry],
    desired: Allocation | None,
    occasion: Occasion,
    policy: Policy,
) -> tuple[Entry, ...]:
    """Book a win: at once, again after a reversal, or not yet while the amount is unknown."""
    if not _amount(deal):
        return ()
    last = max(posted, key=lambda row: row.id or 0, default=None)
    kind = _kind_of_win(last)
    is_restored = kind == EntryOccasion.RESTORED
    if last is not None and is_restored and not _may_rejudge(deal, occasion, policy):
        # After the time for late evidence a restored deal has the shares it had.
        undone = _reversed_together(posted, last)
        before = booked(row for row in posted if row.id not in undone)
        return _again(deal, before, occasion, policy, kind)
    return () if desired is None else _rows(deal, desired, occasion, policy, kind)


def _kind_of_win(last: Entry | None) -> EntryOccasion:
    if last is None:
        return EntryOccasion.WON
    if last.occasion.startswith(EntryOccasion.SETTINGS):
        return EntryOccasion.WON  # under the settings before, it had not been a win
    was_away = last.occasion in {EntryOccasion.DELETED, EntryOccasion.EXCLUDED}
    return EntryOccasion.RESTORED if was_away else EntryOccasion.REWON


def _reversed_together(posted: Sequence[Entry], last: Entry) -> set[int | None]:
    """The ids of the reversal rows that one occasion made."""
    return {
        row.id
        for row in posted
        if row.reverses is not None
        and row.occasion == last.occasion
        and row.effective_at == last.effective_at
    }


def _rows(
    deal: DealFacts,
    desired: Allocation,
    occasion: Occasion,
    policy: Policy,
    kind: EntryOccasion,
) -> tuple[Entry, ...]:
    """Fresh rows for an allocation: one per source, and the first-order remainder."""
    sources = {line.source.key: line.source for line in desired.lines}
    shares = _desired_shares(desired)
    homes = home_currency.shared(deal, shares)
    amounts = split(desired.amount_minor, shares)
    parts = [_Part(key, share, amounts[key], homes.get(key)) for key, share in shares.items()]
    rows = (_row(deal, part, occasion, policy, kind) for part in parts if part.share or part.amount)
    return tuple(
        _credited(row, sources[row.key], occasion) if row.key in sources else row for row in rows
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What one key gets of a deal: its share, and the amount in both currencies."""

    key: str
    share: int
    amount: int
    home: int | None


def _row(
    deal: DealFacts, part: _Part, occasion: Occasion, policy: Policy, kind: EntryOccasion
) -> Entry:
    """One fresh row that credits nobody yet."""
    at, origin = _dated(deal, occasion, kind)
    return Entry(
        deal_id=deal.id,
        key=part.key,
        kind=FIRST_ORDER,
        person_id=None,
        contact_id=None,
        company_id=None,
        order=1,
        share=part.share,
        amount_minor=part.amount,
        currency=deal.currency or "",
        home_amount_minor=part.home,
        home_currency=deal.home_currency,
        rate=deal.rate,
        rate_at=deal.closed_at if deal.rate else None,
        effective_at=at,
        occasion=_as_stored(kind, policy),
        settings_version=policy.version,
        origin_at=origin,
    )


def _credited(row: Entry, source: Source, occasion: Occasion) -> Entry:
    """A row with the source it credits; an order that is not known is the second."""
    evidence = {record for why in source.because for record in why.evidence}
    return replace(
        row,
        kind=source.kind,
        person_id=source.person_id,
        contact_id=source.contact_id,
        company_id=source.company_id,
        order=occasion.orders.get(row.key, 2),
        evidence=tuple(sorted(evidence)),
        reason=source.because[0].text if source.because else "",
    )


def _dated(
    deal: DealFacts, occasion: Occasion, kind: EntryOccasion
) -> tuple[datetime, datetime | None]:
    """When a row counts, and where it belongs if that is another day.

    A first win is dated at its close, as far as that month is open, and so is what other settings
    make of it; whatever else comes later, when it happened. A close date that is still to come
    counts from now.
    """
    closed = min(deal.closed_at or occasion.at, occasion.at)
    if kind in {EntryOccasion.WON, EntryOccasion.SETTINGS}:
        return periods.land(closed, occasion.at, occasion.locked_before)
    return _later(occasion), closed if closed != _later(occasion) else None


def _later(occasion: Occasion) -> datetime:
    locked = occasion.locked_before
    return occasion.at if locked is None else max(occasion.at, locked)


def _reversals(
    live: Iterable[Entry], kind: EntryOccasion, deal: DealFacts, occasion: Occasion, policy: Policy
) -> tuple[Entry, ...]:
    """Take back rows in full: each gets its mirror image, which belongs where the row did."""
    return tuple(
        replace(
            row,
            share=-row.share,
            amount_minor=-row.amount_minor,
            home_amount_minor=None if row.home_amount_minor is None else -row.home_amount_minor,
            effective_at=_taken_back_at(row, kind, occasion),
            origin_at=periods.belongs_at(row),
            occasion=_as_stored(kind, policy),
            settings_version=policy.version,
            reason=_sentence(deal, kind, occasion, policy),
            reverses=row.id,
            id=None,
            recorded_at=None,
        )
        for row in live
    )


def _taken_back_at(row: Entry, kind: EntryOccasion, occasion: Occasion) -> datetime:
    """When a reversal counts: that of other settings in the row's own month while that is open."""
    if kind != EntryOccasion.SETTINGS:
        return _later(occasion)
    at, _ = periods.land(row.effective_at, occasion.at, occasion.locked_before)
    return at


def _as_stored(kind: EntryOccasion, policy: Policy) -> str:
    return f"{kind} {policy.version}" if kind == EntryOccasion.SETTINGS else kind


def _sentence(deal: DealFacts, kind: EntryOccasion, occasion: Occasion, policy: Policy) -> str:
    if kind == EntryOccasion.MERGED:
        return f"deal {deal.id} was merged into deal {occasion.merged_into}"
    if kind == EntryOccasion.SETTINGS:
        return f"deal {deal.id} was judged anew by {_as_stored(kind, policy)}"
    return f"deal {deal.id} {kind.label}"


def _again(
    deal: DealFacts, before: Booked, occasion: Occasion, policy: Policy, kind: EntryOccasion
) -> tuple[Entry, ...]:
    """Book anew with the shares that were frozen before."""
    if not _amount(deal):
        return ()
    amounts = split(_amount(deal), before.shares)
    homes = home_currency.shared(deal, before.shares)
    shares = {key: share for key, share in before.shares.items() if share}
    heads = before.heads
    rows = (
        _row(deal, _Part(key, share, amounts[key], homes.get(key)), occasion, policy, kind)
        for key, share in shares.items()
    )
    return tuple(_credited_like(row, heads[row.key]) for row in rows)


def _credited_like(row: Entry, head: Entry) -> Entry:
    return replace(
        row,
        kind=head.kind,
        person_id=head.person_id,
        contact_id=head.contact_id,
        company_id=head.company_id,
        order=head.order,
        evidence=head.evidence,
        reason=head.reason,
    )


def _amount_rows(
    deal: DealFacts, now_booked: Booked, occasion: Occasion, policy: Policy
) -> tuple[Entry, ...]:
    """Book what the new amount at the frozen shares adds to what is booked; no amount is zero."""
    amount_now = _amount(deal)
    # Credits that became one since were rounded apart: only another amount moves their cents.
    is_same = amount_now == now_booked.amount
    target = now_booked.amounts if is_same else split(amount_now, now_booked.shares)
    homes = home_currency.frozen(deal, amount_now, now_booked.live, now_booked.shares)
    heads, at = now_booked.heads, _later(occasion)
    return tuple(
        replace(
            heads[key],
            share=0,
            amount_minor=target[key] - amount,
            home_amount_minor=None if homes is None else homes[key] - now_booked.homes[key],
            effective_at=at,
            origin_at=periods.belongs_at(heads[key]),
            occasion=EntryOccasion.AMOUNT,
            settings_version=policy.version,
            reason=f"deal {deal.id} {EntryOccasion.AMOUNT.label}",
            id=None,
            recorded_at=None,
        )
        for key, amount in now_booked.amounts.items()
        if target[key] != amount or (homes is not None and homes[key] != now_booked.homes[key])
    )
