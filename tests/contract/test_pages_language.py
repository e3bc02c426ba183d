"""The reader's language: chosen in the footer, kept by the browser, else what the browser asks."""

import re
from urllib.parse import quote

import pytest

from tests.contract.visiting import HARBOR, Town

DE = {"Accept-Language": "de-CH,de;q=0.9,en;q=0.5"}


def test_a_page_and_its_refusals_are_in_the_language_that_the_browser_asks_for(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()
    page = visitor.get(f"/portals/{HARBOR}/settings", **DE).text

    assert '<html lang="de" dir="ltr">' in page
    assert "<h1>Einstellungen</h1>" in page
    assert "Abmelden" in page
    refusal = visitor.get("/portals/1/", **DE).text
    assert "Hier ist nichts für Sie" in refusal
    assert f"Sie sind bei Account {HARBOR} angemeldet" in refusal


def test_a_link_in_the_footer_changes_the_language_of_this_browser_and_leads_back(
    town: Town,
) -> None:
    ada, bo = town.visitor(), town.visitor()
    page = ada.get("/help?from=mail").text
    link = re.search(r'<a href="([^"]+)" lang="de"', page)
    assert link is not None
    answer = ada.get(link[1].replace("&amp;", "&"))

    assert (answer.status_code, answer.location) == (303, "/help?from=mail")
    assert "<h1>Hilfe</h1>" in ada.get("/help", **{"Accept-Language": "en"}).text
    assert "<h1>Help</h1>" in bo.get("/help").text
    ada.get("/language/en")
    assert "<h1>Help</h1>" in ada.get("/help", **DE).text


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_link_leads_to_no_other_site(town: Town, place: str) -> None:
    answer = town.visitor().get(f"/language/de?next={quote(place)}")

    assert (answer.status_code, answer.location) == (303, "/")


def test_a_language_that_pages_do_not_speak_is_not_chosen(town: Town) -> None:
    answer = town.visitor().get("/language/xx")

    assert answer.status_code == 404
    assert "Set-Cookie" not in answer.headers
