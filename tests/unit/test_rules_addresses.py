"""Host names and addresses: whose they are."""

import subprocess
import sys
from pathlib import Path

import pytest
import tldextract
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.facts import CompanyFacts
from mappings.rules.identity.companies import directory, of_email, same_company
from mappings.rules.text import mail_hosts
from mappings.rules.text.address_kinds import clean_email, domain_of, is_free
from mappings.rules.text.domains import dns_form, registrable


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("mail.acme.example", "acme.example"),
        ("acme.de", "acme.de"),
        ("a.acme.co.uk", "acme.co.uk"),
        ("mail.acme.com.br", "acme.com.br"),
        ("ward.guys.nhs.uk", "guys.nhs.uk"),
        ("nhs.uk", "nhs.uk"),
        ("x.parliament.uk", "parliament.uk"),
        ("cs.uni-bonn.de", "uni-bonn.de"),
        ("mail.kyoto-u.ac.jp", "kyoto-u.ac.jp"),
        ("www.acme.chuo.tokyo.jp", "acme.chuo.tokyo.jp"),
        ("desk.acme.uk.com", "acme.uk.com"),
        ("acme.github.io", "acme.github.io"),
        ("shop.acme.xn--p1ai", "acme.xn--p1ai"),
        ("Mail.ACME.example.", "acme.example"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_the_registrable_domain_is_what_the_public_suffix_list_says(host: str, domain: str) -> None:
    assert registrable(host) == domain


def test_an_address_without_a_host_has_no_domain() -> None:
    assert domain_of("nobody") == ""


@pytest.mark.parametrize(
    ("domain", "email", "company"),
    [
        ("nhs.uk", "nurse@guys.nhs.uk", None),
        ("nhs.uk", "clerk@nhs.uk", 30),
        ("guys.nhs.uk", "nurse@ward.guys.nhs.uk", 30),
        ("github.io", "dev@acme.github.io", None),
        ("uk.com", "ana@acme.uk.com", None),
        ("acme.com.au", "ana@sydney.acme.com.au", 30),
    ],
)
def test_an_address_belongs_to_a_company_only_within_its_registrable_domain(
    domain: str, email: str, company: int | None
) -> None:
    known = directory([CompanyFacts(30, "Any", frozenset({domain}))])

    assert of_email(known, email) == company


def test_staff_is_known_by_its_registrable_domain() -> None:
    known = directory(
        [CompanyFacts(30, "We", frozenset({"we.co.uk"}))], own_domains=frozenset({"mail.we.co.uk"})
    )

    assert of_email(known, "ana@we.co.uk") is None


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        ("straße.de", "xn--strae-oqa.de"),
        ("STRAẞE.de", "xn--strae-oqa.de"),
        ("strasse.de", "strasse.de"),
        ("faß.at", "xn--fa-hia.at"),
        ("xn--fa-hia.at", "xn--fa-hia.at"),
        ("ὀδυσσεύς.gr", "xn--pxac3bcak3d8526a.gr"),
        ("نامه\u200cای.com", "xn--mgba3gch31f060k.com"),  # noqa: RUF001 - a joiner counts there
        ("mu\u0308nchen.example", "xn--mnchen-3ya.example"),
        ("日本語。jp", "xn--wgv71a119e.jp"),
        ("i❤.ws", "xn--i-7iq.ws"),
        ("😀.ws", "xn--e28h.ws"),
        ("mail_1.bücher.example", "mail_1.xn--bcher-kva.example"),
        ("foo_bär.example", "xn--foo_br-fua.example"),
        ("a\u200db.example", ""),
        ("\ud800.example", ""),
        ("ü" * 254, ""),
    ],
)
def test_a_host_name_has_one_form_however_it_is_written(written: str, wire: str) -> None:
    assert dns_form(written) == wire


@given(st.text(max_size=60))
def test_any_text_has_a_host_form_or_none(text: str) -> None:
    assert dns_form(text).isascii()


def test_an_address_in_a_text_meets_the_record_that_spells_its_host_for_the_wire() -> None:
    assert clean_email("ask Ana@Straße.de, please") == "ana@xn--strae-oqa.de"
    assert clean_email("ask ana@strasse.de, please") == "ana@strasse.de"


_WATCHED = """
import sys
did = []
def watch(event, args):
    if event in {"socket.connect", "socket.sendto", "socket.getaddrinfo", "os.mkdir", "os.rename"}:
        did.append(event)
    if event == "open" and args[1] is not None and args[1] not in {"r", "rb"}:
        did.append(f"{event} {args[0]}")
sys.dont_write_bytecode = True
sys.addaudithook(watch)
from mappings.rules.text.domains import registrable
assert registrable("ward.guys.nhs.uk") == "guys.nhs.uk"
print(did)
"""


def test_the_suffix_list_is_neither_fetched_nor_written_to_the_home_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED],
        cwd=Path(__file__).resolve().parents[2],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "host",
    [
        "gmail.com", "web.de", "gmx.at", "icloud.com", "proton.me", "qq.com", "mail.ru",
        "t-online.de", "btinternet.com", "privaterelay.appleid.com", "duck.com", "mozmail.com",
        "ukr.net", "tuta.com", "foxmail.com", "docomo.ne.jp", "yahoo.nl", "yahoo.com.ar",
        "yahoo.co.jp", "hotmail.ch", "hotmail.co.il", "live.fi", "live.com.pt", "outlook.cz",
        "outlook.com.tr", "gmx.li", "aol.jp", "yandex.com.ge", "mail.tuta.com",
        "pec.mail.yahoo.it", "tampabay.rr.com",
    ],
)  # fmt: skip
def test_private_mail_is_known_with_its_names_in_every_country(host: str) -> None:
    assert mail_hosts.is_private(host)
    assert is_free(f"ana@{host}")


@pytest.mark.parametrize(
    "host",
    [
        "acme.example", "appleid.com", "apple.com", "firefox.com", "facebook.com",
        "hotmail.acme.de", "yahoo-inc.com", "live.me", "outlook.io", "yahoo.systems",
        "nottuta.com", "co.uk", "guys.nhs.uk", "siemens.de", "volvo.se", "",
    ],
)  # fmt: skip
def test_hosts_of_companies_are_not_private(host: str) -> None:
    assert not mail_hosts.is_private(host)
    assert not is_free(f"ana@{host}")


@pytest.mark.parametrize(
    ("domain", "reason"),
    [
        ("acme.example", "the companies share a domain"),
        ("gmail.com", ""),
        ("post.club.example", ""),
    ],
)
def test_two_companies_that_name_a_private_host_as_their_domain_share_none(
    domain: str, reason: str
) -> None:
    pair = [
        CompanyFacts(30, "Zenit", frozenset({domain})),
        CompanyFacts(31, "Oak", frozenset({domain})),
    ]
    known = directory(pair, free_hosts=frozenset({"club.example"}))

    assert same_company(known, 30, 31) == reason


def test_a_throw_away_address_tells_no_employer_either() -> None:
    assert mail_hosts.is_disposable("mailinator.com")
    assert mail_hosts.is_disposable("x.mailinator.com")
    assert not mail_hosts.is_private("mailinator.com")
    assert is_free("ana@mailinator.com")


def test_a_portals_own_private_hosts_count_with_what_is_below_them() -> None:
    assert is_free("ana@post.club.example", frozenset({"club.example"}))
    assert not is_free("ana@myclub.example", frozenset({"club.example"}))


LISTS = Path(mail_hosts.__file__).parents[2] / "mail_hosts"


@pytest.mark.parametrize("name", ["private", "services", "disposable"])
def test_a_list_of_hosts_says_where_it_comes_from_and_is_in_order(name: str) -> None:
    text = (LISTS / f"{name}.txt").read_text("utf-8")
    remarks = [line for line in text.splitlines() if line.startswith("#")]
    hosts = [line for line in text.splitlines() if not line.startswith("#")]

    assert any("Source: " in line for line in remarks)
    assert any("Date: " in line for line in remarks)
    assert hosts == sorted(set(hosts))
    assert [host for host in hosts if host != dns_form(host)] == []


@pytest.mark.parametrize("name", ["private", "services", "disposable"])
def test_no_list_holds_an_ending_that_companies_register_below(name: str) -> None:
    suffixes = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
    hosts = (LISTS / f"{name}.txt").read_text("utf-8").splitlines()

    assert [host for host in hosts if host[0] != "#" and not suffixes(host).domain] == []
