"""Merging two records into a third, undoing it, and forgetting a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .associations import PRIMARY_IDS
from .records import PLURALS, Change, Record, Source

if TYPE_CHECKING:
    from .portal import Portal

_STAGES = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
)


def emails(contact: Record) -> list[str]:
    """All addresses that identify a contact, lower case."""
    known = [contact.get("email"), *contact.get("hs_additional_emails").split(";")]
    return [email.lower() for email in known if email] if contact.type == "contact" else []


def merge(
    portal: Portal, kind: str, primary_id: int, other_id: int, *, ms: int, source: Source
) -> Record:
    """Make the third record. The primary's values win; both keep their traces in history."""
    primary, other = portal.need(kind, primary_id), portal.need(kind, other_id)
    if primary is other:
        raise ValueError("a record cannot be merged with itself")
    made = Record(kind, portal.next_id(kind), min(primary.created, other.created), ms)
    moved = _merge_values(made, primary, other, ms)
    _leave_traces(made, primary, other, ms)
    for old in (primary, other):
        portal.unplace(old)
        portal.retired[kind][old.id] = old
        portal.merged[kind][old.id] = made.id
    portal.place(made)
    _move_links(portal, primary, other, made)
    new_id = {"new": made.id, "primary": primary.id}[portal.hubspot.quirks.merge_object_id]
    portal.emit(
        "merge", kind, ms, source, objectId=new_id, primaryObjectId=primary.id, mergedObjectIds=[other.id],
        newObjectId=made.id, numberOfPropertiesMoved=moved,
    )  # fmt: skip
    if portal.hubspot.quirks.merge_creates:
        portal.emit("creation", kind, ms, source, objectId=made.id)
    return made


def _merge_values(made: Record, primary: Record, other: Record, ms: int) -> int:
    """Histories are joined; where the other's value would win by date, the merge writes the primary's."""
    moved = 0
    by_merge = (
        f"MERGE_{PLURALS[made.type].upper()}"
        if made.type in {"contact", "company"}
        else "MERGE_OBJECTS"
    )
    for name in dict.fromkeys([*primary.history, *other.history]):
        joined: list[Change] = sorted(
            [*primary.history.get(name, []), *other.history.get(name, [])],
            key=lambda change: -change[0],
        )
        wins = primary.get(name) or other.get(name)
        moved += name not in primary.values and name in other.values
        if name == "createdate":
            wins = min(filter(None, (primary.get(name), other.get(name))), default="")
        if name == "lifecyclestage":
            wins = max(
                (primary.get(name), other.get(name)),
                key=lambda stage: _STAGES.index(stage) if stage in _STAGES else -1,
            )
        if joined[0][1] != wins:
            joined.insert(0, (ms, wins, by_merge, None))
        made.history[name] = joined
        if wins:
            made.values[name] = wins
    return moved


def _leave_traces(made: Record, primary: Record, other: Record, ms: int) -> None:
    """hs_merged_object_ids and its relatives."""
    by: Source = ("CALCULATED", None)
    ids = [*_several(primary, "hs_merged_object_ids"), *_several(other, "hs_merged_object_ids")]
    made.put(
        "hs_merged_object_ids",
        ";".join(dict.fromkeys([*ids, str(primary.id), str(other.id)])),
        ms,
        by,
    )
    if made.type == "contact":
        vids = [
            *_several(primary, "hs_calculated_merged_vids"),
            *_several(other, "hs_calculated_merged_vids"),
        ]
        made.put(
            "hs_calculated_merged_vids",
            ";".join([*vids, f"{primary.id}:{ms}", f"{other.id}:{ms}"]),
            ms,
            by,
        )
        made.put("hs_is_merge_revertible", "true", ms, by)
        extra = [
            email
            for email in dict.fromkeys([*emails(primary), *emails(other)])
            if email != made.get("email").lower()
        ]
        made.put("hs_additional_emails", ";".join(extra), ms, by)
    if made.type == "company":
        domains = [primary.get("domain"), *_several(primary, "hs_additional_domains")]
        domains += [other.get("domain"), *_several(other, "hs_additional_domains")]
        extra = [
            domain for domain in dict.fromkeys(domains) if domain and domain != made.get("domain")
        ]
        made.put("hs_additional_domains", ";".join(extra), ms, by)


def _several(record: Record, name: str) -> list[str]:
    return [part for part in record.get(name).split(";") if part]


def _move_links(portal: Portal, primary: Record, other: Record, made: Record) -> None:
    """The survivor takes over all links; the primary record's primary company stays primary."""
    kind = made.type
    taken: set[str] = set()
    for old in (primary, other):
        for to in list(dict.fromkeys(portal.links.types_linked(kind))):
            known = portal.labels.pair(kind, to)
            for linked_id, types in list(portal.links.of(kind, old.id, to).items()):
                target = (
                    made.id if to == kind and linked_id in {primary.id, other.id} else linked_id
                )
                labels = [known[one] for one in sorted(types) if one in known]
                portal.links.remove(kind, old.id, to, linked_id, list(known.values()))
                if target == made.id and to == kind:
                    continue
                if to == "company" and to in taken:
                    labels = [label for label in labels if label.type_id not in PRIMARY_IDS]
                portal.links.add(kind, made.id, to, target, labels)
        if any(
            types & PRIMARY_IDS for types in portal.associated(kind, made.id, "company").values()
        ):
            taken.add("company")
    if kind == "company":
        _point_contacts_at(portal, primary, other, made)


def _point_contacts_at(portal: Portal, primary: Record, other: Record, made: Record) -> None:
    old = {str(primary.id), str(other.id)}
    for contact_id in portal.links.of("company", made.id, "contact"):
        contact = portal.records["contact"].get(contact_id)
        if contact is not None and contact.get("associatedcompanyid") in old:
            contact.put(
                "associatedcompanyid", str(made.id), made.updated, ("MERGE_COMPANIES", None)
            )


def unmerge(portal: Portal, kind: str, merged_id: int, ms: int, source: Source) -> list[Record]:
    """Let the two old records live again; the merged one goes into the recycle bin without its links."""
    made = portal.need(kind, merged_id)
    old_ids = [old for old, new in portal.merged[kind].items() if new == made.id]
    if not old_ids:
        raise ValueError(f"{kind} {merged_id} did not come from a merge")
    portal.archive(kind, made.id, at=ms, source=source)
    back = []
    for old in old_ids:
        del portal.merged[kind][old]
        record = portal.retired[kind].pop(old)
        portal.place(record)
        portal.emit("restore", kind, ms, source, objectId=old)
        back.append(record)
    first = back[0]
    for to in portal.links.types_linked(kind):
        known = portal.labels.pair(kind, to)
        for linked_id, types in list(portal.links.of(kind, made.id, to).items()):
            labels = [known[one] for one in sorted(types) if one in known]
            portal.links.remove(kind, made.id, to, linked_id, list(known.values()))
            portal.links.add(kind, first.id, to, linked_id, labels)
    return back


def forget(portal: Portal, contact: Record) -> None:
    """Drop everything known of a contact: links, the records it was merged from, its feedback's link."""
    for to in portal.links.types_linked("contact"):
        known = list(portal.labels.pair("contact", to).values())
        for linked_id in list(portal.links.of("contact", contact.id, to)):
            portal.links.remove("contact", contact.id, to, linked_id, known)
    for old in [
        old for old in portal.merged["contact"] if portal.survivor("contact", old) == contact.id
    ]:
        portal.retired["contact"].pop(old, None)


def gdpr_delete(portal: Portal, contact_id: int, ms: int, source: Source) -> None:
    """Purge a contact, live or archived, and say so twice: privacy deletion and deletion."""
    contact_id = portal.survivor("contact", contact_id)
    record = portal.records["contact"].get(contact_id)
    if record is None:
        record = portal.out_of_bin("contact", contact_id)
    else:
        portal.unplace(record)
    forget(portal, record)
    portal.emit("privacyDeletion", "contact", ms, source, objectId=contact_id)
    portal.emit("deletion", "contact", ms, source, objectId=contact_id)
