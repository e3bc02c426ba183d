"""The table of stored shapes: every finding, question and answer that is stored as JSON.

A changed dataclass needs a new version here, an upgrade from the one before where a field got
another name or meaning, and a body in tests/unit/stored_shapes/.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any

from mappings.kinds import MoveKind, SourceKind, Status, Timing
from mappings.records.catalogue import own_names
from mappings.rules.findings import IdentityLink, Move, Reason, Referral, Source
from mappings.stored.review_answers import Answered, Asked, is_complete, named_records
from mappings.stored.saved_report_shape import SAVED_VIEW
from mappings.stored.setup_shapes import SetupQuestion
from mappings.stored.shapes import VERSION, Check, Shape

_REF = re.compile(r"(contact|company|deal):[0-9]{1,18}")


def _one_of(*words: str) -> Check:
    return lambda value: value in words


def _is_ref(value: str) -> bool:
    return _REF.fullmatch(value) is not None


def _is_ref_or_empty(value: str) -> bool:
    return not value or _is_ref(value)


def _name_contacts(value: Sequence[str]) -> bool:
    """Whether each item of evidence that names a contact does so by its id."""
    return all(_is_ref(item) for item in value if item.startswith("contact:"))


_REASON: Mapping[tuple[type[Any], str], Check] = {(Reason, "evidence"): _name_contacts}

SOURCE = Shape(
    "source",
    Source,
    version=1,
    checks={
        **_REASON,
        (Source, "kind"): _one_of(
            SourceKind.MOVED_CHAMPION, SourceKind.REFERRAL, SourceKind.WORD_OF_MOUTH
        ),
        (Source, "timing"): _one_of(
            Timing.SOURCED, Timing.ASSISTED, Timing.PRESENT, Timing.SUSPECTED
        ),
    },
)
MOVE = Shape(
    "move",
    Move,
    version=1,
    checks={
        **_REASON,
        (Move, "status"): _one_of(*Status, "confirmed"),
        (Move, "kind"): _one_of(*MoveKind),
    },
)
REFERRAL = Shape(
    "referral",
    Referral,
    version=1,
    checks={
        **_REASON,
        (Referral, "status"): _one_of(Status.AUTO, Status.REVIEW, Status.REJECTED),
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
SETUP_QUESTION = Shape("setup_question", SetupQuestion, version=1)
SHAPES: Mapping[type[Any], Shape[Any]] = {
    shape.of: shape
    for shape in (
        SOURCE,
        MOVE,
        REFERRAL,
        LINK,
        REASON,
        QUESTION,
        ANSWER,
        SETUP_QUESTION,
        SAVED_VIEW,
    )
}


def body_of(finding: object) -> object:
    """The body of a value that has a shape; any other value as it is."""
    shape = SHAPES.get(type(finding))
    return finding if shape is None else shape.write(finding)


CONCLUSION_VERSION = 1
"""The version of a conclusion's two columns: the values of its record by property, the reasons."""


def reasons_body(reasons: Sequence[object]) -> dict[str, object]:
    """The body of a conclusion's reasons: sentences, reasons and figures of any shape."""
    return {VERSION: CONCLUSION_VERSION, "reasons": list(reasons)}


def reasons_in(body: object) -> list[object]:
    """A conclusion's reasons; version 0 kept the bare list."""
    reasons = body.get("reasons") if isinstance(body, Mapping) else body
    if not isinstance(reasons, list):
        return []
    return [reason for reason in reasons if isinstance(reason, str | Mapping)]


def values_in(object_type: str, body: object) -> dict[str, str]:
    """The values of a record by property; one that we no longer have is left out."""
    known = own_names(object_type)
    stored = body if isinstance(body, Mapping) else {}
    texts = {name: value for name, value in stored.items() if isinstance(value, str)}
    return {name: value for name, value in texts.items() if name in known}


def question_in(kind: str, name: str, body: object) -> dict[str, Any] | None:
    """The records a question is about, as JSON without empty fields.

    None when neither its body nor its name has them.
    """
    return _about(QUESTION, kind, name, body)


def question_body(about: Asked) -> dict[str, Any]:
    """The body of a question."""
    return {VERSION: QUESTION.version, **_compact(about)}


def answer_in(kind: str, name: str, body: object) -> dict[str, Any] | None:
    """An answer, as `question_in` reads a question; a confirmed move is as it was stored."""
    about = _about(ANSWER, kind, name, body)
    move = body.get("move") if isinstance(body, Mapping) else None
    return {**about, "move": move} if about is not None and move else about


def answer_body(detail: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an answer."""
    return {VERSION: ANSWER.version, **detail}


def _about(shape: Shape[Any], kind: str, name: str, body: object) -> dict[str, Any] | None:
    """A question or answer by its body, and by its name where the body is not complete."""
    named = named_records(kind, name)
    read = shape.read(body, named)
    if read is None:
        return None
    about = read.value if is_complete(kind, read.value) else replace(read.value, **named)
    return _compact(about) if is_complete(kind, about) else None


def _compact(about: Asked | Answered) -> dict[str, Any]:
    """The fields as JSON without empty ones."""
    values = _as_json(about)
    empty: tuple[object, ...] = (None, "", [], False)
    # Contacts stay: an empty list says that they were forgotten.
    return {
        name: value for name, value in values.items() if name == "contacts" or value not in empty
    }


def _as_json(value: Any) -> Any:  # noqa: ANN401 - any value of a stored dataclass
    """A value as a JSON reader returns it: objects, lists, and times as text."""
    if is_dataclass(value):
        return {part.name: _as_json(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, tuple | list):
        return list(map(_as_json, value))
    return value.isoformat() if isinstance(value, datetime) else value
