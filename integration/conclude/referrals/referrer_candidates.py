"""Referrer candidates: who could be meant by what a page of records says.

They are found by key and set-wise; nobody else of the portal is looked at.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from integration.conclude import company_directory, deal_touches, record_facts
from integration.conclude.batch import Batch
from integration.conclude.people import champion_strength, stored_moves
from integration.conclude.referrals.mention_page import MentionPage
from integration.conclude.referrals.mentioned_keys import Mentioned
from integration.portal.occurrence import LookUpKey, known_ids, people_of
from integration.storage.findings import person_rows
from integration.storage.program import code_rows
from mappings.kinds import ObjectType, Status
from mappings.rules.facts import (
    ContactFacts,
    DealFacts,
    Directory,
)
from mappings.rules.identity import companies
from mappings.rules.referrals import referrals
from mappings.rules.text import names, self_reported

# A name or address that more contacts bear names nobody.
_MOST_NAMESAKES = 50

Holders = Mapping[LookUpKey, tuple[int, ...]]
"""The contacts that hold each key."""


def candidates_for(
    batch: Batch, page: MentionPage, picked: Collection[int]
) -> referrals.ReferrerLookup:
    """Who could be meant by a page of records, or was *picked* by a person."""
    mentioned = Mentioned.by(page.reporting.values(), page)
    firm_names = mentioned.firm_names
    holders = person_rows.with_keys(batch.tx, mentioned.person_keys)
    contact_ids = {*picked, *batch.codes.values()}
    contact_ids |= _holding_rare_keys(holders)
    contact_ids |= _linked_contacts(page)
    contact_ids |= _staff_of_named(batch, firm_names, mentioned.texts)
    contact_ids |= deal_touches.contacts_on(_deals(page))
    contacts = _with_facts(batch, contact_ids, page)
    referred = _referred_companies(page)
    known = company_directory.directory(batch, contacts.values(), names=firm_names, ids=referred)
    ended_codes = code_rows.revoked(batch.tx, mentioned.codes) if batch.has_codes else {}
    return _lookup(batch, contacts, known, holders, ended_codes)


def _lookup(
    batch: Batch,
    contacts: Mapping[int, ContactFacts],
    known: Directory,
    holders: Holders,
    ended_codes: Mapping[str, datetime],
) -> referrals.ReferrerLookup:
    person_of = person_rows.persons_of(batch.tx, contacts)
    since = champion_strength.customers_since(batch, set(known.companies))
    return referrals.referrer_lookup(
        contacts.values(),
        known,
        person_of=person_of,
        codes={**_code_holders(holders), **batch.codes},
        ended_codes=ended_codes,
        champions=_champions(batch, set(person_of.values())),
        is_customer=CustomerTest(known, since),
    )


# Candidates


def _holding_rare_keys(holders: Holders) -> set[int]:
    rare = (contact_ids for contact_ids in holders.values() if len(contact_ids) <= _MOST_NAMESAKES)
    return set(chain.from_iterable(rare))


def _code_holders(holders: Holders) -> dict[str, int]:
    """The contact of each code that one contact alone holds."""
    codes: dict[str, int] = {}
    for (kind, value), contact_ids in holders.items():
        if kind == "code" and len(contact_ids) == 1:
            codes[value] = contact_ids[0]
    return codes


def _linked_contacts(page: MentionPage) -> set[int]:
    """The contacts at either end of the page's links, and those on its mails."""
    contact_ids = {link.referrer_contact_id for link in page.all_links}
    contact_ids |= _referred(page, ObjectType.CONTACT)
    for thread in page.all_threads:
        contact_ids.update(thread.contact_ids)
    return contact_ids


def _referred(page: MentionPage, object_type: ObjectType) -> set[int]:
    return {link.referred_id for link in page.all_links if link.referred_type == object_type}


def _deals(page: MentionPage) -> list[DealFacts]:
    return [record for record in page.reporting.values() if isinstance(record, DealFacts)]


def _referred_companies(page: MentionPage) -> set[int]:
    """The companies that a referral of the page can have brought."""
    buyers = known_ids(deal.company_id for deal in _deals(page))
    return buyers | _referred(page, ObjectType.COMPANY)


def _with_facts(
    batch: Batch, contact_ids: Collection[int], page: MentionPage
) -> dict[int, ContactFacts]:
    """The candidates that exist, and the reporting contacts themselves."""
    known = record_facts.contacts(batch, contact_ids)
    living = {contact_id: contact for contact_id, contact in known.items() if not contact.archived}
    reporters = {
        record_id: record
        for record_id, record in page.reporting.items()
        if isinstance(record, ContactFacts)
    }
    return living | reporters


def _staff_of_named(batch: Batch, firm_names: set[str], texts: Iterable[str]) -> set[int]:
    """Contacts of named companies whose first or last name stands in one of the texts."""
    named = company_directory.directory(batch, names=firm_names)
    company_ids = set(named.by_name.values())
    if not company_ids:
        return set()
    said = _words_of(texts)
    staff = people_of(batch.tx, company_ids)
    return _with_first_name(batch, staff, said) | _with_last_name(batch, staff, said)


def _with_first_name(batch: Batch, staff: Collection[int], said: set[str]) -> set[int]:
    first_names = person_rows.texts(batch.tx, staff, "firstname")
    return {
        contact_id for contact_id, name in first_names.items() if _is_said(names.tokens(name), said)
    }


def _with_last_name(batch: Batch, staff: Collection[int], said: set[str]) -> set[int]:
    last_names = person_rows.texts(batch.tx, staff, "lastname")
    return {
        contact_id
        for contact_id, name in last_names.items()
        if not said.isdisjoint(names.tokens(name)[-1:])
    }


def _words_of(texts: Iterable[str]) -> set[str]:
    words: set[str] = set()
    for text in texts:
        words.update(names.fold(text[: self_reported.LONGEST]).split())
    return words


def _is_said(first_names: tuple[str, ...], said: set[str]) -> bool:
    """Whether a first name, in any of its forms, is among the words."""
    if not first_names:
        return False
    name = first_names[0]
    if not said.isdisjoint({name, *names.given_forms(name)}):
        return True
    return any(name in names.given_forms(word) for word in said)


def _champions(batch: Batch, person_ids: set[int]) -> frozenset[int]:
    return frozenset(
        row["person_id"]
        for row, move in stored_moves.moves_of(batch, person_ids)
        if move.status == Status.AUTO and move.strength >= batch.policy.champion_at
    )


@dataclass(frozen=True, slots=True)
class CustomerTest:
    """Whether a company was a customer then: by a won deal, or by the stage the owner chose."""

    known: Directory
    since: Mapping[int, datetime]

    def __call__(self, company_id: int, at: datetime) -> bool:
        """Answer for one company, or for what it was merged into."""
        since = self.since.get(companies.survivor(self.known, company_id))
        return since is not None and since <= at
