from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.identity.linkage import block_keys, compare, group_people, probability
from mappings.rules.identity.name_rarity import name_bits
from mappings.rules.policy import DEFAULT
from mappings.rules.text import names
from mappings.rules.text.address_kinds import clean_email, is_contractor, is_free, is_role
from tests.unit.rules_builders import a_contact, a_history, a_portal, day

PRIOR = DEFAULT.prior_bits


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (9 + 1.5 + 3 + 0.5, 0.988),
        (4 + 1.5 + 3 + 0.5, 0.719),
        (4 + 1.5 + 3 + 0.5 - 8, 0.0099),
    ],
    ids=["a rare name", "John Smith", "John Smith whose old record still replies"],
)
def test_bits_become_the_probability_of_the_worked_examples(bits: float, expected: float) -> None:
    assert probability(bits + PRIOR) / 1e6 == pytest.approx(expected, abs=0.001)


def test_the_worked_example_end_to_end() -> None:
    """Same name of middling rarity, same job family, bounced old record, same address pattern."""
    common = names.NameStats(
        total=8192, first={"priya": 24}, last={"nair": 33}
    )  # one namesake in 16 by chance
    old = a_contact(
        1, email="p.nair@acme.example", job_title="Software Engineer", bounced_at=day(90)
    )
    new = a_contact(2, email="p.nair@zenit.example", job_title="Platform Engineer", on=100)

    link = compare(old, new, a_portal(names=common), DEFAULT)

    assert [reason.code for reason in link.reasons] == [
        "same_name",
        "old_record_gone",
        "same_job_family",
        "same_address_pattern",
    ]
    assert link.p / 1e6 == pytest.approx(0.988, abs=0.003)
    assert link.decision == "link"


@pytest.mark.parametrize(
    "shared",
    [
        {"profile": "social.example/in/priya"},
        {"email": "priya@gmail.com"},
        {"mobiles": ("+4915112345678",)},
    ],
    ids=lambda value: next(iter(value)),
)
def test_a_hard_identifier_with_the_same_surname_links(shared: dict[str, Any]) -> None:
    old = a_contact(1, "Priya Nair", **shared)
    new = a_contact(2, "Priya Rao-Nair", on=50, **shared)

    assert compare(old, new, a_portal(), DEFAULT).decision == "link"


def test_a_switchboard_number_proves_little() -> None:
    old, new = (
        a_contact(one, name, mobiles=("+4930123456",))
        for one, name in ((1, "Ann Ray"), (2, "Bob Lee"))
    )

    link = compare(old, new, a_portal(phone_holders={"+4930123456": 4}), DEFAULT)

    assert (link.decision, link.reasons[0].code) == ("none", "switchboard")


def test_an_address_the_record_had_before_still_counts() -> None:
    old = a_contact(
        1,
        email="p@acme.example",
        history=a_history(email=[("priya@gmail.com", 0), ("p@acme.example", 9)]),
    )
    new = a_contact(2, email="priya@gmail.com", on=100)

    assert compare(old, new, a_portal(), DEFAULT).reasons[0].code in {
        "same_private_address",
        "same_name",
    }
    assert compare(old, new, a_portal(), DEFAULT).decision == "link"


def test_a_record_that_lives_on_elsewhere_is_somebody_else() -> None:
    old = a_contact(1, email="priya@acme.example", last_activity_at=day(300))
    new = a_contact(2, email="priya@zenit.example", on=100)

    link = compare(old, new, a_portal(), DEFAULT)

    assert "old_record_alive" in {reason.code for reason in link.reasons}
    assert link.decision == "none"


def test_a_role_mailbox_is_never_linked() -> None:
    old = a_contact(1, email="info@acme.example", profile="social.example/in/priya")
    new = a_contact(2, email="info@zenit.example", profile="social.example/in/priya")

    assert block_keys(old) == frozenset()
    assert compare(old, new, a_portal(), DEFAULT).decision == "none"


def test_a_merge_is_a_human_decision_and_a_later_human_decision_wins() -> None:
    kept, gone = a_contact(1, "Ann Ray", merged_ids=(2,)), a_contact(2, "Bob Lee")

    assert compare(kept, gone, a_portal(), DEFAULT).decision == "link"
    assert compare(kept, gone, a_portal(decisions={(1, 2): False}), DEFAULT).decision == "none"


def test_two_records_are_not_joined_only_because_both_resemble_a_third() -> None:
    a = a_contact(1, "Ann Ray", profile="social.example/in/one")
    b = a_contact(2, "Ann Ray", email="ray@gmail.com", profile="social.example/in/one", on=1)
    c = a_contact(3, "Bob Lee", email="ray@gmail.com", on=2)

    grouped = group_people([a, b, c], a_portal(), DEFAULT)

    assert [person.contact_ids for person in grouped.persons] == [(1, 2), (3,)]


def test_persons_are_the_same_in_any_order() -> None:
    contacts = [
        a_contact(n, "Priya Nair", profile="social.example/in/p", on=n) for n in range(1, 5)
    ]

    assert group_people(contacts, a_portal(), DEFAULT) == group_people(
        contacts[::-1], a_portal(), DEFAULT
    )


def test_doubtful_pairs_go_to_review() -> None:
    smiths = names.NameStats(total=10_000, first={"john": 150}, last={"smith": 100})
    old = a_contact(
        1, "John Smith", "jsmith@acme.example", bounced_at=day(90), job_title="Software Engineer"
    )
    new = a_contact(2, "John Smith", "jsmith@zenit.example", on=100, job_title="Lead Developer")

    grouped = group_people([old, new], a_portal(names=smiths), DEFAULT)

    assert [person.contact_ids for person in grouped.persons] == [(1,), (2,)]
    (link,) = grouped.reviews
    assert (link.a, link.b) == (1, 2)
    assert link.p / 1e6 == pytest.approx(0.719, abs=0.005)


@given(st.floats(-200, 200), st.floats(0, 50))
def test_more_bits_never_lower_the_probability(bits: float, more: float) -> None:
    assert 0 <= probability(bits) <= probability(bits + more) <= 1_000_000


@pytest.mark.parametrize(
    ("a", "b", "how"),
    [
        (("Zoë", "Müller"), ("ZOE", "Muller"), "exact"),
        (("Nair", "Priya"), ("Priya", "Nair"), "exact"),
        (("Mary Ann", "Lee"), ("MaryAnn", "Lee"), "exact"),
        (("Bob", "Lee"), ("Robert", "Lee"), "nickname"),
        (("Fritz", "Lang"), ("Friedrich", "Lang"), "nickname"),
        (("R", "Lee"), ("Robert", "Lee"), "initial"),
        (("Robert James", "Lee"), ("Robert", "Lee"), "middle"),
        (("Robert", "Andersen"), ("Robert", "Anderson"), "typo"),
        (("Rboert", "Lee"), ("Robert", "Lee"), "typo"),
        (("Ana", "Garcia Lopez"), ("Ana", "Garcia"), "compound"),
        (("Ana", "Lopez"), ("Eva", "Lopez"), ""),
        (("Ana", ""), ("Ana", ""), ""),
        (("Иван", "Петров"), ("иван", "петров"), "exact"),
        (("Tim", "Lee"), ("Tom", "Lee"), ""),
    ],
)
def test_names_agree_in_many_ways(a: tuple[str, str], b: tuple[str, str], how: str) -> None:
    assert names.compare(*a, *b) == how
    assert names.compare(*b, *a) == how


def test_a_name_weighs_less_the_more_namesakes_chance_would_bring() -> None:
    levels = [
        name_bits(chance, DEFAULT)
        for chance in (0, 2**-8, 2**-6, 2**-5, 2**-4, 2**-2, 1, 16, 64, 10**6)
    ]

    assert levels == sorted(levels, reverse=True)
    assert (levels[0], levels[4], levels[6], levels[7]) == (12.0, 9.0, 4.0, 4.0)
    assert levels[8:] == [2.0, 0.0]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (" Ana.Lopez@Acme.Example ", "ana.lopez@acme.example"),
        ("Ana <ana+news@acme.example>", "ana@acme.example"),
        ("ana@localhost", ""),
        ("not an address", ""),
        ("", ""),
    ],
)
def test_addresses_are_cleaned(text: str, clean: str) -> None:
    assert clean_email(text) == clean


@pytest.mark.parametrize(
    ("email", "role", "contractor", "free"),
    [
        ("info@acme.example", True, False, False),
        ("sales-team@acme.example", True, False, False),
        ("ana.ext@acme.example", False, True, False),
        ("ext-ana@acme.example", False, True, False),
        ("dexter@acme.example", False, False, False),
        ("ana@gmail.com", False, False, True),
    ],
)
def test_kinds_of_addresses(email: str, role: bool, contractor: bool, free: bool) -> None:
    assert (is_role(email), is_contractor(email), is_free(email)) == (role, contractor, free)
