"""Survey tools and products speak for a portal with its inbound key."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from cryptography.fernet import Fernet

from integration.admin import key_rotation, retention
from integration.core.vault import Vault
from integration.portal import inbound_keys
from integration.storage.service import portals
from tests.waiting import PATIENCE

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


def the_key(account: "Account") -> str:
    """The key that Settings shows."""
    with account.context() as context:
        return inbound_keys.current(context).key or ""


def post(
    account: "Account", path: str, body: object, *, key: str | None = None
) -> requests.Response:
    shown = key or the_key(account)
    headers = {"Authorization": f"Bearer {shown}"}
    return requests.post(f"{account.world.url}{path}", json=body, headers=headers, timeout=PATIENCE)


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
    aside = harbor.events(state="set_aside")
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
    assert harbor.values("answer", "score") == [3]
    assert harbor.values("event", "payload", kind="answer") == [{}] * 2


def test_an_answer_of_a_stranger_waits_for_them(harbor: "Account") -> None:
    from integration.ingest import inbound  # noqa: PLC0415 - the subject of one test

    post(harbor, "/webhooks/surveys/delighted", answer(10, email="bo@acme.example"))
    harbor.world.settle()
    assert harbor.values("answer", "contact_id") == [None]
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
    assert harbor.values("usage", "value", metric="weekly_users") == [12.0]


@pytest.mark.parametrize("key", ["", "4711.x", "4712." + "A" * 43, "nonsense"])
def test_a_wrong_key_is_refused(harbor: "Account", key: str) -> None:
    refused = post(harbor, "/webhooks/surveys/delighted", answer(9), key=key or "-")
    assert refused.status_code == 401
    assert harbor.kept("inbox") == []


def test_a_key_speaks_for_its_own_portal_only(harbor: "Account") -> None:
    post(harbor, "/webhooks/surveys/delighted", answer(9))
    harbor.world.settle()
    assert harbor.world.orchard.kept("answer") == []


def test_a_source_without_a_name_is_refused(harbor: "Account") -> None:
    assert post(harbor, "/webhooks/surveys/No%20Name", answer(9)).status_code == 404


def test_one_portals_key_is_renewed_and_the_old_one_works_for_a_grace_time(
    harbor: "Account",
) -> None:
    orchards, old = the_key(harbor.world.orchard), the_key(harbor)
    with harbor.context() as context:
        new = inbound_keys.renew(context, actor="user:7")

    assert new.key != old
    assert new.former_until is not None
    assert timedelta(days=6, hours=23) < new.former_until - TODAY < timedelta(days=7, hours=1)
    assert [
        post(harbor, "/webhooks/surveys/x", answer(9), key=key).status_code
        for key in (new.key, old)
    ] == [204, 204]
    assert the_key(harbor.world.orchard) == orchards
    assert post(harbor.world.orchard, "/webhooks/surveys/x", answer(9)).status_code == 204
    audited = harbor.rows(
        "SELECT actor, detail FROM audit WHERE action = 'renewed the inbound key'"
    )
    assert audited == [{"actor": "user:7", "detail": {"grace_days": 7}}]
    assert str(new.key) not in str(harbor.rows("SELECT a::text FROM audit AS a"))


def test_a_key_that_leaked_ends_at_once_and_so_does_one_in_its_grace_time(
    harbor: "Account",
) -> None:
    first = the_key(harbor)
    with harbor.context() as context:
        second = inbound_keys.renew(context, actor="user:7").key
        third = inbound_keys.renew(context, actor="user:7", grace=timedelta())

    assert third.former_until is None
    assert [
        post(harbor, "/webhooks/surveys/x", answer(9), key=key).status_code
        for key in (first, second, third.key)
    ] == [401, 401, 204]


def test_the_grace_time_ends(harbor: "Account") -> None:
    old = the_key(harbor)
    with harbor.context() as context:
        inbound_keys.renew(context, actor="user:7")
        with context.transaction() as tx:
            tx.run(
                "UPDATE inlet_key SET ends_at = clock_timestamp() - interval '1 second' WHERE ends_at IS NOT NULL"
            )

    assert post(harbor, "/webhooks/surveys/x", answer(9), key=old).status_code == 401
    assert post(harbor, "/webhooks/surveys/x", answer(9)).status_code == 204


def test_a_changed_secret_key_ends_no_key_that_was_kept(harbor: "Account") -> None:
    old = the_key(harbor)
    runtime = harbor.world.runtime
    with harbor.context() as context, context.transaction() as tx:
        inbound_keys.ensure(tx, runtime)
    changed = replace(
        runtime, settings=replace(runtime.settings, secret_key="another secret of the service")
    )

    assert inbound_keys.portal_of(changed, f"Bearer {old}") == harbor.portal_id


def test_a_key_of_before_the_end_of_a_portal_is_never_worth_anything_again(
    harbor: "Account",
) -> None:
    """The first key can be worked out from SECRET_KEY: a portal that was erased and comes back gets another."""
    old = the_key(harbor)
    with harbor.world.runtime.database.service() as tx:
        portals.uninstall(tx, harbor.portal_id)
        tx.run(
            "UPDATE portal SET uninstalled_at = uninstalled_at - interval '40 days' WHERE portal_id = 4711"
        )
    retention.begin_erasing(harbor.world.runtime, harbor.portal_id)
    assert retention.go_on_erasing(harbor.world.runtime, harbor.portal_id, seconds=10)

    assert post(harbor, "/webhooks/surveys/x", answer(9), key=old).status_code == 401


def test_rotating_the_token_keys_keeps_inlet_keys_readable(harbor: "Account") -> None:
    runtime = harbor.world.runtime
    with harbor.context() as context:
        shown = inbound_keys.renew(context, actor="user:7").key
    fresh = Fernet.generate_key().decode()
    runtime.vault = Vault([fresh, *runtime.settings.token_keys])
    key_rotation.rotate(runtime)
    runtime.vault = Vault([fresh])
    assert the_key(harbor) == shown

    runtime.vault = Vault([Fernet.generate_key().decode()])
    with harbor.context() as context:
        assert inbound_keys.current(context).key is None
    assert post(harbor, "/webhooks/surveys/x", answer(9), key=shown).status_code == 204, (
        "not shown, but it works"
    )
