"""Acting as a HubSpot user in the browser: forms change what they say and tell the app, or refuse with a sentence."""

from collections.abc import Iterator

import pytest
import requests
from flask.testing import FlaskClient

from tests.contract.browsing import HOSTILE, a_hubspot, acted, listing, path, told
from tests.sandbox import pages, town
from tests.sandbox.crm import HubSpot, Portal
from tests.sandbox.server import start
from tests.waiting import PATIENCE


@pytest.fixture
def hubspot() -> HubSpot:
    return a_hubspot()


@pytest.fixture
def harbor(hubspot: HubSpot) -> Portal:
    return hubspot.portals[town.HARBOR_ID]


@pytest.fixture
def browser(hubspot: HubSpot) -> Iterator[FlaskClient]:
    with pages.application(hubspot).test_client() as client:
        yield client


def test_a_changed_address_is_written_as_a_user_and_told_to_the_app(
    hubspot: HubSpot, browser: FlaskClient, harbor: Portal
) -> None:
    contact = harbor.all("contact")[0]
    answer = browser.post(
        path("contact", contact.id, "edit"), data={"email": "Moved@Elsewhere.example"}
    )
    assert acted(answer)
    assert answer.headers["Location"].startswith(path("contact", contact.id) + "?since=")
    assert contact.history["email"][0][1:] == ("moved@elsewhere.example", "CRM_UI", "userId:88")
    assert [event["propertyName"] for event in told(hubspot, "propertyChange")] == ["email"]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"email": "no address"}, "is invalid"),
        ({"email": "{taken}"}, "already has the address"),
        ({"left_company": "perhaps"}, "boolean"),
    ],
)
def test_what_hubspot_would_refuse_is_refused_with_a_sentence(
    hubspot: HubSpot, browser: FlaskClient, harbor: Portal, values: dict[str, str], why: str
) -> None:
    contact, other = harbor.all("contact")[:2]
    sent = {name: value.format(taken=other.get("email")) for name, value in values.items()}
    answer = browser.post(path("contact", contact.id, "edit"), data=sent)
    assert answer.status_code == 400
    assert why in answer.text
    assert not hubspot.queue


@pytest.mark.parametrize("amount", ["1,000.50", "abc", "NaN", "1e400"])
def test_an_amount_that_is_none_is_refused(
    browser: FlaskClient, harbor: Portal, amount: str
) -> None:
    deal = harbor.all("deal")[0]
    before = deal.get("amount")
    assert browser.post(path("deal", deal.id, "edit"), data={"amount": amount}).status_code == 400
    assert deal.get("amount") == before


def test_an_amount_can_be_changed_and_cleared(browser: FlaskClient, harbor: Portal) -> None:
    deal = harbor.all("deal")[0]
    assert acted(browser.post(path("deal", deal.id, "edit"), data={"amount": "1250.50"}))
    assert deal.get("amount") == "1250.50"
    assert acted(browser.post(path("deal", deal.id, "edit"), data={"amount": ""}))
    assert harbor.value(deal, "amount") is None


def test_a_deal_is_won_reopened_and_lost_in_its_own_pipeline(
    browser: FlaskClient, harbor: Portal
) -> None:
    for deal in harbor.all("deal")[:6]:
        pipeline = deal.get("pipeline")
        for stage, name, value in (
            ("won", "hs_is_closed_won", "true"),
            ("open", "hs_is_closed", "false"),
            ("lost", "hs_is_closed_lost", "true"),
        ):
            assert acted(browser.post(path("deal", deal.id, "stage"), data={"stage": stage}))
            assert harbor.value(deal, name) == value
            assert deal.get("pipeline") == pipeline


def test_another_primary_company_is_chosen_by_name(
    hubspot: HubSpot, browser: FlaskClient, harbor: Portal
) -> None:
    contact = harbor.all("contact")[0]
    company = harbor.create("company", {"name": "Quite New", "domain": "quite-new.example"})
    hubspot.queue.clear()
    assert acted(
        browser.post(path("contact", contact.id, "company"), data={"company": "quite new"})
    )
    assert contact.get("associatedcompanyid") == str(company.id)
    assert told(hubspot, "associationChange")


def test_records_are_associated_with_a_label_and_parted(
    browser: FlaskClient, harbor: Portal
) -> None:
    one = harbor.create("contact", {"email": "one@one.example"})
    two = harbor.create("contact", {"email": "two@two.example"})
    sent = {"kind": "contact", "other": "two@two.example", "label": "referred by"}
    assert acted(browser.post(path("contact", one.id, "associate"), data=sent))
    label = harbor.label("contact", "contact", "referred by")
    assert label.type_id in harbor.associated("contact", one.id, "contact")[two.id]
    assert "referred by" in browser.get(path("contact", one.id)).text

    assert acted(
        browser.post(
            path("contact", one.id, "dissociate"), data={"kind": "contact", "other": str(two.id)}
        )
    )
    assert not harbor.associated("contact", one.id, "contact")


@pytest.mark.parametrize(
    ("act", "values"),
    [
        ("associate", {"kind": "contact", "other": "nobody@nowhere.example"}),
        ("associate", {"kind": "nonsense", "other": "1"}),
        ("associate", {"kind": "company", "other": "{company}", "label": "no such label"}),
        ("dissociate", {"kind": "company", "other": "x"}),
        ("merge", {"other": "{self}"}),
        ("merge", {"other": ""}),
        ("company", {"company": ""}),
        ("survey", {"score": "11"}),
        ("survey", {"score": "-1"}),
        ("survey", {}),
        ("stage", {"stage": "won"}),
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(
    hubspot: HubSpot, browser: FlaskClient, harbor: Portal, act: str, values: dict[str, str]
) -> None:
    contact, company = harbor.all("contact")[0], harbor.all("company")[0]
    sent = {
        name: value.format(self=contact.id, company=company.id) for name, value in values.items()
    }
    answer = browser.post(path("contact", contact.id, act), data=sent)
    assert answer.status_code == 400
    assert 'class="problem"' in answer.text
    assert not hubspot.queue


def test_a_merge_leads_to_the_new_record(
    hubspot: HubSpot, browser: FlaskClient, harbor: Portal
) -> None:
    one, other = harbor.all("contact")[:2]
    answer = browser.post(path("contact", one.id, "merge"), data={"other": other.get("email")})
    assert acted(answer)
    merged = harbor.survivor("contact", one.id)
    assert answer.headers["Location"].startswith(path("contact", merged))
    assert told(hubspot, "merge")


def test_a_deleted_record_is_said_to_be_in_the_bin(
    hubspot: HubSpot, browser: FlaskClient, harbor: Portal
) -> None:
    deal = harbor.all("deal")[0]
    assert acted(browser.post(path("deal", deal.id, "delete")))
    page = browser.get(path("deal", deal.id))
    assert page.status_code == 404
    assert "recycle bin" in page.text
    assert told(hubspot, "deletion")


def test_a_person_is_deleted_for_privacy(
    hubspot: HubSpot, browser: FlaskClient, harbor: Portal
) -> None:
    contact = harbor.all("contact")[0]
    assert acted(browser.post(path("contact", contact.id, "forget")))
    assert harbor.get("contact", contact.id) is None
    assert told(hubspot, "privacyDeletion")
    deal = harbor.all("deal")[0]
    assert browser.post(path("deal", deal.id, "forget")).status_code == 400


def test_an_answered_survey_stands_on_the_contact_and_as_a_submission(
    browser: FlaskClient, harbor: Portal
) -> None:
    contact = harbor.all("contact")[0]
    before = len(harbor.all("feedback_submission"))
    assert acted(
        browser.post(
            path("contact", contact.id, "survey"), data={"score": "10", "comment": HOSTILE}
        )
    )
    assert contact.get("hs_feedback_last_nps_rating") == "PROMOTER"
    assert len(harbor.all("feedback_submission")) == before + 1


def test_a_contact_and_its_deal_are_created(
    hubspot: HubSpot, browser: FlaskClient, harbor: Portal
) -> None:
    company = harbor.create("company", {"name": "Fresh Firm"})
    new = browser.post(
        listing("contact", "/new"),
        data={"email": "new@fresh.example", "firstname": "Neo", "of_company": "fresh firm"},
    )
    assert acted(new)
    contact = harbor.find("contact", "email", "new@fresh.example")
    assert contact is not None
    assert contact.get("associatedcompanyid") == str(company.id)
    made = browser.post(
        listing("deal", "/new"),
        data={"dealname": "First", "amount": "10", "of_contact": "new@fresh.example"},
    )
    assert acted(made)
    deal = harbor.find("deal", "dealname", "First")
    assert deal is not None
    assert list(harbor.associated("deal", deal.id, "contact")) == [contact.id]
    assert len(told(hubspot, "creation")) == 3


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("contact", {}),
        ("contact", {"email": "broken"}),
        ("contact", {"email": "ok@ok.example", "of_company": "there is none"}),
        ("deal", {"amount": "5"}),
    ],
)
def test_a_record_that_cannot_be_created_is_refused_and_the_form_keeps_what_was_typed(
    browser: FlaskClient, harbor: Portal, kind: str, values: dict[str, str]
) -> None:
    before = len(harbor.all(kind))
    assert browser.get(listing(kind, "/new")).status_code == 200
    answer = browser.post(listing(kind, "/new"), data=values)
    assert answer.status_code == 400
    assert len(harbor.all(kind)) == before
    for value in values.values():
        assert f'value="{value}"' in answer.text


def test_a_form_of_another_site_is_refused(
    hubspot: HubSpot, browser: FlaskClient, harbor: Portal
) -> None:
    contact = harbor.all("contact")[0]
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post(path("contact", contact.id, "delete"), headers=headers).status_code == 403
    assert harbor.get("contact", contact.id) is contact
    assert not hubspot.queue


def test_the_pages_are_served_beside_the_api(hubspot: HubSpot, harbor: Portal) -> None:
    with start(hubspot, pages=pages.application(hubspot)) as server:
        contact = harbor.all("contact")[0]
        page = requests.get(server.url + path("contact", contact.id), timeout=PATIENCE)
        assert page.status_code == 200
        assert "Act as a HubSpot user" in page.text
        sent = requests.post(
            server.url + path("contact", contact.id, "edit"),
            data={"jobtitle": "Chief & <Co>"},
            timeout=PATIENCE,
        )
        assert sent.status_code == 200
        assert "Chief &amp; &lt;Co&gt;" in sent.text
        api = requests.get(
            f"{server.url}/crm/objects/2026-03/contacts/{contact.id}", timeout=PATIENCE
        )
        assert api.status_code == 401
    assert contact.get("jobtitle") == "Chief & <Co>"
