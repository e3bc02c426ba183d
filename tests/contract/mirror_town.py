"""Puts what a portal of the local HubSpot holds straight into the mirror, as an import would leave it."""

from collections.abc import Iterator

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.database import Database, Transaction
from integration.storage.mirror import mirror
from integration.storage.service import portals, settings_versions
from mappings.records.map_guesses import detect
from mappings.records.portal_map import PortalMap, dump_portal_map
from mappings.records.rows import Link
from mappings.records.what_is_read import ASSOCIATIONS, READ
from tests.sandbox import crm
from tests.sandbox.records import iso, moment

TYPES = ("company", "deal", "contact", "ticket", "feedback_submission")


def portal_map(portal: crm.Portal) -> PortalMap:
    """What an install would detect."""
    properties: dict[str, list[dict[str, object]]] = {
        kind: [
            {
                "name": one.name,
                "label": one.label,
                "type": one.type,
                "fieldType": one.field_type,
                "hubspotDefined": getattr(one, "hubspot_defined", False),
                "options": [],
            }
            for one in portal.definitions[kind].values()
        ]
        for kind in ("contact", "company", "deal")
    }
    labels = [
        (one, other, {"typeId": label.type_id, "label": label.label, "category": label.category})
        for one, other in (("contact", "contact"), ("deal", "contact"))
        for label in portal.labels.pair(one, other).values()
    ]
    found, _ = detect(properties, {}, labels, [], home_currency=portal.currency)
    return found


def fill(database: Database, portal: crm.Portal, words: PortalMap) -> None:
    """Store records, history and links, and mark all of it for concluding."""
    with database.service() as tx:
        portals.install(
            tx, portal.id, scopes=["oauth"], account={"currency": portal.currency}, user_id=None
        )
    with database.portal(portal.id) as tx:
        settings_versions.append(tx, {"map": dump_portal_map(words)}, author="test", reason="test")
    for kind in TYPES:
        found = portal.all(kind)
        for start in range(0, len(found), 1000):
            with database.portal(portal.id) as tx:
                page = found[start : start + 1000]
                mirror.store(tx, [row(portal, one, words) for one in page])
                invalidation.record(
                    tx, Change.RECORD_CHANGED, records={(kind, one.id) for one in page}
                )
    for one, other in ASSOCIATIONS:
        with database.portal(portal.id) as tx:
            _links(tx, portal, one, other)


def row(portal: crm.Portal, record: crm.Record, words: PortalMap) -> mirror.MirroredRecord:
    """One record as the adapter would have read it."""
    names = (*words.read_properties(record.type), *READ.get(record.type, ()))
    told = {name: portal.value(record, name) for name in names}
    history = {
        name: [
            {"value": value, "timestamp": iso(at), "sourceType": source, "sourceId": source_id}
            for at, value, source, source_id in record.history.get(name, ())
        ]
        for name in words.history_properties(record.type)
        if record.history.get(name)
    }
    return mirror.MirroredRecord(
        record.type,
        record.id,
        {name: value for name, value in told.items() if value},
        history,
        moment(record.created),
        moment(record.updated),
    )


def _links(tx: Transaction, portal: crm.Portal, one: str, other: str) -> None:
    links = list(_of_pair(portal, one, other))
    for start in range(0, len(links), 5000):
        mirror.add_links(tx, links[start : start + 5000])


def _of_pair(portal: crm.Portal, one: str, other: str) -> Iterator[Link]:
    labels = portal.labels.pair(one, other)
    for record in portal.all(one):
        for to_id, types in portal.associated(one, record.id, other).items():
            for type_id in sorted(types):
                label = labels[type_id]
                yield Link(one, record.id, other, to_id, type_id, label.category, label.label)
