"""Deal evidence: the moves, referrals and answers that speak for a deal, and their sources."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from integration.conclude.deals import deal_answers
from integration.conclude.deals.deal_page import DealPage
from mappings.rules.attribution import arrivals
from mappings.rules.attribution.sources import DealSources, Surroundings, sources_of
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Move, Reason, Referral, Source
from mappings.rules.ledger import as_of_win


def known_in_time(deal: DealFacts, page: DealPage) -> DealSources:
    """The deal's sources as of its first win, by what was known while evidence counted."""
    first_won = page.posted.as_first_won(deal)
    evidence = _evidence(first_won, page)
    until = page.posted.evidence_ends(deal)
    return _sources(first_won, as_of_win.known_by(until, evidence, page.policy), page)


def known_now(deal: DealFacts, page: DealPage) -> DealSources:
    """The deal's sources as of its first win, by all that is known now."""
    first_won = page.posted.as_first_won(deal)
    return _sources(first_won, _evidence(first_won, page), page)


def _sources(deal: DealFacts, evidence: as_of_win.Evidence, page: DealPage) -> DealSources:
    people = page.people
    around = Surroundings(dict(page.contacts), people.touches.get(deal.id, ()), people.members)
    derived = sources_of(
        deal,
        evidence.moves,
        evidence.referrals,
        around,
        policy=page.policy,
        now=page.now,
        labels=evidence.labels,
    )
    return replace(derived, arrivals=tuple(_unanswered(deal, derived.arrivals, page)))


def _unanswered(deal: DealFacts, arrivals: Iterable[Source], page: DealPage) -> Iterator[Source]:
    for source in arrivals:
        if (deal.id, source.contact_id) not in page.decisions.was_there:
            yield source


def _evidence(deal: DealFacts, page: DealPage) -> as_of_win.Evidence:
    """Moves of the people around a deal, referrals, and what self-reported answers say."""
    contact_ids = {contact.contact_id for contact in deal.contacts}
    # Of a person with two contacts on the deal the lower id stands for both.
    persons = _contact_of_person(sorted(contact_ids, reverse=True), page)
    # Who moved here and is active around the deal without being on it is suggested.
    beside = _contact_of_person(page.people.active.get(deal.id, ()), page)
    referrals = tuple(_referrals(deal, page, persons))
    labels = deal_answers.labels(
        deal, persons, page.contacts, page.people.members, referrals, page.model_labels
    )
    found = _moves({**beside, **persons}, contact_ids, page)
    moves = [_as_answered(deal, move, page) for move in found]
    return as_of_win.Evidence(tuple(moves), referrals, tuple(labels))


def _contact_of_person(contact_ids: Iterable[int], page: DealPage) -> dict[int, int]:
    """One contact of each person among these: the last of several."""
    person_of = page.people.person_of
    return {person_of[contact]: contact for contact in contact_ids if contact in person_of}


def _moves(
    contact_of_person: Mapping[int, int], on_deal: set[int], page: DealPage
) -> Iterator[Move]:
    """Moves of these persons, each as of the person's contact on the deal."""
    for person_id, contact_id in contact_of_person.items():
        for move in page.moves.get(person_id, ()):
            is_on_deal = move.new_contact_id in on_deal
            yield move if is_on_deal else replace(move, new_contact_id=contact_id)


def _as_answered(deal: DealFacts, move: Move, page: DealPage) -> Move:
    """The move as of the deal's opening, where somebody said that its person was there by then."""
    if not page.decisions.was_there.get((deal.id, move.new_contact_id)):
        return move
    text = "a person said that they were there when the deal opened"
    return arrivals.opened(deal, move, Reason("human_decision", text))


def _referrals(deal: DealFacts, page: DealPage, persons: Mapping[int, int]) -> Iterator[Referral]:
    """Referrals of the deal, its company, and any contact of the people on it."""
    yield from page.referrals.get(f"deal:{deal.id}", ())
    if deal.company_id is not None:
        yield from page.referrals.get(f"company:{deal.company_id}", ())
    for person_id, contact_id in persons.items():
        for member_id in page.people.members[person_id]:
            for referral in page.referrals.get(f"contact:{member_id}", ()):
                yield replace(referral, target=f"contact:{contact_id}")
