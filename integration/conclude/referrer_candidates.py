"""Referrer candidates: who could be meant by what a page of records says.

They are found by key and set-wise; nobody else of the portal is looked at.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from integration.conclude import (
    champion_strength,
    company_directory,
    deal_touches,
    record_facts,
    stored_moves,
)
from integration.conclude.batch import Batch
from integration.portal.occurrence import known_ids, people_of
from integration.storage.findings import pending_mentions, person_rows
from mappings.kinds import ObjectType, Status
from mappings.rules.facts import (
    SELF_REPORTED,
    ContactFacts,
    DealFacts,
    Directory,
    Note,
    ReferralLink,
    TextKind,
    Thread,
    texts_of,
)
from mappings.rules.identity import companies
from mappings.rules.referrals import mentions, referrals
from mappings.rules.text import names, self_reported
from mappings.rules.text.address_kinds import clean_email

_LONGEST_NAME, _LONGEST_TEXT = 4, 40  # words
# A name or address that more contacts bear names nobody.
_MOST_NAMESAKES = 50
# The kinds of keys under which contacts are found, and those by which a new contact is waited for.
_PERSON_KINDS = frozenset({"mail", "name", "record", "code"})
_AWAITED_KINDS = frozenset({"mail", "name", "code"})

ReportingRecord = ContactFacts | DealFacts
"""A record whose fields, labels or texts may report a referral."""
Key = tuple[str, str]
"""What somebody is found by: its kind (mail, name, firm, record, code) and value."""
Holders = Mapping[Key, tuple[int, ...]]
"""The contacts that hold each key."""


@dataclass(frozen=True, slots=True)
class MentionPage:
    """Records of one type that may report referrals, with the links, notes and mails about them."""

    owner_type: ObjectType
    owners: Mapping[int, ReportingRecord]
    links: Mapping[int, tuple[ReferralLink, ...]] = field(default_factory=dict)
    notes: Mapping[int, tuple[Note, ...]] = field(default_factory=dict)
    threads: Mapping[int, tuple[Thread, ...]] = field(default_factory=dict)

    def has_reports_about(self, owner_id: int) -> bool:
        """Whether a link, note or mail may report a referral of a record."""
        return owner_id in self.links or owner_id in self.notes or owner_id in self.threads

    @property
    def all_links(self) -> list[ReferralLink]:
        """The links of all records."""
        return list(chain.from_iterable(self.links.values()))

    @property
    def all_threads(self) -> list[Thread]:
        """The mails of all records."""
        return list(chain.from_iterable(self.threads.values()))


def candidates_for(
    batch: Batch,
    page: MentionPage,
    reporting: Mapping[int, ReportingRecord],
    picked: Collection[int],
) -> referrals.ReferrerLookup:
    """Who could be meant by these records, or was *picked* by a person."""
    mentioned = _Mentioned.by(reporting.values(), page)
    holders = person_rows.with_keys(batch.tx, mentioned.person_keys)
    contact_ids = {*picked, *batch.codes.values()}
    contact_ids |= _holding_rare_keys(holders)
    contact_ids |= _linked_contacts(page)
    contact_ids |= _staff_of_named(batch, mentioned)
    contact_ids |= deal_touches.contacts_on(_deals(reporting))
    contacts = _with_facts(batch, contact_ids, reporting)
    referred = _referred_companies(page, reporting)
    known = company_directory.directory(
        batch, contacts.values(), names=mentioned.firm_names, ids=referred
    )
    return _lookup(batch, contacts, known, holders)


def _lookup(
    batch: Batch, contacts: Mapping[int, ContactFacts], known: Directory, holders: Holders
) -> referrals.ReferrerLookup:
    person_of = person_rows.persons_of(batch.tx, contacts)
    since = champion_strength.customers_since(batch, set(known.companies))
    return referrals.referrer_lookup(
        contacts.values(),
        known,
        person_of=person_of,
        codes={**_code_holders(holders), **batch.codes},
        champions=_champions(batch, set(person_of.values())),
        is_customer=CustomerTest(known, since),
    )


# Texts and keys


@dataclass(frozen=True, slots=True)
class _Mentioned:
    """What a page's records say, and the keys under which whom they name is found."""

    texts: Sequence[str]
    keys: set[Key]

    @classmethod
    def by(cls, records: Collection[ReportingRecord], page: MentionPage) -> "_Mentioned":
        texts = list(_texts(records, page))
        keys = {("code", referrals.code_key(code)) for code in _codes(records)}
        return cls(texts, keys.union(*map(_keys_in, texts)))

    @property
    def person_keys(self) -> list[Key]:
        return [key for key in self.keys if key[0] in _PERSON_KINDS]

    @property
    def firm_names(self) -> set[str]:
        return {companies.plain_name(value) for kind, value in self.keys if kind == "firm"} - {""}


def _keys_in(text: str) -> set[Key]:
    """The keys under which the people and companies that a text can name are found."""
    addresses = {clean_email(text), *mentions.mails(text)} - {""}
    keys = {("mail", address) for address in addresses}
    keys |= {("name", name) for name in _possible_names(text)}
    keys |= {("firm", name) for name in _possible_firms(text)}
    if referrals.is_id(text):
        keys.add(("record", text.strip()))
    return keys


def _texts(records: Iterable[ReportingRecord], page: MentionPage) -> Iterator[str]:
    """Every text of these records that can name somebody, and the notes about them."""
    for record in records:
        for mapped in texts_of(record, TextKind.REFERRER, *SELF_REPORTED):
            yield mapped.text
        for note in page.notes.get(record.id, ()):
            yield note.text


def _codes(records: Iterable[ReportingRecord]) -> Iterator[str]:
    for record in records:
        for mapped in texts_of(record, TextKind.CODE):
            yield mapped.text


def _possible_names(text: str) -> set[str]:
    """The groups of words that can be a person's name, in the order of `names.full_key`."""
    spans = (" ".join(sorted(words)) for words in _word_groups(text, shortest=2))
    return {span for span in spans if len(span) <= names.LONGEST}


def _possible_firms(text: str) -> set[str]:
    """The groups of words that can be a company's name."""
    spans = (" ".join(words) for words in _word_groups(text, shortest=1))
    return {span for span in spans if len(span) <= names.LONGEST}


def _word_groups(text: str, shortest: int) -> Iterator[list[str]]:
    words = names.fold(text).split()[:_LONGEST_TEXT]
    for size in range(shortest, _LONGEST_NAME + 1):
        for start in range(len(words) - size + 1):
            yield words[start : start + size]


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


def _deals(records: Mapping[int, ReportingRecord]) -> list[DealFacts]:
    return [record for record in records.values() if isinstance(record, DealFacts)]


def _referred_companies(page: MentionPage, reporting: Mapping[int, ReportingRecord]) -> set[int]:
    """The companies that a referral of the page can have brought."""
    buyers = known_ids(deal.company_id for deal in _deals(reporting))
    return buyers | _referred(page, ObjectType.COMPANY)


def _with_facts(
    batch: Batch, contact_ids: Collection[int], reporting: Mapping[int, ReportingRecord]
) -> dict[int, ContactFacts]:
    """The candidates that exist, and the reporting contacts themselves."""
    known = record_facts.contacts(batch, contact_ids)
    living = {contact_id: contact for contact_id, contact in known.items() if not contact.archived}
    reporters = {
        record_id: record
        for record_id, record in reporting.items()
        if isinstance(record, ContactFacts)
    }
    return living | reporters


def _staff_of_named(batch: Batch, mentioned: _Mentioned) -> set[int]:
    """Contacts of named companies whose first or last name stands in one of the texts."""
    named = company_directory.directory(batch, names=mentioned.firm_names)
    company_ids = set(named.by_name.values())
    if not company_ids:
        return set()
    said = _words_of(mentioned.texts)
    staff = people_of(batch.tx, company_ids)
    contact_ids: set[int] = set()
    for contact_id, name in person_rows.texts(batch.tx, staff, "firstname").items():
        if _is_said(names.tokens(name), said):
            contact_ids.add(contact_id)
    for contact_id, name in person_rows.texts(batch.tx, staff, "lastname").items():
        if not said.isdisjoint(names.tokens(name)[-1:]):
            contact_ids.add(contact_id)
    return contact_ids


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


# Mentions of people who are not known yet


def keep_pending_mentions(
    batch: Batch,
    page: MentionPage,
    claimed: Collection[int],
    reporting: Mapping[int, ReportingRecord],
) -> None:
    """Remember whom these texts name: they are read again when such a person appears."""
    mentioned = dict.fromkeys(claimed, frozenset[str]())
    for owner_id, record in reporting.items():
        if owner_id in mentioned:
            mentioned[owner_id] = _awaited(_Mentioned.by([record], page).keys)
    pending_mentions.replace(batch.tx, page.owner_type, mentioned)


def _awaited(keys: Iterable[Key]) -> frozenset[str]:
    """Whole names, addresses and codes of people, and the first words of companies."""
    return frozenset(f"{kind}:{value}" for kind, value in keys if _is_awaited(kind, value))


def _is_awaited(kind: str, value: str) -> bool:
    if kind == "firm":
        return len(value) > 1 and " " not in value
    return kind in _AWAITED_KINDS and bool(value)
