"""The board's numbers of a portal, as the page, the files and the command tell them."""

import io
import json
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from html import unescape

import openpyxl
import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from commands.main import cli
from integration.core.environment import Settings
from integration.core.errors import Refused
from integration.reports import board as boards
from integration.reports import board_figures
from integration.reports.board import Board
from integration.reports.board_figures import Figure, Why
from integration.storage.success import cost_rows
from mappings.records.cost_entries import CostEntry
from mappings.rules.ledger.report_period import Period
from mappings.rules.success.lifetime_value import CostGap
from tests.contract.conclude_world import HARBOR, ORCHARD, WORDS, MirrorPortal
from tests.contract.record_world import Desk, Shown, counted, desk, written_by_hand
from tests.page_words import text_of

__all__ = ["desk"]  # a fixture

HERE = f"/portals/{HARBOR}"
MAP = replace(WORDS, recurring_property="arr")
# The pages' own clock is the real one: everything is long past, and the period is named.
PERIOD = Period(date(2026, 1, 1), date(2026, 6, 29), 0)
ASKED = "?from=2026-01-01&to=2026-06-29"


def a_customer(
    portal: MirrorPortal, number: int, *values: tuple[float, str], bought: float = 800
) -> None:
    portal.put("company", number, name=f"Customer {number}", arr=list(values))
    portal.deal(1000 + number, number, created=bought + 30, won=(bought, "5000.00"))


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    """A paid 10, pays 12; B 20, then 15; C 8, then nothing; D came later and pays 9 (thousands)."""
    portal = written_by_hand(desk, HARBOR)
    portal.install(MAP)
    portal.imported()
    a_customer(portal, 1, (700, "10000"), (100, "12000"))
    a_customer(portal, 2, (700, "20000"), (100, "15000"))
    a_customer(portal, 3, (700, "8000"), (100, ""))
    a_customer(portal, 4, (90, "9000"), bought=90)
    portal.settle()
    return portal


def found(portal: MirrorPortal) -> Board:
    return boards.of(portal.context, PERIOD)


def figures(portal: MirrorPortal) -> dict[tuple[str, str], Figure]:
    return {(one.key, one.source): one for one in board_figures.of(found(portal))}


def percent(figure: Figure) -> float:
    return round(float(figure.value or 0) * 100, 1)


def test_the_books_cohort_is_told_as_the_book_tells_it(harbor: MirrorPortal) -> None:
    told = figures(harbor)

    assert percent(told["net_retention", ""]) == 71.1
    assert percent(told["gross_retention", ""]) == 65.8
    assert told["net_retention", ""].size == 3
    assert told["net_retention", ""].interval is None, "three companies say nothing of chance"
    kept = found(harbor).recurring.retention
    assert (kept.start_minor, kept.expansion_minor, kept.contraction_minor, kept.lost_minor) == (
        3_800_000, 200_000, 500_000, 800_000,
    )  # fmt: skip
    assert kept.by_source == {"property": 3}


def test_new_customers_that_nobody_led_to_are_bought_growth(harbor: MirrorPortal) -> None:
    told = figures(harbor)

    assert told["earned_new", ""].value == 0
    assert percent(told["bought_new", ""]) == 23.7, "9 of 38"
    assert percent(told["total_growth", ""]) == -5.3
    assert told["earned_ratio", ""].why is Why.NOBODY


def test_a_customer_that_customers_led_to_is_earned_growth(harbor: MirrorPortal) -> None:
    share = lead_to(harbor, 4, 1)

    told = figures(harbor)

    assert float(told["earned_new", ""].value or 0) == pytest.approx(9 / 38 * share)
    word = found(harbor).bringing.word_of_mouth
    assert (word.brought, word.other_new) == ((1, 0) if share >= 0.5 else (0, 1))
    assert word.active_at_start == 3


def test_a_customer_by_stage_that_won_no_deal_is_bought_growth(harbor: MirrorPortal) -> None:
    harbor.install(replace(MAP, customer_stage="customer"))
    stages = [(90, "customer")]
    harbor.put("company", 9, name="Nine", arr=[(60, "3800")], lifecyclestage=stages)
    for number in (1, 2, 3, 4):
        harbor.put("company", number, name="x", lifecyclestage=[(790, "customer")],
                   arr=[(700, "10000")])  # fmt: skip
    harbor.settle()

    told = figures(harbor)

    assert told["net_retention", ""].value == 1
    assert percent(told["bought_new", ""]) == 9.5, "3,800 of 40,000, by nobody's help"
    assert found(harbor).recurring.came == 1


def lead_to(portal: MirrorPortal, company: int, by: int) -> float:
    """Somebody of one customer referred somebody of another before its deal; return the share."""
    portal.contact(10, by, firstname="Ana", lastname="Berg", email="ana@acme-tools.com")
    told = [(130, "ana@acme-tools.com")]
    portal.contact(
        20, company, firstname="Bo", lastname="Li", email="bo@bolt-works.com", referred_by=told
    )
    portal.link("deal", 1000 + company, "contact", 20)
    portal.settle()
    share = portal.kept("source", deal_id=1000 + company)[0]["share"] / 10**12
    assert share > 0
    return float(share)


def test_costs_that_nobody_entered_are_missing_and_never_zero(harbor: MirrorPortal) -> None:
    told = figures(harbor)

    cost = told["acquisition_cost", "first_order"]
    assert (cost.value, cost.why) == (None, Why.COSTS_MISSING)
    assert cost.months[0] == "2025-12", "a month earlier: deals take 30 days"
    assert told["value_by_cost", "all"].value is None


def test_a_cost_is_held_against_the_customers_that_came_a_sales_cycle_later(
    harbor: MirrorPortal,
) -> None:
    for number in (5, 6, 7):
        a_customer(harbor, number, (60, "6000"), bought=60)
    harbor.settle()
    spend(harbor, "first_order", "market", 40_000, months=6)

    told = figures(harbor)

    cost = told["acquisition_cost", "first_order"]
    assert cost.value == 60_000
    assert cost.size == 4
    assert cost.why is None
    assert told["lifetime_value", "all"].size == 7
    ratio = told["value_by_cost", "all"].value
    assert ratio == Fraction(int(told["lifetime_value", "all"].value or 0), 60_000)


def spend(
    portal: MirrorPortal, source: str, part: str, minor: int, *, months: int, currency: str = "USD"
) -> None:
    first = date(2025, 12, 1)
    days = [(first + timedelta(days=31 * n)).replace(day=1) for n in range(months)]
    entries = [CostEntry(on, source, part, minor, currency, minor, currency) for on in days]
    with portal.context.transaction() as tx:
        cost_rows.add(tx, entries, by="test")


def test_under_three_customers_no_cost_of_one_is_told(harbor: MirrorPortal) -> None:
    spend(harbor, "first_order", "market", 100, months=6)

    costs = found(harbor).costs

    assert costs.acquisitions["first_order"].gaps == (CostGap.NOT_ENOUGH,)
    assert costs.acquisitions["first_order"].one_minor is None


def test_costs_in_what_was_once_the_accounts_currency_do_not_count(harbor: MirrorPortal) -> None:
    spend(harbor, "first_order", "market", 100, months=6, currency="EUR")

    costs = found(harbor).costs

    assert costs.basis.other_currency == 6
    assert len(costs.acquisitions["first_order"].missing) == 6


def test_a_margin_counts_once_it_is_confirmed(harbor: MirrorPortal) -> None:
    before = figures(harbor)["lifetime_value", "all"].value
    harbor.install(MAP, {"gross_margin": 500_000, "gross_margin_confirmed": True})

    after = figures(harbor)["lifetime_value", "all"].value

    assert float(after or 0) * 2 == pytest.approx(float(before or 0), abs=2)
    assert found(harbor).costs.is_margin_confirmed


def test_a_contract_that_ended_is_churn_within_the_year(harbor: MirrorPortal) -> None:
    churn = found(harbor).costs.values[""].churn

    assert churn.left == 1
    assert 30 < churn.months < 40


def test_champions_who_moved_long_ago_are_counted_with_their_deals(harbor: MirrorPortal) -> None:
    harbor.company(50, "Acme", "acme-tools.com")
    harbor.company(60, "Zenit", "zenit-labs.com")
    told = [(1500, "priya@acme-tools.com"), (600, "priya@zenit-labs.com")]
    harbor.contact(70, 60, firstname="Priya", lastname="Raman", email=told)
    harbor.deal(80, 50, 70, created=1400, won=(1300, "10000.00"))
    harbor.deal(81, 60, 70, created=500, won=(450, "40000.00"))
    harbor.settle()

    returning = found(harbor).bringing.returning

    assert (returning.part, returning.of) == (1, 1)


def test_nothing_of_harbor_is_in_orchards_numbers(desk: Desk, harbor: MirrorPortal) -> None:
    orchard = written_by_hand(desk, ORCHARD)
    orchard.install(MAP)

    empty = figures(orchard)

    assert {one.value for one in empty.values()} == {None}
    assert all(one.why is not None for one in empty.values())


def test_the_numbers_cost_as_many_queries_for_any_number_of_customers(
    harbor: MirrorPortal,
) -> None:
    few = statements(harbor)
    for number in range(100, 140):
        a_customer(harbor, number, (500, "6000"))
    harbor.settle()

    assert statements(harbor) == few


def statements(portal: MirrorPortal) -> int:
    with counted(portal.database) as said:
        found(portal)
    return len(said)


# The page, its files, and the rows behind it.


def test_the_page_tells_each_number_with_what_it_rests_on(desk: Desk, harbor: MirrorPortal) -> None:
    page = Shown.of(desk, f"{HERE}/board{ASKED}")

    for words in (
        "71.05%", "65.79%", "3 companies", "indicative: it rests on few", "Revenue LTV",
        "Costs missing: December 2025", "assumption, not a finding", "the mapped property (3)",
        "By version", "Too few to compare",
    ):  # fmt: skip
        assert words in page.text, words
    assert "rule of thumb" not in page.text, "no ratio, no reference"


def test_every_number_leads_to_the_companies_it_counts(desk: Desk, harbor: MirrorPortal) -> None:
    page = Shown.of(desk, f"{HERE}/board{ASKED}")
    address = next(link for link in page.links() if "/board/rows/cohort" in link)

    rows = Shown.of(desk, address)

    assert "Customer 3" in rows.text.split("Customer 2")[0], "the largest loss first"
    assert "Customer 4" not in rows.text
    assert "Customer 4" in Shown.of(desk, f"{HERE}/board/rows/came{ASKED}").text
    assert desk.get(f"{HERE}/board/rows/nobody").status_code == 400
    assert desk.get(f"{HERE}/board/rows/cohort?after=x").status_code == 400


def test_the_rule_of_thumb_is_held_against_bought_customers_only(
    desk: Desk, harbor: MirrorPortal
) -> None:
    for number in (5, 6, 7):
        a_customer(harbor, number, (60, "6000"), bought=60)
    harbor.settle()
    spend(harbor, "first_order", "market", 40_000, months=6)

    text = Shown.of(desk, f"{HERE}/board{ASKED}").text

    assert text.count("rule of thumb") == 1
    assert "above 5: a rule of thumb says that more could be spent" in text


def test_the_plan_is_worked_out_from_what_was_typed(desk: Desk, harbor: MirrorPortal) -> None:
    usual = Shown.of(desk, f"{HERE}/board{ASKED}").part("plan").text
    typed = Shown.of(desk, f"{HERE}/board{ASKED}&moved=0&years=3&told=50").part("plan").text
    odd = Shown.of(desk, f"{HERE}/board{ASKED}&moved=nan&years=x&told=1e999").part("plan").text

    assert "$5,000.00" in usual
    assert "$8,066.66" in usual
    assert "$7,500.00" in typed
    assert "Observed in the year" in odd


def test_the_files_tell_what_the_page_tells(desk: Desk, harbor: MirrorPortal) -> None:
    said = json.loads(desk.get(f"{HERE}/board.json{ASKED}").text)
    lines = desk.get(f"{HERE}/board.csv{ASKED}").text.splitlines()
    book = openpyxl.load_workbook(io.BytesIO(desk.get(f"{HERE}/board.xlsx{ASKED}").data))

    by_key = {(one["figure"], one["source"]): one for one in said["figures"]}
    assert by_key["net_retention", ""]["value"] == 0.710526
    assert by_key["start_value", ""]["value"] == 38000
    assert by_key["net_retention", ""]["to"] == "2026-06-29"
    assert said["basis"]["currency"] == "USD"
    assert lines[1].startswith("net_retention,,Net revenue retention (NRR),0.710526,percent,")
    assert len(lines) == len(said["figures"]) + 1
    assert book.worksheets[0]["D2"].value == 0.710526
    assert [row[0].value for row in book["About"].iter_rows()][:2] == ["period", "from"]
    assert desk.get(f"{HERE}/board.json?from=x").status_code == 400


def test_orchard_is_nobody_elses(desk: Desk, harbor: MirrorPortal) -> None:
    for path in ("board", "board.json", "board/rows/cohort", "costs"):
        assert desk.get(f"/portals/{ORCHARD}/{path}").status_code in {403, 404}, path


def test_an_empty_account_is_told_so(desk: Desk) -> None:
    written_by_hand(desk, HARBOR)

    page = Shown.of(desk, f"{HERE}/board")

    assert "No recurring value is known at the start of the year" in page.text
    assert "As soon as customers have paid something" in page.text


def test_one_customer_is_told_as_one(desk: Desk) -> None:
    portal = written_by_hand(desk, HARBOR)
    portal.install(MAP)
    a_customer(portal, 1, (700, "10000"))
    portal.settle()

    page = Shown.of(desk, f"{HERE}/board{ASKED}")

    assert "100.00%" in page.text
    assert "1 company" in page.text


# Costs


def post(desk: Desk, path: str, **fields: object) -> TestResponse:
    csrf = desk.get(f"{HERE}/costs").text.split('name="csrf" value="')[1].split('"')[0]
    return desk.client.post(
        f"{HERE}/costs{path}",
        data={"csrf": csrf, **fields},
        base_url="http://127.0.0.1:8000",
        headers={"Origin": "http://127.0.0.1:8000"},
    )


ENTRY = {"month": "2026-05", "source": "referral", "part": "program", "amount": "1200.50"}


def counting(portal: MirrorPortal) -> list[tuple[str, str, str, int]]:
    with portal.context.transaction() as tx:
        return [(str(e.month), e.source, e.part, e.minor) for e in cost_rows.counting(tx)]


def test_an_entry_is_kept_and_a_later_one_takes_its_place(desk: Desk, harbor: MirrorPortal) -> None:
    assert post(desk, "", **ENTRY).status_code == 303
    assert post(desk, "", **{**ENTRY, "amount": "0"}).status_code == 303
    assert post(desk, "", **{**ENTRY, "amount": "0"}).status_code == 303

    page = Shown.of(desk, f"{HERE}/costs").text

    assert harbor.values("cost", "minor") == [120_050, 0], "the same again says nothing new"
    assert counting(harbor) == [("2026-05-01", "referral", "program", 0)]
    assert "$1,200.50" in page, "what was there before stays as history"


def test_an_entry_is_taken_back_and_counts_no_longer(desk: Desk, harbor: MirrorPortal) -> None:
    post(desk, "", **ENTRY)
    key = {name: ENTRY[name] for name in ("month", "source", "part")}

    assert post(desk, "/take-back", **key).status_code == 303
    assert counting(harbor) == []
    assert "taken back" in Shown.of(desk, f"{HERE}/costs").text
    assert post(desk, "/take-back", **key).status_code == 400, "it is gone already"


def test_other_money_is_converted_once_at_the_rate_that_was_written(
    desk: Desk, harbor: MirrorPortal
) -> None:
    refused = post(desk, "", **{**ENTRY, "currency": "EUR"})
    kept = post(desk, "", **{**ENTRY, "currency": "EUR", "rate": "1.10"})

    assert refused.status_code == 400
    assert "EUR is not the account's currency: write at what rate it was paid" in text_of(
        refused.text
    )
    assert kept.status_code == 303
    assert counting(harbor)[0][3] == 132_055


TABLE = """Month;Source;Part;Amount
2026-04;referral;program;"1.200,50"
2026-05;referral;program;-1
2026-04;referral;program;7
2026-05;=cmd;people;5
2026-05;shared;people;8000
"""


def test_a_table_is_looked_at_before_anything_is_kept(desk: Desk, harbor: MirrorPortal) -> None:
    sent = (io.BytesIO(TABLE.encode("cp1252")), "costs.csv")

    page = post(desk, "/table", file=sent)

    assert counting(harbor) == []
    for words in (
        "A cost is not below zero", "It says again what line 2 says", '"=cmd" is no source',
        "Keep 2 entries", "$1,200.50",
    ):  # fmt: skip
        assert words in text_of(page.text), words
    table = unescape(page.text.split('name="table" value="')[1].split('">')[0])
    assert post(desk, "/save", table=table).status_code == 303
    assert [row[3] for row in counting(harbor)] == [800_000, 120_050]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "The table is empty"),
        ("a,b\n1,2", "The first line must name the columns"),
        ("month,source,part,amount\n" + "x,y,z,1\n" * 5001, "5000 can be read at once"),
    ],
    ids=["nothing", "other columns", "too much"],
)
def test_what_is_no_such_table_is_refused_by_name(
    desk: Desk, harbor: MirrorPortal, table: str, words: str
) -> None:
    answer = post(desk, "/table", table=table)

    assert answer.status_code == 400
    assert words in text_of(answer.text)


def test_months_without_an_entry_are_named(desk: Desk, harbor: MirrorPortal) -> None:
    for month in ("2026-01", "2026-03"):
        post(desk, "", **{**ENTRY, "month": month})

    assert "February 2026" in Shown.of(desk, f"{HERE}/costs").text


def test_an_admin_confirms_the_gross_margin_where_costs_are(
    desk: Desk, harbor: MirrorPortal
) -> None:
    assert "Nobody confirmed it yet" in Shown.of(desk, f"{HERE}/costs").text
    assert [post(desk, "/margin", margin=odd).status_code for odd in ("0", "101", "x", "")] == [
        400, 400, 400, 400,
    ]  # fmt: skip
    assert post(desk, "/margin", margin="75").status_code == 303

    assert "75% of revenue is left" in Shown.of(desk, f"{HERE}/costs").text
    assert found(harbor).costs.is_margin_confirmed
    assert "Revenue LTV" not in Shown.of(desk, f"{HERE}/board{ASKED}").text


def test_the_command_tells_the_same_figures(settings: Settings, harbor: MirrorPortal) -> None:
    environment = {
        "DATA_DIR": str(settings.data_dir), "DATABASE_URL": str(settings.database_url),
        "REDIS_URL": str(settings.redis_url), "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": ",".join(settings.token_keys), "LOG_LEVEL": "ERROR", "COLUMNS": "160",
    }  # fmt: skip
    asked = ["board", str(HARBOR), "--from", "2026-01-01", "--to", "2026-06-29"]

    told = CliRunner().invoke(cli, [*asked, "--json"], env=environment)
    shown = CliRunner().invoke(cli, asked, env=environment)
    refused = CliRunner().invoke(cli, [*asked, "--json", "--csv"], env=environment)

    assert json.loads(told.output)["figures"][0]["value"] == 0.710526
    assert "71.05%" in shown.output
    assert isinstance(refused.exception, Refused)
