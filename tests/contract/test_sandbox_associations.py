"""Associations of the sandbox: labels, primary companies, paging per record, 207 for none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.hands import World, a_world

LABELS = "/crm/associations/2026-03/contacts/contacts/labels"
READ = "/crm/associations/2026-03/contacts/companies/batch/read"


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def inputs(*ids: int) -> dict[str, Any]:
    return {"inputs": [{"id": str(one)} for one in ids]}


def test_a_record_without_associations_makes_a_207_that_means_none(world: World) -> None:
    got = world.api.post(READ, inputs(world.ana.id, world.bo.id))

    assert got.status == 207
    assert [one["from"]["id"] for one in got["results"]] == [str(world.ana.id)]
    error = got["errors"][0]
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert error["context"]["fromObjectId"] == [str(world.bo.id)]


def test_the_unlabelled_type_stands_beside_every_label(world: World) -> None:
    types = world.api.post(READ, inputs(world.ana.id))["results"][0]["to"][0]["associationTypes"]

    assert {(one["typeId"], one["label"]) for one in types} == {(1, "Primary"), (279, None)}


@pytest.mark.parametrize("numbers", [False, True])
def test_target_ids_are_strings_or_numbers(world: World, numbers: bool) -> None:
    world.hubspot.quirks.association_ids_as_numbers = numbers
    got = world.api.ask("POST", READ, inputs(world.ana.id), checked=not numbers)

    assert got["results"][0]["to"][0]["toObjectId"] == (
        world.acme.id if numbers else str(world.acme.id)
    )


def test_each_record_pages_for_itself(world: World) -> None:
    world.hubspot.quirks.association_page = 2
    for number in range(5):
        firm = world.harbor.create("company", {"name": f"C{number}"})
        world.harbor.associate("contact", world.ana.id, "company", firm.id)
    world.harbor.associate("contact", world.bo.id, "company", world.bolt.id)
    seen, todo = [], [{"id": str(world.ana.id)}, {"id": str(world.bo.id)}]
    while todo:
        got = world.api.post(READ, {"inputs": todo})
        todo = []
        for one in got["results"]:
            seen += [(one["from"]["id"], to["toObjectId"]) for to in one["to"]]
            if "paging" in one:
                todo.append({"id": one["from"]["id"], "after": one["paging"]["next"]["after"]})

    assert len(seen) == len(set(seen)) == 7
    assert world.api.post(READ, inputs(*range(1, 1002))).status == 400


def test_a_new_primary_company_demotes_the_old_one_and_history_tells(world: World) -> None:
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    got = world.api.ask(
        "PUT",
        f"/crm/objects/2026-03/contacts/{world.ana.id}/associations/companies/{world.bolt.id}",
        spec,
    )

    assert got.status == 201
    linked = world.harbor.associated("contact", world.ana.id, "company")
    assert linked == {world.acme.id: {279}, world.bolt.id: {1, 279}}
    asked = "propertiesWithHistory=associatedcompanyid"
    history = world.api.get(f"/crm/objects/2026-03/contacts/{world.ana.id}", asked)[
        "propertiesWithHistory"
    ]
    values = [one["value"] for one in history["associatedcompanyid"]]
    assert values == [str(world.bolt.id), str(world.acme.id)]


def test_labels_get_ids_of_this_portal_in_both_directions(world: World) -> None:
    body = {"label": "Referred by", "inverseLabel": "Referred", "name": "referred_by"}
    made = world.api.post(LABELS, body)["results"]
    assert {one["label"] for one in made} == {"Referred by", "Referred"}
    assert made[0]["category"] == "USER_DEFINED"

    create = {"inputs": [{"from": {"id": str(world.bo.id)}, "to": {"id": str(world.ana.id)},
              "types": [{"associationCategory": "USER_DEFINED", "associationTypeId": made[0]["typeId"]}]}]}  # fmt: skip
    got = world.api.post("/crm/associations/2026-03/contacts/contacts/batch/create", create)
    assert got.status == 201
    assert got["results"][0]["labels"] == ["Referred by"]
    back = world.api.post(
        "/crm/associations/2026-03/contacts/contacts/batch/read", inputs(world.ana.id)
    )
    labels = {one["label"] for one in back["results"][0]["to"][0]["associationTypes"]}
    assert labels == {"Referred", None}


@pytest.mark.parametrize(
    "body", [{"label": "x", "name": "a-b"}, {"label": "x", "name": "1a"}, {"label": "x"}]
)
def test_a_label_needs_a_proper_name(world: World, body: dict[str, str]) -> None:
    assert world.api.post(LABELS, body).status == 400


def test_ten_labels_per_pair_and_no_more(world: World) -> None:
    statuses = [
        world.api.post(LABELS, {"label": f"L{n}", "name": f"l{n}"}).status for n in range(11)
    ]

    assert statuses == [200] * 10 + [400]


def test_a_label_can_be_renamed_and_removed(world: World) -> None:
    made = world.api.post(LABELS, {"label": "Knows", "name": "knows"})["results"][0]["typeId"]
    assert world.api.ask("PUT", LABELS, {"associationTypeId": made, "label": "Met"}).status == 204
    assert "Met" in {one["label"] for one in world.api.get(LABELS)["results"]}
    assert world.api.ask("DELETE", f"{LABELS}/{made}").status == 204
    assert "Met" not in {one["label"] for one in world.api.get(LABELS)["results"]}


def test_a_type_id_belongs_to_its_direction(world: World) -> None:
    create = {"inputs": [{"from": {"id": str(world.ana.id)}, "to": {"id": str(world.bolt.id)},
              "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 280}]}]}  # fmt: skip
    got = world.api.post("/crm/associations/2026-03/contacts/companies/batch/create", create)

    assert got.status == 207
    assert world.bolt.id not in world.harbor.associated("contact", world.ana.id, "company")


def test_removing_the_unlabelled_type_removes_all(world: World) -> None:
    path = "/crm/associations/2026-03/contacts/companies/batch/labels/archive"
    ends = {"from": {"id": str(world.ana.id)}, "to": {"id": str(world.acme.id)}}
    primary, plain = (
        [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": one}] for one in (1, 279)
    )
    world.api.post(path, {"inputs": [ends | {"types": primary}]})
    assert world.harbor.associated("contact", world.ana.id, "company") == {world.acme.id: {279}}
    assert world.ana.get("associatedcompanyid") == ""
    world.api.post(path, {"inputs": [ends | {"types": plain}]})
    assert world.harbor.associated("contact", world.ana.id, "company") == {}


def test_one_records_links_page_and_the_default_link_is_put(world: World) -> None:
    path = f"/crm/objects/2026-03/contacts/{world.bo.id}/associations"
    assert (
        world.api.ask(
            "PUT", f"{path.replace('contacts', 'contact')}/default/companies/{world.bolt.id}"
        ).status
        == 200
    )
    got = world.api.get(f"{path}/companies", "limit=1")
    assert got["results"][0]["toObjectId"] == str(world.bolt.id)
    assert world.api.ask("DELETE", f"{path}/companies/{world.bolt.id}").status == 204
    assert world.api.get(f"{path}/companies")["results"] == []


def test_links_rest_while_a_record_is_in_the_bin(world: World) -> None:
    world.harbor.archive("company", world.acme.id)
    assert world.api.post(READ, inputs(world.ana.id)).status == 207
    world.harbor.restore("company", world.acme.id)
    assert world.api.post(READ, inputs(world.ana.id)).status == 200
