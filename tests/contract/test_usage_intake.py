"""What products send takes effect once, in any order, with a bounded number of queries and of rows that wait."""

import json
from typing import Any

import pytest

from integration.ingest import usage_intake
from integration.portal.success_items import MOST_WAITING, TOO_MANY_WAIT
from integration.storage.mirror import success_rows
from integration.storage.queue import inbox_events
from integration.storage.queue.inbox import Delivery
from integration.storage.queue.inbox_events import WaitingEvent
from tests.contract.conclude_world import HARBOR, KEYS, NOW, ORCHARD, Clock, MirrorPortal, day
from tests.contract.record_world import counted

ACME, ZENIT = 1, 2


@pytest.fixture
def portals(clock: Clock) -> tuple[MirrorPortal, MirrorPortal]:
    """Acme and Zenit bought, in both."""
    both = MirrorPortal(clock, HARBOR), MirrorPortal(clock, ORCHARD)
    for portal in both:
        portal.install()
        for number, name in ((ACME, "Acme"), (ZENIT, "Zenit")):
            portal.company(number, name, f"{name.lower()}.example")
            portal.deal(number, number, created=800, won=(700, "10000.00"))
        portal.imported()
        portal.settle()
    return both


def milestone(company: int | None = ACME, name: str = "Live", **more: object) -> dict[str, Any]:
    said = {"kind": "milestone", "id": name, "name": name, "company_id": company}
    return {**said, "at": day(2).isoformat(), **more}


def figure(value: float = 5, at: float = 1, **more: object) -> dict[str, Any]:
    return {
        "metric": "seats",
        "value": value,
        "at": day(at).isoformat(),
        "company_id": ACME,
        **more,
    }


def arrive(portal: MirrorPortal, *said: object, message_id: str | None = None) -> None:
    """Deliver some items, let them take effect and be concluded from."""
    body = json.dumps(said).encode()
    delivery = Delivery(1, usage_intake.source_of(message_id), NOW, body, 0)
    with portal.database.portal(portal.portal_id) as tx:
        events = [
            event
            for read in usage_intake.once(tx, [delivery])
            for event in usage_intake.events_of(read)
        ]
        inbox_events.store_events(tx, events)
    take_effect(portal)
    portal.settle()


def take_effect(portal: MirrorPortal) -> None:
    """As sync does with waiting events, a group after the other."""
    while True:
        with portal.database.portal(portal.portal_id) as tx:
            events = inbox_events.waiting(tx)
            if not events:
                return
            usage_intake.take(tx, events, keys=KEYS, now=NOW)
            inbox_events.settle_events(tx, events, "done")
            usage_intake.blank(tx)


def milestones(portal: MirrorPortal) -> list[str]:
    rows = portal.rows("SELECT words FROM win WHERE kind = 'milestone' ORDER BY at, win_key")
    return [row["words"].removeprefix("Milestone reached: ") for row in rows]


def test_nothing_counts_twice(portals: tuple[MirrorPortal, MirrorPortal]) -> None:
    """The same delivery, the same item, the same milestone by another id, and one without an id."""
    harbor, orchard = portals
    arrive(harbor, milestone(), message_id="msg-1")
    arrive(harbor, milestone(), milestone(name="In a known delivery"), message_id="msg-1")
    arrive(harbor, milestone())
    arrive(harbor, milestone(id="another", at=day(1).isoformat()))
    arrive(harbor, milestone(name="Nameless", id=None))
    arrive(harbor, milestone(name="Nameless", id=None), milestone(name="Nameless", id=None))

    assert milestones(harbor) == ["Live", "Nameless"]
    assert len(harbor.kept("success_event")) == 3
    assert orchard.kept("success_event") == orchard.kept("win") == []


def test_a_delivery_that_could_not_be_read_is_read_when_it_is_replayed(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    arrive(harbor, {"kind": "party"}, message_id="msg-1")

    (aside,) = harbor.events(state="set_aside")
    assert aside["source"] == usage_intake.SOURCE


@pytest.mark.parametrize("is_first", [True, False], ids=["it came first", "it came later"])
def test_what_is_taken_back_is_no_win(
    portals: tuple[MirrorPortal, MirrorPortal], is_first: bool
) -> None:
    harbor, _ = portals
    taken_back = {"kind": "withdrawn", "id": "Live"}
    arrive(harbor, *([taken_back] if is_first else [milestone()]))
    arrive(harbor, milestone(name="Stays"), *([milestone()] if is_first else [taken_back]))
    arrive(harbor, milestone())

    assert milestones(harbor) == ["Stays"]


def test_a_clock_that_runs_ahead_makes_nothing_the_newest_for_ever(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    arrive(harbor, milestone(at=day(-400).isoformat()), figure(at=-400))

    assert harbor.values("success_event", "at") == harbor.values("usage", "at") == [NOW]
    assert harbor.values("win", "at", kind="milestone") == [NOW]


def test_a_corrected_figure_replaces_the_one_before(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    arrive(harbor, figure(5))
    arrive(harbor, figure(7), figure(7))
    arrive(harbor, figure(6, domain="acme.example", company_id=None, id="corrected"))

    assert harbor.values("usage", "value") == [6.0]


def test_a_usage_that_rises_and_stays_is_a_record(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    levels = [100, 104, 98, 101, 99, 103, 100, 102, 101, 130, 131]
    arrive(
        harbor, *(figure(level, at=7 * (len(levels) - week)) for week, level in enumerate(levels))
    )

    assert harbor.values("win", "words", kind="usage_record") == ["seats at 130, 104 before"]
    assert harbor.values("win", "at", kind="usage_record") == [day(7)]


def test_items_for_unknown_companies_wait_up_to_a_bound_and_a_time(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    """A hundred thousand unknown ids: what is beyond is set aside, known companies go on."""
    harbor, orchard = portals
    with harbor.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO awaited_company
                 (portal_id, company_ref, source, item_key, item, received_at)
               SELECT :portal, 'id:' || n, 'usage', 'id:' || n, '{}', clock_timestamp()
               FROM generate_series(1000, 1000 + :most - 2) AS n""",
            most=MOST_WAITING,
        )

    unknown = [milestone(None, f"m{n}", domain=f"unknown-{n}.example") for n in range(3)]
    arrive(harbor, *unknown, milestone())

    assert milestones(harbor) == ["Live"]
    aside = harbor.events(state="set_aside")
    assert [row["reason"] for row in aside] == [TOO_MANY_WAIT] * 2
    assert all(row["payload"]["name"] for row in aside)
    with harbor.database.portal(HARBOR) as tx:
        assert success_rows.waiting_items(tx, at_most=10**6) == MOST_WAITING
        first = success_rows.awaited(tx, limit=3)
        # The one that came in this test came, by its clock, long ago.
        assert success_rows.expire(tx, days=1) == 1
        assert success_rows.expire(tx, days=0) == MOST_WAITING - 1
    assert len(first) == 3
    assert orchard.kept("awaited_company") == []


def test_a_withdrawal_of_what_never_came_is_forgotten_in_time(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    arrive(harbor, {"kind": "withdrawn", "id": "never"}, milestone())
    harbor.rows("UPDATE success_event SET received_at = clock_timestamp() - interval '91 days'")

    with harbor.database.portal(HARBOR) as tx:
        success_rows.expire(tx, days=90)

    assert harbor.values("success_event", "kind") == ["milestone"]


def test_a_thousand_items_take_as_many_queries_as_a_dozen(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    counts = []
    for many in (3, 250):
        kinds: tuple[dict[str, Any], ...] = (
            {},
            {"domain": "zenit.example", "company_id": None},
            {"company_id": 10**9 + many},
        )
        said = [
            part
            for number in range(many)
            for part in (
                figure(number, at=1 + number / 1440, **kinds[number % 2]),
                milestone(name=f"{many}-{number}", **kinds[number % 3]),
                milestone(name=f"p{many}-{number}", kind="praise", email="ana@acme.example"),
                {"kind": "withdrawn", "id": f"{many}-{number}"},
            )
        ]
        counts.append(queries_of(harbor, said))

    assert len(said) == 1000
    assert counts[0] == counts[1] <= 20


def queries_of(portal: MirrorPortal, said: list[dict[str, Any]]) -> int:
    """How many statements a delivery's items take to have their effect, before concluding."""
    delivery = Delivery(1, usage_intake.SOURCE, NOW, json.dumps(said).encode(), 0)
    events = usage_intake.events_of(delivery)
    waiting = [
        WaitingEvent(
            event.source, event.dedupe_key, event.kind, None, None, event.payload, NOW, attempts=0
        )
        for event in events
    ]
    with counted(portal.database) as statements, portal.database.portal(HARBOR) as tx:
        usage_intake.take(tx, waiting, keys=KEYS, now=NOW)
    return len(statements)
