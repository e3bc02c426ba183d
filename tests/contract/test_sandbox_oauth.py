"""Installing, refreshing, introspecting, revoking and uninstalling in the sandbox."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import urllib3

from tests.sandbox.crm import HubSpot
from tests.sandbox.hands import HARBOR, ORCHARD, World, a_world
from tests.sandbox.records import Json

TOKEN = "/oauth/2026-03/token"


@pytest.fixture
def world() -> Iterator[World]:
    with a_world(service_hub=False) as made:
        yield made


def query(hubspot: HubSpot, **changes: str) -> dict[str, str]:
    app = hubspot.app
    return {
        "client_id": app.client_id,
        "redirect_uri": app.redirect_urls[0],
        "scope": " ".join(app.required_scopes),
        "optional_scope": " ".join(app.optional_scopes),
        "state": "s t&te",
    } | changes


def authorize(world: World, *, answer: str = "", **changes: str) -> urllib3.BaseHTTPResponse:
    url = f"{world.server.authorize_url}?{urlencode(query(world.hubspot, **changes))}"
    with urllib3.PoolManager() as pool:
        if not answer:
            return pool.request("GET", url, redirect=False)
        fields = {"answer": answer, "portal": str(ORCHARD)}
        return pool.request("POST", url, fields=fields, encode_multipart=False, redirect=False)


def said(answer: urllib3.BaseHTTPResponse) -> dict[str, str]:
    assert answer.status == 302
    return {
        name: values[0]
        for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()
    }


def client(hubspot: HubSpot, **more: str) -> Json:
    return {"client_id": hubspot.app.client_id, "client_secret": hubspot.app.client_secret} | more


def exchange(world: World, code: str, **more: str) -> Json:
    fields = client(world.hubspot, grant_type="authorization_code", code=code)
    got = world.api.form(
        TOKEN, fields | {"redirect_uri": world.hubspot.app.redirect_urls[0]} | more
    )
    body: Json = got.body
    return body | {"http": got.status}


def test_the_page_asks_and_the_button_brings_a_code_that_works_once(world: World) -> None:
    page = authorize(world)
    assert page.status == 200
    for text in (b"Harbor", b"Orchard", b"Connect", b"Cancel", b"crm.objects.deals.write"):
        assert text in page.data

    back = said(authorize(world, answer="connect"))
    assert back["state"] == "s t&te"
    tokens = exchange(world, back["code"])
    assert tokens["hub_id"] == ORCHARD
    assert tokens["expires_in"] == 1800
    again = exchange(world, back["code"])
    assert (again["http"], again["status"], again["error"]) == (
        400,
        "BAD_AUTH_CODE",
        "invalid_grant",
    )


def test_a_headless_demo_is_approved_at_once(world: World) -> None:
    assert "code" in said(authorize(world, auto="1", portalId=str(HARBOR)))
    world.hubspot.quirks.approve_at_once = True
    assert "code" in said(authorize(world))


def test_cancel_comes_back_as_an_error(world: World) -> None:
    assert said(authorize(world, answer="cancel"))["error"] == "access_denied"


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "other"}, {"redirect_uri": "http://127.0.0.1:8000/oauth/callback/"}, {"scope": "oauth"},
     {"optional_scope": "content"}],
    ids=["client", "redirect", "required scope left out", "undeclared scope"],
)  # fmt: skip
def test_a_wrong_link_shows_an_error_and_never_calls_back(
    world: World, changes: dict[str, str]
) -> None:
    answer = authorize(world, auto="1", **changes)

    assert answer.status == 400
    assert "Location" not in answer.headers


def test_optional_scopes_the_account_cannot_have_are_dropped_silently(world: World) -> None:
    world.harbor.denied_scopes.add("tickets")
    code = said(authorize(world, auto="1", portalId=str(HARBOR)))["code"]

    scopes = exchange(world, code)["scopes"]

    assert "crm.objects.owners.read" in scopes
    assert "tickets" not in scopes
    assert "crm.objects.feedback_submissions.read" not in scopes


def test_the_app_counts_as_connected_only_after_the_first_exchange(world: World) -> None:
    code = said(authorize(world, auto="1", portalId=str(ORCHARD)))["code"]
    assert not world.hubspot.installed(ORCHARD)
    exchange(world, code)
    assert world.hubspot.installed(ORCHARD)


def test_a_second_user_of_the_portal_signs_in_as_themselves(world: World) -> None:
    code = said(authorize(world, auto="1", portalId=str(HARBOR), user="olga@harbor.example"))[
        "code"
    ]
    owner = next(iter(world.harbor.owners.values()))

    tokens = exchange(world, code)
    about = world.api.form(
        f"{TOKEN}/introspect", client(world.hubspot, token=tokens["access_token"])
    )
    assert (about["user"], about["user_id"]) == ("olga@harbor.example", owner.user_id)


def test_a_user_without_the_rights_is_turned_away_on_hubspots_page(world: World) -> None:
    world.harbor.refused_users.add("olga@harbor.example")

    assert (
        authorize(world, auto="1", portalId=str(HARBOR), user="olga@harbor.example").status == 403
    )


def test_a_code_expires_after_a_minute(world: World) -> None:
    code = said(authorize(world, auto="1"))["code"]
    world.hubspot.advance(61)

    assert exchange(world, code)["status"] == "BAD_AUTH_CODE"


def test_pkce_is_checked_when_the_link_carried_a_challenge(world: World) -> None:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).rstrip(b"=").decode()
    for verifier, status in (("wrong", 400), ("verifier", 200)):
        code = said(authorize(world, auto="1", code_challenge=challenge))["code"]
        assert exchange(world, code, code_verifier=verifier)["http"] == status


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"client_id": "x"}, "BAD_CLIENT_ID"), ({"client_secret": "x"}, "BAD_CLIENT_SECRET"),
     ({"refresh_token": "x"}, "BAD_REFRESH_TOKEN"), ({"grant_type": "magic"}, "BAD_GRANT_TYPE")],
)  # fmt: skip
def test_refusals_carry_the_old_and_the_new_fields(
    world: World, changes: dict[str, str], status: str
) -> None:
    fields = client(
        world.hubspot, grant_type="refresh_token", refresh_token=world.grant.refresh_token
    )
    got = world.api.form(TOKEN, fields | changes)

    assert got.status == 400
    assert got["status"] == status
    assert got["error"]
    assert got["error_description"] == got["message"]


def refresh(world: World, token: str) -> Json:
    got = world.api.form(
        TOKEN, client(world.hubspot, grant_type="refresh_token", refresh_token=token)
    )
    body: Json = got.body
    return body


def test_refreshing_keeps_the_refresh_token_and_the_old_access_token(world: World) -> None:
    new = refresh(world, world.grant.refresh_token)

    assert new["refresh_token"] == world.grant.refresh_token
    assert new["access_token"] != world.grant.access_token
    assert world.api.get("/account-info/2026-03/details").status == 200


def test_an_account_that_is_gone_is_bad_hub(world: World) -> None:
    world.harbor.closed = True
    got = refresh(world, world.grant.refresh_token)

    assert (got["status"], got["error"]) == ("BAD_HUB", "access_denied")


@pytest.mark.parametrize("replaces", [False, True])
def test_whether_a_second_install_ends_the_first_refresh_token_is_a_switch(
    world: World, replaces: bool
) -> None:
    world.hubspot.quirks.later_install_replaces = replaces
    second = world.hubspot.install(HARBOR)

    assert ("access_token" in refresh(world, world.grant.refresh_token)) is not replaces
    assert "access_token" in refresh(world, second.refresh_token)


def test_refresh_tokens_can_be_single_use(world: World) -> None:
    world.hubspot.quirks.single_use_refresh = True
    new = refresh(world, world.grant.refresh_token)["refresh_token"]

    assert refresh(world, world.grant.refresh_token)["status"] == "BAD_REFRESH_TOKEN"
    assert "access_token" in refresh(world, new)


def test_an_access_token_expires_and_says_so(world: World) -> None:
    world.hubspot.advance(1801)
    got = world.api.get("/account-info/2026-03/details")

    assert (got.status, got["category"]) == (401, "EXPIRED_AUTHENTICATION")


def test_a_dead_token_is_invalid_rather_than_expired(world: World) -> None:
    world.api.token = "nonsense"
    got = world.api.get("/account-info/2026-03/details")

    assert (got.status, got["category"]) == (401, "INVALID_AUTHENTICATION")


def test_introspection_tells_who_and_a_dead_token_is_inactive(world: World) -> None:
    for token, use in (
        (world.grant.access_token, "access_token"),
        (world.grant.refresh_token, "refresh_token"),
    ):
        about = world.api.form(f"{TOKEN}/introspect", client(world.hubspot, token=token))
        assert about["hub_id"] == HARBOR
        assert about["token_use"] == use
        assert about["user"] == world.harbor.user_email
    dead = world.api.form(f"{TOKEN}/introspect", client(world.hubspot, token="x"), checked=False)
    assert dead.body == {"active": False}


def test_revoking_ends_refreshing_but_not_the_access_token(world: World) -> None:
    assert (
        world.api.form(
            f"{TOKEN}/revoke", client(world.hubspot, token=world.grant.refresh_token)
        ).status
        == 200
    )

    assert refresh(world, world.grant.refresh_token)["status"] == "BAD_REFRESH_TOKEN"
    assert world.api.get("/account-info/2026-03/details").status == 200


def test_the_customer_uninstalls_silently(world: World) -> None:
    world.hubspot.uninstall(HARBOR)

    assert refresh(world, world.grant.refresh_token)["status"] == "BAD_REFRESH_TOKEN"
    assert world.api.get("/account-info/2026-03/details").status == 401
    assert not world.hubspot.queue
    world.harbor.update("contact", world.ana.id, {"jobtitle": "x"})
    assert not world.hubspot.queue


def test_the_app_can_uninstall_itself(world: World) -> None:
    assert world.api.ask("DELETE", "/appinstalls/2026-03/external-install").status == 204
    assert not world.hubspot.installed(HARBOR)
    assert world.api.get("/account-info/2026-03/details").status == 401


def test_the_account_says_currency_zone_and_host(world: World) -> None:
    got = world.api.get("/account-info/2026-03/details")

    assert (got["portalId"], got["companyCurrency"], got["additionalCurrencies"]) == (
        HARBOR,
        "EUR",
        ["USD"],
    )
    assert got["uiDomain"] == "app.hubspot.com"


@pytest.mark.parametrize(
    ("path", "scope"),
    [("/crm/objects/2026-03/tickets", "tickets"),
     ("/crm/objects/2026-03/feedback_submissions", "crm.objects.feedback_submissions.read"),
     ("/crm/owners/2026-03", "crm.objects.owners.read"), ("/crm/lists/2026-03/1", "crm.lists.read")],
)  # fmt: skip
def test_a_missing_scope_is_403_and_names_it(world: World, path: str, scope: str) -> None:
    world.api.token = world.hubspot.install(
        HARBOR, list(world.hubspot.app.required_scopes)
    ).access_token
    got = world.api.get(path)

    assert (got.status, got["category"]) == (403, "MISSING_SCOPES")
    assert got["errors"][0]["context"]["requiredGranularScopes"] == [scope]


def test_the_v1_forms_work_until_they_end(world: World) -> None:
    fields = client(
        world.hubspot, grant_type="refresh_token", refresh_token=world.grant.refresh_token
    )
    assert world.api.form("/oauth/v1/token", fields).status == 200
    got = world.api.ask("GET", f"/oauth/v1/access-tokens/{world.grant.access_token}", checked=False)
    assert got["hub_id"] == HARBOR
    assert (
        world.api.ask(
            "DELETE", f"/oauth/v1/refresh-tokens/{world.grant.refresh_token}", checked=False
        ).status
        == 204
    )
    assert world.api.form("/oauth/v3/token", fields)["status"] == "BAD_REFRESH_TOKEN"
