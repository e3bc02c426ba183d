"""Rate limits are counted exactly, and trouble comes as ordered."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import urllib3

from tests.sandbox.hands import HARBOR, ORCHARD, Caller, World, a_world
from tests.sandbox.trouble import Trouble

CONTACTS = "/crm/objects/2026-03/contacts"
DETAILS = "/account-info/2026-03/details"


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def test_the_111th_call_within_ten_seconds_is_refused(world: World) -> None:
    answers = [world.api.ask("GET", DETAILS, checked=False) for _ in range(111)]

    assert [answer.status for answer in answers] == [200] * 110 + [429]
    assert answers[109].headers["X-HubSpot-RateLimit-Remaining"] == "0"
    refused = answers[110]
    assert refused["errorType"] == "RATE_LIMIT"
    assert refused["policyName"] == "TEN_SECONDLY_ROLLING"
    assert "Retry-After" not in refused.headers
    assert (
        world.harbor.refused,
        world.harbor.allowance.peak,
        world.harbor.allowance.peak_tried,
    ) == (1, 110, 111)


def test_the_window_rolls_and_portals_have_their_own(world: World) -> None:
    world.harbor.allowance.limit = 2
    assert [world.api.get(DETAILS).status for _ in range(3)] == [200, 200, 429]
    with world.as_orchard() as orchard:
        assert orchard.get(DETAILS).status == 200
    world.hubspot.advance(10.1)
    assert world.api.get(DETAILS).status == 200


def test_retry_after_on_429_is_a_switch(world: World) -> None:
    world.hubspot.quirks.retry_after_on_429 = True
    world.harbor.allowance.limit = 0

    assert world.api.get(DETAILS).headers["Retry-After"] == "10"


def test_calls_are_counted_exactly_however_many_come_at_once(world: World) -> None:
    world.harbor.allowance.limit = 10_000

    def work() -> None:
        with Caller(world.server.url, world.grant.access_token) as api:
            for _ in range(50):
                assert api.ask("GET", CONTACTS, checked=False).status == 200

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert world.harbor.calls == {"GET /crm/objects/2026-03/contacts": 300}
    assert world.harbor.allowance.peak == 300


@pytest.mark.parametrize(
    ("kind", "status", "policy"),
    [("429", 429, "TEN_SECONDLY_ROLLING"), ("429-secondly", 429, "SECONDLY"), ("429-daily", 429, "DAILY"),
     ("423", 423, None), ("477", 477, None), ("500", 500, None), ("502", 502, None), ("503", 503, None),
     ("504", 504, None), ("403", 403, None)],
)  # fmt: skip
def test_trouble_strikes_as_often_as_asked_and_then_ends(
    world: World, kind: str, status: int, policy: str | None
) -> None:
    rule = world.hubspot.trouble.add(kind, "GET */contacts", times=2)

    assert [world.api.get(CONTACTS).status for _ in range(3)] == [status, status, 200]
    assert rule.hits == 2
    if policy:
        rule.times = 3
        assert world.api.get(CONTACTS)["policyName"] == policy


def test_477_says_how_long_and_429_does_when_told(world: World) -> None:
    world.hubspot.trouble.add("477", times=1)
    assert world.api.get(DETAILS).headers["Retry-After"] == "60"
    world.hubspot.trouble.add("429", times=1, seconds=3)
    assert world.api.get(DETAILS).headers["Retry-After"] == "3"


def test_trouble_keeps_to_its_route_and_portal(world: World) -> None:
    world.hubspot.trouble.add("500", "POST */batch/update")
    world.hubspot.trouble.add("503", "*/companies", portal_id=ORCHARD)

    assert world.api.get(CONTACTS).status == 200
    assert world.api.get("/crm/objects/2026-03/companies").status == 200
    with world.as_orchard() as orchard:
        assert orchard.get("/crm/objects/2026-03/companies").status == 503


def test_an_expired_token_in_the_middle_of_a_run(world: World) -> None:
    world.hubspot.trouble.add("401", times=1)

    assert [world.api.get(DETAILS)["category"] for _ in range(2)] == ["EXPIRED_AUTHENTICATION"] * 2
    world.api.token = world.hubspot.install(HARBOR).access_token
    assert world.api.get(DETAILS).status == 200


def test_a_lost_answer_was_applied_all_the_same(world: World) -> None:
    world.hubspot.trouble.add("lost", "POST */contacts/batch/update", times=1)
    body = {"inputs": [{"id": str(world.ana.id), "properties": {"jobtitle": "Boss"}}]}

    with pytest.raises(urllib3.exceptions.HTTPError):
        world.api.post(f"{CONTACTS}/batch/update", body)

    assert world.ana.get("jobtitle") == "Boss"


def test_a_reset_connection_applied_nothing(world: World) -> None:
    world.hubspot.trouble.add("reset", times=1)

    with pytest.raises(urllib3.exceptions.HTTPError):
        world.api.ask("PATCH", f"{CONTACTS}/{world.ana.id}", {"properties": {"jobtitle": "Boss"}})

    assert world.ana.get("jobtitle") == "Buyer"


def test_a_truncated_body_is_noticed_by_the_client(world: World) -> None:
    world.hubspot.trouble.add("truncated", times=1)

    with pytest.raises(urllib3.exceptions.HTTPError):
        world.api.get(CONTACTS)


def test_a_hanging_call_times_out(world: World) -> None:
    world.hubspot.trouble.add("hang", times=1, seconds=1)

    with pytest.raises(urllib3.exceptions.TimeoutError):
        world.api.ask("GET", CONTACTS, timeout=0.1)


def test_latency_is_added_to_every_call_beside_other_trouble(world: World) -> None:
    world.hubspot.trouble.add("latency", seconds=0.05)
    world.hubspot.trouble.add("500", times=1)
    begun = time.monotonic()

    assert [world.api.get(DETAILS).status for _ in range(2)] == [500, 200]
    assert time.monotonic() - begun >= 0.1


def test_refreshing_can_be_made_to_fail(world: World) -> None:
    world.hubspot.trouble.add("refresh", portal_id=HARBOR, times=1)
    app = world.hubspot.app
    fields = {"grant_type": "refresh_token", "client_id": app.client_id, "client_secret": app.client_secret,
              "refresh_token": world.grant.refresh_token}  # fmt: skip
    got = world.api.form("/oauth/2026-03/token", fields)
    assert (got.status, got["status"]) == (400, "BAD_REFRESH_TOKEN")
    assert world.api.form("/oauth/2026-03/token", fields).status == 200


def test_the_token_endpoint_can_be_down(world: World) -> None:
    world.hubspot.trouble.add("503", "POST /oauth/*", times=1)

    assert world.api.form("/oauth/2026-03/token", {}).status == 503


def test_the_dice_are_seeded() -> None:
    def rolls(seed: int) -> list[bool]:
        trouble = Trouble(seed)
        trouble.add("500", probability=0.3)
        return [bool(trouble.strikes("GET /x", None)) for _ in range(50)]

    assert rolls(1) == rolls(1)
    assert rolls(1) != rolls(2)
    assert 5 < sum(rolls(1)) < 25


def test_unknown_trouble_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown trouble"):
        Trouble().add("earthquake")
