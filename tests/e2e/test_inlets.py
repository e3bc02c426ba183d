"""Survey tools and products speak for a portal with its inlet key."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from integration.portal import inbound_keys

if TYPE_CHECKING:
    from tests.world import Account, World

TODAY = datetime.now(UTC)


@pytest.fixture
def harbor(world: "World") -> "Account":
    with world.harbor.crm.silently():
        company = world.harbor.crm.create("company", {"name": "Acme", "domain": "acme.example"}).id
        contact = world.harbor.crm.create(
            "contact", {"email": "ana@acme.example", "firstname": "Ana"}
        ).id
        world.harbor.crm.associate("contact", contact, "company", company, primary=True)
    for account in world.accounts:
        world.install(account)
    world.settle()
    return world.harbor


def post(
    account: "Account", path: str, body: object, *, key: str | None = None
) -> requests.Response:
    shown = key or inbound_keys.key_for(
        account.world.runtime.settings.secret_key, account.portal_id
    )
    headers = {"Authorization": f"Bearer {shown}"}
    return requests.post(f"{account.world.url}{path}", json=body, headers=headers, timeout=10)


def answer(score: int, **changed: object) -> dict[str, object]:
    return {
        "id": "a1",
        "score": score,
        "email": "Ana@Acme.example",
        "answered_at": TODAY.isoformat(),
        **changed,
    }


def test_an_answer_of_another_tool_shows_on_the_contact(harbor: "Account") -> None:
    assert (
        post(
            harbor, "/webhooks/surveys/delighted", [answer(9), answer(11), {"id": "x"}]
        ).status_code
        == 204
    )
    harbor.world.settle()
    contact = harbor.crm.all("contact")[0].id
    assert harbor.read("contact", contact, "second_order_nps") == "9"
    assert harbor.read("contact", contact, "second_order_nps_group") == "promoter"
    aside = harbor.rows("SELECT reason FROM event WHERE state = 'set_aside' ORDER BY reason")
    assert len(aside) == 2
    assert all("score" in row["reason"] or "answered_at" in row["reason"] for row in aside)


def test_the_same_answer_again_counts_once_and_a_later_one_replaces_it(harbor: "Account") -> None:
    for sent in (
        answer(9),
        answer(9),
        answer(3, answered_at=(TODAY + timedelta(seconds=5)).isoformat()),
    ):
        post(harbor, "/webhooks/surveys/delighted", sent)
    harbor.world.settle()
    assert harbor.rows("SELECT score FROM answer") == [{"score": 3}]
    assert harbor.rows("SELECT payload FROM event WHERE kind = 'answer'") == [{"payload": {}}] * 2


def test_an_answer_of_a_stranger_waits_for_them(harbor: "Account") -> None:
    from integration.ingest import inbound  # noqa: PLC0415 - the subject of one test

    post(harbor, "/webhooks/surveys/delighted", answer(10, email="bo@acme.example"))
    harbor.world.settle()
    assert harbor.rows("SELECT contact_id FROM answer") == [{"contact_id": None}]
    bo = harbor.crm.create("contact", {"email": "bo@acme.example"}).id
    harbor.world.settle()
    with harbor.context() as context, context.transaction() as tx:
        inbound.adopt(tx)
        tx.run("INSERT INTO lane (portal_id, kind, due_at) VALUES (:portal, 'drain', clock_timestamp())"
               " ON CONFLICT (portal_id, kind) DO UPDATE SET due_at = clock_timestamp()")  # fmt: skip
    harbor.world.settle()
    assert harbor.read("contact", bo, "second_order_nps") == "10"


def test_usage_is_kept_by_company(harbor: "Account") -> None:
    figure = {
        "metric": "weekly_users",
        "value": 12,
        "at": TODAY.isoformat(),
        "domain": "acme.example",
    }
    assert post(harbor, "/webhooks/usage", figure).status_code == 204
    harbor.world.settle()
    assert harbor.rows("SELECT metric, value FROM usage") == [
        {"metric": "weekly_users", "value": 12.0}
    ]


@pytest.mark.parametrize("key", ["", "4711.x", "4712." + "A" * 43, "nonsense"])
def test_a_wrong_key_is_refused(harbor: "Account", key: str) -> None:
    refused = post(harbor, "/webhooks/surveys/delighted", answer(9), key=key or "-")
    assert refused.status_code == 401
    assert harbor.rows("SELECT * FROM inbox") == []


def test_a_key_speaks_for_its_own_portal_only(harbor: "Account") -> None:
    post(harbor, "/webhooks/surveys/delighted", answer(9))
    harbor.world.settle()
    assert harbor.world.orchard.rows("SELECT * FROM answer") == []


def test_a_source_without_a_name_is_refused(harbor: "Account") -> None:
    assert post(harbor, "/webhooks/surveys/No%20Name", answer(9)).status_code == 404
