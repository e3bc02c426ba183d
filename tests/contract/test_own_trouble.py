"""Trouble of our own never counts against a row; what a row provokes is found, and its neighbours go on.

PostgreSQL's errors are real ones, raised by a trigger: a full disk looks to us exactly like this.
"""

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from integration.core.errors import Retryable
from integration.ingest import intake
from integration.storage.queue import inbox, inbox_events
from tests.contract.test_intake import notification
from tests.passing_time import pass_time
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.world import Account, World

pytestmark = pytest.mark.timeout(3 * PATIENCE)

OWN = {
    "disk full": "53100",
    "out of memory": "53200",
    "too many connections": "53300",
    "read-only, as managed servers are when their disk fills": "25006",
    "the server stops": "57P01",
    "a statement takes too long": "57014",
    "a serialization failure": "40001",
    "a deadlock": "40P01",
    "a lock is not had in time": "55P03",
    "a file cannot be read": "58030",
    "damaged data": "XX001",
    "the schema changed under a plan": "0A000",
    "the schema is older than the code": "42703",
}
SOME_OWN = pytest.mark.parametrize("sqlstate", ["53100", "57014", "25006"])
# More often than any row is tried.
MANY = 8


@contextlib.contextmanager
def refusing(
    world: "World", table: str, sqlstate: str, *, when: str = "true", doing: str = "INSERT"
) -> Iterator[None]:
    """Let PostgreSQL refuse rows of a table, with an error of this SQLSTATE."""
    with psycopg.connect(world.postgres_url, autocommit=True) as owner:
        owner.execute(
            f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                  RAISE EXCEPTION 'refused for a test' USING ERRCODE = '{sqlstate}'; END $$;
                CREATE TRIGGER refuse BEFORE {doing} ON {table} FOR EACH ROW WHEN ({when})
                  EXECUTE FUNCTION refuse()"""
        )
        try:
            yield
        finally:
            owner.execute(f"DROP TRIGGER refuse ON {table}; DROP FUNCTION refuse()")


def work(world: "World", times: int, *, seconds: float = 61) -> int:
    """Do what is due again and again, as time passes; return how often a fault came to light."""
    faults = 0
    for _ in range(times):
        try:
            for _ in range(20):
                if not world.work():
                    break
        except (DBAPIError, psycopg.Error):
            faults += 1
        pass_time(world, seconds)
    return faults


def receive(account: "Account", *items: object) -> None:
    with account.world.runtime.database.portal(account.portal_id) as tx:
        tx.run(
            "INSERT INTO inbox (portal_id, body) VALUES (:portal, :body)",
            body=json.dumps(items).encode(),
        )


def receive_unaddressed(world: "World", *items: object, body: bytes = b"") -> None:
    with world.runtime.database.service() as tx:
        tx.run(
            "INSERT INTO inbox (portal_id, body) VALUES (NULL, :body)",
            body=body or json.dumps(items).encode(),
        )


def unaddressed(world: "World") -> list[tuple[str, int, str | None]]:
    with world.runtime.database.service() as tx:
        return [
            (row[0], row[1], row[2])
            for row in tx.tuples(
                "SELECT state, attempts, error FROM inbox WHERE portal_id IS NULL ORDER BY inbox_id"
            )
        ]


@pytest.fixture
def harbor(world: "World") -> "Account":
    with world.harbor.crm.silently():
        for number in range(4):
            world.harbor.crm.create("contact", {"email": f"c{number}@harbor.example"})
    for account in world.accounts:
        world.install(account)
    world.settle()
    return world.harbor


def contact_ids(harbor: "Account") -> list[int]:
    return [record.id for record in harbor.crm.all("contact")]


@pytest.mark.parametrize("sqlstate", OWN.values(), ids=OWN.keys())
def test_a_delivery_that_cannot_be_stored_keeps_its_tries(harbor: "Account", sqlstate: str) -> None:
    receive(harbor, *[notification(number) for number in contact_ids(harbor)])
    with refusing(harbor.world, "event", sqlstate):
        assert work(harbor.world, MANY) == 0, "known trouble is no fault"
    assert [(row["state"], row["attempts"]) for row in harbor.kept("inbox")] == [("waiting", 0)]

    work(harbor.world, 3)

    assert harbor.kept("inbox") == []
    assert {event["state"] for event in harbor.events()} == {"done"}


@SOME_OWN
def test_events_whose_records_cannot_be_stored_keep_their_tries(
    harbor: "Account", sqlstate: str
) -> None:
    ids = contact_ids(harbor)
    with harbor.crm.silently():
        for number in ids:
            harbor.crm.update("contact", number, {"jobtitle": "Buyer"})
    receive(harbor, *[notification(number) for number in ids])
    with refusing(harbor.world, "record", sqlstate, doing="UPDATE"):
        assert work(harbor.world, MANY) == 0, "known trouble is no fault"
    assert {event["state"] for event in harbor.events()} == {"waiting"}
    assert max(event["attempts"] for event in harbor.events()) <= len(inbox_events.GROUPS)

    work(harbor.world, 3)

    assert {event["state"] for event in harbor.events()} == {"done"}
    titles = [row["properties"].get("jobtitle") for row in harbor.kept("record", object_type="contact")]  # fmt: skip
    assert titles == ["Buyer"] * len(ids)


@SOME_OWN
def test_records_that_cannot_be_concluded_keep_their_tries(
    harbor: "Account", sqlstate: str
) -> None:
    harbor.crm.update("contact", contact_ids(harbor)[0], {"email": "new@harbor.example"})
    harbor.world.hubspot.deliver()
    with refusing(harbor.world, "stale", sqlstate, doing="DELETE"):
        assert work(harbor.world, MANY) == 0, "known trouble is no fault"
    assert [row["attempts"] for row in harbor.kept("stale")] != []
    assert {row["attempts"] for row in harbor.kept("stale")} == {0}

    work(harbor.world, 3)

    assert harbor.kept("stale") == []


@SOME_OWN
def test_a_delivery_for_several_portals_keeps_its_tries(harbor: "Account", sqlstate: str) -> None:
    world = harbor.world
    receive_unaddressed(world, notification(1), notification(2, portal=world.orchard.portal_id))
    with refusing(world, "inbox", sqlstate, when="NEW.portal_id IS NOT NULL"):
        for _ in range(MANY):
            with pytest.raises(Retryable):
                intake.split_unaddressed(world.runtime)
            pass_time(world, 61)
        assert unaddressed(world) == [("waiting", 0, None)]
    assert intake.split_unaddressed(world.runtime) == 1
    assert unaddressed(world) == []


def test_what_a_deliverys_content_provokes_is_tried_alone_and_set_aside(harbor: "Account") -> None:
    good, bad, *_ = contact_ids(harbor)
    for number in (good, bad, good):
        receive(harbor, notification(number, eventId=number))
    with refusing(harbor.world, "event", "22003", when=f"NEW.object_id = {bad}"):
        faults = work(harbor.world, MANY)
        assert faults == len(inbox.WAITS), "each try is seen in the log"
        (aside,) = harbor.kept("inbox")
    assert (aside["state"], aside["attempts"]) == ("set_aside", len(inbox.WAITS))
    assert "alone" in aside["error"]
    assert [(event["object_id"], event["state"]) for event in harbor.events()] == [(good, "done")]


def test_what_one_events_record_provokes_sets_that_event_aside(harbor: "Account") -> None:
    *good, bad = contact_ids(harbor)
    with harbor.crm.silently():
        for number in (*good, bad):
            harbor.crm.update("contact", number, {"jobtitle": "Buyer"})
    receive(harbor, *[notification(number) for number in (*good, bad)])
    with refusing(harbor.world, "record", "54000", doing="UPDATE", when=f"NEW.record_id = {bad}"):
        work(harbor.world, MANY)
    states = {event["object_id"]: event["state"] for event in harbor.events()}
    assert states == {**dict.fromkeys(good, "done"), bad: "set_aside"}


def test_nothing_is_called_poison_within_half_a_minute(harbor: "Account") -> None:
    """So long a machine may kill every process that it has no memory for."""
    receive(harbor, notification(1))
    with refusing(harbor.world, "event", "22003"):
        for _ in range(30):
            work(harbor.world, 1, seconds=1)
    assert [row["state"] for row in harbor.kept("inbox")] == ["waiting"]


def test_records_that_hubspot_never_answers_for_hold_up_no_others(harbor: "Account") -> None:
    ids = contact_ids(harbor)
    with harbor.crm.silently():
        deal = harbor.crm.create("deal", {"dealname": "Renewal", "amount": "100"}).id
        for number in ids:
            harbor.crm.update("contact", number, {"jobtitle": "Buyer"})
    trouble = harbor.world.hubspot.trouble.add("500", route="POST *deals/batch/read")
    about_deal = notification(deal, subscriptionType="deal.propertyChange", propertyName="amount")
    receive(harbor, about_deal, *[notification(number) for number in ids])
    work(harbor.world, 2 * MANY, seconds=31)

    states = {event["object_id"]: event["state"] for event in harbor.events()}
    assert trouble.hits
    assert states == {**dict.fromkeys(ids, "done"), deal: "waiting"}, (
        "HubSpot's trouble is no poison"
    )

    harbor.world.hubspot.trouble.clear()
    work(harbor.world, 3, seconds=31)
    assert {event["state"] for event in harbor.events()} == {"done"}


@pytest.mark.parametrize(
    "portal_id",
    [
        "true", "false", "1.0", "4711.0", "4.711e3", "-4711", "0", "9223372036854775808", '" 4711"', '"4711 "',
        '"+4711"', '"4_711"', '"\uff14\uff17\uff11\uff11"', '""', "null", "[4711]", '{"id": 4711}', "1e400", "NaN",
    ],
)  # fmt: skip
def test_what_is_no_id_names_no_portal_and_holds_up_no_other_delivery(
    harbor: "Account", portal_id: str
) -> None:
    world = harbor.world
    receive_unaddressed(world, body=b'[{"portalId": ' + portal_id.encode() + b"}]")
    receive_unaddressed(world, notification(1), notification(2, portal=world.orchard.portal_id))
    while intake.split_unaddressed(world.runtime):
        pass
    ((state, _, error),) = unaddressed(world)
    assert (state, error) == ("set_aside", "it names no portal")
    assert [len(account.kept("inbox")) for account in world.accounts] == [1, 1]


def test_a_portals_id_in_digits_names_it(harbor: "Account") -> None:
    receive_unaddressed(harbor.world, notification(1, portalId=str(harbor.portal_id)))
    assert intake.split_unaddressed(harbor.world.runtime) == 1
    harbor.world.settle()
    assert unaddressed(harbor.world) == []
    assert [event["state"] for event in harbor.events()] == ["done"]


def test_one_delivery_that_cannot_be_sorted_is_set_aside_and_later_ones_take_effect(
    harbor: "Account",
) -> None:
    world = harbor.world
    receive_unaddressed(world, notification(1, note="POISON"), {"portalId": 99})
    receive_unaddressed(world, notification(2), {"portalId": 99})
    poison = "NEW.portal_id IS NOT NULL AND position('POISON'::bytea in NEW.body) > 0"
    with refusing(world, "inbox", "22023", when=poison):
        for _ in range(MANY):
            with contextlib.suppress(DBAPIError):
                while intake.split_unaddressed(world.runtime):
                    pass
            pass_time(world, 61)
    aside = [(state, attempts) for state, attempts, error in unaddressed(world) if "alone" in str(error)]  # fmt: skip
    assert aside == [("set_aside", len(inbox.WAITS))]
    assert len(harbor.kept("inbox", state="waiting")) == 1


def test_two_sorters_at_once_sort_each_delivery_once(harbor: "Account") -> None:
    """Whoever counted the try sorts it; the other finds nothing due."""
    world = harbor.world
    receive_unaddressed(world, notification(1), {"portalId": 99})
    with world.runtime.database.service() as tx:
        (taken,) = inbox.claim_unaddressed(tx)
        assert intake.split_unaddressed(world.runtime) == 0, "its row is locked"
        inbox.count_attempt(tx, [taken.inbox_id])
    assert intake.split_unaddressed(world.runtime) == 0, "its try is under way"
    assert len(unaddressed(world)) == 1


def test_a_record_alone_is_concluded_with_its_try_counted_beforehand(harbor: "Account") -> None:
    harbor.crm.update("contact", contact_ids(harbor)[0], {"email": "new@harbor.example"})
    harbor.world.hubspot.deliver()
    with refusing(harbor.world, "stale", "22003", doing="DELETE"):
        work(harbor.world, MANY)
    assert {row["error"] for row in harbor.kept("stale")} == {
        "thinking about it alone failed or ended the process three times"
    }
