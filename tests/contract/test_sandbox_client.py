"""The official client talks to the sandbox over HTTP, and the sandbox runs as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hubspot import HubSpot as Client

from tests.sandbox import specs
from tests.sandbox.hands import World, a_world
from tests.sandbox.records import Value
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


@pytest.fixture
def client(world: World) -> Value:
    return Client(access_token=world.grant.access_token, host=world.server.url)


def test_the_client_reads_pages_with_history(world: World, client: Value) -> None:
    world.harbor.update("contact", world.ana.id, {"jobtitle": "Head"})
    everyone = client.crm.contacts.get_all(
        properties=["email"], properties_with_history=["jobtitle"]
    )

    assert [one.id for one in everyone] == [str(world.ana.id), str(world.bo.id)]
    assert [one.value for one in everyone[0].properties_with_history["jobtitle"]] == [
        "Head",
        "Buyer",
    ]


def test_a_207_is_no_exception_in_the_client(world: World, client: Value) -> None:
    body = {
        "inputs": [{"id": str(world.ana.id)}, {"id": "999999"}],
        "properties": ["email"],
        "propertiesWithHistory": [],
    }
    got = client.crm.contacts.batch_api.read(batch_read_input_simple_public_object_id=body)

    assert got.num_errors == 1
    assert got.errors[0].context["ids"] == ["999999"]


def test_the_client_updates_searches_merges_and_archives(world: World, client: Value) -> None:
    update = {"inputs": [{"id": str(world.deal.id), "properties": {"dealstage": "closedwon"}}]}
    client.crm.deals.batch_api.update(batch_input_simple_public_object_batch_input=update)
    won = {
        "filterGroups": [
            {"filters": [{"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"}]}
        ]
    }
    found = client.crm.deals.search_api.do_search(public_object_search_request=won)
    assert [one.id for one in found.results] == [str(world.deal.id)]
    ids = {"primaryObjectId": str(world.ana.id), "objectIdToMerge": str(world.bo.id)}
    made = client.crm.contacts.basic_api.merge(public_merge_input=ids)
    assert client.crm.contacts.basic_api.get_by_id(str(world.bo.id)).id == made.id
    client.crm.deals.basic_api.archive(str(world.deal.id))
    assert world.harbor.get("deal", world.deal.id) is None


def test_the_client_reads_associations_with_labels(world: World, client: Value) -> None:
    body = {"inputs": [{"id": str(world.ana.id)}, {"id": str(world.bo.id)}]}
    got = client.crm.associations.v4.batch_api.get_page(
        "contacts", "companies", batch_input_public_fetch_associations_batch_request=body
    )

    assert got.results[0].to[0].to_object_id == str(world.acme.id)
    assert got.num_errors == 1
    labels = client.crm.associations.v4.schema.definitions_api.get_all("contacts", "companies")
    assert {one.type_id for one in labels.results} == {279, 1}


def test_the_client_makes_properties_groups_and_lists(world: World, client: Value) -> None:
    client.crm.properties.groups_api.create(
        "deals", {"name": "second_order", "label": "Second", "displayOrder": -1}
    )
    client.crm.properties.core_api.create("deals", {
        "name": "second_order_share", "label": "Share", "type": "number", "fieldType": "number",
        "groupName": "second_order",
    })  # fmt: skip
    names = {one.name for one in client.crm.properties.core_api.get_all("deals").results}
    assert "second_order_share" in names
    made = client.crm.lists.lists_api.create(
        {"name": "Hand", "objectTypeId": "0-1", "processingType": "MANUAL"}
    )
    assert made.list.list_id == "201"


def test_the_client_reads_owners_and_pipelines(world: World, client: Value) -> None:
    assert client.crm.owners.owners_api.get_page().results[0].email == "olga@harbor.example"
    stages = client.crm.pipelines.pipelines_api.get_all("deals").results[0].stages
    assert {stage.id for stage in stages if stage.metadata["isClosed"] == "true"} == {
        "closedwon",
        "closedlost",
    }


def test_errors_reach_the_client_with_status_and_body(world: World, client: Value) -> None:
    with pytest.raises(Exception, match="VALIDATION_ERROR") as caught:
        client.crm.contacts.basic_api.update(str(world.ana.id), {"properties": {"nothing": "1"}})

    assert caught.value.status == 400  # type: ignore[attr-defined]


@pytest.mark.skipif(
    not specs.present(), reason="HubSpot's OpenAPI files are not beside the project"
)
def test_the_checker_notices_a_wrong_body() -> None:
    path = "/crm/objects/2026-03/contacts/batch/read"
    assert specs.knows("POST", path)
    with pytest.raises(specs.Breach):
        specs.check(
            "POST",
            path,
            {"inputs": [{"id": 3}], "properties": [], "propertiesWithHistory": []},
            200,
            {},
        )
    with pytest.raises(specs.Breach):
        specs.check("POST", path, None, 200, {"status": "COMPLETE", "results": [{"id": 1}]})


def control(url: str, path: str, body: object = None, method: str | None = None) -> Value:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/_sandbox/{path}", data=data, method=method)  # noqa: S310  a local address
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  a local address
        return json.load(answer)


def test_the_control_routes_act_count_and_trouble(world: World) -> None:
    url = world.server.url
    assert control(url, "health")["ok"] is True
    deed = {"do": "update", "type": "contact", "id": world.ana.id, "values": {"jobtitle": "Boss"}}
    control(url, f"portals/{world.harbor.id}/act", deed)
    assert world.ana.get("jobtitle") == "Boss"
    control(url, "trouble", {"kind": "500", "times": 1})
    assert world.api.get("/crm/owners/2026-03").status == 500
    assert control(url, "trouble", method="DELETE") == {"rules": []}
    counted = control(url, f"portals/{world.harbor.id}/counters")
    assert counted["calls"] == {"GET /crm/owners/2026-03": 1}
    assert counted["peak_10s"] == 1
    settings = control(url, "app", {"redirect_urls": ["http://localhost:1/x"], "webhooks": "all"})
    assert settings["redirect_urls"] == ["http://localhost:1/x"]
    control(url, "quirks", {"token_seconds": 5})
    assert world.hubspot.quirks.token_seconds == 5
    record = control(
        url, f"portals/{world.harbor.id}/record", {"type": "deal", "id": world.deal.id}
    )
    assert record["values"]["hs_is_closed"] == "false"
    control(url, f"portals/{world.harbor.id}/uninstall", {})
    assert not world.hubspot.installed(world.harbor.id)


@pytest.mark.parametrize("deed", [
    {"do": "merge", "id": 1001, "other": 1002}, {"do": "archive", "type": "deal", "id": 1001},
    {"do": "associate", "id": 1002, "to": "company", "to_id": 1002, "primary": True},
    {"do": "answer", "id": 1001, "score": 3, "text": "meh"}, {"do": "gdpr_delete", "id": 1001},
    {"do": "create", "type": "company", "values": {"name": "New"}},
], ids=lambda deed: deed["do"])  # fmt: skip
def test_every_deed_of_a_user_tells_the_app(world: World, deed: dict[str, Any]) -> None:
    control(world.server.url, f"portals/{world.harbor.id}/act", deed)

    assert world.hubspot.queue


def test_the_sandbox_runs_as_a_process() -> None:
    command = [sys.executable, "-m", "tests.sandbox", "--port", "0", "--auto"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ}
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            assert [portal["name"] for portal in control(url, "portals")] == ["Harbor", "Orchard"]
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 0
