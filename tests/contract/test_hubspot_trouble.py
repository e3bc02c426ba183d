"""Bad days of HubSpot: each ends in one of our four answers, in time, and loses nothing."""

from collections.abc import Iterator

import pytest

from integration.core.errors import NeedsOwner, Retryable
from tests.contract.hubspot_world import World, a_world


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("429", 10.0),
        ("429-secondly", 1.0),
        ("429-daily", 3600.0),
        ("423", 2.0),
        ("477", 60.0),
        ("500", None),
        ("502", 5.0),
        ("503", 5.0),
        ("504", 5.0),
        ("reset", None),
        ("truncated", None),
        ("lost", None),
    ],
)
def test_passing_trouble_is_retryable_and_says_when(
    world: World, kind: str, after: float | None
) -> None:
    people = world.people(1)
    world.sandbox.trouble.add(kind, times=1)

    with pytest.raises(Retryable) as caught:
        world.hubspot.read("contact", people, ["email"])

    assert caught.value.after == after
    assert sum(world.calls.values()) == 1
    assert len(world.hubspot.read("contact", people, ["email"]).records) == 1


@pytest.mark.parametrize("kind", ["429", "503", "reset", "truncated"])
def test_the_client_library_retries_nothing_behind_our_back(world: World, kind: str) -> None:
    world.sandbox.trouble.add(kind, times=1)

    with pytest.raises(Retryable):
        world.hubspot.page("contact")

    assert sum(world.harbor.calls.values()) == 1


@pytest.mark.parametrize("kind", ["429", "477", "503"])
def test_retry_after_is_honoured(world: World, kind: str) -> None:
    world.sandbox.trouble.add(kind, times=1, seconds=37)

    with pytest.raises(Retryable) as caught:
        world.hubspot.account()

    assert caught.value.after == 37


def test_a_hanging_call_ends_in_time() -> None:
    with a_world(read_seconds=0.2) as world:
        world.sandbox.trouble.add("hang", times=1, seconds=1)

        with pytest.raises(Retryable, match="no answer in time"):
            world.hubspot.account()

        assert world.calls == {"account 0": 1}


def test_a_server_that_is_not_there_is_retryable(world: World) -> None:
    world.server.stop()

    with pytest.raises(Retryable, match="no connection"):
        world.hubspot.account()


def test_an_expired_token_is_renewed_once_and_nobody_notices(world: World) -> None:
    people = world.people(1)
    world.sandbox.advance(3600)

    assert len(world.hubspot.read("contact", people, ["email"]).records) == 1
    assert world.calls == {"objects.read 401": 1, "objects.read 200": 1}
    assert world.allowed == {"standard": 2}
    assert len(world.refused_tokens) == 1


def test_a_dead_connection_is_the_owners_to_fix(world: World) -> None:
    world.sandbox.trouble.add("401")

    with pytest.raises(NeedsOwner, match="reconnect"):
        world.hubspot.account()

    assert world.calls == {"account 401": 2}


def test_a_write_that_was_done_but_not_answered_is_harmless_to_repeat(world: World) -> None:
    people = world.with_our_properties().people(3)
    patches = {one: {"second_order_role": "champion"} for one in people}
    world.sandbox.trouble.add("lost", "POST */batch/update", times=1)

    lost = world.hubspot.update("contact", patches)
    again = world.hubspot.update("contact", patches)

    assert isinstance(lost.stopped, Retryable)
    assert lost.outcomes == {}
    assert [outcome.status for outcome in again.outcomes.values()] == ["written"] * 3


def test_trouble_in_the_middle_keeps_what_was_done(world: World) -> None:
    people = world.with_our_properties().people(250)
    seen = 0

    def allow(kind: str) -> None:
        nonlocal seen
        seen += 1
        if seen == 3:
            raise Retryable("no allowance left", after=4)

    world.hubspot._wire._allow = allow
    result = world.hubspot.update(
        "contact", {one: {"second_order_role": "champion"} for one in people}
    )

    assert len(result.outcomes) == 200
    assert isinstance(result.stopped, Retryable)
    assert result.stopped.after == 4


def test_neither_token_nor_address_shows_in_a_message(world: World) -> None:
    world.people(1)
    token = world.hubspot._wire._token()
    for kind in ("401", "403", "500", "reset", "429"):
        world.sandbox.trouble.clear()
        world.sandbox.trouble.add(kind)
        with pytest.raises((Retryable, NeedsOwner)) as caught:
            world.hubspot.page("contact", properties=["email"])
        said = str(caught.value)
        assert token not in said
        assert "acme.example" not in said
        assert world.server.url not in said
        assert "objects.page" in said


def test_harbors_token_never_opens_orchard(world: World) -> None:
    with world.orchard.silently():
        theirs = world.orchard.create("contact", {"email": "cy@orchard.example"})

    found = world.hubspot.read("contact", [theirs.id], ["email"])

    assert found.missing == {theirs.id}
    assert sum(world.orchard.calls.values()) == 0
