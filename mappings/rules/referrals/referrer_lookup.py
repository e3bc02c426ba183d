"""Referrer look-up: who could have recommended us, by name, address, company and code."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from mappings.rules.facts import ContactFacts, Directory
from mappings.rules.identity.linkage import employer
from mappings.rules.text import names

Key = TypeVar("Key", str, int)


def _never(_company: int, _at: datetime) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ReferrerLookup:
    """Who could have recommended us; the mappings may load what they are asked for.

    `by_email` and `by_name` (folded, see `names.full_key`) lead to contact ids; `at_company` lists
    a company's contacts; `codes` are tracked codes, casefolded, `ended_codes` since when those
    that were revoked count no more; `champions` are persons that count as former champions.
    """

    contacts: Mapping[int, ContactFacts]
    companies: Directory
    person_of: Mapping[int, int] = field(default_factory=dict)
    by_email: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    by_name: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    at_company: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    ended_codes: Mapping[str, datetime] = field(default_factory=dict)
    champions: frozenset[int] = frozenset()
    is_customer: Callable[[int, datetime], bool] = _never

    def person(self, contact_id: int) -> int:
        """The person a contact is a record of."""
        return self.person_of.get(contact_id, contact_id)

    def speaks_for_customer(self, contact_id: int, at: datetime | None) -> bool:
        """Whether this contact was at a customer then, or is a former champion."""
        contact = self.contacts.get(contact_id)
        if contact is None:
            return False
        return self.is_customers(self.person(contact_id), employer(contact, self.companies), at)

    def is_customers(
        self, person_id: int | None, company_id: int | None, at: datetime | None
    ) -> bool:
        """Whether this person, at this company, spoke as a customer then."""
        return person_id in self.champions or self.was_customer(company_id, at)

    def was_customer(self, company_id: int | None, at: datetime | None) -> bool:
        """Whether a company was a customer then; False where either is unknown."""
        return company_id is not None and at is not None and self.is_customer(company_id, at)

    def humans(self, contact_ids: Iterable[int]) -> tuple[int, ...]:
        """One record of each human among these contacts, the one with the lowest id."""
        first_records: dict[int, int] = {}
        for contact_id in sorted(contact_ids):
            first_records.setdefault(self.person(contact_id), contact_id)
        return tuple(sorted(first_records.values()))


def referrer_lookup(
    contacts: Iterable[ContactFacts],
    known: Directory,
    *,
    person_of: Mapping[int, int] | None = None,
    codes: Mapping[str, int] | None = None,
    ended_codes: Mapping[str, datetime] | None = None,
    champions: frozenset[int] = frozenset(),
    is_customer: Callable[[int, datetime], bool] = _never,
) -> ReferrerLookup:
    """Build the lookups from contacts in memory."""
    by_id = {contact.id: contact for contact in contacts if not contact.archived}
    codes_by_key = {code.casefold(): contact_id for code, contact_id in (codes or {}).items()}
    return ReferrerLookup(
        contacts=by_id,
        companies=known,
        person_of=person_of or {},
        by_email=_ids_by(by_id.values(), _emails),
        by_name=_ids_by(by_id.values(), _full_names),
        at_company=_ids_by(by_id.values(), partial(_employers, known)),
        codes=codes_by_key,
        ended_codes=ended_codes or {},
        champions=champions,
        is_customer=is_customer,
    )


def _ids_by(
    contacts: Iterable[ContactFacts], keys_of: Callable[[ContactFacts], Iterable[Key]]
) -> dict[Key, tuple[int, ...]]:
    ids: defaultdict[Key, list[int]] = defaultdict(list)
    for contact in contacts:
        for key in keys_of(contact):
            ids[key].append(contact.id)
    return {key: tuple(own) for key, own in ids.items()}


def _emails(contact: ContactFacts) -> Iterable[str]:
    return contact.emails


def _full_names(contact: ContactFacts) -> Iterable[str]:
    if contact.first_name and contact.last_name:
        yield names.full_key(contact.first_name, contact.last_name)


def _employers(known: Directory, contact: ContactFacts) -> Iterable[int]:
    company_id = employer(contact, known)
    return () if company_id is None else (company_id,)
