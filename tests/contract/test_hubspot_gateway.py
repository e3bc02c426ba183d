"""Our gateway against the local HubSpot, through the real client library and over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from integration.core.errors import NeedsOwner
from mappings.records.catalogue import group_definition, own_properties
from mappings.records.what_is_read import HISTORY, READ
from tests.contract.hubspot_world import World, a_world


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def test_a_list_is_paged_in_full_pages_and_in_halves_with_history(world: World) -> None:
    people = world.people(230)

    ids, after = [], None
    while True:
        page = world.hubspot.page("contact", after, READ["contact"])
        ids += [record.id for record in page.records]
        if (after := page.next_after) is None:
            break

    assert ids == people
    assert world.calls == {"objects.page 200": 3}
    assert len(world.hubspot.page("contact", properties=["email"], history=["email"]).records) == 50


def test_a_record_tells_its_values_history_and_neighbours(world: World) -> None:
    with world.harbor.silently():
        acme = world.harbor.create("company", {"name": "Acme"})
        ana = world.harbor.create("contact", {"email": "ana@old.example"})
        world.harbor.associate("contact", ana.id, "company", acme.id, primary=True)
        world.harbor.update("contact", ana.id, {"email": "ana@new.example"})

    (record,) = world.hubspot.page(
        "contact", properties=READ["contact"], history=HISTORY["contact"], associations=["company"]
    ).records

    assert (record.object_type, record.id, record.get("email")) == (
        "contact",
        ana.id,
        "ana@new.example",
    )
    assert [one["value"] for one in record.history["email"]] == [
        "ana@new.example",
        "ana@old.example",
    ]
    assert record.inline["company"] == (acme.id,)
    assert record.created_at is not None
    assert record.properties["jobtitle"] is None


def test_archived_records_are_listed_when_asked_for(world: World) -> None:
    one, other = world.people(2)
    world.harbor.archive("contact", one)

    assert [record.id for record in world.hubspot.page("contact").records] == [other]
    assert [record.id for record in world.hubspot.page("contact", archived=True).records] == [one]
    assert [
        record.id
        for record in world.hubspot.read("contact", [one], ["email"], archived=True).records
    ] == [one]


def test_reading_by_ids_takes_as_few_calls_as_sizes_allow(world: World) -> None:
    people = world.people(120)

    found = world.hubspot.read("contact", [*people, *people, 999999], ["email"])

    assert sorted(record.id for record in found.records) == people
    assert found.missing == {999999}
    assert sum(world.calls.values()) == 2
    world.hubspot.read("contact", people, ["email"], ["email"])
    assert sum(world.calls.values()) == 2 + 3


@pytest.mark.parametrize("mood", ["survivor", "missing"])
def test_a_merged_away_id_is_moved_or_missing_but_never_somebody_else(
    world: World, mood: str
) -> None:
    world.sandbox.quirks.batch_read_merged = mood
    one, other = world.people(2)
    third = world.harbor.merge("contact", one, other)

    found = world.hubspot.read("contact", [one, other], READ["contact"])

    if mood == "survivor":
        assert (found.moved, found.missing) == ({one: third.id, other: third.id}, frozenset())
    else:
        assert not found.moved
        assert found.missing == {one, other}
    assert [world.hubspot.survivor("contact", old) for old in (one, other, third.id)] == [
        third.id
    ] * 3
    assert world.hubspot.survivor("contact", 999999) is None


@pytest.mark.parametrize("numbers", [False, True])
def test_links_come_with_labels_for_any_number_of_records(world: World, numbers: bool) -> None:
    world.sandbox.quirks.association_ids_as_numbers = numbers
    people = world.people(1100)
    with world.harbor.silently():
        world.harbor.define_label("contact", "contact", "Referred by", "Referred")
        world.harbor.associate("contact", people[1], "contact", people[0], "Referred by")

    links = world.hubspot.associations("contact", "contact", people)

    assert sum(world.calls.values()) == 2
    assert len(links) == 1100
    assert {(link.to_id, link.label) for link in links[people[1]]} == {
        (people[0], "Referred by"),
        (people[0], None),
    }
    assert {(link.to_id, link.label) for link in links[people[0]]} == {
        (people[1], "Referred"),
        (people[1], None),
    }
    assert links[people[5]] == []


def test_a_record_with_very_many_links_is_asked_again_for_the_rest(world: World) -> None:
    world.sandbox.quirks.association_page = 20
    people = world.people(50)
    with world.harbor.silently():
        acme, zenit = (world.harbor.create("company", {"name": name}) for name in ("Acme", "Zenit"))
        for person in people:
            world.harbor.associate("company", acme.id, "contact", person)
        world.harbor.associate("company", zenit.id, "contact", people[0])

    links = world.hubspot.associations("company", "contact", [acme.id, zenit.id])

    assert sorted({link.to_id for link in links[acme.id]}) == people
    assert {link.to_id for link in links[zenit.id]} == {people[0]}
    assert sum(world.calls.values()) == 3


def test_definitions_of_a_portal(world: World) -> None:
    world.harbor.add_owner("bo@harbor.example", "Bo", "Berg")

    assert {
        (one["typeId"], one["label"]) for one in world.hubspot.labels("contact", "company")
    } >= {
        (279, None),
        (1, "Primary"),
    }
    assert [one["email"] for one in world.hubspot.owners()] == ["bo@harbor.example"]
    assert {"amount", "dealstage"} <= {one["name"] for one in world.hubspot.properties("deal")}
    stages = world.hubspot.pipelines("deal")[0]["stages"]
    assert {"0.0", "1.0"} <= {stage["metadata"]["probability"] for stage in stages}
    account = world.hubspot.account()
    assert (account.portal_id, account.currency) == (4711, "EUR")


def test_changes_since_a_time_are_found_page_by_page(world: World) -> None:
    people = world.people(450)
    before = datetime.now(UTC) - timedelta(minutes=5)

    pages = list(world.hubspot.search_changed_since("contact", before, ["email"]))

    assert [len(page) for page in pages] == [200, 200, 50]
    assert [record.id for page in pages for record in page] == people
    assert world.allowed == {"search": 3}
    assert list(world.hubspot.search_changed_since("contact", before + timedelta(hours=1))) == []


def test_a_sample_of_a_property_says_how_many_records_have_a_value(world: World) -> None:
    world.people(30)

    sample = world.hubspot.sample("contact", "email", limit=5)

    assert (len(sample.records), sample.total) == (5, 30)
    assert all("@" in record.get("email") for record in sample.records)
    assert world.hubspot.sample("contact", "jobtitle").total == 0
    assert world.allowed == {"search": 2}


def test_every_call_takes_from_the_allowance_and_reports_limits(world: World) -> None:
    world.hubspot.account()
    world.hubspot.page("deal")

    assert world.allowed == {"standard": 2}
    assert {"Max", "Remaining", "Interval-Milliseconds"} == set(world.limits[-1])


def test_our_properties_are_created_once(world: World) -> None:
    definitions = [one.definition() for one in own_properties("deal")]

    assert world.hubspot.create_group("deal", group_definition()) is True
    assert world.hubspot.create_group("deal", group_definition()) is False
    assert set(world.hubspot.create_properties("deal", definitions).values()) == {"created"}
    assert world.calls["properties.create_many 201"] == 1
    assert set(world.hubspot.create_properties("deal", definitions).values()) == {"exists"}
    found = {one["name"]: one for one in world.hubspot.properties("deal")}
    assert all(prop.drift(found[prop.name]) == {} for prop in own_properties("deal"))
    assert "second_order" in {one["name"] for one in world.hubspot.groups("deal")}


def test_an_archived_namesake_comes_back_and_drift_is_repaired(world: World) -> None:
    world.with_our_properties()
    (source,) = [one for one in own_properties("deal") if one.name == "second_order_source"]
    world.harbor.definitions["deal"]["second_order_source"].archived = 1
    world.harbor.definitions["deal"]["second_order_share"].hidden = True

    assert world.hubspot.create_properties("deal", [source.definition()]) == {
        "second_order_source": "created"
    }
    found = {one["name"]: one for one in world.hubspot.properties("deal")}
    for prop in own_properties("deal"):
        if patch := prop.drift(found[prop.name]):
            world.hubspot.update_property("deal", prop.name, patch)
    again = {one["name"]: one for one in world.hubspot.properties("deal")}
    assert all(prop.drift(again[prop.name]) == {} for prop in own_properties("deal"))


def test_one_bad_definition_does_not_keep_the_others_from_being_made(world: World) -> None:
    world.hubspot.create_group("deal", group_definition())
    good = next(
        one for one in own_properties("deal") if one.name == "second_order_order"
    ).definition()
    bad = good | {"name": "second_order_bad", "type": "no such type"}

    made = world.hubspot.create_properties("deal", [bad, good])

    assert made["second_order_order"] == "created"
    assert made["second_order_bad"] not in {"created", "exists"}


def test_patches_are_written_a_hundred_at_a_time(world: World) -> None:
    people = world.with_our_properties().people(230)

    result = world.hubspot.update(
        "contact", {one: {"second_order_role": "champion"} for one in people}
    )

    assert {outcome.status for outcome in result.outcomes.values()} == {"written"}
    assert (len(result.outcomes), result.stopped, result.troubles) == (230, None, {})
    assert world.calls == {"objects.update 200": 3}
    assert world.harbor.need("contact", people[229]).get("second_order_role") == "champion"


def test_a_gone_record_is_told_apart_from_its_neighbours(world: World) -> None:
    people = world.with_our_properties().people(3)
    world.harbor.archive("contact", people[1])

    result = world.hubspot.update(
        "contact", {one: {"second_order_role": "champion"} for one in [*people, 999999]}
    )

    assert {one: outcome.status for one, outcome in result.outcomes.items()} == {
        people[0]: "written",
        people[1]: "gone",
        people[2]: "written",
        999999: "gone",
    }


@pytest.mark.parametrize("traced", [False, True], ids=["whole batch 400", "207 by trace id"])
def test_one_guilty_value_harms_no_neighbour(world: World, traced: bool) -> None:
    world.sandbox.quirks.update_trace_ids_help = traced
    people = world.with_our_properties().people(100)
    patches = {
        one: {"second_order_role": "champion", "second_order_referrals": "1"} for one in people
    }
    patches[people[70]] = {"second_order_role": "emperor", "second_order_referrals": "2"}

    result = world.hubspot.update("contact", patches)

    assert {outcome.status for outcome in result.outcomes.values()} == {"written"}
    assert result.outcomes[people[70]].left_out == ("second_order_role",)
    assert result.outcomes[people[69]].left_out == ()
    assert result.troubles == {"second_order_role": "INVALID_OPTION"}
    assert world.harbor.need("contact", people[70]).get("second_order_referrals") == "2"
    assert world.harbor.need("contact", people[99]).get("second_order_role") == "champion"
    assert sum(world.calls.values()) <= 17


def test_a_property_the_admin_deleted_is_left_out_and_named(world: World) -> None:
    people = world.with_our_properties().people(150)
    world.harbor.definitions["contact"]["second_order_role"].archived = 1
    patches = {
        one: {"second_order_role": "champion", "second_order_referrals": "1"} for one in people
    }
    patches[people[3]] = {"second_order_role": "champion"}

    result = world.hubspot.update("contact", patches)

    assert result.troubles == {"second_order_role": "PROPERTY_DOESNT_EXIST"}
    assert result.outcomes[people[3]].status == "property_trouble"
    assert result.outcomes[people[3]].left_out == ("second_order_role",)
    assert [result.outcomes[one].status for one in (people[0], people[149])] == [
        "written",
        "written",
    ]
    assert world.harbor.need("contact", people[149]).get("second_order_referrals") == "1"
    assert sum(world.calls.values()) == 3


@pytest.mark.parametrize("mood", ["survivor", "missing"])
def test_a_patch_for_a_merged_away_record_is_written_or_gone(world: World, mood: str) -> None:
    world.sandbox.quirks.batch_update_merged = mood
    one, other = world.with_our_properties().people(2)
    world.harbor.merge("contact", one, other)

    result = world.hubspot.update("contact", {one: {"second_order_role": "champion"}})

    assert result.outcomes[one].status == {"survivor": "written", "missing": "gone"}[mood]


def test_what_was_written_before_trouble_is_not_forgotten(world: World) -> None:
    people = world.with_our_properties().people(150)
    patches = {one: {"second_order_role": "champion"} for one in people}
    assert len(world.hubspot.update("contact", dict(list(patches.items())[:1])).outcomes) == 1
    world.sandbox.trouble.add("503", "POST */batch/update", times=1)

    stopped = world.hubspot.update("contact", patches)

    assert stopped.stopped is not None
    assert stopped.outcomes == {}
    assert len(world.hubspot.update("contact", patches).outcomes) == 150


def test_the_app_can_be_removed(world: World) -> None:
    world.hubspot.uninstall()

    assert not world.sandbox.installed(4711)
    assert world.sandbox.installed(4712)


def test_tickets_and_answers_need_their_scopes(world: World) -> None:
    world.sandbox.install(4711, scopes=world.sandbox.app.required_scopes)
    with world.harbor.silently():
        ana = world.harbor.create("contact", {"email": "ana@acme.example"})
        world.harbor.answer_survey(ana.id, 9)

    assert world.hubspot.page("feedback_submission", properties=READ["feedback_submission"]).records

    world.sandbox.uninstall(4711)
    token = world.sandbox.install(4711, scopes=world.sandbox.app.required_scopes).access_token
    world.tokens[0] = token
    with pytest.raises(NeedsOwner, match="tickets"):
        world.hubspot.page("ticket")
    with pytest.raises(NeedsOwner, match=r"crm\.objects\.feedback_submissions\.read"):
        world.hubspot.page("feedback_submission")
