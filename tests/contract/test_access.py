"""One portal's way to its CRM: a token refreshed once for all, and an allowance that nobody exceeds."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from integration.core.errors import NeedsOwner, Retryable
from integration.core.vault import Vault, WrongKey
from integration.portal import connection
from integration.portal.connection import RateLimiter, TokenProvider, UsageMeter
from integration.portal.context import open_portal
from integration.storage.database import Database
from integration.storage.service import allowances, portal_status, portals, tokens

if TYPE_CHECKING:
    from tests.world import World

HARBOR, ORCHARD = 4711, 4712


# Where the call that was just reserved may start, in seconds; the row is locked until the
# transaction ends.
_PLACE = """
SELECT extract(epoch FROM greatest(next_at - make_interval(secs => :step), clock_timestamp()))::float8
FROM allowance WHERE portal_id = :portal
"""


def make_due(world: "World") -> None:
    with world.runtime.database.service() as tx:
        tx.run("UPDATE token SET refresh_at = clock_timestamp()")


def test_of_many_that_find_it_due_one_refreshes(world: "World") -> None:
    world.install(world.harbor)
    world.hubspot.quirks.single_use_refresh = True
    make_due(world)
    with world.runtime.database.service() as tx:
        before = tokens.read(tx, HARBOR)
    keys = [TokenProvider(world.runtime, HARBOR) for _ in range(24)]
    with ThreadPoolExecutor(24) as pool:
        got = set(pool.map(lambda key: key(), keys))
    with world.runtime.database.service() as tx:
        after = tokens.read(tx, HARBOR)
    assert before is not None
    assert after is not None
    assert (len(got), after.version, after.state) == (1, before.version + 1, "live")


def test_two_refusals_a_minute_apart_end_the_connection(world: "World") -> None:
    world.install(world.harbor)
    make_due(world)
    world.hubspot.uninstall(HARBOR)
    with pytest.raises(Retryable):
        TokenProvider(world.runtime, HARBOR)()
    with pytest.raises(Retryable):
        TokenProvider(world.runtime, HARBOR)()
    with world.runtime.database.service() as tx:
        row = tokens.read(tx, HARBOR)
        assert row is not None
        assert row.state == "suspect"
        tx.run("UPDATE token SET suspect_since = suspect_since - interval '61 seconds'")
    with pytest.raises(NeedsOwner, match="reconnect"):
        TokenProvider(world.runtime, HARBOR)()


def test_a_hiccup_of_hubspots_is_forgotten(world: "World") -> None:
    world.install(world.harbor)
    make_due(world)
    with world.runtime.database.service() as tx:
        tokens.suspect(tx, HARBOR)
        tx.run("UPDATE token SET suspect_since = suspect_since - interval '61 seconds'")
    assert TokenProvider(world.runtime, HARBOR)()
    with world.runtime.database.service() as tx:
        row = tokens.read(tx, HARBOR)
    assert row is not None
    assert (row.state, row.suspect_since) == ("live", None)


def test_swapped_rows_do_not_open(world: "World") -> None:
    world.install(world.harbor)
    world.install(world.orchard)
    with world.runtime.database.service() as tx:
        tx.run(
            "UPDATE token AS a SET sealed = b.sealed FROM token AS b WHERE a.portal_id <> b.portal_id"
        )
    with pytest.raises(Retryable, match="another portal"):
        TokenProvider(world.runtime, HARBOR)()
    with world.runtime.database.service() as tx:
        found = portals.find(tx, HARBOR)
    assert found is not None
    assert found.is_active, "our configuration is at fault, not the portal"


def test_a_dump_holds_no_token(world: "World") -> None:
    world.install(world.harbor)
    token = TokenProvider(world.runtime, HARBOR)()
    with world.runtime.database.service() as tx:
        dump = str(tx.rows("SELECT t::text, encode(sealed, 'escape') FROM token AS t"))
    assert token not in dump


def test_rotation_seals_with_the_newest_key(world: "World") -> None:
    from cryptography.fernet import Fernet  # noqa: PLC0415 - used here only

    from integration.admin import key_rotation  # noqa: PLC0415 - as above

    world.install(world.harbor)
    old, new = world.runtime.settings.token_keys[0], Fernet.generate_key().decode()
    world.runtime.vault = Vault([new, old])
    assert key_rotation.rotate(world.runtime) == 1
    with world.runtime.database.service() as tx:
        row = tokens.read(tx, HARBOR)
    assert row is not None
    assert Vault([new]).open(HARBOR, row.sealed)["refresh"]
    with pytest.raises(WrongKey):
        Vault([old]).open(HARBOR, row.sealed)


def test_no_window_holds_more_than_the_allowance(database: Database) -> None:
    """Eight callers at once; every window is checked on the places they were given, by PostgreSQL's clock."""
    per_window, window = 60, 1.0
    step = allowances.step_seconds(per_window, window)
    given: list[tuple[float, float]] = []
    lock = threading.Lock()

    def call(_: int) -> None:
        with database.portal(HARBOR) as tx:
            wait, reserved = allowances.reserve(tx, "standard", step=step)
            place = tx.value(_PLACE, step=step)
        assert reserved
        with lock:
            given.append((place, wait))
        time.sleep(wait)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(130)))
    given.sort()
    places = [place for place, _ in given]
    busiest = max(sum(start <= at < start + window for at in places) for start in places)
    assert busiest <= per_window
    apart = [
        later - place
        for (place, waits), (later, waits_too) in pairwise(given)
        if waits and waits_too
    ]
    assert apart == pytest.approx([step] * len(apart), abs=0.001), (
        "nothing of the allowance is left lying"
    )


def test_portals_do_not_share_an_allowance(database: Database) -> None:
    for _ in range(allowances.BURST):
        with database.portal(HARBOR) as tx:
            allowances.reserve(tx, "standard", step=14.0)
    with database.portal(HARBOR) as tx:
        assert allowances.reserve(tx, "standard", step=14.0)[0] > 1
    with database.portal(ORCHARD) as tx:
        assert allowances.reserve(tx, "standard", step=14.0) == (0.0, True)


def test_too_many_holds_everybody(world: "World") -> None:
    meter = UsageMeter(lambda kind: connection._hold(world.runtime, HARBOR, kind))
    meter.called("objects.page", 429, 0.1)
    pace = RateLimiter(world.runtime, HARBOR, meter)
    with world.runtime.database.portal(HARBOR) as tx:
        wait, _ = allowances.reserve(tx, "standard", step=0.1)
    assert wait > 0
    pace("search")  # another allowance, not held


def test_hubspots_own_limit_is_never_exceeded_by_ours(world: "World") -> None:
    pace = RateLimiter(world.runtime, HARBOR, UsageMeter(lambda _: None))
    pace.learn_limits({"Max": 40, "Interval-Milliseconds": 10000})
    assert pace._per_window == 40
    pace.learn_limits({"Max": 100_000, "Interval-Milliseconds": 10000})
    assert pace._per_window == world.runtime.settings.hubspot_rate_per_10s


def test_the_calls_of_a_context_are_written_down_when_it_closes(world: "World") -> None:
    world.install(world.harbor)
    with world.runtime.database.portal(HARBOR) as tx:
        before = sum(row["calls"] for row in portal_status.calls(tx))
    with open_portal(world.runtime, HARBOR) as portal:
        portal.hubspot.account()
        assert portal.connection.meter.total() == 1
    with world.runtime.database.portal(HARBOR) as tx:
        after = sum(row["calls"] for row in portal_status.calls(tx))
    assert after == before + 1
