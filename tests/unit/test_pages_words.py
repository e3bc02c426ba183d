"""How pages say money, times, counts and import progress."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from integration.ingest.backfill import Progress
from integration.pages import wording
from integration.storage.queue.import_runs import Stream


@pytest.mark.parametrize(
    ("minor", "currency", "said"),
    [
        (123456, "EUR", "€1,234.56"),
        (100000, "EUR", "€1,000.00"),
        (-5, "USD", "-$0.05"),
        (1234, "JPY", "¥1,234"),
        (1234567, "KWD", "KWD1,234.567"),
        (9007199254740993, "USD", "$90,071,992,547,409.93"),
        (12, "???", "12 ???"),
        (12, "", "12"),
        (12, None, "12"),
        (None, "EUR", "-"),
    ],
)
def test_minor_units_are_said_as_money(minor: int | None, currency: str | None, said: str) -> None:
    assert wording.money(minor, currency) == said


@pytest.mark.parametrize(
    ("major", "currency", "said"),
    [
        ("5155.12", "USD", "$5,155.12"),
        (Decimal("1e3"), "EUR", "€1,000.00"),
        ("nonsense", "EUR", "nonsense EUR"),
        ("NaN", "EUR", "NaN EUR"),
        ("1e400000", "EUR", "1e400000 EUR"),
        (None, "EUR", "None EUR"),
        ("5", "XXXX", "5 XXXX"),
        ("5", "", "5"),
    ],
)
def test_major_units_are_said_as_money_or_left_as_they_are(
    major: str | None, currency: str, said: str
) -> None:
    assert wording.amount(major, currency) == said


def test_shares_are_percentages_and_other_things_stay() -> None:
    assert [wording.percent(one) for one in (0.345, "0.828", None, "much")] == [
        "34%",
        "83%",
        "-",
        "much",
    ]


def test_times_are_said_as_how_long_ago() -> None:
    now = datetime.now(UTC)
    assert wording.ago(now - timedelta(minutes=3), now) == "3 minutes ago"
    assert wording.ago((now - timedelta(hours=2)).isoformat(), now) == "2 hours ago"
    assert wording.ago(None, now) == "never"
    assert wording.moment(datetime(2026, 3, 1, 9, 5, tzinfo=UTC)) == "2026-03-01 09:05 UTC"


def test_field_names_become_words() -> None:
    assert wording.plain("referred_by_property") == "Referred by"
    assert wording.source("word_of_mouth") == "Word of mouth"
    assert wording.source("something_new") == "something new"


def test_an_import_is_a_line_for_each_record_type_and_one_for_all_links() -> None:
    run = Progress(
        "import",
        running=True,
        streams=[
            Stream("records:contact", None, done=True, records=40, drift=0),
            Stream("records:deal", "x", done=False, records=0, drift=0),
            Stream("links:deal>contact", "x", done=False, records=7, drift=0),
            Stream("links:deal>company", None, done=True, records=5, drift=0),
        ],
    )

    assert [(one["label"], one["records"], one["state"]) for one in wording.lines(run)] == [
        ("contacts", 40, "done"),
        ("deals", 0, "idle"),
        ("links between them", 12, "busy"),
    ]
    assert wording.lines(None) == []


@pytest.mark.parametrize(
    ("number", "plural", "said"),
    [
        (1, "users", "1 user"),
        (1, "companies", "1 company"),
        (0, "contacts", "0 contacts"),
        (2579, "companies", "2,579 companies"),
    ],
)
def test_one_thing_is_no_plural(number: int, plural: str, said: str) -> None:
    assert wording.things(number, plural) == said
