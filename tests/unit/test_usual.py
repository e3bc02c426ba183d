"""The quick way to read notifications and the careful way never disagree."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integration.ingest import fast_path, intake
from integration.storage.queue.inbox import Delivery
from integration.storage.queue.inbox_events import InboundEvent
from mappings.records import events

PORTAL = 4711
RECEIVED = datetime(2026, 1, 2, tzinfo=UTC)


def an_item(**changed: object) -> dict[str, Any]:
    return {
        "eventId": 100, "subscriptionId": 7, "portalId": PORTAL, "appId": 1, "occurredAt": 1767225600123,
        "subscriptionType": "contact.propertyChange", "attemptNumber": 0, "objectId": 12, "propertyName": "email",
        "propertyValue": "x@y.example", "changeSource": "CRM_UI", "sourceId": "userId:1", "isSensitive": False,
        **changed,
    }  # fmt: skip


def carefully(body: bytes) -> list[InboundEvent]:
    envelope = Delivery(1, "hubspot", RECEIVED, body, 0)
    return [intake._inbound_event(PORTAL, envelope, item) for item in events.split(body)]


def agree(body: bytes) -> None:
    assert intake.events_of(PORTAL, Delivery(1, "hubspot", RECEIVED, body, 0)) == carefully(body)


def is_quick(body: bytes) -> bool:
    """Whether nothing of this delivery needed the careful reader."""
    asked: list[bytes] = []

    def otherwise(raw: bytes) -> list[InboundEvent]:
        asked.append(raw)
        return carefully(raw)

    found = fast_path.events_of(PORTAL, Delivery(1, "hubspot", RECEIVED, body, 0), otherwise)
    return found is not None and not asked


@pytest.mark.parametrize(
    "item",
    [
        an_item(),
        an_item(propertyValue="Müller & 株式会社"),
        an_item(subscriptionType="deal.creation", changeFlag="CREATED"),
        an_item(subscriptionType="object.propertyChange", objectTypeId="0-2"),
        an_item(subscriptionType="company.deletion"),
        an_item(occurredAt=4_000_000_000_000),
    ],
)
def test_usual_notifications_take_the_quick_way(item: dict[str, object]) -> None:
    body = json.dumps([item, item], separators=(",", ":"), ensure_ascii=False).encode()
    assert is_quick(body)
    agree(body)


ODD = [
    "", "\\", "a:b", 'say "x":', "\0", "\ud800", "\n", "x" * 101, "x" * 300, "x" * 70_000, "é", 0, 1, -1, 2**63 - 1,
    2**63, -(2**63), -(2**63) - 1, 10**30, 1.0, 1.5, 1e400, float("nan"), True, False, None, [], {}, [1], {"a": 1},
    PORTAL, str(PORTAL), "12", 1767225600123, 253_402_300_800_000, "contact.propertyChange", "contact.merge",
    "contact.associationChange", "object.creation", "quote.creation", "contact", ".creation", "0-1", "0-3", "2-99",
]  # fmt: skip
FIELDS = [
    *an_item(),
    "objectTypeId",
    "changeFlag",
    "eventType",
    "fromObjectId",
    "mergedObjectIds",
    "unheardOf",
]
ITEMS = st.builds(
    lambda changed, left_out: {k: v for k, v in an_item(**changed).items() if k not in left_out},
    st.dictionaries(
        st.sampled_from(FIELDS), st.sampled_from(ODD) | st.text(max_size=5), max_size=3
    ),
    st.sets(st.sampled_from(FIELDS), max_size=2),
)


@settings(deadline=None, max_examples=400)
@given(
    st.lists(ITEMS | st.sampled_from(ODD), max_size=4),
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", " : ")]),
)
def test_both_ways_agree_about_every_notification(
    items: list[object], ascii_only: bool, separators: tuple[str, str]
) -> None:
    text = json.dumps(items, ensure_ascii=ascii_only, separators=separators)
    agree(text.encode("utf-8", errors="surrogatepass"))


TEXT = json.dumps([an_item(), an_item(objectId=13)], separators=(",", ":")).encode()
PIECES = [
    b"", b'"', b"\\", b"\\u0000", b"\\ud800", b"\x00", b"\x1f", b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b" ", b"\n", b":", b",", b"[", b"]", b"{", b"}", b"0", b"1.0", b"1e3", b".0", b"-", b"NaN", b"null", b"//",
    b'"objectId":5,', b'"objectId" :5,', b'"objectId"  \t:5,', b'"x":1,', b"]]", b"[]",
]  # fmt: skip


@settings(deadline=None, max_examples=600)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(TEXT)),
            st.integers(0, 12),
            st.sampled_from(PIECES) | st.binary(max_size=3),
        ),
        min_size=1,
        max_size=3,
    )
)
@example([(2, 0, b'"objectId":5,')])
@example([(2, 0, b'"objectId" :5,')])
def test_both_ways_agree_about_damaged_text(changes: list[tuple[int, int, bytes]]) -> None:
    body = TEXT
    for at, length, piece in changes:
        body = body[:at] + piece + body[at + length :]
    agree(body)


@pytest.mark.parametrize(
    "number", [b"12.0", b"1.2e1", b"12e0", b"-0", b"012", b"+12", b"0x1", b"1_2"]
)
@pytest.mark.parametrize(
    "name", [b"objectId", b"portalId", b"occurredAt", b"eventId", b"attemptNumber", b"appId"]
)
def test_both_ways_agree_about_numbers(name: bytes, number: bytes) -> None:
    start = TEXT.index(b'"' + name + b'":') + len(name) + 3
    end = min(TEXT.index(mark, start) for mark in (b",", b"}"))
    agree(TEXT[:start] + number + TEXT[end:])
