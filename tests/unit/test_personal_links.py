"""Personal links: what a code looks like, where a link may lead, and whose visits count."""

import random
import secrets
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.referrals import personal_links
from mappings.rules.text.folding import LONGEST


@given(st.integers(1, 10**15), st.integers())
def test_a_code_knows_its_account_and_nothing_of_a_person(portal_id: int, seed: int) -> None:
    code = personal_links.make_code(portal_id, random.Random(seed).choice)

    assert personal_links.portal_of(code) == portal_id
    assert personal_links.is_code(code)
    assert code == code.casefold()
    assert code.isalnum()
    assert len(code) <= 22 < LONGEST


def test_codes_are_short_and_never_the_same() -> None:
    codes = {personal_links.make_code(24_681_357, secrets.choice) for _ in range(5000)}

    assert len(codes) == 5000
    assert {len(code) for code in codes} == {16}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "../../etc",
        "b" * 9,
        "2" * 20,
        "b" * 60,
        "kq4xkq4xkq4xkq4é",
        "k q4xkq4xkq4xkq4x",
        "BKQ4XKQ4XKQ4XKQ4",
    ],
)
def test_what_has_not_the_shape_of_a_code_is_of_no_account(text: str) -> None:
    assert personal_links.portal_of(text) is None


@given(st.text(max_size=40))
def test_no_text_makes_reading_a_code_fail(text: str) -> None:
    number = personal_links.portal_of(text)
    assert number is None or number >= 0


@pytest.mark.parametrize(
    "address",
    [
        "https://www.example.com",
        "https://example.com/demo?plan=pro#form",
        "https://shop.example.co.uk:443/a%20b",
        "https://xn--mnchen-3ya.example/",
    ],
)
def test_a_link_leads_to_an_https_address_of_the_public_web(address: str) -> None:
    assert personal_links.target_trouble(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "http://www.example.com",
        "javascript:alert(1)",
        "data:text/html,hello",
        "//www.example.com",
        "www.example.com",
        "https://",
        "https:///path",
        "https://localhost/",
        "https://intranet/",
        "https://printer.local/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "https://example.com:8443/",
        "https://example.com:port/",
        "https://user:secret@example.com/",
        "https://user@example.com/",
        "https://www.example.com\\@evil.example/",
        "https://www.example.com/a b",
        "https://www.example.com/\r\nSet-Cookie: a=b",
        "https://münchen.example/",
        "https://example.com/" + "a" * 2000,
        "https://[broken/",
    ],
)
def test_what_is_no_such_address_is_refused_with_a_sentence(address: str) -> None:
    trouble = personal_links.target_trouble(address)
    assert trouble is not None
    assert ": " in trouble
    assert len(trouble) < 200


@pytest.mark.parametrize("name", ["referral_code", "ref", "Partner-Code2"])
def test_a_forms_field_is_filled_by_its_name(name: str) -> None:
    assert personal_links.parameter_trouble(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "utm_content",
        "UTM_Source",
        "gclid",
        "_hsmi",
        "hsa_cam",
        "2nd",
        "a b",
        "a&b=c",
        "é",
        "a" * 65,
    ],
)
def test_a_name_that_means_something_else_or_is_none_is_refused(name: str) -> None:
    assert personal_links.parameter_trouble(name) is not None


def test_the_code_arrives_by_utm_content_and_in_the_forms_own_field() -> None:
    target = "https://example.com/demo?plan=pro&utm_source=old&referral_code=old#form"

    led = personal_links.destination(
        target, "kq4xkqb4xkq4xkq4", campaign="spring & summer", parameter="referral_code"
    )

    parts = urlsplit(led)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == (
        "https",
        "example.com",
        "/demo",
        "form",
    )
    assert parse_qs(parts.query) == {
        "plan": ["pro"],
        "utm_source": ["referral"],
        "utm_medium": ["customer"],
        "utm_campaign": ["spring & summer"],
        "utm_content": ["kq4xkqb4xkq4xkq4"],
        "referral_code": ["kq4xkqb4xkq4xkq4"],
    }


@given(
    st.text(max_size=50),
    st.sampled_from(
        ["https://example.com", "https://example.com/a?b=&c", "https://example.com/?x=1#y?z=2"]
    ),
)
def test_whatever_a_campaign_is_called_the_link_stays_on_the_site(
    campaign: str, target: str
) -> None:
    led = personal_links.destination(target, "kq4xkqb4xkq4xkq4", campaign=campaign, parameter="ref")

    assert urlsplit(led).netloc == "example.com"
    assert urlsplit(led).fragment == urlsplit(target).fragment
    assert list(personal_links.codes_in(led)) == ["kq4xkqb4xkq4xkq4"]


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    "browser",
    [IPHONE, CHROME, "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"],
)
def test_who_follows_a_link_in_a_browser_is_a_visit(browser: str) -> None:
    assert personal_links.is_visit("GET", browser, "")


@pytest.mark.parametrize(
    ("method", "browser", "purpose"),
    [
        ("HEAD", CHROME, ""),
        ("POST", CHROME, ""),
        ("GET", CHROME, "prefetch"),
        ("GET", CHROME, "prefetch;prerender"),
        ("GET", IPHONE, "preview"),
        ("GET", "", ""),
        ("GET", "   ", ""),
        ("GET", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", ""),
        ("GET", "facebookexternalhit/1.1", ""),
        ("GET", "WhatsApp/2.23.20.0", ""),
        ("GET", "Slackbot-LinkExpanding 1.0", ""),
        ("GET", "LinkedInBot/1.0", ""),
        ("GET", "TelegramBot (like TwitterBot)", ""),
        ("GET", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/140.0", ""),
        ("GET", "curl/8.5.0", ""),
        ("GET", "python-requests/2.32", ""),
        ("GET", "Go-http-client/2.0", ""),
    ],
)
def test_who_only_looks_at_a_link_is_no_visit(method: str, browser: str, purpose: str) -> None:
    assert not personal_links.is_visit(method, browser, purpose)


@pytest.mark.parametrize(
    ("address", "codes"),
    [
        ("https://example.com/demo?referral_code=KQ4XKQB4XKQ4XKQ4", ["kq4xkqb4xkq4xkq4"]),
        (
            "https://example.com/demo?utm_content=kq4xkqb4xkq4xkq4&ref=kq4xkqb4xkq4xkq4",
            ["kq4xkqb4xkq4xkq4"],
        ),
        ("https://example.com/demo?utm_content=newsletter", []),
        ("https://example.com/kq4xkqb4xkq4xkq4", []),
        ("kq4xkqb4xkq4xkq4", []),
        ("https://example.com/?" + "&".join(f"a{n}=1" for n in range(200)), []),
        ("https://example.com/?a=%ff%00&b=;;", []),
    ],
)
def test_the_codes_in_an_address_are_found_whatever_they_are_called(
    address: str, codes: list[str]
) -> None:
    assert list(personal_links.codes_in(address)) == codes
