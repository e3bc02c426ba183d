"""Deliveries for accounts without a connection: counted, shown to the operator, and deleted in time."""

import json

import pytest
from click.testing import CliRunner

from commands.main import cli
from integration.admin import housekeeping, overview
from integration.core.environment import Settings
from integration.portal.runtime import Runtime
from integration.storage.queue import lanes
from integration.storage.queue.inbox_writer import InboxWriter
from integration.storage.service import portals
from webhooks import metrics

HARBOR, ORCHARD, STRANGER = 4711, 4712, 99


@pytest.fixture
def left(runtime: Runtime, settings: Settings) -> Runtime:
    """Harbor uninstalled the app, orchard did not; HubSpot goes on sending, and mistakes an account."""
    with runtime.database.service() as tx:
        for portal_id in (HARBOR, ORCHARD):
            portals.install(tx, portal_id, scopes=[], account={}, user_id=None)
        portals.uninstall(tx, HARBOR)
    deliver(settings, HARBOR, HARBOR, ORCHARD, STRANGER)
    return runtime


def deliver(settings: Settings, *portal_ids: int) -> None:
    writer = InboxWriter(settings.database_url or "")
    for portal_id in portal_ids:
        writer.store(portal_id, json.dumps([{"portalId": portal_id}]).encode())
    writer.close()


def kept(runtime: Runtime) -> dict[int, int]:
    with runtime.database.service() as tx:
        rows = tx.rows("SELECT portal_id, count(*) AS n FROM inbox GROUP BY 1 ORDER BY 1")
    return {row["portal_id"]: row["n"] for row in rows}


def days_pass(runtime: Runtime, days: int) -> None:
    """So many days go by, and the calendar does what is due each day."""
    with runtime.database.service() as tx:
        tx.run(
            """UPDATE portal SET uninstalled_at = uninstalled_at - make_interval(days => :days)
               WHERE state = 'uninstalled'""",
            days=days,
        )
        tx.run(
            "UPDATE inbox SET received_at = received_at - make_interval(days => :days)", days=days
        )
    for _ in range(3):
        with runtime.database.service() as tx:
            tx.run(
                "UPDATE schedule SET due_at = clock_timestamp() WHERE name IN ('daily', 'erase')"
            )
        housekeeping.run_due(runtime)


def test_an_operator_sees_what_nobody_takes(left: Runtime) -> None:
    harbor, orchard = overview.portals(left)
    assert (harbor["undelivered"] or "").startswith(
        "2 deliveries came since the app was uninstalled"
    )
    assert orchard["undelivered"] is None
    assert (overview.for_strangers(left) or "").startswith(
        "1 deliveries came for accounts that have"
    )
    lines = metrics.page(left, names_portals=True).decode()
    assert 'second_order_waiting{kind="undeliverable",portal="4711"} 2.0' in lines
    assert 'second_order_waiting{kind="undeliverable",portal="99"} 1.0' in lines
    assert 'second_order_waiting{kind="inbox",portal="4711"}' not in lines
    with left.database.service() as tx:
        assert list(lanes.due(tx)) == [(ORCHARD, "drain")], "nobody works for the others"


def test_commands_say_it(left: Runtime, settings: Settings) -> None:
    environment = {
        "DATABASE_URL": str(settings.database_url), "REDIS_URL": str(settings.redis_url),
        "DATA_DIR": str(settings.data_dir), "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": ",".join(settings.token_keys),
    }  # fmt: skip
    shown = " ".join(CliRunner().invoke(cli, ["portals"], env=environment).stdout.split())
    assert "Portal 4711: 2 deliveries came since the app was uninstalled" in shown
    assert "1 deliveries came for accounts that have not installed the app" in shown
    listed = json.loads(CliRunner().invoke(cli, ["portals", "--json"], env=environment).stdout)
    assert [bool(portal["undelivered"]) for portal in listed] == [True, False]
    checked = CliRunner().invoke(cli, ["doctor"], env=environment).stdout
    assert "uninstalled: 2 deliveries came" in checked


def test_they_go_with_the_accounts_rows_and_those_of_strangers_before(
    left: Runtime, settings: Settings
) -> None:
    days_pass(left, 4)
    assert kept(left) == {HARBOR: 2, ORCHARD: 1}, "a stranger's are kept for three days"
    days_pass(left, 30)
    assert kept(left) == {ORCHARD: 1}

    # HubSpot may go on for as long as it likes.
    deliver(settings, HARBOR)
    days_pass(left, 1)
    assert kept(left) == {ORCHARD: 1}


def test_who_installs_again_in_time_takes_them(left: Runtime) -> None:
    with left.database.service() as tx:
        portals.install(tx, HARBOR, scopes=[], account={}, user_id=None)
        portals.install(tx, STRANGER, scopes=[], account={}, user_id=None)
        due = {portal_id for portal_id, _ in lanes.due(tx)}
    assert due == {HARBOR, ORCHARD, STRANGER}
    assert overview.for_strangers(left) is None
    assert all(portal["undelivered"] is None for portal in overview.portals(left))
