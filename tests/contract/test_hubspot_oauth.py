"""OAuth against the local HubSpot, and its refusals in both dialects."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integration.core.errors import NeedsOwner, Refused, Retryable, SecondOrderError
from integration.hubspot.faults import OurMistake
from integration.hubspot.oauth import OAuth
from mappings.records.access import OPTIONAL_SCOPES, REQUIRED_SCOPES
from tests.contract.canned import Canned, canned
from tests.contract.hubspot_world import World, a_world
from tests.waiting import PATIENCE

REQUIRED = [context.name for context in REQUIRED_SCOPES]
OPTIONAL = [context.name for context in OPTIONAL_SCOPES]


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        made.sandbox.quirks.approve_at_once = True
        yield made


@pytest.fixture
def server() -> Iterator[Canned]:
    with canned() as running:
        yield running


def an_app(world: World, *, secret: str | None = None, redirect: str | None = None) -> OAuth:
    app = world.sandbox.app
    return OAuth(
        world.server.url,
        world.server.authorize_url,
        app.client_id,
        secret or app.client_secret,
        redirect or app.redirect_urls[0],
        timeouts=(PATIENCE, PATIENCE),
    )


def a_canned_app(server: Canned) -> OAuth:
    return OAuth(
        server.url,
        server.url,
        "client-id",
        "canary-secret",
        "https://app.example/cb",
        timeouts=(PATIENCE, PATIENCE),
    )


def test_the_authorize_page_is_asked_with_all_scopes_separated_by_spaces() -> None:
    page = OAuth(
        "https://api.example",
        "https://app.example/authorize",
        "id",
        "secret",
        "https://us.example/cb",
    )

    url = page.authorize_page("st ate", ["oauth", "a.b"], ["tickets"])

    assert "scope=oauth%20a.b" in url
    assert "+" not in url
    asked = parse_qs(urlsplit(url).query)
    assert asked["optional_scope"] == ["tickets"]
    assert asked["state"] == ["st ate"]
    assert asked["redirect_uri"] == ["https://us.example/cb"]
    assert "secret" not in url


def test_the_whole_dance(world: World) -> None:
    app = an_app(world)
    answer = requests.get(
        app.authorize_page("abc", REQUIRED, OPTIONAL) + "&portal_id=4711",
        allow_redirects=False,
        timeout=PATIENCE,
    )
    assert answer.status_code in {302, 303}, answer.text
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == ["abc"]

    tokens = app.exchange(back["code"][0])
    who = app.introspect(tokens.access_token)

    assert tokens.refresh_token
    assert tokens.expires_in == 1800
    assert (who.active, who.portal_id, who.app_id) == (True, 4711, world.sandbox.app.app_id)
    assert frozenset(REQUIRED) <= who.scopes
    assert app.account(tokens.access_token).currency == "EUR"
    with pytest.raises(Refused, match="start the install again"):
        app.exchange(back["code"][0])


def test_a_token_is_refreshed_until_the_app_is_gone(world: World) -> None:
    app = an_app(world)
    grant = world.sandbox.install(4711)

    fresh = app.refresh(grant.refresh_token)
    assert app.introspect(fresh.access_token).active
    app.uninstall(fresh.access_token)

    assert not world.sandbox.installed(4711)
    with pytest.raises(NeedsOwner, match="reconnect"):
        app.refresh(grant.refresh_token)
    assert app.introspect(grant.access_token).active is False


def test_a_revoked_token_refreshes_no_more(world: World) -> None:
    app = an_app(world)
    grant = world.sandbox.install(4711)

    app.revoke(grant.refresh_token)

    with pytest.raises(NeedsOwner):
        app.refresh(grant.refresh_token)


def test_our_own_wrong_secret_is_never_a_portals_fault(world: World) -> None:
    grant = world.sandbox.install(4711)

    with pytest.raises(OurMistake, match="HUBSPOT_CLIENT"):
        an_app(world, secret="wrong").refresh(grant.refresh_token)


@pytest.mark.parametrize("kind", ["429", "500", "503", "reset"])
def test_trouble_while_refreshing_is_never_taken_for_a_revocation(world: World, kind: str) -> None:
    grant = world.sandbox.install(4711)
    world.sandbox.trouble.add(kind, times=1)

    with pytest.raises(Retryable):
        an_app(world).refresh(grant.refresh_token)

    assert an_app(world).refresh(grant.refresh_token).access_token


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"status": "BAD_REFRESH_TOKEN", "error": "invalid_grant"}, NeedsOwner),
        ({"status": "BAD_AUTH_CODE", "error": "invalid_grant"}, Refused),
        ({"status": "BAD_HUB", "error": "access_denied"}, NeedsOwner),
        ({"status": "BAD_CLIENT_ID"}, OurMistake),
        ({"status": "BAD_CLIENT_SECRET", "error": "invalid_client"}, OurMistake),
        ({"status": "BAD_REDIRECT_URI"}, OurMistake),
        ({"status": "BAD_GRANT_TYPE"}, OurMistake),
        ({"status": "BAD_SCOPES"}, OurMistake),
        ({"error": "invalid_client"}, OurMistake),
        ({"status": "SOMETHING_NEW"}, OurMistake),
        ({}, OurMistake),
    ],
)
def test_refusals_in_both_dialects(
    server: Canned, body: dict[str, str], kind: type[SecondOrderError]
) -> None:
    server.status, server.body = 400, json.dumps(body | {"message": "about canary-token"}).encode()

    with pytest.raises(kind) as caught:
        a_canned_app(server).refresh("canary-token")

    assert type(caught.value) is kind
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, OurMistake),
        (403, OurMistake),
        (302, Retryable),
        (500, Retryable),
        (404, SecondOrderError),
    ],
)
def test_other_answers(server: Canned, status: int, kind: type[SecondOrderError]) -> None:
    server.status, server.headers = status, {"Location": "http://127.0.0.2:1/"}

    with pytest.raises(kind):
        a_canned_app(server).refresh("canary-token")

    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"access_token": ""}',
        b'{"access_token": "x"}',
        b'{"access_token": 7, "expires_in": 1}',
    ],
)
def test_an_answer_without_a_token_is_asked_for_again(server: Canned, body: bytes) -> None:
    server.body = body

    with pytest.raises(Retryable):
        a_canned_app(server).refresh("canary-token")


def test_secrets_travel_in_the_body_and_show_nowhere_else(server: Canned) -> None:
    server.body = (
        b'{"access_token": "canary-access", "refresh_token": "canary-refresh", "expires_in": 1800}'
    )

    tokens = a_canned_app(server).refresh("canary-token")

    method, path, headers, body = server.seen[0]
    assert (method, path) == ("POST", "/oauth/2026-03/token")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert {"client_secret=canary-secret", "refresh_token=canary-token"} <= set(
        body.decode().split("&")
    )
    assert "canary" not in repr(tokens)


def test_no_proxy_of_the_environment_sees_secrets(
    server: Canned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server.body = b'{"active": false}'

    assert a_canned_app(server).introspect("canary-token").active is False


def test_a_host_that_is_not_there_is_retryable() -> None:
    app = OAuth(
        "http://127.0.0.1:1",
        "http://127.0.0.1:1",
        "id",
        "secret",
        "cb",
        timeouts=(PATIENCE, PATIENCE),
    )

    with pytest.raises(Retryable):
        app.refresh("canary-token")
