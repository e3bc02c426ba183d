"""Contact caps of a portal's people: who may get a survey now, and who opted out of all."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.findings import person_rows
from integration.storage.mirror import lookups
from integration.storage.success import approach_rows, do_not_ask_rows
from mappings.formats import day
from mappings.kinds import ObjectType
from mappings.records import values
from mappings.rules.policy import Policy
from mappings.rules.success import contact_cap
from mappings.rules.success.contact_cap import Approach, ApproachKind, Rest

LOOKED_BACK = timedelta(days=400)
"""How far back approaches are read: further than any rest lasts."""
_OPTED_OUT = "hs_email_optout"


def note(tx: Transaction, approach: Approach, *, by: str) -> bool:
    """Note that somebody was approached, who rests from now on; False if it was noted before."""
    if not approach_rows.note(tx, approach, by=by):
        return False
    invalidation.record(tx, Change.PERSON_APPROACHED, contacts=[approach.contact_id])
    return True


def take_back(tx: Transaction, kind: ApproachKind, key: str, contact_id: int) -> None:
    """Say that an approach of a contact never took place."""
    if approach_rows.take_back(tx, kind, key):
        invalidation.record(tx, Change.PERSON_APPROACHED, contacts=[contact_id])


def rests_from_surveys(
    tx: Transaction, contact_ids: Collection[int], now: datetime, policy: Policy
) -> dict[int, tuple[Rest, ...]]:
    """Say of each contact why it gets no survey now; empty for one that may get one.

    All records of a person count as one.
    """
    person_of, members = person_rows.groups(tx, contact_ids)
    everybody = {*contact_ids, *person_of}
    opted_out = opt_outs(tx, everybody)
    approaches = approach_rows.of_contacts(tx, everybody, since=now - LOOKED_BACK)
    rests: dict[int, tuple[Rest, ...]] = {}
    for contact_id in contact_ids:
        own = members.get(person_of.get(contact_id, contact_id), (contact_id,))
        rests[contact_id] = contact_cap.rests_from_surveys(
            [approach for approach in approaches if approach.contact_id in own],
            now,
            policy,
            opted_out=first_said(opted_out, own),
        )
    return rests


def rests_from_asks(
    tx: Transaction, contact_id: int, company_id: int, now: datetime, policy: Policy
) -> tuple[Rest, ...]:
    """Say why a person at a company is not asked now, by what was noted until this moment.

    Answered surveys are left to the judgement of the person, which is as of the last event.
    """
    person_of, _ = person_rows.groups(tx, [contact_id])
    own = {contact_id, *person_of}
    since = now - LOOKED_BACK
    approaches = approach_rows.of_contacts(tx, own, since=since)
    near = approach_rows.of_companies(tx, [company_id], since=since)
    return contact_cap.rests_from_asks(
        [approach for approach in approaches if approach.kind == ApproachKind.ASK],
        [approach for approach in near if approach.contact_id not in own],
        now,
        policy,
        opted_out=first_said(opt_outs(tx, own), sorted(own)),
    )


def opt_outs(tx: Transaction, contact_ids: Collection[int]) -> dict[int, str]:
    """Return in words why these contacts must not be asked; one that may be is left out."""
    noted = do_not_ask_rows.in_force(tx, contact_ids)
    said = {
        contact_id: f'"do not ask" was noted on {day(row["at"])}'
        for contact_id, row in noted.items()
    }
    written = lookups.values_of(tx, ObjectType.CONTACT, contact_ids, _OPTED_OUT)
    for contact_id, text in written.items():
        if values.truth(text).value:
            said.setdefault(contact_id, "they opted out of e-mail in HubSpot")
    return said


def first_said(opted_out: Mapping[int, str], contact_ids: Sequence[int]) -> str:
    """Why a person must not be asked, by the first of their records that says so; else empty."""
    return next((opted_out[one] for one in contact_ids if one in opted_out), "")
