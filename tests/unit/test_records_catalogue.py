"""The catalogue, and everything generated from it."""

import json
from pathlib import Path
from typing import Any

import pytest

from mappings.records import access, activity_records, what_is_read
from mappings.records.catalogue import (
    PROPERTIES,
    WRITTEN_TYPES,
    own_names,
    own_properties,
)
from mappings.records.portal_map import PortalMap
from mappings.records.project import project_files
from mappings.records.properties import UPDATED_AT, OwnProperty
from tests.properties_page import PAGE, properties_page

ROOT = Path(__file__).parents[2]


def test_names_are_unique_and_recognisably_ours() -> None:
    names = [(one.object_type, one.name) for one in PROPERTIES]

    assert len(names) == len(set(names))
    assert all(one.name.startswith("second_order_") and one.name.islower() for one in PROPERTIES)
    assert all(one.label and one.description for one in PROPERTIES)


def test_every_type_says_when_it_was_updated() -> None:
    assert all("second_order_updated_at" in own_names(kind) for kind in WRITTEN_TYPES)
    assert [len(own_properties(kind)) for kind in WRITTEN_TYPES] == [15, 16, 15]


def test_every_property_we_create_is_filled_by_a_conclusion() -> None:
    concluding = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "integration" / "conclude").rglob("*.py")
    )
    concluding += f'"{UPDATED_AT}"' * ("UPDATED_AT: " in concluding)

    assert [prop.name for prop in PROPERTIES if f'"{prop.name}"' not in concluding] == []


def test_enumerations_have_choices_and_others_have_none() -> None:
    for one in PROPERTIES:
        body = one.definition()
        assert (one.type == "enumeration") == ("options" in body)
        assert body["formField"] is False


def test_money_of_a_deal_is_in_the_deals_currency() -> None:
    (amount,) = [one for one in PROPERTIES if one.name == "second_order_amount"]

    assert amount.definition()["currencyPropertyName"] == "deal_currency_code"
    assert amount.definition()["showCurrencySymbol"] is True


def the_source() -> OwnProperty:
    return next(one for one in PROPERTIES if one.name == "second_order_source")


def test_a_property_as_we_made_it_needs_no_repair() -> None:
    for one in PROPERTIES:
        assert one.drift(one.definition()) == {}


def test_a_reworded_label_stays_the_admins() -> None:
    assert (
        the_source().drift(the_source().definition() | {"label": "Herkunft", "description": ""})
        == {}
    )


def test_a_lost_option_comes_back_and_an_added_one_stays() -> None:
    ours: Any = the_source().definition()["options"]
    theirs = {"label": "Partner", "value": "partner", "hidden": False, "displayOrder": 0}
    found = [theirs, *[one for one in ours if one["value"] != "referral"]]

    patch: Any = the_source().drift(the_source().definition() | {"options": found})["options"]

    assert [one["value"] for one in patch] == [
        "partner",
        "moved_champion",
        "word_of_mouth",
        "several",
        "none",
        "referral",
    ]
    assert all(set(one) == {"label", "value", "hidden", "displayOrder"} for one in patch)


@pytest.mark.parametrize(
    ("change", "patch"),
    [
        ({"type": "string", "fieldType": "text"}, {"type": "enumeration", "fieldType": "select"}),
        ({"groupName": "other"}, {"groupName": "second_order"}),
        ({"hidden": True}, {"hidden": False}),
    ],
)
def test_what_drifted_is_repaired(change: dict[str, object], patch: dict[str, object]) -> None:
    assert the_source().drift(the_source().definition() | change) == patch


def test_the_project_on_disk_is_the_generated_one() -> None:
    folder = ROOT / "hubspot_project"
    on_disk = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.json")
    }

    assert on_disk == project_files()


def test_the_page_of_properties_is_the_generated_one() -> None:
    assert PAGE.read_text(encoding="utf-8") == properties_page()


def test_the_projects_addresses_are_where_we_can_be_reached() -> None:
    files = project_files("https://app.example.org/")
    app = json.loads(files["src/app/app-hsmeta.json"])["config"]
    hooks = json.loads(files["src/app/webhooks/webhooks-hsmeta.json"])["config"]

    assert app["auth"]["redirectUrls"] == ["https://app.example.org/oauth/callback"]
    assert hooks["settings"]["targetUrl"] == "https://app.example.org/webhooks/hubspot"
    assert hooks["settings"]["maxConcurrentRequests"] > 5


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example.org",
        "https://192.168.1.4",
        "https://[2001:db8::1]",
        "ftp://x.example",
        "app.example.org",
        "https://a.example/?x=1",
    ],
)
def test_hubspot_would_not_take_such_an_address(url: str) -> None:
    with pytest.raises(ValueError, match=r"HubSpot|public URL"):
        project_files(url)


def test_every_component_file_has_exactly_what_hubspot_reads() -> None:
    for path, text in project_files("http://localhost:8000").items():
        if path.endswith("-hsmeta.json"):
            assert set(json.loads(text)) == {"uid", "type", "config"}


def test_subscribed_objects_are_readable_by_required_scopes_alone() -> None:
    required = frozenset(context.name for context in access.REQUIRED_SCOPES)
    subscribed = {str(one["objectType"]) for one in access.subscriptions()["crmObjects"]}

    # Activities are read with the contacts' scope.
    assert {access.known_type(one) for one in subscribed} <= {
        *access.readable_types(required),
        *activity_records.TYPES,
    }
    assert len(access.subscriptions()["crmObjects"]) < 1000


def test_nothing_is_subscribed_twice() -> None:
    keys = [
        (one["subscriptionType"], one["objectType"], one.get("propertyName"))
        for one in access.subscriptions()["crmObjects"]
    ]

    assert len(keys) == len(set(keys))


def test_we_listen_only_to_what_we_read_and_never_to_ourselves() -> None:
    for one in access.subscriptions()["crmObjects"]:
        if name := one.get("propertyName"):
            assert name in what_is_read.READ[str(one["objectType"])]
            assert not str(name).startswith("second_order_")


def test_scopes_decide_what_is_imported() -> None:
    required = frozenset(context.name for context in access.REQUIRED_SCOPES)

    assert access.readable_types(required) == ("contact", "company", "deal")
    assert access.readable_types(required | {"tickets"})[-1] == "ticket"
    assert access.missing_scopes(required) == ()
    assert [one.name for one in access.missing_scopes(required - {"oauth"})] == ["oauth"]


def test_every_scope_has_its_reason() -> None:
    scopes = [*access.REQUIRED_SCOPES, *access.OPTIONAL_SCOPES]

    assert len({context.name for context in scopes}) == len(scopes)
    assert all(context.because.endswith(".") for context in scopes)


def test_what_no_reader_uses_is_not_asked_for() -> None:
    using = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("mappings/records", "integration")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "what_is_read.py"
    )
    asked_for = {name for names in what_is_read.READ.values() for name in names}

    assert {name for name in asked_for if f'"{name}"' not in using} == set()


def test_history_is_read_of_properties_we_read() -> None:
    for kind, names in what_is_read.HISTORY.items():
        assert set(names) <= set(PortalMap().read_properties(kind))


@pytest.mark.parametrize("written", ["contact", "CONTACT", "contacts", "0-1", " Contact "])
def test_a_type_has_many_spellings(written: str) -> None:
    assert access.known_type(written) == "contact"
    assert access.known_type("2-1") is None
