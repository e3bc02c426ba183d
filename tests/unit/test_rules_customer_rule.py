"""Whether the lifecycle stage and won deals agree about customers, and whether the stage's dates can be believed."""

from datetime import UTC, datetime, timedelta

import pytest

from mappings.rules.facts import Version
from mappings.rules.success.customer_rule import (
    CustomerCounts,
    StageDates,
    customer_stage,
    stage_dates,
)

INSTALLED = datetime(2026, 6, 1, 12, tzinfo=UTC)


def reached(days: int, source: str = "CRM_UI", *, minutes: int = 0) -> tuple[Version, ...]:
    at = INSTALLED - timedelta(days=days, minutes=minutes)
    return (Version("lead", at - timedelta(days=9)), Version("customer", at, source))


@pytest.mark.parametrize(
    ("companies", "by_stage", "by_both", "is_disputed"),
    [
        (1000, 0, 0, False),
        (1000, 19, 0, False),
        (1000, 20, 0, True),
        (380, 19, 0, True),
        (381, 19, 0, False),
        (1000, 100, 90, True),
        (1000, 100, 91, False),
        (10, 1, 0, True),
        (10, 1, 1, False),
        (0, 0, 0, False),
    ],
)
def test_a_stage_in_use_is_disputed_when_one_in_ten_never_bought(
    companies: int, by_stage: int, by_both: int, is_disputed: bool
) -> None:
    assert CustomerCounts(companies, by_stage, 50, by_both).is_disputed == is_disputed


@pytest.mark.parametrize("source", ["IMPORT", "CRM_UI_BULK_ACTION", "BATCH_UPDATE"])
def test_what_hubspot_calls_an_edit_of_many_is_one(source: str) -> None:
    assert stage_dates([reached(9, source)], "customer", INSTALLED) == StageDates(1, 1, 0)


@pytest.mark.parametrize(("companies", "in_bulk"), [(9, 0), (10, 10)])
def test_ten_companies_in_one_minute_were_moved_by_no_hand(companies: int, in_bulk: int) -> None:
    histories = [reached(9) for _ in range(companies)]

    assert stage_dates(histories, "customer", INSTALLED).in_bulk == in_bulk


def test_a_stage_set_at_the_install_or_since_has_no_date() -> None:
    histories = [reached(0), reached(-1), (), (Version("lead", INSTALLED),)]

    assert stage_dates(histories, "customer", INSTALLED) == StageDates(4, 0, 4)


def test_the_first_time_in_the_stage_counts() -> None:
    back = (*reached(90, "CRM_UI"), *reached(9, "IMPORT"))

    assert stage_dates([back], "customer", INSTALLED).in_bulk == 0


@pytest.mark.parametrize(
    ("by_hand", "in_bulk", "undated", "are_believed"),
    [(5, 5, 0, True), (4, 5, 0, False), (5, 3, 2, True), (5, 3, 3, False), (0, 0, 1, False)],
)
def test_dates_are_believed_unless_most_are_missing_or_of_bulk(
    by_hand: int, in_bulk: int, undated: int, are_believed: bool
) -> None:
    dates = StageDates(by_hand + in_bulk + undated, in_bulk, undated)

    assert dates.are_believed == are_believed


@pytest.mark.parametrize(
    "label",
    [
        "Kunde",
        "Client",
        "Clientes",
        "Aktiver Kunde",
        "Cliente ativo",
        "Active customer",
        "CUSTOMERS",
    ],
)
def test_an_accounts_own_stage_is_known_by_its_label_in_any_language(label: str) -> None:
    companies = {"lead": 400, "101": 50, "102": 9}
    labels = {"lead": "Lead", "101": label, "102": "Ehemaliger Kunde"}

    assert customer_stage(companies, labels) == "101"


@pytest.mark.parametrize("label", ["Former customer", "Lost client", "Kein Kunde", "Customer fit"])
def test_a_stage_that_only_speaks_of_customers_is_none(label: str) -> None:
    assert customer_stage({"101": 50}, {"101": label}) == "customer"


def test_hubspots_own_stage_comes_first_where_it_is_used() -> None:
    labels = {"customer": "Won account", "101": "Customer"}

    assert customer_stage({"customer": 1, "101": 50}, labels) == "customer"
    assert customer_stage({"101": 50}, labels) == "101"
    assert customer_stage({}, labels) == "customer"
