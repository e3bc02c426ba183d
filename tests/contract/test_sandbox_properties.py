"""Property definitions, groups, owners, pipelines, lists and limits of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.sandbox.hands import World, a_world
from tests.sandbox.records import Json

DEALS = "/crm/properties/2026-03/deals"


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def a_property(name: str = "second_order_source", **changes: object) -> Json:
    return {
        "groupName": "dealinformation", "name": name, "label": "Source", "type": "enumeration", "fieldType": "select",
        "formField": False, "hidden": False, "displayOrder": -1, "hasUniqueValue": False,
        "options": [{"label": "Referral", "value": "referral", "hidden": False, "displayOrder": 0}],
    } | changes  # fmt: skip


def test_a_property_can_be_made_read_and_written(world: World) -> None:
    assert world.api.post(DEALS, a_property()).status == 201
    got = world.api.get(f"{DEALS}/second_order_source")
    assert got["hubspotDefined"] is False
    assert got["modificationMetadata"]["readOnlyValue"] is False
    path = f"/crm/objects/2026-03/deals/{world.deal.id}"
    assert (
        world.api.ask("PATCH", path, {"properties": {"second_order_source": "referral"}}).status
        == 200
    )
    assert (
        world.api.ask("PATCH", path, {"properties": {"second_order_source": "other"}}).status == 400
    )


def test_an_existing_name_is_409(world: World) -> None:
    world.api.post(DEALS, a_property())
    got = world.api.post(DEALS, a_property(type="string", fieldType="text", options=[]))

    assert (got.status, got["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    assert got["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"


def test_an_archived_namesake_comes_back_as_it_was(world: World) -> None:
    """Not as asked for now: a namesake of another type stays of that type."""
    world.api.post(DEALS, a_property(type="string", fieldType="text", options=[]))
    assert world.api.ask("DELETE", f"{DEALS}/second_order_source").status == 204
    assert world.api.get(f"{DEALS}/second_order_source").status == 404
    assert world.api.get(f"{DEALS}/second_order_source", "archived=true").status == 200

    got = world.api.post(DEALS, a_property())

    assert (got.status, got["type"]) == (201, "string")


@pytest.mark.parametrize(
    "changes",
    [{"name": "Second Order"}, {"name": "1st"}, {"groupName": "nowhere"}, {"type": "money"}, {"label": ""},
     {"options": [{"label": "a", "value": "a"}]}, {"type": "bool", "fieldType": "booleancheckbox"}],
    ids=["spaces", "digit first", "group", "type", "label", "option fields", "bool options"],
)  # fmt: skip
def test_a_wrong_definition_is_refused(world: World, changes: Json) -> None:
    assert world.api.post(DEALS, a_property(**changes)).status == 400


def test_a_batch_creates_what_it_can(world: World) -> None:
    got = world.api.post(
        f"{DEALS}/batch/create",
        {"inputs": [a_property("one"), a_property("amount"), a_property("two")]},
    )

    assert got.status == 207
    assert [one["name"] for one in got["results"]] == ["one", "two"]
    read = {
        "inputs": [{"name": "one"}, {"name": "three"}],
        "archived": False,
        "dataSensitivity": "non_sensitive",
    }
    got = world.api.post(f"{DEALS}/batch/read", read)
    assert got.status == 207
    assert [one["name"] for one in got["results"]] == ["one"]


def test_options_are_replaced_as_a_whole(world: World) -> None:
    world.api.post(DEALS, a_property())
    options = [{"label": "Move", "value": "move", "hidden": False, "displayOrder": 0}]
    got = world.api.ask(
        "PATCH", f"{DEALS}/second_order_source", {"options": options, "label": "Origin"}
    )

    assert [one["value"] for one in got["options"]] == ["move"]
    assert got["label"] == "Origin"
    assert world.api.ask("PATCH", f"{DEALS}/amount", {"label": "x"}).status == 400


def test_reading_definitions_leaves_archived_ones_out(world: World) -> None:
    world.api.post(DEALS, a_property())
    world.api.post(
        f"{DEALS}/batch/archive", {"inputs": [{"name": "second_order_source"}, {"name": "unknown"}]}
    )

    assert "second_order_source" not in {one["name"] for one in world.api.get(DEALS)["results"]}
    assert {one["name"] for one in world.api.get(DEALS, "archived=true")["results"]} == {
        "second_order_source"
    }


def test_groups_are_made_once_and_removed_only_when_empty(world: World) -> None:
    body = {"name": "second_order", "label": "Second-order revenue", "displayOrder": -1}
    assert world.api.post(f"{DEALS}/groups", body).status == 201
    assert world.api.post(f"{DEALS}/groups", body).status == 409
    assert world.api.get(f"{DEALS}/groups/second_order")["label"] == "Second-order revenue"
    world.api.post(DEALS, a_property(groupName="second_order"))
    assert world.api.ask("DELETE", f"{DEALS}/groups/second_order").status == 400
    world.api.ask("DELETE", f"{DEALS}/second_order_source")
    assert world.api.ask("DELETE", f"{DEALS}/groups/second_order").status == 204


def test_creating_properties_needs_the_schema_scope(world: World) -> None:
    world.api.token = world.hubspot.install(
        world.harbor.id, ["oauth", "crm.objects.deals.read"]
    ).access_token

    assert world.api.get(DEALS).status == 200
    assert world.api.post(DEALS, a_property()).status == 403


def test_owners_pipelines_and_limits_answer(world: World) -> None:
    owner = world.api.get("/crm/owners/2026-03")["results"][0]
    assert owner["email"] == "olga@harbor.example"
    by_user = world.api.get(f"/crm/owners/2026-03/{owner['userId']}", "idProperty=userId")
    assert by_user["id"] == owner["id"]
    stages = world.api.get("/crm/pipelines/2026-03/deals")["results"][0]["stages"]
    assert {stage["id"]: stage["metadata"]["probability"] for stage in stages}["closedwon"] == "1.0"
    tickets = world.api.get("/crm/pipelines/2026-03/tickets/0/stages")["results"]
    assert [stage["metadata"]["ticketState"] for stage in tickets] == [
        "OPEN",
        "OPEN",
        "OPEN",
        "CLOSED",
    ]
    assert world.api.get("/crm/limits/2026-03/records").status == 200
    assert world.api.get("/crm/limits/2026-03/custom-properties").status == 200


def a_list(name: str = "Open deals", **changes: object) -> Json:
    operation = {"operationType": "NUMBER", "operator": "IS_GREATER_THAN_OR_EQUAL_TO", "value": 1000,
                 "includeObjectsWithNoValueSet": False}  # fmt: skip
    return {
        "name": name, "objectTypeId": "0-3", "processingType": "DYNAMIC",
        "filterBranch": {"filterBranchType": "OR", "filterBranchOperator": "OR", "filters": [], "filterBranches": [
            {"filterBranchType": "AND", "filterBranchOperator": "AND", "filterBranches": [],
             "filters": [{"filterType": "PROPERTY", "property": "amount", "operation": operation}]}]},
    } | changes  # fmt: skip


def test_a_list_finds_its_members_and_its_name_is_taken(world: World) -> None:
    made = world.api.post("/crm/lists/2026-03", a_list())["list"]["listId"]
    members = world.api.get(f"/crm/lists/2026-03/{made}/memberships")
    assert [one["recordId"] for one in members["results"]] == [str(world.deal.id)]
    assert world.api.post("/crm/lists/2026-03", a_list("OPEN DEALS")).status == 400
    found = world.api.get(f"/crm/lists/2026-03/object-type-id/0-3/name/{quote('Open deals')}")
    assert found["list"]["listId"] == made
    assert world.api.ask("DELETE", f"/crm/lists/2026-03/{made}").status == 204
    assert world.api.get(f"/crm/lists/2026-03/{made}").status == 404


def test_a_list_on_an_unknown_property_is_refused(world: World) -> None:
    text = a_list()
    text["filterBranch"]["filterBranches"][0]["filters"][0]["property"] = "nothing"

    assert world.api.post("/crm/lists/2026-03", text).status == 400


def test_manual_lists_take_members_by_hand(world: World) -> None:
    body = {"name": "Hand", "objectTypeId": "0-1", "processingType": "MANUAL"}
    made = world.api.post("/crm/lists/2026-03", body)["list"]["listId"]
    got = world.api.ask(
        "PUT", f"/crm/lists/2026-03/{made}/memberships/add", [str(world.ana.id), "999"]
    )
    assert got["recordsIdsAdded"] == [str(world.ana.id)]
    lists = world.api.get(f"/crm/lists/2026-03/records/0-1/{world.ana.id}/memberships")
    assert [one["listId"] for one in lists["results"]] == [made]


def test_a_property_in_a_list_cannot_be_archived(world: World) -> None:
    world.api.post(DEALS, a_property("own_number", type="number", fieldType="number", options=[]))
    body = a_list()
    body["filterBranch"]["filterBranches"][0]["filters"][0]["property"] = "own_number"
    world.api.post("/crm/lists/2026-03", body)

    got = world.api.ask("DELETE", f"{DEALS}/own_number")
    assert (got.status, got["category"]) == (400, "CANNOT_DELETE_PROPERTY_IN_USE")
