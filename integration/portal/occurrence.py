"""Occurrence: one change that took place in a portal, and what it is about."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict

from integration.storage.database import Row, Transaction
from integration.storage.findings import move_rows, person_rows, source_rows
from integration.storage.mirror import company_keys, mirror, touch_dependents
from integration.storage.mirror.touches import TouchRow
from mappings.kinds import ObjectType
from mappings.records.portal_map import PortalMap
from mappings.records.rows import RefPair
from mappings.rules.policy import Policy

LookUpKey = tuple[str, str]
# The kind of key that finds the contacts who mean a company, by the kind of the company's own key.
_CONTACTS_KIND = {"domain": "host", "name": "firm"}


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides how far a change reaches: the portal's words, policy and import."""

    portal_map: PortalMap
    policy: Policy
    imported: bool


class Extent(TypedDict, total=False):
    """What a change is about: records by id, or by what they are found by."""

    contacts: Collection[int]
    persons: Collection[int]
    companies: Collection[int]
    deals: Collection[int]
    records: Collection[RefPair]
    keys: Collection[LookUpKey]
    touches: Collection[TouchRow]


@dataclass(frozen=True)
class Occurrence:
    """A change that took place in a portal. What several rows look for is looked up once."""

    tx: Transaction
    terms: Terms | None = None
    contacts: Collection[int] = ()
    persons: Collection[int] = ()
    companies: Collection[int] = ()
    deals: Collection[int] = ()
    records: Collection[RefPair] = ()
    keys: Collection[LookUpKey] = ()
    touches: Collection[TouchRow] = ()

    @property
    def is_about_nothing(self) -> bool:
        """Whether nothing is named that changed."""
        by_id = (self.contacts, self.persons, self.companies, self.deals, self.records)
        return not any((*by_id, self.keys, self.touches))

    @property
    def known_terms(self) -> Terms:
        """The portal's terms; a change that reaches so far must be recorded with them."""
        if self.terms is None:
            raise ValueError("How far this change reaches depends on the portal's terms: give them")
        return self.terms

    @cached_property
    def same_persons(self) -> set[int]:
        """The contacts, and all others that are the same persons."""
        person_of, _ = person_rows.groups(self.tx, self.contacts)
        return {*self.contacts, *person_of}

    @cached_property
    def companies_with_children(self) -> set[int]:
        """The companies, and those under them: what a parent is called is called its children's."""
        return {*self.companies, *company_keys.below(self.tx, self.companies)}

    @cached_property
    def staff(self) -> set[int]:
        """The people who are, or were, at one of the companies."""
        return people_of(self.tx, self.companies)

    @cached_property
    def movers(self) -> set[int]:
        """The persons who came to or left one of the companies."""
        return move_rows.movers(self.tx, self.companies)

    @cached_property
    def linked_contacts(self) -> set[int]:
        """The contacts that the records are linked to."""
        return self.linked(ObjectType.CONTACT)

    @cached_property
    def linked_persons(self) -> set[int]:
        """The linked contacts, and all others that are the same persons."""
        person_of, _ = person_rows.groups(self.tx, self.linked_contacts)
        return {*self.linked_contacts, *person_of}

    def linked(self, to_type: str) -> set[int]:
        """The ids of the records of one type that the records are linked to."""
        record_ids: set[int] = set()
        for object_type, from_ids in by_type(self.records).items():
            links = mirror.links_from(self.tx, object_type, from_ids, to_type)
            record_ids |= {link.to_id for link in links}
        return record_ids

    @cached_property
    def living_contacts(self) -> set[int]:
        """The contacts whose touches say where they work."""
        return touch_dependents.contacts(self.tx, touch_dependents.life_signs(self.touches))

    @cached_property
    def referrals_around_contacts(self) -> Sequence[Row]:
        """The stored referrals that the contacts made, reported or were brought by."""
        targets = {f"contact:{contact_id}" for contact_id in self.contacts}
        return (
            *source_rows.referrals_by(self.tx, contact_ids=self.contacts),
            *source_rows.referrals_told_by(self.tx, ObjectType.CONTACT, self.contacts),
            *source_rows.referrals_to(self.tx, targets),
        )


def refs(object_type: str, record_ids: Iterable[int]) -> set[RefPair]:
    """Records of one type."""
    return {(object_type, record_id) for record_id in record_ids}


def known_ids(record_ids: Iterable[int | None]) -> set[int]:
    """The ids of those records that are known."""
    return {record_id for record_id in record_ids if record_id is not None}


def people_of(
    tx: Transaction, company_ids: Collection[int], changed: Iterable[LookUpKey] = ()
) -> set[int]:
    """Contacts that mean, or meant, one of these companies: by link, address or typed name.

    *changed* are look-up keys that came or went: who was found by one that is gone counts as well.
    """
    keys = set(changed).union(*company_keys.keys_of(tx, company_ids).values())
    wanted = {(_CONTACTS_KIND[kind], value) for kind, value in keys if kind in _CONTACTS_KIND}
    wanted |= {("at", str(company_id)) for company_id in company_ids}
    return set[int]().union(*person_rows.with_keys(tx, wanted).values())


def by_type(records: Iterable[RefPair]) -> Mapping[str, set[int]]:
    """The ids of records of several types, by type."""
    apart: dict[str, set[int]] = {}
    for object_type, record_id in records:
        apart.setdefault(object_type, set()).add(record_id)
    return apart
