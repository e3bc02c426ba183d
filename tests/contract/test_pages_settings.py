"""The Settings page in two browsers: whoever saves second is told, and what both typed is kept."""

import re
import threading
from collections.abc import Iterator
from html import unescape

import pytest
from werkzeug.test import TestResponse

from integration.admin import policies
from integration.portal import settings
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime
from integration.portal.settings import PortalSettings
from mappings.records.portal_map import WITHOUT_EFFECT
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor, opened

SETTINGS = f"/portals/{HARBOR}/settings"
_INPUT = r'<input [^>]*name="(\w+)" value="([^"]*)"'
_AREA = r'<textarea [^>]*name="(\w+)"[^>]*>\n?([^<]*)</textarea>'
_CHOICE = r'<select [^>]*name="(\w+)">.*?<option value="(\w+)" selected>.*?</select>'


@pytest.fixture
def town(runtime: Runtime) -> Iterator[Town]:
    with opened(runtime) as built:
        for name in ("adas_field", "bos_field"):
            built.harbor.define_property("contact", name)
        yield built


@pytest.fixture
def ada(town: Town) -> Visitor:
    town.visitor().install(ORCHARD)
    visitor = town.visitor()
    visitor.install()
    return visitor


@pytest.fixture
def bo(town: Town, ada: Visitor) -> Visitor:
    visitor = town.visitor()
    visitor.sign_in()
    return visitor


def form_on(page: TestResponse) -> dict[str, str]:
    """The settings form as a browser sends it."""
    text = page.text.partition('class="map"')[2].partition("</form>")[0]
    pairs: list[tuple[str, str]] = []
    for fields in (_INPUT, _AREA, _CHOICE):
        pairs += re.findall(fields, text, re.DOTALL)
    return {name: unescape(value) for name, value in pairs}


def field_on(page: TestResponse, name: str) -> str:
    """One field with its label and what is said about it."""
    before, _, after = page.text.partition(f'<label for="f-{name}">')
    return unescape(before.rpartition("<div")[2] + after.partition("</div>")[0])


def settings_of(town: Town, portal_id: int = HARBOR) -> PortalSettings:
    with town.runtime.database.portal(portal_id) as tx:
        return settings.read(tx)


def test_the_second_admin_is_told_and_keeps_their_input(
    town: Town, ada: Visitor, bo: Visitor
) -> None:
    of_ada, of_bo = form_on(ada.get(SETTINGS)), form_on(bo.get(SETTINGS))
    of_ada |= {"heard_from_property": "adas_field", "staff_domains": "ada.example"}
    of_bo |= {"heard_from_property": "bos_field", "agency_types": "PARTNER"}
    assert ada.press(SETTINGS, of_ada).status_code == 303

    refused = bo.press(SETTINGS, of_bo)

    assert refused.status_code == 409
    text = unescape(refused.text)
    assert "How they heard of you, last in version 2 by admin@harbor.example on " in text
    assert "Nothing of yours was saved; look at it and save again." in text
    assert "Somebody else made this: adas_field." in field_on(refused, "heard_from_property")
    assert "wrong" in field_on(refused, "heard_from_property")
    shown = form_on(refused)
    assert shown["heard_from_property"] == "bos_field"
    assert shown["agency_types"].strip() == "PARTNER"
    assert shown["staff_domains"].strip() == "ada.example", "what bo left alone is ada's now"
    assert settings_of(town).map.texts["heard_from_property"] == ("adas_field",)

    assert bo.press(SETTINGS, shown).status_code == 303
    now = settings_of(town).map
    assert now.texts["heard_from_property"] == ("bos_field",)
    assert (now.agency_types, now.staff_domains) == (("PARTNER",), ("ada.example",))
    assert settings_of(town, ORCHARD).version == 1


def test_of_two_presses_at_once_one_is_refused(town: Town, ada: Visitor, bo: Visitor) -> None:
    forms = {ada: form_on(ada.get(SETTINGS)), bo: form_on(bo.get(SETTINGS))}
    tokens = {ada: ada.csrf(), bo: bo.csrf()}
    together = threading.Barrier(2)
    answers: list[int] = []

    def save(visitor: Visitor, value: str) -> None:
        form = forms[visitor] | {"heard_from_property": value}
        together.wait(10)
        answers.append(visitor.press(SETTINGS, form, csrf=tokens[visitor]).status_code)

    saves = ((ada, "adas_field"), (bo, "bos_field"))
    threads = [threading.Thread(target=save, args=each) for each in saves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(answers) == [303, 409]
    assert settings_of(town).version == 2


def test_changes_of_different_fields_both_count(town: Town, ada: Visitor, bo: Visitor) -> None:
    of_ada, of_bo = form_on(ada.get(SETTINGS)), form_on(bo.get(SETTINGS))
    ada.press(SETTINGS, of_ada | {"heard_from_property": "adas_field"})

    saved = bo.press(SETTINGS, of_bo | {"staff_domains": "bo.example"})

    assert saved.status_code == 303
    assert "both changes count" in bo.get(saved.headers["Location"]).text
    now = settings_of(town).map
    assert (now.texts["heard_from_property"], now.staff_domains) == (
        ("adas_field",),
        ("bo.example",),
    )


def test_a_policy_changed_while_the_page_is_open_is_kept(town: Town, ada: Visitor) -> None:
    form = form_on(ada.get(SETTINGS))
    with open_portal(town.runtime, HARBOR) as context:
        policies.change(context, {"move_to_deal_days": "1000"}, actor="bo", reason="long cycles")

    saved = ada.press(SETTINGS, form | {"heard_from_property": "adas_field"})

    assert saved.status_code == 303
    now = settings_of(town)
    assert (now.policy.move_to_deal_days, now.map.texts["heard_from_property"]) == (
        1000,
        ("adas_field",),
    )


def test_a_corrected_mistake_still_meets_what_others_changed(ada: Visitor, bo: Visitor) -> None:
    of_ada, of_bo = form_on(ada.get(SETTINGS)), form_on(bo.get(SETTINGS))
    mistaken = bo.press(SETTINGS, of_bo | {"heard_from_property": "no such name!"})
    assert mistaken.status_code == 422
    ada.press(SETTINGS, of_ada | {"heard_from_property": "adas_field"})

    corrected = form_on(mistaken) | {"heard_from_property": "bos_field"}

    assert bo.press(SETTINGS, corrected).status_code == 409


@pytest.mark.parametrize("number", ["9", "-1", "x", "1" * 30, "²", "1.0"])
def test_a_form_of_no_known_version_is_refused(town: Town, ada: Visitor, number: str) -> None:
    answer = ada.press(SETTINGS, {"version": number, "heard_from_property": "adas_field"})

    assert answer.status_code == 400
    assert settings_of(town).version == 1


def test_the_page_offers_nothing_that_changes_nothing(ada: Visitor) -> None:
    offered = set(form_on(ada.get(SETTINGS)))

    assert "heard_from_property" in offered
    assert not offered & WITHOUT_EFFECT


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        (
            "amount_property",
            "amout",
            '"amout" is no number property of deals. Did you mean amount?',
        ),
        ("amount_property", "dealname", '"dealname" is no number property of deals.'),
        ("heard_from_property", "nobodys_field", '"nobodys_field" is no property of contacts.'),
        ("included_pipelines", "default\nold", '"old" is no deal pipeline of this account.'),
        ("won_stages", "signed", '"signed" is no stage of this account\'s deals.'),
        ("customer_stage", "client", '"client" is no lifecycle stage of this account.'),
        ("referred_by_labels", "sent by", '"sent by" is no association label of this account.'),
    ],
)
def test_what_the_account_does_not_have_is_refused_by_name(
    town: Town, ada: Visitor, field: str, value: str, sentence: str
) -> None:
    refused = ada.press(SETTINGS, form_on(ada.get(SETTINGS)) | {field: value})

    assert refused.status_code == 422
    assert sentence in field_on(refused, field)
    assert settings_of(town).version == 1


def test_a_label_is_saved_as_the_name_it_stands_for(town: Town, ada: Visitor) -> None:
    town.harbor.define_property("deal", "deal_value", "number", label="Deal value")

    saved = ada.press(SETTINGS, form_on(ada.get(SETTINGS)) | {"amount_property": "Deal value"})

    assert saved.status_code == 303
    assert settings_of(town).map.amount_property == "deal_value"
