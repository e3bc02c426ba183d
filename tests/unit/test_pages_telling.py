"""What explain knows, arranged for people."""

import pytest

from integration.pages import explanation_view, overview_view
from integration.reports import revenue_total
from integration.reports.revenue_total import Total


def test_the_total_is_told_by_who_holds_it_and_what_has_no_part_in_it_is_named() -> None:
    said = {
        **revenue_total.as_json(Total("EUR")),
        "by_holder": {"company": "81.00", "pool": "0.00", "person": "-1.00"},
        "unbooked": {"no_amount": 1, "no_currency": 0, "waiting": 2},
    }

    found = overview_view.total_view(said)

    assert found["held"] == [("companies", "81.00"), ("people without a company", "-1.00")]
    assert found["left_out"] == ["1 deal without an amount", "2 deals not booked yet"]
    assert not overview_view.total_view(revenue_total.as_json(Total("")))["is_known"]


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
