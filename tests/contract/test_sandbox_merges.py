"""Merges, undone merges and privacy deletion in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.hands import World, a_world

CONTACTS = "/crm/objects/2026-03/contacts"


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def test_a_merge_makes_a_third_record_to_which_old_ids_lead(world: World) -> None:
    body = {"primaryObjectId": str(world.ana.id), "objectIdToMerge": str(world.bo.id)}
    made = world.api.post(f"{CONTACTS}/merge", body)["id"]

    assert made not in {str(world.ana.id), str(world.bo.id)}
    asked = "properties=email,hs_merged_object_ids,hs_additional_emails,hs_calculated_merged_vids,jobtitle"
    for old in (world.ana.id, world.bo.id):
        got = world.api.get(f"{CONTACTS}/{old}", asked)
        assert got["id"] == made
        assert got["properties"]["hs_merged_object_ids"] == f"{world.ana.id};{world.bo.id}"
        assert got["properties"]["email"] == "ana@acme.example"
        assert got["properties"]["hs_additional_emails"] == "bo@bolt.example"
    assert world.api.get(CONTACTS).ids == [made]
    assert world.harbor.associated("deal", world.deal.id, "contact").keys() == {int(made)}
    assert (
        world.api.ask("PATCH", f"{CONTACTS}/{world.bo.id}", {"properties": {"jobtitle": "x"}})["id"]
        == made
    )


@pytest.mark.parametrize(("answer", "status"), [("survivor", 200), ("missing", 207)])
def test_batch_read_of_merged_ids_is_a_switch(world: World, answer: str, status: int) -> None:
    world.hubspot.quirks.batch_read_merged = answer
    made = world.harbor.merge("contact", world.ana.id, world.bo.id)

    inputs = [{"id": str(one)} for one in (world.ana.id, world.bo.id)]
    body = {"inputs": inputs, "properties": ["email"], "propertiesWithHistory": []}
    got = world.api.post(f"{CONTACTS}/batch/read", body)

    assert got.status == status
    assert got.ids == ([str(made.id)] if status == 200 else [])


def test_a_merge_can_be_undone_and_old_ids_live_again(world: World) -> None:
    made = world.harbor.merge("contact", world.ana.id, world.bo.id)
    world.harbor.unmerge("contact", made.id)

    assert world.api.get(CONTACTS).ids == [str(world.ana.id), str(world.bo.id)]
    assert world.api.get(f"{CONTACTS}/{made.id}").status == 404


def test_a_merged_company_keeps_the_contacts_and_their_primary_company(world: World) -> None:
    made = world.harbor.merge("company", world.bolt.id, world.acme.id)

    assert world.harbor.associated("contact", world.ana.id, "company") == {made.id: {1, 279}}
    assert world.ana.get("associatedcompanyid") == str(made.id)
    assert made.get("hs_additional_domains") == "acme.example"


def test_privacy_deletion_purges_by_id_or_email(world: World) -> None:
    assert (
        world.api.post(
            f"{CONTACTS}/gdpr-delete", {"objectId": "ana@acme.example", "idProperty": "email"}
        ).status
        == 204
    )
    assert world.api.get(f"{CONTACTS}/{world.ana.id}").status == 404
    assert world.api.get(f"{CONTACTS}/{world.ana.id}", "archived=true").status == 404
    assert world.api.post(f"{CONTACTS}/gdpr-delete", {"objectId": str(world.bo.id)}).status == 204
    assert world.harbor.all("contact") == []
