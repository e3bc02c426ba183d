"""The ledger: what is desired minus what is posted gives the rows to append; rows are never edited."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mappings.rules.attribution.credit import FIRST_ORDER, split
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Allocation, Entry, Source
from mappings.rules.ledger import home_currency, money, periods
from mappings.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and under what terms the ledger is brought up to date.

    `at` is when the deal changed (or now); months before `locked_before` are closed. `reevaluate`
    says that the desired allocation is the right one although the time for late evidence is over: a
    person ordered it (`ordered`), or evidence was known in time and is read only now. `merged_into`
    is the deal that took this one's place; `orders` come from orders.py, by source key.
    """

    at: datetime
    locked_before: datetime | None = None
    reevaluate: bool = False
    ordered: bool = False
    merged_into: int | None = None
    orders: Mapping[str, int] = field(default_factory=dict)


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
    """The rows to append so that the ledger says what is true of *deal* now; none when it already does.

    *desired* is the allocation by the evidence known in time (None when there is no amount to share). Booked
    shares stay frozen once the time for late evidence is over; only their amounts follow the deal. Posted rows
    need ids.
    """
    now_booked = booked(posted)
    if not deal.counts_as_won:
        return _reversals(now_booked.live, _why_not(deal, occasion), deal, occasion, policy)
    if not now_booked.live:
        return _first_rows(deal, posted, desired, occasion, policy)
    if deal.is_replaced:
        return _amount_rows(deal, now_booked, occasion, policy)
    if (
        desired is not None
        and _may_rejudge(deal, occasion, policy)
        and _differs(desired, now_booked)
    ):
        word = "ordered" if occasion.ordered else "evidence"
        undo = _reversals(now_booked.live, word, deal, occasion, policy)
        return (*undo, *_rows(deal, desired, occasion, policy, word))
    anew = _why_anew(deal, now_booked, occasion)
    if anew:
        undo = _reversals(now_booked.live, anew, deal, occasion, policy)
        return (*undo, *_again(deal, now_booked, occasion, policy, anew))
    return _amount_rows(deal, now_booked, occasion, policy)


def _why_not(deal: DealFacts, occasion: Occasion) -> str:
    if occasion.merged_into is not None:
        return "merged"
    if deal.archived:
        return "deleted"
    if deal.is_won:
        return "excluded"
    return "lost" if deal.is_closed else "reopened"


def _amount(deal: DealFacts) -> int:
    """What there is to book; nothing while the amount is missing or its currency is none we know."""
    is_known = (deal.currency or "").upper() in money.DIGITS
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


def _why_anew(deal: DealFacts, now_booked: Booked, occasion: Occasion) -> str:
    """Why the same shares need other rows: another currency, a month they belong to, a home amount now known."""
    if not _amount(deal):
        return ""
    if any(row.currency != deal.currency for row in now_booked.live):
        return "currency"
    closed = deal.closed_at
    if closed is not None and closed <= occasion.at:
        belong = {periods.month_of(periods.belongs_at(row)) for row in now_booked.heads.values()}
        if belong != {periods.month_of(closed)}:
            return "close date"
    unknown = all(row.home_amount_minor is None for row in now_booked.live)
    return "home" if unknown and home_currency.total(deal) is not None else ""


def _first_rows(
    deal: DealFacts,
    posted: Sequence[Entry],
    desired: Allocation | None,
    occasion: Occasion,
    policy: Policy,
) -> tuple[Entry, ...]:
    """Book a win: at once, again after a reversal, or not yet while the amount is unknown (credit pending)."""
    if not _amount(deal):
        return ()
    last = max(posted, key=lambda row: row.id or 0, default=None)
    if last is None:
        return _rows(deal, desired, occasion, policy, "won") if desired is not None else ()
    word = "restored" if last.occasion in {"deleted", "excluded"} else "rewon"
    if word == "restored" and not _may_rejudge(deal, occasion, policy):
        before = booked(row for row in posted if row.id not in _reversed_together(posted, last))
        return _again(deal, before, occasion, policy, word)
    return _rows(deal, desired, occasion, policy, word) if desired is not None else ()


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
    deal: DealFacts, desired: Allocation, occasion: Occasion, policy: Policy, word: str
) -> tuple[Entry, ...]:
    """Fresh rows for an allocation: one per source, and the first-order remainder."""
    by_key: dict[str, Source | None] = {line.source.key: line.source for line in desired.lines}
    shares = _desired_shares(desired)
    homes = home_currency.shared(deal, shares)
    amounts = split(desired.amount_minor, shares)
    return tuple(
        _row(
            deal,
            by_key.get(key),
            _Part(key, share, amounts[key], homes.get(key)),
            occasion,
            policy=policy,
            word=word,
        )
        for key, share in shares.items()
        if share or amounts[key]
    )


@dataclass(frozen=True, slots=True)
class _Part:
    key: str
    share: int
    amount: int
    home: int | None


def _row(
    deal: DealFacts,
    source: Source | None,
    part: _Part,
    occasion: Occasion,
    *,
    policy: Policy,
    word: str,
) -> Entry:
    """One fresh row."""
    at, origin = _dated(deal, occasion, word)
    return Entry(
        deal_id=deal.id,
        key=part.key,
        kind=source.kind if source else FIRST_ORDER,
        person_id=source.person_id if source else None,
        contact_id=source.contact_id if source else None,
        company_id=source.company_id if source else None,
        order=occasion.orders.get(part.key, 2) if source else 1,
        share=part.share,
        amount_minor=part.amount,
        currency=deal.currency or "",
        home_amount_minor=part.home,
        home_currency=deal.home_currency,
        rate=deal.rate,
        rate_at=deal.closed_at if deal.rate else None,
        effective_at=at,
        occasion=word,
        settings_version=policy.version,
        evidence=tuple(sorted({one for why in source.because for one in why.evidence}))
        if source
        else (),
        reason=source.because[0].text if source and source.because else "",
        origin_at=origin,
    )


def _dated(deal: DealFacts, occasion: Occasion, word: str) -> tuple[datetime, datetime | None]:
    """A first win is dated at its close, as far as that month is open; whatever comes later, when it happened.

    A close date that is still to come counts from now.
    """
    closed = min(deal.closed_at or occasion.at, occasion.at)
    if word == "won":
        return periods.land(closed, occasion.at, occasion.locked_before)
    return _later(occasion), closed if closed != _later(occasion) else None


def _later(occasion: Occasion) -> datetime:
    return (
        occasion.at if occasion.locked_before is None else max(occasion.at, occasion.locked_before)
    )


def _reversals(
    live: Iterable[Entry], word: str, deal: DealFacts, occasion: Occasion, policy: Policy
) -> tuple[Entry, ...]:
    """Take back rows in full: each gets its mirror image, dated when it happened; it belongs where they did."""
    at = _later(occasion)
    return tuple(
        replace(
            row,
            share=-row.share,
            amount_minor=-row.amount_minor,
            home_amount_minor=None if row.home_amount_minor is None else -row.home_amount_minor,
            effective_at=at,
            origin_at=periods.belongs_at(row),
            occasion=word,
            settings_version=policy.version,
            reason=_sentence(deal, word, occasion),
            reverses=row.id,
            id=None,
            recorded_at=None,
        )
        for row in live
    )


def _sentence(deal: DealFacts, word: str, occasion: Occasion) -> str:
    if word == "merged":
        return f"deal {deal.id} was merged into deal {occasion.merged_into}"
    return f"deal {deal.id} {_SENTENCES[word]}"


_SENTENCES = {
    "deleted": "was deleted",
    "excluded": "is in a pipeline that no longer counts",
    "lost": "was lost after it had been won",
    "reopened": "was reopened",
    "evidence": "was judged anew by later evidence",
    "ordered": "was judged anew by a person's order",
    "currency": "changed its currency",
    "close date": "changed the month of its close",
    "home": "got an amount in home currency",
}


def _again(
    deal: DealFacts, before: Booked, occasion: Occasion, policy: Policy, word: str
) -> tuple[Entry, ...]:
    """Book anew with the shares that were frozen before."""
    if not _amount(deal):
        return ()
    amounts = split(_amount(deal), before.shares)
    homes = home_currency.shared(deal, before.shares)
    heads = before.heads
    return tuple(
        replace(
            _row(
                deal,
                None,
                _Part(key, share, amounts[key], homes.get(key)),
                occasion,
                policy=policy,
                word=word,
            ),
            kind=heads[key].kind,
            person_id=heads[key].person_id,
            contact_id=heads[key].contact_id,
            company_id=heads[key].company_id,
            order=heads[key].order,
            evidence=heads[key].evidence,
            reason=heads[key].reason,
        )
        for key, share in before.shares.items()
        if share
    )


def _amount_rows(
    deal: DealFacts, now_booked: Booked, occasion: Occasion, policy: Policy
) -> tuple[Entry, ...]:
    """Book the difference between the new amount at the frozen shares and what is booked; an empty amount is zero."""
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
            occasion="amount",
            settings_version=policy.version,
            reason=f"deal {deal.id} changed its amount",
            id=None,
            recorded_at=None,
        )
        for key, amount in now_booked.amounts.items()
        if target[key] != amount or (homes is not None and homes[key] != now_booked.homes[key])
    )
