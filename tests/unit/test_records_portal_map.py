"""A portal's map: stored, checked, and guessed with reasons."""

from collections.abc import Mapping
from typing import Any

import pytest
from marshmallow import ValidationError

from mappings.records.map_guesses import detect
from mappings.records.portal_map import PortalMap, dump_portal_map, load_portal_map
from mappings.records.what_is_read import HISTORY


def a_property(
    name: str, label: str = "", kind: str = "string", **more: object
) -> dict[str, object]:
    return {"name": name, "label": label or name, "type": kind, "hubspotDefined": False} | more


def detected(
    properties: Mapping[str, list[dict[str, object]]] | None = None, **more: object
) -> tuple[PortalMap, dict[str, str]]:
    given: dict[str, Any] = {"pipelines": {}, "labels": [], "owners": []} | more
    portal_map, reasons = detect(properties or {}, **given)
    return portal_map, {one.name: one.because for one in reasons}


def test_a_map_survives_storing() -> None:
    harbor = PortalMap(
        included_pipelines=("default",),
        texts={"referred_by_property": ("referred_by",), "told_properties": ("notes", "story")},
        role_labels=(("Champion", "CHAMPION"),),
        referred_by_type_ids=(71,),
        home_currency="EUR",
        home_country="DE",
    )

    assert load_portal_map(dump_portal_map(harbor)) == harbor
    assert load_portal_map({}) == PortalMap()


def test_settings_of_a_newer_version_do_not_hurt() -> None:
    assert load_portal_map({"something_new": 1}) == PortalMap()


@pytest.mark.parametrize(
    "wrong",
    [
        {"won_rule": "by name"},
        {"referred_by_property": "no such; name"},
        {"referred_by_property": "a\n"},
        {"home_currency": "euro"},
        {"home_country": "UK"},
        {"recurring_on": "ticket"},
        {"role_labels": [["only one"]]},
        {"amount_property": None},
        {"staff_domains": "acme.example"},
        {"referred_by_type_ids": ["x"]},
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        load_portal_map(wrong)

    assert set(caught.value.messages) == set(wrong)


def test_mapped_properties_are_read_with_history_where_time_matters() -> None:
    harbor = PortalMap(
        texts={"referred_by_property": ("ref_by",)},
        recurring_property="arr",
        renewal_date_property="renews",
    )

    assert "ref_by" in harbor.read_properties("contact")
    assert harbor.history_properties("contact") == (*HISTORY["contact"], "ref_by")
    assert {"arr", "renews"} <= set(harbor.read_properties("company"))
    assert "arr" not in harbor.read_properties("deal")
    assert harbor.history_properties("deal") == ()


def test_the_portals_own_properties_are_found_with_a_reason() -> None:
    portal_map, because = detected(
        {
            "contact": [
                a_property("ref_contact", "Referred by"),
                a_property("how_did_you_hear", "How did you hear about us?"),
                a_property("hs_buying_role", "Buying role", "enumeration", hubspotDefined=True),
                a_property("left_company_date", kind="date"),
            ],
            "company": [
                a_property("renewal_date", "Renewal date", "date"),
                a_property("arr", "ARR", "number"),
            ],
        }
    )

    assert portal_map.texts == {
        "referred_by_property": ("ref_contact",),
        "heard_from_property": ("how_did_you_hear",),
        "left_company_property": ("left_company_date",),
    }
    assert portal_map.renewal_date_property == "renewal_date"
    assert (portal_map.recurring_property, portal_map.recurring_on) == ("arr", "company")
    assert because["referred_by_property"] == '"Referred by" seems to tell who referred a contact.'


def test_an_empty_portal_maps_nothing_and_says_so() -> None:
    portal_map, because = detected()

    assert portal_map == PortalMap(buying_role_property=None)
    assert (
        because["referred_by_property"]
        == "No contact property seems to tell who referred a contact."
    )
    assert all(because.values())


def test_every_choice_is_a_part_of_the_map() -> None:
    _, because = detected()

    assert set(because) <= set(dump_portal_map(PortalMap()))


@pytest.mark.parametrize(
    "definition",
    [
        a_property("referred_by", kind="number"),
        a_property("referred_by", archived=True),
        a_property("referred_by", hidden=True),
        a_property("second_order_referred_by"),
        a_property("hs_analytics_first_referrer", "Referrer"),
        a_property("preferred_by"),
    ],
)
def test_what_only_looks_like_it_is_not_taken(definition: dict[str, object]) -> None:
    portal_map, _ = detected({"contact": [definition]})

    assert portal_map.texts == {}


def test_the_portals_own_goes_before_hubspots() -> None:
    both = [a_property("a_referred_by", hubspotDefined=True), a_property("z_referred_by")]

    assert detected({"contact": both})[0].texts == {"referred_by_property": ("z_referred_by",)}


def test_labels_that_name_a_referrer() -> None:
    labels = [
        ("contact", "contact", {"category": "USER_DEFINED", "typeId": 71, "label": "Referred by"}),
        ("contact", "contact", {"category": "USER_DEFINED", "typeId": 72, "label": "Referred"}),
        ("deal", "contact", {"category": "USER_DEFINED", "typeId": 73, "label": "Decision maker"}),
        ("contact", "company", {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}),
        ("contact", "company", {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}),
    ]

    portal_map, _ = detected(labels=labels)

    assert (portal_map.referred_by_labels, portal_map.referred_by_type_ids) == (
        ("Referred by",),
        (71,),
    )


def test_staff_and_ticket_stages_and_currency() -> None:
    stages = [
        {"id": "1", "metadata": {"ticketState": "OPEN"}},
        {"id": "4", "metadata": {"ticketState": "CLOSED"}},
        {"id": "5"},
    ]

    portal_map, because = detected(
        owners=[{"email": "Bo@Harbor.example"}, {"email": None}, {"email": "cy@harbor.example"}],
        pipelines={"ticket": [{"id": "0", "stages": stages}], "deal": [{"id": "default"}]},
        home_currency="EUR",
        home_country="DE",
    )

    assert portal_map.staff_domains == ("harbor.example",)
    assert portal_map.ticket_closed_stages == ("4",)
    assert portal_map.home_currency == "EUR"
    assert because["included_pipelines"].startswith("All 1 deal pipelines")
