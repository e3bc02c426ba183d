"""Identity keys: under what each contact can be found, as a block, a name or at a company.

Persons are grouped by the blocks they share, and how much a name says depends on how many bear it.
So the keys of a page, and in an import those of all contacts, are stored before any person is
grouped.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from integration.conclude import company_directory, record_facts
from integration.conclude.batch import Batch
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.findings import person_rows
from integration.storage.findings.person_rows import IdentityKey
from integration.storage.mirror import inbound_items, mirror
from integration.storage.program import code_rows
from mappings.kinds import ObjectType
from mappings.rules.facts import ContactFacts, TextKind
from mappings.rules.identity import linkage
from mappings.rules.identity.frequencies import values_of
from mappings.rules.referrals.referrals import code_key
from mappings.rules.text.names import tokens


@dataclass(frozen=True, slots=True)
class KeyPage:
    """Contacts whose keys are brought up to date.

    `claimed` are the ids to write keys of: those asked for, and the survivors of merged ones, but
    for records that could not be read. `before` are the stored keys, empty during the first import.
    """

    claimed: frozenset[int]
    contacts: Mapping[int, ContactFacts]
    codes: Mapping[int, set[IdentityKey]]
    before: Mapping[int, set[IdentityKey]]


def refresh(batch: Batch, contact_ids: Collection[int]) -> set[int]:
    """Store under which keys contacts can be found; return the contacts whose persons are due."""
    page = _load(batch, contact_ids)
    keys = {contact_id: _keys(page, contact_id) for contact_id in page.claimed}
    if _left_a_company(page, keys):
        # Recorded before the keys change: these companies are found by the keys that go.
        batch.changed(Change.EMPLOYER_CHANGED, contacts=page.claimed)
    person_rows.replace_keys(batch.tx, keys)
    _record(batch, page, keys)
    # Answers of somebody whom nobody knew waited for these ids and addresses.
    if adopted := inbound_items.adopt(batch.tx, page.claimed):
        batch.changed(Change.OUTSIDE_REPORTED, records=refs(ObjectType.CONTACT, adopted))
    return set(page.claimed)


def _load(batch: Batch, contact_ids: Collection[int]) -> KeyPage:
    survivors = mirror.resolve(batch.tx, ObjectType.CONTACT, contact_ids).values()
    claimed = {*contact_ids, *survivors}
    contacts = record_facts.living_contacts(batch, claimed)
    claimed -= batch.broken(ObjectType.CONTACT)
    codes = _own_codes(batch, contacts)
    # Before the import is through no text was read yet that could mean another.
    before = person_rows.keys_of(batch.tx, claimed) if batch.imported else {}
    return KeyPage(frozenset(claimed), contacts, codes, before)


def _own_codes(batch: Batch, contact_ids: Collection[int]) -> dict[int, set[IdentityKey]]:
    """The tracked codes that belong to contacts: of our program, and those the portal keeps there.

    A revoked code still says whose it was: what came by it before counts.
    """
    codes: dict[int, set[IdentityKey]] = {}
    rows = code_rows.of_contacts(batch.tx, contact_ids) if batch.has_codes else ()
    for row in rows:
        codes.setdefault(row.contact_id, set()).add(("code", code_key(row.code)))
    for _, name in batch.portal_map.mapped_texts(ObjectType.CONTACT, TextKind.OWN_CODE):
        for contact_id, text in person_rows.texts(batch.tx, contact_ids, name).items():
            if text.strip():
                codes.setdefault(contact_id, set()).add(("code", code_key(text)))
    return codes


def _keys(page: KeyPage, contact_id: int) -> set[IdentityKey]:
    """All keys of one contact; a gone one has none."""
    contact = page.contacts.get(contact_id)
    if contact is None:
        return set()
    return {
        ("contact", ""),  # held by every contact: how many there are is counted by it
        *_block_keys(contact),
        *_name_keys(contact),
        *values_of(contact),
        *company_directory.contact_keys(contact),
        *page.codes.get(contact_id, ()),
    }


def _block_keys(contact: ContactFacts) -> Iterable[IdentityKey]:
    for block in linkage.block_keys(contact):
        kind, _, value = block.partition(":")
        yield kind, value


def _name_keys(contact: ContactFacts) -> Iterable[IdentityKey]:
    """First and last name, each on its own: their frequencies are counted by these keys."""
    first = " ".join(tokens(contact.first_name))
    last = " ".join(tokens(contact.last_name))
    return (("first", first), ("last", last)) if first and last else ()


def _left_a_company(page: KeyPage, keys: Mapping[int, set[IdentityKey]]) -> bool:
    """Whether a contact is no longer at a company: its answers counted there until now."""
    gone = {key for contact_id, old in page.before.items() for key in old - keys[contact_id]}
    return any(kind == "at" for kind, _ in gone)


def _record(batch: Batch, page: KeyPage, keys: Mapping[int, set[IdentityKey]]) -> None:
    batch.changed(Change.CONTACT_NAMED, keys=set().union(*keys.values()))
    primary = {company for contact in page.contacts.values() for company in contact.company_ids[:1]}
    batch.changed(Change.COMPANY_STAFF_CHANGED, companies=primary)
    if batch.imported:
        company_directory.staff_changed(batch, _differing(page.before, keys))


def _differing(
    before: Mapping[int, set[IdentityKey]], now: Mapping[int, set[IdentityKey]]
) -> set[IdentityKey]:
    """The keys that a contact gained or lost."""
    differing = (keys ^ before.get(contact_id, set()) for contact_id, keys in now.items())
    return set().union(*differing)
