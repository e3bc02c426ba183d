"""The local HubSpot in a browser: every page answers, the forms act as a user would, and hostile text stays text."""

import re
from collections.abc import Iterator

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mappings.records.catalogue import PROPERTIES
from tests.sandbox import pages, town
from tests.sandbox.crm import HubSpot, Portal
from tests.sandbox.properties import from_json
from tests.sandbox.records import TYPE_IDS
from tests.sandbox.server import start

HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"
SHOWN = ("contact", "company", "deal", "ticket", "feedback_submission")


@pytest.fixture
def hubspot() -> HubSpot:
    made = HubSpot()
    town.load(made, "shipped:0.05", orchard_scale=0.02)
    made.subscriptions.add_all(("contact", "company", "deal", "ticket"))
    made.install(town.HARBOR_ID)
    for one in PROPERTIES:
        made.portals[town.HARBOR_ID].definitions[one.object_type][one.name] = from_json(one.definition(), 0)
    return made


@pytest.fixture
def harbor(hubspot: HubSpot) -> Portal:
    return hubspot.portals[town.HARBOR_ID]


@pytest.fixture
def browser(hubspot: HubSpot) -> Iterator[FlaskClient]:
    with pages.application(hubspot).test_client() as client:
        yield client


def path(kind: str, record_id: int, act: str = "", portal_id: int = town.HARBOR_ID) -> str:
    return f"/contacts/{portal_id}/record/{TYPE_IDS[kind]}/{record_id}" + (f"/{act}" if act else "")


def listing(kind: str, query: str = "") -> str:
    return f"/contacts/{town.HARBOR_ID}/objects/{TYPE_IDS[kind]}{query}"


def told(hubspot: HubSpot, kind: str) -> list[dict[str, object]]:
    return [event for event in hubspot.queue if event["subscriptionType"].endswith(kind)]


def acted(answer: TestResponse) -> bool:
    return answer.status_code == 303


def test_the_first_page_lets_one_choose_a_portal(browser: FlaskClient) -> None:
    page = browser.get("/").text
    assert "Harbor" in page
    assert "Orchard" in page
    assert page.count("is connected") == 1
    assert page.count("is not connected") == 1


@pytest.mark.parametrize("kind", SHOWN)
def test_every_list_and_every_first_record_answers(browser: FlaskClient, harbor: Portal, kind: str) -> None:
    assert browser.get(listing(kind)).status_code == 200
    for record in harbor.all(kind)[:20]:
        page = browser.get(path(kind, record.id))
        assert page.status_code == 200
        assert "Second-order revenue" in page.text
        assert browser.get(path(kind, record.id, "ours")).status_code == 200


def test_lists_are_paged_and_a_page_too_far_is_the_last(browser: FlaskClient, harbor: Portal) -> None:
    last = -(-len(harbor.all("contact")) // 50)
    assert f"Page 1 of {last}" in browser.get(listing("contact")).text
    assert f"Page {last} of {last}" in browser.get(listing("contact", "?page=999999")).text
    assert "Page 1 of" in browser.get(listing("contact", "?page=-5")).text
    assert browser.get(listing("contact", "?page=x")).status_code == 200


def test_a_search_finds_by_address_and_by_id_and_says_when_there_is_nothing(
    browser: FlaskClient, harbor: Portal
) -> None:
    contact = harbor.all("contact")[3]
    for wanted in (contact.get("email").upper(), str(contact.id)):
        assert path("contact", contact.id) in browser.get(listing("contact", f"?q={wanted}")).text
    assert "Nothing found for “zzzz”" in browser.get(listing("contact", "?q=zzzz")).text


def test_only_records_with_a_conclusion_are_listed_on_request(browser: FlaskClient, harbor: Portal) -> None:
    one, other = harbor.all("deal")[:2]
    harbor.update("deal", one.id, {"second_order_source": "referral"})
    harbor.update("deal", other.id, {"second_order_source": "none"})
    page = browser.get(listing("deal", "?marked=1")).text
    assert path("deal", one.id) in page
    assert path("deal", other.id) not in page


def test_an_empty_portal_says_so(hubspot: HubSpot, browser: FlaskClient) -> None:
    hubspot.add_portal(5000, "Empty")
    page = browser.get("/contacts/5000/objects/0-1")
    assert page.status_code == 200
    assert "has no contacts yet" in page.text


@pytest.mark.parametrize(
    "address",
    [
        "/contacts/99/objects/0-1",
        f"/contacts/{town.HARBOR_ID}/objects/0-99",
        f"/contacts/{town.HARBOR_ID}/objects/0-5/new",
        path("contact", 5),
        path("contact", 5, "ours"),
        path("contact", 10**30),
        "/nothing",
    ],
)
def test_what_is_not_there_is_404(browser: FlaskClient, address: str) -> None:
    assert browser.get(address).status_code == 404


def test_a_record_of_one_portal_is_not_shown_in_the_other(browser: FlaskClient, harbor: Portal) -> None:
    answer = harbor.all("feedback_submission")[0]
    assert browser.get(path("feedback_submission", answer.id, portal_id=town.ORCHARD_ID)).status_code == 404


def test_a_merged_away_id_leads_to_the_record_that_is_left(browser: FlaskClient, harbor: Portal) -> None:
    one, other = harbor.all("contact")[:2]
    made = harbor.merge("contact", one.id, other.id)
    answer = browser.get(path("contact", other.id))
    assert answer.headers["Location"] == path("contact", made.id)


def test_a_changed_address_is_written_as_a_user_and_told_to_the_app(
    hubspot: HubSpot, browser: FlaskClient, harbor: Portal
) -> None:
    contact = harbor.all("contact")[0]
    answer = browser.post(path("contact", contact.id, "edit"), data={"email": "Moved@Elsewhere.example"})
    assert acted(answer)
    assert answer.headers["Location"].startswith(path("contact", contact.id) + "?since=")
    assert contact.history["email"][0][1:] == ("moved@elsewhere.example", "CRM_UI", "userId:88")
    assert [event["propertyName"] for event in told(hubspot, "propertyChange")] == ["email"]


def test_a_page_after_a_change_waits_for_the_app(browser: FlaskClient, harbor: Portal) -> None:
    contact = harbor.all("contact")[0]
    waiting = browser.get(path("contact", contact.id) + "?since=0").text
    calm = browser.get(path("contact", contact.id)).text
    assert re.search(r'id="waiting" role="status" >', waiting)
    assert re.search(r'id="waiting" role="status" hidden>', calm)
    assert "waiting for Second Order…" in waiting


def test_what_the_app_writes_arrives_in_the_box_with_a_new_stamp(
    hubspot: HubSpot, browser: FlaskClient, harbor: Portal
) -> None:
    deal = harbor.all("deal")[0]
    before = browser.get(path("deal", deal.id, "ours")).get_json()
    values = {"second_order_source": "moved_champion", "second_order_share": "0.855", "second_order_amount": "84.6"}
    harbor.update("deal", deal.id, values, source=hubspot.app.source)
    after = browser.get(path("deal", deal.id, "ours")).get_json()
    assert "Nothing written yet." in before["ours"]
    assert after["stamp"] > before["stamp"]
    for words in ("Moved champion", "85.5 %", "84.60 USD"):
        assert words in after["ours"]


def test_a_tag_on_a_neighbour_is_seen_from_the_record(hubspot: HubSpot, browser: FlaskClient, harbor: Portal) -> None:
    deal = next(one for one in harbor.all("deal") if harbor.associated("deal", one.id, "contact"))
    contact = next(iter(harbor.associated("deal", deal.id, "contact")))
    before = browser.get(path("contact", contact, "ours")).get_json()
    harbor.update("deal", deal.id, {"second_order_source": "referral"}, source=hubspot.app.source)
    after = browser.get(path("contact", contact, "ours")).get_json()
    assert after["stamp"] > before["stamp"]
    assert '<span class="chip ours">Referral</span>' in after["links"]


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
def test_an_amount_that_is_none_is_refused(browser: FlaskClient, harbor: Portal, amount: str) -> None:
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


def test_a_deal_is_won_reopened_and_lost_in_its_own_pipeline(browser: FlaskClient, harbor: Portal) -> None:
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


def test_another_primary_company_is_chosen_by_name(hubspot: HubSpot, browser: FlaskClient, harbor: Portal) -> None:
    contact = harbor.all("contact")[0]
    company = harbor.create("company", {"name": "Quite New", "domain": "quite-new.example"})
    hubspot.queue.clear()
    assert acted(browser.post(path("contact", contact.id, "company"), data={"company": "quite new"}))
    assert contact.get("associatedcompanyid") == str(company.id)
    assert told(hubspot, "associationChange")


def test_records_are_associated_with_a_label_and_parted(browser: FlaskClient, harbor: Portal) -> None:
    one = harbor.create("contact", {"email": "one@one.example"})
    two = harbor.create("contact", {"email": "two@two.example"})
    sent = {"kind": "contact", "other": "two@two.example", "label": "referred by"}
    assert acted(browser.post(path("contact", one.id, "associate"), data=sent))
    label = harbor.label("contact", "contact", "referred by")
    assert label.type_id in harbor.associated("contact", one.id, "contact")[two.id]
    assert "referred by" in browser.get(path("contact", one.id)).text

    assert acted(browser.post(path("contact", one.id, "dissociate"), data={"kind": "contact", "other": str(two.id)}))
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
    sent = {name: value.format(self=contact.id, company=company.id) for name, value in values.items()}
    answer = browser.post(path("contact", contact.id, act), data=sent)
    assert answer.status_code == 400
    assert 'class="problem"' in answer.text
    assert not hubspot.queue


def test_a_merge_leads_to_the_new_record(hubspot: HubSpot, browser: FlaskClient, harbor: Portal) -> None:
    one, other = harbor.all("contact")[:2]
    answer = browser.post(path("contact", one.id, "merge"), data={"other": other.get("email")})
    assert acted(answer)
    merged = harbor.survivor("contact", one.id)
    assert answer.headers["Location"].startswith(path("contact", merged))
    assert told(hubspot, "merge")


def test_a_deleted_record_is_said_to_be_in_the_bin(hubspot: HubSpot, browser: FlaskClient, harbor: Portal) -> None:
    deal = harbor.all("deal")[0]
    assert acted(browser.post(path("deal", deal.id, "delete")))
    page = browser.get(path("deal", deal.id))
    assert page.status_code == 404
    assert "recycle bin" in page.text
    assert told(hubspot, "deletion")


def test_a_person_is_deleted_for_privacy(hubspot: HubSpot, browser: FlaskClient, harbor: Portal) -> None:
    contact = harbor.all("contact")[0]
    assert acted(browser.post(path("contact", contact.id, "forget")))
    assert harbor.get("contact", contact.id) is None
    assert told(hubspot, "privacyDeletion")
    deal = harbor.all("deal")[0]
    assert browser.post(path("deal", deal.id, "forget")).status_code == 400


def test_an_answered_survey_stands_on_the_contact_and_as_a_submission(browser: FlaskClient, harbor: Portal) -> None:
    contact = harbor.all("contact")[0]
    before = len(harbor.all("feedback_submission"))
    assert acted(browser.post(path("contact", contact.id, "survey"), data={"score": "10", "comment": HOSTILE}))
    assert contact.get("hs_feedback_last_nps_rating") == "PROMOTER"
    assert len(harbor.all("feedback_submission")) == before + 1


def test_a_contact_and_its_deal_are_created(hubspot: HubSpot, browser: FlaskClient, harbor: Portal) -> None:
    company = harbor.create("company", {"name": "Fresh Firm"})
    new = browser.post(
        listing("contact", "/new"), data={"email": "new@fresh.example", "firstname": "Neo", "of_company": "fresh firm"}
    )
    assert acted(new)
    contact = harbor.find("contact", "email", "new@fresh.example")
    assert contact is not None
    assert contact.get("associatedcompanyid") == str(company.id)
    made = browser.post(
        listing("deal", "/new"), data={"dealname": "First", "amount": "10", "of_contact": "new@fresh.example"}
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


@pytest.mark.parametrize("kind", SHOWN)
def test_hostile_text_stays_text_on_every_page(browser: FlaskClient, harbor: Portal, kind: str) -> None:
    names = {"contact": "firstname", "company": "name", "deal": "dealname", "ticket": "subject"}
    name = names.get(kind, "hs_content")
    record = harbor.all(kind)[0]
    harbor.update(kind, record.id, {name: HOSTILE, "unknown_property": HOSTILE})
    neighbour = harbor.create("contact", {"lastname": HOSTILE, "email": "h@h.example"})
    if kind != "feedback_submission":
        harbor.associate(kind, record.id, "contact", neighbour.id)
    seen = [
        browser.get(path(kind, record.id)).text,
        browser.get(path(kind, record.id) + f"?history={HOSTILE}&all={HOSTILE}").text,
        browser.get(listing(kind, f"?q={HOSTILE}")).text,
        browser.get(path(kind, record.id, "ours")).get_json()["links"],
        browser.post(path(kind, record.id, "merge"), data={"other": HOSTILE}).text,
    ]
    for page in seen:
        assert "<script>alert" not in page
        assert "<img" not in page
    assert "&lt;script&gt;alert" in seen[0]


@pytest.mark.parametrize(
    "values",
    [
        {"amount": "1e400"},
        {"amount": "9" * 400},
        {"amount": "twelve"},
        {"closedate": "0001-01-01"},
        {"closedate": "9999-12-31T23:59:59Z"},
        {"closedate": "99999999999999999999"},
        {"closedate": "soon"},
        {"dealname": "\u202e \ud83d"},
        {"dealname": " "},
        {"hubspot_owner_id": "x"},
        {"dealstage": "gone", "pipeline": "gone"},
    ],
)
def test_odd_values_do_not_break_a_page(browser: FlaskClient, harbor: Portal, values: dict[str, str]) -> None:
    deal = harbor.create("deal", values)
    assert browser.get(path("deal", deal.id)).status_code == 200
    assert browser.get(listing("deal")).status_code == 200


def test_a_record_with_very_many_links_shows_some_and_leads_to_all(browser: FlaskClient, harbor: Portal) -> None:
    company = harbor.create("company", {"name": "Crowded"})
    for contact in harbor.all("contact")[:60]:
        harbor.associate("company", company.id, "contact", contact.id)
    assert "and 35 more" in browser.get(path("company", company.id)).text
    everything = browser.get(path("company", company.id) + "?all=contact").text
    assert not re.search(r"and [\d,]+ more", everything)
    assert everything.count('value="contact"><input type="hidden" name="other"') == 60


def test_history_is_shown_newest_first_with_its_sources(browser: FlaskClient, harbor: Portal) -> None:
    contact = harbor.all("contact")[0]
    harbor.update("contact", contact.id, {"email": "later@later.example"})
    page = browser.get(path("contact", contact.id) + "?history=email").text
    history = page[page.index('class="history"') :]
    assert history.index("later@later.example") < history.index(contact.history["email"][1][1])
    assert "CRM_UI userId:88" in history


def test_a_form_of_another_site_is_refused(hubspot: HubSpot, browser: FlaskClient, harbor: Portal) -> None:
    contact = harbor.all("contact")[0]
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post(path("contact", contact.id, "delete"), headers=headers).status_code == 403
    assert harbor.get("contact", contact.id) is contact
    assert not hubspot.queue


def test_pages_need_nothing_from_elsewhere(browser: FlaskClient, harbor: Portal) -> None:
    page = browser.get(path("contact", harbor.all("contact")[0].id)).text
    loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', page)
    assert set(loaded) == {"data:,", "/_pages/style.css"}
    style = browser.get("/_pages/style.css")
    assert style.mimetype == "text/css"
    assert "http" not in style.text
    assert "@import" not in style.text


def test_the_pages_are_served_beside_the_api(hubspot: HubSpot, harbor: Portal) -> None:
    with start(hubspot, pages=pages.application(hubspot)) as server:
        contact = harbor.all("contact")[0]
        page = requests.get(server.url + path("contact", contact.id), timeout=10)
        assert page.status_code == 200
        assert "Act as a HubSpot user" in page.text
        sent = requests.post(
            server.url + path("contact", contact.id, "edit"), data={"jobtitle": "Chief & <Co>"}, timeout=10
        )
        assert sent.status_code == 200
        assert "Chief &amp; &lt;Co&gt;" in sent.text
        api = requests.get(f"{server.url}/crm/objects/2026-03/contacts/{contact.id}", timeout=10)
        assert api.status_code == 401
    assert contact.get("jobtitle") == "Chief & <Co>"
