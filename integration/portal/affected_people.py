"""Affected people: the contacts and persons that a change concerns.

A contact under the word `person` is grouped and its moves are found without it being read again.
"""

from collections.abc import Collection, Iterable

from integration.portal.occurrence import Occurrence, people_of, refs
from integration.storage.database import Row
from integration.storage.findings import move_rows, person_rows
from integration.storage.mirror import mirror, touch_dependents
from mappings.kinds import PERSON, ObjectType
from mappings.records.rows import RefPair


def contacts(occurrence: Occurrence) -> set[RefPair]:
    """The contacts that changed."""
    return refs(ObjectType.CONTACT, occurrence.contacts)


def persons(occurrence: Occurrence) -> set[RefPair]:
    """The contacts that changed, as persons."""
    return refs(PERSON, occurrence.contacts)


def persons_of_today(occurrence: Occurrence) -> set[RefPair]:
    """The contacts, as persons, under the ids they had and those they have."""
    today = mirror.resolve(occurrence.tx, ObjectType.CONTACT, occurrence.contacts)
    return refs(PERSON, {*occurrence.contacts, *today.values()})


def all_contacts(occurrence: Occurrence) -> set[RefPair]:
    """The contacts that changed, with all other contacts of the same persons."""
    return refs(ObjectType.CONTACT, occurrence.same_persons)


def first_contacts(occurrence: Occurrence) -> set[RefPair]:
    """One contact of each person: with it the whole person is looked at."""
    members = person_rows.members(occurrence.tx, occurrence.persons)
    return refs(ObjectType.CONTACT, (contact_ids[0] for contact_ids in members.values()))


def linked_contacts(occurrence: Occurrence) -> set[RefPair]:
    """All contacts of the persons that the records are linked to."""
    return refs(ObjectType.CONTACT, occurrence.linked_persons)


# Companies' people


def staff(occurrence: Occurrence) -> set[RefPair]:
    """The people who are, or were, at one of the companies."""
    return refs(ObjectType.CONTACT, occurrence.staff)


def staff_by_keys(occurrence: Occurrence) -> set[RefPair]:
    """The people of the companies and of those under them, by keys of today and changed ones."""
    company_ids = occurrence.companies_with_children
    return refs(PERSON, people_of(occurrence.tx, company_ids, occurrence.keys))


# Moves


def movers_of_companies(occurrence: Occurrence) -> set[RefPair]:
    """The persons who came to or left one of the companies."""
    return refs(PERSON, occurrence.movers)


def contacts_of_movers(occurrence: Occurrence) -> set[RefPair]:
    """All contacts of the persons who came to or left one of the companies."""
    members = person_rows.members(occurrence.tx, occurrence.movers)
    return refs(ObjectType.CONTACT, set[int]().union(*members.values()))


def movers_among_contacts(occurrence: Occurrence) -> set[RefPair]:
    """Those of the contacts' persons who moved."""
    _, members = person_rows.groups(occurrence.tx, occurrence.contacts)
    return _moved(occurrence, members)


def movers_among_linked(occurrence: Occurrence) -> set[RefPair]:
    """Those of the linked contacts' persons who moved."""
    person_of = person_rows.persons_of(occurrence.tx, occurrence.linked_contacts)
    return _moved(occurrence, person_of.values())


def _moved(occurrence: Occurrence, person_ids: Iterable[int]) -> set[RefPair]:
    moves = move_rows.of_persons(occurrence.tx, set(person_ids))
    return refs(PERSON, (move["person_id"] for move in moves))


# Touches


def living_persons(occurrence: Occurrence) -> set[RefPair]:
    """The persons whose touches say where they work."""
    return refs(PERSON, occurrence.living_contacts)


def touched_contacts(occurrence: Occurrence) -> set[RefPair]:
    """The contacts the touches were with: a note may say who recommended us to them."""
    return refs(ObjectType.CONTACT, touch_dependents.contacts(occurrence.tx, occurrence.touches))


# A person who is forgotten; found before they are


def other_contacts(occurrence: Occurrence) -> set[RefPair]:
    """The forgotten person's other contacts."""
    return refs(ObjectType.CONTACT, occurrence.same_persons - set(occurrence.contacts))


def referrers_of_forgotten(occurrence: Occurrence) -> set[RefPair]:
    """All contacts of those who referred the forgotten person."""
    referrers = _referrers(occurrence.referrals_around_contacts)
    person_of, _ = person_rows.groups(occurrence.tx, referrers)
    return refs(ObjectType.CONTACT, person_of.keys() - set(occurrence.contacts))


def _referrers(referrals: Collection[Row]) -> set[int]:
    return {referral["referrer_contact_id"] for referral in referrals} - {None}
