"""Rings: who could have recommended us, as lookups that may be as lazy as the caller likes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mappings.rules.facts import ContactFacts, Directory
from mappings.rules.identity.linkage import employer
from mappings.rules.text import names


def _never(_company: int, _at: datetime) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ReferrerLookup:
    """Who could have recommended us.

    `by_email` and `by_name` (folded, see `names.full_key`) lead to contact ids; `at_company` lists
    a company's contacts; `codes` are tracked codes, casefolded; `champions` are persons that count
    as former champions.
    """

    contacts: Mapping[int, ContactFacts]
    companies: Directory
    person_of: Mapping[int, int] = field(default_factory=dict)
    by_email: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    by_name: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    at_company: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
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

    def is_customers(self, person: int | None, company: int | None, at: datetime | None) -> bool:
        """Whether this person, at this company, spoke as a customer then."""
        if person is not None and person in self.champions:
            return True
        return company is not None and at is not None and self.is_customer(company, at)

    def humans(self, contact_ids: Iterable[int]) -> tuple[int, ...]:
        """One record of each human among these contacts, the oldest."""
        found: dict[int, int] = {}
        for one in sorted(contact_ids):
            found.setdefault(self.person(one), one)
        return tuple(sorted(found.values()))


def referrer_lookup(
    contacts: Iterable[ContactFacts],
    known: Directory,
    *,
    person_of: Mapping[int, int] | None = None,
    codes: Mapping[str, int] | None = None,
    champions: frozenset[int] = frozenset(),
    is_customer: Callable[[int, datetime], bool] = _never,
) -> ReferrerLookup:
    """Build the lookups from contacts in memory."""
    by_id = {contact.id: contact for contact in contacts if not contact.archived}
    by_email: dict[str, list[int]] = {}
    by_name: dict[str, list[int]] = {}
    at_company: dict[int, list[int]] = {}
    for contact in by_id.values():
        for email in contact.emails:
            by_email.setdefault(email, []).append(contact.id)
        if contact.first_name and contact.last_name:
            by_name.setdefault(names.full_key(contact.first_name, contact.last_name), []).append(
                contact.id
            )
        if (company := employer(contact, known)) is not None:
            at_company.setdefault(company, []).append(contact.id)
    return ReferrerLookup(
        by_id,
        known,
        person_of or {},
        {key: tuple(ids) for key, ids in by_email.items()},
        {key: tuple(ids) for key, ids in by_name.items()},
        {key: tuple(ids) for key, ids in at_company.items()},
        {code.casefold(): contact for code, contact in (codes or {}).items()},
        champions,
        is_customer,
    )
