"""Meetings, calls, e-mails and notes of the local HubSpot, each exchange held against HubSpot's own files."""

from collections.abc import Iterator

import pytest

from tests.sandbox.hands import HARBOR, LAST_YEAR, Caller, World, a_world

OBJECTS = "/crm/objects/2026-03"
LINKS = "/crm/associations/2026-03"
KINDS = ("meetings", "calls", "emails", "notes")


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as built:
        yield built


def happens(world: World, kind: str, **values: str) -> int:
    made = world.harbor.create(
        kind, {"hs_timestamp": "2026-03-04T05:06:07Z", **values}, at=LAST_YEAR
    )
    world.harbor.associate("contact", world.ana.id, kind, made.id)
    world.harbor.associate("company", world.acme.id, kind, made.id)
    world.harbor.associate("deal", world.deal.id, kind, made.id)
    return made.id


@pytest.mark.parametrize("kind", KINDS)
def test_activities_are_listed_with_those_they_were_with(world: World, kind: str) -> None:
    made = happens(world, kind)

    page = world.api.get(
        f"{OBJECTS}/{kind}",
        "limit=100&associations=contacts,companies,deals&properties=hs_timestamp",
    )

    (one,) = page["results"]
    assert one["id"] == str(made)
    assert one["properties"]["hs_timestamp"] == "2026-03-04T05:06:07Z"
    near = {
        name: [each["id"] for each in answer["results"]]
        for name, answer in one["associations"].items()
    }
    assert near == {
        "contacts": [str(world.ana.id)], "companies": [str(world.acme.id)], "deals": [str(world.deal.id)]
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_activities_are_read_by_id_and_found_by_change(world: World, kind: str) -> None:
    made = happens(world, kind)
    body = {
        "inputs": [{"id": str(made)}, {"id": "9"}],
        "properties": ["hs_timestamp"],
        "propertiesWithHistory": [],
    }

    read = world.api.post(f"{OBJECTS}/{kind}/batch/read", body)
    assert (read.status, read.ids) == (207, [str(made)])

    asked = {
        "filterGroups": [{"filters": [{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1"}]}],
        "sorts": [], "properties": ["hs_timestamp"], "limit": 100, "after": "0",
    }  # fmt: skip
    assert world.api.post(f"{OBJECTS}/{kind}/search", asked).ids == [str(made)]

    links = world.api.post(f"{LINKS}/{kind}/contacts/batch/read", {"inputs": [{"id": str(made)}]})
    assert [to["toObjectId"] for to in links["results"][0]["to"]] == [str(world.ana.id)]


def test_the_text_of_mail_needs_its_own_permission(world: World) -> None:
    happens(
        world, "email", hs_email_subject="Offer", hs_email_text="secret", hs_email_direction="EMAIL"
    )
    asked = "properties=hs_email_subject,hs_email_text,hs_email_direction"

    open_ = world.api.get(f"{OBJECTS}/emails", asked)["results"][0]["properties"]
    scopes = [one for one in world.grant.scopes if one != "sales-email-read"]
    with Caller(world.server.url, world.hubspot.install(HARBOR, scopes).access_token) as without:
        shut = without.get(f"{OBJECTS}/emails", asked)["results"][0]["properties"]
        by_id = without.get(f"{OBJECTS}/emails/1001", asked)["properties"]

    assert (open_["hs_email_subject"], open_["hs_email_text"]) == ("Offer", "secret")
    assert (shut["hs_email_subject"], shut["hs_email_text"], shut["hs_email_direction"]) == (
        None,
        None,
        "EMAIL",
    )
    assert by_id["hs_email_text"] is None


def test_the_end_of_an_activity_is_told_to_who_subscribed(world: World) -> None:
    made = happens(world, "meeting")
    world.hubspot.subscriptions.clear()
    subscribed = [
        {"subscriptionType": "object.deletion", "objectType": "meeting_event", "active": True}
    ]
    world.hubspot.subscriptions.load_project({"subscriptions": {"crmObjects": subscribed}})
    world.hubspot.queue.clear()

    world.harbor.archive("meeting", made)

    (event,) = world.hubspot.queue
    assert (event["subscriptionType"], event["objectTypeId"], event["objectId"]) == (
        "object.deletion",
        "0-47",
        made,
    )
