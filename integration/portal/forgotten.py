"""Forgotten people: everything that names them goes, every total stays."""

from collections.abc import Collection, Iterable

from integration.core.forget_keys import ForgetKeys
from integration.portal import invalidation, settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.mirror import mirror
from integration.storage.queue import lanes, recompute, set_aside
from integration.storage.service import erasure, portals, suppression
from mappings.kinds import ObjectType
from mappings.records import delivery_mentions
from mappings.records.delivery_mentions import Person
from mappings.records.portal_map import ADDRESSES_HASHED


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
    # Found before they are erased, queued afterwards: erasing empties the queue of them.
    due = invalidation.due(tx, Change.PERSON_FORGOTTEN, contacts=ids)
    explained = erasure.reasons_of_health(tx, sorted(ids))
    today = mirror.resolve(tx, ObjectType.COMPANY, explained).values()
    _remember_addresses(tx, ids, keys)
    deals = erasure.contact(tx, contact_id)
    suppression.remember(tx, keys.mark(tx.portal_id, contact_id))
    due.merge(invalidation.due(tx, Change.NAME_ERASED, deals=deals))
    due.merge(invalidation.due(tx, Change.HEALTH_DECIDED, companies=today))
    recompute.add(tx, due)
    portals.note(tx, "second-order", "forgot a person")
    return len(deals)


def _remember_addresses(tx: Transaction, ids: set[int], keys: ForgetKeys) -> None:
    """Remember the addresses that go, as hashes, where an admin takes the responsibility for it."""
    if settings.read(tx).map.forgotten_addresses != ADDRESSES_HASHED:
        return
    for address in erasure.addresses(tx, sorted(ids)):
        mark = keys.mark_address(tx.portal_id, address)
        suppression.remember(tx, mark, suppression.ADDRESS)


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


def known_addresses(tx: Transaction, addresses: Iterable[str], *, keys: ForgetKeys) -> set[str]:
    """Return those of *addresses* that are not remembered as somebody's who was forgotten."""
    wanted = set(addresses)
    marks = suppression.digests(tx, suppression.ADDRESS) if wanted else set()
    if not marks:
        return wanted
    return {
        address
        for address in wanted
        if marks.isdisjoint(keys.address_digests(tx.portal_id, address))
    }


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
