"""A portal of contacts and companies only, for data that knows no deals: filled, concluded and read."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from tests.accuracy.ground import Ground
from tests.accuracy.reading import Reading, read
from tests.sandbox import town_load
from tests.sandbox.town_rows import (
    Link,
    Owner,
    Pipeline,
    PropertyRow,
    Record,
    Setup,
    Stage,
    Town,
    Value,
)
from tests.sandbox.truth_facts import Truth

_SETUP = Setup(
    currency="USD",
    other_currencies=(),
    owners=(Owner(9_700_012, "sales@ourselves.example", "Sam", "Sales"),),
    pipelines=(
        Pipeline(
            "deal",
            "default",
            "Sales",
            (
                Stage("open", "Open", "0.5", closed=False),
                Stage("closedwon", "Won", "1.0", closed=True),
            ),
        ),
    ),
    properties=(
        PropertyRow(
            "contact", "how_did_you_hear", "How did you hear about us?", "string", "textarea"
        ),
    ),
    labels=(),
)


def rows(path: Path) -> list[dict[str, str]]:
    """A compressed table."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def record(kind: str, record_id: int, day: date, values: Mapping[str, str]) -> Record:
    """A record as an import makes it; what is empty is left out."""
    at = moment(day)
    written = tuple(Value(name, value, at, "IMPORT") for name, value in values.items() if value)
    return Record(kind, record_id, at, written)


def moment(day: date) -> datetime:
    """The first moment of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def conclude(
    ground: Ground,
    portal_id: int,
    name: str,
    records: Sequence[Record],
    links: Sequence[Link],
    settings: Mapping[str, str],
) -> Reading:
    """Put everything into a portal of its own, let the app conclude, and read what it says."""
    portal = ground.hubspot.add_portal(
        portal_id, name, currency="USD", time_zone="America/New_York"
    )
    town = Town(_SETUP, tuple(records), tuple(links), Truth())
    town_load.arrange(portal, town.setup)
    town_load.fill(portal, town)
    ground.connect(portal, settings)
    ground.say.print(
        f"  {len(records):,} records concluded in {ground.settle(portal_id):.0f} s", style="dim"
    )
    with ground.runtime() as runtime:
        return read(runtime, portal)
