"""Touches in a step: what happened around deals, and life signs that records themselves do not tell."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from integration.conclude.batch import Batch
from integration.storage.mirror import touches
from integration.storage.mirror.touches import TouchRow
from integration.storage.queue import activity_cursors
from mappings.rules.attribution.sources import end_of
from mappings.rules.facts import ContactFacts, DealFacts, Touch

# Around one deal the newest so many are looked at: the rules ask for three meetings, five touches,
# or any at all.
MOST = 500


def are_read(batch: Batch) -> bool:
    """Whether this portal's activities are read; while they are not, their absence means nothing."""
    return batch.portal_map.reads_activities and activity_cursors.are_read(batch.tx)


def of_deals(
    batch: Batch,
    deals: Mapping[int, DealFacts],
    person_of: Mapping[int, int],
    members: Mapping[int, Collection[int]],
) -> dict[int, tuple[Touch, ...]]:
    """What happened around each deal, oldest first: with anybody at its company, and with the people on it.

    From so long before its creation as the policy asks who was active then, to its end. Nothing
    where nobody reads.
    """
    if not deals or not are_read(batch):
        return {}
    before = timedelta(batch.policy.dormant_days)
    asked = {
        deal.id: touches.Around(
            deal.company_id,
            _everybody(deal, person_of, members),
            deal.created_at - before,
            deal.created_at,
            end_of(deal, batch.now),
        )
        for deal in deals.values()
        if not deal.archived
    }
    found = touches.of_deal_contacts(batch.tx, asked, limit=MOST)
    return {deal: tuple(touch(row) for row in rows) for deal, rows in found.items()}


def active(
    batch: Batch, deals: Mapping[int, DealFacts], touched: Mapping[int, Sequence[Touch]]
) -> dict[int, frozenset[int]]:
    """Contacts at a deal's company who were often in touch while it was open and are not on it."""
    found: dict[int, frozenset[int]] = {}
    for deal_id, seen in touched.items():
        deal = deals[deal_id]
        own = {one.contact_id for one in deal.contacts}
        often = Counter(
            one.contact_id
            for one in seen
            if one.at >= deal.created_at and one.contact_id not in own
        )
        if busy := frozenset(
            one for one, n in often.items() if n >= batch.policy.suspected_activities
        ):
            found[deal_id] = busy
    return found


def _everybody(
    deal: DealFacts, person_of: Mapping[int, int], members: Mapping[int, Collection[int]]
) -> set[int]:
    """The contacts on a deal, with every other record of these persons."""
    own = {one.contact_id for one in deal.contacts}
    return own | {
        other for one in own if one in person_of for other in members.get(person_of[one], ())
    }


def touch(row: TouchRow) -> Touch:
    """A stored touch as the rules know it."""
    return Touch(
        row.contact_id, row.at, row.kind, row.company_id, row.deal_id, row.inbound, row.two_way
    )


def alive(batch: Batch, contacts: Mapping[int, ContactFacts]) -> dict[int, ContactFacts]:
    """The same contacts with the life signs that only their activities tell; HubSpot's own clocks are never set back.

    A contact that was merged has the signs of all the records it was.
    """
    found = (
        touches.signs(batch.tx, contacts, until=batch.now)
        if batch.portal_map.reads_activities
        else {}
    )
    if not found:
        return dict(contacts)
    return {
        one: _alive(facts, found[one]) if one in found else facts for one, facts in contacts.items()
    }


def _alive(facts: ContactFacts, seen: touches.Signs) -> ContactFacts:
    return replace(
        facts,
        last_activity_at=_later(facts.last_activity_at, seen.last_at),
        last_reply_at=_later(facts.last_reply_at, seen.last_reply_at),
        left_reply_at=_later(facts.left_reply_at, seen.left_reply_at),
        first_touch_at=seen.first_at,
        touches=seen.number,
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other
