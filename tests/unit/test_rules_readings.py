from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.facts import ContactFacts
from mappings.rules.identity.linkage import block_keys, candidate_pairs, compare, group_people
from mappings.rules.identity.name_variants import name_variants, spells_out, unspaced
from mappings.rules.policy import DEFAULT
from mappings.rules.text import names, nicknames
from mappings.rules.text.folding import fold
from tests.unit.rules_builders import a_contact, a_portal, day


def called(first: str, last: str, email: str = "", profile: str = "") -> set[tuple[str, str]]:
    contact = a_contact(1, f"{first} {last}", email, profile=profile)
    return {(" ".join(one.given), " ".join(one.family)) for one in name_variants(contact)}


@pytest.mark.parametrize(
    ("first", "last", "email", "profile", "read"),
    [
        ("Priya", "Nair", "pnair@acme.example", "", {("priya", "nair")}),
        ("", "", "priya.nair@acme.example", "", {("priya", "nair")}),
        ("", "", "pnair@acme.example", "", set()),
        ("Priya", "", "pnair@acme.example", "", {("priya", "nair")}),
        ("Priya", "", "priyanair@acme.example", "", {("priya", "nair")}),
        ("Priya", "", "p.nair@acme.example", "", {("priya", "nair")}),
        ("Priya", "", "priya@acme.example", "", set()),
        ("", "Nair", "priya.nair@acme.example", "", {("priya", "nair")}),
        ("Pri", "Nair", "priya@acme.example", "", {("pri", "nair"), ("priya", "nair")}),
        ("Pri", "Nair", "priya.n@acme.example", "", {("pri", "nair"), ("priya", "nair")}),
        ("Pri", "Rao", "", "social.example/in/priya-nair-1b2c", {("pri", "rao")}),
        (
            "Priya",
            "Rao",
            "",
            "social.example/in/priya-nair-1b2c",
            {("priya", "rao"), ("priya", "nair")},
        ),
        ("", "", "", "social.example/in/priya-nair-1b2c", {("priya", "nair")}),
        ("", "", "", "social.example/in/4711", set()),
        ("", "", "info@acme.example", "", set()),
        ("Priya", "Nair", "priya.nair.ext@acme.example", "", {("priya", "nair")}),
    ],
)
def test_a_record_is_read_from_its_fields_its_profile_and_its_address(
    first: str, last: str, email: str, profile: str, read: set[tuple[str, str]]
) -> None:
    assert called(first, last, email, profile) == read


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=30), st.text(max_size=30))
def test_whatever_stands_on_a_record_its_readings_are_whole_names(
    first: str, last: str, local: str, profile: str
) -> None:
    contact = a_contact(1, f"{first} {last}", f"{local}@acme.example", profile=profile)

    for one in name_variants(contact):
        assert all(one.given)
        assert all(one.family)
    assert block_keys(contact) == block_keys(contact)


@pytest.mark.parametrize(
    ("local", "how"), [("pnair", "part"), ("nairp", "part"), ("nairpriya", "whole"), ("rao", "")]
)
def test_an_unspaced_address_spells_a_name(local: str, how: str) -> None:
    (name,) = name_variants(a_contact(1, "Priya Nair"))

    assert spells_out(local, name) == how


def test_a_nameless_record_meets_the_one_whose_name_its_address_spells() -> None:
    old = a_contact(
        1, "Priya Nair", "p.nair@acme.example", job_title="Head of Data", bounced_at=day(90)
    )
    new = a_contact(2, "", "pnair@zenit.example", on=100, job_title="Head of Data")

    assert unspaced(new) == "pnair"
    assert block_keys(old) & block_keys(new)
    (person,) = group_people([old, new], a_portal(), DEFAULT).persons
    assert person.contact_ids == (1, 2)


@pytest.mark.parametrize(
    ("a", "b", "how"),
    [
        (("Иван", "Петров"), ("Ivan", "Petrov"), "exact"),
        (("Γιώργος", "Παπάς"), ("Giorgos", "Papas"), "exact"),
        (("Ronny", "Lee"), ("Ronald", "Lee"), "nickname"),
        (("Jenni", "Lee"), ("Jennifer", "Lee"), "nickname"),
        (("Wen", "Lee"), ("Wendeline", "Lee"), "short"),
        (("Bob", "Lee"), ("Lee", "Robert"), "nickname"),
        (("Mei-Yu", "Hsin"), ("Hsin-Yu", "Mei"), ""),
        (("Chin-Lien", "Ou"), ("Ching-I", "Ou"), ""),
        (("Anna Maria", "Lee"), ("Anna M.", "Lee"), "middle"),
        (("Anna Maria", "Lee"), ("Anna Rosa", "Lee"), ""),
        (("John", "Ford"), ("Jhon", "Ford"), "typo"),
        (("Marc", "Ford"), ("Mark", "Ford"), "nickname"),
        (("Olaf", "Ford"), ("Olav", "Ford"), ""),
    ],
)
def test_names_of_other_scripts_and_of_many_parts_agree_or_not(
    a: tuple[str, str], b: tuple[str, str], how: str
) -> None:
    assert names.compare(*a, *b) == how
    assert names.compare(*b, *a) == how


def test_letters_of_other_scripts_become_latin_and_signs_become_nothing() -> None:
    assert [fold(text) for text in ("Щербаков", "Łukasz Müller", "O'Brien", "😀 Zoë", "№5")] == [
        "shcherbakov",
        "lukasz muller",
        "obrien",
        "zoe",
        "no5",
    ]


def test_a_short_form_keeps_at_least_three_letters() -> None:
    assert nicknames.is_short("ron", "ronald")
    assert not nicknames.is_short("ro", "ronald")
    assert not nicknames.is_short("roy", "ronald")


def test_another_profile_is_somebody_else_and_a_shared_one_is_no_second_witness() -> None:
    old = a_contact(1, "Priya Nair", profile="social.example/in/priya-nair-1")
    new = a_contact(2, "Priya Nair", on=50, profile="social.example/in/priya-nair-2")
    link = compare(old, new, a_portal(), DEFAULT)

    assert (link.decision, [one.code for one in link.reasons]) == (
        "none",
        ["same_name", "other_profile"],
    )

    nameless = a_contact(2, "", on=50, profile="social.example/in/priya-nair-1")
    link = compare(old, nameless, a_portal(), DEFAULT)

    # The profile's words agree with the old record's name fields; they are not counted against
    # themselves.
    assert {one.code for one in link.reasons} == {"same_profile", "name_exact"}


def test_two_names_at_one_number_need_more_than_the_number() -> None:
    ann, bob = (
        a_contact(one, name, mobiles=("+4915112345678",))
        for one, name in ((1, "Ann Ray"), (2, "Bob Lee"))
    )

    assert compare(ann, bob, a_portal(), DEFAULT).decision == "none"


def test_life_behind_a_private_address_does_not_speak_against_one_human() -> None:
    old = a_contact(1, email="priya@gmail.com", company_text="Acme", last_activity_at=day(300))
    new = a_contact(2, email="priya@zenit.example", on=100)

    codes = {one.code for one in compare(old, new, a_portal(), DEFAULT).reasons}

    assert "old_record_alive" not in codes


def test_a_silence_of_years_is_no_evidence() -> None:
    def bits(gap: int) -> float:
        old = a_contact(1, email="priya@acme.example", last_activity_at=day(10))
        return compare(
            old, a_contact(2, email="priya@zenit.example", on=10 + gap), a_portal(), DEFAULT
        ).bits

    assert bits(1000) - bits(1200) == pytest.approx(
        DEFAULT.old_silent_bits - DEFAULT.long_silent_bits
    )


def test_a_third_record_joins_only_those_it_has_something_in_common_with() -> None:
    """A new surname shares no key with the first record; the given name is what they have in common."""
    phone: dict[str, Any] = {"mobiles": ("+4915112345678",), "job_title": "Head of Data"}
    a = a_contact(1, "Priya Nair", profile="social.example/in/p")
    b = a_contact(
        2, "Priya Nair", "pn@orbit.example", on=10, profile="social.example/in/p", **phone
    )
    married = a_contact(3, "Priya Rao", "rao@zenit.example", on=20, **phone)
    stranger = a_contact(3, "Tom Rao", "rao@zenit.example", on=20, **phone)

    def persons(third: ContactFacts) -> list[tuple[int, ...]]:
        assert not block_keys(a) & block_keys(third)
        return [one.contact_ids for one in group_people([a, b, third], a_portal(), DEFAULT).persons]

    assert persons(married) == [(1, 2, 3)]
    assert persons(stranger) == [(1, 2), (3,)]


def test_a_human_decision_joins_and_parts_whatever_the_records_say() -> None:
    ann, bob = a_contact(1, "Ann Ray"), a_contact(2, "Bob Lee")
    same = group_people([ann, bob], a_portal(decisions={(1, 2): True}), DEFAULT)
    assert [one.contact_ids for one in same.persons] == [(1, 2)]

    twins = [a_contact(one, "Ann Ray", profile="social.example/in/ann") for one in (1, 2, 3)]
    split = group_people(twins, a_portal(decisions={(1, 3): False}), DEFAULT)
    assert all(not {1, 3} <= set(one.contact_ids) for one in split.persons)


def test_a_key_that_too_many_share_brings_nobody_together() -> None:
    many = [a_contact(n, "Ann Ray", f"a{n}@acme.example", on=n) for n in range(1, 63)]
    pair = [a_contact(n, "Ann Ray", f"a{n}@acme.example", on=n) for n in (1, 2)]
    wide = frozenset(key for key in block_keys(pair[0]) & block_keys(pair[1]))

    assert candidate_pairs(many) == set()
    assert candidate_pairs(pair) == {(1, 2)}
    assert candidate_pairs(pair, wide) == set()
