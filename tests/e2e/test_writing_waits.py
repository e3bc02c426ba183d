"""While a question of the set-up page is open that decides about history, nothing is written to HubSpot."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from commands import settle
from commands.main import cli
from integration.admin import (
    doctor,
    housekeeping,
    operations,
    overview,
    settings_changes,
    uninstall,
)
from integration.admin.setup_answers import AnsweredMeanwhile
from integration.core.errors import Refused
from integration.portal import settings, setup_questions
from integration.portal.settings import PortalSettings
from integration.reports import explain, explain_words
from integration.storage.service import setup_question_rows
from mappings.records.setup_kinds import BY_DEALS, BY_STAGE_ALWAYS, CUSTOMER_RULE
from mappings.stored.setup_shapes import Candidate, SetupQuestion
from tests.passing_time import pass_time
from tests.waiting import PATIENCE
from tests.world import Account, World
from webhooks import metrics

DAY = 24 * 3600
ASKED = SetupQuestion(
    text="Which counts?",
    candidates=(Candidate(BY_DEALS, "Won deals"), Candidate(BY_STAGE_ALWAYS, "The stage, always")),
    proposal=(BY_STAGE_ALWAYS,),
    because="most stages were set in bulk",
)


@pytest.fixture
def asked(world: World) -> World:
    """Two portals with a won deal each; harbor is asked who is a customer."""
    for account in world.accounts:
        _won_deal(account)
        world.install(account)
    with world.runtime.database.portal(world.harbor.portal_id) as tx:
        setup_questions.ask(tx, CUSTOMER_RULE, "customer", ASKED)
    world.settle()
    return world


def _won_deal(account: Account) -> None:
    now = datetime.now(UTC)
    with account.crm.silently():
        acme = account.crm.create("company", {"name": "Acme", "domain": "acme.example"}, at=now)
        values = {"dealstage": "closedwon", "pipeline": "default", "amount": "1234.50"}
        closed = {"closedate": (now - timedelta(days=3)).isoformat()}
        deal = account.crm.create("deal", {**values, **closed}, at=now)
        account.crm.associate("deal", deal.id, "company", acme.id, primary=True)


def source(account: Account) -> str:
    (deal,) = account.crm.all("deal")
    return account.read("deal", deal.id, "second_order_source")


def settings_of(account: Account) -> PortalSettings:
    with account.database.portal(account.portal_id) as tx:
        return settings.read(tx)


def answer(account: Account, value: str, *, actor: str = "user:7") -> None:
    with account.context() as portal:
        operations.answer_setup_question(portal, CUSTOMER_RULE, "customer", [value], actor=actor)


def test_history_is_concluded_but_not_written_until_the_answer(asked: World) -> None:
    harbor, orchard = asked.accounts
    (deal,) = harbor.crm.all("deal")

    assert source(orchard) == "none"
    assert source(harbor) == ""
    assert harbor.conclusion("deal", deal.id)["written_at"] is None
    assert harbor.conclusion("deal", deal.id)["desired"]["second_order_source"] == "none"

    answer(harbor, BY_DEALS)
    asked.settle()

    assert source(harbor) == "none"


def test_an_answer_is_a_version_of_the_settings_with_its_author(asked: World) -> None:
    answer(asked.harbor, BY_STAGE_ALWAYS)

    now = settings_of(asked.harbor)
    assert (now.map.customer_stage, now.map.customer_stage_since) == ("customer", "always")
    assert now.why["customer_stage"] == "You chose this on the set-up page."
    newest = asked.harbor.kept("settings_version")[-1]
    assert (newest["author"], newest["reason"]) == ("user:7", "Answered on the set-up page.")
    (question,) = asked.harbor.kept("setup_question")
    assert question["settings_version"] == now.version
    assert asked.orchard.kept("setup_question") == []
    assert settings_of(asked.orchard).map.customer_stage == ""


def test_after_a_day_without_an_answer_the_proposal_counts(asked: World) -> None:
    pass_time(asked, DAY - 600)
    housekeeping.run_due(asked.runtime)
    asked.settle()
    assert source(asked.harbor) == ""

    pass_time(asked, 1200)
    _next_minute(asked)
    asked.settle()

    assert source(asked.harbor) == "none"
    now = settings_of(asked.harbor)
    assert (now.map.customer_stage, now.map.customer_stage_since) == ("customer", "always")
    assert now.why["customer_stage"] == (
        "Taken as proposed, because nobody answered in time: most stages were set in bulk."
    )
    assert asked.harbor.kept("settings_version")[-1]["author"] == "second-order"


def _next_minute(world: World) -> None:
    """Let the calendar look again at once."""
    with world.runtime.database.service() as tx:
        tx.connection.exec_driver_sql("UPDATE schedule SET due_at = now() WHERE due_at > now()")
    housekeeping.run_due(world.runtime)


def test_what_was_planned_by_the_settings_of_before_is_not_written(asked: World) -> None:
    assert asked.harbor.kept("outbox") != []

    answer(asked.harbor, BY_STAGE_ALWAYS)

    assert asked.harbor.kept("outbox") == []
    asked.settle()
    assert source(asked.harbor) == "none"


def test_who_answers_second_is_told_and_changes_nothing(asked: World) -> None:
    answer(asked.harbor, BY_DEALS)

    with pytest.raises(AnsweredMeanwhile, match="Somebody answered this first: HubSpot user 7 on "):
        answer(asked.harbor, BY_STAGE_ALWAYS, actor="user:8")

    assert settings_of(asked.harbor).map.customer_stage == ""


@pytest.mark.parametrize("values", [[], ["everybody"], [BY_DEALS, BY_STAGE_ALWAYS]])
def test_what_was_not_offered_is_refused(asked: World, values: list[str]) -> None:
    with asked.harbor.context() as portal, pytest.raises(Refused):
        operations.answer_setup_question(portal, CUSTOMER_RULE, "customer", values, actor="user:7")

    assert asked.harbor.values("setup_question", "answered_at") == [None]


def test_who_changes_it_in_settings_has_answered(asked: World) -> None:
    before = settings_of(asked.harbor)
    with asked.harbor.context() as portal:
        chosen = {"customer_stage": "evangelist"}
        changed = settings.understood(0, {"map": chosen}).map
        settings_changes.change(
            portal,
            portal_map=changed,
            actor="user:9",
            reason="a try",
            expected_version=before.version,
        )
    asked.settle()

    assert asked.harbor.values("setup_question", "answered_by") == ["user:9"]
    assert settings_of(asked.harbor).map.customer_stage == "evangelist"
    assert source(asked.harbor) == "none"


def test_an_answered_question_is_not_asked_again(asked: World) -> None:
    answer(asked.harbor, BY_DEALS)

    with asked.runtime.database.portal(asked.harbor.portal_id) as tx:
        assert not setup_questions.ask(tx, CUSTOMER_RULE, "customer", ASKED)
        assert setup_question_rows.count_open(tx) == 0


def test_a_question_that_needs_no_answer_any_more_holds_nothing_back(asked: World) -> None:
    with asked.runtime.database.portal(asked.harbor.portal_id) as tx:
        setup_questions.withdraw(tx, CUSTOMER_RULE, ["customer"])
    asked.settle()

    assert source(asked.harbor) == "none"


def test_everybody_who_asks_hears_why_nothing_is_written(asked: World) -> None:
    harbor, orchard = overview.portals(asked.runtime)
    waits = "Nothing is written to HubSpot yet: it waits for your answer on the set-up page until "

    assert harbor["held"].startswith(waits)
    assert harbor["held"].endswith(f"{asked.url}/portals/4711/setup")
    assert (harbor["setup_questions"], orchard["held"]) == (1, None)
    assert overview.is_held(harbor)
    (standing, _) = settle.wait_until_settled(asked.runtime, None, PATIENCE)
    assert standing["held"] == harbor["held"]
    (deal,) = asked.harbor.crm.all("deal")
    with asked.harbor.context() as portal:
        (finding,) = doctor.setup(portal, harbor)
        explained = explain.explain(portal, "deal", deal.id)
    assert explained["values"]["second_order_source"] == "none"
    assert explained["held"].startswith(waits)
    assert f"{explained['held']}." in explain_words.in_words(explained)
    assert (finding.ok, finding.said) == (False, harbor["held"])


def test_metrics_count_what_is_held_apart_from_what_is_slow(asked: World) -> None:
    page = metrics.page(asked.runtime, names_portals=True).decode()

    held = len(asked.harbor.kept("outbox"))
    assert f'second_order_waiting{{kind="held",portal="4711"}} {held}.0' in page
    assert 'second_order_waiting{kind="outbox",portal="4711"}' not in page
    assert 'second_order_waiting{kind="outbox",portal="4712"} 0.0' in page


def test_a_paused_account_waits_for_its_owner_first(asked: World) -> None:
    with asked.harbor.context() as portal:
        uninstall.pause(portal, actor="user:7")

    harbor, _ = overview.portals(asked.runtime)

    assert (harbor["state"], harbor["held"], harbor["setup_questions"]) == ("paused", None, 1)


def test_settle_ends_at_once_with_the_reason(asked: World) -> None:
    own = asked.runtime.settings
    environment = {
        "DATA_DIR": str(own.data_dir),
        "DATABASE_URL": str(own.database_url),
        "REDIS_URL": str(own.redis_url),
        "SECRET_KEY": own.secret_key,
        "TOKEN_KEYS": ",".join(own.token_keys),
        "PUBLIC_URL": own.public_url,
    }
    told = CliRunner().invoke(cli, ["settle", "--timeout", "500"], env=environment)

    assert isinstance(told.exception, Refused)
    assert re.search(
        r"Portal 4711 is not settled \(\d outbox\): Nothing is written to HubSpot yet",
        str(told.exception),
    )
    assert "4712" not in str(told.exception)
