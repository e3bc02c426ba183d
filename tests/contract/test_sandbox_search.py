"""Search in the sandbox: operators, limits, lag, and its own five a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.hands import World, a_world
from tests.sandbox.records import Json

SEARCH = "/crm/objects/2026-03/deals/search"


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        made.harbor.allowance.search_limit = 1000
        for number in range(1, 6):
            values = {
                "dealname": f"Deal {number}",
                "amount": str(number),
                "dealstage": "closedwon",
                "dealtype": "newbusiness",
            }
            made.harbor.create("deal", values, at=1_760_000_000_000 + number)
        yield made


def asking(*filters: Json, **more: object) -> Json:
    groups = [{"filters": list(filters)}] if filters else []
    return {
        "filterGroups": groups,
        "sorts": [],
        "properties": ["dealname"],
        "limit": 100,
        "after": "0",
    } | more


def names(world: World, body: Json) -> list[str]:
    return [one["properties"]["dealname"] for one in world.api.post(SEARCH, body)["results"]]


@pytest.mark.parametrize(
    ("operator", "more", "found"),
    [
        ("EQ", {"value": "3.0"}, "3"),
        ("GT", {"value": "3"}, "45A"),
        ("LTE", {"value": "2"}, "12"),
        ("BETWEEN", {"value": "2", "highValue": "4"}, "234"),
        ("IN", {"values": ["1", "5"]}, "15"),
        ("NOT_IN", {"values": ["1", "5"]}, "234A"),
        ("NEQ", {"value": "1"}, "2345A"),
        ("HAS_PROPERTY", {}, "12345A"),
        ("NOT_HAS_PROPERTY", {}, ""),
    ],
)
def test_numbers_compare_as_numbers(
    world: World, operator: str, more: dict[str, Any], found: str
) -> None:
    got = names(world, asking({"propertyName": "amount", "operator": operator, **more}))

    assert sorted(name.removeprefix("Deal ")[0] for name in got) == sorted(found)


def test_text_ignores_case_but_in_wants_lower_case_and_options_are_exact(world: World) -> None:
    assert names(
        world, asking({"propertyName": "dealname", "operator": "EQ", "value": "DEAL 1"})
    ) == ["Deal 1"]
    assert names(
        world, asking({"propertyName": "dealname", "operator": "IN", "values": ["deal 1"]})
    ) == ["Deal 1"]
    assert (
        names(world, asking({"propertyName": "dealname", "operator": "IN", "values": ["Deal 1"]}))
        == []
    )
    assert (
        names(world, asking({"propertyName": "dealtype", "operator": "EQ", "value": "NewBusiness"}))
        == []
    )


def test_groups_are_or_and_filters_are_and(world: World) -> None:
    one = {"propertyName": "amount", "operator": "EQ", "value": "1"}
    won = {"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"}
    body = asking(one, won)
    body["filterGroups"].append(
        {"filters": [{"propertyName": "dealstage", "operator": "EQ", "value": "contractsent"}]}
    )

    assert sorted(names(world, body)) == ["Acme buys", "Deal 1"]


def test_changed_since_and_sorting_by_id_walk_through_everything(world: World) -> None:
    since = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1760000000003"}
    assert sorted(names(world, asking(since))) == ["Deal 3", "Deal 4", "Deal 5"]
    sorts = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
    seen: list[str] = []
    last = 0
    while True:
        after = {"propertyName": "hs_object_id", "operator": "GT", "value": str(last)}
        got = world.api.ask("POST", SEARCH, asking(after, sorts=sorts, limit=2), checked=False)
        if not got.ids:
            break
        seen += got.ids
        last = int(got.ids[-1])
    assert len(seen) == len(set(seen)) == 6


def test_associated_records_can_be_searched_for(world: World) -> None:
    wanted = {"propertyName": "associations.contact", "operator": "EQ", "value": str(world.ana.id)}

    assert names(world, asking(wanted)) == ["Acme buys"]


@pytest.mark.parametrize(
    "more",
    [{"limit": 201}, {"after": "9901"}, {"query": "x" * 3000}, {"sorts": ["amount", "dealname"]},
     {"filterGroups": [{"filters": [{"propertyName": "amount", "operator": "HAS_PROPERTY"}] * 7}]},
     {"filterGroups": [{"filters": []}] * 6},
     {"filterGroups": [{"filters": [{"propertyName": "nothing", "operator": "HAS_PROPERTY"}]}]}],
    ids=["page", "beyond 10000", "too long", "two sorts", "seven filters", "six groups", "unknown property"],
)  # fmt: skip
def test_search_refuses_what_hubspot_refuses(world: World, more: Json) -> None:
    assert world.api.ask("POST", SEARCH, asking(**more), checked=False).status == 400


def test_search_may_reach_exactly_ten_thousand(world: World) -> None:
    got = world.api.post(SEARCH, asking(after="9900"))

    assert (got.status, got["results"]) == (200, [])


def test_search_lags_behind_what_was_written(world: World) -> None:
    world.hubspot.quirks.search_lag = 5.0
    world.harbor.create("deal", {"dealname": "Fresh"})
    assert "Fresh" not in names(world, asking())
    world.hubspot.advance(6)
    assert "Fresh" in names(world, asking())


def test_search_has_five_a_second_of_its_own_without_headers(world: World) -> None:
    world.harbor.allowance.search_limit = 5
    answers = [world.api.post(SEARCH, asking()) for _ in range(6)]

    assert [answer.status for answer in answers[:5]] == [200] * 5
    assert answers[5].status == 429
    assert answers[5]["policyName"] == "SECONDLY"
    assert "X-HubSpot-RateLimit-Max" not in answers[0].headers
    assert world.harbor.allowance.peak == 0
    world.hubspot.advance(1.1)
    assert world.api.post(SEARCH, asking()).status == 200
