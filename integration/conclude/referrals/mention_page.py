"""Mention pages: contacts or deals that may report referrals, and what is said about them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TypeVar

from integration.conclude import deal_touches, record_facts
from integration.conclude.batch import Batch
from integration.storage.mirror import lookups, touch_mentions
from integration.storage.success import ask_rows
from mappings.kinds import ObjectType
from mappings.records.referral_links import referral_links
from mappings.rules.facts import (
    TELLS_OF_REFERRALS,
    ContactFacts,
    DealFacts,
    Note,
    ReferralLink,
    Thread,
    texts_of,
)
from mappings.rules.referrals import introductions

T = TypeVar("T")
ReportingRecord = ContactFacts | DealFacts
"""A record whose fields, labels or texts may report a referral."""
# The types of records whose links with a contact or a deal can say who referred whom.
_LINKED_TYPES = {
    ObjectType.CONTACT: (ObjectType.CONTACT, ObjectType.COMPANY),
    ObjectType.DEAL: (ObjectType.CONTACT,),
}


@dataclass(frozen=True)
class MentionPage:
    """Records of one type that may report referrals, with the links, notes and mails about them."""

    owner_type: ObjectType
    owners: Mapping[int, ReportingRecord]
    links: Mapping[int, tuple[ReferralLink, ...]] = field(default_factory=dict)
    notes: Mapping[int, tuple[Note, ...]] = field(default_factory=dict)
    threads: Mapping[int, tuple[Thread, ...]] = field(default_factory=dict)

    @cached_property
    def reporting(self) -> Mapping[int, ReportingRecord]:
        """The records that can report a referral: by their texts, a link, a note or a mail."""
        linked = {*self.links, *self.notes, *self.threads}
        return {
            owner_id: record
            for owner_id, record in self.owners.items()
            if owner_id in linked or any(texts_of(record, *TELLS_OF_REFERRALS))
        }

    @property
    def all_links(self) -> list[ReferralLink]:
        """The links of all records."""
        return list(chain.from_iterable(self.links.values()))

    @property
    def all_threads(self) -> list[Thread]:
        """The mails of all records."""
        return list(chain.from_iterable(self.threads.values()))


def of_contacts(batch: Batch, contact_ids: Collection[int]) -> MentionPage:
    """Load contacts that exist, with what is said about them."""
    known = record_facts.contacts(batch, contact_ids)
    contacts = {
        contact_id: contact for contact_id, contact in known.items() if not contact.archived
    }
    return MentionPage(
        ObjectType.CONTACT,
        contacts,
        links=_grouped(
            [*_labelled(batch, ObjectType.CONTACT, contacts), *_introduced(batch, contacts)]
        ),
        notes=_notes(batch, ObjectType.CONTACT, contacts),
        threads=_threads(batch, contacts),
    )


def of_deals(batch: Batch, deals: Mapping[int, DealFacts]) -> MentionPage:
    """Those of these deals that exist, with what is said about them."""
    living = {deal_id: deal for deal_id, deal in deals.items() if not deal.archived}
    return MentionPage(
        ObjectType.DEAL,
        living,
        links=_grouped(_labelled(batch, ObjectType.DEAL, living)),
        notes=_notes(batch, ObjectType.DEAL, living),
    )


def _notes(
    batch: Batch, owner_type: ObjectType, owners: Mapping[int, ReportingRecord]
) -> dict[int, tuple[Note, ...]]:
    """The notes about these records that speak of recommending."""
    if not owners or not deal_touches.are_read(batch):
        return {}
    is_of_contacts = owner_type == ObjectType.CONTACT
    asked = {"contact_ids" if is_of_contacts else "deal_ids": owners}
    about: list[tuple[int, Note]] = []
    for note in map(_note, touch_mentions.notes(batch.tx, **asked)):
        if introductions.recommends(note):
            owner_ids = note.contact_ids if is_of_contacts else note.deal_ids
            about.extend((owner_id, note) for owner_id in owners.keys() & set(owner_ids))
    return _grouped(about)


def _note(row: touch_mentions.MentionedIn) -> Note:
    return Note(row.activity_id, row.at, row.text, row.contact_ids, row.company_ids, row.deal_ids)


def _threads(batch: Batch, contacts: Collection[int]) -> dict[int, tuple[Thread, ...]]:
    """First mails with these contacts that others were on.

    Mail that was logged here went to one of us.
    """
    if not contacts or not deal_touches.are_read(batch):
        return {}
    threads = map(_thread, touch_mentions.introductions(batch.tx, contacts))
    return {thread.prospect_id: (thread,) for thread in threads}


def _thread(row: touch_mentions.Introduction) -> Thread:
    return Thread(row.activity_id, row.at, row.contact_id, row.other_ids, row.sender_id)


def _labelled(
    batch: Batch, owner_type: ObjectType, owners: Mapping[int, ReportingRecord]
) -> Iterator[tuple[int, ReferralLink]]:
    """Labelled links that say that an owner was referred."""
    portal_map = batch.portal_map
    if not (portal_map.referred_by_labels or portal_map.referred_by_type_ids):
        return
    rows = lookups.links_around(batch.tx, owner_type, owners.keys(), *_LINKED_TYPES[owner_type])
    for link in referral_links(dict.fromkeys(rows), portal_map):
        owner_id = _reporter(link, owner_type)
        if owner_id is not None and owner_id in owners:
            yield owner_id, link


def _introduced(batch: Batch, contacts: Collection[int]) -> Iterator[tuple[int, ReferralLink]]:
    """Introductions of these contacts that were noted in answer to an ask."""
    for row in ask_rows.introductions(batch.tx, contacts):
        introduced_id = row["introduced_id"]
        yield (
            introduced_id,
            ReferralLink(
                row["asked_id"],
                ObjectType.CONTACT,
                introduced_id,
                at=row["outcome_at"],
                label="introduced",
                ask_id=row["ask_id"],
            ),
        )


def _reporter(link: ReferralLink, owner_type: ObjectType) -> int | None:
    """The record that reports a link: the referred; for a company the contact that referred it."""
    if link.referred_type == ObjectType.COMPANY:
        return link.referrer_contact_id
    return link.referred_id if link.referred_type == owner_type else None


def _grouped(pairs: Iterable[tuple[int, T]]) -> dict[int, tuple[T, ...]]:
    """What belongs to each record, by its id."""
    grouped: dict[int, list[T]] = {}
    for record_id, value in pairs:
        grouped.setdefault(record_id, []).append(value)
    return {record_id: tuple(values) for record_id, values in grouped.items()}
