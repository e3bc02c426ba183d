"""Where two records live, what they do and how rare their names are, as evidence of one human."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.facts import ContactFacts
from mappings.rules.identity import frequencies, match_weights
from mappings.rules.identity.frequencies import Frequencies
from mappings.rules.identity.linkage import compare, group_people
from mappings.rules.identity.name_rarity import given_name_bits, namesakes, to_count
from mappings.rules.identity.name_variants import NameVariant
from mappings.rules.policy import DEFAULT
from mappings.rules.text import names, places
from mappings.rules.text.names import NameStats
from tests.unit.rules_builders import a_contact, a_portal, day

MANY = NameStats(total=100_000)


def bits_of(old: ContactFacts, new: ContactFacts, **portal: Any) -> dict[str, float]:  # noqa: ANN401 - a builder passes any field on
    portal.setdefault("names", MANY)
    weighed = match_weights.weigh(old, new, a_portal(**portal), DEFAULT)
    return {reason.code: bits for bits, reason in weighed}


def pair(one: dict[str, Any], two: dict[str, Any]) -> tuple[ContactFacts, ContactFacts]:
    return a_contact(1, **one), a_contact(2, on=100, **two)


@pytest.mark.parametrize(
    ("one", "two", "code", "bits"),
    [
        ({"city": "Raleigh"}, {"city": "raleigh"}, "same_city", 8.0),
        ({"city": "München"}, {"city": "Munich"}, "same_city", 8.0),
        ({"city": "San Francisco, CA"}, {"city": "San Fransisco"}, "same_city", 8.0),
        ({"city": "Frankfurt am Main"}, {"city": "Frankfurt"}, "same_city", 8.0),
        (
            {"city": "Raleigh", "country": "US"},
            {"city": "Raleigh", "country": "FR"},
            "same_city",
            8,
        ),
        ({"city": "Raleigh"}, {"city": "Denver"}, "other_city", -1.0),
        ({"city": "Paris", "state": "Texas"}, {"state": "Ohio"}, "other_state", -3.0),
        ({"city": "Lyon", "country": "France"}, {"country": "Spain"}, "other_country", -4.5),
        ({"country": "Deutschland"}, {"country": "DE"}, "same_country", 2.0),
        ({"state": "Ohio", "country": "US"}, {"state": "OHIO"}, "same_state", 3.0),
    ],
)
def test_a_place_counts_for_and_against_one_human(
    one: dict[str, Any], two: dict[str, Any], code: str, bits: float
) -> None:
    places_told = {
        code: bits
        for code, bits in bits_of(*pair(one, two)).items()
        if code.endswith(("_city", "_state", "_country"))
    }

    assert places_told == {code: bits}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"state": "CA"}, {"state": "California"}),
        ({"city": "Raleigh"}, {"country": "United States"}),
        ({"city": "n/a", "country": "unknown"}, {"city": "Raleigh", "country": "France"}),
        ({}, {}),
    ],
    ids=["an abbreviation", "another kind of place", "no place", "nothing"],
)
def test_what_cannot_be_compared_says_nothing(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert set(bits_of(*pair(one, two))) == {"same_name"}


@pytest.mark.parametrize(
    ("records", "part"), [(7, 1.0), (97, 1.0), (1105, 0.5), (12_500, 0.0), (50_000, 0.0)]
)
def test_a_place_that_many_share_says_little(records: int, part: float) -> None:
    one = {"city": "London"}

    told = bits_of(*pair(one, one), names=MANY, counts={("city", "london"): records})

    assert told["same_city"] == pytest.approx(8.0 * part, abs=0.02)


def test_a_title_that_many_bear_says_little() -> None:
    one = {"job_title": "CEO"}
    common = {("title", "ceo"): 12_500}

    assert bits_of(*pair(one, one), names=MANY, counts=common)["same_title"] == 0
    assert bits_of(*pair(one, one), names=MANY)["same_title"] == DEFAULT.same_title_bits


def test_work_and_place_count_for_nobody_whose_names_differ() -> None:
    here = {"city": "Raleigh", "job_title": "Head of Data"}
    told = bits_of(*pair({"name": "Ann Ray", **here}, {"name": "Bob Lee", **here}))

    assert told == {"other_name": DEFAULT.other_name_bits}


@given(st.integers(0, 10**6), st.integers(1, 10**5), st.integers(0, 10**5))
def test_the_more_have_a_value_the_less_rare_it_is(total: int, records: int, more: int) -> None:
    def rarity(count: int) -> float:
        return Frequencies(
            names=NameStats(total), counts={("city", "x"): min(count, total)}
        ).rarity("city", "x")

    assert 0 <= rarity(records + more) <= rarity(records) <= 1


def test_a_small_portal_cannot_tell_what_is_rare() -> None:
    """Whoever comes or goes there, no pair is judged anew."""
    rarities = {
        Frequencies(names=NameStats(total), counts={("city", "x"): records}).rarity("city", "x")
        for total, records in ((2, 2), (40, 1), (100, 99), (1999, 0))
    }

    assert rarities == {0.5}


def test_a_record_is_counted_by_where_it_lives_and_what_it_does() -> None:
    contact = a_contact(1, city="Köln", state="NRW", country="Deutschland", job_title="CEO ")

    assert frequencies.values_of(contact) == {
        ("city", "cologne"),
        ("state", "nrw"),
        ("country", "de"),
        ("title", "ceo"),
    }
    assert frequencies.values_of(a_contact(1, city=" - ", country="N/A")) == frozenset()


def test_each_place_in_the_files_stands_there_once_and_folded() -> None:
    for file in ("cities.txt", "countries.txt"):
        known = [name for line in places._lines(file) for name in line]

        assert len(known) == len(set(known))
        assert all(names.fold(name) == name for name in known)


# Names by class


def written(name: str) -> NameVariant:
    first, _, last = name.partition(" ")
    return NameVariant((first,), (last,))


ONE_IN_A_HUNDRED = NameStats(
    total=10_000,
    first={
        "robert": 100, "bob": 20, "bobby": 10, "rob": 40, "rupert": 3,
        "r*": 800, "rob*": 150, "jenny": 5, "janny": 50,
    },
    last={"lee": 100, "meier": 10, "meyer": 30, "meiers": 5},
)  # fmt: skip


@pytest.mark.parametrize(
    ("how", "a", "b", "given", "family"),
    [
        ("exact", "bob lee", "bob lee", 20, 100),
        ("initial", "r lee", "robert lee", 800, 100),
        ("short", "rob lee", "robbo lee", 150, 100),
        ("nickname", "bob lee", "robert lee", 100 + 20 + 10 + 40, 100),
        ("typo", "jenny lee", "janny lee", 5 + 50, 100),
        ("typo", "bob meier", "bob meyer", 20, 10 + 30 + 5),
        ("exact", "lee bob", "bob lee", 20, 100),
    ],
    ids=["as written", "an initial", "a beginning", "a nickname", "a slip in the given name",
         "a slip in the surname", "swapped"],
)  # fmt: skip
def test_a_name_is_as_rare_as_all_that_would_agree_in_that_way(
    how: str, a: str, b: str, given: int, family: int
) -> None:
    expected = 10_000 * given * family / 12_000**2
    two = written(b) if how != "exact" or a == b else NameVariant(("bob",), ("lee",))
    one = written(a)

    if (one.given, one.family) == (two.family, two.given):
        one = two
    assert namesakes(how, one, two, ONE_IN_A_HUNDRED) == pytest.approx(expected)


def test_an_initial_says_less_as_a_portal_grows() -> None:
    old, new = a_contact(1, "K Meier"), a_contact(2, "Kurt Meier", on=100)

    levels = []
    for size in (1, 10, 100, 1000):
        stats = NameStats(1000 * size, {"k*": 60 * size, "kurt": size}, {"meier": 2 * size})
        levels.append(compare(old, new, a_portal(names=stats), DEFAULT).bits)

    assert levels == sorted(levels, reverse=True)
    assert levels[0] - levels[-1] > 5


def test_an_initial_that_nobody_counted_is_no_rare_name() -> None:
    letter, name = NameVariant(("k",), ("meier",)), NameVariant(("kurt",), ("meier",))
    counted = NameStats(1300, {"k*": 100}, {"meier": 13})
    uncounted = NameStats(1300, {}, {"meier": 13})

    expected = namesakes("initial", letter, name, counted)
    assert expected <= namesakes("initial", letter, name, uncounted) < 3 * expected


def test_all_names_that_a_pair_is_judged_by_are_counted() -> None:
    contacts = {
        contact.id: contact
        for contact in (
            a_contact(1, "K Meier"),
            a_contact(2, "Kurt Meier"),
            a_contact(3, "Ann Ray"),
        )
    }

    wanted = to_count(contacts, [(1, 2)])

    assert {"k*", "kurt", "k"} <= wanted.first
    assert wanted.last == {"meier"}


@pytest.mark.parametrize(("bearers", "bits"), [(0, 2.5), (1, 2.5), (2, 1.5), (6, 0.0), (500, 0.0)])
def test_a_given_name_says_less_the_more_bear_it(bearers: int, bits: float) -> None:
    stats = NameStats(10**9, first={"priya": bearers})

    assert given_name_bits("priya", stats, DEFAULT) == pytest.approx(bits, abs=0.01)


# Half a name


AT_HOME = {"city": "Toronto", "job_title": "Special Projects Lead"}


@pytest.mark.parametrize("changed", ["Hiral Shah", "Hiral"], ids=["a new surname", "no surname"])
@pytest.mark.parametrize(
    ("agree", "decision"),
    [
        (AT_HOME, "review"),
        ({"profile": "social.example/in/hiral"}, "link"),
        ({"mobiles": ("+14165550123",)}, "link"),
        ({"city": "Toronto"}, "none"),
        ({"job_title": "Special Projects Lead"}, "none"),
        ({}, "none"),
    ],
    ids=["city and title", "profile", "mobile", "city alone", "title alone", "nothing"],
)
def test_half_a_name_is_asked_about_where_something_else_agrees(
    agree: dict[str, Any], decision: str, changed: str
) -> None:
    assert judged("Hiral Ray", changed, agree) == decision


def test_a_common_given_name_in_a_big_portal_is_not_asked_about() -> None:
    stats = NameStats(100_000, first={"anna": 900})

    assert judged("Anna Ray", "Anna Shah", AT_HOME, names=stats) == "none"
    assert judged("Anna Ray", "Anna Shah", AT_HOME, names=NameStats(100_000)) == "link"


def test_two_given_names_at_one_desk_are_two_people() -> None:
    assert judged("Hiral Ray", "Hetal Shah", AT_HOME) == "none"


def judged(name: str, changed: str, agree: dict[str, Any], **portal: Any) -> str:  # noqa: ANN401 - a builder passes any field on
    """What becomes of two records of a portal that share what they *agree* in."""
    old = a_contact(1, name, "ray@acme.example", last_activity_at=day(50), **agree)
    new = a_contact(2, changed, "k7@zenit.example", on=100, **agree)
    grouped = group_people([old, new], a_portal(**portal), DEFAULT)
    if len(grouped.persons) == 1:
        return "link"
    return "review" if grouped.reviews else "none"
