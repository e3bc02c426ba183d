"""The reconciliation pages: who sees them, what they refuse, and that a month is closed and opened by permission."""

import csv
import io
import re
from html import unescape

import pytest
from openpyxl import load_workbook

from tests.contract.test_pages_found import HOSTILE, visitor
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor, hash_of

__all__ = ["visitor"]  # a fixture
PLACE = f"/portals/{HARBOR}/reconciliation"


def this_month(page: str) -> str:
    """The month in which the fixture's deal was won: that of the newest win on the overview."""
    (month,) = re.findall(r'from=(\d{4}-\d{2})-01&amp;to=[^"]*">\w+ \d{4}</a></th>', page)[-1:]
    return str(month)


@pytest.fixture
def month(visitor: Visitor) -> str:
    return this_month(visitor.get(f"/portals/{HARBOR}/overview?period=all").text)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def test_finance_sees_a_month_from_both_sides(visitor: Visitor, month: str) -> None:
    page = words(visitor.get(f"{PLACE}?month={month}").text)

    assert "€100.01 in HubSpot = €19.01 first order + €81.00 second order" in page
    assert "Every deal says the same on both sides" in page
    assert "Provisional" in page
    assert "The month is not over." in page


def test_the_changes_of_a_month_add_up_to_it(visitor: Visitor, month: str) -> None:
    page = visitor.get(f"{PLACE}/changes?month={month}").text

    assert "+€81.00 of second order and +€19.01 of first order in 1 deal" in words(page)
    assert HOSTILE not in page
    assert words(HOSTILE.partition("{{")[2])[:4] in words(page)


def test_without_a_month_the_last_that_is_over_is_shown_and_may_be_empty(
    visitor: Visitor,
) -> None:
    page = words(visitor.get(PLACE).text)

    assert "Nothing was won in" in page
    assert "The first month with a win" in page
    assert "Close " in page


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("?month=May", "'May' is no month; write it as 2026-05"),
        ("?month=0001-01", "choose one between 1900 and 2200"),
        ("?month=2026-13", "is no month"),
        ("/changes?after=nowhere", "That is no place in this list"),
        ("/changes?after=2026-05-01~7", "That is no place in this list"),
        ("/changes?month=x", "is no month"),
        ("/changes?period=x", "is no period"),
        ("/ledger.csv?month=x", "is no month"),
    ],
)
def test_an_address_made_up_by_hand_is_refused_in_a_sentence(
    visitor: Visitor,
    address: str,
    sentence: str,
) -> None:
    answer = visitor.get(f"{PLACE}{address}")

    assert answer.status_code == 400
    assert sentence in unescape(answer.text)


@pytest.mark.parametrize("page", ["", "/changes", "/ledger.csv"])
def test_the_books_of_another_account_are_not_there(visitor: Visitor, page: str) -> None:
    assert visitor.get(f"/portals/{ORCHARD}/reconciliation{page}").status_code == 404


def test_the_ledgers_rows_of_a_month_are_saved_safe_for_spreadsheets(
    visitor: Visitor,
    month: str,
) -> None:
    answer = visitor.get(f"{PLACE}/ledger.csv?month={month}")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.mimetype == "text/csv"
    assert [(row["kind"], row["amount"]) for row in rows] == [
        ("referral", "81.00"),
        ("first_order", "19.01"),
    ]


def test_the_deals_of_a_month_are_saved_from_both_sides_with_the_same_sums(
    visitor: Visitor,
    month: str,
) -> None:
    csv_answer = visitor.get(f"{PLACE}/statement.csv?month={month}")
    workbook = visitor.get(f"{PLACE}/statement.xlsx?month={month}")

    (row,) = csv.DictReader(io.StringIO(csv_answer.text))
    sums = [row[name] for name in ("hubspot", "first_order", "second_order", "second_order_home")]
    assert sums == ["100.01", "19.01", "81.00", "81.00"]
    assert row["deal_name"].startswith("<script>")
    book = load_workbook(io.BytesIO(workbook.data))
    (_, line) = book.worksheets[0].iter_rows(values_only=True)
    assert line[4:] == (100.01, 19.01, 81, 100.01, 19.01, 81)
    about = {name: value for name, value, *_ in book["About"].iter_rows(values_only=True)}
    assert (about["second_order_home"], about["month"]) == (81, month)


def test_an_admin_closes_a_month_and_opens_it_again_with_a_reason(
    town: Town,
    visitor: Visitor,
) -> None:
    page = visitor.get(PLACE).text
    (month,) = re.findall(r'name="month" value="(\d{4}-\d{2})"', page)[:1]

    assert visitor.press(f"{PLACE}/close", {"month": month, "reason": " "}).status_code == 400
    assert visitor.press(f"{PLACE}/close", {"month": month, "reason": HOSTILE}).status_code == 303
    closed = visitor.get(f"{PLACE}?month={month}").text
    assert HOSTILE not in closed
    assert "As originally reported, and as now known" in closed
    assert "closed, and all before it" in closed
    assert "you" in words(closed)
    assert (
        visitor.press(f"{PLACE}/reopen", {"month": month, "reason": "a late invoice"}).status_code
        == 303
    )
    opened = words(visitor.get(f"{PLACE}?month={month}").text)
    assert "a late invoice" in opened
    assert "opened, and all after it" in opened


def test_a_month_that_is_not_over_is_not_closed(
    town: Town,
    visitor: Visitor,
    month: str,
) -> None:
    before = hash_of(town)

    answer = visitor.press(f"{PLACE}/close", {"month": month, "reason": "too early"})

    assert answer.status_code == 400
    assert "is not over" in answer.text
    assert hash_of(town) == before
