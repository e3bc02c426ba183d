"""What explain knows, arranged for people."""

from decimal import Decimal
from typing import Any

import pytest

from integration.pages import explanation_view

NOTHING: dict[str, Any] = {
    "deals_by_source": {}, "totals": [], "people": [], "companies": [], "moves_by_status": {}, "home_currency": "",
    "unbalanced_deals": [],
}  # fmt: skip


def test_a_portal_without_anything_has_figures_of_nothing() -> None:
    found = explanation_view.home_figures(NOTHING)

    assert (found["deals"], found["derived_deals"], found["most"], found["totals"]) == (0, 0, 0, [])


def test_second_order_revenue_is_all_that_is_not_first_order_and_the_own_currency_comes_first() -> (
    None
):
    totals = [
        {
            "currency": "EUR",
            "won": "100.00",
            "won_deals": 9,
            "first_order": "60.01",
            "referral": "39.99",
        },
        {"currency": "USD", "won": "0.00", "won_deals": 1},
    ]

    found = explanation_view.home_figures({**NOTHING, "totals": totals, "home_currency": "USD"})[
        "totals"
    ]

    assert [one["currency"] for one in found] == ["USD", "EUR"]
    assert found[1]["second_order"] == Decimal("39.99")
    assert found[0]["share"] is None


def test_deals_nobody_stands_behind_do_not_scale_the_bars() -> None:
    found = explanation_view.home_figures(
        {**NOTHING, "deals_by_source": {"none": 900, "referral": 3, "something_new": 1}}
    )

    assert (found["deals"], found["derived_deals"], found["most"]) == (904, 4, 3)
    assert [one["label"] for one in found["sources"]] == [
        "Referral",
        "No customer behind it",
        "something new",
    ]


def test_a_line_about_a_deal_leads_to_the_deal() -> None:
    people = [
        {
            "contact_id": 5,
            "name": "",
            "revenue": "1.00",
            "deals": 1,
            "because": ["deal 12: she: did\nit", "otherwise"],
        }
    ]

    who = explanation_view.home_figures({**NOTHING, "people": people})["people"][0]

    assert who["name"] == "contact 5"
    assert who["because"] == [(12, "she: did\nit"), (None, "otherwise")]


@pytest.mark.parametrize(
    ("reasons", "lines"),
    [
        ("one", ["one"]),
        (["one", "one", "two"], ["one", "two"]),
        ([{"text": "a", "code": "x"}, {"kind": "k", "because": [{"text": "b"}]}], ["a", "b"]),
        (
            [{"health": {"contributions": [{"name": "open_ticket", "because": "none"}]}}],
            ["open ticket: none"],
        ),
        ([{"all_in": {"by_order": {"2": 5}}}, None, 7], []),
        ({}, []),
    ],
)
def test_sentences_are_found_in_reasons_of_any_shape(reasons: object, lines: list[str]) -> None:
    assert explanation_view.sentences(reasons) == lines


def test_reasons_without_end_have_an_end() -> None:
    deep: object = "at the bottom"
    for _ in range(500):
        deep = [deep]

    assert explanation_view.sentences(deep) == []


def test_values_are_shown_with_hubspots_labels() -> None:
    shown = explanation_view.values(
        "deal",
        {
            "second_order_source": "moved_champion", "second_order_share": "0.5", "second_order_amount": "10.00",
            "second_order_order": "", "not_ours": "x",
        },
        "EUR",
    )  # fmt: skip

    assert shown == [
        ("Second-order source", "Moved champion"),
        ("Second-order share", "50%"),
        ("Second-order amount", "€10.00"),
    ]


@pytest.mark.parametrize("host", ["", "evil.example/x", "javascript:alert(1)", "a b.example", None])
def test_no_link_is_made_of_a_host_that_is_none(host: str | None) -> None:
    assert explanation_view.in_hubspot({"ui_domain": host}, 1, "deal", 2) is None


def test_a_record_is_linked_in_hubspots_own_form() -> None:
    assert explanation_view.in_hubspot({"ui_domain": "app-eu1.hubspot.com"}, 1, "company", 2) == (
        "https://app-eu1.hubspot.com/contacts/1/record/0-2/2"
    )
