"""Ringing: who could be meant by what a page of records tells, found by key and set-wise, and nobody else."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from integration.conclude import (
    champion_strength,
    company_directory,
    record_facts,
    stored_moves,
)
from integration.conclude.batch import Batch
from integration.portal.occurrence import people_of
from integration.storage.findings import pending_mentions, person_rows
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
_MOST_NAMESAKES = 50
Told = ContactFacts | DealFacts


@dataclass(frozen=True, slots=True)
class MentionPage:
    """Records of one type that tell of referrals, with what they tell and what is told of them."""

    owner_type: str
    owners: Mapping[int, Told]
    links: Mapping[int, tuple[ReferralLink, ...]] = field(default_factory=dict)
    notes: Mapping[int, tuple[Note, ...]] = field(default_factory=dict)
    threads: Mapping[int, tuple[Thread, ...]] = field(default_factory=dict)

    def is_told_of(self, owner: int) -> bool:
        """Whether labels, notes or mails tell something of a record."""
        return owner in self.links or owner in self.notes or owner in self.threads


def _texts(told: Iterable[Told], page: "MentionPage | None" = None) -> list[str]:
    """Every text of these records that can name somebody, and the notes about them."""
    found = []
    for one in told:
        found += [text.text for text in texts_of(one, TextKind.REFERRER, *SELF_REPORTED)]
        found += [note.text for note in page.notes.get(one.id, ())] if page else []
    return found


def _spans(text: str, shortest: int) -> set[str]:
    """The word groups of a text that can be a name."""
    found = names.fold(text).split()[:_LONGEST_TEXT]
    spans = {
        " ".join(
            sorted(found[start : start + size]) if shortest > 1 else found[start : start + size]
        )
        for size in range(shortest, _LONGEST_NAME + 1)
        for start in range(len(found) - size + 1)
    }
    return {span for span in spans if len(span) <= names.LONGEST}


def wanted_keys(told: Iterable[Told], page: MentionPage | None = None) -> set[tuple[str, str]]:
    """Under which keys the people and companies that these texts name would be found."""
    told = list(told)
    keys: set[tuple[str, str]] = set()
    for text in _texts(told, page):
        email = clean_email(text)
        keys |= {("mail", one) for one in (email, *mentions.mails(text)) if one}
        keys |= {("name", span) for span in _spans(text, 2)}
        keys |= {("firm", span) for span in _spans(text, 1)}
        keys |= {("record", text.strip())} if referrals.is_id(text) else set()
    codes = (text.text for one in told for text in texts_of(one, TextKind.CODE))
    return keys | {("code", referrals.code_key(code)) for code in codes}


def candidates_for(
    batch: Batch, page: MentionPage, telling: Mapping[int, Told], picked: Collection[int]
) -> referrals.ReferrerLookup:
    """Who could be meant by these records: found by key, set-wise, and nobody else."""
    keys = wanted_keys(telling.values(), page)
    plain = {companies.plain_name(value) for kind, value in keys if kind == "firm"} - {""}
    named = company_directory.directory(batch, names=plain)
    hits = person_rows.with_keys(
        batch.tx, [key for key in keys if key[0] in {"mail", "name", "record", "code"}]
    )
    found = {one for ids in hits.values() if len(ids) <= _MOST_NAMESAKES for one in ids} | set(
        picked
    )
    found |= {link.referrer_contact_id for links in page.links.values() for link in links}
    found |= {
        link.referred_id
        for links in page.links.values()
        for link in links
        if link.referred_type == "contact"
    }
    found |= {
        one for threads in page.threads.values() for thread in threads for one in thread.contact_ids
    }
    found |= _staff_of(batch, set(named.by_name.values()), _texts(telling.values(), page))
    found |= {one for told in telling.values() if isinstance(told, DealFacts) for one in _on(told)}
    found |= set(batch.codes.values())
    contacts = {one: c for one, c in record_facts.contacts(batch, found).items() if not c.archived}
    contacts |= {one: told for one, told in telling.items() if isinstance(told, ContactFacts)}
    goals = {
        told.company_id
        for told in telling.values()
        if isinstance(told, DealFacts) and told.company_id
    }
    goals |= {
        link.referred_id
        for links in page.links.values()
        for link in links
        if link.referred_type == "company"
    }
    known = company_directory.directory(batch, contacts.values(), names=plain, ids=goals)
    person_of = person_rows.persons_of(batch.tx, contacts)
    codes = {
        value: ids[0] for (kind, value), ids in hits.items() if kind == "code" and len(ids) == 1
    }
    since = champion_strength.customers_since(batch, set(known.companies))
    return referrals.referrer_lookup(
        contacts.values(),
        known,
        person_of=person_of,
        codes={**codes, **batch.codes},
        champions=_champions(batch, set(person_of.values())),
        is_customer=CustomerTest(known, since),
    )


def _on(deal: DealFacts) -> tuple[int, ...]:
    return tuple(one.contact_id for one in deal.contacts)


def _staff_of(batch: Batch, company_ids: set[int], texts: Sequence[str]) -> set[int]:
    """Contacts of named companies whose first or last name stands in one of the texts."""
    if not company_ids:
        return set()
    said = {word for text in texts for word in names.fold(text[: self_reported.LONGEST]).split()}
    staff = people_of(batch.tx, company_ids)
    first, last = (person_rows.texts(batch.tx, staff, name) for name in ("firstname", "lastname"))
    found = {one for one, name in first.items() if _is_said(names.tokens(name), said)}
    return found | {one for one, name in last.items() if set(names.tokens(name)[-1:]) & said}


def _is_said(name: tuple[str, ...], said: set[str]) -> bool:
    """Whether a first name, in any of its forms, is among the words."""
    if not name:
        return False
    forms = names.given_forms(name[0])
    return not said.isdisjoint({name[0], *forms}) or any(
        name[0] in names.given_forms(word) for word in said
    )


def _champions(batch: Batch, person_ids: set[int]) -> frozenset[int]:
    return frozenset(
        row["person_id"]
        for row, move in stored_moves.moves_of(batch, person_ids)
        if move.status == "auto" and move.strength >= batch.policy.champion_at
    )


@dataclass(frozen=True, slots=True)
class CustomerTest:
    """Whether a company was a customer at a time: by a won deal, or by the stage the owner chose."""

    known: Directory
    since: Mapping[int, datetime]

    def __call__(self, company_id: int, at: datetime) -> bool:
        """Answer for one company."""
        company_id = companies.survivor(self.known, company_id)
        return company_id in self.since and self.since[company_id] <= at


def keep_pending_mentions(
    batch: Batch, page: MentionPage, claimed: Collection[int], telling: Mapping[int, Told]
) -> None:
    """Remember whom these texts name, so that they are read again when such a person appears."""
    wanted = {one: _mentioned_keys(wanted_keys([told], page)) for one, told in telling.items()}
    pending_mentions.replace(
        batch.tx, page.owner_type, {one: wanted.get(one, set()) for one in claimed}
    )


def _mentioned_keys(keys: Iterable[tuple[str, str]]) -> set[str]:
    """What to wait for: whole names, addresses and codes of people, the first words of companies."""
    found = {
        f"{kind}:{value}" for kind, value in keys if kind in {"mail", "name", "code"} and value
    }
    return found | {
        f"firm:{value}"
        for kind, value in keys
        if kind == "firm" and len(value) > 1 and " " not in value
    }
