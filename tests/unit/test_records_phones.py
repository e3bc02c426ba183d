"""Telephone numbers as people type them, in the one form that compares."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.records.phones import phone, phones
from mappings.records.portal_map import PortalMap
from mappings.records.readers import contact_facts
from mappings.records.rows import Record
from mappings.rules.facts import ContactFacts
from mappings.rules.identity.frequencies import Frequencies
from mappings.rules.identity.match_weights import weigh
from mappings.rules.policy import DEFAULT

THEN = datetime(2024, 1, 5, tzinfo=UTC)
BRITISH = PortalMap(home_country="GB")


def a_contact_with(number: str, portal_map: PortalMap, contact_id: int = 1) -> ContactFacts:
    record = Record("contact", contact_id, {"mobilephone": number, "phone": number}, {}, THEN, THEN)
    return contact_facts(record, portal_map)


@pytest.mark.parametrize(
    "written",
    [
        "+44 7700 900333",
        "+44 (0)7700 900333",
        "+4407700900333",
        "0044 (0) 7700-900.333",
        "07700 900333",
        "(07700) 900333",
        "44 7700 900333",
        "tel:+44-7700-900333",
        "mob. 07700 900333 (private)",
        "07700 900333 x12",
        "07700 900333 extension 12",
        "+447700900333;ext=12",
        "０７７００ ９００３３３",  # noqa: RUF001 - digits of another width
        "٠٧٧٠٠ ٩٠٠٣٣٣",  # noqa: RUF001 - digits of another script
        "07700\u2011900333",
        "\u202a+447700900333\u202c",
    ],
)
def test_a_british_mobile_is_one_number_however_it_is_written(written: str) -> None:
    assert phone(written, "GB").value == "+447700900333"


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("+49 (0) 170 1234567", "", "+491701234567"),
        ("0049 170 1234567", "US", "+491701234567"),
        ("011 49 170 1234567", "US", "+491701234567"),
        ("030/1234567", "DE", "+49301234567"),
        ("+39 (0)6 69812345", "", "+390669812345"),
        ("06 69812345", "IT", "+390669812345"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("612 345 678", "ES", "+34612345678"),
        ("011 15-1234-5678", "AR", "+5491112345678"),
        ("+52 1 55 1234 5678", "", "+525512345678"),
        ("(919) 555-0123", "US", "+19195550123"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("+49 151 1234567 mobil", "", "+491511234567"),
        ("+49 30 1234567 ext. 12", "", "+49301234567"),
        ("030 1234567, Durchwahl 12", "DE", "+49301234567"),
    ],
)
def test_numbers_are_read_by_the_plans_of_their_countries(
    written: str, country: str, number: str
) -> None:
    assert phone(written, country).value == number


@pytest.mark.parametrize(
    ("written", "country"),
    [("030 1234567", ""), ("(415) 555-0123", "GB"), ("555-0123", "US"), ("\u0660123456789", "")],
)
def test_a_number_that_is_not_surely_of_one_country_stays_local(written: str, country: str) -> None:
    value = phone(written, country).value

    assert value is not None
    assert value.isascii()
    assert value.isdigit()


@pytest.mark.parametrize("country", ["", "GB", "US", "DE"])
@pytest.mark.parametrize(
    "written",
    [
        "12",
        "911",
        "call me",
        "n/a",
        "-",
        "+999 123456789",
        "+1 000 000 0000",
        "1" * 40,
        "+44 " + "7" * 300,
    ],
)
def test_junk_and_short_numbers_are_none(written: str, country: str) -> None:
    assert phone(written, country).odd == "is not a telephone number"


def test_an_empty_field_is_not_odd() -> None:
    assert phones(" ").odd is None


@pytest.mark.parametrize(
    ("written", "country", "numbers"),
    [
        ("+44 7700 900333 / +44 7700 900444", "", ("+447700900333", "+447700900444")),
        ("+44 7700 900333 +44 7700 900444", "", ("+447700900333", "+447700900444")),
        ("07700 900333, 07700 900444", "GB", ("+447700900333", "+447700900444")),
        ("07700 900333 or 020 7946 0018 ext 4", "GB", ("+447700900333", "+442079460018")),
        ("07700900333/07700900444", "GB", ("+447700900333", "+447700900444")),
        ("089 12345/089 54321", "DE", ("+498912345", "+498954321")),
        ("030/1234567", "DE", ("+49301234567",)),
        ("+44 7700 900333; 0044 7700 900333", "", ("+447700900333",)),
        ("+44 7700 900333, ask for Ana", "", ("+447700900333",)),
    ],
)
def test_a_field_may_hold_several_numbers(
    written: str, country: str, numbers: tuple[str, ...]
) -> None:
    assert phones(written, country).value == numbers


def test_a_national_number_is_compared_when_the_portals_country_is_known() -> None:
    national = a_contact_with("07700 900333", BRITISH)

    assert national.mobiles == national.phones == ("+447700900333",)
    assert a_contact_with("07700 900333", PortalMap()).mobiles == ()


@pytest.mark.parametrize("other", ["+44 (0)7700 900333", "0044 7700 900333", "07700 900333"])
def test_two_ways_to_write_a_mobile_speak_for_one_person(other: str) -> None:
    old = a_contact_with("+44 7700 900333", BRITISH)
    new = a_contact_with(other, BRITISH, contact_id=2)

    codes = {reason.code for _, reason in weigh(old, new, Frequencies(), DEFAULT)}

    assert "same_mobile" in codes
    assert "other_mobile" not in codes


@given(st.text(max_size=60), st.sampled_from(["", "GB", "US", "DE", "XX"]))
def test_a_number_read_from_any_text_reads_as_itself(text: str, country: str) -> None:
    for number in phones(text, country).value or ():
        if number.startswith("+"):
            assert phone(number, country).value == number
