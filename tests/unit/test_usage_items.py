"""What products send, item by item: what is read, what is refused and in which words."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.records import usage_items
from mappings.records.events import Bad
from mappings.records.usage_items import UsageItem, UsageKind

DOCUMENT = Path(__file__).parents[2] / "docs" / "usage.md"
WHEN = datetime(2026, 5, 4, 9, tzinfo=UTC)


def figure(**changed: object) -> dict[str, Any]:
    said = {"metric": "logins", "value": 3, "at": WHEN.isoformat(), "company_id": 7, **changed}
    return {name: value for name, value in said.items() if value is not None}


def milestone(**changed: object) -> dict[str, Any]:
    said = {"kind": "milestone", "id": "m-1", "day": "2026-05-04", "company_id": 7, **changed}
    return {name: value for name, value in said.items() if value is not None}


def read(said: object) -> UsageItem | Bad:
    (item,) = usage_items.items(json.dumps(said).encode())
    return item


def test_every_item_of_the_documentation_is_read_as_what_it_says() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)

    items = usage_items.items(example.encode())

    assert [item for item in items if isinstance(item, Bad)] == []
    assert [item.kind for item in items if isinstance(item, UsageItem)] == [
        "figure",
        "figure",
        "milestone",
        "goal",
        "onboarding_step",
        "onboarding_completed",
        "review",
        "withdrawn",
    ]


def test_every_kind_is_documented() -> None:
    text = DOCUMENT.read_text()
    assert [kind for kind in UsageKind if f"`{kind}`" not in text] == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (figure(value=None), "value: is not a number"),
        (figure(value="many"), "value: Not a valid number"),
        (figure(value=float("nan")), "NaN"),
        (figure(value=1e16), "value: is beyond 1e+15"),
        (figure(value=-1e16), "value: is beyond 1e+15"),
        (figure(metric=None), "metric: say which figure it is"),
        (figure(metric="Log Ins"), "metric: is no metric's name"),
        (figure(at=None), "at: say when"),
        (figure(at="yesterday"), "at: is no time"),
        (figure(at="1970-01-01T00:00:00Z"), "at: is before 2000"),
        (figure(at=0), "at: is before 2000"),
        (milestone(day="04.05.2026"), "day: Not a valid date"),
        (figure(company_id=None), "company_id: say whose usage"),
        (figure(company_id=12.5), "company_id: is not an id"),
        (figure(company_id=None, domain="not a domain"), "domain: is no domain"),
        (milestone(kind="party"), "kind: is none of"),
        (milestone(name="x" * 501), "name: Longer than maximum length 500"),
        (milestone(id="x" * 151), "id: Length must be between 1 and 150"),
        ({"kind": "withdrawn"}, "id: say which item is taken back"),
        (12, "an item is a JSON object"),
        ("usage", "an item is a JSON object"),
    ],
    ids=str,
)
def test_a_bad_item_is_refused_in_words(said: object, reason: str) -> None:
    item = read(said)

    assert isinstance(item, Bad)
    assert reason in item.reason


def test_a_bad_item_leaves_its_neighbours_alone() -> None:
    items = usage_items.items(json.dumps([figure(), figure(value="x"), milestone()]).encode())

    assert [isinstance(item, Bad) for item in items] == [False, True, False]


def test_a_thousand_items_are_read_and_one_more_is_set_aside_as_a_whole() -> None:
    read_items = usage_items.items(json.dumps([figure()] * 1000).encode())
    assert len(read_items) == 1000
    (refused,) = usage_items.items(json.dumps([figure()] * 1001).encode())
    assert isinstance(refused, Bad)
    assert refused.reason == "a delivery may have 1,000 items, this one has 1,001: send several"


def test_an_envelope_of_standard_webhooks_is_opened() -> None:
    for data in ([figure(), milestone()], figure()):
        body = {"type": "usage.reported", "timestamp": WHEN.isoformat(), "data": data}
        items = usage_items.items(json.dumps(body).encode())
        assert len(items) == (2 if isinstance(data, list) else 1)
        assert all(isinstance(item, UsageItem) for item in items)


def test_the_same_without_an_id_is_the_same_and_another_value_is_not() -> None:
    keys = {str(getattr(read(figure(value=value)), "key", "")) for value in (3, 3.0, 4)}

    assert len(keys) == 2


def test_a_time_to_come_becomes_the_time_of_receipt() -> None:
    item = read(figure(at="2030-01-01T00:00:00Z"))

    assert isinstance(item, UsageItem)
    assert item.not_after(WHEN).at == WHEN


def test_a_day_is_its_first_moment() -> None:
    item = read(milestone())

    assert isinstance(item, UsageItem)
    assert item.at == datetime(2026, 5, 4, tzinfo=UTC)


@given(
    kind=st.sampled_from([kind for kind in UsageKind if kind != UsageKind.WITHDRAWN]),
    name=st.text(max_size=50),
    value=st.floats(-1e15, 1e15),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - without a zone: UTC
)
def test_what_is_read_is_stored_and_read_again_as_the_same(
    kind: UsageKind, name: str, value: float, at: datetime
) -> None:
    said = {"kind": kind, "name": name, "metric": "m", "value": value, "at": at.isoformat()}
    item = usage_items.item({**said, "domain": "acme.example"})

    assert UsageItem.of(json.loads(json.dumps(item.plain()))) == item
    assert "\x00" not in item.name
