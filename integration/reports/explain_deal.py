"""A deal explained: its sources, the range of its share, what earns nothing, changes, models."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from integration.conclude import deal_touches, record_facts
from integration.conclude.batch import Batch, open_batch
from integration.portal import record_names
from integration.reports import bookkeeping
from integration.storage.database import Row, Transaction
from integration.storage.findings import deal_outcomes as stored_journeys
from integration.storage.findings import person_rows, source_rows, stored_shapes
from integration.storage.mirror import touches
from integration.storage.queue import page_context
from mappings.formats import day
from mappings.kinds import ObjectType, SourceKind, Status, Timing
from mappings.rules.attribution import classic_models, credit, removal_effects
from mappings.rules.attribution import reasons as because
from mappings.rules.attribution.journeys import journey
from mappings.rules.facts import PPM, ContactFacts, DealFacts, TextKind, Touch, texts_of
from mappings.rules.findings import SHARE_ONE, Allocation, CreditLine, Reason, Source
from mappings.rules.ledger import changes, money
from mappings.rules.text import self_reported
from mappings.rules.text.names import spoken

Json = dict[str, Any]
# So many of the newest closed deals are compared by Shapley and Markov.
CLOSED_DEALS = 20_000
_TOUCHES = 2000
# The person of a source whose person was forgotten: somebody, but nobody who is known.
_REMOVED_PERSON = -1


@dataclass(frozen=True, slots=True)
class _Scene:
    """One deal with the people on it, its sources, its shares, and everybody's names."""

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
    """Explain a deal. *booked* are its ledger rows, *reasons* those of its conclusion.

    Empty for a deal that cannot be read.
    """
    scene = _open(tx, deal_id, now)
    if scene is None:
        return {}
    lines = because.strongest_first(scene.allocation.lines)
    opened = scene.deal.created_at
    sentences = [because.sentence(line, scene.names, opened) for line in lines]
    return {
        "story": sentences or [because.NOBODY],
        "parts": [_part(scene, line, now) for line in lines],
        "derived": _derived(scene),
        **_asides(scene, booked, reasons),
        "classic_models": _models(scene, now),
    }


def asides(
    tx: Transaction, deal_id: int, booked: Sequence[Row], reasons: Sequence[object], now: datetime
) -> Json:
    """Return what stands beside a deal's sources: suggested, apart, and changes in words."""
    scene = _open(tx, deal_id, now)
    return _asides(scene, booked, reasons) if scene else {}


def models(tx: Transaction, deal_id: int, now: datetime) -> list[Json]:
    """Return the deal shared by the classic models; for comparison, never booked."""
    scene = _open(tx, deal_id, now)
    return _models(scene, now) if scene else []


def _open(tx: Transaction, deal_id: int, now: datetime) -> _Scene | None:
    batch = open_batch(tx, page_context.read(tx), now)
    deal = record_facts.deals(batch, [deal_id]).get(deal_id)
    return None if deal is None else _scene(batch, deal)


def _asides(scene: _Scene, booked: Sequence[Row], reasons: Sequence[object]) -> Json:
    return {
        "suggested": list(_suggested(scene.batch, reasons)),
        "apart": [*_warnings(scene), *_not_counted(scene)],
        "changes": _changes(scene, booked),
    }


def _models(scene: _Scene, now: datetime) -> list[Json]:
    return [*_models_of_deal(scene, now), *_models_of_portal(scene)]


def _scene(batch: Batch, deal: DealFacts) -> _Scene:
    rows = source_rows.of_deals(batch.tx, [deal.id]).get(deal.id, [])
    contact_ids = {contact.contact_id for contact in deal.contacts}
    credited = {row["contact_id"] for row in rows} - {None}
    person_of, _ = person_rows.groups(batch.tx, contact_ids | credited)
    return _Scene(
        batch=batch,
        deal=deal,
        contacts=record_facts.contacts(batch, contact_ids),
        person_of=person_of,
        rows=rows,
        allocation=_allocation(deal, rows),
        names=record_names.names(
            batch.tx,
            contacts=contact_ids | credited | set(person_of.values()),
            companies={row["company_id"] for row in rows},
        ),
    )


def _allocation(deal: DealFacts, rows: Sequence[Row]) -> Allocation:
    """The shares as they are stored, with today's amount; the range is not stored."""
    rest = SHARE_ONE - sum(row["share"] for row in rows)
    shares = {str(number): row["share"] for number, row in enumerate(rows)}
    parts = credit.split(deal.amount_minor or 0, {**shares, credit.FIRST_ORDER: rest})
    lines = tuple(
        CreditLine(source_in(row), row["share"], parts[str(number)])
        for number, row in enumerate(rows)
    )
    derived = (SHARE_ONE - rest) * PPM // SHARE_ONE
    rest_minor = parts[credit.FIRST_ORDER]
    return Allocation(
        deal.id,
        deal.amount_minor or 0,
        deal.currency or "",
        lines,
        rest,
        rest_minor,
        derived,
        0,
        PPM,
    )


def source_in(row: Row) -> Source:
    """A stored source; of one whose person was forgotten, the holder and the share are left."""
    if not stored_shapes.is_removed(row["body"]):
        return stored_shapes.source_of(row)
    certainty = round((row["confidence"] or 0) * PPM)
    raw = max(1, row["share"] * PPM // SHARE_ONE)
    is_pool = row["contact_id"] is None and row["company_id"] is None
    return Source(
        row["kind"],
        0,
        certainty,
        0,
        raw,
        None if is_pool else _REMOVED_PERSON,
        row["contact_id"],
        row["company_id"],
        at=row["at"],
    )


def _part(scene: _Scene, line: CreditLine, now: datetime) -> Json:
    """One source with its figures: weight x certainty x freshness, timing, end of provision."""
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
    """The derived share with its range, and what remains for marketing and selling.

    The range is unknown where a source was erased by a version that kept no figures of it.
    """
    deal, allocation = scene.deal, scene.allocation
    low = high = None
    sources = [stored_shapes.weighed(row) for row in scene.rows]
    if None not in sources:
        low, high = credit.share_range([source for source in sources if source], scene.batch.policy)
    return {
        "low": _fraction(low),
        "expected": (SHARE_ONE - allocation.remainder_share) / SHARE_ONE,
        "high": _fraction(high),
        "low_amount": _part_of_amount(deal, low),
        "expected_amount": _money(deal, allocation.derived_minor),
        "high_amount": _part_of_amount(deal, high),
        "first_order": allocation.remainder_share / SHARE_ONE,
        "first_order_amount": _money(deal, allocation.remainder_minor),
    }


def _fraction(ppm: int | None) -> float | None:
    return None if ppm is None else ppm / PPM


def _part_of_amount(deal: DealFacts, ppm: int | None) -> str | None:
    if ppm is None:
        return None
    return _money(deal, round(Fraction((deal.amount_minor or 0) * ppm, PPM)))


# What a person may know better, by the timing of a source that earns nothing.
_OPEN_TO_PEOPLE: Final = {
    Timing.SUSPECTED: "add to the deal? Without that there is no credit.",
    Timing.UNSURE: "were they there from the start? The Review page asks; until then no credit.",
}


def _suggested(batch: Batch, reasons: Sequence[object]) -> Iterator[str]:
    """People beside the deal, or on it perhaps too late, who would earn credit otherwise."""
    whom = [
        (contact_id, because_of[0].text, asked)
        for timing, asked in _OPEN_TO_PEOPLE.items()
        for because_of in _because_of(reasons, timing)
        for contact_id in stored_shapes.contacts_named(because_of[:1])
    ]
    names = record_names.names(batch.tx, contacts={contact_id for contact_id, *_ in whom})
    for contact_id, text, asked in whom:
        yield f"{names.contact(contact_id)} (contact {contact_id}) {text}; {asked}"


def _because_of(reasons: Sequence[object], timing: Timing) -> Iterator[list[Reason]]:
    for reason in reasons:
        if isinstance(reason, Mapping) and reason.get("timing") == timing:
            yield stored_shapes.reasons_of(reason.get("because"))


def _warnings(scene: _Scene) -> Iterator[str]:
    """Warnings from unhappy customers: shown apart, never credited."""
    texts = list(texts_of(scene.deal, TextKind.ANSWER))
    for _, contact in sorted(scene.contacts.items()):
        texts += texts_of(contact, TextKind.ANSWER)
    for text, at in dict.fromkeys((answer.text, answer.at) for answer in texts):
        for label in self_reported.classify(text):
            if label.label == "negative_wom":
                when = f" on {day(at)}" if at else ""
                quote = spoken(label.quote or text)
                yield f'Somebody warned of us{when}: "{quote}". It earns no credit.'


# Not the labels of Status: these complete the sentence "A recommendation …".
_STATUS = {
    Status.REVIEW: "waits for a person to look at it",
    Status.REJECTED: "does not count",
    Status.AUTO: "earns no credit",
}


def _not_counted(scene: _Scene) -> Iterator[str]:
    """Referrals that earn nothing: by no customer, within one company, doubtful, or rejected."""
    for row in source_rows.referrals_to(scene.batch.tx, _targets(scene.deal)):
        referral = stored_shapes.referral_of(row)
        is_from_customer = referral.from_customer and not referral.expansion
        if referral.status == Status.AUTO and is_from_customer:
            continue
        head = "A recommendation"
        if referral.expansion:
            head += " an expansion"
        elif not referral.from_customer:
            head += " by somebody who is no customer"
        reasons = "; ".join(reason.text for reason in referral.reasons)
        status = _STATUS.get(row["status"], row["status"])
        yield f"{head} {status}{': ' + reasons if reasons else ''}."


def _targets(deal: DealFacts) -> set[str]:
    """The records by which a referral can lead to a deal, as referrals name them."""
    targets = {f"deal:{deal.id}", *(f"contact:{contact.contact_id}" for contact in deal.contacts)}
    if deal.company_id is not None:
        targets.add(f"company:{deal.company_id}")
    return targets


def _changes(scene: _Scene, booked: Sequence[Row]) -> list[str]:
    """What happened to the deal by its ledger rows, oldest first."""
    credit_names = {row["source_key"]: _credit_name(scene, source_in(row)) for row in scene.rows}
    return [
        line
        for change in bookkeeping.changes_of(booked)
        for line in changes.in_words(change, credit_names)
    ]


def _credit_name(scene: _Scene, source: Source) -> str:
    if source.company_id is None and source.kind == SourceKind.WORD_OF_MOUTH:
        return "word of mouth"
    company = scene.names.company(source.company_id)
    if source.contact_id or source.person_id:
        return f"{scene.names.contact(source.contact_id)} of {company}"
    return company


def _models_of_deal(scene: _Scene, now: datetime) -> list[Json]:
    """The deal shared by models that look at it alone; for comparison, never booked."""
    deal = scene.deal
    until = deal.closed_at if deal.is_closed and deal.closed_at else now
    path = journey(
        deal,
        [source_in(row) for row in scene.rows],
        _touches(scene, until),
        contacts=scene.contacts,
        alike=scene.person_of,
    )
    return [
        _model(scene, model) for model in classic_models.compare(path, until, scene.batch.policy)
    ]


def _models_of_portal(scene: _Scene) -> list[Json]:
    """The deal shared by models that compare many closed deals; for comparison, never booked."""
    kinds = frozenset(row["kind"] for row in scene.rows)
    if not kinds:
        return []
    pipelines = scene.batch.portal_map.included_pipelines
    paths = stored_journeys.paths(scene.batch.tx, pipelines, limit=CLOSED_DEALS)
    combinations = removal_effects.by_combination(paths)
    shapley = removal_effects.shapley(combinations, scene.batch.policy, of=kinds)
    markov = removal_effects.markov(paths, of=kinds)
    return [_model(scene, shapley), _model(scene, markov)]


def _model(scene: _Scene, model: classic_models.ModelShares | removal_effects.Gains) -> Json:
    largest_first = sorted(model.shares.items(), key=lambda item: (-item[1], item[0]))
    return {
        "model": model.model,
        "reason": model.reason,
        "shares": [
            {"source": source, "name": _source_name(scene, source), "share": share / SHARE_ONE}
            for source, share in largest_first
        ],
    }


def _source_name(scene: _Scene, source: str) -> str:
    """The name of a source as models write it: "contact:12", "company:7", or a kind."""
    object_type, _, number = source.partition(":")
    if object_type == ObjectType.CONTACT:
        return scene.names.contact(int(number))
    if object_type == ObjectType.COMPANY:
        return scene.names.company(int(number))
    return source.replace("_", " ")


def _touches(scene: _Scene, until: datetime) -> list[Touch]:
    """Activities of the people on the deal, as far back as the models look."""
    contact_ids = set(scene.person_of) | {contact.contact_id for contact in scene.deal.contacts}
    if not contact_ids:
        return []
    since = until - timedelta(scene.batch.policy.model_look_back_days)
    around = {scene.deal.id: touches.Around(None, contact_ids, since, since, until)}
    by_deal = touches.of_deal_contacts(scene.batch.tx, around, limit=_TOUCHES)
    return [deal_touches.touch(row) for row in by_deal.get(scene.deal.id, ())]
