"""What people decided overrules what was computed, until it is replaced or taken back."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.attribution import decisions
from mappings.rules.attribution.decisions import Decision
from mappings.rules.facts import PPM, ContactFacts
from mappings.rules.findings import Move, Person, Reason, Referral
from mappings.rules.identity import linkage
from mappings.rules.policy import DEFAULT

AT = datetime(2026, 3, 1, tzinfo=UTC)
PRIYA = Person(12, (12, 33))


def said(number: int, kind: str, verb: str, *contacts: int, **detail: Any) -> Decision:  # noqa: ANN401 - any detail
    companies = detail.pop("companies", ())
    return Decision(number, kind, verb, AT, contacts, companies, detail)


def a_move(former: int = 1, new: int | None = 2, **changed: Any) -> Move:  # noqa: ANN401 - any field
    values = {
        "p_same": 900_000,
        "p_moved": 700_000,
        "confidence": 630_000,
        "status": "review",
        **changed,
    }
    return Move(12, former, new, 12, 33, AT, AT, AT, **values)


def a_referral(
    *fitting: int, how: str = "ambiguous", status: str = "review", target: str = "contact:22"
) -> Referral:
    evidence = (*(f"contact:{one}" for one in fitting), target)
    return Referral(
        fitting[0],
        fitting[0],
        1,
        target,
        AT,
        how,
        400_000,
        status,
        reasons=(Reason(how, "x", AT, evidence),),
    )


def test_the_newest_answer_about_a_pair_counts() -> None:
    told = [said(1, "identity", "same", 12, 33), said(2, "identity", "different", 33, 12)]

    assert decisions.pairs(told) == decisions.pairs(reversed(told)) == {(12, 33): False}


def test_an_answer_that_was_taken_back_is_none() -> None:
    assert (
        decisions.pairs(
            [said(1, "identity", "same", 12, 33), said(2, "identity", "reopen", 12, 33)]
        )
        == {}
    )


def test_two_contacts_that_became_one_record_are_no_pair() -> None:
    assert decisions.pairs([said(1, "identity", "different", 33, 33)]) == {}


@given(
    verbs=st.lists(st.sampled_from(["same", "different", "reopen"]), min_size=1, max_size=8),
    order=st.randoms(),
)
def test_only_the_last_word_matters_in_whatever_order_it_is_read(
    verbs: list[str],
    order: Any,  # noqa: ANN401
) -> None:
    told = [said(number, "identity", verb, 12, 33) for number, verb in enumerate(verbs)]
    order.shuffle(told)

    assert decisions.pairs(told).get((12, 33)) == {"same": True, "different": False}.get(verbs[-1])


def test_records_without_any_likeness_are_one_person_when_somebody_says_so() -> None:
    contacts = [
        ContactFacts(12, AT, first_name="Ann", last_name="Oak"),
        ContactFacts(33, AT, first_name="Bo"),
    ]

    grouping = linkage.group_people(
        contacts, linkage.Frequencies(decisions={(12, 33): True}), DEFAULT
    )

    assert [person.contact_ids for person in grouping.persons] == [(12, 33)]


def test_a_confirmed_move_is_certain_and_keeps_its_reasons() -> None:
    (move,) = decisions.settled_moves(
        [a_move(reasons=(Reason("bounce", "b"),))],
        PRIYA,
        [said(1, "move", "confirm", 12, 33, companies=(1, 2))],
        {},
    )

    assert (move.status, move.confidence, move.p_same, move.p_moved) == ("confirmed", PPM, PPM, PPM)
    assert [one.code for one in move.reasons] == ["human_decision", "bounce"]


def test_deciding_twice_gives_one_reason() -> None:
    told = [said(1, "move", "confirm", 12, 33, companies=(1, 2))]
    once = decisions.settled_moves([a_move()], PRIYA, told, {})

    assert decisions.settled_moves(once, PRIYA, told, {}) == once


def test_a_rejected_move_is_rejected_however_sure_it_is() -> None:
    sure = a_move(confidence=PPM, status="auto")
    (move,) = decisions.settled_moves(
        [sure], PRIYA, [said(1, "move", "reject", 12, 33, companies=(1, 2))], {}
    )

    assert move.status == "rejected"


def test_a_move_between_other_companies_or_of_somebody_else_is_left_alone() -> None:
    told = [
        said(1, "move", "reject", 12, 33, companies=(1, 3)),
        said(2, "move", "reject", 77, 78, companies=(1, 2)),
    ]

    assert decisions.settled_moves([a_move()], PRIYA, told, {}) == [a_move()]


def test_a_confirmed_move_comes_back_when_nothing_speaks_for_it_any_more() -> None:
    told = [said(5, "move", "confirm", 12, 33, companies=(1, 2))]

    (move,) = decisions.settled_moves([], PRIYA, told, {5: a_move()})

    assert (move.status, move.person_id, move.former_company_id, move.new_company_id) == (
        "confirmed",
        12,
        1,
        2,
    )
    assert decisions.settled_moves([], Person(12, (12,)), told, {5: a_move()}) == [], (
        "its records are two people now"
    )
    assert (
        decisions.settled_moves([], PRIYA, [replace(told[0], verb="reject")], {5: a_move()}) == []
    )


def test_a_confirmed_departure_can_be_given_its_goal_and_day() -> None:
    gone = a_move(new=None, kind="departure")
    told = [
        said(
            1,
            "move",
            "confirm",
            12,
            33,
            companies=(1, None),
            company=4,
            date="2026-02-01T00:00:00+00:00",
        )
    ]

    (move,) = decisions.settled_moves([gone], PRIYA, told, {})

    assert (move.kind, move.new_company_id, f"{move.moved_at:%Y-%m-%d}") == (
        "move",
        4,
        "2026-02-01",
    )
    assert move.earliest == move.latest == move.moved_at


def test_the_picked_candidate_is_certain_and_the_others_are_gone() -> None:
    told = [said(1, "referral", "pick", 11, 12, target="contact:22", pick=12)]

    (one,) = decisions.settled_referrals(
        [a_referral(11, 12)], told, {12: a_referral(12, how="named_person", status="auto")}
    )

    assert (one.referrer_contact_id, one.p, one.status) == (12, PPM, "auto")
    assert one.reasons[-1].code == "human_decision"


def test_a_picked_candidate_counts_though_another_alone_fits_by_now() -> None:
    told = [said(1, "referral", "pick", 11, 12, target="contact:22", pick=12)]
    only = a_referral(11, how="named_person", status="auto")

    (one,) = decisions.settled_referrals(
        [only], told, {12: a_referral(12, how="named_person", status="auto")}
    )

    assert one.referrer_contact_id == 12


def test_nobody_of_them_rejects_by_name_and_leaves_a_code_alone() -> None:
    told = [said(1, "referral", "reject", 11, 12, target="contact:22")]
    by_code = a_referral(11, how="tracked_code", status="auto")

    found = decisions.settled_referrals([a_referral(11, 12), by_code], told, {})

    assert sorted((one.how, one.status) for one in found) == [
        ("ambiguous", "rejected"),
        ("tracked_code", "auto"),
    ]


def test_answers_about_other_names_in_one_text_stand_side_by_side() -> None:
    told = [
        said(1, "referral", "reject", 11, 12, target="contact:22"),
        said(2, "referral", "pick", 41, 42, target="contact:22", pick=41),
    ]

    assert [one.id for one in decisions.answers(told)] == [1, 2]
    assert [
        one.id
        for one in decisions.answers(
            [*told, said(3, "referral", "reopen", 12, 11, target="contact:22")]
        )
    ] == [2]
