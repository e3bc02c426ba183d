"""Inbound bodies: survey answers that other tools send, read item by item."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from mappings.records import addresses, identifiers, strict_json, survey_messages
from mappings.records.events import Bad, describe
from mappings.records.moments import When
from mappings.records.survey_messages import NoAnswer
from mappings.records.survey_tools import OUR_FORM, Survey

LONGEST_COMMENT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to "would you recommend us", 0 to 10; other scales are refused.

    *token* is that of a survey link; whoever has its key reads it, and the id *is_proved*.
    *external_id* names the answer whatever tool reports it, so that two that report the same one
    can be told.
    """

    key: str
    score: int
    at: datetime
    contact_id: int | None = None
    email: str | None = None
    comment: str = ""
    token: str = ""
    external_id: str = ""
    is_proved: bool = False
    index: int = 0
    raw_item: bytes = b""


@dataclass(frozen=True, slots=True)
class Skipped:
    """An item that holds no answer and is no mistake; the reason."""

    index: int
    reason: str
    raw_item: bytes = b""


_WHO: Final = ("contact_id", "email", "token")


class _Survey(Schema):
    class Meta:
        unknown = EXCLUDE

    id = fields.String(required=True, validate=validate.Length(1, 150))
    score = fields.Integer(required=True, strict=True, validate=validate.Range(0, 10))
    answered_at = When(required=True)
    contact_id = identifiers.Id(load_default=None, allow_none=True)
    email = fields.String(load_default=None, allow_none=True, validate=validate.Length(3, 320))
    comment = fields.String(
        load_default="", allow_none=True, validate=validate.Length(max=LONGEST_COMMENT)
    )
    token = fields.String(load_default="", allow_none=True, validate=validate.Length(max=500))
    external_id = fields.String(load_default="", allow_none=True, validate=validate.Length(max=150))

    @validates_schema
    def _says_who(self, data: Mapping[str, Any], **_: object) -> None:
        if not any(data.get(name) for name in _WHO):
            raise ValidationError("say who answered: contact_id, email or token", "contact_id")


_SURVEY: Final = _Survey()


def answers(raw: bytes, survey: Survey = OUR_FORM) -> list[Answer | Skipped | Bad]:
    """The answers of a survey tool's delivery: one, or an array; a bad one is set aside alone."""

    def make(value: object) -> Answer:
        return _answer(survey_messages.fields_of(survey, value))

    read = [(item, _read(item, index, make)) for index, item in enumerate(_items(raw))]
    return [
        replace(answer, index=index, raw_item=item.raw) if isinstance(answer, Answer) else answer
        for index, (item, answer) in enumerate(read)
    ]


def _items(raw: bytes) -> list[strict_json.Item]:
    body = raw if raw.lstrip().startswith(b"[") else b"[" + raw + b"]"
    try:
        return strict_json.items(body)
    except strict_json.BadJson as fault:
        return [strict_json.Item(raw, fault=fault)]


def _read(item: strict_json.Item, index: int, make: Any) -> Any:  # noqa: ANN401 - one of the two makers below
    if item.fault is not None:
        return Bad(index, str(item.fault), item.raw)
    try:
        return make(item.value)
    except NoAnswer as nothing:
        return Skipped(index, str(nothing), item.raw)
    except ValidationError as error:
        return Bad(index, describe(error), item.raw)


def _answer(value: Mapping[str, Any]) -> Answer:
    data = _SURVEY.load(value)
    email = addresses.email(data["email"]).value if data["email"] else None
    if data["contact_id"] is None and email is None and not data["token"]:
        raise ValidationError({"email": ["is no address"]})
    return Answer(
        data["id"],
        data["score"],
        data["answered_at"],
        data["contact_id"],
        email,
        data["comment"] or "",
        data["token"] or "",
        data["external_id"] or "",
    )


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValidationError("an item is a JSON object")
    return value
