"""What explain says of a deal: every source in words, the range, the remainder, what is apart, and other models."""

import json
from collections.abc import Iterator

import pytest

from integration.core.wake_ups import Queue
from integration.portal.forgotten import erase
from integration.reports.explain import explain
from integration.reports.explain_words import in_words
from integration.storage.database import Database
from mappings import formats
from tests.contract.conclude_world import (
    HARBOR,
    KEYS,
    MirrorPortal,
    closed_won,
    moved_champion,
)
from tests.contract.review_world import DOUBTING, Office, answer, doubtful_move, the_question


def test_a_deals_story_is_told_with_its_range_and_its_remainder(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()

    told = explain(harbor.context, "deal", 9)

    (part,) = told["parts"]
    assert told["story"] == [part["said"]]
    assert part["said"].startswith("Priya Raman left Acme by ")
    assert "where they had been on a won deal, and was on this deal" in part["said"]
    assert part["timing"] == "sourced"
    assert part["raw"] == pytest.approx(
        part["weight"] * part["certainty"] * part["freshness"], abs=1e-5
    )
    derived = told["derived"]
    assert derived["low"] <= derived["expected"] <= derived["high"]
    assert derived["expected"] + derived["first_order"] == pytest.approx(1)
    assert told["booked"]["first_order USD"] in derived["first_order_amount"].replace(",", "")
    assert told["apart"] == []
    assert told["changes"][0].endswith("Deal 9 was won: +$40,000.00")


def test_classic_models_stand_beside_and_add_up_to_one_each(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()

    found = {one["model"]: one for one in explain(harbor.context, "deal", 9)["classic_models"]}

    assert list(found) == [
        "first", "last", "linear", "u", "w", "full path", "time decay", "shapley", "markov",
    ]  # fmt: skip
    assert found["first"]["shares"] == [
        {"source": "contact:12", "name": "Priya Raman", "share": 1.0}
    ]
    assert found["shapley"]["shares"] == []
    assert (
        found["shapley"]["reason"] == "not enough: every combination needs 30 closed deals or more"
    )
    for name in set(found) - {"shapley"}:
        assert sum(one["share"] for one in found[name]["shares"]) == pytest.approx(1), name


def test_the_terminal_says_it_all(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()

    lines = "\n".join(in_words(explain(harbor.context, "deal", 9)))

    for part in (
        "Priya Raman left Acme by ", "sourced: weight 0.90 x certainty", "derived: low ", ", expected ", ", high ",
        "first-order remainder, with marketing and selling: ", "what the ledger says happened:",
        "Classic models, for comparison (none of this is booked):", "first: Priya Raman 100.00%",
        "shapley: nothing to share (not enough:", "ledger:",
    ):  # fmt: skip
        assert part in lines
    contact = "\n".join(in_words(explain(harbor.context, "contact", 12)))
    assert "Priya Raman left Acme for Zenit by " in contact
    assert "follows deal 5 (deal 5) of Acme (company 1) with " in lines


def test_a_warning_is_kept_apart_and_earns_nothing(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.change(
        "contact", 12, heard_from="a former customer said support was awful, still wanted to see"
    )
    harbor.settle()

    told = explain(harbor.context, "deal", 9)

    (line,) = told["apart"]
    assert line.startswith("Somebody warned of us")
    assert line.endswith("It earns no credit.")
    assert [part["kind"] for part in told["parts"]] == ["moved_champion"]


def test_a_recommendation_is_provisional_for_thirty_days_after_the_win(
    harbor: MirrorPortal,
) -> None:
    for company, name, domain in ((1, "Acme", "acme-tools.com"), (2, "Zenit", "zenit-labs.com")):
        harbor.company(company, name, domain)
    harbor.contact(11, 1, firstname="Maria", lastname="Lopez", email="maria@acme-tools.com")
    told_us = [(50, "maria@acme-tools.com")]
    harbor.contact(
        22, 2, firstname="Bo", lastname="Li", email="bo@zenit-labs.com", referred_by=told_us
    )
    harbor.deal(5, 1, 11, created=500, won=(450, "10000.00"))
    harbor.deal(9, 2, 22, created=40, won=(10, "40000.00"))
    harbor.settle()

    (part,) = explain(harbor.context, "deal", 9)["parts"]
    assert part["said"].startswith("Maria Lopez of Acme recommended us")
    assert part["provisional_until"].startswith("2026-07-20")
    assert "provisional until 20 July 2026" in "\n".join(
        in_words(explain(harbor.context, "deal", 9))
    )

    lines = "\n".join(in_words(explain(harbor.context, "contact", 11)))
    assert "recommended us to Bo Li on 11 May 2026: sure (0.95), by field email (counts)" in lines

    harbor.change("deal", 9, **closed_won(31, "40000.00"))
    harbor.settle()
    assert explain(harbor.context, "deal", 9)["parts"][0]["provisional_until"] is None


@pytest.fixture
def office(database: Database, redis_url: str) -> Iterator[MirrorPortal]:
    queue = Queue(redis_url)
    yield MirrorPortal(Office(database, queue=queue), HARBOR)
    queue.redis.close()


def test_what_a_person_decided_about_the_mover_is_told_with_the_deal(office: MirrorPortal) -> None:
    office.install(policy=DOUBTING)
    doubtful_move(office)
    office.settle()
    answer(office, the_question(office, "move")["id"], "confirm")

    told = explain(office.context, "deal", 9)

    (one,) = told["decisions"]
    assert (one["kind"], one["verb"]) == ("move", "confirm")
    lines = "\n".join(in_words(told))
    assert (
        f"{one['author']} decided on {formats.day(one['decided_at'])}: confirm: {one['text']}"
        in lines
    )
    assert f"because: {one['reason']}" in lines
    assert told["decisions"] == explain(office.context, "contact", 12)["decisions"]


def test_a_removed_person_has_no_name_anywhere(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    before = explain(harbor.context, "deal", 9)
    with harbor.clock.database.portal(HARBOR) as tx:
        erase(tx, 12, keys=KEYS)
    harbor.settle()

    told = explain(harbor.context, "deal", 9)

    assert "Priya" not in json.dumps(told)
    assert told["story"][0].startswith("A removed person left Acme")
    # Amounts stay, and so do the figures that they and their range rest on.
    assert told["derived"] == before["derived"]
    assert "A removed person" in "\n".join(in_words(told))


@pytest.mark.parametrize("kind", ["deal", "contact", "company"])
def test_what_is_not_there_is_said_to_be_not_there(
    harbor: MirrorPortal, orchard: MirrorPortal, kind: str
) -> None:
    moved_champion(harbor)
    harbor.settle()

    assert explain(harbor.context, kind, 999)["exists"] is False
    assert (
        in_words(explain(harbor.context, kind, 999))[1] == "This record is gone or was never seen."
    )
    foreign = explain(orchard.context, kind, 9)
    assert (foreign["exists"], foreign["name"], foreign.get("parts", [])) == (False, "", [])


def test_a_deal_of_nobody_and_nothing_is_explained(harbor: MirrorPortal) -> None:
    harbor.put("deal", 7, dealname="bare")
    harbor.settle()

    told = explain(harbor.context, "deal", 7)

    assert told["story"] == ["No customer is known to have led to this deal."]
    assert told["derived"]["first_order"] == 1
    assert told["derived"]["first_order_amount"] is None
    assert [one["shares"] for one in told["classic_models"]] == [[]] * 7
    assert "No customer is known" in "\n".join(in_words(told))
