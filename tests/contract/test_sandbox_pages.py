"""The local HubSpot in a browser: every page answers, hostile text stays text, and what the app writes arrives."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.contract.browsing import HOSTILE, SHOWN, a_hubspot, listing, path
from tests.sandbox import pages, town
from tests.sandbox.crm import HubSpot, Portal


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


def test_the_first_page_lets_one_choose_a_portal(browser: FlaskClient) -> None:
    page = browser.get("/").text
    assert "Harbor" in page
    assert "Orchard" in page
    assert page.count("is connected") == 1
    assert page.count("is not connected") == 1


@pytest.mark.parametrize("kind", SHOWN)
def test_every_list_and_every_first_record_answers(
    browser: FlaskClient, harbor: Portal, kind: str
) -> None:
    assert browser.get(listing(kind)).status_code == 200
    for record in harbor.all(kind)[:20]:
        page = browser.get(path(kind, record.id))
        assert page.status_code == 200
        assert "Second-order revenue" in page.text
        assert browser.get(path(kind, record.id, "ours")).status_code == 200


def test_lists_are_paged_and_a_page_too_far_is_the_last(
    browser: FlaskClient, harbor: Portal
) -> None:
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


def test_only_records_with_a_conclusion_are_listed_on_request(
    browser: FlaskClient, harbor: Portal
) -> None:
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


def test_a_record_of_one_portal_is_not_shown_in_the_other(
    browser: FlaskClient, harbor: Portal
) -> None:
    answer = harbor.all("feedback_submission")[0]
    assert (
        browser.get(path("feedback_submission", answer.id, portal_id=town.ORCHARD_ID)).status_code
        == 404
    )


def test_a_merged_away_id_leads_to_the_record_that_is_left(
    browser: FlaskClient, harbor: Portal
) -> None:
    one, other = harbor.all("contact")[:2]
    made = harbor.merge("contact", one.id, other.id)
    answer = browser.get(path("contact", other.id))
    assert answer.headers["Location"] == path("contact", made.id)


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
    values = {
        "second_order_source": "moved_champion",
        "second_order_share": "0.855",
        "second_order_amount": "84.6",
    }
    harbor.update("deal", deal.id, values, source=hubspot.app.source)
    after = browser.get(path("deal", deal.id, "ours")).get_json()
    assert "Nothing written yet." in before["ours"]
    assert after["stamp"] > before["stamp"]
    for words in ("Moved champion", "85.5 %", "84.60 USD"):
        assert words in after["ours"]


def test_a_tag_on_a_neighbour_is_seen_from_the_record(
    hubspot: HubSpot, browser: FlaskClient, harbor: Portal
) -> None:
    deal = next(one for one in harbor.all("deal") if harbor.associated("deal", one.id, "contact"))
    contact = next(iter(harbor.associated("deal", deal.id, "contact")))
    before = browser.get(path("contact", contact, "ours")).get_json()
    harbor.update("deal", deal.id, {"second_order_source": "referral"}, source=hubspot.app.source)
    after = browser.get(path("contact", contact, "ours")).get_json()
    assert after["stamp"] > before["stamp"]
    assert '<span class="chip ours">Referral</span>' in after["links"]


@pytest.mark.parametrize("kind", SHOWN)
def test_hostile_text_stays_text_on_every_page(
    browser: FlaskClient, harbor: Portal, kind: str
) -> None:
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
def test_odd_values_do_not_break_a_page(
    browser: FlaskClient, harbor: Portal, values: dict[str, str]
) -> None:
    deal = harbor.create("deal", values)
    assert browser.get(path("deal", deal.id)).status_code == 200
    assert browser.get(listing("deal")).status_code == 200


def test_a_record_with_very_many_links_shows_some_and_leads_to_all(
    browser: FlaskClient, harbor: Portal
) -> None:
    company = harbor.create("company", {"name": "Crowded"})
    for contact in harbor.all("contact")[:60]:
        harbor.associate("company", company.id, "contact", contact.id)
    assert "and 35 more" in browser.get(path("company", company.id)).text
    everything = browser.get(path("company", company.id) + "?all=contact").text
    assert not re.search(r"and [\d,]+ more", everything)
    assert everything.count('value="contact"><input type="hidden" name="other"') == 60


def test_history_is_shown_newest_first_with_its_sources(
    browser: FlaskClient, harbor: Portal
) -> None:
    contact = harbor.all("contact")[0]
    harbor.update("contact", contact.id, {"email": "later@later.example"})
    page = browser.get(path("contact", contact.id) + "?history=email").text
    history = page[page.index('class="history"') :]
    assert history.index("later@later.example") < history.index(contact.history["email"][1][1])
    assert "CRM_UI userId:88" in history


def test_pages_need_nothing_from_elsewhere(browser: FlaskClient, harbor: Portal) -> None:
    page = browser.get(path("contact", harbor.all("contact")[0].id)).text
    loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', page)
    assert set(loaded) == {"data:,", "/_pages/style.css"}
    style = browser.get("/_pages/style.css")
    assert style.mimetype == "text/css"
    assert "http" not in style.text
    assert "@import" not in style.text
