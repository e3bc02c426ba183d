from concurrent.futures import ThreadPoolExecutor

import pytest

from integration.portal.runtime import Runtime
from integration.storage.database import Database
from integration.storage.queue import lanes
from integration.storage.queue.lanes import Lease, LeaseLost
from integration.storage.service import portals
from workers import jobs

HARBOR, ORCHARD = 4711, 4712


@pytest.fixture(autouse=True)
def _installed(database: Database) -> None:
    with database.service() as tx:
        for portal in (HARBOR, ORCHARD):
            portals.install(tx, portal, scopes=[], account={}, user_id=None)


def take(database: Database, portal: int = HARBOR, kind: str = "drain") -> Lease | None:
    with database.portal(portal) as tx:
        return lanes.take(tx, portal, kind)


def due(database: Database) -> list[tuple[int, str]]:
    with database.service() as tx:
        return list(lanes.due(tx))


def test_of_many_at_once_one_gets_the_lane(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        got = [lease for lease in pool.map(lambda _: take(database), range(16)) if lease]
    assert len(got) == 1
    assert take(database, ORCHARD) is not None, "another portal's lane is free"


def test_a_lease_that_ran_out_goes_to_the_next_and_fences_the_old_one_off(
    database: Database,
) -> None:
    first = take(database)
    assert first is not None
    with database.portal(HARBOR) as tx:
        tx.run(
            "UPDATE lane SET lease_until = clock_timestamp() - interval '1 second' WHERE portal_id = :portal"
        )
    second = take(database)
    assert second is not None
    assert second.fence > first.fence
    with pytest.raises(LeaseLost):
        _write_under(database, first)
    with database.portal(HARBOR) as tx:
        assert tx.value("SELECT count(*) FROM record") == 0, (
            "what the fenced one did was rolled back"
        )


def _write_under(database: Database, lease: Lease) -> None:
    with database.portal(HARBOR) as tx:
        tx.run(
            "INSERT INTO record (portal_id, object_type, record_id) VALUES (:portal, 'contact', 1)"
        )
        lanes.renew(tx, lease)


def test_back_off_keeps_the_work_due_but_not_yet(database: Database) -> None:
    lease = take(database)
    assert lease is not None
    with database.portal(HARBOR) as tx:
        lanes.back_off(tx, lease, seconds=3600, trouble="HubSpot is away")
    assert due(database) == []
    assert take(database) is None
    with database.portal(HARBOR) as tx:
        lanes.clear_waits(tx, HARBOR)
    assert due(database) == [(HARBOR, "drain")]


def test_work_wished_for_while_the_lane_is_held_is_not_lost(database: Database) -> None:
    lease = take(database)
    assert lease is not None
    with database.portal(HARBOR) as tx:
        lanes.want(tx, HARBOR, "drain")
    assert due(database) == [], "somebody is on it"
    with database.portal(HARBOR) as tx:
        lanes.release(tx, lease, again_after=None)
    assert due(database) == [(HARBOR, "drain")]


def test_a_raw_delivery_alone_makes_its_portal_due(database: Database) -> None:
    with database.portal(HARBOR) as tx:
        tx.run("INSERT INTO inbox (portal_id, body) VALUES (:portal, 'x')")
    assert due(database) == [(HARBOR, "drain")]


def test_a_paused_portal_is_never_due_and_keeps_its_work(database: Database) -> None:
    with database.portal(HARBOR) as tx:
        lanes.want(tx, HARBOR, "drain")
        portals.pause(tx, HARBOR, "Reconnect it.")
    assert due(database) == []
    assert take(database) is None
    with database.service() as tx:
        assert portals.resume(tx, HARBOR)
    assert due(database) == [(HARBOR, "drain")]


def test_the_lane_of_a_killed_worker_is_due_when_its_lease_ran_out(database: Database) -> None:
    """Its raw rows may be split already: nothing else would ever wake the portal again."""
    lease = take(database)
    assert lease is not None
    with database.portal(HARBOR) as tx:
        tx.run(
            "UPDATE lane SET lease_until = clock_timestamp() - interval '1 second' WHERE portal_id = :portal"
        )
    assert due(database) == [(HARBOR, "drain")]
    again = take(database)
    assert again is not None
    with database.portal(HARBOR) as tx:
        assert lanes.past_trouble(tx, again).ended_a_process
        lanes.release(tx, again, again_after=None)
        assert not lanes.past_trouble(tx, again).ended_a_process


def test_a_locked_lane_is_skipped_without_a_wait_and_taken_later(
    runtime: Runtime, database: Database
) -> None:
    """An admin's change of settings, or a person at the database, may hold the row for long."""
    with database.portal(HARBOR) as tx:
        lanes.want(tx, HARBOR, "drain")
    with database.portal(HARBOR) as somebody:
        lanes.hold(somebody, HARBOR, "drain")
        jobs.work(runtime, HARBOR, "drain")  # no traceback, and no ten seconds
        assert take(database) is None
        assert take(database, kind="write") is not None, "the portal's other lanes are free"
        assert take(database, ORCHARD) is not None
    assert due(database) == [(HARBOR, "drain")]
    assert take(database) is not None
