"""Deal pages: a page of deals, loaded with everything that they are judged by."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from integration.conclude import deal_touches, overrides, record_facts
from integration.conclude.batch import Batch
from integration.conclude.deals import credit_note_matching, deal_answers, posted_entries
from integration.conclude.people import stored_moves
from integration.conclude.referrals import referral_search
from integration.portal.occurrence import known_ids
from integration.storage.database import Row
from integration.storage.findings import person_rows, source_rows, stored_shapes
from integration.storage.ledger import entry_rows
from integration.storage.mirror import mirror
from mappings.kinds import ObjectType
from mappings.rules.facts import ContactFacts, DealFacts, Touch
from mappings.rules.findings import Move, Referral
from mappings.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class PeopleAround:
    """The people around a page of deals: on them, credited with them, or in touch beside them.

    `person_of` goes from contacts to persons and `members` from persons to all their contacts;
    `today` has today's id of each credited contact. `touches` and `active` go by deal: what
    happened around it, and contacts that are often in touch without being on it.
    """

    person_of: Mapping[int, int]
    members: Mapping[int, tuple[int, ...]]
    today: Mapping[int, int]
    touches: Mapping[int, tuple[Touch, ...]]
    active: Mapping[int, Collection[int]]


@dataclass(frozen=True, slots=True)
class DealPage:
    """Deals, the people around them, and everything those people are known for.

    Judging asks nothing else. `stored` are the sources that each deal was given before,
    `original_sources` those of the deal that a credit note takes money back from. `deleted` are
    deleted contacts that stored sources rest on.
    """

    deals: Mapping[int, DealFacts]
    people: PeopleAround
    contacts: Mapping[int, ContactFacts]
    moves: Mapping[int, Sequence[Move]]
    referrals: Mapping[str, Sequence[Referral]]
    stored: Mapping[int, Sequence[Row]]
    posted: posted_entries.PostedEntries
    deleted: set[int]
    decisions: overrides.DealDecisions
    original_sources: Mapping[int, Sequence[Row]]
    model_labels: deal_answers.ModelLabels
    policy: Policy
    now: datetime


def load(batch: Batch, deal_ids: Collection[int]) -> DealPage:
    """Load what a page of deals is judged by, with a bounded number of queries."""
    deals = record_facts.deals(batch, deal_ids)
    referral_search.of_deals(batch, deals, deal_ids)
    stored = source_rows.of_deals(batch.tx, deal_ids)
    original_sources = credit_note_matching.original_sources(batch, deals)
    people = _people(batch, deals, [*_flat(stored), *_flat(original_sources)])
    contact_ids = people.person_of.keys() | deal_touches.contacts_on(deals.values())
    return DealPage(
        deals,
        people,
        contacts=record_facts.contacts(batch, contact_ids),
        moves=_moves(batch, set(people.members)),
        referrals=_referrals(batch, _referral_targets(deals, contact_ids)),
        stored=stored,
        posted=posted_entries.PostedEntries.of(
            batch, entry_rows.of_deals(batch.tx, deal_ids), deals
        ),
        deleted=_deleted_evidence(batch, _flat(stored)),
        decisions=overrides.DealDecisions.load(batch, deal_ids),
        original_sources=original_sources,
        model_labels=deal_answers.model_labels_of(batch, deals, contact_ids),
        policy=batch.policy,
        now=batch.now,
    )


def evidence_contacts(source: Row) -> set[int]:
    """The contacts that a stored source rests on: who is credited, and whose records name it."""
    return known_ids([source["contact_id"]]) | stored_shapes.evidence_contacts(source)


def _flat(rows_of: Mapping[int, Sequence[Row]]) -> list[Row]:
    return list(chain.from_iterable(rows_of.values()))


def _people(batch: Batch, deals: Mapping[int, DealFacts], sources: Iterable[Row]) -> PeopleAround:
    credited = known_ids(source["contact_id"] for source in sources)
    today = mirror.resolve(batch.tx, ObjectType.CONTACT, credited) if credited else {}
    contact_ids = deal_touches.contacts_on(deals.values()) | set(today.values())
    person_of, members = person_rows.groups(batch.tx, contact_ids)
    touches = deal_touches.of_deals(batch, deals, person_of, members)
    active = deal_touches.active(batch, deals, touches)
    if active:
        known = set(person_of).union(*active.values())
        person_of, members = person_rows.groups(batch.tx, known)
    return PeopleAround(person_of, members, today, touches, active)


def _deleted_evidence(batch: Batch, sources: Iterable[Row]) -> set[int]:
    contact_ids = set[int]().union(*map(evidence_contacts, sources))
    return mirror.deleted(batch.tx, ObjectType.CONTACT, contact_ids)


def _moves(batch: Batch, person_ids: set[int]) -> dict[int, list[Move]]:
    moves: dict[int, list[Move]] = {}
    for row, move in stored_moves.moves_of(batch, person_ids):
        moves.setdefault(row["person_id"], []).append(move)
    return moves


def _referral_targets(deals: Mapping[int, DealFacts], contact_ids: Iterable[int]) -> set[str]:
    """The records whose referrals count for these deals: people, the deals and their companies."""
    targets = {f"contact:{contact_id}" for contact_id in contact_ids}
    targets |= {f"deal:{deal_id}" for deal_id in deals}
    companies = known_ids(deal.company_id for deal in deals.values())
    return targets | {f"company:{company_id}" for company_id in companies}


def _referrals(batch: Batch, targets: set[str]) -> dict[str, list[Referral]]:
    """Referrals by the record that they brought, the referrers being the persons of today."""
    referrals = _whole_referrals(batch, targets)
    referrers = known_ids(referral.referrer_contact_id for referral in referrals)
    person_of = person_rows.persons_of(batch.tx, referrers) if referrers else {}
    by_target: dict[str, list[Referral]] = {}
    for referral in referrals:
        today = _with_person(referral, person_of)
        by_target.setdefault(referral.target, []).append(today)
    return by_target


def _with_person(referral: Referral, person_of: Mapping[int, int]) -> Referral:
    contact_id = referral.referrer_contact_id
    if contact_id is None or contact_id not in person_of:
        return referral
    return replace(referral, referrer_person_id=person_of[contact_id])


def _whole_referrals(batch: Batch, targets: set[str]) -> list[Referral]:
    """The referrals that brought these records.

    One that cannot be read whole is found anew, or goes.
    """
    rows = source_rows.referrals_to(batch.tx, targets)
    damaged = _damaged(rows)
    if damaged:
        referral_search.anew(batch, [(row["owner_type"], row["owner_id"]) for row in damaged])
        rows = source_rows.referrals_to(batch.tx, targets)
        gone = [(row["owner_type"], row["owner_id"], row["referral_key"]) for row in _damaged(rows)]
        source_rows.change_referrals(batch.tx, gone=gone, new=())
    readings = [stored_shapes.read_referral(row) for row in rows]
    return [reading.value for reading in readings if reading.is_whole]


def _damaged(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if not stored_shapes.read_referral(row).is_whole]
