"""Products tell of their customers: a signed request goes in, a win is there, and nothing counts twice or in another account."""

import json
import os
import re
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from integration.admin import portal_choices, settings_changes
from integration.admin.portal_choices import NotThere
from integration.core.errors import Refused
from integration.portal import forgotten, inbound_keys, settings
from integration.success.told_successes import WORKFLOW, record_success
from mappings.records.portal_map import dump_portal_map
from tests.e2e.test_health import COVERAGE, WHY, Customer
from tests.waiting import PATIENCE
from webhooks import standard_webhooks

if TYPE_CHECKING:
    from tests.world import Account, World

DOCUMENT = Path(__file__).parents[2] / "docs" / "usage.md"
NOW = datetime.now(UTC)


@pytest.fixture
def acme(world: "World") -> Customer:
    """Acme is a customer in both accounts, Ana works there; the app is installed in both."""
    customers = []
    for account in world.accounts:
        with account.crm.silently():
            customers.append(Customer(account))
        world.install(account)
    world.settle()
    return customers[0]


def the_key(account: "Account") -> str:
    with account.context() as context:
        return inbound_keys.current(context).key or ""


def a_day(days_ago: float) -> str:
    return (NOW - timedelta(days=days_ago)).isoformat()


def milestone(company: int | None, name: str = "Live", **more: object) -> dict[str, Any]:
    said = {"kind": "milestone", "id": name, "name": name, "at": a_day(2), "company_id": company}
    return {key: value for key, value in {**said, **more}.items() if value is not None}


def figure(company: int) -> dict[str, Any]:
    return {"metric": "seats", "value": 5, "at": a_day(1), "company_id": company}


def send(
    account: "Account",
    said: object,
    *,
    message_id: str = "msg-1",
    secret: str = "",
    to: object = None,
    sent_at: float | None = None,
    body: bytes | None = None,
) -> int:
    """Send as a product signs; *body* are other bytes than were signed."""
    signed = json.dumps(said).encode()
    at = int(sent_at or time.time())
    secret = secret or inbound_keys.signing_secret(the_key(account))
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": standard_webhooks.signature_of(secret, message_id, at, signed),
    }
    address = f"{account.world.url}/webhooks/usage?account={to or account.portal_id}"
    return requests.post(
        address, data=body or signed, headers=headers, timeout=PATIENCE
    ).status_code


def told(account: "Account", said: object, **headers: str) -> requests.Response:
    """Send with the account's key."""
    headers = {"Authorization": f"Bearer {the_key(account)}", **headers}
    return requests.post(
        f"{account.world.url}/webhooks/usage", json=said, headers=headers, timeout=PATIENCE
    )


def wins(account: "Account") -> list[tuple[str, str]]:
    rows = account.rows("SELECT kind, words FROM win ORDER BY at, win_key")
    return [(row["kind"], row["words"]) for row in rows]


def test_a_signed_milestone_is_a_win_of_its_account_and_nothing_in_the_other(
    acme: Customer,
) -> None:
    harbor, orchard = acme.account.world.accounts

    assert send(harbor, [milestone(None, domain="acme.example"), {"kind": "party"}]) == 204
    harbor.world.settle()

    assert wins(harbor) == [("milestone", "Milestone reached: Live")]
    assert [row["reason"][:16] for row in harbor.events(state="set_aside")] == ["kind: is none of"]
    for table in ("win", "success_event", "awaited_company", "usage"):
        assert orchard.kept(table) == []


def test_figures_that_a_product_sends_are_adoption_where_settings_name_their_metric(
    acme: Customer,
) -> None:
    harbor, orchard = acme.account.world.accounts
    figures = [
        {"metric": "weekly_users", "value": value, "at": a_day(days), "company_id": acme.id}
        for value, days in ((80, 9), (40, 2))
    ]
    told(harbor, figures)
    harbor.world.settle()
    assert "adoption (no usage or milestone is mapped)" in harbor.read("company", acme.id, WHY)

    with pytest.raises(NotThere, match=r'"wekly_users" is no metric .* Did you mean weekly_users?'):
        choose(harbor, usage_metric="wekly_users")
    choose(harbor, usage_metric="weekly_users")
    harbor.world.settle()

    assert harbor.read("company", acme.id, COVERAGE) == "0.3"
    assert "usage 40 of 100" in str(harbor.conclusion("company", acme.id)["reasons"])
    assert orchard.read("company", orchard.crm.all("company")[0].id, COVERAGE) == "0"


def choose(account: "Account", **settings_of_the_map: object) -> None:
    """Change settings as an admin does."""
    with account.context() as context:
        with context.transaction() as tx:
            before = settings.read(tx).map
        wanted = {**dump_portal_map(before), **settings_of_the_map}
        chosen = portal_choices.chosen(context, wanted, before)
        settings_changes.change(context, actor="user:7", reason="test", portal_map=chosen)


def test_a_success_can_be_told_by_a_workflow_as_well(acme: Customer) -> None:
    harbor = acme.account
    with harbor.context() as context:
        assert record_success(context, milestone(acme.id), source=WORKFLOW)
        assert record_success(context, milestone(acme.id, "Other"), source=WORKFLOW)
        assert record_success(context, {"kind": "withdrawn", "id": "Other"}, source=WORKFLOW)
        assert not record_success(context, milestone(88_888_888, "x"), source=WORKFLOW)
        with pytest.raises(Refused, match="kind: is none of"):
            record_success(context, {"kind": "party"}, source=WORKFLOW)
    harbor.world.settle()

    assert wins(harbor) == [("milestone", "Milestone reached: Live")]


def test_what_nobody_proved_leaves_nothing(acme: Customer) -> None:
    harbor, orchard = acme.account.world.accounts
    said = [milestone(acme.id)]
    theirs = inbound_keys.signing_secret(the_key(orchard))

    refused = [
        send(harbor, said, secret=theirs),
        send(harbor, said, to=orchard.portal_id),
        send(harbor, said, to=999_999),
        send(harbor, said, to="4711x"),
        send(harbor, said, body=b'[{"kind": "praise"}]'),
        send(harbor, said, sent_at=time.time() - 400),
        send(harbor, said, sent_at=time.time() + 400),
    ]

    assert refused == [401] * len(refused)
    for body in ([figure(acme.id)] * 1001, {"type": "usage", "data": [figure(acme.id)] * 1001}):
        answer = told(harbor, body)
        assert answer.status_code == 413
        assert "1,000 items, this one has 1,001" in answer.json()["message"]
    assert harbor.kept("inbox") == orchard.kept("inbox") == []
    the_old_secret_counts_until_its_time_is_over(harbor, said)


def the_old_secret_counts_until_its_time_is_over(harbor: "Account", said: object) -> None:
    old = inbound_keys.signing_secret(the_key(harbor))
    with harbor.context() as context:
        inbound_keys.renew(context, actor="user:7")
    assert send(harbor, said, secret=old) == 204

    with harbor.context() as context:
        inbound_keys.renew(context, actor="user:7", grace=timedelta(0))
    assert send(harbor, said, secret=old) == 401
    assert send(harbor, said) == 204


def test_what_was_told_follows_companies_that_appear_or_merge_and_people_who_are_forgotten(
    acme: Customer,
) -> None:
    harbor = acme.account
    praise = {"kind": "praise", "id": "p", "name": "Ana Berg is glad", "at": a_day(1)}
    told(harbor, [milestone(None, "By domain", domain="Zenit.example"), milestone(77_777_777)])
    told(harbor, {**praise, "company_id": acme.id, "contact_id": acme.contact})
    told(harbor, {**praise, "id": "q", "domain": "unknown.example", "contact_id": acme.contact})
    harbor.world.settle()
    assert wins(harbor) == [("praise", "Public praise: Ana Berg is glad")]
    refs = {row["company_ref"] for row in harbor.kept("awaited_company")}
    assert refs == {"domain:zenit.example", "domain:unknown.example", "id:77777777"}

    zenit = Customer(harbor, "Zenit", "Bo Berg")
    with harbor.context() as context:
        forgotten.forget(context, acme.contact)
    harbor.world.settle()
    assert wins(harbor) == [
        ("milestone", "Milestone reached: By domain"),
        ("praise", "Public praise"),
    ]
    assert harbor.values("awaited_company", "company_ref") == ["id:77777777"]

    survivor = harbor.crm.merge("company", acme.id, zenit.id).id
    told(harbor, {**praise, "id": "late", "company_id": acme.id, "contact_id": acme.contact})
    harbor.world.settle()
    told(harbor, [milestone(zenit.id, "After"), milestone(acme.id, "Also")])
    harbor.world.settle()
    assert {row["company_id"] for row in harbor.kept("win")} == {survivor}
    assert {words for kind, words in wins(harbor) if kind in {"milestone", "praise"}} == {
        "Milestone reached: By domain",
        "Milestone reached: After",
        "Milestone reached: Also",
        "Public praise",
    }
    assert harbor.values("win", "contact_id", kind="praise") == [None]


def test_the_documented_calls_work_as_they_are_written(acme: Customer) -> None:
    harbor = acme.account
    key = the_key(harbor)
    known = {
        "URL": harbor.world.url,
        "KEY": key,
        "SECRET": inbound_keys.signing_secret(key),
        "ACCOUNT": str(harbor.portal_id),
    }
    calls = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(calls) == 2
    for call in calls:
        subprocess.run(["/bin/sh", "-euc", call], env={**os.environ, **known}, check=True)
    harbor.world.settle()

    assert harbor.values("usage", "value", metric="weekly_users") == [12.0]
    assert wins(harbor) == [("milestone", "Milestone reached: First invoice sent")]
