"""Touches of fetched activities: who was in touch with us, when, how, and at which company.

Of millions of activities only touches of the last three years are kept, and of their texts the few
that a rule reads.
"""

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from integration.ingest.stream_answers import OF_THE_WHOLE
from integration.portal import invalidation
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.mirror import mirror, touch_texts, touches
from integration.storage.mirror.touches import ActivityKey, TouchRow
from integration.storage.queue import activity_cursors
from mappings.kinds import ObjectType
from mappings.records import activity_records
from mappings.records.activity_records import NEAR, TYPES, Activity
from mappings.records.rows import Record

WINDOW = timedelta(days=1096)

AssociatedIds = Mapping[str, Sequence[int]]
"""Ids of the records that an activity is associated with, by object type."""

# What a portal does not let us read is left out: no activity is worth a pause of everything else.
unless_refused = contextlib.suppress(*OF_THE_WHOLE)


@dataclass(slots=True)
class FetchedActivities:
    """Activities as HubSpot has them now, each with its associated records.

    `keys` are the activities that were asked about. One without a counterpart in `activities` was
    deleted, or is no sign of a contact: its touches go.
    """

    keys: set[ActivityKey] = field(default_factory=set)
    activities: list[tuple[Activity, AssociatedIds]] = field(default_factory=list)

    @property
    def contact_ids(self) -> set[int]:
        """Every contact that one of the activities is associated with."""
        return {
            contact_id
            for _, associated in self.activities
            for contact_id in associated.get(ObjectType.CONTACT, ())
        }


class _Part(NamedTuple):
    """How one contact took part in an activity: the columns of its touch."""

    kind: str
    inbound: bool
    two_way: bool


def fetch(portal: PortalContext, refs: Mapping[str, Collection[int]]) -> FetchedActivities:
    """Read the activities among *refs* (ids by type); no transaction is open meanwhile."""
    fetched = FetchedActivities()
    for activity_type in TYPES:
        ids = sorted(refs.get(activity_type, ()))
        if ids and portal.map.reads_activities:
            with unless_refused:
                fetched.activities += _fetch_type(portal, activity_type, ids)
                fetched.keys |= {(activity_type, activity_id) for activity_id in ids}
    return fetched


def interpret(
    portal: PortalContext, records: Sequence[tuple[Record, AssociatedIds]]
) -> list[tuple[Activity, AssociatedIds]]:
    """What these records mean; records that are no sign of a contact are left out.

    Mail that a machine wrote may say that its sender left: those texts are fetched, in one call.
    """
    activities: list[tuple[Activity, AssociatedIds]] = []
    for record, associated in records:
        activity = activity_records.activity(record)
        if activity is not None:
            activities.append((activity, associated))
    machine_written = [
        activity.id
        for activity, associated in activities
        if activity.is_machine_written and associated.get(ObjectType.CONTACT)
    ]
    if not machine_written:
        return activities
    mails = portal.hubspot.read("email", machine_written, activity_records.TEXT).records
    texts = {mail.id: activity_records.mail_text(mail) for mail in mails}
    return [
        (activity_records.with_text(activity, texts.get(activity.id, "")), associated)
        for activity, associated in activities
    ]


def store(
    tx: Transaction,
    fetched: FetchedActivities,
    *,
    known_contacts: AbstractSet[int],
    now: datetime,
) -> None:
    """Bring touches in step with *fetched*; what they change is judged anew, once touches count.

    Contacts outside *known_contacts* asked to be forgotten: they get no touch.
    """
    if not fetched.keys:
        return
    recent = [
        (activity, associated)
        for activity, associated in fetched.activities
        if activity.at >= now - WINDOW
    ]
    rows = _touch_rows(tx, recent, known_contacts)
    texts = _texts_to_keep(recent, rows, known_contacts)
    changed = touches.replace(tx, fetched.keys, rows)
    reworded = touch_texts.keep(tx, fetched.keys, texts)
    if activity_cursors.are_read(tx):
        changed += [row for row in rows if row.key in reworded]
        invalidation.record(tx, Change.TOUCHES_CHANGED, touches=changed)


def _fetch_type(
    portal: PortalContext, activity_type: str, ids: Sequence[int]
) -> list[tuple[Activity, AssociatedIds]]:
    records = portal.hubspot.read(activity_type, ids, activity_records.READ[activity_type]).records
    associated: dict[int, dict[str, list[int]]] = {record.id: {} for record in records}
    for other_type in NEAR if associated else ():
        links_by_id = portal.hubspot.associations(activity_type, other_type, sorted(associated))
        for activity_id, links in links_by_id.items():
            associated.setdefault(activity_id, {})[other_type] = [link.to_id for link in links]
    return interpret(portal, [(record, associated[record.id]) for record in records])


def _texts_to_keep(
    recent: Iterable[tuple[Activity, AssociatedIds]],
    rows: Iterable[TouchRow],
    known_contacts: AbstractSet[int],
) -> dict[ActivityKey, tuple[datetime, str]]:
    """Texts of the activities that left a touch, each with its time."""
    touched = {row.key for row in rows}
    texts: dict[ActivityKey, tuple[datetime, str]] = {}
    for activity, associated in recent:
        # A text beside somebody who was forgotten may speak of them: it is not kept.
        if set(associated.get(ObjectType.CONTACT, ())) - known_contacts:
            continue
        key = (activity.type, activity.id)
        if activity.text and key in touched:
            texts[key] = (activity.at, activity.text)
    return texts


def _touch_rows(
    tx: Transaction,
    recent: Sequence[tuple[Activity, AssociatedIds]],
    known_contacts: AbstractSet[int],
) -> list[TouchRow]:
    """A touch for each contact of each activity."""
    employers = _employers(tx, known_contacts)
    addresses = _addresses_of_possible_senders(tx, recent)
    rows: list[TouchRow] = []
    for activity, associated in recent:
        company_ids = sorted(set(associated.get(ObjectType.COMPANY, ())))
        deal_ids = associated.get(ObjectType.DEAL, ())
        contact_ids = _contacts_with_a_touch(activity, associated, known_contacts)
        for contact_id in contact_ids:
            wrote = _wrote(activity, addresses.get(contact_id, frozenset()))
            part = _part(activity, wrote=wrote, is_alone=len(contact_ids) == 1)
            row = TouchRow(
                activity_type=activity.type,
                activity_id=activity.id,
                contact_id=contact_id,
                at=activity.at,
                kind=part.kind,
                company_id=_company(company_ids, employers.get(contact_id, ())),
                deal_id=min(deal_ids, default=None),
                inbound=part.inbound,
                two_way=part.two_way,
            )
            rows.append(row)
    return rows


def _contacts_with_a_touch(
    activity: Activity, associated: AssociatedIds, known_contacts: AbstractSet[int]
) -> list[int]:
    contact_ids = sorted(known_contacts & set(associated.get(ObjectType.CONTACT, ())))
    if contact_ids:
        return contact_ids[: touches.MOST_CONTACTS]
    is_about_others = associated.get(ObjectType.COMPANY) or associated.get(ObjectType.DEAL)
    # A note on a company or deal alone is kept for its text.
    return [touches.NOBODY] if activity.kind == "note" and is_about_others else []


def _wrote(activity: Activity, addresses: Collection[str]) -> bool | None:
    """Whether the contact with these addresses sent the mail; None when no sender shows."""
    return activity.sender in addresses if activity.sender else None


def _part(activity: Activity, *, wrote: bool | None, is_alone: bool) -> _Part:
    """How a contact took part: of those on an incoming mail only its sender wrote to us."""
    if activity.kind == "left_reply":
        # The notice that its sender left says nothing about the others on it.
        kind = "left_reply" if wrote or is_alone else "auto_reply"
        return _Part(kind, inbound=False, two_way=False)
    if activity.kind == "reply" and not is_alone and wrote is not None:
        return _Part(activity.kind, inbound=wrote, two_way=wrote)
    return _Part(activity.kind, activity.inbound, activity.two_way)


def _addresses_of_possible_senders(
    tx: Transaction, recent: Iterable[tuple[Activity, AssociatedIds]]
) -> dict[int, frozenset[str]]:
    """The addresses of contacts on incoming mail that is associated with several."""
    possible: set[int] = set()
    for activity, associated in recent:
        contact_ids = associated.get(ObjectType.CONTACT, ())
        if activity.sender and len(contact_ids) > 1:
            possible.update(contact_ids[: touches.MOST_CONTACTS])
    contacts = mirror.load(tx, ObjectType.CONTACT, possible)
    return {
        contact_id: frozenset(activity_records.addresses_of(contact.properties))
        for contact_id, contact in contacts.items()
    }


def _employers(tx: Transaction, contact_ids: Collection[int]) -> dict[int, list[int]]:
    """The companies that each contact is linked to."""
    employers: dict[int, list[int]] = {}
    links = mirror.links_from(tx, ObjectType.CONTACT, contact_ids, ObjectType.COMPANY)
    for link in links:
        employers.setdefault(link.from_id, []).append(link.to_id)
    return employers


def _company(named: Sequence[int], employers: Sequence[int]) -> int | None:
    """The company of a touch: the one the activity names, or else the contact's employer.

    Of several named companies it is the contact's own; where none of them is, the first.
    """
    if len(named) == 1:
        return named[0]
    candidates = set(named) & set(employers) if named else set(employers)
    if candidates:
        return min(candidates)
    return named[0] if named else None
