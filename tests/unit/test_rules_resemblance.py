"""Names are looked at before anything is weighed: far fewer pairs are weighed, and what comes out is the same."""

from dataclasses import replace
from datetime import datetime
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import crowd
from mappings.rules.facts import ContactFacts
from mappings.rules.identity import blocking, linkage, match_weights
from mappings.rules.identity.blocking import block_keys, candidate_pairs
from mappings.rules.identity.linkage import Grouping, compare, group_people, needs_names
from mappings.rules.identity.screening import alike, name_forms
from mappings.rules.policy import DEFAULT
from mappings.rules.text.names import NameStats
from tests.unit.rules_builders import a_contact, a_portal, day

FIRSTS = ("Priya", "Pria", "P", "Bob", "Robert", "Anna Maria", "Anna", "Ann", "")
LASTS = ("Nair", "Niar", "Nair Rao", "Rao", "Smith", "Smyth", "")
LOCALS = (
    "priya.nair",
    "pnair",
    "p.nair",
    "nairp",
    "robert.smith",
    "bsmith",
    "anna",
    "info",
    "smith.rao",
)
TITLES = ("Head of Operations", "IT Manager", "Engineer", "")
DAYS = st.one_of(st.none(), st.integers(0, 900).map(day))
NUMBERS = st.sampled_from([(), ("+15550100001",), ("+15550100002",)])


@st.composite
def people(draw: st.DrawFn) -> list[ContactFacts]:
    count = draw(st.integers(2, 14))
    return [
        a_contact(
            number,
            f"{draw(st.sampled_from(FIRSTS))} {draw(st.sampled_from(LASTS))}",
            f"{draw(st.sampled_from(LOCALS))}@{draw(st.sampled_from(('acme', 'zenit')))}.example",
            on=draw(st.integers(0, 900)),
            job_title=draw(st.sampled_from(TITLES)),
            mobiles=draw(NUMBERS),
            profile=draw(
                st.sampled_from(("", "", "social.example/in/priya-nair", "social.example/in/bob"))
            ),
            bounced_at=draw(DAYS),
            last_activity_at=draw(DAYS),
        )
        for number in range(1, count + 1)
    ]


def weighing_all(
    monkeypatch: pytest.MonkeyPatch,
    contacts: list[ContactFacts],
    **known: Any,  # noqa: ANN401
) -> Grouping:
    with monkeypatch.context() as patch:
        patch.setattr(linkage, "needs_names", lambda _: False)
        return group_people(contacts, a_portal(**known), DEFAULT)


@given(people(), st.booleans())
def test_whoever_is_left_unweighed_would_not_have_mattered(
    contacts: list[ContactFacts], is_oversized: bool
) -> None:
    oversized = (
        frozenset({"phone:+15550100001", "mail:pnair@acme.example"})
        if is_oversized
        else frozenset[str]()
    )

    with pytest.MonkeyPatch.context() as patch:
        plain = weighing_all(patch, contacts, oversized=oversized)

    assert group_people(contacts, a_portal(oversized=oversized), DEFAULT) == plain


@given(people())
def test_no_pair_without_names_reaches_more_than_the_most(contacts: list[ContactFacts]) -> None:
    for a, b in combinations(contacts, 2):
        strong = {key for key in block_keys(a) & block_keys(b) if not blocking.is_weak(key)}
        # Function addresses make no keys: whoever shares one has no key at all, or another one.
        if (
            not strong
            and not alike(name_forms(a), name_forms(b))
            and block_keys(a)
            and block_keys(b)
        ):
            assert compare(a, b, a_portal(), DEFAULT).bits <= match_weights.most_without_names(
                DEFAULT
            )


def test_a_generated_crowd_is_grouped_the_same_with_a_fraction_of_the_weighing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contacts = [facts(one) for one in {one.id: one for one in crowd.grow(1500)}.values()]
    stats = NameStats(total=1500)

    plain = weighing_all(monkeypatch, contacts, names=stats)
    filtered = group_people(contacts, a_portal(names=stats), DEFAULT)

    assert filtered == plain
    assert len(plain.persons) < len(contacts)
    assert plain.reviews
    assert len(candidate_pairs(contacts, alike_only=True)) * 5 < len(candidate_pairs(contacts))


def facts(one: crowd.Contact) -> ContactFacts:
    mails = tuple(mail for _, mail in reversed(one.mails))
    created: datetime = one.created
    return ContactFacts(
        one.id, created, mails, one.first, one.last, job_title=one.title, company_ids=(one.company,)
    )


def test_where_no_name_is_needed_for_a_look_everybody_is_weighed() -> None:
    assert needs_names(DEFAULT)
    assert needs_names(replace(DEFAULT, same_title_bits=12.0, same_city_bits=12.0))
    assert not needs_names(replace(DEFAULT, local_part_bits=12.0))
    assert not needs_names(replace(DEFAULT, link_review_at=200_000))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("Priya Nair", ""), ("Priya Nair", ""), True),
        (("Priya Nair", ""), ("P Nair", ""), True),
        (("Priya Nair", ""), ("Paul Nair", ""), False),
        (("Bob Smith", ""), ("Robert Smith", ""), True),
        (("Priya Nair", ""), (" ", "pnair@acme.example"), True),
        (("Priya Nair", ""), (" ", "pnoir@acme.example"), False),
        (("Priya Rao", "priya.nair@acme.example"), ("Priya Nair", ""), True),
        ((" ", ""), (" ", ""), False),
    ],
)
def test_two_records_are_alike_when_any_of_their_names_agree(
    one: tuple[str, str], other: tuple[str, str], *, expected: bool
) -> None:
    a, b = (name_forms(a_contact(number, *told)) for number, told in enumerate((one, other)))

    assert alike(a, b) is expected
    assert alike(b, a) is expected
