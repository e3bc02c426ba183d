"""Forgotten people: everything that names them goes, every total stays."""

from collections.abc import Collection, Iterable

from integration.core.forget_keys import ForgetKeys
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.findings import move_rows, person_rows, source_rows
from integration.storage.mirror import mirror, survey_answers
from integration.storage.queue import lanes, set_aside
from integration.storage.service import erasure, portals, suppression
from mappings.kinds import ObjectType
from mappings.records import delivery_mentions
from mappings.records.delivery_mentions import Person


def forget(portal: PortalContext, contact_id: int) -> int:
    """Erase a contact now; return how many deals are explained anew without the name."""
    with portal.transaction() as tx:
        deals = erase(tx, contact_id, keys=portal.runtime.forget_keys)
        lanes.want(tx, portal.portal_id, "drain")
    portal.runtime.queue.wake(portal.portal_id)
    return deals


def erase(tx: Transaction, contact_id: int, *, keys: ForgetKeys) -> int:
    """Erase a contact inside *tx*; return how many deals are explained anew."""
    return erase_all(tx, [contact_id], keys=keys)


def erase_all(tx: Transaction, contact_ids: Collection[int], *, keys: ForgetKeys) -> int:
    """Erase contacts inside *tx*.

    The audit lines hold no id: an id is personal data, too.
    """
    if not contact_ids:
        return 0
    former = mirror.former_ids(tx, ObjectType.CONTACT, contact_ids)
    ids = {contact_id: {contact_id, *former.get(contact_id, ())} for contact_id in contact_ids}
    everybody = frozenset().union(*ids.values())
    # Before the records go, for what was set aside may give a name and no id.
    cut_deliveries(tx, Person(everybody, erasure.words(tx, sorted(everybody))))
    return sum(_erase(tx, contact_id, ids[contact_id], keys) for contact_id in contact_ids)


def _erase(tx: Transaction, contact_id: int, ids: set[int], keys: ForgetKeys) -> int:
    neighbours = mirror.neighbours(tx, ObjectType.CONTACT, [contact_id])
    marks = _concerned(tx, ids)
    deals = erasure.contact(tx, contact_id)
    suppression.remember(tx, keys.mark(tx.portal_id, contact_id))
    mirror.mark_stale(tx, mirror.DEALS, _refs(ObjectType.DEAL, deals))
    summed_up = {ObjectType.COMPANY, ObjectType.CONTACT}
    mirror.mark_stale(tx, mirror.SUMMARIES, {ref for ref in neighbours if ref[0] in summed_up})
    mirror.mark_stages(tx, marks)
    portals.note(tx, "second-order", "forgot a person")
    return len(deals)


def _concerned(tx: Transaction, ids: set[int]) -> dict[int, set[tuple[str, int]]]:
    """Return the records that read differently without these people.

    They are their other records, who referred them, whom they referred, and what they left.
    """
    persons, _ = person_rows.groups(tx, ids)
    referrals = [
        *source_rows.referrals_by(tx, contact_ids=ids),
        *source_rows.referrals_told_by(tx, ObjectType.CONTACT, ids),
        *source_rows.referrals_to(tx, {f"contact:{contact_id}" for contact_id in ids}),
    ]
    referred = {(row["owner_type"], row["owner_id"]) for row in referrals}
    referrer_ids = {row["referrer_contact_id"] for row in referrals} - {None}
    referrers, _ = person_rows.groups(tx, referrer_ids)
    moves = move_rows.of_persons(tx, set(persons.values()))
    company_ids = {row["former_company_id"] for row in moves}
    company_ids |= {row["new_company_id"] for row in moves}
    company_ids |= survey_answers.companies_of(tx, persons.keys() | ids)
    return {
        mirror.PEOPLE: _refs(ObjectType.CONTACT, persons.keys() - ids),
        mirror.DEALS: referred - _refs(ObjectType.CONTACT, ids),
        mirror.SUMMARIES: _refs(ObjectType.CONTACT, referrers.keys() - ids)
        | _refs(ObjectType.COMPANY, company_ids - {None}),
    }


def _refs(object_type: ObjectType, record_ids: Collection[int]) -> set[tuple[str, int]]:
    return {(object_type, record_id) for record_id in record_ids}


def cut_deliveries(tx: Transaction, person: Person) -> None:
    """Take out of everything that was set aside what speaks of *person*, and nothing else."""
    for delivery in set_aside.deliveries(tx):
        body = delivery_mentions.without(delivery.raw, person, source=delivery.source)
        if body != delivery.raw:
            set_aside.cut(tx, delivery, body)
    gone = [
        event
        for event in set_aside.events(tx)
        if delivery_mentions.speaks_of(event.raw, person, source=event.source)
    ]
    set_aside.remove(tx, gone)


def sweep(tx: Transaction, *, keys: ForgetKeys) -> None:
    """Take out of what was set aside whatever speaks of people forgotten before it came."""
    if not suppression.digests(tx):
        return
    named: set[int] = set()
    for delivery in set_aside.deliveries(tx):
        named |= delivery_mentions.contact_ids(delivery.raw, source=delivery.source)
    for event in set_aside.events(tx):
        named |= delivery_mentions.contact_ids(event.raw, source=event.source)
    forgotten = named - still_known(tx, named, keys=keys)
    if forgotten:
        cut_deliveries(tx, Person(frozenset(forgotten)))


def name_inherited(tx: Transaction, *, keys: ForgetKeys) -> None:
    """Record that the key made of SECRET_KEY made the unnamed marks, once it is listed."""
    if keys.inherited_id in keys.listed:
        suppression.name_key(tx, keys.inherited_id)


def still_known(tx: Transaction, contact_ids: Iterable[int], *, keys: ForgetKeys) -> set[int]:
    """Return those of *contact_ids* that nobody asked to be forgotten."""
    wanted = set(contact_ids)
    marks = suppression.digests(tx)
    if not marks:
        return wanted
    return {
        contact_id
        for contact_id in wanted
        if marks.isdisjoint(keys.digests(tx.portal_id, contact_id))
    }
