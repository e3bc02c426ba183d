"""Arrivals: since when a mover was at the buyer, where the CRM's record of it came late.

A rep opens a deal and makes or corrects its contact's record afterwards, so that the move seems to
come after the deal.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mappings.kinds import Timing
from mappings.rules.facts import ContactFacts, DealContact, DealFacts
from mappings.rules.findings import Move, Reason
from mappings.rules.policy import Policy

# Made within so long of the deal, a record is of the same sitting.
_ONE_SITTING: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OnDeal:
    """The first of a person's records on a deal, and since when it is there."""

    contact: DealContact
    joined_at: datetime


def on_deal(
    deal: DealFacts, own: Collection[int], contacts: Mapping[int, ContactFacts]
) -> OnDeal | None:
    """How a person with these contact records is on a deal; None for whoever is not."""
    records = [contact for contact in deal.contacts if contact.contact_id in own]
    if not records:
        return None
    first = min(records, key=_first_to_join)
    return OnDeal(first, _joined_at(deal, first, contacts))


def _first_to_join(record: DealContact) -> tuple[bool, float, int]:
    """Dated associations first, by date: one of a person's records stands for them on a deal."""
    return record.at is None, record.at.timestamp() if record.at else 0.0, record.contact_id


def _joined_at(
    deal: DealFacts, record: DealContact, contacts: Mapping[int, ContactFacts]
) -> datetime:
    """When the contact came onto the deal.

    Unknown means with the deal, or with its own record if that is younger.
    """
    if record.at is not None:
        return record.at
    contact = contacts.get(record.contact_id)
    return max(deal.created_at, contact.created_at) if contact else deal.created_at


def as_of_opening(deal: DealFacts, move: Move, mover: OnDeal, policy: Policy) -> Move:
    """The move as of the deal's opening, where its person was there before the record said so.

    Only a dated association shows that of days: without a date the person may have come onto the
    deal together with the correction.
    """
    late = move.moved_at - deal.created_at
    if not _is_from_the_beginning(deal, mover, policy) or late <= timedelta(0):
        return move
    was_seen = mover.contact.at is not None and mover.contact.at < move.moved_at
    is_known = was_seen and late <= timedelta(policy.late_record_days)
    return opened(deal, move, _late_record(deal, move)) if is_known or late < _ONE_SITTING else move


def opened(deal: DealFacts, move: Move, why: Reason) -> Move:
    """The move, made by the time when the deal was opened, and why that is believed."""
    at = min(move.moved_at, deal.created_at)
    return replace(
        move,
        earliest=min(move.earliest, at),
        latest=at,
        moved_at=at,
        reasons=(*move.reasons, why),
    )


def perhaps_there(deal: DealFacts, move: Move, mover: OnDeal, policy: Policy) -> Reason | None:
    """Why the person may have been at the buyer when the deal was opened, if that is a question."""
    late = move.moved_at - deal.created_at
    is_near = timedelta(0) < late <= timedelta(policy.late_record_asked_days)
    if not is_near or not _is_from_the_beginning(deal, mover, policy):
        return None
    evidence = (f"deal:{deal.id}", f"contact:{move.new_contact_id}")
    text = f"is on the deal; {_late_record(deal, move).text}"
    return Reason(Timing.UNSURE, text, deal.created_at, evidence)


def _is_from_the_beginning(deal: DealFacts, mover: OnDeal, policy: Policy) -> bool:
    return mover.joined_at <= deal.created_at + timedelta(policy.present_within_days)


def _late_record(deal: DealFacts, move: Move) -> Reason:
    days = round((move.moved_at - deal.created_at) / timedelta(days=1))
    how_late = {0: "hours", 1: "a day"}.get(days, f"{days} days")
    text = f"the record shows the new company {how_late} after the deal opened"
    return Reason("late_record", text, move.moved_at)
