"""Host names and addresses: whose they are."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.facts import CompanyFacts
from mappings.rules.identity.companies import directory, of_email
from mappings.rules.text.address_kinds import clean_email, dns_form, domain_of, registrable


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
from mappings.rules.text.address_kinds import registrable
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
