from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.rules.facts import PPM, CompanyFacts, ContactFacts, Directory, Version
from mappings.rules.findings import IdentityLink, Person, Reason, Signal
from mappings.rules.identity import companies
from mappings.rules.job_changes import signals
from mappings.rules.job_changes.employments import employments
from mappings.rules.job_changes.moves import MovesOfPerson, find_moves, status_of
from mappings.rules.policy import DEFAULT
from tests.unit.rules_builders import (
    ACME,
    NOW,
    ORBIT,
    ZENIT,
    a_contact,
    a_history,
    a_person,
    day,
    said,
    the_companies,
)


def find(
    *contacts: ContactFacts, known: Directory | None = None, p_same: int = PPM, now: datetime = NOW
) -> MovesOfPerson:
    person, by_id = a_person(*contacts, p_same=p_same)
    return find_moves(person, by_id, known or the_companies(), DEFAULT, now)


def a_signal(r: int, cause: str) -> Signal:
    return Signal("test", r, None, cause, Reason("test", "test"))


CHANGED = a_history(email=[("priya@acme.example", 0), ("priya@zenit.example", 100)])
MOVED = a_contact(1, email="priya@zenit.example", history=CHANGED)


def test_a_changed_address_and_an_earlier_bounce_are_0935() -> None:
    (move,) = find(replace(MOVED, bounced_at=day(80))).moves

    assert (move.former_company_id, move.new_company_id, move.confidence) == (ACME, ZENIT, 935_000)
    assert (move.status, move.latest) == ("auto", day(100))


def test_a_changed_address_alone_is_enough() -> None:
    (move,) = find(MOVED).moves

    assert (move.p_moved, move.status, move.former_contact_id, move.new_contact_id) == (
        900_000,
        "auto",
        1,
        1,
    )


@pytest.mark.parametrize(
    ("reliabilities", "p_same", "expected", "status"),
    [
        ([350_000, 800_000], 988_000, 0.860, "auto"),
        ([350_000], 988_000, 0.346, "stored"),
        ([900_000, 350_000], PPM, 0.935, "auto"),
        ([600_000], PPM, 0.600, "stored"),
        ([600_000, 350_000], PPM, 0.740, "review"),
    ],
)
def test_signals_combine_and_one_weak_signal_flips_nobody(
    reliabilities: list[int], p_same: int, expected: float, status: str
) -> None:
    found = tuple(a_signal(r, str(n)) for n, r in enumerate(reliabilities))
    confidence = p_same * signals.combined(found) // PPM

    assert confidence / PPM == pytest.approx(expected, abs=0.001)
    assert status_of(confidence, found, DEFAULT) == status


def test_signals_of_one_cause_count_once() -> None:
    assert signals.combined((a_signal(900_000, "edit"), a_signal(850_000, "edit"))) == 900_000
    assert not signals.conclusive((a_signal(600_000, "edit"), a_signal(500_000, "edit")), DEFAULT)


@pytest.mark.parametrize(
    ("source", "p", "status"),
    [("CRM_UI", 850_000, "auto"), ("AUTOMATION_PLATFORM", 500_000, "stored")],
)
def test_a_user_changing_the_company_says_more_than_a_program(
    source: str, p: int, status: str
) -> None:
    history = a_history(associatedcompanyid=[(str(ACME), 0), (str(ZENIT), 50, source)])

    (move,) = find(a_contact(1, company_ids=(ZENIT,), history=history)).moves

    assert (move.p_moved, move.status) == (p, status)


def test_company_name_and_title_changing_together_is_weak_evidence() -> None:
    history = a_history(
        company=[("Acme", 0), ("Zenit", 50)], jobtitle=[("CTO", 0), ("Head of IT", 52)]
    )

    (move,) = find(a_contact(1, company_text="Zenit", history=history)).moves

    assert (move.p_moved, move.status) == (600_000, "stored")


def test_a_mapped_field_names_the_new_company() -> None:
    history = a_history(company=[("Acme", 0), ("Zenit", 50)])

    (move,) = find(
        a_contact(1, company_text="Zenit", texts=said(new_company="zenit gmbh"), history=history)
    ).moves

    assert (move.p_moved, move.status) == (900_000, "auto")


def test_a_merge_of_two_employers_addresses_is_evidence_once() -> None:
    history = a_history(
        email=[("priya@acme.example", 0), ("priya@zenit.example", 60)],
        hs_additional_emails=[("priya@acme.example", 60, "MERGE_OBJECTS")],
    )
    merged = replace(
        MOVED,
        emails=("priya@zenit.example", "priya@acme.example"),
        merged_ids=(9,),
        history=history,
    )

    (move,) = find(merged).moves

    assert {signal.kind for signal in move.signals} == {"email_domain_changed", "records_merged"}
    assert move.status == "auto"


def test_hubspots_job_change_without_a_goal_is_a_departure() -> None:
    (move,) = find(a_contact(1, email="priya@acme.example", job_change_at=day(40))).moves

    assert (move.kind, move.former_company_id, move.new_company_id, move.status) == (
        "departure",
        ACME,
        None,
        "review",
    )


def test_a_bounce_alone_is_only_stored() -> None:
    (move,) = find(a_contact(1, email="priya@acme.example", bounced_at=day(40))).moves

    assert (move.kind, move.status) == ("departure", "stored")


OLD = a_contact(1, email="priya@acme.example", last_activity_at=day(80))
NEW = a_contact(2, email="priya@zenit.example", on=100)


def test_a_second_record_after_the_last_sign_of_life_is_a_move() -> None:
    (move,) = find(OLD, NEW, p_same=960_000).moves

    assert (move.former_contact_id, move.new_contact_id, move.status) == (1, 2, "auto")
    assert (move.earliest, move.latest) == (day(80), day(100))
    assert move.confidence == 960_000 * move.p_moved // PPM


def linked(pairs: Mapping[tuple[int, int], int]) -> Person:
    """A person of three records, each pair with its probability of being one human."""
    links = tuple(IdentityLink(a, b, 0.0, p, "link") for (a, b), p in pairs.items())
    return Person(1, (1, 2, 3), links)


THIRD = a_contact(3, email="priya@orbit.example", on=900)


@pytest.mark.parametrize(
    ("pairs", "certainty"),
    [
        ({(1, 2): 960_000, (1, 3): 999_000, (2, 3): 400_000}, 960_000),
        ({(1, 2): 700_000, (1, 3): 990_000, (2, 3): 980_000}, 970_200),
        ({(1, 2): 700_000, (1, 3): 990_000, (2, 3): 100_000}, 700_000),
        ({(1, 3): 990_000}, 0),
    ],
    ids=["their own pair", "a surer path", "a path that is less sure", "joined by nothing"],
)
def test_a_move_is_as_sure_as_its_own_two_records_are_one_human(
    pairs: Mapping[tuple[int, int], int], certainty: int
) -> None:
    contacts = {contact.id: contact for contact in (OLD, NEW, THIRD)}

    moves = find_moves(linked(pairs), contacts, the_companies(), DEFAULT, NOW).moves

    move = next(move for move in moves if move.new_contact_id == 2)
    assert move.p_same == certainty
    assert move.confidence == certainty * move.p_moved // PPM


@pytest.mark.parametrize(
    ("first", "moved"),
    [(90, 90), (110, 100), (70, 80), (None, 100)],
    ids=["before its record", "afterwards", "before the old job's end", "never"],
)
def test_a_move_is_dated_by_the_first_activity_at_the_new_company(
    first: int | None, moved: int
) -> None:
    touched = None if first is None else day(first)

    (move,) = find(OLD, replace(NEW, first_touch_at=touched)).moves

    assert (move.earliest, move.latest, move.moved_at) == (day(80), day(moved), day(moved))


def test_activity_at_both_companies_is_two_jobs_not_a_move() -> None:
    found = find(replace(OLD, last_activity_at=day(161)), NEW)

    assert found.moves == ()
    assert [one.reason.code for one in found.rejected] == ["both_active"]


def test_a_sign_of_life_at_the_old_company_after_a_month_contradicts() -> None:
    (move,) = find(replace(OLD, last_activity_at=day(140)), NEW).moves

    assert (move.p_moved, move.status) == (140_000, "stored")


@pytest.mark.parametrize(
    ("email", "known", "code"),
    [
        ("priya.ext@zenit.example", the_companies(), None),
        ("priya@gmail.com", the_companies(), None),
        ("sales@zenit.example", the_companies(), None),
        (
            "priya@zenit.example",
            the_companies(migrations=frozenset({(ACME, ZENIT)})),
            "domain_migration",
        ),
        (
            "priya@lab.example",
            the_companies(CompanyFacts(40, "Research", frozenset({"lab.example"}), parent_id=ACME)),
            "same_company",
        ),
        (
            "priya@acme-inc.example",
            the_companies(CompanyFacts(40, "ACME, Inc.", frozenset({"acme-inc.example"}))),
            "same_company",
        ),
        (
            "priya@new.example",
            the_companies(
                CompanyFacts(40, "Newco", frozenset({"new.example"}), former_names=("Acme",))
            ),
            "same_company",
        ),
    ],
    ids=["contractor", "free mail", "role", "migration", "subsidiary", "legal form", "renamed"],
)
def test_what_looks_like_a_move_and_is_none(email: str, known: Directory, code: str | None) -> None:
    history = a_history(email=[("priya@acme.example", 0), (email, 100)])

    found = find(a_contact(1, email=email, history=history), known=known)

    assert [move for move in found.moves if move.new_company_id] == []
    if code == "domain_migration":
        assert [one.reason.code for one in found.rejected] == [code]


def test_a_promotion_is_no_move() -> None:
    history = a_history(jobtitle=[("Engineer", 0), ("CTO", 50)], email=[("priya@acme.example", 0)])

    assert find(a_contact(1, email="priya@acme.example", history=history)).moves == ()


def test_a_return_opens_a_spell_but_is_marked_a_boomerang() -> None:
    rows = [("p@acme.example", 0), ("p@zenit.example", 100), ("p@acme.example", 200)]
    contact = a_contact(1, email="p@acme.example", history=a_history(email=rows))

    assert [move.kind for move in find(contact).moves] == ["move", "boomerang"]
    assert [one.company_id for one in employments([contact], the_companies())] == [
        ACME,
        ZENIT,
        ACME,
    ]


def test_a_chain_of_jobs_is_a_chain_of_moves() -> None:
    last = a_contact(3, email="priya@orbit.example", on=300)

    pairs = [
        (m.former_company_id, m.new_company_id)
        for m in find(OLD, replace(NEW, last_activity_at=day(250)), last).moves
    ]

    assert pairs == [(ACME, ZENIT), (ZENIT, ORBIT)]


def test_what_lies_after_the_day_asked_about_is_not_known_yet() -> None:
    assert find(MOVED, now=day(99)).moves == ()


def test_an_automatic_association_of_the_same_edit_adds_nothing() -> None:
    history = {
        **CHANGED,
        **a_history(associatedcompanyid=[(str(ACME), 0), (str(ZENIT), 101, "COMPANY_INSIGHTS")]),
    }

    (move,) = find(replace(MOVED, history=history)).moves

    assert move.p_moved == 900_000
    assert len(move.signals) == 2


def test_odd_histories_are_survived() -> None:
    history = a_history(
        email=[("", 0), ("nonsense", 1)], associatedcompanyid=[("", 0), ("12x", 1), ("9" * 40, 2)]
    )

    assert find(a_contact(1, name="", history=history)).moves == ()


@pytest.mark.parametrize(
    ("persons", "contacts", "days", "others", "found"),
    [
        (3, 5, 20, 9, True),
        (2, 3, 10, 9, False),
        (3, 5, 40, 9, False),
        (4, 100, 1, 9, False),
        (30, 100, 1, 90, True),
        (3, 100, 150, 1, True),
        (3, 100, 150, 4, False),
        (3, 100, 200, 0, False),
        (2, 100, 1, 0, False),
    ],
    ids=[
        "three of five within 60 days",
        "two",
        "three over 80 days while others scatter",
        "four of a hundred",
        "thirty of a hundred",
        "most of those who left that year",
        "less than half of those who left",
        "spread over more than a year",
        "two are no crowd",
    ],
)
def test_a_crowd_going_the_same_way_is_a_migration(
    persons: int, contacts: int, days: int, others: int, found: bool
) -> None:
    changes = [(n, ACME, ZENIT, day(n * days)) for n in range(persons)]
    changes += [(100 + n, ACME, 1000 + n, day(0)) for n in range(others)]

    assert ((ACME, ZENIT) in companies.mass_moves(changes, {ACME: contacts}, DEFAULT)) is found


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("Zenit GmbH", "ZENIT", True),
        ("The Orbit Company, Inc.", "Orbit", True),
        ("Größe Sp. z o.o.", "Grosse", True),
        ("Zenit Labs", "Orbit Labs", False),
        ("GmbH", "Inc", False),
    ],
)
def test_company_names_compare_without_legal_form(a: str, b: str, same: bool) -> None:
    assert (companies.plain_name(a) == companies.plain_name(b)) is same


def test_a_domain_two_strangers_share_means_neither_and_a_familys_means_its_root() -> None:
    strangers = the_companies(CompanyFacts(40, "Other", frozenset({"acme.example"})))
    family = the_companies(CompanyFacts(40, "Other", frozenset({"acme.example"}), parent_id=ACME))

    assert companies.of_email(strangers, "ana@acme.example") is None
    assert companies.of_email(family, "ana@acme.example") == ACME


def test_merged_and_looping_companies_are_followed_to_an_end() -> None:
    known = the_companies(
        CompanyFacts(40, "Loop", parent_id=50),
        CompanyFacts(50, "Pool", parent_id=40),
        CompanyFacts(60, "Whole", merged_ids=(61, 62)),
    )

    assert companies.root(known, 40) == companies.root(known, 50) == 40
    assert companies.survivor(known, 62) == 60


values = st.text(max_size=12) | st.sampled_from(
    [
        "priya@acme.example",
        "p@zenit.example",
        "p@gmail.com",
        "info@orbit.example",
        "10",
        "20",
        "Acme",
        "Zenit GmbH",
        "CTO",
    ]
)
versions = st.lists(
    st.builds(
        Version,
        values,
        st.integers(0, 400).map(day),
        st.sampled_from(["CRM_UI", "IMPORT", "MERGE_OBJECTS", ""]),
    ),
    max_size=5,
).map(lambda found: tuple(sorted(found, key=lambda one: one.at)))
any_contact = st.builds(
    ContactFacts,
    id=st.integers(1, 4),
    created_at=st.integers(0, 400).map(day),
    emails=st.lists(values, max_size=3).map(tuple),
    first_name=values,
    last_name=values,
    company_text=values,
    job_title=values,
    company_ids=st.lists(st.sampled_from([ACME, ZENIT, 99]), max_size=2).map(tuple),
    history=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("email", "hs_additional_emails", "company", "jobtitle", "associatedcompanyid"),
            versions,
        ),
    ),
    merged_ids=st.sampled_from([(), (9,)]),
    bounced_at=st.none() | st.integers(0, 400).map(day),
    last_activity_at=st.none() | st.integers(0, 400).map(day),
    job_change_at=st.none() | st.integers(0, 400).map(day),
    texts=st.builds(said, left_company=values, new_company=values) | st.just(()),
)


@settings(max_examples=200)
@given(st.lists(any_contact, max_size=4, unique_by=lambda one: one.id))
def test_whatever_the_crm_says_a_move_is_between_two_companies_and_its_dates_make_sense(
    found: list[ContactFacts],
) -> None:
    if not found:
        return
    result = find(*found)

    assert result == find(*found[::-1])
    for move in result.moves:
        assert move.former_company_id != move.new_company_id
        assert move.earliest <= move.latest
        assert 0 <= move.confidence <= move.p_moved <= PPM
        assert move.status in {"auto", "review", "stored"}
        assert move.signals
        is_asked = move.status == "review" and signals.worth_asking(move.signals)
        assert move.status == "stored" or is_asked or signals.conclusive(move.signals, DEFAULT)
