"""What a town is made of: plain rows with a history, before any CRM has seen them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tests.sandbox.truth_facts import Truth

REFERRED_BY = "referred by"
PRIMARY = "primary"


@dataclass(frozen=True, slots=True)
class Value:
    """One value a property had from *at* on; *source* is HubSpot's sourceType."""

    name: str
    value: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Record:
    """A CRM record with all the values its properties ever had, oldest first."""

    kind: str
    id: int
    created: datetime
    values: tuple[Value, ...]

    def current(self) -> dict[str, str]:
        """Each property's newest value."""
        return {value.name: value.value for value in self.values}

    def history(self, name: str) -> tuple[Value, ...]:
        """Every value *name* had, oldest first."""
        return tuple(value for value in self.values if value.name == name)


@dataclass(frozen=True, slots=True)
class Link:
    """An association; *label* is empty, ``primary`` or the name of a custom label."""

    from_kind: str
    from_id: int
    to_kind: str
    to_id: int
    label: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Stage:
    """A pipeline stage; for tickets *closed* alone counts."""

    id: str
    label: str
    probability: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline of deals or tickets."""

    kind: str
    id: str
    label: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Owner:
    """A user of the portal who owns records."""

    id: int
    email: str
    first: str
    last: str
    archived: bool = False


@dataclass(frozen=True, slots=True)
class PropertyRow:
    """A property the portal made for itself."""

    kind: str
    name: str
    label: str
    type: str
    field_type: str


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A custom association label, with the words seen from the other side."""

    from_kind: str
    to_kind: str
    name: str
    label: str
    inverse: str


@dataclass(frozen=True, slots=True)
class Setup:
    """What a portal holds besides records."""

    currency: str
    other_currencies: tuple[str, ...]
    owners: tuple[Owner, ...]
    pipelines: tuple[Pipeline, ...]
    properties: tuple[PropertyRow, ...]
    labels: tuple[LabelRow, ...]


@dataclass(frozen=True, slots=True)
class Town:
    """A portal's worth of rows, and what really happened."""

    setup: Setup
    records: tuple[Record, ...]
    links: tuple[Link, ...]
    truth: Truth
    free_mail_hosts: frozenset[str] = field(default_factory=frozenset)

    def of(self, kind: str) -> tuple[Record, ...]:
        """The records of one kind, by id."""
        return tuple(record for record in self.records if record.kind == kind)
