from dataclasses import replace
from typing import Any

import pytest

from mappings.rules.facts import PPM, CompanyFacts, ContactFacts, Directory, MappedText
from mappings.rules.identity import companies
from mappings.rules.job_changes.moves import MovesOfPerson, WasCustomer, find_moves
from mappings.rules.job_changes.successors import replaced_by
from mappings.rules.policy import DEFAULT
from mappings.rules.text import job_titles
from tests.unit.rules_builders import (
    ACME,
    NOW,
    ZENIT,
    a_contact,
    a_history,
    a_move,
    a_person,
    day,
    said,
    the_companies,
)

OLD = a_contact(1, email="priya@acme.example", last_activity_at=day(80))
NEW = a_contact(2, email="priya@zenit.example", on=100)


def find(
    *contacts: ContactFacts, known: Directory | None = None, was_customer: WasCustomer | None = None
) -> MovesOfPerson:
    person, by_id = a_person(*contacts, p_same=PPM)
    return find_moves(
        person, by_id, known or the_companies(), DEFAULT, NOW, was_customer=was_customer
    )


def kinds(found: MovesOfPerson) -> set[str]:
    return {signal.kind for move in found.moves for signal in move.signals}


@pytest.mark.parametrize(
    ("old", "new", "kind", "status"),
    [
        ({}, {}, "second_record", "auto"),
        ({"last_activity_at": day(90)}, {}, "second_record_soon", "stored"),
        ({"last_activity_at": day(90), "bounced_at": day(99)}, {}, "second_record", "auto"),
        (
            {"last_activity_at": day(60)},
            {"job_title": "External consultant"},
            "second_record_soon",
            "stored",
        ),
        (
            {"last_activity_at": day(30)},
            {"job_title": "External consultant"},
            "second_record",
            "auto",
        ),
        ({"last_activity_at": day(120)}, {}, "second_record_old_silent", "stored"),
    ],
    ids=[
        "weeks after the last sign of life",
        "within days of it: a second job?",
        "within days of it, but the old address is dead",
        "an outsider's title makes the days weeks",
        "unless the silence is longer",
        "while the old one was alive",
    ],
)
def test_a_second_record_says_more_the_clearer_the_old_one_ended(
    old: dict[str, Any], new: dict[str, Any], kind: str, status: str
) -> None:
    found = find(replace(OLD, **old), replace(NEW, **new))

    (move,) = [one for one in found.moves if one.new_company_id]
    assert kind in {signal.kind for signal in move.signals}
    assert move.status == status


UNHEARD = a_contact(1, email="priya@acme.example")


def test_a_second_record_is_asked_about_where_the_old_one_was_never_heard_of() -> None:
    (move,) = find(UNHEARD, NEW).moves

    assert ({signal.kind for signal in move.signals}, move.status) == (
        {"second_record_unheard"},
        "review",
    )
    assert move.reasons[0].text.endswith("; of the old one nothing was ever heard")


def test_a_doubtful_person_with_an_unheard_record_is_not_asked_about_a_job() -> None:
    person, by_id = a_person(UNHEARD, NEW, p_same=780_000)

    (move,) = find_moves(person, by_id, the_companies(), DEFAULT, NOW).moves

    assert move.status == "stored"


@pytest.mark.parametrize(
    ("sources", "apart", "status"),
    [(("IMPORT", "IMPORT"), 0, "stored"), (("IMPORT", "IMPORT"), 3, "review"),
     (("IMPORT", "CRM_UI"), 0, "review"), (("CRM_UI", "CRM_UI"), 0, "review")],
    ids=["one file", "files of two days", "one by hand", "both by hand"],
)  # fmt: skip
def test_of_two_records_that_one_file_brought_neither_is_the_older_one(
    sources: tuple[str, str], apart: int, status: str
) -> None:
    emails = "priya@acme.example", "priya@zenit.example"
    old, new = (
        a_contact(number, email=email, on=on, history=a_history(email=[(email, on, source)]))
        for number, (email, on, source) in enumerate(
            zip(emails, (10, 10 + apart), sources, strict=True), 1
        )
    )

    assert [move.status for move in find(old, new).moves] == [status]


def test_who_comes_from_an_agency_may_be_there_for_it() -> None:
    agency = the_companies(
        CompanyFacts(40, "Helpers", frozenset({"helpers.example"}), is_agency=True)
    )
    old = a_contact(1, email="priya@helpers.example", last_activity_at=day(60))

    assert "second_record_soon" in kinds(find(old, NEW, known=agency))


def test_life_at_the_new_address_bears_a_strong_signal_out_and_helps_no_weak_one() -> None:
    (sure,) = find(OLD, replace(NEW, last_activity_at=day(150))).moves
    (plain,) = find(OLD, NEW).moves
    soon = find(replace(OLD, last_activity_at=day(95)), replace(NEW, last_activity_at=day(150)))

    assert "active_at_new" in {signal.kind for signal in sure.signals}
    assert plain.p_moved < sure.p_moved < PPM
    assert kinds(soon) == {"second_record_soon"}


def test_a_private_mailbox_that_lives_on_does_not_keep_the_person_at_the_old_company() -> None:
    private = a_contact(1, email="priya@gmail.com", company_text="Acme", last_activity_at=day(400))

    (move,) = find(private, NEW).moves

    assert (move.former_company_id, move.new_company_id, move.status) == (ACME, ZENIT, "auto")


def test_a_seat_beside_the_job_is_no_move() -> None:
    alive = replace(OLD, last_activity_at=day(110))

    found = find(alive, replace(NEW, job_title="Member of the Board"))

    assert (found.moves, [one.reason.code for one in found.rejected]) == ((), ["additional_role"])


def test_beside_a_job_that_goes_on_the_person_left_the_one_before() -> None:
    """A seat at one company runs on while the person goes from a second to a third."""
    beside = a_contact(3, email="priya@orbit.example", on=50, last_activity_at=day(400))

    pairs = {(move.former_company_id, move.new_company_id) for move in find(OLD, beside, NEW).moves}

    assert (ACME, ZENIT) in pairs


def test_a_record_known_by_its_company_that_gets_an_address_elsewhere_moved() -> None:
    history = a_history(
        email=[("priya@gmail.com", 0), ("priya@zenit.example", 90)],
        company=[("Acme", 0), ("Zenit", 90)],
    )

    (move,) = find(a_contact(1, email="priya@zenit.example", history=history)).moves

    assert (
        kinds(find(a_contact(1, email="priya@zenit.example", history=history))),
        move.status,
    ) == (
        {"company_address_gained"},
        "auto",
    )


def test_an_automatic_reply_and_a_bounce_are_a_departure_with_or_without_a_known_goal() -> None:
    """The worked example: 1 - 0.65 x 0.20 = 0.87."""
    gone = a_contact(1, email="priya@acme.example", bounced_at=day(90), left_reply_at=day(92))
    (move,) = find(gone).moves

    assert (move.kind, move.new_company_id, move.p_moved, move.status) == (
        "departure",
        None,
        870_000,
        "auto",
    )
    assert kinds(find(replace(gone, left_reply_at=None))) == {"hard_bounce"}


@pytest.mark.parametrize(
    ("touches", "first", "heard"),
    [(4, 0, True), (2, 0, False), (0, None, False), (3, -400, False)],
    ids=["regular", "two contacts", "never", "once a year"],
)
def test_silence_counts_after_regular_contact_only(
    touches: int, first: int | None, heard: bool
) -> None:
    old = replace(
        OLD,
        created_at=day(-500),
        touches=touches,
        first_touch_at=None if first is None else day(first),
    )

    found = find(old, replace(NEW, created_at=day(300)))

    assert ("silence" in kinds(found)) is heard


@pytest.mark.parametrize(("customer", "told"), [(True, True), (False, False)])
def test_what_a_person_tells_of_a_former_job_counts_when_that_company_was_a_customer(
    customer: bool, told: bool
) -> None:
    new = replace(NEW, texts=said(heard_from="Used it in my previous company"))

    found = find(OLD, new, was_customer=lambda company, _at: customer and company == ACME)

    assert ("moved_self_text" in kinds(found)) is told
    assert "moved_self_text" not in kinds(find(OLD, new))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Zenit", 20),
        ("Zneit", 20),
        ("Zenitt", 20),
        ("Ze nit", 20),
        ("Zenith", None),
        ("Zen", None),
        ("Orbits", None),
    ],
)
def test_a_typed_company_name_may_have_one_slip_that_keeps_its_letters(
    text: str, found: int | None
) -> None:
    assert companies.of_text(the_companies(), text) == found


def test_a_domain_that_a_company_shares_with_what_is_named_after_it_is_the_companys() -> None:
    known = the_companies(CompanyFacts(40, "Zenit Labs", frozenset({"zenit.example"})))
    other = the_companies(CompanyFacts(40, "Unrelated", frozenset({"zenit.example"})))

    assert companies.of_email(known, "ana@zenit.example") == ZENIT
    assert companies.of_email(other, "ana@zenit.example") is None


@pytest.mark.parametrize(
    ("title", "outsider", "additional"),
    [
        ("Senior Consultant", True, False),
        ("Externe Beraterin", True, False),
        ("Head of Data", False, False),
        ("Advisor", False, True),
        ("Non-Executive Director", False, True),
        ("Aufsichtsrat", False, True),
        ("Dashboard Designer", False, False),
    ],
)
def test_titles_tell_outsiders_and_seats(title: str, outsider: bool, additional: bool) -> None:
    assert (job_titles.is_outsider(title), job_titles.is_additional(title)) == (
        outsider,
        additional,
    )


MOVE = a_move(earliest=day(80), latest=day(100), moved_at=day(100))
LEFT = replace(OLD, job_title="Head of Data", buying_roles=frozenset({"champion"}))


@pytest.mark.parametrize(
    ("colleague", "expected"),
    [
        (a_contact(7, "Ana Lopez", "ana@acme.example", on=130, job_title="Head of Data"), 7),
        (a_contact(7, "Ana Lopez", "ana@acme.example", on=130, job_title="Data analyst"), 7),
        (
            a_contact(
                7, "Ana Lopez", "ana@acme.example", on=130, buying_roles=frozenset({"champion"})
            ),
            7,
        ),
        (a_contact(7, "Ana Lopez", "ana@acme.example", on=130, job_title="Counsel"), None),
        (a_contact(7, "Ana Lopez", "ana@acme.example", on=10, job_title="Head of Data"), None),
        (a_contact(7, "Ana Lopez", "ana@acme.example", on=600, job_title="Head of Data"), None),
        (a_contact(7, "Ana Lopez", "ana@orbit.example", on=130, job_title="Head of Data"), None),
        (a_contact(7, "", "info@acme.example", on=130, job_title="Head of Data"), None),
    ],
    ids=[
        "title",
        "kind of work",
        "buying role",
        "other work",
        "long there",
        "too late",
        "elsewhere",
        "mailbox",
    ],
)
def test_who_took_over_came_around_the_departure_and_does_the_same(
    colleague: ContactFacts, expected: int | None
) -> None:
    found = replaced_by(MOVE, [LEFT], [colleague, NEW, LEFT], the_companies(), DEFAULT)

    assert (found.contact_id if found else None) == expected


def test_the_closest_fit_takes_over_and_says_why() -> None:
    analyst = a_contact(7, "Ana Lopez", "ana@acme.example", on=110, job_title="Data analyst")
    heir = a_contact(8, "Bo Berg", "bo@acme.example", on=140, job_title="Head of Data")

    found = replaced_by(MOVE, [LEFT], [analyst, heir], the_companies(), DEFAULT)

    assert found is not None
    assert (found.contact_id, found.reason.evidence) == (8, ("contact:8",))
    assert (
        found.reason.text == "Bo Berg is at the old company since 20 May 2024 with the same title"
    )


@pytest.mark.parametrize(
    ("told", "kind", "p", "status"),
    [
        (said(day(90), new_company="Zenit GmbH"), "mapped_company_field", 900_000, "auto"),
        (said(day(90), provider_company="zenit"), "mapped_provider_field", 800_000, "review"),
    ],
    ids=["a rep's field", "a job-change service's field"],
)
def test_a_mapped_field_alone_tells_where_the_person_went(
    told: tuple[MappedText, ...], kind: str, p: int, status: str
) -> None:
    history = a_history(email=[("priya@acme.example", 0)])

    (move,) = find(replace(OLD, last_activity_at=None, history=history, texts=told)).moves

    assert (move.former_company_id, move.new_company_id, move.moved_at) == (ACME, ZENIT, day(90))
    assert ({one.kind for one in move.signals}, move.p_moved, move.status) == ({kind}, p, status)


def test_a_mapped_field_that_names_a_company_nobody_knows_is_a_departure() -> None:
    history = a_history(email=[("priya@acme.example", 0)])
    (move,) = find(
        replace(OLD, history=history, texts=said(day(90), provider_company="Nowhere Ltd"))
    ).moves

    assert (move.kind, move.new_company_id, move.status) == ("departure", None, "review")


def test_a_mapped_field_that_names_the_company_the_person_is_at_says_nothing() -> None:
    history = a_history(email=[("priya@acme.example", 0)])

    assert find(replace(OLD, history=history, texts=said(day(90), new_company="ACME"))).moves == ()


@pytest.mark.parametrize(
    ("a", "b", "other"),
    [
        ("Head of Data", "Head of Sales", False),
        ("Gardener", "Goldsmith", True),
        ("Data analyst", "Legal counsel", True),
        ("Software engineer", "Backend developer", False),
        ("Gardener", "", False),
    ],
)
def test_titles_are_others_when_neither_kind_nor_word_agrees(a: str, b: str, other: bool) -> None:
    assert job_titles.is_other(a, b) is job_titles.is_other(b, a) is other
