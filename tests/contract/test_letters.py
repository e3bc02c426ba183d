"""Events are stored as they were understood, whatever characters are in them."""

from datetime import UTC, datetime

import pytest

from integration.portal.runtime import Runtime
from integration.storage.queue import inbox_events
from integration.storage.queue.inbox_events import InboundEvent

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "back\\slash",
        "\\N",
        "\\.",
        "tab\tline\nreturn\r\b\f\v",
        "é 株式会社 \u2028 \x7f",
        "",
        "'; DROP TABLE event",
    ],
)
def test_every_character_comes_back(runtime: Runtime, text: str) -> None:
    letter = InboundEvent(
        "hubspot",
        f"key {text}",
        "bad",
        None,
        None,
        {"raw": text},
        AT,
        AT,
        "set_aside",
        text or None,
    )
    with runtime.database.portal(4711) as tx:
        assert inbox_events.store_events(tx, [letter, letter]) == 1
        found = [dict(row) for row in tx.rows("SELECT * FROM event")]
    assert len(found) == 1
    stored = found[0]
    assert (stored["dedupe_key"], stored["payload"], stored["reason"]) == (
        f"key {text}",
        {"raw": text},
        text or None,
    )
    assert (
        stored["occurred_at"],
        stored["received_at"],
        stored["object_type"],
        stored["object_id"],
    ) == (
        AT,
        AT,
        None,
        None,
    )
