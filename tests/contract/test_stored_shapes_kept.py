"""Stored findings outlive their code: bodies of another shape spoil no deal and no page."""

import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from commands.main import cli
from integration.admin import policies
from integration.core.environment import Settings
from integration.core.wake_ups import Queue
from integration.portal import forgotten, invalidation
from integration.portal.invalidation import Change
from integration.reports.explain import explain, in_words, summary
from integration.review import answering
from integration.rollup import roll_up
from integration.storage.database import Database
from integration.storage.queue import recompute
from integration.storage.queue.recompute import Due, Stage
from mappings.rules.findings import Move, Referral, Source
from tests.contract.conclude_world import HARBOR, KEYS, ORCHARD, MirrorPortal, moved_champion
from tests.contract.review_world import (
    ASKING,
    DOUBTING,
    Office,
    answer,
    doubtful_move,
    later,
    namesakes,
    questions,
    the_question,
    two_marias,
)

Run = Callable[..., Result]
RECORDS = [
    ("deal", 9),
    ("deal", 5),
    ("contact", 12),
    ("contact", 11),
    ("company", 1),
    ("company", 2),
]
TABLES = ("source", "move", "referral")
FIELDS = sorted({one.name for kind in (Source, Move, Referral) for one in fields(kind)})
DAMAGES = {
    "unknown field": 'body || \'{"of_tomorrow": {"at": 1}}\'',
    "unknown nested field": 'replace(body::text, \'"code":\', \'"of_tomorrow": 1, "code":\')::jsonb',
    "missing nested field": "replace(body::text, '\"strength\":', '\"of_old\":')::jsonb",
    "no version": "body - 'v'",
    "a later version": 'body || \'{"v": 99, "of_tomorrow": 1}\'',
    "an old word": 'body || \'{"status": "automatic", "kind": "of_old", "timing": "of_old"}\'',
    "lists that are none": 'body || \'{"signals": "x", "reasons": 7, "because": {}, "arrival": []}\'',
    "items that are none": 'body || \'{"signals": [7], "reasons": ["x"], "because": [{}]}\'',
    "texts for numbers": 'body || \'{"p": "x", "raw": "x", "strength": "x", "latest": "x", "at": "x"}\'',
    "a list": "'[]'",
    "a list of things": "'[{}, 7]'",
    "a number": "'7'",
    "a text": "'\"text\"'",
    "null": "'null'",
    "an empty object": "'{}'",
}

READ_WHOLE = ("unknown field", "unknown nested field", "no version")
"""What alone is no reason to write a row again."""


@pytest.fixture
def harbor(database: Database, redis_url: str) -> Iterator[MirrorPortal]:
    queue = Queue(redis_url)
    portal = MirrorPortal(Office(database, queue=queue), HARBOR)
    portal.install()
    yield portal
    queue.redis.close()


@pytest.fixture
def orchard(harbor: MirrorPortal) -> MirrorPortal:
    portal = MirrorPortal(harbor.clock, ORCHARD)
    portal.install()
    return portal


@pytest.fixture
def run(settings: Settings) -> Run:
    environment = {
        "DATA_DIR": str(settings.data_dir), "DATABASE_URL": str(settings.database_url),
        "REDIS_URL": str(settings.redis_url), "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": ",".join(settings.token_keys), "LOG_LEVEL": "ERROR", "COLUMNS": "140",
    }  # fmt: skip
    return lambda *arguments: CliRunner().invoke(cli, arguments, env=environment)


def referred_and_moved(portal: MirrorPortal) -> None:
    """Deal 9 has two sources: Priya, who moved, and Maria, who recommended us to Bo."""
    moved_champion(portal)
    portal.contact(11, 1, firstname="Maria", lastname="Lopez", email="maria@acme-tools.com")
    told_us = [(70, "maria@acme-tools.com")]
    bo = {"firstname": "Bo", "lastname": "Li", "email": "bo@zenit-labs.com"}
    portal.contact(22, 2, **bo, referred_by=told_us)
    portal.link("deal", 9, "contact", 22)
    portal.imported()
    portal.settle()


def damage(portal: MirrorPortal, body: str) -> None:
    with portal.clock.database.portal(portal.portal_id) as tx:
        for table in TABLES:
            tx.run(f"UPDATE {table} SET body = CAST({body} AS jsonb)")


def conclude_again(portal: MirrorPortal) -> None:
    with portal.clock.database.portal(portal.portal_id) as tx:
        due = Due({Stage.DEALS: {("deal", 9), ("deal", 5)}})
        due.ask(Stage.SUMMARIES, {ref for ref in RECORDS if ref[0] != "deal"})
        recompute.add(tx, due)
    portal.settle()


def everything(portal: MirrorPortal) -> dict[str, Any]:
    """All that is stored of findings, what the records should say, and the ledger."""
    stored = {table: portal.rows(f"SELECT * FROM {table} ORDER BY 2, 3, 4") for table in TABLES}
    said = {ref: portal.said(*ref) for ref in RECORDS}
    return {**stored, "said": said, "ledger": portal.ledger(9), "set aside": set_aside(portal)}


def set_aside(portal: MirrorPortal) -> list[dict[str, Any]]:
    return portal.rows("SELECT object_type, record_id, error FROM stale WHERE error IS NOT NULL")


def explained(portal: MirrorPortal) -> list[str]:
    return [line for ref in RECORDS for line in in_words(explain(portal.context, *ref))]


@pytest.mark.parametrize("body", DAMAGES.values(), ids=DAMAGES)
def test_a_deal_with_bodies_of_another_shape_is_explained_and_concluded_as_before(
    harbor: MirrorPortal, orchard: MirrorPortal, body: str
) -> None:
    referred_and_moved(harbor)
    referred_and_moved(orchard)
    before, theirs = everything(harbor), everything(orchard)

    damage(harbor, body)
    lines = explained(harbor)
    assert any(line.startswith("  Priya Raman left Acme") for line in lines)
    assert len(summary(harbor.context)["moves"]) == 1
    roll_up.check(harbor.context)
    conclude_again(harbor)

    after = everything(harbor)
    if body not in {DAMAGES[name] for name in READ_WHOLE}:
        assert after == before
    assert after["said"] == before["said"]
    assert after["ledger"] == before["ledger"]
    assert after["set aside"] == []
    assert everything(orchard) == theirs


def test_a_row_that_lacks_any_field_is_made_whole_and_nothing_moves(harbor: MirrorPortal) -> None:
    referred_and_moved(harbor)
    before = everything(harbor)

    for field in FIELDS:
        damage(harbor, f"body - '{field}'")
        explained(harbor)
        conclude_again(harbor)
        assert everything(harbor) == before, field


def test_concluding_everything_anew_over_damaged_rows_moves_nothing(harbor: MirrorPortal) -> None:
    referred_and_moved(harbor)
    before = everything(harbor)

    damage(harbor, "(body - 'reasons' - 'because' - 'p') || '{\"of_tomorrow\": 1}'")
    with harbor.context.transaction() as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    harbor.settle()

    assert everything(harbor) == before
    assert harbor.settle() == 0


def test_rows_without_a_version_are_not_rewritten(harbor: MirrorPortal) -> None:
    referred_and_moved(harbor)
    damage(harbor, "body - 'v'")
    before = everything(harbor)

    with harbor.context.transaction() as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    harbor.settle()

    assert everything(harbor) == before


@pytest.mark.parametrize("body", DAMAGES.values(), ids=DAMAGES)
def test_a_final_deal_keeps_its_shares_whatever_became_of_its_bodies(
    harbor: MirrorPortal, body: str
) -> None:
    referred_and_moved(harbor)
    harbor.clock.at += timedelta(days=200)
    conclude_again(harbor)
    before = everything(harbor)
    shares = {row["source_key"]: row["share"] for row in before["source"]}

    with harbor.clock.database.portal(HARBOR) as tx:
        tx.run(f"UPDATE source SET body = CAST({body} AS jsonb)")
    explained(harbor)
    for _ in range(2):
        conclude_again(harbor)

    after = everything(harbor)
    assert after["ledger"] == before["ledger"]
    assert {row["source_key"]: row["share"] for row in after["source"]} == shares
    said, was = after["said"]["deal", 9], before["said"]["deal", 9]
    assert said["second_order_amount"] == was["second_order_amount"]
    assert after["set aside"] == []


def test_the_command_explains_and_reviews_damaged_rows(harbor: MirrorPortal, run: Run) -> None:
    referred_and_moved(harbor)
    namesakes(harbor, first=13, second=33)
    harbor.settle()
    damage(harbor, "'[]'")
    with harbor.clock.database.portal(HARBOR) as tx:
        tx.run("""UPDATE review SET body = '7'; UPDATE person SET because = '{"a": 1}'""")
        tx.run("""UPDATE conclusion SET reasons = '"text"', desired = '[7]'""")

    for kind, number in RECORDS:
        done = run("explain", str(HARBOR), kind, str(number))
        assert done.exit_code == 0, done.output
        assert run("explain", str(HARBOR), kind, str(number), "--json").exit_code == 0
    assert run("review", str(HARBOR)).exit_code == 0
    assert run("portals").exit_code == 0
    with harbor.context.transaction() as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    harbor.settle()
    assert set_aside(harbor) == []
    assert harbor.said("deal", 9)["second_order_source"] == "several"


ODD_BODIES = [
    "'[]'",
    "'7'",
    "'{}'",
    '\'{"contacts": "12", "companies": ["x"], "move": [], "reasons": 7}\'',
]


@pytest.mark.parametrize("odd", ODD_BODIES)
def test_a_question_and_its_answer_survive_the_loss_of_their_bodies(
    harbor: MirrorPortal, odd: str
) -> None:
    with harbor.context.transaction() as tx:
        tx.run("UPDATE settings_version SET body = jsonb_set(body, '{policy}', CAST(:policy AS jsonb))",
               policy=json.dumps(DOUBTING))  # fmt: skip
    doubtful_move(harbor)
    harbor.settle()
    asked = the_question(harbor, "move")

    harbor.rows(f"UPDATE review SET body = CAST({odd} AS jsonb) RETURNING 1")
    found = the_question(harbor, "move")
    assert found["text"].startswith("Did Priya Raman (Zenit) leave Acme for Zenit")
    answer(harbor, asked["id"], "confirm")
    confirmed = harbor.said("deal", 9)
    assert confirmed["second_order_source"] == "moved_champion"

    harbor.rows(f"UPDATE decision SET detail = CAST({odd} AS jsonb) RETURNING 1")
    with harbor.context.transaction() as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    harbor.settle()
    assert harbor.said("deal", 9) == confirmed
    (line,) = answering.history(harbor.context)["decisions"]
    assert line["verb"] == "confirm"
    assert line["text"] == "Did Priya Raman (Zenit) leave Acme for Zenit?"
    later(harbor, 1)
    assert questions(harbor, "move") == []


def test_a_person_is_erased_from_an_answer_of_another_shape(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    two_marias(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "referral")["id"], "reject")
    harbor.rows("UPDATE decision SET detail = detail || '{\"contacts\": 7}' RETURNING 1")

    with harbor.context.transaction() as tx:
        forgotten.erase(tx, 11, keys=KEYS)
    harbor.settle()

    (row,) = harbor.rows("SELECT author, question, detail FROM decision")
    assert (row["author"], row["detail"]["contacts"]) == ("", [])
    assert set_aside(harbor) == []


def test_settings_with_entries_of_another_version_go_on_counting(harbor: MirrorPortal) -> None:
    with harbor.context.transaction() as tx:
        tx.run(
            """UPDATE settings_version SET body = jsonb_set(body, '{map}', body -> 'map'
                 || '{"of_tomorrow": 1, "won_rule": "of_old"}')
                 || '{"v": 99, "policy": {"of_tomorrow": 1, "move_auto": "x", "late_evidence_days": 60}}'"""
        )
    referred_and_moved(harbor)

    assert harbor.said("deal", 9)["second_order_source"] == "several"
    chosen = {
        one.name: one.value for one in policies.current(harbor.context).settings if one.is_changed
    }
    assert chosen == {"late_evidence_days": 60}
    policies.change(harbor.context, {"max_order": "4"}, actor="Ana", reason="to try")
    chosen = {
        one.name: one.value for one in policies.current(harbor.context).settings if one.is_changed
    }
    assert chosen == {"late_evidence_days": 60, "max_order": 4}
