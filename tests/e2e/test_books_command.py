"""The ledger command: months, changes, orders and what is pending, as scripts and people call it."""

import csv
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.test_commands import Run, run, told

if TYPE_CHECKING:
    from tests.world import World

__all__ = ["run", "told"]  # fixtures
WON = datetime.now(UTC) - timedelta(days=3)
MONTH = f"{WON.astimezone(ZoneInfo('Europe/Berlin')):%Y-%m}"


def test_months_and_changes_are_told_in_words_and_json(told: "World", run: Run) -> None:
    (deal,) = set(told.harbor.values("ledger", "deal_id"))
    told.harbor.crm.update("deal", deal, {"amount": "1000.00"})
    told.settle()

    month = run("ledger", "4711", "--month", MONTH)
    assert f"{WON:%B %Y} (still open), as now known: 2 rows" in month.stdout
    assert "total €1,000.00" in month.stdout
    found = json.loads(run("ledger", "4711", "--month", MONTH, "--as", "known", "--json").stdout)
    assert found["totals"]["EUR"]["total"] == "1000.00"
    assert [row["amount"] for row in found["rows"]] == ["1234.50", "-234.50"]
    assert run("ledger", "4711", "--month", MONTH, "--csv").stdout.count("\r\n") == 3

    words = run("ledger", "4711", "--changes", "--deal", str(deal)).stdout
    assert "was won: +€1,234.50" in words
    assert "changed its amount: -€234.50" in words
    assert "€0.00 -> €1,000.00: +€1,000.00" in words
    story = json.loads(run("ledger", "4711", "--changes", "--json").stdout)
    assert [one["difference"] for one in story["changes"]] == [
        {"EUR": "1234.50"},
        {"EUR": "-234.50"},
    ]
    later = run("ledger", "4711", "--changes", "--since", "2099-01-01").stdout
    assert "Nothing changed." in later
    assert "4712" not in words


def test_the_ledger_tells_one_total_in_words_json_and_csv(told: "World", run: Run) -> None:
    shown = run("ledger", "4711", "--total").stdout
    found = json.loads(run("ledger", "4711", "--total", "--json").stdout)
    table = run("ledger", "4711", "--total", "--csv").stdout.split("\r\n")
    month = json.loads(run("ledger", "4711", "--month", MONTH, "--json").stdout)
    rows = list(csv.DictReader(run("ledger", "4711", "--csv").stdout.splitlines()))

    assert f"Second-order revenue €{found['second_order']}" in shown
    assert "€1,234.50 won in 1 deal, at the rates frozen when each deal closed" in shown
    assert "% of it could be judged." in shown
    assert (found["won"], found["rates"]) == (
        "1234.50",
        "at the rates frozen when each deal closed",
    )
    assert f"won,{found['won']}" in table
    assert f"measurement.percent,{found['measurement']['percent']}" in table
    assert {**month["total"], "period": "all"} == found
    assert month["in_home"]["total"] == found["won"]
    amounts = [Decimal(row["home_amount"]) for row in rows if row["kind"] != "first_order"]
    assert sum(amounts) == Decimal(found["second_order"])
    said = run("ledger", "4711", "--csv").stderr
    assert f"Second-order revenue €{found['second_order']} (range " in said
    said = run("ledger", "4711", "--month", MONTH, "--csv").stderr
    assert f"Second-order revenue €{found['second_order']} (range " in said
    assert run("ledger", "4711", "--json").stderr == ""


def test_people_order_with_name_and_reason(told: "World", run: Run) -> None:
    (deal,) = set(told.harbor.values("ledger", "deal_id"))
    signed = ("--by", "ana", "--reason", "audit")
    assert "is judged anew" in run("ledger", "4711", "--rejudge", str(deal), *signed).stdout
    assert "is closed" in run("ledger", "4711", "--close", "2024-05", *signed).stdout
    assert "is open until" in run("ledger", "4711", "--reopen", "2024-05", *signed).stdout
    told.settle()

    assert all(told.harbor.values("rejudgement", "taken_at"))
    done = told.harbor.values("audit", "action", actor="ana")
    assert done == ["deal to be judged anew", "books close", "books reopen"]
    assert told.orchard.kept("closing") == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--close", "2024-05"), "Say who orders this and why"),
        (("--close", "2024-05", "--by", "calendar", "--reason", "x"), "say who you are"),
        (("--close", "2099-01", "--by", "ana", "--reason", "x"), "is not over"),
        (("--reopen", "2024-05", "--by", "ana", "--reason", "x"), "is not closed"),
        (("--rejudge", "99", "--by", "ana", "--reason", "x"), "There is no deal 99"),
        (("--as", "reported"), "Say of which month"),
        (("--month", "May"), "is no month"),
        (("--total", "--month", "2026-05", "--as", "reported"), "what a month reported"),
        (("--total", "--changes"), "one thing at a time"),
        (("--changes", "--pending"), "one thing at a time"),
        (("--changes", "--deal", "1", "--company", "2"), "one deal, company or contact"),
    ],
)
def test_what_cannot_be_done_says_why(
    told: "World", run: Run, arguments: tuple[str, ...], why: str
) -> None:
    done = run("ledger", "4711", *arguments)

    assert done.returncode != 0
    assert why in done.stderr


def test_what_is_not_booked_is_listed(told: "World", run: Run) -> None:
    assert run("ledger", "4711", "--pending").stdout == "Every won deal is booked.\n"
    (deal,) = set(told.harbor.values("ledger", "deal_id"))
    told.harbor.crm.update("deal", deal, {"amount": ""})
    told.settle()

    assert f"deal {deal}: The deal has no amount yet" in run("ledger", "4711", "--pending").stdout
    assert json.loads(run("ledger", "4711", "--pending", "--json").stdout)[0]["deal_id"] == deal
