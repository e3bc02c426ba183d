"""The end of a portal: its rows go in slices that can be interrupted, and nothing half-erased is used."""

import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from commands.main import cli
from integration.admin import housekeeping, overview, retention
from integration.core.errors import Refused
from integration.portal.runtime import Runtime
from integration.storage.service import erasure, portal_erasure, portals, settings_versions
from tests.contract.visiting import Town, opened

HARBOR, ORCHARD = 4711, 4712
ROOT = Path(__file__).resolve().parents[2]
RECORDS, TOUCHES, LEDGER = 2_000, 3_000, 500


@pytest.fixture
def left(runtime: Runtime) -> Runtime:
    """Two portals with thousands of rows each; harbor uninstalled the app forty days ago."""
    with runtime.database.service() as tx:
        for portal_id in (HARBOR, ORCHARD):
            portals.install(tx, portal_id, scopes=["oauth"], account={"currency": "EUR"}, user_id=1)
    for portal_id in (HARBOR, ORCHARD):
        fill(runtime, portal_id)
    with runtime.database.service() as tx:
        portals.uninstall(tx, HARBOR)
        tx.run(
            "UPDATE portal SET uninstalled_at = uninstalled_at - interval '40 days' WHERE portal_id = :id",
            id=HARBOR,
        )
    return runtime


def fill(runtime: Runtime, portal_id: int) -> None:
    with runtime.database.portal(portal_id) as tx:
        settings_versions.append(tx, {"map": {}}, author="Ana", reason="first")
        portals.note(tx, "Ana", "installed")
        tx.run(
            "INSERT INTO record (portal_id, object_type, record_id) SELECT :portal, 'contact', generate_series(1, :n)",
            n=RECORDS,
        )
        tx.run(
            """INSERT INTO touch (portal_id, contact_id, at, activity_id, activity_type, kind)
               SELECT :portal, n % 100 + 1, clock_timestamp(), n, 'call', 'call'
               FROM generate_series(1, :n) AS n""",
            n=TOUCHES,
        )
        tx.run(
            """INSERT INTO ledger (portal_id, deal_id, source_key, kind, share, amount_minor, currency,
                 effective_at, settings_version, occasion, reason)
               SELECT :portal, n, 'x', 'referral', 1, 1, 'EUR', clock_timestamp(), 1, 'won', ''
               FROM generate_series(1, :n) AS n""",
            n=LEDGER,
        )


def counts(runtime: Runtime, portal_id: int) -> dict[str, int]:
    with runtime.database.portal(portal_id) as tx:
        found = {table: tx.value(f"SELECT count(*) FROM {table}") for table in erasure.tables(tx)}
    return {table: rows for table, rows in found.items() if rows}


def test_a_large_portal_goes_slice_by_slice_and_the_other_keeps_every_row(left: Runtime) -> None:
    before = counts(left, ORCHARD)
    retention.begin_erasing(left, HARBOR)
    slices = 0
    rows = [sum(counts(left, HARBOR).values())]

    while not retention.go_on_erasing(left, HARBOR, seconds=0, slice_rows=400):
        slices += 1
        rows.append(sum(counts(left, HARBOR).values()))

    assert slices >= (RECORDS + TOUCHES + LEDGER) // 400
    assert all(0 < more - less <= 400 for more, less in itertools.pairwise(rows))
    assert counts(left, HARBOR) == {"portal": 1}
    assert counts(left, ORCHARD) == before
    with left.database.portal(HARBOR) as tx:
        line = tx.rows(
            "SELECT state, account, scopes, installed_by, settings_version, erasing_since FROM portal"
        )[0]
    assert tuple(line.values()) == ("uninstalled", {}, [], None, 0, None)


def test_a_slice_that_breaks_off_is_done_again_and_the_ones_before_it_stay_done(
    left: Runtime,
) -> None:
    retention.begin_erasing(left, HARBOR)
    retention.go_on_erasing(left, HARBOR, seconds=0, slice_rows=1_000)
    before = counts(left, HARBOR)

    with contextlib.suppress(ZeroDivisionError), left.database.portal(HARBOR) as tx:
        assert portal_erasure.hold(tx)
        portal_erasure.erase_slice(tx, rows=1_000)
        raise ZeroDivisionError

    assert counts(left, HARBOR) == before
    assert retention.go_on_erasing(left, HARBOR, seconds=60, slice_rows=1_000)
    assert counts(left, HARBOR) == {"portal": 1}


def test_a_process_killed_in_the_middle_leaves_the_rest_to_the_next(left: Runtime) -> None:
    retention.begin_erasing(left, HARBOR)
    program = (
        "from integration.admin import retention\nfrom integration.portal.runtime import open_runtime\n"
        f"with open_runtime() as own:\n    retention.go_on_erasing(own, {HARBOR}, seconds=60, slice_rows=7)\n"
    )
    whole = sum(counts(left, HARBOR).values())
    child = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, **environment(left)}
    )
    try:
        deadline = time.monotonic() + 60
        while sum(counts(left, HARBOR).values()) > whole - 100 and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        child.kill()
        child.wait()

    some = sum(counts(left, HARBOR).values())
    assert 1 < some < whole - 50
    while not retention.go_on_erasing(left, HARBOR, seconds=10):
        pass
    assert counts(left, HARBOR) == {"portal": 1}


def environment(runtime: Runtime) -> dict[str, str]:
    own = runtime.settings
    return {
        "DATA_DIR": str(own.data_dir), "DATABASE_URL": str(own.database_url), "REDIS_URL": str(own.redis_url),
        "SECRET_KEY": own.secret_key, "TOKEN_KEYS": ",".join(own.token_keys),
    }  # fmt: skip


def test_two_at_once_do_not_wait_for_each_other(left: Runtime) -> None:
    retention.begin_erasing(left, HARBOR)
    with left.database.portal(HARBOR) as tx:
        assert portal_erasure.hold(tx)
        with left.database.portal(HARBOR) as other:
            assert not portal_erasure.hold(other)


def test_the_calendar_begins_after_thirty_days_and_goes_on_until_nothing_is_left(
    left: Runtime,
) -> None:
    with left.database.service() as tx:
        portals.uninstall(tx, ORCHARD)  # today
    before = counts(left, ORCHARD)["record"]

    for _ in range(50):
        housekeeping.run_due(left)
        with left.database.service() as tx:
            tx.run("UPDATE schedule SET due_at = clock_timestamp() WHERE name = 'erase'")
        if counts(left, HARBOR) == {"portal": 1}:
            break

    assert counts(left, HARBOR) == {"portal": 1}
    assert counts(left, ORCHARD)["record"] == before


def test_a_portal_that_came_back_in_time_is_not_erased(left: Runtime) -> None:
    with left.database.service() as tx:
        portals.install(tx, HARBOR, scopes=["oauth"], account={}, user_id=1)
    before = counts(left, HARBOR)

    retention.begin_erasing(left, HARBOR)

    assert retention.go_on_erasing(left, HARBOR, seconds=0)
    assert counts(left, HARBOR) == before


@pytest.mark.parametrize(
    "arguments",
    [("ledger", "4711"), ("explain", "4711", "contact", "7"), ("status", "4711"), ("orders", "4711"),
     ("policy", "4711"), ("review", "4711"), ("replay", "4711"), ("forget", "4711", "contact", "7"),
     ("inbound-key", "4711"), ("backfill", "4711")],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_nothing_of_a_half_erased_portal_is_shown(
    left: Runtime, arguments: tuple[str, ...]
) -> None:
    retention.begin_erasing(left, HARBOR)
    retention.go_on_erasing(left, HARBOR, seconds=0, slice_rows=1_000)

    result = CliRunner().invoke(cli, arguments, env=environment(left))

    assert isinstance(result.exception, Refused)
    assert "erased" in str(result.exception) or "uninstalled" in str(result.exception)
    assert result.stdout == ""


def test_the_list_of_portals_says_what_happens(left: Runtime) -> None:
    retention.begin_erasing(left, HARBOR)
    harbor, orchard = overview.portals(left)
    assert (harbor["state"], harbor["reason"]) == ("uninstalled", portal_erasure.BEING_ERASED)
    assert orchard["state"] == "active"


@pytest.fixture
def town(runtime: Runtime) -> Iterator[Town]:
    with opened(runtime) as here:
        here.visitor().install()
        fill(here.runtime, HARBOR)
        with here.runtime.database.service() as tx:
            portals.uninstall(tx, HARBOR)
            tx.run(
                "UPDATE portal SET uninstalled_at = uninstalled_at - interval '40 days' WHERE portal_id = :id",
                id=HARBOR,
            )
        yield here


def test_who_comes_back_in_the_middle_begins_with_nothing_of_what_was(town: Town) -> None:
    retention.begin_erasing(town.runtime, HARBOR)
    retention.go_on_erasing(town.runtime, HARBOR, seconds=0, slice_rows=1_000)
    with town.runtime.database.portal(HARBOR) as tx:
        assert tx.value("SELECT count(*) FROM record") > 0

    assert town.visitor().install().status_code == 303

    with town.runtime.database.portal(HARBOR) as tx:
        portal = portals.find(tx, HARBOR)
        assert [
            tx.value(f"SELECT count(*) FROM {table}") for table in ("record", "touch", "ledger")
        ] == [0, 0, 0]
        assert [row["author"] for row in tx.rows("SELECT author FROM settings_version")] != ["Ana"]
    assert portal is not None
    assert (portal.state, portal.imported_at, portal.erasing_since) == ("active", None, None)


def test_who_comes_back_while_a_slice_is_under_way_is_asked_to_wait(town: Town) -> None:
    retention.begin_erasing(town.runtime, HARBOR)
    address = town.runtime.settings.database_url or ""
    with psycopg.connect(address) as busy:
        busy.execute("SELECT FROM portal WHERE portal_id = %s FOR UPDATE", (HARBOR,))
        page = town.visitor().install()

    assert page.status_code == 503
    assert "still being erased" in page.text
    with town.runtime.database.portal(HARBOR) as tx:
        assert tx.value("SELECT state FROM portal") == "uninstalled"


def test_an_erasing_that_begins_in_the_middle_of_an_install_wins(town: Town) -> None:
    slow = town.hubspot.trouble.add("latency", "GET /account-info/*", times=1, seconds=2.0)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(town.visitor().install)
        while slow.hits == 0 and not coming.done():
            time.sleep(0.01)
        retention.begin_erasing(town.runtime, HARBOR)
        retention.go_on_erasing(town.runtime, HARBOR, seconds=0, slice_rows=1_000)
        page = coming.result()

    assert slow.hits == 1
    assert page.status_code == 503
    with town.runtime.database.portal(HARBOR) as tx:
        assert tx.value("SELECT state FROM portal") == "uninstalled"
    assert town.visitor().install().status_code == 303
