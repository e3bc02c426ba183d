"""One table of dated paths, one host: what the client library would call, and what is really called."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integration.core.errors import RecordGone, Retryable
from integration.hubspot.faults import BadRequest, OurMistake
from integration.hubspot.gateway import HubSpot
from integration.hubspot.routes import DATE, ROUTES, UnknownRoute, dated
from integration.hubspot.wire import Wire
from tests.contract.canned import Canned, canned
from tests.waiting import PATIENCE

SPECS = Path(__file__).parents[3] / "shared" / "hubspot" / "specs"


def no_limit(kind: str) -> None:
    """Every call is allowed."""


def a_token(refused: str | None = None) -> str:
    return "canary-token"


@pytest.fixture
def server() -> Iterator[Canned]:
    with canned() as running:
        yield running


@pytest.fixture
def hubspot(server: Canned) -> Iterator[HubSpot]:
    made = HubSpot(Wire(server.url, a_token, no_limit, timeouts=(PATIENCE, PATIENCE)))
    yield made
    made.close()


CALLS: list[tuple[str, Callable[[HubSpot], object]]] = [
    (f"GET /crm/objects/{DATE}/contacts", lambda h: h.page("contact", properties=["email"])),
    (f"POST /crm/objects/{DATE}/companies/batch/read", lambda h: h.read("company", [1], ["name"])),
    (f"POST /crm/objects/{DATE}/deals/batch/update", lambda h: h.update("deal", {1: {"x": "y"}})),
    (f"GET /crm/objects/{DATE}/deals/1", lambda h: h.survivor("deal", 1)),
    (
        f"POST /crm/objects/{DATE}/tickets/search",
        lambda h: list(h.search_changed_since("ticket", datetime(2026, 1, 1, tzinfo=UTC))),
    ),
    (
        f"POST /crm/associations/{DATE}/deals/contacts/batch/read",
        lambda h: h.associations("deal", "contact", [1]),
    ),
    (f"GET /crm/associations/{DATE}/deals/contacts/labels", lambda h: h.labels("deal", "contact")),
    (f"GET /crm/owners/{DATE}", lambda h: h.owners()),
    (f"GET /crm/pipelines/{DATE}/deals", lambda h: h.pipelines("deal")),
    (f"GET /crm/properties/{DATE}/deals", lambda h: h.properties("deal")),
    (
        f"POST /crm/properties/{DATE}/deals/batch/create",
        lambda h: h.create_properties("deal", [{"name": "a"}]),
    ),
    (
        f"PATCH /crm/properties/{DATE}/deals/a",
        lambda h: h.update_property("deal", "a", {"hidden": False}),
    ),
    (f"GET /crm/properties/{DATE}/deals/groups", lambda h: h.groups("deal")),
    (f"POST /crm/properties/{DATE}/deals/groups", lambda h: h.create_group("deal", {"name": "a"})),
    (f"GET /account-info/{DATE}/details", lambda h: h.account()),
    (f"DELETE /appinstalls/{DATE}/external-install", lambda h: h.uninstall()),
]


@pytest.mark.parametrize(("path", "call"), CALLS, ids=[path for path, _ in CALLS])
def test_every_call_goes_to_its_dated_path_on_the_given_host(
    server: Canned, hubspot: HubSpot, path: str, call: Callable[[HubSpot], object]
) -> None:
    server.body = b'{"results": [], "id": "1", "portalId": 1}'

    call(hubspot)

    method, asked, headers, _ = server.seen[0]
    assert f"{method} {asked.partition('?')[0]}" == path
    assert headers["Authorization"] == "Bearer canary-token"
    assert headers["Host"] == server.url.removeprefix("http://")


def test_lists_repeat_keys_and_truths_are_words(server: Canned, hubspot: HubSpot) -> None:
    server.body = b'{"results": []}'

    hubspot.page(
        "contact",
        "a&b=c",
        properties=["email", "name"],
        history=["email"],
        associations=["company"],
    )

    asked = server.seen[0][1].partition("?")[2].split("&")
    assert {"properties=email", "properties=name", "propertiesWithHistory=email"} <= set(asked)
    assert {"archived=false", "associations=companies", "after=a%26b%3Dc", "limit=50"} <= set(asked)


def test_connections_are_kept(server: Canned, hubspot: HubSpot) -> None:
    server.body = b'{"results": [], "portalId": 1}'
    for _ in range(5):
        hubspot.page("contact")
        hubspot.account()
        hubspot.read("contact", [1], [])

    assert len(server.seen) == 15
    assert len(server.connections) == 1


def test_what_is_not_in_the_table_is_never_called(server: Canned, hubspot: HubSpot) -> None:
    with pytest.raises(UnknownRoute):
        hubspot._library.records.archive(
            object_type="contacts", object_id="1", _preload_content=False
        )

    assert server.seen == []


def test_nothing_leaves_the_given_host(server: Canned, hubspot: HubSpot) -> None:
    hubspot._library.records.api_client.configuration.host = "http://127.0.0.2:1"

    with pytest.raises(OurMistake, match="would leave"):
        hubspot.survivor("contact", 1)
    assert server.seen == []


def test_redirects_are_not_followed(server: Canned, hubspot: HubSpot) -> None:
    server.status, server.headers = 302, {"Location": "http://127.0.0.2:1/elsewhere"}

    with pytest.raises(Retryable, match="redirect"):
        hubspot.account()

    assert len(server.seen) == 1


def test_the_libraries_paths_find_their_route() -> None:
    assert dated("GET", "/crm/v3/objects/deals")[1] == f"/crm/objects/{DATE}/deals"
    assert dated("GET", "/crm/v3/properties/deals/groups")[0].name == "groups.all"
    assert dated("POST", "/crm/v3/objects/deals/search")[0].allowance == "search"
    with pytest.raises(UnknownRoute):
        dated("DELETE", "/crm/v3/objects/deals/1")
    with pytest.raises(UnknownRoute):
        dated("GET", "/crm/v3/objects/deals/1/../../2")


@pytest.mark.skipif(not SPECS.is_dir(), reason="HubSpot's specification files are not here")
def test_every_route_is_in_hubspots_own_files() -> None:
    known = set()
    for file in SPECS.glob(f"*.{DATE}.json"):
        for path, methods in json.loads(file.read_text(encoding="utf-8"))["paths"].items():
            known |= {f"{method.upper()} {path}" for method in methods}

    for route in ROUTES.values():
        assert f"{route.method} {route.path}" in known


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b'{"results": [{"id"',
        b'{"results": 7}',
        b"[]",
        b"null",
        b'{"results": [{"id": "x"}]}',
    ],
)
def test_a_broken_answer_is_asked_for_again(server: Canned, hubspot: HubSpot, body: bytes) -> None:
    server.body = body

    for call in (
        lambda: hubspot.page("contact"),
        lambda: hubspot.read("contact", [1], ["email"]),
        lambda: hubspot.associations("contact", "company", [1]),
    ):
        with pytest.raises(Retryable):
            call()
    assert isinstance(hubspot.update("contact", {1: {"a": "b"}}).stopped, Retryable)


def test_one_hostile_text_does_not_hide_its_page(server: Canned, hubspot: HubSpot) -> None:
    server.body = (
        b'{"results": [{"id": "1", "properties": {"a": "\\ud800x", "b": "n\\u0000ul", "c": "\\ud83d\\ude00"}},'
        b' {"id": "2", "properties": {"a": "\xe2\x82\xac"}}]}'
    )

    one, two = hubspot.page("contact").records

    assert one.properties == {"a": "\ufffdx", "b": "n\ufffdul", "c": "\U0001f600"}
    assert two.properties == {"a": "\u20ac"}


def test_an_answer_that_names_only_some_records_leaves_the_others_unclear(
    server: Canned, hubspot: HubSpot
) -> None:
    server.body = b'{"results": [{"id": "1", "properties": {}}]}'

    outcomes = hubspot.update("contact", {1: {"a": "b"}, 2: {"a": "b"}}).outcomes

    assert [outcomes[one].status for one in (1, 2)] == ["written", "unclear"]


def test_a_partial_read_for_another_reason_makes_nobody_missing(
    server: Canned, hubspot: HubSpot
) -> None:
    server.status = 207
    server.body = (
        b'{"results": [], "errors": [{"category": "SERVER_ERROR", "context": {"ids": ["1"]}}]}'
    )

    with pytest.raises(Retryable, match="partial"):
        hubspot.read("contact", [1], ["email"])
    with pytest.raises(Retryable, match="partial"):
        hubspot.associations("contact", "company", [1])


def test_a_record_refused_by_name_keeps_hubspots_reason(server: Canned, hubspot: HubSpot) -> None:
    server.status = 207
    server.body = (
        b'{"results": [], "errors": [{"category": "VALIDATION_ERROR", "subCategory": "crm.RULE",'
        b' "message": "Ana Lima", "context": {"objectWriteTraceId": ["so-1"]}}]}'
    )

    (outcome,) = hubspot.update("contact", {1: {"a": "b"}}).outcomes.values()

    assert (outcome.status, outcome.reason) == ("refused", "crm.RULE")


def test_a_refused_batch_is_split_until_the_guilty_one_is_alone(
    server: Canned, hubspot: HubSpot
) -> None:
    server.status, server.body = 400, b'{"category": "VALIDATION_ERROR", "message": "no"}'

    outcomes = hubspot.update("contact", {one: {"a": "b"} for one in range(1, 5)}).outcomes

    assert [outcome.status for outcome in outcomes.values()] == ["refused"] * 4
    assert [len(json.loads(sent)["inputs"]) for _, _, _, sent in server.seen] == [
        4,
        2,
        1,
        1,
        2,
        1,
        1,
    ]


def test_what_is_sent_for_an_update(server: Canned, hubspot: HubSpot) -> None:
    server.body = b'{"results": []}'

    hubspot.update("contact", {7: {"second_order_role": ""}})

    assert json.loads(server.seen[0][3]) == {
        "inputs": [
            {"id": "7", "properties": {"second_order_role": ""}, "objectWriteTraceId": "so-7"}
        ]
    }


def test_a_definition_that_is_gone_or_refused_says_so(server: Canned, hubspot: HubSpot) -> None:
    server.status, server.body = 404, b'{"category": "OBJECT_NOT_FOUND"}'
    with pytest.raises(RecordGone):
        hubspot.update_property("deal", "a", {"hidden": False})

    server.status, server.body = 400, b'{"category": "VALIDATION_ERROR"}'
    with pytest.raises(BadRequest):
        hubspot.update_property("deal", "a", {"hidden": False})
