"""A setting names what the portal has, by its name or its label; anything else is refused by name."""

from dataclasses import replace
from typing import Any

import pytest

from mappings.records.portal_map import PortalMap, dump_portal_map, load_portal_map
from mappings.records.portal_words import PortalWords, checked, missing, words_of

WORDS = words_of(
    {
        "deal": [
            {"name": "amount", "label": "Amount", "type": "number"},
            {"name": "deal_value", "label": "Deal value", "type": "number"},
            {"name": "note", "label": "Note", "type": "string"},
            {"name": "second_order_amount", "label": "Second-order amount", "type": "number"},
            {"name": "dealtype", "label": "Deal type", "type": "enumeration",
             "options": [{"value": "renewal", "label": "Renewal"}]},
        ],
        "contact": [
            {"name": "hs_buying_role", "label": "Buying role", "type": "enumeration"},
            {"name": "who_sent", "label": "Who sent them?", "type": "string"},
            {"name": "gone", "label": "No longer there", "type": "enumeration",
             "options": [{"value": "a", "label": "Still there"}, {"value": "b", "label": "Red"}]},
        ],
        "company": [
            {"name": "lifecyclestage", "label": "Lifecycle stage", "type": "enumeration",
             "options": [{"value": "customer", "label": "Customer"},
                         {"value": "1234", "label": "Kunde"}]},
            {"name": "type", "label": "Type", "type": "enumeration",
             "options": [{"value": "PARTNER", "label": "Partner"}]},
            {"name": "seats", "label": "Seats in use", "type": "number"},
            {"name": "ends", "label": "Contract ends", "type": "date"},
        ],
    },
    {
        "deal": [{"id": "default", "label": "Sales", "stages": [
            {"id": "closedwon", "label": "Closed won"}, {"id": "777", "label": "Signed"}]}],
        "ticket": [{"id": "0", "label": "Support", "stages": [{"id": "4", "label": "Closed"}]}],
    },
    [{"typeId": 13, "label": "Referred by"}, {"typeId": 3, "label": None}],
)  # fmt: skip


def choose(**values: Any) -> tuple[PortalMap, dict[str, str]]:  # noqa: ANN401 - fields of several types
    """The map that comes of choosing these, and what was refused."""
    wanted = dump_portal_map(replace(PortalMap(), **values))
    found, problems = checked(wanted, PortalMap(), WORDS)
    return load_portal_map(found), problems


@pytest.mark.parametrize(
    "values",
    [
        {"amount_property": "deal_value"},
        {"included_pipelines": ("default",)},
        {"won_stages": ("closedwon", "777")},
        {"ticket_closed_stages": ("4",)},
        {"customer_stage": "1234"},
        {"agency_types": ("PARTNER",)},
        {"usage_property": "seats", "recurring_property": "seats"},
        # Once, one of deals was proposed.
        {"recurring_property": "deal_value", "recurring_on": "deal"},
        {"renewal_date_property": "ends", "milestone_property": "ends"},
        {"referred_by_labels": ("Referred by",)},
        {"referred_by_type_ids": (13,)},
        {"role_labels": (("Referred by", "champion"),)},
        {"texts": {"referred_by_property": ("who_sent",)}},
        {"staff_domains": ("anything.example",)},
    ],
)
def test_what_the_portal_has_is_taken_as_it_is(values: dict[str, Any]) -> None:
    assert choose(**values) == (replace(PortalMap(), **values), {})


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"amount_property": "Deal value"}, {"amount_property": "deal_value"}),
        ({"included_pipelines": ("sales",)}, {"included_pipelines": ("default",)}),
        ({"won_stages": ("Signed",)}, {"won_stages": ("777",)}),
        ({"customer_stage": "Kunde"}, {"customer_stage": "1234"}),
        ({"referred_by_labels": ("referred by",)}, {"referred_by_labels": ("Referred by",)}),
    ],
)
def test_a_label_stands_for_what_it_names(said: dict[str, Any], meant: dict[str, Any]) -> None:
    assert choose(**said) == (replace(PortalMap(), **meant), {})


@pytest.mark.parametrize(
    ("values", "setting", "sentence"),
    [
        (
            {"amount_property": "amout"},
            "amount_property",
            '"amout" is no number property of deals. Did you mean amount?',
        ),
        ({"amount_property": "note"}, "amount_property", '"note" is no number property of deals.'),
        ({"amount_property": "second_order_amount"}, "amount_property", "is no number property"),
        ({"included_pipelines": ("default", "old")}, "included_pipelines", '"old" is no deal'),
        ({"won_stages": ("won",)}, "won_stages", '"won" is no stage of this account'),
        ({"customer_stage": "client"}, "customer_stage", '"client" is no lifecycle stage'),
        ({"deal_renewal_types": ("upsell",)}, "deal_renewal_types", '"upsell" is no deal type'),
        (
            {"referred_by_labels": ("Refered by",)},
            "referred_by_labels",
            "Did you mean Referred by?",
        ),
        ({"referred_by_type_ids": (99,)}, "referred_by_type_ids", '"99" is no type id'),
        ({"role_labels": (("Boss", "champion"),)}, "role_labels", '"Boss" is no association label'),
        (
            {"texts": {"referred_by_property": ("nobody",)}},
            "referred_by_property",
            '"nobody" is no property of contacts',
        ),
    ],
)
def test_anything_else_is_refused_by_name(
    values: dict[str, Any], setting: str, sentence: str
) -> None:
    _, problems = choose(**values)

    assert list(problems) == [setting]
    assert sentence in problems[setting]


def test_what_stays_as_it_was_is_not_in_the_way_of_other_changes() -> None:
    before = PortalMap(amount_property="gone_since")

    wanted = dump_portal_map(replace(before, won_stages=("777",)))

    assert checked(wanted, before, WORDS)[1] == {}


def test_what_could_not_be_read_is_not_checked() -> None:
    wanted = PortalMap(amount_property="amout", won_stages=("won",), customer_stage="client")

    assert checked(dump_portal_map(wanted), PortalMap(), PortalWords())[1] == {}


def test_what_the_portal_lost_is_told() -> None:
    counting = PortalMap(amount_property="gone_since", customer_stage="customer")

    assert missing(counting, WORDS) == {
        "amount_property": '"gone_since" is no number property of deals.'
    }


@pytest.mark.parametrize(
    ("texts", "options", "read", "problem"),
    [
        ({"left_company_property": ("gone",)}, ("Red",), ("b",), ""),
        (
            {"left_company_property": ("gone",)},
            ("blue",),
            ("blue",),
            '"blue" is no option of gone.',
        ),
        ({"left_company_property": ("who_sent",)}, ("b",), ("b",), '"b" is no option of who_sent.'),
    ],
)
def test_options_that_mean_left_are_those_of_the_property_that_says_who_left(
    texts: dict[str, tuple[str, ...]], options: tuple[str, ...], read: tuple[str, ...], problem: str
) -> None:
    found, problems = choose(texts=texts, left_options=options)

    assert found.left_options == read
    assert problems.get("left_options", "") == problem
