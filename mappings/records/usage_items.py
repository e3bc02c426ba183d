"""Usage items: figures, milestones, goals and praise that a product sends, read one by one."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from mappings.kinds import Labelled
from mappings.records import addresses, identifiers, strict_json
from mappings.records.events import Bad, describe
from mappings.records.moments import When

MOST_ITEMS: Final = 1_000
"""Items that one delivery may have."""
LONGEST_NAME: Final = 500
LARGEST_VALUE: Final = 1e15
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
# No product that sends us anything was used before; a zero from a broken clock is 1970.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_METRIC: Final = r"^[a-z][a-z0-9_]{0,99}\Z"


class UsageKind(Labelled):
    """What an item tells; all but figures and withdrawals are events that happened once."""

    FIGURE = "figure", "Figure"
    GOAL = "goal", "Goal reached"
    MILESTONE = "milestone", "Milestone reached"
    ONBOARDING_STEP = "onboarding_step", "Step of the onboarding done"
    ONBOARDING_COMPLETED = "onboarding_completed", "Onboarding completed"
    REVIEW = "review", "Positive review"
    CASE_STUDY = "case_study", "Case study"
    QUOTE = "quote", "Quote"
    PRAISE = "praise", "Public praise"
    WITHDRAWN = "withdrawn", "Taken back"


@dataclass(frozen=True, slots=True)
class UsageItem:
    """One item: which company's, by id or domain, and what; a withdrawal names its key alone.

    `key` names the item in the tool that sent it, so that it counts once.
    """

    kind: str
    key: str
    at: datetime
    company_id: int | None = None
    domain: str | None = None
    contact_id: int | None = None
    email: str | None = None
    name: str = ""
    metric: str = ""
    value: float = 0.0

    @property
    def company_ref(self) -> str:
        """The company as the item names it."""
        return f"id:{self.company_id}" if self.company_id is not None else f"domain:{self.domain}"

    def not_after(self, moment: datetime) -> "UsageItem":
        """The item, at most as late as a moment: a clock that runs ahead counts for nothing."""
        return replace(self, at=moment) if self.at > moment else self

    def plain(self) -> dict[str, Any]:
        """The item as JSON."""
        return {**asdict(self), "at": self.at.isoformat()}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "UsageItem":
        """Read an item that :meth:`plain` wrote; one of an older version is a figure."""
        older = {"kind": UsageKind.FIGURE.value, "key": ""}
        return cls(**{**older, **plain, "at": datetime.fromisoformat(plain["at"])})


class _Item(Schema):
    class Meta:
        unknown = EXCLUDE

    kind = fields.String(
        load_default=UsageKind.FIGURE.value,
        validate=validate.OneOf(list(UsageKind), error="is none of: {choices}"),
    )
    id = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 150))
    at = When(load_default=None, allow_none=True)
    day = fields.Date(load_default=None, allow_none=True)
    company_id = identifiers.Id(load_default=None, allow_none=True)
    domain = fields.String(load_default=None, allow_none=True, validate=validate.Length(3, 255))
    contact_id = identifiers.Id(load_default=None, allow_none=True)
    email = fields.String(load_default=None, allow_none=True, validate=validate.Length(3, 320))
    name = fields.String(load_default="", validate=validate.Length(max=LONGEST_NAME))
    metric = fields.String(
        load_default="", validate=validate.Regexp(f"({_METRIC})|^\\Z", error="is no metric's name")
    )
    value = fields.Float(load_default=None, allow_none=True, allow_nan=True)

    @validates_schema
    def _is_whole(self, data: Mapping[str, Any], **_: object) -> None:
        kind = data.get("kind")
        if kind == UsageKind.WITHDRAWN:
            if not data.get("id"):
                raise ValidationError("say which item is taken back", "id")
            return
        if data.get("company_id") is None and not data.get("domain"):
            raise ValidationError("say whose usage: company_id or domain", "company_id")
        if data.get("at") is None and data.get("day") is None:
            raise ValidationError("say when: at (a moment) or day (a date)", "at")
        if kind == UsageKind.FIGURE:
            _check_figure(data)


def _check_figure(data: Mapping[str, Any]) -> None:
    value = data.get("value")
    if not data.get("metric"):
        raise ValidationError("say which figure it is", "metric")
    if value is None or not math.isfinite(value):
        raise ValidationError("is not a number", "value")
    if abs(value) > LARGEST_VALUE:
        raise ValidationError(f"is beyond {LARGEST_VALUE:.0e}, which no figure is", "value")


_SCHEMA: Final = _Item()


def items(raw: bytes) -> list[UsageItem | Bad]:
    """The items of a delivery: one, or an array; a bad one is set aside alone.

    A delivery with more than a thousand is set aside as a whole.
    """
    body = raw if raw.lstrip().startswith(b"[") else b"[" + raw + b"]"
    try:
        parts = _unwrapped(strict_json.items(body))
    except strict_json.BadJson as fault:
        return [Bad(0, str(fault), raw)]
    if len(parts) > MOST_ITEMS:
        return [Bad(0, too_many(len(parts)), raw)]
    return [_read(part, index) for index, part in enumerate(parts)]


def _unwrapped(parts: list[strict_json.Item]) -> list[strict_json.Item]:
    """The items of an envelope, as Standard Webhooks suggests one; other items as they are."""
    value = parts[0].value if len(parts) == 1 else None
    if not isinstance(value, Mapping) or "data" not in value or {"kind", "metric"} & value.keys():
        return parts
    inside = value["data"] if isinstance(value["data"], list) else [value["data"]]
    return [strict_json.Item(json.dumps(part).encode(), part) for part in inside]


def too_many(count: int) -> str:
    """Why a delivery with so many items is not taken."""
    return f"a delivery may have {MOST_ITEMS:,} items, this one has {count:,}: send several"


def item(value: object) -> UsageItem:
    """Read one item; raises marshmallow's ValidationError with what is wrong in words.

    A withdrawal without a time is of the moment at which it is received.
    """
    if not isinstance(value, Mapping):
        raise ValidationError("an item is a JSON object")
    data = _SCHEMA.load(value)
    if data["kind"] == UsageKind.WITHDRAWN:
        return UsageItem(data["kind"], f"id:{data['id']}", data["at"] or _LATEST)
    read = UsageItem(
        kind=data["kind"],
        key=f"id:{data['id']}" if data["id"] else "",
        at=_moment(data),
        company_id=data["company_id"],
        domain=_domain(data),
        contact_id=data["contact_id"],
        email=addresses.email(data["email"]).value if data["email"] else None,
        # No text column can hold it.
        name=data["name"].replace("\x00", "").strip(),
        metric=data["metric"] if data["kind"] == UsageKind.FIGURE else "",
        value=data["value"] if data["kind"] == UsageKind.FIGURE else 0.0,
    )
    return read if read.key else replace(read, key=_key(read))


def _read(part: strict_json.Item, index: int) -> UsageItem | Bad:
    if part.fault is not None:
        return Bad(index, str(part.fault), part.raw)
    try:
        return item(part.value)
    except ValidationError as error:
        return Bad(index, describe(error), part.raw)


def _moment(data: Mapping[str, Any]) -> datetime:
    day: date | None = data["day"]
    at: datetime = data["at"] or datetime.combine(day or date.min, time.min, UTC)
    if at < EARLIEST:
        raise ValidationError({"at": [f"is before {EARLIEST.year}: no usage is so old"]})
    return at


def _domain(data: Mapping[str, Any]) -> str | None:
    if data["company_id"] is not None:
        return None
    domain: str | None = addresses.domain(data["domain"]).value
    if domain is None:
        raise ValidationError({"domain": ["is no domain"]})
    return domain


def _key(read: UsageItem) -> str:
    """The key of an item without an id: what it says, so that the same again is no news."""
    said = (read.kind, read.company_ref, read.at.isoformat(), read.metric, read.value, read.name)
    return f"said:{hashlib.sha256(repr(said).encode()).hexdigest()}"
