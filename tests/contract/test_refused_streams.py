"""What HubSpot does not let us read is named and tried again later; everything else goes on and ends."""

from datetime import datetime

import pytest

from integration.admin import doctor, operations, overview
from integration.ingest import backfill
from integration.storage.queue import inbox_events, lanes, stream_troubles
from integration.storage.queue.inbox_events import InboundEvent
from tests.contract.activity_world import Town, both
from tests.passing_time import pass_time, work_until_quiet
from tests.world import World
from webhooks import metrics

LISTS = "GET /crm/objects/2026-03/"
BETWEEN = "POST /crm/associations/2026-03/"
STREAMS = {
    "meetings": (f"{LISTS}meetings", "activities:meeting"),
    "notes": (f"{LISTS}notes", "activities:note"),
    "tickets": (f"{LISTS}tickets", "records:ticket"),
    "survey answers": (f"{LISTS}feedback_submissions", "records:feedback_submission"),
    "companies": (f"{LISTS}companies", "records:company"),
    "links of contacts": (f"{BETWEEN}contacts/contacts/batch/read", "links:contact>contact"),
    "links of deals": (f"{BETWEEN}deals/companies/batch/read", "links:deal>company"),
}
CASES = [
    *((what, "400") for what in STREAMS),
    *(("meetings", answer) for answer in ("403", "404", "500", "503", "truncated")),
    *(("tickets", answer) for answer in ("403", "500")),
    *(("links of deals", answer) for answer in ("404", "500")),
]


def refused(world: World) -> dict[str, str]:
    with world.runtime.database.portal(world.harbor.portal_id) as tx:
        return stream_troubles.refused(tx)


def begun(world: World) -> tuple[Town, Town]:
    """Both portals with one of everything, installed, and nothing read yet."""
    towns = both(world)
    for town in towns:
        town.happens("meeting", 3, town.bo)
        town.happens("note", 3, town.bo, hs_note_body="Bo likes tea")
        ticket = town.account.crm.create(
            "ticket", {"subject": "Broken", "hs_pipeline_stage": "1"}
        ).id
        town.account.crm.associate("ticket", ticket, "company", town.acme.id)
        world.install(town.account)
    return towns


@pytest.mark.parametrize(("what", "answer"), CASES)
def test_a_refused_stream_is_named_and_stops_nobody(world: World, what: str, answer: str) -> None:
    route, stream = STREAMS[what]
    world.hubspot.trouble.add(answer, route, portal_id=world.harbor.portal_id)
    harbor, orchard = begun(world)

    work_until_quiet(world)

    named = refused(world)
    assert list(named) == [stream]
    assert (answer if answer != "truncated" else "broke off") in named[stream]
    assert world.harbor.state() == "active"
    assert [run["state"] for run in world.harbor.imports()] == ["done"]
    assert all(row["done"] and row["told"] for row in world.harbor.kept("touch_step"))
    assert {row.activity_type for row in orchard.touches()} == {"meeting", "note"}
    if stream != "records:company":
        assert world.harbor.read("deal", harbor.deal.id, "second_order_source")

    # The next reconciliation tries it again, and what it missed is there.
    world.hubspot.trouble.clear()
    with world.harbor.context() as context:
        backfill.begin(context, kind="reconciliation")
        with context.transaction() as tx:
            lanes.want(tx, context.portal_id, "import")
    work_until_quiet(world)
    assert refused(world) == {}
    assert {row.activity_type for row in harbor.touches()} == {"meeting", "note"}
    assert len(world.harbor.kept("record", object_type="ticket")) == 1


@pytest.mark.parametrize("answer", ["400", "403", "404", "500"])
def test_definitions_that_are_refused_do_not_stop_the_set_up(world: World, answer: str) -> None:
    """Without owners nobody is known to be staff; the import goes on, and the page says so."""
    both(world)
    world.hubspot.trouble.add(answer, "GET /crm/owners/*", portal_id=world.harbor.portal_id)
    world.hubspot.trouble.add(answer, "GET */pipelines/*/tickets", portal_id=world.harbor.portal_id)
    world.connect(world.harbor)

    work_until_quiet(world)

    assert list(refused(world)) == ["owners", "pipelines:ticket"]
    assert [run["state"] for run in world.harbor.imports()] == ["done"]


@pytest.mark.parametrize("answer", ["400", "404"])
def test_a_set_up_that_is_refused_says_why_and_is_finished_later(world: World, answer: str) -> None:
    """Without the account's properties there is nothing to begin with: no traceback, and no pause."""
    both(world)
    world.hubspot.trouble.add(answer, "GET /crm/properties/*", portal_id=world.harbor.portal_id)
    world.connect(world.harbor)
    world.work()

    said = world.harbor.kept("audit", action="set-up broke off")
    assert f"HubSpot answered {answer}" in said[0]["detail"]["reason"]
    assert world.harbor.state() == "active"
    assert f"HubSpot answered {answer}" in world.harbor.troubles()[0]

    world.hubspot.trouble.clear()
    work_until_quiet(world)
    assert [run["state"] for run in world.harbor.imports()] == ["done"]


def test_what_is_left_out_is_said_wherever_an_operator_looks(world: World) -> None:
    world.hubspot.trouble.add("403", f"{LISTS}tickets", portal_id=world.harbor.portal_id)
    begun(world)
    work_until_quiet(world)
    said = "tickets are left out until the next check of all records: HubSpot answered 403"

    for counts in overview.portals(world.runtime):
        sentences = [refused["sentence"] for refused in counts["refused_streams"]]
        is_harbor = counts["portal_id"] == world.harbor.portal_id
        assert bool(sentences) is is_harbor
        assert all(sentence.startswith(said) for sentence in sentences)
        assert overview.is_settled(counts)
    lines = metrics.page(world.runtime, names_portals=True).decode()
    assert 'second_order_refused_streams{portal="4711",stream="records:ticket"} 1.0' in lines
    assert 'second_order_refused_streams{portal="4712"' not in lines
    with world.harbor.context() as context:
        assert list(doctor.portal_report(context)["refused_streams"]) == ["records:ticket"]


def test_a_list_that_is_not_read_to_its_end_makes_nothing_vanish(world: World) -> None:
    """What the refused pages would have shown is not gone because nobody saw it."""
    begun(world)
    world.settle()
    world.hubspot.trouble.add("403", f"{LISTS}deals", portal_id=world.harbor.portal_id)
    deals = world.harbor.values("record", "record_id", object_type="deal")

    with world.harbor.context() as context:
        backfill.begin(context, kind="reconciliation")
        with context.transaction() as tx:
            lanes.want(tx, context.portal_id, "import")
    work_until_quiet(world)

    assert list(refused(world)) == ["records:deal"]
    assert world.harbor.values("record", "gone_at", object_type="deal") == [None] * len(deals)


def test_while_hubspot_is_away_no_stream_is_to_blame(world: World) -> None:
    """An hour without any answer ends with everything read, nothing left out."""
    rule = world.hubspot.trouble.add("503", portal_id=world.harbor.portal_id)
    harbor, _ = both(world)
    world.connect(world.harbor)

    for _ in range(100):
        world.work()
        pass_time(world, 60)
    assert rule.hits
    assert world.harbor.kept("stream_trouble") == []

    world.hubspot.trouble.clear()
    work_until_quiet(world)
    assert refused(world) == {}
    assert world.harbor.read("deal", harbor.deal.id, "second_order_source")


@pytest.mark.parametrize("answer", ["403", "404", "500"])
def test_a_type_that_cannot_be_read_holds_up_no_other_events(world: World, answer: str) -> None:
    """Tickets and deals changed in one quarter of an hour; deals follow, tickets wait or are set aside."""
    harbor, _ = begun(world)
    work_until_quiet(world)
    (ticket,) = world.harbor.values("record", "record_id", object_type="ticket")
    with world.harbor.crm.silently():
        world.harbor.crm.update("ticket", ticket, {"hs_ticket_priority": "HIGH"})
        world.harbor.crm.update("deal", harbor.deal.id, {"amount": "7000"})
    world.hubspot.trouble.add(answer, "POST */tickets/batch/read", portal_id=world.harbor.portal_id)
    with world.harbor.context() as context, context.transaction() as tx:
        rows = [("ticket", ticket), ("deal", harbor.deal.id)]
        inbox_events.store_events(tx, [an_event(*row, at=tx.clock()) for row in rows])
        lanes.want(tx, context.portal_id, "drain")

    for _ in range(40):
        world.work()
        pass_time(world, 1)

    (deal,) = world.harbor.kept("record", object_type="deal", record_id=harbor.deal.id)
    assert deal["properties"]["amount"] == "7000"
    assert world.harbor.state() == "active"
    (event,) = [
        row for row in world.harbor.events(source="search") if row["object_type"] == "ticket"
    ]
    assert event["state"] == ("waiting" if answer == "500" else "set_aside")

    world.hubspot.trouble.clear()
    with world.harbor.context() as context:
        operations.replay(context, actor="user:1")
    work_until_quiet(world)
    (kept,) = world.harbor.kept("record", object_type="ticket")
    assert kept["properties"]["hs_ticket_priority"] == "HIGH"


@pytest.mark.parametrize("answer", ["403", "404"])
def test_a_pair_of_links_that_is_refused_stops_no_other_link(world: World, answer: str) -> None:
    harbor, _ = begun(world)
    work_until_quiet(world)
    route = f"{BETWEEN}deals/contacts/batch/read"
    world.hubspot.trouble.add(answer, route, portal_id=world.harbor.portal_id)
    crm = world.harbor.crm
    crm.associate("deal", harbor.deal.id, "contact", harbor.ana.id)
    crm.associate("deal", harbor.deal.id, "company", harbor.acme.id)

    world.settle()

    assert world.harbor.state() == "active"
    assert list(refused(world)) == ["links:deal>contact"]
    links = world.harbor.kept("association", from_type="deal", from_id=harbor.deal.id)
    ends = {(row["to_type"], row["to_id"]) for row in links}
    assert ("company", harbor.acme.id) in ends
    assert ("contact", harbor.bo.id) in ends, "what was known stays"
    assert ("contact", harbor.ana.id) not in ends


def an_event(object_type: str, record_id: int, *, at: datetime) -> InboundEvent:
    """As the search for changes finds it."""
    return InboundEvent(
        source="search", dedupe_key=f"{object_type}:{record_id}:1", kind="property_change",
        object_type=object_type, object_id=record_id, payload={"refs": [[object_type, record_id]]},
        occurred_at=at, received_at=at,
    )  # fmt: skip
