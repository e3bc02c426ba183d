"""Survey tools sign their answers: a signed request comes in, a field is read back, and a forged one leaves nothing."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from integration.portal import inbound_keys, survey_links, survey_sources
from integration.storage.service import erasure
from integration.storage.success import survey_rows
from integration.storage.success.survey_rows import SurveySetup
from mappings.records.survey_tools import ChosenFields
from tests.unit.test_survey_tools import FORMBRICKS, OURS, TALLY, TYPEFORM
from tests.waiting import PATIENCE
from webhooks import standard_webhooks

if TYPE_CHECKING:
    from tests.world import Account, World

DOCUMENT = Path(__file__).parents[2] / "docs" / "answers.md"
NOBODY = ChosenFields()


@pytest.fixture
def harbor(world: "World") -> "Account":
    """Two accounts with the same company and people, and the app installed in both."""
    for account in world.accounts:
        with account.crm.silently():
            company = account.crm.create("company", {"name": "Acme", "domain": "acme.example"}).id
            for name in ("ana", "bo", "cy", "di"):
                address = f"{name}@acme.example"
                made = account.crm.create("contact", {"email": address, "firstname": name}).id
                account.crm.associate("contact", made, "company", company, primary=True)
        world.install(account)
    world.settle()
    return world.harbor


def person(account: "Account", name: str) -> int:
    return next(
        contact.id
        for contact in account.crm.all("contact")
        if contact.get("email") == f"{name}@acme.example"
    )


def set_up(
    account: "Account", name: str, tool: str, fields: ChosenFields = NOBODY, secret: str = ""
) -> str:
    """As an admin does in Settings; return the survey's secret."""
    with account.context() as context:
        survey_sources.add(context, name, tool, fields, secret, actor="user:7")
        (found,) = [source for source in survey_sources.every(context) if source.name == name]
    assert found.secret
    return found.secret


def asks_with_our_survey(account: "Account") -> str:
    """Give the account a key of survey links; return it."""
    key = survey_links.new_key()
    with account.context() as context, context.transaction() as tx:
        setup = SurveySetup(is_on=False, link_key=key, address="https://x")
        survey_rows.keep_setup(tx, setup, by="user:7")
    return key


def plain(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def typeform(secret: str, body: bytes) -> Mapping[str, str]:
    return {"Typeform-Signature": f"sha256={plain(secret, body)}"}


def tally(secret: str, body: bytes) -> Mapping[str, str]:
    return {"Tally-Signature": plain(secret, body)}


def standard(secret: str, body: bytes) -> Mapping[str, str]:
    now = int(time.time())
    return {
        "webhook-id": f"m-{hashlib.sha256(body).hexdigest()}",
        "webhook-timestamp": str(now),
        "webhook-signature": standard_webhooks.signature_of(
            secret, f"m-{hashlib.sha256(body).hexdigest()}", now, body
        ),
    }


def send(
    account: "Account", name: str, body: bytes, headers: Mapping[str, str], *, to: object = None
) -> int:
    address = f"{account.world.url}/webhooks/surveys/{name}?account={to or account.portal_id}"
    return requests.post(address, data=body, headers=dict(headers), timeout=PATIENCE).status_code


def dated(message: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """The message with this time wherever it has one."""
    text = json.dumps(message)
    return json.loads(re.sub(r"2026-\d\d-\d\dT[\d:.]+Z", at.isoformat(), text))  # type: ignore[no-any-return]


def test_each_tools_signed_answer_shows_on_its_contact_and_nothing_in_the_other_account(
    harbor: "Account",
) -> None:
    now = datetime.now(UTC)
    key = asks_with_our_survey(harbor)
    token = survey_links.link("https://x", key, harbor.portal_id, person(harbor, "cy"))
    by_id = dated(TYPEFORM, now)
    by_id["form_response"]["hidden"] = {"contact_id": str(person(harbor, "ana"))}
    by_mail = dated(FORMBRICKS, now)
    by_mail["data"] |= {"contactAttributes": {"email": "BO@acme.example"}}
    by_token = dated(TALLY, now)
    by_token["data"]["fields"][2] |= {"label": "token", "value": token}
    ours = dated(OURS, now) | {"contact_id": person(harbor, "di")}
    for name, tool, sign, message in (
        ("forms", "typeform", typeform, by_id),
        ("bricks", "formbricks", standard, by_mail),
        ("tally", "tally", tally, by_token),
        ("own", "generic", standard, {"type": "survey.answered", "data": ours}),
    ):
        chosen = ChosenFields(score="Recommend?" if tool == "tally" else "")
        secret = set_up(harbor, name, tool, chosen)
        body = json.dumps(message).encode()
        headers = sign(secret, body)
        assert [send(harbor, name, body, headers) for _ in range(2)] == [204, 204]
    harbor.world.settle()

    assert harbor.events(state="set_aside") == []
    for name in ("ana", "bo", "cy", "di"):
        assert harbor.read("contact", person(harbor, name), "second_order_nps") == "9", name
        assert harbor.world.orchard.read("contact", person(harbor, name), "second_order_nps") == ""
    assert sorted(harbor.values("answer", "matched_by")) == ["id", "id", "mail", "token"]
    assert harbor.world.orchard.kept("answer") == []
    assert len(harbor.kept("answer")) == 4, "what was sent twice was kept once"


def test_without_a_valid_signature_there_is_no_entry(harbor: "Account") -> None:
    orchard = harbor.world.orchard
    secret, other = set_up(harbor, "forms", "typeform"), set_up(orchard, "forms", "typeform")
    body = json.dumps(TYPEFORM).encode()
    good, foreign = typeform(secret, body), typeform(other, body)
    assert send(harbor, "forms", body, {}) == 401
    assert send(harbor, "forms", body, foreign) == 401, "another account's secret"
    assert send(harbor, "forms", body, good, to=orchard.portal_id) == 401
    assert send(harbor, "nosuch", body, good) == 401
    assert send(harbor, "forms", body + b" ", good) == 401
    assert send(harbor, "forms", body, standard(secret, body)) == 401, "another tool's signature"
    for account in ("0", "-4711", "4711.0", "x", "9" * 30, "%00", "99"):
        assert send(harbor, "forms", body, good, to=account) == 401
    assert send(harbor, "forms", b"x" * 1_000_001, good) == 413
    assert harbor.kept("inbox") + orchard.kept("inbox") == []


def test_a_new_secret_counts_at_once_the_one_before_for_a_week_and_a_removed_one_never(
    harbor: "Account",
) -> None:
    first = set_up(harbor, "forms", "typeform")
    body = json.dumps(TYPEFORM).encode()

    def answers(*secrets: str) -> list[int]:
        return [send(harbor, "forms", body, typeform(secret, body)) for secret in secrets]

    with harbor.context() as context:
        survey_sources.renew(context, "forms", "chosen by the tool", actor="user:7")
        assert answers("chosen by the tool", first) == [204, 204]
        (shown,) = survey_sources.every(context)
        assert shown.former_until
        assert timedelta(days=6) < shown.former_until - datetime.now(UTC) < timedelta(days=8)
        survey_sources.renew(context, "forms", "", actor="user:7", grace=timedelta())
        (shown,) = survey_sources.every(context)
        assert answers("chosen by the tool", first, shown.secret or "") == [401, 401, 204]
        survey_sources.remove(context, "forms", actor="user:7")
    assert answers(shown.secret or "") == [401]
    audited = str(harbor.kept("audit"))
    assert "removed a survey" in audited
    assert "chosen by the tool" not in audited


def test_what_was_read_wrongly_is_read_again_after_the_survey_was_corrected(
    harbor: "Account",
) -> None:
    secret = set_up(harbor, "forms", "typeform", ChosenFields(score="nosuch"))
    message = dated(TYPEFORM, datetime.now(UTC))
    message["form_response"]["hidden"] = {"contact_id": str(person(harbor, "ana"))}
    body = json.dumps(message).encode()
    assert send(harbor, "forms", body, typeform(secret, body)) == 204
    harbor.world.settle()
    (aside,) = harbor.events(state="set_aside")
    assert "“nosuch”" in aside["reason"]
    assert "“likely”" in aside["reason"]

    from integration.admin import replay  # noqa: PLC0415 - the subject of one test

    with harbor.context() as context:
        survey_sources.change(context, "forms", ChosenFields(score="likely"), actor="user:7")
        replay.replay(context)
    harbor.world.settle()
    assert harbor.events(state="set_aside") == []
    assert harbor.read("contact", person(harbor, "ana"), "second_order_nps") == "9"


def test_a_clock_that_runs_ahead_and_a_token_of_another_account_change_nothing(
    harbor: "Account",
) -> None:
    ahead = datetime.now(UTC) + timedelta(days=400)
    message = dated(OURS, ahead) | {"id": "f", "contact_id": person(harbor, "ana")}
    asks_with_our_survey(harbor)
    theirs = asks_with_our_survey(harbor.world.orchard)
    foreign = survey_links.token(theirs, harbor.world.orchard.portal_id, 501)
    stranger = {**dated(OURS, ahead), "id": "t", "contact_id": None, "token": foreign}
    with harbor.context() as context:
        bearer = {"Authorization": f"Bearer {inbound_keys.current(context).key}"}
    for sent in (message, stranger):
        address = f"{harbor.world.url}/webhooks/surveys/own"
        assert requests.post(address, json=sent, headers=bearer, timeout=PATIENCE).ok
    harbor.world.settle()
    (kept,) = harbor.kept("answer")
    assert kept["at"] <= datetime.now(UTC)
    assert harbor.read("contact", person(harbor, "ana"), "second_order_nps") == "9"
    (aside,) = harbor.events(state="set_aside")
    assert "not made for a contact of this account" in aside["reason"]


def test_an_answer_waits_for_its_contact_by_id_by_address_and_through_a_merge(
    harbor: "Account",
) -> None:
    now = datetime.now(UTC)
    secret = set_up(harbor, "own", "generic")
    later = max(contact.id for contact in harbor.crm.all("contact")) + 1
    body = json.dumps(
        [
            dated(OURS, now) | {"id": "1", "contact_id": later},
            dated(OURS, now) | {"id": "2", "contact_id": None, "email": "Eve@acme.example"},
            dated(OURS, now) | {"id": "3", "contact_id": None, "email": "old@acme.example"},
        ]
    ).encode()
    assert send(harbor, "own", body, standard(secret, body)) == 204
    harbor.world.settle()
    assert harbor.values("answer", "contact_id") == [None] * 3

    made = harbor.crm.create("contact", {"email": "late@acme.example"}).id
    eve = harbor.crm.create("contact", {"email": "eve@acme.example"}).id
    harbor.crm.update("contact", eve, {"hs_additional_emails": "old@acme.example"})
    harbor.world.settle()
    assert made == later
    assert harbor.values("answer", "contact_id") == [made, eve, eve]
    assert harbor.read("contact", made, "second_order_nps") == "9"
    assert harbor.read("contact", eve, "second_order_nps") == "9"

    harbor.crm.merge("contact", made, eve)
    harbor.world.settle()
    late = json.dumps(dated(OURS, now) | {"id": "4", "score": 2, "contact_id": eve}).encode()
    assert send(harbor, "own", late, standard(secret, late)) == 204
    harbor.world.settle()
    survivor = harbor.crm.survivor("contact", eve)
    assert harbor.read("contact", survivor, "second_order_nps") == "2"


def test_the_same_answer_from_two_tools_counts_once(harbor: "Account") -> None:
    noon = datetime.now(UTC).replace(hour=12, minute=0) - timedelta(days=2)
    secret, ana = set_up(harbor, "own", "generic"), person(harbor, "ana")
    set_up(harbor, "second", "generic", secret=secret)

    def tell(name: str, **said: object) -> None:
        body = json.dumps({**OURS, "contact_id": ana, "answered_at": noon.isoformat(), **said})
        assert send(harbor, name, body.encode(), standard(secret, body.encode())) == 204

    tell("own", id="1", comment="")
    tell("second", id="other", answered_at=(noon + timedelta(hours=1)).isoformat())
    tell("own", id="2", score=4, external_id="x", answered_at=(noon - timedelta(9)).isoformat())
    late = (noon - timedelta(8)).isoformat()
    tell("second", id="3", score=5, external_id="x", answered_at=late)
    harbor.world.settle()
    kept = sorted(harbor.kept("person_answer"), key=lambda row: row["answered_at"])
    assert [(row["score"], row["comment"]) for row in kept] == [(5, "Quick"), (9, "Quick")]


def test_an_answer_of_somebody_who_was_forgotten_is_not_kept(harbor: "Account") -> None:
    from integration.portal import forgotten  # noqa: PLC0415 - the subject of one test

    now = datetime.now(UTC)
    secret, ana = set_up(harbor, "own", "generic"), person(harbor, "ana")
    body = json.dumps(dated(OURS, now) | {"id": "later", "contact_id": ana}).encode()
    with harbor.context() as context:
        forgotten.forget(context, ana)
    harbor.world.settle()
    assert send(harbor, "own", body, standard(secret, body)) == 204
    harbor.world.settle()
    assert harbor.kept("answer") == []
    assert harbor.events(kind="answer") == []
    (tally_,) = harbor.kept("tally")
    assert tally_["pruned"] >= 1, "counted"


def test_an_answer_from_a_forgotten_address_is_refused_where_an_admin_has_it_remembered(
    harbor: "Account",
) -> None:
    from integration.admin import settings_changes  # noqa: PLC0415 - the subject of one test
    from integration.portal import forgotten, settings  # noqa: PLC0415 - as above

    secret = set_up(harbor, "own", "generic")
    with harbor.context() as context:
        with context.transaction() as tx:
            before = settings.read(tx).map
        remembers = replace(before, forgotten_addresses="hashed")
        settings_changes.change(context, portal_map=remembers, actor="ana", reason="agreed")
        for name in ("ana", "bo"):
            forgotten.forget(context, person(harbor, name))
        with context.transaction() as tx:
            assert erasure.mentions(tx, "ana@acme") == []
    harbor.world.settle()
    said = dated(OURS, datetime.now(UTC)) | {"contact_id": None}
    for key, email in (("1", "Ana@acme.example"), ("2", "new@acme.example")):
        body = json.dumps({**said, "id": key, "email": email}).encode()
        assert send(harbor, "own", body, standard(secret, body)) == 204
    harbor.world.settle()
    assert harbor.values("answer", "email") == ["new@acme.example"]


def test_the_documented_calls_work_as_they_stand(harbor: "Account") -> None:
    secret = set_up(harbor, "relationship", "generic")
    with harbor.context() as context:
        key = str(inbound_keys.current(context).key)
    known = {
        "URL": harbor.world.url,
        "ACCOUNT": str(harbor.portal_id),
        "SECRET": secret,
        "KEY": key,
    }
    calls = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(calls) == 2
    for call in calls:
        subprocess.run(["/bin/sh", "-euc", call], env={**os.environ, **known}, check=True)
    harbor.world.settle()
    assert [row["answer_key"] for row in harbor.kept("answer")] == ["a-17", "a-18"]
    assert harbor.read("contact", person(harbor, "ana"), "second_order_nps") == "9"
