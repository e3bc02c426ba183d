"""Touches around deals, and the life signs of contacts that only their activities show."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from integration.conclude.batch import Batch
from integration.storage.mirror import touches
from integration.storage.mirror.touches import TouchRow
from integration.storage.queue import activity_cursors
from mappings.rules.attribution.sources import end_of
from mappings.rules.facts import ContactFacts, DealFacts, Touch

# Around one deal the newest so many count: the rules ask for three meetings, five touches, or any
# at all.
MOST = 500


def are_read(batch: Batch) -> bool:
    """Whether this portal's activities are read; until they are, their absence means nothing."""
    return batch.portal_map.reads_activities and activity_cursors.are_read(batch.tx)


def contacts_on(deals: Iterable[DealFacts]) -> set[int]:
    """The contacts on any of these deals."""
    contacts = chain.from_iterable(deal.contacts for deal in deals)
    return {contact.contact_id for contact in contacts}


def of_deals(
    batch: Batch,
    deals: Mapping[int, DealFacts],
    person_of: Mapping[int, int],
    members: Mapping[int, Collection[int]],
) -> dict[int, tuple[Touch, ...]]:
    """Touches around each deal, oldest first: with anybody at its company or on the deal.

    They begin so long before its creation as the policy asks who was active then, and end with it.
    Nothing where activities are not read.
    """
    if not deals or not are_read(batch):
        return {}
    asked: dict[int, touches.Around] = {}
    for deal in deals.values():
        if not deal.archived:
            contact_ids = _all_contacts(deal, person_of, members)
            asked[deal.id] = _around(batch, deal, contact_ids)
    rows_of = touches.of_deal_contacts(batch.tx, asked, limit=MOST)
    return {deal_id: tuple(map(touch, rows)) for deal_id, rows in rows_of.items()}


def _around(batch: Batch, deal: DealFacts, contact_ids: set[int]) -> touches.Around:
    """The time and the people around a deal, at its company or among these contacts."""
    since = deal.created_at - timedelta(batch.policy.dormant_days)
    until = end_of(deal, batch.now)
    return touches.Around(deal.company_id, contact_ids, since, deal.created_at, until)


def _all_contacts(
    deal: DealFacts, person_of: Mapping[int, int], members: Mapping[int, Collection[int]]
) -> set[int]:
    """The contacts on a deal, with all other contacts of these persons."""
    contact_ids = contacts_on([deal])
    person_ids = {person_of[contact_id] for contact_id in contact_ids if contact_id in person_of}
    return contact_ids.union(*(members.get(person_id, ()) for person_id in person_ids))


def active(
    batch: Batch, deals: Mapping[int, DealFacts], touches_of: Mapping[int, Sequence[Touch]]
) -> dict[int, frozenset[int]]:
    """Contacts at a deal's company who were often in touch while it was open and are not on it."""
    active_on: dict[int, frozenset[int]] = {}
    for deal_id, around in touches_of.items():
        counts = _counts_beside(deals[deal_id], around)
        often = {
            contact_id
            for contact_id, count in counts.items()
            if count >= batch.policy.suspected_activities
        }
        if often:
            active_on[deal_id] = frozenset(often)
    return active_on


def _counts_beside(deal: DealFacts, around: Iterable[Touch]) -> Counter[int]:
    """How often each contact that is not on a deal was in touch since it was created."""
    on_deal = contacts_on([deal])
    since = (touch.contact_id for touch in around if touch.at >= deal.created_at)
    return Counter(contact_id for contact_id in since if contact_id not in on_deal)


def touch(row: TouchRow) -> Touch:
    """A stored touch as the rules know it."""
    return Touch(
        row.contact_id, row.at, row.kind, row.company_id, row.deal_id, row.inbound, row.two_way
    )


def alive(batch: Batch, contacts: Mapping[int, ContactFacts]) -> dict[int, ContactFacts]:
    """The same contacts with the life signs of their activities; HubSpot's own times never go back.

    A contact that was merged has the signs of all the records it was.
    """
    if not batch.portal_map.reads_activities:
        return dict(contacts)
    signs = touches.signs(batch.tx, contacts, until=batch.now)
    return {
        contact_id: _with_signs(facts, signs.get(contact_id))
        for contact_id, facts in contacts.items()
    }


def _with_signs(facts: ContactFacts, signs: touches.Signs | None) -> ContactFacts:
    if signs is None:
        return facts
    return replace(
        facts,
        last_activity_at=_later(facts.last_activity_at, signs.last_at),
        last_reply_at=_later(facts.last_reply_at, signs.last_reply_at),
        left_reply_at=_later(facts.left_reply_at, signs.left_reply_at),
        first_touch_at=signs.first_at,
        touches=signs.number,
    )


def _later(a: datetime | None, b: datetime | None) -> datetime | None:
    return max(a, b) if a and b else a or b
