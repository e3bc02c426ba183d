"""Changes of the primary company: whose word they are, and which are slips that somebody corrected."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mappings.rules.facts import PPM, CompanyFacts, ContactFacts, Directory, Version
from mappings.rules.findings import Move
from mappings.rules.identity import companies
from mappings.rules.identity.company_changes import is_by_user
from mappings.rules.identity.record_profile import employer
from mappings.rules.job_changes.moves import find_moves, not_alone
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
    the_companies,
)

AT_ACME = "priya@acme.example"
Versions = tuple[Version, ...]
Rows = Sequence[tuple[int, int] | tuple[int, int, str]]


def moves(contact: ContactFacts, known: Directory | None = None) -> list[Move]:
    person, by_id = a_person(contact)
    return list(find_moves(person, by_id, known or the_companies(), DEFAULT, NOW).moves)


def priya(companies: Rows, email: str = AT_ACME, **more: Versions) -> ContactFacts:
    """A contact with this history of primary companies, and one address since the first day."""
    email_rows = [(email, 0)] if email else []
    history = {**of_companies(companies), **a_history(email=email_rows), **more}
    return a_contact(1, email=email, history=history)


def of_companies(rows: Rows) -> dict[str, Versions]:
    """The history of the primary company as (company, day, source)."""
    versions = (
        Version(str(row[0]), day(row[1]), row[2] if len(row) > 2 else "CRM_UI") for row in rows
    )
    return {"associatedcompanyid": tuple(versions)}


@pytest.mark.parametrize(
    ("version", "user"),
    [
        (Version("1", day(0), "CRM_UI"), True),
        (Version("1", day(0), "CRM_UI_BULK_ACTION"), True),
        (Version("1", day(0), "MOBILE_ANDROID"), True),
        (Version("1", day(0), "SOME_NEW_PAGE", "userId:88"), True),
        (Version("1", day(0), "IMPORT", "userId:88"), False),
        (Version("1", day(0), "AUTOMATION_PLATFORM", "enrollmentId:7"), False),
        (Version("1", day(0), "COMPANY_INSIGHTS"), False),
        (Version("1", day(0), ""), False),
    ],
    ids=["page", "bulk edit", "phone", "user named", "import", "workflow", "HubSpot", "unknown"],
)
def test_a_change_is_a_users_by_its_source_or_by_the_user_it_names(
    version: Version, user: bool
) -> None:
    assert is_by_user(version) is user


@pytest.mark.parametrize(
    ("source", "found"),
    [("CRM_UI", (850_000, "auto")), ("MOBILE_IOS", (850_000, "auto")), ("WORKFLOWS", None)],
)
def test_a_user_who_changes_the_company_outweighs_the_address_that_stays_and_a_program_does_not(
    source: str, found: tuple[int, str] | None
) -> None:
    changed = moves(priya([(ACME, 0), (ZENIT, 50, source)]))

    assert [(move.confidence, move.status) for move in changed] == ([found] if found else [])
    assert all(move.moved_at == day(50) for move in changed)


@pytest.mark.parametrize(
    ("email", "title", "from_agency", "status"),
    [
        (AT_ACME, "Head of Data", False, "auto"),
        (AT_ACME, "Head of Data", True, "review"),
        (AT_ACME, "External consultant", False, "review"),
        (AT_ACME, "Member of the Board", False, "review"),
        ("priya@gmail.com", "External consultant", False, "auto"),
    ],
    ids=["an employee", "an agency's", "a consultant", "on the board", "no address there"],
)
def test_who_may_work_there_for_the_old_company_is_asked_about(
    email: str, title: str, status: str, *, from_agency: bool
) -> None:
    acme = CompanyFacts(ACME, "Acme", frozenset({"acme.example"}), is_agency=from_agency)
    known = companies.directory([acme, CompanyFacts(ZENIT, "Zenit")])
    contact = replace(priya([(ACME, 0), (ZENIT, 50)], email), job_title=title)

    assert [move.status for move in moves(contact, known)] == [status]


def test_a_programs_change_counts_beside_an_address_that_is_dead() -> None:
    contact = replace(priya([(ACME, 0), (ZENIT, 50, "WORKFLOWS")]), bounced_at=day(45))

    (move,) = moves(contact)

    assert (move.new_company_id, move.p_moved, move.status) == (ZENIT, 675_000, "review")


def test_a_reply_from_the_old_address_a_month_later_says_that_nobody_left() -> None:
    contact = priya([(ACME, 0), (ZENIT, 50)])
    (soon,) = moves(replace(contact, last_reply_at=day(60)))
    (later,) = moves(replace(contact, last_reply_at=day(90)))

    assert (soon.p_moved, later.p_moved, later.status) == (850_000, 170_000, "stored")


@pytest.mark.parametrize(
    ("companies", "email", "pairs"),
    [
        ([(ACME, 0), (ZENIT, 50), (ACME, 54)], AT_ACME, []),
        ([(ACME, 0), (ZENIT, 50), (ACME, 54)], "", []),
        ([(ACME, 0), (ZENIT, 50), (ACME, 54, "WORKFLOWS")], AT_ACME, []),
        ([(ZENIT, 0), (ACME, 9)], AT_ACME, []),
        ([(ZENIT, 0), (ACME, 300)], AT_ACME, []),
        ([(ORBIT, 0), (ZENIT, 9)], "priya@gmail.com", []),
        ([(ORBIT, 0), (ZENIT, 90)], "priya@gmail.com", [(ORBIT, ZENIT)]),
        ([(ACME, 0), (ORBIT, 50), (ZENIT, 52)], AT_ACME, [(ACME, ZENIT)]),
        ([(ACME, 0), (ZENIT, 3)], AT_ACME, [(ACME, ZENIT)]),
    ],
    ids=[
        "there and back within days",
        "without an address",
        "back by a program",
        "typed wrong, then as the address says",
        "typed wrong for long",
        "typed wrong, behind a private address",
        "no longer a slip",
        "the wrong one clicked first",
        "soon, but the address was there",
    ],
)
def test_what_is_corrected_within_days_is_no_job_change(
    companies: Rows, email: str, pairs: list[tuple[int, int]]
) -> None:
    found = moves(priya(companies, email))

    assert [(move.former_company_id, move.new_company_id) for move in found] == pairs


@pytest.mark.parametrize(
    "kin",
    [
        CompanyFacts(40, "Research", frozenset({"research.example"}), parent_id=ACME),
        CompanyFacts(40, "ACME, Inc.", frozenset({"acme-inc.example"})),
        CompanyFacts(40, "Newco", frozenset({"new.example"}), former_names=("Acme",)),
    ],
    ids=["subsidiary", "legal form", "renamed"],
)
def test_a_user_who_chooses_a_company_of_the_same_house_tells_of_no_job_change(
    kin: CompanyFacts,
) -> None:
    assert moves(priya([(ACME, 0), (40, 50)]), the_companies(kin)) == []


def test_a_crowd_whose_company_users_change_is_no_job_change() -> None:
    known = the_companies(migrations=frozenset({(ACME, ZENIT)}))

    assert moves(priya([(ACME, 0), (ZENIT, 50)]), known) == []


@pytest.mark.parametrize(
    ("companies", "linked", "at"),
    [
        ([(ACME, 0), (ZENIT, 50)], ZENIT, ZENIT),
        ([(ACME, 0), (ZENIT, 50, "WORKFLOWS")], ZENIT, ACME),
        ([(ACME, 0), (ZENIT, 50), (ACME, 52)], ACME, ACME),
        ([(ACME, 0), (ZENIT, 50)], ORBIT, ACME),
        ([(ZENIT, 0)], ZENIT, ACME),
    ],
    ids=["by a user", "by a program", "taken back", "linked no longer", "never changed"],
)
def test_a_record_is_at_the_company_that_a_user_chose_since_the_address(
    companies: Rows, linked: int, at: int
) -> None:
    assert employer(replace(priya(companies), company_ids=(linked,)), the_companies()) == at


def test_an_address_that_is_newer_than_the_users_choice_tells_the_employer() -> None:
    history = {**of_companies([(ACME, 0), (ZENIT, 50)]), **a_history(email=[(AT_ACME, 60)])}
    contact = a_contact(1, email=AT_ACME, company_ids=(ZENIT,), history=history)

    assert employer(contact, the_companies()) == ACME


# What imports and other programs write

FILE = "IMPORT"
TO_ZENIT: Rows = [(ACME, 0, FILE), (ZENIT, 50, FILE)]


def named(*rows: tuple[str, int, str]) -> dict[str, Versions]:
    """The history of the typed company name."""
    return dict(a_history(company=rows))


@pytest.mark.parametrize(
    ("email", "more", "kind"),
    [
        # An address at a company that no record has as its domain.
        ([("priya@acme.example", 0, FILE), ("priya@new.example", 50, FILE)], {}, "company_with_address"),
        ([("priya@acme.example", 0, FILE), ("priya@gmail.com", 50, FILE)], {}, "primary_company_automatic"),
        ([("priya@acme.example", 0, FILE), ("info@new.example", 50, FILE)], {}, "primary_company_automatic"),
        ([("priya@acme.example", 0, FILE), ("priya@new.example", 50, "FORM")], {}, "primary_company_automatic"),
        ([("priya@acme.example", 0, FILE), ("priya@new.example", 20, FILE)], {}, "primary_company_automatic"),
        ([("priya@gmail.com", 0, FILE)], named(("Acme", 0, FILE), ("Zenit", 50, FILE)), "company_by_import"),
        ([("priya@gmail.com", 0, FILE)], named(("Acme", 0, FILE), ("Orbit", 50, FILE)), "primary_company_automatic"),
        ([("priya@gmail.com", 0, FILE)], named(("Acme", 0, FILE), ("Zenit", 50, "FORM")), "primary_company_automatic"),
    ],
    ids=[
        "with an address",
        "with a private address",
        "with a shared mailbox",
        "the address by another source",
        "the address on another day",
        "with the name",
        "with another name",
        "the name by another source",
    ],
)  # fmt: skip
def test_an_import_that_says_more_than_a_link_is_no_guess(
    email: list[tuple[str, int, str]], more: dict[str, Versions], kind: str
) -> None:
    history = {**a_history(email=email), **of_companies(TO_ZENIT), **more}
    contact = a_contact(1, email=email[-1][0], history=history)

    (move,) = moves(contact)

    assert {signal.kind for signal in move.signals} == {kind}
    assert move.status == ("auto" if kind != "primary_company_automatic" else "stored")


def test_an_import_that_leaves_the_old_address_changes_nobodys_employer() -> None:
    told = named(("Acme", 0, FILE), ("Zenit", 50, FILE))

    assert moves(priya([(ACME, 0, FILE), (ZENIT, 50, FILE)], AT_ACME, **told)) == []


def test_whom_an_import_takes_along_with_others_is_asked_about() -> None:
    told = named(("Acme", 0, FILE), ("Zenit", 50, FILE))
    contact = priya(TO_ZENIT, "priya@gmail.com", **told)
    (alone,) = moves(contact)
    (left,) = moves(replace(contact, left_reply_at=day(40)))

    asked = not_alone(alone, 1, DEFAULT)

    assert (alone.status, asked.status) == ("auto", "review")
    assert "the same import took 1 more the same way" in asked.reasons[-1].text
    assert asked.p_moved == alone.p_moved <= PPM
    # An automatic reply says nothing of where to, and does not settle it either.
    assert not_alone(left, 1, DEFAULT).status == "review"
