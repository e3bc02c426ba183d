"""What explain knows, arranged for people."""

from typing import Any

import pytest

from integration.pages import explanation_view
from integration.reports import revenue_total
from integration.reports.revenue_total import Total

NOTHING: dict[str, Any] = {
    "deals_by_source": {}, "total": revenue_total.as_json(Total("")), "people": [], "companies": [], "moves_by_status": {}, "home_currency": "",
    "unbalanced_deals": [],
}  # fmt: skip


def test_a_portal_without_anything_has_figures_of_nothing() -> None:
    found = explanation_view.home_figures(NOTHING)

    assert (found["deals"], found["derived_deals"], found["most"]) == (0, 0, 0)
    assert (found["total"]["is_known"], found["total"]["parts"]) == (False, [])


def test_the_total_is_told_by_its_parts_and_what_has_no_part_in_it_is_named() -> None:
    parts = {"moved_champion": "81.00", "referral": "0.00", "word_of_mouth": "-1.00"}
    said = {
        **revenue_total.as_json(Total("EUR")),
        "by_kind": parts,
        "first_order": "20.00",
        "unbooked": {"no_amount": 1, "no_currency": 0, "waiting": 2},
    }

    found = explanation_view.home_figures({**NOTHING, "total": said})["total"]

    assert found["parts"] == [
        ("Moved champion", "81.00"),
        ("Word of mouth", "-1.00"),
        ("Marketing and selling", "20.00"),
    ]
    assert found["left_out"] == ["1 deal without an amount", "2 deals not booked yet"]


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


@pytest.mark.parametrize(
    ("reasons", "lines"),
    [
        ("one", ["one"]),
        (["one", "one", "two"], ["one", "two"]),
        ([{"text": "a", "code": "x"}, {"kind": "k", "because": [{"text": "b"}]}], ["a", "b"]),
        (
            [
                {"health": {"contributions": [{"name": "open_ticket", "because": "none"}]}},
                {"health": {"contributions": [{"name": "sentiment", "because": ""}]}},
                {"champions_left": ["12>33:1>2"]},
            ],
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
