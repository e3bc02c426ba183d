"""A person as their page shows them: who they are now, their story, and what they led to."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.conclude import company_directory, record_facts
from integration.conclude.batch import Batch, open_batch
from integration.portal import record_names
from integration.portal.context import PortalContext
from integration.reports.ledger_lines import HomeTerms, home_terms
from integration.reports.records import record_card, timeline, two_accounts
from integration.reports.records.record_card import RecordCard
from integration.reports.records.timeline import Entry, Story, Teller
from integration.reports.records.two_accounts import TwoAccounts
from integration.review import reading
from integration.storage.database import Transaction
from integration.storage.findings import answer_labels, person_rows, source_rows, stored_shapes
from integration.storage.findings import timeline_rows as rows
from integration.storage.findings.timeline_rows import LAST, Place
from integration.storage.ledger import credit_rows
from integration.storage.ledger.credit_rows import Credited, CreditedSum
from integration.storage.mirror import mirror
from integration.storage.queue import page_context
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair
from mappings.rules.facts import PPM, ContactFacts, Directory
from mappings.rules.identity.record_profile import employer
from mappings.rules.job_changes.employments import timeline as employments

Json = dict[str, Any]
Names = Mapping[RefPair, str]
CREDITED = 20
"""So many of the deals that somebody led to stand on their page."""
_DECISIONS = 20
_RECORDS = 50  # of one human, that are read and named
# Labels that say nothing of how somebody heard of us.
_SAYS_NOTHING = frozenset({"unknown", "junk"})


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """All that a person's page shows.

    `record_ids` are all contacts of the human, `current_id` the one that has the person's figures
    in HubSpot. `employer_id` is where they are now. `has_left` says that they left a
    company for one that nobody knows. `credited` are the deals with the most credit,
    `credit` the sum of all.
    """

    card: RecordCard
    terms: HomeTerms
    record_ids: Sequence[int]
    current_id: int
    same_because: Sequence[str]
    employer_id: int | None
    story: Story
    two: TwoAccounts | None
    has_left: bool
    credited: Sequence[Credited]
    credit: CreditedSum
    decisions: Sequence[Json]
    questions: Sequence[Json]
    names: Names


@dataclass(frozen=True, slots=True)
class _Human:
    """The records of one human, and what is known from them."""

    person_id: int
    contact_ids: tuple[int, ...]
    same_because: tuple[str, ...]
    facts: Mapping[int, ContactFacts]
    known: Directory
    batch: Batch

    def employer_of(self, contact_id: int) -> int | None:
        contact = self.facts.get(contact_id)
        return employer(contact, self.known) if contact else None


def read(portal: PortalContext, contact_id: int, after: Place | None) -> PersonRecord | None:
    """Return a person's page by any of their contacts; None for a contact that never was here."""
    now = portal.runtime.now()
    with portal.transaction() as tx:
        card = record_card.load(tx, ObjectType.CONTACT, contact_id)
        if not card.is_known:
            return None
        return _record(tx, card, after, now)


def _record(tx: Transaction, card: RecordCard, after: Place | None, now: datetime) -> PersonRecord:
    home = home_terms(tx)
    human = _human(tx, card.record_id, now)
    current = _current(tx, card)
    subjects = source_rows.subjects_of(tx, human.contact_ids)
    told = rows.of_person(
        tx,
        human.person_id,
        human.contact_ids,
        subjects,
        after=after,
        limit=timeline.PAGE + 1,
    )
    teller = Teller(ObjectType.CONTACT, subjects)
    moves = two_accounts.moves_of(tx, human.person_id)
    others = _worked_out(tx, human, two_accounts.arrived_at(tx, moves))
    story = timeline.page(tx, teller, told, others, after, home)
    credited = credit_rows.credited_deals(tx, "person", subjects, home.currency, limit=CREDITED)
    two = two_accounts.of_person(tx, moves, human.contact_ids, subjects, home)
    employer_id = human.employer_of(current) or human.employer_of(card.record_id)
    about: list[RefPair] = [(ObjectType.CONTACT, number) for number in human.contact_ids]
    refs = {(ObjectType.CONTACT.value, current), *_refs(story, credited), *about}
    refs |= {(ObjectType.COMPANY.value, employer_id)} if employer_id else set()
    refs |= set(two.refs) if two else set()
    return PersonRecord(
        card=card,
        terms=home,
        record_ids=human.contact_ids,
        current_id=current,
        same_because=human.same_because,
        employer_id=employer_id,
        story=story,
        two=two,
        has_left=two is None and bool(moves),
        credited=credited,
        credit=credit_rows.credited_sum(tx, "person", subjects, home.currency),
        decisions=reading.decided_about(tx, about, now, limit=_DECISIONS),
        questions=reading.open_about(tx, about, limit=_DECISIONS),
        names=record_names.shown(tx, refs),
    )


def _human(tx: Transaction, contact_id: int, now: datetime) -> _Human:
    memberships = person_rows.memberships(tx, [contact_id])
    contact_ids = tuple(sorted(memberships))[:_RECORDS] or (contact_id,)
    batch = open_batch(tx, page_context.read(tx), now)
    facts = record_facts.living_contacts(batch, contact_ids)
    links = [
        link
        for _, row in sorted(memberships.items())
        for link in stored_shapes.links_of(row["because"])
    ]
    reasons = [reason.text for link in links for reason in link.reasons]
    person_id = memberships[contact_id]["person_id"] if contact_id in memberships else contact_id
    return _Human(
        person_id,
        contact_ids,
        tuple(dict.fromkeys(reasons)),
        facts,
        company_directory.directory(batch, facts.values()),
        batch,
    )


def _current(tx: Transaction, card: RecordCard) -> int:
    """The record that has the person's figures: the others name it in one of our fields."""
    number = card.values.get("second_order_same_person", "").partition(":")[2]
    if not number.isdigit():
        return card.record_id
    return mirror.resolve(tx, ObjectType.CONTACT, [int(number)])[int(number)]


def _refs(story: Story, credited: Sequence[Credited]) -> Iterator[RefPair]:
    for entry in story.entries:
        yield from entry.refs
    for line in credited:
        yield ObjectType.DEAL.value, line.deal_id
        if line.buyer_id:
            yield ObjectType.COMPANY.value, line.buyer_id


def _worked_out(tx: Transaction, human: _Human, arrived_at: Collection[int]) -> list[Entry]:
    """What the records tell themselves: employers, answers to surveys, how they heard of us.

    Of the companies *arrived_at* job changes tell already.
    """
    return [
        *_joined(human, arrived_at),
        *_answered(human),
        *_said(tx, human.contact_ids),
    ]


def _joined(human: _Human, told: Collection[int]) -> Iterator[Entry]:
    for span in employments(human.facts.values(), human.known):
        if span.company_id not in told:
            yield Entry(
                at=span.since,
                key=f"joined:{span.contact.id}:{span.company_id}",
                what="joined",
                contact_id=span.contact.id,
                company_id=span.company_id,
                known_from=span.how,
            )


def _answered(human: _Human) -> Iterator[Entry]:
    by_contact = record_facts.answers(human.batch, human.contact_ids)
    for answers in by_contact.values():
        for answer in answers:
            yield Entry(
                at=answer.at,
                key=f"answered:{answer.id}",
                what="answered",
                contact_id=answer.contact_id,
                company_id=answer.company_id,
                score=answer.score,
                quote=answer.comment,
                known_from="survey",
            )


def _said(tx: Transaction, contact_ids: Sequence[int]) -> Iterator[Entry]:
    for label in answer_labels.of_records(tx, ObjectType.CONTACT, contact_ids):
        if label.label not in _SAYS_NOTHING:
            yield Entry(
                at=label.at or LAST,
                key=f"said:{label.owner_id}:{label.place}:{label.label}",
                what="said",
                contact_id=label.owner_id,
                quote=label.quote,
                certainty=label.confidence / PPM,
                known_from=label.label,
            )
