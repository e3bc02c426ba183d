"""How records are shown: asked-for properties, history, inline associations, and paging cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Sequence

from .associations import Label, primary_of
from .calculated import CALCULATED
from .calls import Call, invalid
from .defaults import ALWAYS, CONTENT, CONTENT_SCOPE, DEFAULT_ANSWER, OTHERS_ALWAYS
from .portal import Portal
from .records import PLURALS, Change, Json, Record, UnknownType, iso, object_type

View = Callable[[Record], Json]


def view(
    portal: Portal,
    kind: str,
    asked: Sequence[str],
    history: Sequence[str] = (),
    unread: Collection[str] = (),
) -> View:
    """How records are shown: empty properties as null, as are those the app may not read; unknown ones left out."""
    known = portal.definitions[kind]
    portal.asked[kind].update(asked, history)
    wanted = [
        *(asked or DEFAULT_ANSWER.get(kind, OTHERS_ALWAYS)),
        *ALWAYS.get(kind, OTHERS_ALWAYS),
        *history,
    ]
    names = [
        name for name in dict.fromkeys(wanted) if name in known and known[name].archived is None
    ]
    rules = CALCULATED[kind]
    stored = [name for name in names if name not in rules]
    worked_out = [(name, rules[name]) for name in names if name in rules]
    told = [
        name for name in dict.fromkeys(history) if name in known and known[name].archived is None
    ]
    versions = portal.hubspot.quirks.history_versions

    def show(record: Record) -> Json:
        values = record.values
        properties: dict[str, str | None] = {name: values.get(name) for name in stored}
        for name in unread:
            if name in properties:
                properties[name] = None
        for name, rule in worked_out:
            properties[name] = rule(portal, record)
        body: Json = {
            "id": str(record.id),
            "properties": properties,
            "createdAt": iso(record.created),
            "updatedAt": iso(record.updated),
            "archived": record.archived is not None,
        }
        if record.archived is not None:
            body["archivedAt"] = iso(record.archived)
        if told:
            past = record.history
            body["propertiesWithHistory"] = {
                name: [_version(change) for change in past.get(name, ())[:versions]]
                for name in told
            }
        return body

    return show


def unreadable(call: Call, kind: str) -> Collection[str]:
    """Properties of a type whose values this call's token does not show."""
    return CONTENT if kind == "email" and CONTENT_SCOPE not in call.granted else ()


def _version(change: Change) -> Json:
    body: Json = {"value": change[1], "timestamp": iso(change[0]), "sourceType": change[2]}
    if change[3] is not None:
        body["sourceId"] = change[3]
        if change[3].startswith("userId:") and change[3][7:].isdigit():
            body["updatedByUserId"] = int(change[3][7:])
    return body


def cursor(after: int) -> str:
    """An opaque paging cursor."""
    return base64.urlsafe_b64encode(b"%d" % after).decode().rstrip("=")


def uncursor(text: str) -> int:
    """Where a cursor points; "" is the beginning."""
    if not text:
        return 0
    try:
        return int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        raise invalid(f"Invalid paging cursor: {text}") from None


def names(body: Json, key: str) -> list[str]:
    """A list of property names in a body."""
    found = body.get(key) or []
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise invalid(f"{key} must be a list of strings")
    return found


def with_links(call: Call, kind: str, show: View) -> View:
    """The same view with the associations the query asks for."""
    try:
        wanted = [object_type(name) for name in call.many("associations")]
    except UnknownType as error:
        raise invalid(f"Unable to infer object type from: {error.args[0]}") from None
    if not wanted:
        return show

    def both(record: Record) -> Json:
        linked = {PLURALS[to]: _linked(call.portal, kind, record.id, to) for to in wanted}
        kept = {name: {"results": rows} for name, rows in linked.items() if rows}
        return show(record) | ({"associations": kept} if kept else {})

    return both


def _linked(portal: Portal, kind: str, record_id: int, to: str) -> list[Json]:
    known = portal.labels.pair(kind, to)
    return [
        {"id": str(other), "type": _type_name(known[one])}
        for other, types in portal.associated(kind, record_id, to).items()
        for one in sorted(types)
    ]


def _type_name(label: Label) -> str:
    name = f"{label.from_type}_to_{label.to_type}"
    if label.label is None:
        return f"{name}_unlabeled" if primary_of(label.from_type, label.to_type) else name
    return name if label.label == "Primary" else label.name or label.label.lower().replace(" ", "_")
