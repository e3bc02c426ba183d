"""The table of stored shapes: every finding, question and answer that is kept as JSON.

A changed dataclass needs a new version here, an upgrade from the one before where a field got
another name or meaning, and a body in tests/unit/stored_shapes/.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any

from mappings.records.catalogue import own_names
from mappings.rules.findings import IdentityLink, Move, Reason, Referral, Source
from mappings.stored.review_answers import Answered, Asked, is_complete, told_by_name
from mappings.stored.shapes import VERSION, Check, Shape

_REF = re.compile(r"(contact|company|deal):[0-9]{1,18}")


def _one_of(*words: str) -> Check:
    return lambda value: value in words


def _is_ref(value: str) -> bool:
    return _REF.fullmatch(value) is not None


def _is_ref_or_empty(value: str) -> bool:
    return not value or _is_ref(value)


def _name_contacts(value: Sequence[str]) -> bool:
    """Evidence may name anything; what names a contact is read as its number."""
    return all(_is_ref(one) for one in value if one.startswith("contact:"))


_REASON: Mapping[tuple[type[Any], str], Check] = {(Reason, "evidence"): _name_contacts}

SOURCE = Shape(
    "source",
    Source,
    version=1,
    checks={
        **_REASON,
        (Source, "kind"): _one_of("moved_champion", "referral", "word_of_mouth"),
        (Source, "timing"): _one_of("sourced", "assisted", "present", "suspected"),
    },
)
MOVE = Shape(
    "move",
    Move,
    version=1,
    checks={
        **_REASON,
        (Move, "status"): _one_of("auto", "review", "stored", "confirmed", "rejected"),
        (Move, "kind"): _one_of("move", "boomerang", "departure"),
    },
)
REFERRAL = Shape(
    "referral",
    Referral,
    version=1,
    checks={
        **_REASON,
        (Referral, "status"): _one_of("auto", "review", "rejected"),
        (Referral, "target"): _is_ref,
    },
)
LINK = Shape(
    "link",
    IdentityLink,
    version=1,
    checks={**_REASON, (IdentityLink, "decision"): _one_of("link", "review", "none")},
)
REASON = Shape("reason", Reason, version=1, checks=_REASON)
QUESTION = Shape(
    "question",
    Asked,
    version=1,
    checks={**_REASON, (Asked, "owner"): _is_ref_or_empty, (Asked, "target"): _is_ref_or_empty},
)
ANSWER = Shape(
    "answer",
    Answered,
    version=1,
    checks={(Answered, "owner"): _is_ref_or_empty, (Answered, "target"): _is_ref_or_empty},
)
SHAPES: Mapping[type[Any], Shape[Any]] = {
    one.of: one for one in (SOURCE, MOVE, REFERRAL, LINK, REASON, QUESTION, ANSWER)
}


def body_of(finding: object) -> object:
    """What to keep of a value: its body when it has a shape, else itself as it is."""
    shape = SHAPES.get(type(finding))
    return finding if shape is None else shape.write(finding)


CONCLUSION_VERSION = 1
"""Of a conclusion's two columns: what its record should say, by property, and the reasons."""


def reasons_body(reasons: Sequence[object]) -> dict[str, object]:
    """What to keep of a conclusion's reasons: sentences, reasons and figures of any shape."""
    return {VERSION: CONCLUSION_VERSION, "reasons": list(reasons)}


def reasons_in(body: object) -> list[object]:
    """A conclusion's reasons; version 0 kept the bare list."""
    found = body.get("reasons") if isinstance(body, Mapping) else body
    told = found if isinstance(found, list) else []
    return [one for one in told if isinstance(one, str | Mapping)]


def values_in(object_type: str, body: object) -> dict[str, str]:
    """What a record should say, by property; one we no longer have is not ours to write or empty."""
    known = own_names(object_type)
    said = body if isinstance(body, Mapping) else {}
    return {name: value for name, value in said.items() if name in known and isinstance(value, str)}


def question_in(kind: str, name: str, body: object) -> dict[str, Any] | None:
    """What a question is about, as JSON without empty fields.

    None when neither its body nor its name tells.
    """
    return _about(QUESTION, kind, name, body)


def question_body(about: Asked) -> dict[str, Any]:
    """What to keep of a question."""
    return {VERSION: QUESTION.version, **_compact(about)}


def answer_in(kind: str, name: str, body: object) -> dict[str, Any] | None:
    """What is kept with an answer, in the same way; a confirmed move is as it was kept."""
    found = _about(ANSWER, kind, name, body)
    move = body.get("move") if isinstance(body, Mapping) else None
    return {**found, "move": move} if found is not None and move else found


def answer_body(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What to keep with an answer."""
    return {VERSION: ANSWER.version, **detail}


def _about(shape: Shape[Any], kind: str, name: str, body: object) -> dict[str, Any] | None:
    told = told_by_name(kind, name)
    read = shape.read(body, told)
    if read is None:
        return None
    about = read.value if is_complete(kind, read.value) else replace(read.value, **told)
    return _compact(about) if is_complete(kind, about) else None


def _compact(about: Asked | Answered) -> dict[str, Any]:
    """Its fields as JSON without empty ones; contacts stay, of whom some may have been forgotten."""
    values = {one.name: _as_json(getattr(about, one.name)) for one in fields(about)}
    empty: tuple[object, ...] = (None, "", [], False)
    return {
        name: value for name, value in values.items() if name == "contacts" or value not in empty
    }


def _as_json(value: Any) -> Any:  # noqa: ANN401 - any value of a stored dataclass
    """A value as a JSON reader gives it back: objects, lists, and times as text."""
    if is_dataclass(value):
        return {one.name: _as_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple | list):
        return [_as_json(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value
