"""Hostile values end as a sane value or as a reason, never as an exception."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.currencies import DIGITS, digits_of
from mappings.records import addresses, phones, values


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1000.50", "USD", 100050),
        ("1E+7", "USD", 1_000_000_000),
        ("1,000.50", "USD", 100050),
        ("1,234,567", "USD", 123456700),
        ("1.000,50", "EUR", 100050),
        (" 12 ", "usd", 1200),
        ("-250", "EUR", -25000),
        (".5", "EUR", 50),
        ("0", "EUR", 0),
        ("0.005", "EUR", 0),
        ("0.015", "EUR", 2),
        ("1000", "JPY", 1000),
        ("1.2345", "KWD", 1234),
        ("-0", "EUR", 0),
        ("0e9999", "EUR", 0),
        ("1e-400", "EUR", 0),
    ],
)
def test_amounts_become_minor_units(text: str, currency: str, minor: int) -> None:
    assert values.minor_units(text, currency) == values.Parsed(minor)


@pytest.mark.parametrize(
    ("text", "currency", "reason"),
    [
        ("1e400", "USD", "is too large to be an amount"),
        ("1e9999", "USD", "is too large to be an amount"),
        ("-1e400", "USD", "is too large to be an amount"),
        ("99999999999999999999", "USD", "is too large to be an amount"),
        ("9" * 5000, "USD", "is too long for a number"),
        ("NaN", "USD", "is not a number"),
        ("Infinity", "USD", "is not a number"),
        ("1,5", "USD", "is not a number"),
        ("12,34,567", "USD", "is not a number"),
        ("$100", "USD", "is not a number"),
        ("1_000", "USD", "is not a number"),
        ("١٢٣", "USD", "is not a number"),
        ("<b>1</b>", "USD", "is not a number"),
        ("1e99999", "USD", "is not a number"),
        ("10", "XXX", "has no currency we know"),
        ("10", "", "has no currency we know"),
        ("10", None, "has no currency we know"),
        ("10", "<script>", "has no currency we know"),
    ],
)
def test_amounts_that_are_none_say_why(text: str, currency: str | None, reason: str) -> None:
    assert values.minor_units(text, currency) == values.Parsed(odd=reason)


@pytest.mark.parametrize("empty", [None, "", "   "])
def test_nothing_written_is_nothing_odd(empty: str | None) -> None:
    readers = (
        values.number,
        values.moment,
        values.day,
        values.truth,
        values.record_id,
        values.parts_per_million,
        addresses.email,
        addresses.domain,
        addresses.profile,
        phones.phones,
    )

    assert [reader(empty) for reader in readers] == [values.Parsed()] * len(readers)
    assert values.minor_units(empty, "EUR") == values.Parsed()


def test_currencies_have_their_own_digits() -> None:
    assert [digits_of(code) for code in ("EUR", "jpy", "KWD", "CLF", "ABC", None)] == [
        2,
        0,
        3,
        4,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05.678Z", datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)),
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("1767225600000", datetime(2026, 1, 1, tzinfo=UTC)),
        ("1767225600123", datetime(2026, 1, 1, 0, 0, 0, 123000, UTC)),
        (" 2200-12-31 ", datetime(2200, 12, 31, tzinfo=UTC)),
    ],
)
def test_moments_in_all_of_hubspots_forms(text: str, moment: datetime) -> None:
    assert values.moment(text) == values.Parsed(moment)
    assert values.day(text).value == moment.date()


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31",
        "9999-12-31T23:59:59-12:00",
        "1969-12-31",
        "-62135596800000",
        "253402300799999",
        "99999999999999999",
        "tomorrow",
        "2026-02-30",
        "31.12.2025",
        "<i>2026-01-01</i>",
        "2026-01-01T25:00:00Z",
    ],
)
def test_unbelievable_dates_are_none_with_a_reason(text: str) -> None:
    parsed = values.moment(text)

    assert parsed.value is None
    assert parsed.odd in {"is no believable date", "is not a date"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("TRUE", True), ("1", True), ("false", False), ("no", False), ("maybe", None)],
)
def test_truths(text: str, value: bool | None) -> None:
    assert values.truth(text).value is value
    assert (values.truth(text).odd is None) is (value is not None)


def test_lists_of_values_and_ids() -> None:
    assert values.several(";a; b ;;a;c") == ("a", "b", "c")
    assert values.record_ids("51;1;x;51;1551") == (51, 1, 1551)
    assert values.record_ids("101:1700000000000;102:17") == (101, 102)


@pytest.mark.parametrize(
    ("text", "value"),
    [("501", 501), ("501.0", 501), ("5.01E2", 501), ("-1", None), ("0", None), ("1.5", None)],
)
def test_record_ids(text: str, value: int | None) -> None:
    assert values.record_id(text).value == value
    assert values.record_id("9" * 30).odd == "is not an id"


def test_probabilities_are_parts_per_million() -> None:
    assert values.parts_per_million("0.35") == values.Parsed(350_000)
    assert values.parts_per_million("1.5") == values.Parsed(odd="is not between 0 and 1")


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("Ana@Acme.EXAMPLE", "ana@acme.example"),
        (" ana@acme.example\n", "ana@acme.example"),
        ("Ana Lima <ana@acme.example>", "ana@acme.example"),
        ("mailto:ana@acme.example", "ana@acme.example"),
        ("ana@münchen.example", "ana@xn--mnchen-3ya.example"),
        ("дмитрий@почта.example", "дмитрий@xn--80a1acny.example"),
        ("ana+news@acme.example", "ana+news@acme.example"),
        ("ana@acme.example.", "ana@acme.example"),
        ("MailTo:Ana@Straße.DE", "ana@xn--strae-oqa.de"),
    ],
)
def test_addresses_in_one_form(text: str, email: str) -> None:
    assert addresses.email(text) == values.Parsed(email)


@given(st.from_regex(addresses._PLAIN, fullmatch=True))
def test_a_plain_address_is_what_the_long_way_would_make_of_it(text: str) -> None:
    assert addresses.email(text) == addresses.email(f" {text}\n") == values.Parsed(text)


@pytest.mark.parametrize(
    "text",
    [
        "ana",
        "@acme.example",
        "ana@",
        "ana@acme",
        "a b@acme.example",
        "a@b@acme.example",
        "ana@-acme.example",
        "ana@acme..example",
        "ana@[127.0.0.1]",
        "ana@127.0.0.1",
        '"x"@acme.example',
        "<script>@acme.example",
        "a\u200bna@acme.example",
        "x" * 300 + "@acme.example",
        "ana@" + "a" * 64 + ".example",
        "ana@" + "ü" * 70 + ".example",
        "\ud800@acme.example",
    ],
)
def test_what_is_no_address_says_so(text: str) -> None:
    parsed = addresses.email(text)

    assert parsed.value is None
    assert parsed.odd


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.Acme.example/about?x=1", "acme.example"),
        ("acme.example:8443", "acme.example"),
        ("//", None),
        ("localhost", None),
        ("acme..example", None),
        ("10.0.0.1", None),
        ("пример.example", "xn--e1afmkfd.example"),
        ("HTTPS://WWW.Straße.de/impressum", "xn--strae-oqa.de"),
        ("strasse.de", "strasse.de"),
        ("ＷＷＷ．ａｃｍｅ．ｅｘａｍｐｌｅ", "acme.example"),  # noqa: RUF001 - letters of another width
        ("i❤.ws", "xn--i-7iq.ws"),
        ("foo_bär.example", "xn--foo_br-fua.example"),
        ("a" * 300 + ".example", None),
    ],
)
def test_domains_in_one_form(text: str, domain: str | None) -> None:
    assert addresses.domain(text).value == domain


@pytest.mark.parametrize(
    "text",
    [
        "https://www.linkedin.com/in/ana-lima/",
        "http://de.linkedin.com/in/Ana-Lima?trk=x#top",
        "linkedin.com/in/ana%2Dlima/en",
        "HTTPS://LinkedIn.com/in/ana-lima",
    ],
)
def test_one_profile_has_one_address(text: str) -> None:
    assert addresses.profile(text) == values.Parsed("linkedin.com/in/ana-lima")


@pytest.mark.parametrize(
    "text", ["ana lima", "linkedin.com", "https://", "http://[::1", "javascript:alert(1)"]
)
def test_what_is_no_profile_says_so(text: str) -> None:
    assert addresses.profile(text).odd == "is not a profile address"


ALL = (
    values.number,
    values.moment,
    values.day,
    values.truth,
    values.record_id,
    values.parts_per_million,
    addresses.email,
    addresses.domain,
    addresses.profile,
    phones.phones,
    lambda text: values.minor_units(text, "EUR"),
    lambda text: values.minor_units("1", text),
)


@settings(deadline=None)
@given(st.text(max_size=80) | st.from_regex(r"[-+0-9.,eE:TZ@/ ]{0,40}"))
def test_no_text_makes_a_reader_raise(text: str) -> None:
    for reader in ALL:
        parsed = reader(text)
        assert parsed.value is None or parsed.odd is None
    values.several(text)
    values.record_ids(text)
    addresses.emails(text)


@settings(deadline=None)
@given(st.integers(-(10**13), 10**13), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_minor_units_survive_a_round_trip(minor: int, currency: str) -> None:
    text = str(Decimal(minor).scaleb(-DIGITS[currency]))

    assert values.minor_units(text, currency).value == minor


@settings(deadline=None)
@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 12, 31)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_iso_times_survive_a_round_trip(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)

    assert values.moment(moment.isoformat()).value == moment
    assert values.day(moment.isoformat()).value == date(moment.year, moment.month, moment.day)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("", None, True),
        ("0.90", "0.9", True),
        ("2026-11-30T17:00:54.371000+00:00", "2026-11-30T17:00:54.371Z", True),
        ("2026-11-30T17:00:54.371456+00:00", "2026-11-30T17:00:54.371Z", True),
        ("2026-11-30T17:00:54.371Z", "2026-11-30T17:00:54.372Z", False),
        ("0", "", False),
        ("CEO", "ceo", False),
        ("250", "251", False),
        ("CEO", "12", False),
    ],
)
def test_one_value_may_be_written_in_two_ways(
    one: str | None, other: str | None, *, same: bool
) -> None:
    assert values.is_same(one, other) is same
    assert values.is_same(other, one) is same
