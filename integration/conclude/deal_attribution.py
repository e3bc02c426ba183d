"""What led to each deal: a page of deals with all that is known around them, and the judgement of each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from integration.conclude import (
    credit_note_matching,
    deal_answers,
    deal_touches,
    overrides,
    posted_entries,
    record_facts,
    referral_search,
    review_tasks,
    stored_moves,
)
from integration.conclude.batch import Batch
from integration.storage.database import Row
from integration.storage.findings import person_rows, source_rows, stored_shapes
from integration.storage.ledger import entry_rows
from integration.storage.mirror import mirror
from mappings.rules.attribution import credit
from mappings.rules.attribution.sources import DealSources, Surroundings, sources_of
from mappings.rules.facts import PPM, ContactFacts, DealFacts, Touch
from mappings.rules.findings import SHARE_ONE, Allocation, CreditLine, Move, Referral, Source
from mappings.rules.ledger import as_of_win


@dataclass(frozen=True, slots=True)
class DealPage:
    """Deals with the people on them and everything those people are known for.

    `today` says which record each credited contact is today.
    """

    deals: Mapping[int, DealFacts]
    contacts: Mapping[int, ContactFacts]
    today: Mapping[int, int]
    person_of: Mapping[int, int]
    members: Mapping[int, tuple[int, ...]]
    touches: Mapping[int, tuple[Touch, ...]]
    active: Mapping[int, Collection[int]]
    moves: Mapping[int, Sequence[Move]]
    referrals: Mapping[str, Sequence[Referral]]
    stored: Mapping[int, Sequence[Row]]
    posted: posted_entries.PostedEntries
    deleted: set[int]
    decided: overrides.DealDecisions
    notes: Mapping[int, Sequence[Row]]
    model_labels: deal_answers.ModelLabels


@dataclass(frozen=True, slots=True)
class AttributedDeal:
    """One deal with its sources and the money shared among them.

    `late` is how evidence that came too late would share it; `rejudge` tells that a person wants
    that to count, `timely` that evidence of its time was read only after that time was over.
    `settled` are the shares it was given once: what is booked stands, whoever its people and
    companies are today.
    """

    deal: DealFacts
    found: DealSources
    allocation: Allocation
    late: Allocation | None = None
    rejudge: bool = False
    timely: bool = False
    settled: bool = False


def load(batch: Batch, deal_ids: Collection[int]) -> DealPage:
    """Everything that a page of deals is judged by, with a bounded number of queries."""
    deals = record_facts.deals(batch, deal_ids)
    referral_search.of_deals(batch, deals, deal_ids)
    stored = source_rows.of_deals(batch.tx, deal_ids)
    given_back = credit_note_matching.of_page(batch, deals)
    credited = {
        row["contact_id"] for rows in (*stored.values(), *given_back.values()) for row in rows
    } - {None}
    today = mirror.resolve(batch.tx, "contact", credited) if credited else {}
    on_deals = {one.contact_id for deal in deals.values() for one in deal.contacts}
    person_of, members = person_rows.groups(batch.tx, on_deals | set(today.values()))
    touched = deal_touches.of_deals(batch, deals, person_of, members)
    active = deal_touches.active(batch, deals, touched)
    if active:
        person_of, members = person_rows.groups(
            batch.tx, person_of.keys() | {one for own in active.values() for one in own}
        )
    everybody = person_of.keys() | on_deals
    targets = {f"contact:{one}" for one in everybody} | {f"deal:{one}" for one in deals}
    targets |= {f"company:{deal.company_id}" for deal in deals.values() if deal.company_id}
    return DealPage(
        deals,
        record_facts.contacts(batch, everybody),
        today,
        person_of,
        members,
        touched,
        active,
        _moves(batch, set(members)),
        _referrals(batch, targets),
        stored,
        posted_entries.PostedEntries.of(batch, entry_rows.of_deals(batch.tx, deal_ids)),
        mirror.deleted(
            batch.tx,
            "contact",
            {one for rows in stored.values() for row in rows for one in _owed_to(row)},
        ),
        overrides.DealDecisions.load(batch, deal_ids),
        given_back,
        deal_answers.model_labels_of(batch, deals, everybody),
    )


def _moves(batch: Batch, person_ids: set[int]) -> dict[int, list[Move]]:
    found: dict[int, list[Move]] = {}
    for row, move in stored_moves.moves_of(batch, person_ids):
        found.setdefault(row["person_id"], []).append(move)
    return found


def _referrals(batch: Batch, targets: set[str]) -> dict[str, list[Referral]]:
    told = _whole_referrals(batch, targets)
    referrers = {one.referrer_contact_id for one in told if one.referrer_contact_id is not None}
    person_of = person_rows.persons_of(batch.tx, referrers) if referrers else {}
    found: dict[str, list[Referral]] = {}
    for one in told:
        person = person_of.get(one.referrer_contact_id or 0, one.referrer_person_id)
        found.setdefault(one.target, []).append(replace(one, referrer_person_id=person))
    return found


def _whole_referrals(batch: Batch, targets: set[str]) -> list[Referral]:
    """The referrals that brought these records; what cannot be read whole is judged anew, or goes."""
    rows = source_rows.referrals_to(batch.tx, targets)
    damaged = _damaged(rows)
    if damaged:
        referral_search.anew(batch, [(row["owner_type"], row["owner_id"]) for row in damaged])
        rows = source_rows.referrals_to(batch.tx, targets)
        gone = [(row["owner_type"], row["owner_id"], row["referral_key"]) for row in _damaged(rows)]
        source_rows.change_referrals(batch.tx, gone=gone, new=())
    found = [stored_shapes.read_referral(row) for row in rows]
    return [read.value for read in found if read.is_whole]


def _damaged(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if not stored_shapes.read_referral(row).is_whole]


def judge(batch: Batch, deal: DealFacts, page: DealPage) -> AttributedDeal:
    """The deal's sources by today's evidence, or those that were frozen when its time for evidence ended."""
    if deal.id in page.notes:
        return replace(_frozen(deal, page.notes[deal.id], page), timely=True, settled=False)
    rows = page.stored.get(deal.id, ())
    removed = any(stored_shapes.lost_its_words(row["body"]) for row in rows if row["share"])
    if removed or _rests_on_deleted(deal, rows, page):
        return _frozen(deal, rows, page)
    if page.posted.consolidated(deal):
        return _one_company(batch, deal, rows, page)
    if not _may_rejudge(batch, deal, page):
        return _late(batch, deal, rows, page)
    found = _todays(batch, deal, page)
    return AttributedDeal(deal, found, _shared(batch, deal, found.sources))


def _shared(batch: Batch, deal: DealFacts, found: Sequence[Source]) -> Allocation:
    return credit.allocate(
        deal.id, deal.amount_minor or 0, deal.currency or "", found, batch.policy
    )


def _one_company(
    batch: Batch, deal: DealFacts, rows: Sequence[Row], page: DealPage
) -> AttributedDeal:
    """Source and buyer merged: what was booked stays, unless a person says that they were one company all along."""
    if not page.decided.one_company.get(
        (deal.id, deal.company_id or 0)
    ) and not page.posted.is_ordered(deal.id):
        return _frozen(deal, rows, page)
    found = _todays(batch, deal, page)
    return AttributedDeal(deal, found, _shared(batch, deal, found.sources), rejudge=True)


def _late(batch: Batch, deal: DealFacts, rows: Sequence[Row], page: DealPage) -> AttributedDeal:
    """A deal whose time for evidence is over: as it was booked, unless a person says that what came late counts."""
    kept = [
        source
        for source, _ in _united((_stored(row, page), row["share"]) for row in rows if row["share"])
    ]
    timely = (
        as_of_win.with_late_readings(kept, _todays(batch, deal, page).sources)
        if page.posted.may_grow(batch, deal.id)
        else None
    )
    if timely is not None:
        return AttributedDeal(deal, DealSources(timely), _shared(batch, deal, timely), timely=True)
    found = _todays(batch, deal, page, late=True)
    more = as_of_win.with_late_readings(kept, found.sources)
    would = _shared(batch, deal, more or ())
    if more is None or not review_tasks.says_otherwise(
        would, page.posted.booked(deal.id), batch.policy.rejudge_share
    ):
        return _frozen(deal, rows, page)
    answer = page.decided.rejudged.get((deal.id, review_tasks.mark_of(would)))
    if answer:
        return AttributedDeal(deal, replace(found, sources=more), would, rejudge=True)
    frozen = _frozen(deal, rows, page)
    return frozen if answer is False else replace(frozen, late=would)


def _rests_on_deleted(deal: DealFacts, rows: Sequence[Row], page: DealPage) -> bool:
    """Whether a booked deal is owed to a record that was deleted: tidying up takes nobody's credit back.

    HubSpot tells a privacy deletion together with an ordinary one, in any order; totals must not
    move with either.
    """
    owed = any(page.deleted & _owed_to(row) for row in rows if row["share"])
    return owed and bool(page.posted.booked(deal.id).live)


def _owed_to(row: Row) -> set[int]:
    """Whom a stored source rests on: who is credited, and on whose records it is written."""
    own = set() if row["contact_id"] is None else {row["contact_id"]}
    return own | stored_shapes.evidence_contacts(row)


def _may_rejudge(batch: Batch, deal: DealFacts, page: DealPage) -> bool:
    """Whether evidence still counts: nothing is booked yet, or the deal closed not long ago."""
    if page.posted.reevaluate or not deal.counts_as_won or not page.posted.booked(deal.id).live:
        return True
    ends = page.posted.evidence_ends(batch, deal)
    return ends is None or batch.now <= ends or page.posted.is_ordered(deal.id)


def _frozen(deal: DealFacts, rows: Sequence[Row], page: DealPage) -> AttributedDeal:
    """The deal with the shares it was given once; a forgotten person's share stays, without the person."""
    found = _united((_stored(row, page), row["share"]) for row in rows)
    shares = {source.key: share for source, share in found}
    rest = SHARE_ONE - sum(shares.values())
    amount = deal.amount_minor or 0
    parts = credit.split(amount, {**shares, credit.FIRST_ORDER: rest})
    derived = round(
        Fraction((SHARE_ONE - rest) * PPM, SHARE_ONE)
    )  # as it was rounded when it was judged
    lines = tuple(CreditLine(source, share, parts[source.key]) for source, share in found)
    allocation = Allocation(
        deal.id,
        amount,
        deal.currency or "",
        lines,
        rest,
        parts[credit.FIRST_ORDER],
        derived,
        derived,
        derived,
    )
    return AttributedDeal(
        deal, DealSources(tuple(source for source, _ in found)), allocation, settled=True
    )


def _united(found: Iterable[tuple[Source, int]]) -> list[tuple[Source, int]]:
    """Stored sources with their shares; those that turned out to be one since, as two records of a human, are one."""
    best: dict[str, tuple[Source, int]] = {}
    for source, share in found:
        kept, before = best.get(source.key, (source, 0))
        best[source.key] = (source if source.raw > kept.raw else kept, before + share)
    return list(best.values())


def _stored(row: Row, page: DealPage) -> Source:
    if stored_shapes.is_removed(row["body"]):
        return stored_shapes.removed_source(row)
    source = stored_shapes.source_of(row)
    if source.company_id is not None:
        source = replace(
            source, company_id=page.posted.firms.get(source.company_id, source.company_id)
        )
    if source.contact_id is None or source.person_id is None:
        return source
    contact = page.today.get(source.contact_id, source.contact_id)
    return replace(source, contact_id=contact, person_id=page.person_of.get(contact, contact))


def _todays(batch: Batch, deal: DealFacts, page: DealPage, *, late: bool = False) -> DealSources:
    """The deal's sources as of its first win, by what was known in time (with *late*: by all that is known now)."""
    until = None if late else page.posted.evidence_ends(batch, deal)
    deal = page.posted.as_first_won(deal)
    on_deal = {one.contact_id for one in deal.contacts}
    persons = {
        page.person_of[one]: one for one in sorted(on_deal, reverse=True) if one in page.person_of
    }
    # Who moved here and is active around the deal without being on it is suggested.
    beside = {
        page.person_of[one]: one for one in page.active.get(deal.id, ()) if one in page.person_of
    }
    own = [
        _as_present(move, on_deal, person_contact)
        for person, person_contact in {**beside, **persons}.items()
        for move in page.moves.get(person, ())
    ]
    told = list(_told(deal, page, persons))
    around = Surroundings(dict(page.contacts), page.touches.get(deal.id, ()), page.members)
    heard = tuple(
        deal_answers.labels(deal, persons, page.contacts, page.members, told, page.model_labels)
    )
    seen = as_of_win.known_by(
        until, as_of_win.Evidence(tuple(own), tuple(told), heard), batch.policy
    )
    return sources_of(
        deal,
        seen.moves,
        seen.referrals,
        around,
        policy=batch.policy,
        now=batch.now,
        labels=seen.labels,
    )


def _as_present(move: Move, on_deal: set[int], contact_id: int) -> Move:
    """The move as of the record of the person that is on the deal."""
    return move if move.new_contact_id in on_deal else replace(move, new_contact_id=contact_id)


def _told(deal: DealFacts, page: DealPage, persons: Mapping[int, int]) -> Iterable[Referral]:
    """Referrals of the deal, its company, and any record of the people on it."""
    yield from page.referrals.get(f"deal:{deal.id}", ())
    yield from page.referrals.get(f"company:{deal.company_id}", ()) if deal.company_id else ()
    for person, contact_id in persons.items():
        for one in page.members[person]:
            for referral in page.referrals.get(f"contact:{one}", ()):
                yield replace(referral, target=f"contact:{contact_id}")
