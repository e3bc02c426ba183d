"""The ledger: what is desired minus what is posted gives the rows to append; rows are never edited."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction

from mappings.rules import money
from mappings.rules.credit import FIRST_ORDER, split
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Allocation, Entry, Source
from mappings.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and under what terms the ledger is brought up to date.

    `at` is when the deal changed (or now); months before `locked_before` are closed; `reevaluate` is a person's
    order to judge a deal anew although its time for late evidence is over; `orders` come from orders.py, by source key.
    """

    at: datetime
    locked_before: datetime | None = None
    reevaluate: bool = False
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
    deal: DealFacts, posted: Sequence[Entry], desired: Allocation | None, occasion: Occasion, policy: Policy
) -> tuple[Entry, ...]:
    """The rows to append so that the ledger says what is true of *deal* now; none when it already does.

    *desired* is the allocation by today's evidence (None when there is no amount to share). Booked shares stay
    frozen once the time for late evidence is over; only their amounts follow the deal. Posted rows need ids.
    """
    now_booked = booked(posted)
    if not deal.counts_as_won:
        return _reversals(now_booked.live, _why_not(deal), deal, occasion, policy)
    if not now_booked.live:
        return _first_rows(deal, posted, desired, occasion, policy)
    if desired is not None and _may_rejudge(deal, occasion, policy) and _differs(desired, now_booked):
        undo = _reversals(now_booked.live, "evidence", deal, occasion, policy)
        return (*undo, *_rows(deal, desired, occasion, policy, "evidence"))
    if _other_currency(deal, now_booked):
        undo = _reversals(now_booked.live, "amount", deal, occasion, policy)
        return (*undo, *_again(deal, now_booked, occasion, policy, "amount"))
    return _amount_rows(deal, now_booked, occasion, policy)


def _why_not(deal: DealFacts) -> str:
    if deal.archived:
        return "deleted"
    return "lost" if deal.is_closed else "reopened"


def _has_amount(deal: DealFacts) -> bool:
    return bool(deal.amount_minor) and bool(deal.currency)


def _may_rejudge(deal: DealFacts, occasion: Occasion, policy: Policy) -> bool:
    closed = deal.closed_at or occasion.at
    return occasion.reevaluate or occasion.at <= closed + timedelta(policy.late_evidence_days)


def _desired_shares(desired: Allocation) -> dict[str, int]:
    return {**{line.source.key: line.share for line in desired.lines}, FIRST_ORDER: desired.remainder_share}


def _differs(desired: Allocation, now_booked: Booked) -> bool:
    frozen = {key: share for key, share in now_booked.shares.items() if share}
    return frozen != {key: share for key, share in _desired_shares(desired).items() if share}


def _other_currency(deal: DealFacts, now_booked: Booked) -> bool:
    return bool(deal.currency) and any(row.currency != deal.currency for row in now_booked.live)


def _first_rows(
    deal: DealFacts, posted: Sequence[Entry], desired: Allocation | None, occasion: Occasion, policy: Policy
) -> tuple[Entry, ...]:
    """Book a win: at once, again after a reversal, or not yet while the amount is unknown (credit pending)."""
    if not _has_amount(deal):
        return ()
    last = max(posted, key=lambda row: row.id or 0, default=None)
    if last is None:
        return _rows(deal, desired, occasion, policy, "won") if desired is not None else ()
    word = "restored" if last.occasion == "deleted" else "rewon"
    if word == "restored" and not _may_rejudge(deal, occasion, policy):
        before = booked(row for row in posted if row.id not in _reversed_together(posted, last))
        return _again(deal, before, occasion, policy, word)
    return _rows(deal, desired, occasion, policy, word) if desired is not None else ()


def _reversed_together(posted: Sequence[Entry], last: Entry) -> set[int | None]:
    """The ids of the reversal rows that one occasion made."""
    return {
        row.id
        for row in posted
        if row.reverses is not None and row.occasion == last.occasion and row.effective_at == last.effective_at
    }


def _rows(deal: DealFacts, desired: Allocation, occasion: Occasion, policy: Policy, word: str) -> tuple[Entry, ...]:
    """Fresh rows for an allocation: one per source, and the first-order remainder."""
    by_key: dict[str, Source | None] = {line.source.key: line.source for line in desired.lines}
    shares = _desired_shares(desired)
    homes = _home_split(deal, shares)
    amounts = split(desired.amount_minor, shares)
    return tuple(
        _row(deal, by_key.get(key), _Part(key, share, amounts[key], homes.get(key)), occasion, policy=policy, word=word)
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
    deal: DealFacts, source: Source | None, part: _Part, occasion: Occasion, *, policy: Policy, word: str
) -> Entry:
    """One fresh row. A first win counts from the close date; whatever comes later, from when it happened."""
    at, origin = _effective(deal.closed_at if word == "won" and deal.closed_at else occasion.at, occasion)
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
        evidence=tuple(sorted({one for why in source.because for one in why.evidence})) if source else (),
        reason=source.because[0].text if source and source.because else "",
        origin_at=origin,
    )


def _effective(at: datetime, occasion: Occasion) -> tuple[datetime, datetime | None]:
    """Rows for a closed month land in the current one and remember where they belong."""
    if occasion.locked_before is not None and at < occasion.locked_before:
        return max(occasion.at, occasion.locked_before), at
    return at, None


def _reversals(
    live: Iterable[Entry], word: str, deal: DealFacts, occasion: Occasion, policy: Policy
) -> tuple[Entry, ...]:
    """Take back rows in full: each gets its mirror image."""
    at, origin = _effective(occasion.at, occasion)
    return tuple(
        replace(
            row,
            share=-row.share,
            amount_minor=-row.amount_minor,
            home_amount_minor=None if row.home_amount_minor is None else -row.home_amount_minor,
            effective_at=at,
            origin_at=origin,
            occasion=word,
            settings_version=policy.version,
            reason=f"deal {deal.id} {_SENTENCES[word]}",
            reverses=row.id,
            id=None,
        )
        for row in live
    )


_SENTENCES = {
    "deleted": "was deleted",
    "lost": "was lost after it had been won",
    "reopened": "was reopened",
    "evidence": "was judged anew by later evidence",
    "amount": "changed its currency",
}


def _again(deal: DealFacts, before: Booked, occasion: Occasion, policy: Policy, word: str) -> tuple[Entry, ...]:
    """Book anew with the shares that were frozen before."""
    if not _has_amount(deal):
        return ()
    amounts = split(deal.amount_minor or 0, before.shares)
    homes = _home_split(deal, before.shares)
    heads = {row.key: row for row in before.live if row.share}
    return tuple(
        replace(
            _row(deal, None, _Part(key, share, amounts[key], homes.get(key)), occasion, policy=policy, word=word),
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


def _amount_rows(deal: DealFacts, now_booked: Booked, occasion: Occasion, policy: Policy) -> tuple[Entry, ...]:
    """Book the difference between the new amount at the frozen shares and what is booked; an empty amount is zero."""
    target = split(deal.amount_minor or 0, now_booked.shares)
    if all(target[key] == amount for key, amount in now_booked.amounts.items()):
        return ()
    heads = {row.key: row for row in now_booked.live if row.share}
    homes = _home_at_frozen_rate(deal, now_booked)
    at, origin = _effective(occasion.at, occasion)
    return tuple(
        replace(
            heads[key],
            share=0,
            amount_minor=target[key] - amount,
            home_amount_minor=None if homes is None else homes[key] - now_booked.homes[key],
            effective_at=at,
            origin_at=origin,
            occasion="amount",
            settings_version=policy.version,
            reason=f"deal {deal.id} changed its amount",
            id=None,
        )
        for key, amount in now_booked.amounts.items()
        if target[key] != amount or (homes is not None and homes[key] != now_booked.homes[key])
    )


def _home_split(deal: DealFacts, shares: Mapping[str, int]) -> dict[str, int]:
    """The deal's home-currency amount by the same shares; HubSpot's own figure wins over the rate."""
    total = deal.home_amount_minor
    if total is None and deal.rate and deal.home_currency and deal.currency and deal.amount_minor is not None:
        total = money.convert(deal.amount_minor, deal.currency, deal.rate, deal.home_currency)
    return {} if total is None else split(total, shares)


def _home_at_frozen_rate(deal: DealFacts, now_booked: Booked) -> dict[str, int] | None:
    """A changed amount in home currency at the rate of the close, whatever today's rate is."""
    head = now_booked.live[0]
    if head.home_amount_minor is None or not head.home_currency:
        return None
    amount = deal.amount_minor or 0
    if head.rate:
        total = money.convert(amount, head.currency, head.rate, head.home_currency)
    elif now_booked.amount:
        total = round(Fraction(amount * sum(now_booked.homes.values()), now_booked.amount))
    else:
        total = 0
    return split(total, now_booked.shares)
