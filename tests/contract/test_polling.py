"""The quarter-hour search: what is known already is not read again, and its place is never lost."""

import itertools
from collections import Counter

from integration.admin import housekeeping
from integration.ingest import backfill, polling
from integration.storage.queue import lanes, search_steps, stream_troubles
from mappings.kinds import ObjectType
from tests.contract.activity_world import ago, both, install
from tests.passing_time import work_until_quiet
from tests.world import Account, World

CONTACTS = "/crm/objects/2026-03/contacts"
TYPES = ("contacts", "companies", "deals", "tickets", "feedback_submissions", "meetings", "calls", "emails", "notes")  # fmt: skip
ONE_SEARCH_EACH = Counter({f"POST /crm/objects/2026-03/{kind}/search": 1 for kind in TYPES})


def a_quarter_of_an_hour_later(world: World) -> None:
    """The calendar finds the portals due; the last search reached until five minutes before that."""
    with world.runtime.database.service() as tx:
        tx.run(
            """UPDATE portal SET imported_at = imported_at - interval '16 minutes',
                 caught_up_at = caught_up_at - interval '16 minutes'"""
        )
        tx.run("UPDATE schedule SET due_at = clock_timestamp() WHERE name = 'catch up'")
    for account in world.accounts:
        with world.runtime.database.portal(account.portal_id) as tx:
            tx.run("UPDATE search_step SET since = since - interval '16 minutes'")
        account.crm.calls.clear()
    housekeeping.run_due(world.runtime)


def heard(account: Account) -> int:
    return len(account.events(source="search"))


def test_our_own_writes_are_recognised_without_being_read_back(world: World) -> None:
    """An import wrote to every contact and deal: a quarter of an hour later search finds them all."""
    both(world)
    for account in world.accounts:
        with account.crm.silently():
            for number in range(450):
                answer = {"hs_feedback_last_nps_rating_number": "10",
                          "hs_feedback_last_survey_date": f"{ago(9):%Y-%m-%d}"}  # fmt: skip
                account.crm.create("contact", {"email": f"p{number}@acme.example", **answer})
    install(world)
    assert world.harbor.crm.calls[f"POST {CONTACTS}/batch/update"] == 5

    a_quarter_of_an_hour_later(world)
    world.settle()

    assert world.harbor.crm.calls == ONE_SEARCH_EACH + Counter({f"POST {CONTACTS}/search": 2})
    assert heard(world.harbor) == 0


def test_a_change_beside_our_own_write_is_read(world: World) -> None:
    """Our write may be the newest change of a record: what somebody changed before it still counts."""
    harbor, orchard = both(world)
    install(world)
    crm = world.harbor.crm
    with crm.silently():
        crm.update("contact", harbor.bo.id, {"jobtitle": "CEO"})
        source = world.hubspot.app.source
        crm.update("contact", harbor.bo.id, {"second_order_role": "none"}, source=source)
        crm.update("deal", harbor.deal.id, {"second_order_source": ""})

    a_quarter_of_an_hour_later(world)
    world.settle()

    assert {
        (row["object_type"], row["object_id"]) for row in world.harbor.events(source="search")
    } == {
        ("contact", harbor.bo.id),
        ("deal", harbor.deal.id),
    }
    kept = world.harbor.kept("record", object_type="contact", record_id=harbor.bo.id)
    assert kept[0]["properties"]["jobtitle"] == "CEO"
    assert world.harbor.read("deal", harbor.deal.id, "second_order_source"), "ours is put back"
    assert heard(world.orchard) == 0
    assert orchard.deal.id


def test_the_search_keeps_its_place_when_hubspot_is_slow(world: World) -> None:
    """A slice that ends, or is killed, in the middle costs no page that was stored before."""
    both(world)
    with world.harbor.crm.silently():
        for number in range(500):
            world.harbor.crm.create("contact", {"email": f"p{number}@acme.example"})
    install(world)
    with world.harbor.crm.silently():
        for contact in world.harbor.crm.all("contact"):
            world.harbor.crm.update("contact", contact.id, {"jobtitle": "CEO"})
    a_quarter_of_an_hour_later(world)

    slices = 0
    with world.harbor.context() as context:
        with context.transaction() as tx:
            lease = lanes.take(tx, context.portal_id, "import")
            assert lease
        while slices == 0 or polling.is_unfinished(context):
            # A slice in which there is time for one call: the first page, then the next one.
            clock = itertools.chain((0.0, 0.0), itertools.repeat(9.0)).__next__
            polling.poll(context, lease, seconds=1.0, clock=clock)
            slices += 1
            assert slices < 50

    assert world.harbor.crm.calls[f"POST {CONTACTS}/search"] == 3, "each page was asked for once"
    assert heard(world.harbor) == 502
    assert slices > len(TYPES)


def test_a_search_that_is_refused_stops_no_other(world: World) -> None:
    harbor, _ = both(world)
    install(world)
    world.hubspot.trouble.add("403", "POST */tickets/search", portal_id=world.harbor.portal_id)
    world.hubspot.trouble.add("500", "POST */companies/search", portal_id=world.harbor.portal_id)
    with world.harbor.crm.silently():
        world.harbor.crm.update("deal", harbor.deal.id, {"amount": "7000"})

    a_quarter_of_an_hour_later(world)
    work_until_quiet(world)

    assert world.harbor.state() == "active"
    assert heard(world.harbor) == 1
    with world.harbor.context() as context, context.transaction() as tx:
        assert list(stream_troubles.refused(tx)) == ["search:ticket"]
        assert not search_steps.under_way(tx)
    calls = world.harbor.crm.calls.copy()
    assert calls["POST /crm/objects/2026-03/companies/search"] == 1
    assert calls["POST /crm/objects/2026-03/tickets/search"] == 1

    # What was not answered is asked for again, from where it was; what was refused is not, until
    # the next reconciliation.
    world.hubspot.trouble.clear()
    with world.harbor.crm.silently():
        world.harbor.crm.update("company", harbor.acme.id, {"name": "Acme Tools"})
    a_quarter_of_an_hour_later(world)
    work_until_quiet(world)
    assert {row["object_type"] for row in world.harbor.events(source="search")} == {
        "deal",
        "company",
    }
    assert world.harbor.crm.calls["POST /crm/objects/2026-03/tickets/search"] == 0
    with world.harbor.context() as context:
        backfill.begin(context, kind="reconciliation")
        with context.transaction() as tx:
            assert stream_troubles.refused(tx) == {}


def test_while_hubspot_is_away_the_search_waits_and_nothing_is_left_out(world: World) -> None:
    both(world)
    install(world)
    world.hubspot.trouble.add("503", portal_id=world.harbor.portal_id)
    a_quarter_of_an_hour_later(world)
    for _ in range(30):
        world.work()
    with world.harbor.context() as context, context.transaction() as tx:
        assert search_steps.under_way(tx)
    assert world.harbor.kept("stream_trouble") == []
    world.hubspot.trouble.clear()
    work_until_quiet(world)
    with world.harbor.context() as context, context.transaction() as tx:
        assert not search_steps.under_way(tx)


def test_every_type_has_a_place(world: World) -> None:
    both(world)
    install(world)
    a_quarter_of_an_hour_later(world)
    world.settle()
    searched = world.harbor.values("search_step", "object_type")
    assert {*ObjectType, "meeting", "call", "email", "note"} == set(searched)
