"""HubSpot's marketplace begins an install at our address, and gets its visitor back."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests

from integration.admin.return_addresses import hubspot_address, local_path
from tests.contract.visiting import HARBOR, ORCHARD, Town
from tests.waiting import PATIENCE

AUTHORIZE = "https://app.hubspot.com/oauth/authorize"
LISTING = "https://app.hubspot.com/ecosystem/4711/marketplace/apps?listing=77#reviews"


def marketplace(town: Town) -> str:
    """Press Install on the marketplace's page; the address it opens, as the browser sees it."""
    origin = town.runtime.settings.hubspot_api_url
    opened = requests.get(
        f"{origin}/marketplace/install", allow_redirects=False, timeout=PATIENCE
    ).headers["Location"]
    return opened.removeprefix(town.origin)


def test_the_install_button_of_the_marketplace_installs_in_one_go_and_ends_where_it_began(
    town: Town,
) -> None:
    visitor = town.visitor()

    done = visitor.get(visitor.ask(marketplace(town)))

    api = town.runtime.settings.hubspot_api_url
    assert (done.status_code, done.headers["Location"]) == (303, f"{api}/marketplace/installed")
    assert visitor.portal_id() == HARBOR
    assert "second_order_source" in town.harbor.definitions["deal"]
    assert "second_order_source" not in town.orchard.definitions["deal"]


@pytest.mark.parametrize("path", ["/oauth/callback?step=authorize&", "/install?"])
def test_an_install_ends_at_the_page_of_hubspot_that_it_came_from(town: Town, path: str) -> None:
    visitor = town.visitor()

    done = visitor.get(visitor.ask(f"{path}returnUrl={quote(LISTING, safe='')}"))

    assert done.headers["Location"] == LISTING


def test_a_visit_without_a_page_to_return_to_ends_at_the_account(town: Town) -> None:
    visitor = town.visitor()

    done = visitor.get(visitor.ask("/oauth/callback?step=authorize"))

    assert done.headers["Location"] == f"/portals/{HARBOR}/"


def test_what_the_marketplace_adds_to_its_visit_does_no_harm(town: Town) -> None:
    begun = town.visitor().get("/oauth/callback?step=authorize&state=of-the-marketplace&a=b")

    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"]
    assert (begun.status_code, len(state[0])) == (302, 43)


def test_the_visit_is_bound_to_its_browser_and_counts_once(town: Town) -> None:
    back = town.visitor().ask(marketplace(town))
    assert parse_qs(urlsplit(back).query)["state"]

    assert "another browser" in town.visitor().get(back).text
    assert town.harbor.definitions["deal"].keys() == town.orchard.definitions["deal"].keys()


def test_a_code_that_nobody_asked_for_is_not_used(town: Town) -> None:
    """Whoever could make a browser use a code of theirs would sign it in to their own account."""
    visitor = town.visitor()
    code = parse_qs(urlsplit(town.visitor().ask()).query)["code"][0]

    assert visitor.get(f"/oauth/callback?code={code}").status_code == 400
    begun = visitor.get(f"/oauth/callback?step=authorize&code={code}")

    assert (begun.status_code, urlsplit(begun.headers["Location"]).path) == (
        302,
        "/oauth/authorize",
    )
    assert code not in begun.headers["Location"]


def test_only_an_install_leads_out_of_our_pages(town: Town) -> None:
    town.visitor().install()

    done = town.visitor().sign_in(next_path=quote(LISTING, safe=""))

    assert done.headers["Location"] == f"/portals/{HARBOR}/"


@pytest.mark.parametrize(
    "address",
    [
        "https://app.hubspot.com/ecosystem/4711",
        "https://app-eu1.hubspot.com/integrations-settings/4711/installed",
        "https://ecosystem.hubspot.com/marketplace/apps?a=1&b=%40",
        "https://APP.HubSpot.com",
        "https://hubspot.com/",
    ],
)
def test_pages_of_hubspot_are_returned_to(address: str) -> None:
    assert hubspot_address(address, AUTHORIZE) == address


HOSTILE = (
    "https://evil.example/",
    "http://app.hubspot.com/",
    "//app.hubspot.com/",
    "//evil.example/",
    "/\\evil.example",
    "https:\\\\app.hubspot.com\\",
    "https://app.hubspot.com\\@evil.example/",
    "https://app.hubspot.com@evil.example/",
    "https://app.hubspot.com:word@evil.example/",
    "https://evil.example#app.hubspot.com",
    "https://evil.example?.hubspot.com",
    "https://app.hubspot.com.evil.example/",
    "https://evilhubspot.com/",
    "https://app-hubspot.com/",
    "https://hubspot.com.evil/",
    "https://app.hubspot.com:8443/",
    "https://app.hubspot.com\t.evil.example/",
    "https://evil.example\n.hubspot.com/",
    " https://app.hubspot.com/",
    "https://app.hubspot.com/\r\nSet-Cookie: a=b",
    "https://app.hubspot.com\u3002evil.example/",
    "https://evil.example%2f.hubspot.com/",
    "https://[::1].hubspot.com/",
    "https:///evil.example/.hubspot.com",
    "https:app.hubspot.com",
    "javascript://app.hubspot.com/%0aalert(1)",
    "data:text/html,https://app.hubspot.com/",
    "https://app.hubspot.com/" + "a" * 3000,
    "",
)


@pytest.mark.parametrize("address", HOSTILE, ids=ascii)
def test_other_places_are_not_returned_to(address: str) -> None:
    assert hubspot_address(address, AUTHORIZE) is None
    assert not address or local_path(address) is None


@pytest.mark.parametrize("path", ["/oauth/callback?step=authorize&", "/install?"])
def test_an_install_that_names_another_place_ends_at_the_account(town: Town, path: str) -> None:
    visitor = town.visitor()

    for place in (
        "https://app.hubspot.com.evil.example/",
        f"/portals/{ORCHARD}/",
        "//evil.example",
    ):
        done = visitor.get(visitor.ask(f"{path}returnUrl={quote(place, safe='')}"))
        assert done.headers["Location"] == f"/portals/{HARBOR}/"
