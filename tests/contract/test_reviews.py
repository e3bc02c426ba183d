"""Who is who, decided by people: asked where it is doubtful, their answer beats what is computed, before and after."""

import pytest

from integration.core.errors import Refused
from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.review import answering
from integration.review.answers import Answer
from tests.contract.conclude_world import HARBOR, MirrorPortal, day
from tests.contract.review_world import (
    ASKING,
    Office,
    answer,
    later,
    namesakes,
    questions,
    the_question,
    tomorrow,
)


@pytest.fixture
def harbor(office: Office) -> MirrorPortal:
    return MirrorPortal(office, HARBOR)


def test_namesakes_are_a_question_with_its_evidence_and_the_money_at_stake(
    harbor: MirrorPortal,
) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()

    asked = the_question(harbor, "identity")

    assert asked["text"] == "Are Priya Raman (Acme) and Priya Raman (Zenit) the same person?"
    assert any("Priya Raman" in line for line in asked["evidence"])
    assert (asked["stake_minor"], asked["stake_currency"]) == (50_000_00, "USD")
    assert asked["verbs"] == ["same", "different"]
    assert harbor.persons() == {12: 12, 33: 33}


def test_same_joins_two_records_at_once_and_different_evidence_does_not_part_them(
    harbor: MirrorPortal,
) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "same")
    assert harbor.persons() == {12: 12, 33: 12}
    assert questions(harbor, "identity") == []

    harbor.change("contact", 33, firstname="Quentin", lastname="Oldman")
    harbor.settle()

    assert harbor.persons() == {12: 12, 33: 12}


def test_a_question_that_resolves_itself_disappears(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    assert len(questions(harbor)) == 1

    harbor.change("contact", 33, firstname="Quentin", lastname="Oldman")
    harbor.settle()

    assert questions(harbor) == []
    assert harbor.kept("review_ref") == []


def test_a_deleted_record_takes_its_questions_along(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()

    harbor.retire("contact", 12)
    harbor.settle()

    assert questions(harbor) == []


def test_a_changed_mind_is_a_new_row_and_the_newest_counts(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    number = the_question(harbor, "identity")["id"]
    first = answer(harbor, number, "same")

    answer(harbor, number, "different", seen=first)

    assert harbor.persons() == {12: 12, 33: 33}
    assert harbor.values("decision", "verb") == [
        "same",
        "different",
    ]


def test_an_answer_that_was_taken_back_is_asked_again(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    number = the_question(harbor, "identity")["id"]
    first = answer(harbor, number, "same")

    answer(harbor, number, "reopen", seen=first)

    assert harbor.persons() == {12: 12, 33: 33}
    assert the_question(harbor, "identity")["id"] == number


def test_an_answer_that_ended_goes_back_to_review(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "same", until=tomorrow(harbor))
    later(harbor, 1)
    assert harbor.persons() == {12: 12, 33: 12}, "it holds through its last day"

    later(harbor, 1)

    assert harbor.persons() == {12: 12, 33: 33}
    assert len(questions(harbor, "identity")) == 1


def test_an_ended_answer_is_listed_before_the_night_comes(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    number = the_question(harbor, "identity")["id"]
    answer(harbor, number, "same", until=tomorrow(harbor))

    harbor.clock.at = day(-3)

    assert the_question(harbor, "identity")["id"] == number
    assert answer(harbor, number, "different") > 0


def test_what_was_decided_survives_that_everything_is_concluded_anew(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "same")
    before = harbor.derived(9)

    with harbor.clock.database.portal(HARBOR) as tx:
        for table in ("person", "move", "identity_key"):
            tx.run(f"DELETE FROM {table} WHERE portal_id = :portal")
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    harbor.settle()

    assert harbor.persons() == {12: 12, 33: 12}
    assert harbor.derived(9) == before > 0


def test_contacts_that_merge_in_hubspot_carry_decisions_along(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.contact(40, 2, firstname="P", lastname="R", email="p.r@zenit-labs.com")
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "same")

    harbor.merge("contact", (33,), 40)
    harbor.settle()

    assert harbor.persons() == {12: 12, 40: 12}


def test_one_of_a_persons_records_is_separated_and_stays_so(harbor: MirrorPortal) -> None:
    harbor.install()
    namesakes(harbor)
    for contact in (12, 33):
        harbor.change("contact", contact, hs_linkedin_url="linkedin.com/in/priya")
    harbor.settle()
    assert harbor.persons() == {12: 12, 33: 12}

    assert answering.split(
        harbor.context, 33, Answer("different", "Ana", "father and daughter")
    ) == [12]
    harbor.settle()
    harbor.change("contact", 33, mobilephone="+14155550123")
    harbor.settle()

    assert harbor.persons() == {12: 12, 33: 33}
    with pytest.raises(Refused, match="nothing to separate"):
        answering.split(harbor.context, 33, Answer("different", "Ana", "again"))


def test_answers_that_contradict_each_other_are_refused(harbor: MirrorPortal) -> None:
    harbor.install(policy={**ASKING, "link_review_at": 1})
    namesakes(harbor)
    harbor.company(3, "Beta", "beta-works.com")
    harbor.contact(40, 3, firstname="Priya", lastname="Raman", email="priya@beta-works.com")
    harbor.settle()
    by_pair = {
        tuple(one["record_id"] for one in each["records"]): each["id"] for each in questions(harbor)
    }
    answer(harbor, by_pair[12, 33], "same")
    answer(harbor, by_pair[12, 40], "different")

    with pytest.raises(
        Refused, match=r"contacts 12 and 40 were decided to be different .* by way of 12, 33, 40"
    ):
        answer(harbor, by_pair[33, 40], "same")

    assert harbor.persons() == {12: 12, 33: 12, 40: 40}
    assert len(harbor.decisions()) == 2


def test_different_keeps_records_apart_whatever_turns_up_later(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "different")

    for contact in (12, 33):
        harbor.change(
            "contact", contact, hs_linkedin_url="linkedin.com/in/priya", mobilephone="+14155550123"
        )
    harbor.settle()

    assert harbor.persons() == {12: 12, 33: 33}
    assert questions(harbor, "identity") == []
