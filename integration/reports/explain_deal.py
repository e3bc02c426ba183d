"""Why a deal: every source in words, the range, the remainder, what is kept apart, what changed, and other models."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from integration.conclude import deal_touches, record_facts
from integration.conclude.batch import Batch, open_batch
from integration.portal import record_names
from integration.reports import bookkeeping
from integration.storage.database import Row, Transaction
from integration.storage.findings import deal_outcomes as stored_journeys
from integration.storage.findings import person_rows, source_rows, stored_shapes
from integration.storage.mirror import touches
from integration.storage.queue import page_context
from mappings.rules.attribution import classic_models, credit, removal_effects
from mappings.rules.attribution import reasons as because
from mappings.rules.attribution.journeys import journey
from mappings.rules.facts import PPM, ContactFacts, DealFacts, TextKind, texts_of
from mappings.rules.findings import SHARE_ONE, Allocation, CreditLine, Source
from mappings.rules.ledger import changes, money
from mappings.rules.text import self_reported
from mappings.rules.text.names import spoken

Json = dict[str, Any]
CLOSED_DEALS = 20_000
"""So many of the newest closed deals are compared by Shapley and Markov."""
_TOUCHES = 2000


@dataclass(frozen=True, slots=True)
class _Scene:
    """One deal with the people on it, what was found, and what to call everybody."""

    batch: Batch
    deal: DealFacts
    contacts: Mapping[int, ContactFacts]
    person_of: Mapping[int, int]
    rows: Sequence[Row]
    allocation: Allocation
    names: because.Names


def of_deal(
    tx: Transaction, deal_id: int, booked: Sequence[Row], reasons: Sequence[object], now: datetime
) -> Json:
    """The whole story of a deal. *booked* are its ledger rows, *reasons* those of its conclusion.

    Nothing for a deal that cannot be read.
    """
    batch = open_batch(tx, page_context.read(tx), now)
    deal = record_facts.deals(batch, [deal_id]).get(deal_id)
    if deal is None:
        return {}
    scene = _scene(batch, deal)
    return {
        "story": [because.sentence(line, scene.names, deal.created_at) for line in _ordered(scene)]
        or [because.NOBODY],
        "parts": [_part(scene, line, now) for line in _ordered(scene)],
        "derived": _derived(scene),
        "suggested": [*_suggested(batch, reasons)],
        "apart": [*_warnings(scene), *_not_counted(scene)],
        "changes": _changes(scene, booked),
        "classic_models": _models(scene, now),
    }


def _scene(batch: Batch, deal: DealFacts) -> _Scene:
    rows = source_rows.of_deals(batch.tx, [deal.id]).get(deal.id, [])
    own = {one.contact_id for one in deal.contacts}
    credited = {row["contact_id"] for row in rows} - {None}
    person_of, _ = person_rows.groups(batch.tx, own | credited)
    allocation = _allocation(deal, rows)
    names = record_names.names(
        batch.tx,
        contacts=own | credited | set(person_of.values()),
        companies={row["company_id"] for row in rows},
    )
    return _Scene(
        batch, deal, record_facts.contacts(batch, own), person_of, rows, allocation, names
    )


def _allocation(deal: DealFacts, rows: Sequence[Row]) -> Allocation:
    """The shares as they are stored, with today's amount; the range is added where it is known."""
    found = [(_source(row), row["share"]) for row in rows]
    rest = SHARE_ONE - sum(share for _, share in found)
    shares = {str(n): share for n, (_, share) in enumerate(found)}
    parts = credit.split(deal.amount_minor or 0, {**shares, credit.FIRST_ORDER: rest})
    lines = tuple(
        CreditLine(source, share, parts[str(n)]) for n, (source, share) in enumerate(found)
    )
    derived = (SHARE_ONE - rest) * PPM // SHARE_ONE
    left = parts[credit.FIRST_ORDER]
    return Allocation(
        deal.id, deal.amount_minor or 0, deal.currency or "", lines, rest, left, derived, 0, PPM
    )


def _source(row: Row) -> Source:
    """A stored source; one whose person was forgotten has kept who it belongs to and its share, and nothing else."""
    if not stored_shapes.is_removed(row["body"]):
        return stored_shapes.source_of(row)
    p, raw = round((row["confidence"] or 0) * PPM), max(1, row["share"] * PPM // SHARE_ONE)
    person = None if row["contact_id"] is None and row["company_id"] is None else -1
    return Source(
        row["kind"], 0, p, 0, raw, person, row["contact_id"], row["company_id"], at=row["at"]
    )


def _ordered(scene: _Scene) -> list[CreditLine]:
    return because.strongest_first(scene.allocation.lines)


def _part(scene: _Scene, line: CreditLine, now: datetime) -> Json:
    """One source with its figures: weight x certainty x freshness, its timing, and whether it may still fall away."""
    source = line.source
    until = because.provisional_until(source, _won_at(scene.deal), scene.batch.policy)
    return {
        "kind": source.kind,
        "contact_id": source.contact_id,
        "company_id": source.company_id,
        "said": because.sentence(line, scene.names, scene.deal.created_at),
        "timing": source.timing,
        "weight": source.w / PPM,
        "certainty": source.p / PPM,
        "freshness": source.g / PPM,
        "raw": source.raw / PPM,
        "share": line.share / SHARE_ONE,
        "amount": _money(scene.deal, line.amount_minor),
        "provisional_until": until if until is not None and until > now else None,
        "because": [reason.text for reason in source.because],
    }


def _won_at(deal: DealFacts) -> datetime | None:
    return (deal.closed_at or deal.created_at) if deal.counts_as_won else None


def _money(deal: DealFacts, minor: int) -> str | None:
    if deal.amount_minor is None or not deal.currency:
        return None
    return money.shown(minor, deal.currency)


def _derived(scene: _Scene) -> Json:
    """D with its range, and what stays with marketing and selling. A removed person's weights are gone: no range."""
    deal, allocation = scene.deal, scene.allocation
    known = not any(stored_shapes.is_removed(row["body"]) for row in scene.rows)
    low, high = (
        credit.share_range([line.source for line in allocation.lines], scene.batch.policy)
        if known
        else (0, 0)
    )
    expected = SHARE_ONE - allocation.remainder_share
    amount = deal.amount_minor or 0
    return {
        "low": low / PPM if known else None,
        "expected": expected / SHARE_ONE,
        "high": high / PPM if known else None,
        "low_amount": _money(deal, round(Fraction(amount * low, PPM))) if known else None,
        "expected_amount": _money(deal, allocation.derived_minor),
        "high_amount": _money(deal, round(Fraction(amount * high, PPM))) if known else None,
        "first_order": allocation.remainder_share / SHARE_ONE,
        "first_order_amount": _money(deal, allocation.remainder_minor),
    }


def _suggested(batch: Batch, reasons: Sequence[object]) -> Iterator[str]:
    """People who are active beside the deal: suspected, without credit, maybe to be put on it."""
    whom = [
        (contact_id, reason.text)
        for one in reasons
        if isinstance(one, Mapping) and one.get("timing") == "suspected"
        for reason in stored_shapes.reasons_of(one.get("because"))[:1]
        for contact_id in stored_shapes.contacts_named([reason])
    ]
    names = record_names.names(batch.tx, contacts={contact for contact, _ in whom})
    for contact, text in whom:
        yield f"{names.contact(contact)} (contact {contact}) {text}; add to the deal? Without that there is no credit."


def _warnings(scene: _Scene) -> Iterator[str]:
    """Negative word of mouth: kept apart, never credit."""
    answers = list(texts_of(scene.deal, TextKind.ANSWER))
    for _, contact in sorted(scene.contacts.items()):
        answers += texts_of(contact, TextKind.ANSWER)
    for text, at in dict.fromkeys((answer.text, answer.at) for answer in answers):
        for label in self_reported.classify(text):
            if label.label == "negative_wom":
                when = f" on {because.on(at)}" if at else ""
                yield f'Somebody warned of us{when}: "{spoken(label.quote or text)}". It earns no credit.'


_STATUS = {
    "review": "waits for a person to look at it",
    "rejected": "does not count",
    "auto": "earns no credit",
}


def _not_counted(scene: _Scene) -> Iterator[str]:
    """Recommendations that earn nothing: from who is no customer, of one company, doubtful, or turned down."""
    targets = {
        f"deal:{scene.deal.id}",
        *(f"contact:{one.contact_id}" for one in scene.deal.contacts),
    }
    if scene.deal.company_id is not None:
        targets.add(f"company:{scene.deal.company_id}")
    for row in source_rows.referrals_to(scene.batch.tx, targets):
        one = stored_shapes.referral_of(row)
        counts = one.status == "auto" and one.from_customer and not one.expansion
        if counts:
            continue
        why = "; ".join(reason.text for reason in one.reasons)
        kind = (
            "an expansion"
            if one.expansion
            else ""
            if one.from_customer
            else "by somebody who is no customer"
        )
        head = f"A recommendation {kind}".strip()
        yield f"{head} {_STATUS.get(row['status'], row['status'])}{': ' + why if why else ''}."


def _changes(scene: _Scene, booked: Sequence[Row]) -> list[str]:
    """What the ledger says happened, oldest first."""
    who = {row["source_key"]: _called(scene, _source(row)) for row in scene.rows}
    return [line for one in bookkeeping.changes_of(booked) for line in changes.in_words(one, who)]


def _called(scene: _Scene, source: Source) -> str:
    if source.company_id is None and source.kind == "word_of_mouth":
        return "word of mouth"
    firm = scene.names.company(source.company_id)
    return (
        f"{scene.names.contact(source.contact_id)} of {firm}"
        if source.contact_id or source.person_id
        else firm
    )


def _models(scene: _Scene, now: datetime) -> list[Json]:
    """The classic models. For comparison only: none of these figures is booked or added to ours."""
    batch, deal = scene.batch, scene.deal
    until = deal.closed_at if deal.is_closed and deal.closed_at else now
    found = journey(
        deal,
        [_source(row) for row in scene.rows],
        _touches(scene, until),
        contacts=scene.contacts,
        alike=scene.person_of,
    )
    told = [
        {"model": one.model, "reason": one.reason, "shares": _shares(scene, one.shares)}
        for one in classic_models.compare(found, until, batch.policy)
    ]
    kinds = frozenset(row["kind"] for row in scene.rows)
    if not kinds:
        return told
    paths = stored_journeys.paths(batch.tx, limit=CLOSED_DEALS)
    by_many = (
        removal_effects.shapley(removal_effects.by_combination(paths), batch.policy, of=kinds),
        removal_effects.markov(paths, of=kinds),
    )
    return told + [
        {"model": one.model, "reason": one.reason, "shares": _shares(scene, one.shares)}
        for one in by_many
    ]


def _touches(scene: _Scene, until: datetime) -> list[Any]:
    """Activities of the people on the deal, as far back as time decay looks."""
    own = set(scene.person_of) | {one.contact_id for one in scene.deal.contacts}
    since = until - timedelta(scene.batch.policy.model_look_back_days)
    asked = {scene.deal.id: touches.Around(None, own, since, since, until)}
    found = touches.of_deal_contacts(scene.batch.tx, asked, limit=_TOUCHES) if own else {}
    return [deal_touches.touch(row) for row in found.get(scene.deal.id, ())]


def _shares(scene: _Scene, shares: Mapping[str, int]) -> list[Json]:
    ordered = sorted(shares.items(), key=lambda one: (-one[1], one[0]))
    return [
        {"source": who, "name": _name(scene, who), "share": share / SHARE_ONE}
        for who, share in ordered
    ]


def _name(scene: _Scene, who: str) -> str:
    kind, _, number = who.partition(":")
    if kind == "contact":
        return scene.names.contact(int(number))
    return scene.names.company(int(number)) if kind == "company" else who.replace("_", " ")
