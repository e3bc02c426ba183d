"""Decisions of people: asked where it is doubtful, they beat what is computed, before and after."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from integration import conclude, forget, review
from integration.errors import Refused
from integration.queue import Queue
from integration.review import Answer, TooLate
from integration.storage import erasure
from integration.storage.database import Database
from tests.contract.conclude_world import HARBOR, ORCHARD, MirrorPortal, day, moved_champion
from tests.contract.review_world import (
    ASKING,
    DOUBTING,
    Office,
    answer,
    doubtful_move,
    later,
    namesakes,
    persons,
    questions,
    the_question,
    tomorrow,
    two_marias,
)
from tests.contract.test_conclude_touches import happen, read_activities


@pytest.fixture
def office(database: Database, redis_url: str) -> Iterator[Office]:
    queue = Queue(redis_url)
    yield Office(database, queue=queue)
    queue.redis.close()


@pytest.fixture
def harbor(office: Office) -> MirrorPortal:
    return MirrorPortal(office, HARBOR)


def test_namesakes_are_a_question_with_its_evidence_and_the_money_at_stake(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()

    asked = the_question(harbor, "identity")

    assert asked["text"] == "Are Priya Raman (Acme), contact 12, and Priya Raman (Zenit), contact 33, the same person?"
    assert any("Priya Raman" in line for line in asked["evidence"])
    assert (asked["stake_minor"], asked["stake_currency"]) == (50_000_00, "USD")
    assert asked["verbs"] == ["same", "different"]
    assert persons(harbor) == {12: 12, 33: 33}


def test_same_joins_two_records_at_once_and_different_evidence_does_not_part_them(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "same")
    assert persons(harbor) == {12: 12, 33: 12}
    assert questions(harbor, "identity") == []

    harbor.change("contact", 33, firstname="Quentin", lastname="Oldman")
    harbor.settle()

    assert persons(harbor) == {12: 12, 33: 12}


def test_different_keeps_records_apart_whatever_turns_up_later(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "different")

    for contact in (12, 33):
        harbor.change("contact", contact, hs_linkedin_url="linkedin.com/in/priya", mobilephone="+14155550123")
    harbor.settle()

    assert persons(harbor) == {12: 12, 33: 33}
    assert questions(harbor, "identity") == []


def test_a_question_that_resolves_itself_disappears(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    assert len(questions(harbor)) == 1

    harbor.change("contact", 33, firstname="Quentin", lastname="Oldman")
    harbor.settle()

    assert questions(harbor) == []
    assert harbor.rows("SELECT * FROM review_ref") == []


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

    assert persons(harbor) == {12: 12, 33: 33}
    assert [row["verb"] for row in harbor.rows("SELECT verb FROM decision ORDER BY decision_id")] == [
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

    assert persons(harbor) == {12: 12, 33: 33}
    assert the_question(harbor, "identity")["id"] == number


def test_an_answer_that_ended_goes_back_to_review(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "same", until=tomorrow(harbor))
    later(harbor, 1)
    assert persons(harbor) == {12: 12, 33: 12}, "it holds through its last day"

    later(harbor, 1)

    assert persons(harbor) == {12: 12, 33: 33}
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
        conclude.refresh_all(tx)
    harbor.settle()

    assert persons(harbor) == {12: 12, 33: 12}
    assert harbor.derived(9) == before > 0


def test_contacts_that_merge_in_hubspot_carry_decisions_along(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.contact(40, 2, firstname="P", lastname="R", email="p.r@zenit-labs.com")
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "same")

    harbor.merge("contact", (33,), 40)
    harbor.settle()

    assert persons(harbor) == {12: 12, 40: 12}


def test_one_of_a_persons_records_is_separated_and_stays_so(harbor: MirrorPortal) -> None:
    harbor.install()
    namesakes(harbor)
    for contact in (12, 33):
        harbor.change("contact", contact, hs_linkedin_url="linkedin.com/in/priya")
    harbor.settle()
    assert persons(harbor) == {12: 12, 33: 12}

    assert review.split(harbor.scope, 33, Answer("different", "Ana", "father and daughter")) == [12]
    harbor.settle()
    harbor.change("contact", 33, mobilephone="+14155550123")
    harbor.settle()

    assert persons(harbor) == {12: 12, 33: 33}
    with pytest.raises(Refused, match="nothing to separate"):
        review.split(harbor.scope, 33, Answer("different", "Ana", "again"))


def test_a_doubtful_move_earns_nothing_until_it_is_confirmed(harbor: MirrorPortal) -> None:
    harbor.install(policy=DOUBTING)
    doubtful_move(harbor)
    harbor.settle()
    asked = the_question(harbor, "move")
    assert asked["text"].startswith("Did Priya Raman (Zenit) leave Acme for Zenit by ")
    assert harbor.derived(9) == 0

    answer(harbor, asked["id"], "confirm")

    assert harbor.derived(9) == 36_000_00, "a sourced move that is certain: 0.90 of the deal"
    assert [row["status"] for row in harbor.rows("SELECT status FROM move")] == ["confirmed"]


def test_a_confirmed_move_stays_when_its_evidence_goes(harbor: MirrorPortal) -> None:
    harbor.install(policy=DOUBTING)
    doubtful_move(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "move")["id"], "confirm")

    harbor.put("contact", 12, firstname="Priya", lastname="Raman", email=[(900, "priya@zenit-labs.com")],
               associatedcompanyid=2)  # fmt: skip
    harbor.settle()

    assert [row["status"] for row in harbor.rows("SELECT status FROM move")] == ["confirmed"]
    assert harbor.derived(9) == 36_000_00


def test_a_rejected_move_stays_so_when_more_speaks_for_it(harbor: MirrorPortal) -> None:
    harbor.install(policy=DOUBTING)
    doubtful_move(harbor)
    harbor.settle()
    number = the_question(harbor, "move")["id"]
    answer(harbor, number, "reject")

    harbor.change("contact", 12, hs_job_change_detected_date=day(190).isoformat(), jobtitle="CTO")
    harbor.settle()

    rows = harbor.rows("SELECT status FROM move WHERE new_company_id = 2")
    assert [row["status"] for row in rows] == ["rejected"]
    assert harbor.derived(9) == 0


def test_a_move_is_confirmed_with_another_company_and_date(harbor: MirrorPortal) -> None:
    harbor.install(policy=DOUBTING)
    doubtful_move(harbor)
    harbor.company(4, "Quartz", "quartz-mills.com")
    harbor.settle()
    number = the_question(harbor, "move")["id"]
    with pytest.raises(Refused, match="Company 99 is not known"):
        answer(harbor, number, "confirm", company=99)
    with pytest.raises(Refused, match="cannot lead to the company it came from"):
        answer(harbor, number, "confirm", company=1)

    answer(harbor, number, "confirm", company=4, day=day(150).date())

    (row,) = harbor.rows("SELECT new_company_id, status, body FROM move")
    assert (row["new_company_id"], row["status"]) == (4, "confirmed")
    assert row["body"]["moved_at"].startswith(day(150).date().isoformat())


def test_who_is_meant_is_asked_and_the_picked_one_is_credited(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    two_marias(harbor)
    harbor.settle()
    asked = the_question(harbor, "referral")
    assert [one["name"] for one in asked["candidates"]] == ["Maria Lopez (Acme)", "Maria Lopez (Beta)"]
    assert harbor.derived(9) == 0

    answer(harbor, asked["id"], "pick", pick=12)

    assert harbor.derived(9) == 34_000_00, "before the deal, and certain: 0.85 of it"
    rows = harbor.rows("SELECT contact_id FROM source WHERE deal_id = 9")
    assert [row["contact_id"] for row in rows] == [12]


def test_the_picked_one_stays_when_another_of_the_name_appears_or_goes(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    two_marias(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "referral")["id"], "pick", pick=12)

    harbor.contact(13, 1, firstname="Maria", lastname="Lopez", email="maria.lopez@acme-tools.com")
    harbor.settle()
    assert questions(harbor, "referral") == []
    harbor.change("contact", 12, lastname="Stern")
    harbor.settle()

    assert [row["contact_id"] for row in harbor.rows("SELECT contact_id FROM source WHERE deal_id = 9")] == [12]


def test_nobody_of_them_is_an_answer_and_beats_that_only_one_is_left(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    two_marias(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "referral")["id"], "reject")

    harbor.change("contact", 12, lastname="Stern")
    harbor.settle()

    assert harbor.derived(9) == 0
    assert questions(harbor, "referral") == []


def test_only_a_candidate_can_be_picked(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    two_marias(harbor)
    harbor.settle()

    with pytest.raises(Refused, match=r"Contact 22 is none of the candidates .*: 11, 12"):
        answer(harbor, the_question(harbor, "referral")["id"], "pick", pick=22)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"verb": "confirm"}, "is of the kind identity, which takes same, different, reopen, and not confirm"),
        ({"verb": "same", "reason": " "}, "needs its reason"),
        ({"verb": "same", "author": ""}, "needs its author"),
        ({"verb": "same", "reason": "x" * 1001}, "longer than 1000"),
        ({"verb": "same", "until": day(5).date()}, "is over"),
        ({"verb": "reopen"}, "is open; there is no answer"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(harbor: MirrorPortal, given: dict[str, object], says: str) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    number = the_question(harbor, "identity")["id"]

    with pytest.raises(Refused, match=says):
        review.decide(harbor.scope, number, Answer(**{"author": "Ana", "reason": "because", **given}))  # type: ignore[arg-type]  # as it came

    assert harbor.rows("SELECT * FROM decision") == []


def test_an_unknown_question_says_what_to_do(harbor: MirrorPortal) -> None:
    harbor.install()
    for number in (0, 77, 1 << 70):
        with pytest.raises(Refused, match=f"There is no question {number} in portal {HARBOR}.*lists the open ones"):
            review.decide(harbor.scope, number, Answer("same", "Ana", "because"))


def test_the_second_of_two_people_is_told(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    number = the_question(harbor, "identity")["id"]
    answer(harbor, number, "same")

    with pytest.raises(TooLate, match="Ana answered this already on 2026-06-30 12:00 UTC: same"):
        review.decide(harbor.scope, number, Answer("different", "Bo", "no"))

    review.decide(harbor.scope, number, Answer("different", "Bo", "no", anyway=True))
    harbor.settle()
    assert persons(harbor) == {12: 12, 33: 33}


def test_of_people_who_answer_in_the_same_moment_one_is_first(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    number = the_question(harbor, "identity")["id"]
    gate, told = threading.Barrier(6), []

    def press(name: str, verb: str) -> None:
        gate.wait()
        try:
            review.decide(harbor.scope, number, Answer(verb, name, "because"))
            told.append("first")
        except TooLate:
            told.append("told")

    people = [threading.Thread(target=press, args=(f"p{n}", ("same", "different")[n % 2])) for n in range(6)]
    for one in people:
        one.start()
    for one in people:
        one.join()

    assert sorted(told) == ["first"] + ["told"] * 5
    assert len(harbor.rows("SELECT * FROM decision")) == 1


def test_a_question_leaves_its_neighbours_alone(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    for number in range(5):
        who = {"firstname": "Abe", "lastname": f"Zulu{chr(97 + number) * 4}"}
        harbor.contact(100 + number, 1, email=f"abe{number}@acme-tools.com", **who)
        harbor.contact(200 + number, 2, email=f"abe{number}@zenit-labs.com", **who)
    harbor.settle()
    before = {row["question"]: row for row in harbor.rows("SELECT question, xmin::text FROM review")}
    assert len(before) == 6

    harbor.change("contact", 33, firstname="Quentin", lastname="Oldman")
    harbor.settle()

    after = {row["question"]: row for row in harbor.rows("SELECT question, xmin::text FROM review")}
    assert before.keys() - after.keys() == {"12:33"}
    assert all(after[key] == before[key] for key in after), "no other row was written"


def test_the_most_valuable_question_comes_first_and_pages_lead_through_all(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    for number in range(7):
        who = {"firstname": "Abe", "lastname": f"Zulu{chr(97 + number) * 4}"}
        harbor.contact(100 + number, 1, email=f"abe{number}@acme-tools.com", **who)
        harbor.contact(200 + number, 2, email=f"abe{number}@zenit-labs.com", **who)
        harbor.deal(300 + number, 2, 200 + number, created=50, amount=str(1000 * (number % 3)))
    harbor.settle()

    seen, after = [], None
    while True:
        found = review.listing(harbor.scope, after=after, limit=3)
        seen += found["questions"]
        after = found["next"]
        if after is None:
            break

    assert len(seen) == len({one["id"] for one in seen}) == found["open"]["identity"] == 8
    stakes = [(-one["stake_minor"], -one["confidence"], one["id"]) for one in seen]
    assert stakes == sorted(stakes)
    assert seen[0]["stake_minor"] == 50_000_00


def test_a_deal_that_grows_moves_its_question_up(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()

    harbor.change("deal", 9, amount="90000.00")
    harbor.settle()

    assert the_question(harbor, "identity")["stake_minor"] == 100_000_00


def test_orchard_never_sees_harbors_questions(harbor: MirrorPortal, office: Office) -> None:
    orchard = MirrorPortal(office, ORCHARD)
    for portal in (harbor, orchard):
        portal.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    orchard.settle()
    number = the_question(harbor, "identity")["id"]
    decision = answer(harbor, number, "same")

    assert questions(orchard) == []
    assert review.history(orchard.scope)["decisions"] == []
    for act in (
        lambda: review.find(orchard.scope, number),
        lambda: answer(orchard, number, "different", seen=decision),
    ):
        with pytest.raises(Refused, match=f"no question {number} in portal {ORCHARD}"):
            act()
    namesakes(orchard)
    orchard.settle()
    assert persons(orchard) == {12: 12, 33: 33}, "the same numbers there are other people"


def test_what_was_decided_is_never_edited(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "same")

    for column, value in (("verb", "'different'"), ("decided_at", "now()"), ("holds_until", "now()")):
        with pytest.raises(Exception, match="permission denied"), harbor.clock.database.portal(HARBOR) as tx:
            tx.run(f"UPDATE decision SET {column} = {value}")


def test_the_answers_are_told_with_their_authors(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    number = the_question(harbor, "identity")["id"]
    first = answer(harbor, number, "same")
    answer(harbor, number, "different", seen=first)

    found = review.history(harbor.scope)["decisions"]
    with harbor.clock.database.portal(HARBOR) as tx:
        told = review.told(tx, "contact", 33, harbor.clock.at)

    assert [(one["verb"], one["author"], one["reason"], one["is_newest"]) for one in found] == [
        ("different", "Ana", "she told me", True),
        ("same", "Ana", "she told me", False),
    ]
    assert [(one["verb"], one["review_id"], one["is_newest"]) for one in told] == [
        ("different", number, True),
        ("same", number, False),
    ]
    assert "Priya Raman" in told[0]["text"]


def test_forgetting_a_person_erases_what_was_decided_about_them(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    number = the_question(harbor, "identity")["id"]
    review.decide(harbor.scope, number, Answer("same", "Zz Canary", "zz canary said so"))
    harbor.settle()

    with harbor.clock.database.portal(HARBOR) as tx:
        forget.erase(tx, 12, secret="s")
    harbor.settle()

    for table in ("review", "review_ref", "decision", "decision_ref"):
        assert harbor.rows(f"SELECT * FROM {table}") == []


def test_forgetting_one_candidate_keeps_the_answer_and_the_total(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    two_marias(harbor)
    harbor.settle()
    number = the_question(harbor, "referral")["id"]
    review.decide(harbor.scope, number, Answer("reject", "Ana", "zz canary knows neither"))
    harbor.settle()

    with harbor.clock.database.portal(HARBOR) as tx:
        forget.erase(tx, 11, secret="s")
    harbor.settle()

    assert harbor.derived(9) == 0, "the one who is left was rejected, too"
    (row,) = harbor.rows("SELECT author, reason, question, detail FROM decision")
    assert (row["author"], row["reason"], row["detail"]["contacts"]) == ("", "", [12])
    assert "11" not in str(row["question"])


def test_a_reason_that_names_a_forgotten_person_is_erased_though_it_was_about_others(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.contact(70, 1, firstname="Zora", lastname="Quillfeather", email="zora@acme-tools.com")
    harbor.settle()
    number = the_question(harbor, "identity")["id"]
    review.decide(harbor.scope, number, Answer("same", "Ana", "Ms Quillfeather at Acme told me"))
    harbor.settle()

    with harbor.clock.database.portal(HARBOR) as tx:
        forget.erase(tx, 70, secret="s")
        assert erasure.mentions(tx, "Quillfeather") == []
    harbor.settle()

    assert persons(harbor) == {12: 12, 33: 12}
    assert [(row["verb"], row["reason"]) for row in harbor.rows("SELECT verb, reason FROM decision")] == [("same", "")]


def test_the_trail_names_nobody(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "same")
    review.split(harbor.scope, 33, Answer("different", "Zz Canary", "zz reason"))

    trail = str(harbor.rows("SELECT actor, action, detail FROM audit"))

    assert "answered a question: identity same" in trail
    for secret in ("Canary", "zz reason", "Priya", "33"):
        assert secret not in trail


def test_answers_that_contradict_each_other_are_refused(harbor: MirrorPortal) -> None:
    harbor.install(policy={**ASKING, "link_review_at": 1})
    namesakes(harbor)
    harbor.company(3, "Beta", "beta-works.com")
    harbor.contact(40, 3, firstname="Priya", lastname="Raman", email="priya@beta-works.com")
    harbor.settle()
    by_pair = {tuple(one["record_id"] for one in each["records"]): each["id"] for each in questions(harbor)}
    answer(harbor, by_pair[12, 33], "same")
    answer(harbor, by_pair[12, 40], "different")

    with pytest.raises(Refused, match=r"contacts 12 and 40 were decided to be different .* by way of 12, 33, 40"):
        answer(harbor, by_pair[33, 40], "same")

    assert persons(harbor) == {12: 12, 33: 12, 40: 40}
    assert len(harbor.rows("SELECT * FROM decision")) == 2


def test_a_sure_move_can_be_doubted_and_rejected(harbor: MirrorPortal) -> None:
    harbor.install()
    doubtful_move(harbor)
    harbor.settle()
    assert harbor.derived(9) > 0
    assert questions(harbor) == []

    (number,) = review.doubt(harbor.scope, 12)
    assert the_question(harbor, "move")["id"] == number
    assert harbor.derived(9) > 0, "it counts until it is decided"
    answer(harbor, number, "reject")

    assert harbor.derived(9) == 0
    with pytest.raises(Refused, match="nothing to doubt"):
        review.doubt(harbor.scope, 12)


def test_a_name_that_was_clear_can_be_doubted(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    two_marias(harbor)
    harbor.retire("contact", 12)
    harbor.settle()
    assert harbor.derived(9) > 0

    (number,) = review.doubt(harbor.scope, 22)
    answer(harbor, number, "reject")

    assert harbor.derived(9) == 0


def late_evidence(portal: MirrorPortal) -> None:
    """Zenit's deal 9 is booked without Priya: her old address bounces only 115 days after it was won."""
    weak = {"second_record": 700_000, "second_record_old_silent": 700_000}
    portal.install(policy={"move_auto": 750_000, "signals": weak})
    namesakes(portal)
    for contact in (12, 33):
        portal.change("contact", contact, hs_linkedin_url="linkedin.com/in/priya")
    portal.settle()
    portal.imported()
    assert portal.derived(9) == 0
    portal.clock.at = day(-120)
    portal.put(
        "contact",
        12,
        firstname="Priya",
        lastname="Raman",
        email="priya@acme-tools.com",
        associatedcompanyid=1,
        hs_linkedin_url="linkedin.com/in/priya",
        notes_last_contacted=day(400).isoformat(),
        hs_email_hard_bounce_reason_enum=[(-95, "UNKNOWN_USER")],
    )
    portal.settle()


def test_evidence_that_comes_too_late_is_a_question_and_counts_when_a_person_says_so(harbor: MirrorPortal) -> None:
    late_evidence(harbor)
    asked = the_question(harbor, "rejudge")
    assert harbor.derived(9) == 0
    assert asked["stake_minor"] == 40_000_00

    answer(harbor, asked["id"], "confirm")

    assert harbor.derived(9) > 0
    assert questions(harbor, "rejudge") == []
    assert {row["occasion"] for row in harbor.ledger(9)} >= {"won", "ordered"}
    booked = harbor.ledger(9)
    harbor.change("deal", 9, dealname="another name")
    harbor.settle()
    assert harbor.ledger(9) == booked


def test_late_evidence_that_a_person_does_not_want_is_not_asked_again(harbor: MirrorPortal) -> None:
    late_evidence(harbor)
    answer(harbor, the_question(harbor, "rejudge")["id"], "reject")

    with harbor.clock.database.portal(HARBOR) as tx:
        conclude.refresh_all(tx)
    harbor.settle()

    assert (questions(harbor, "rejudge"), harbor.derived(9)) == ([], 0)


def test_answering_while_everything_is_concluded_loses_nothing(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    for number in range(24):
        who = {"firstname": "Abe", "lastname": f"{chr(97 + number) * 3}{chr(122 - number) * 4}"}
        harbor.contact(100 + number, 1, email=f"abe{number}@acme-tools.com", **who)
        harbor.contact(200 + number, 2, email=f"abe{number}@zenit-labs.com", **who)
    harbor.settle()
    numbers = [one["id"] for one in questions(harbor, "identity")]
    assert len(numbers) == 25
    done = threading.Event()

    def think() -> None:
        while not done.is_set():
            with harbor.clock.database.portal(HARBOR) as tx:
                conclude.refresh_all(tx)
            conclude.step(harbor.scope, None, limit=20)

    thinking = threading.Thread(target=think)
    thinking.start()
    try:
        for number in numbers:
            review.decide(harbor.scope, number, Answer("same", "Ana", "because"))
    finally:
        done.set()
        thinking.join()
    harbor.settle()

    assert len(harbor.rows("SELECT * FROM decision")) == 25
    assert questions(harbor, "identity") == []
    assert len(set(persons(harbor).values())) == len(persons(harbor)) - 25


def test_who_could_be_added_to_a_deal_is_suggested_until_somebody_dismisses_it(harbor: MirrorPortal) -> None:
    harbor.install()
    harbor.imported()
    moved_champion(harbor)
    harbor.contact(13, 2, firstname="Otto", lastname="Quist", email="otto@zenit-labs.com")
    read_activities(harbor)
    harbor.deal(19, 2, 13, created=55, won=(15, "500.00"))
    for number in range(5):
        happen(harbor, "call", 10 + number, 50 - number, [12])
    harbor.settle()
    asked = the_question(harbor, "suggestion")
    assert asked["text"] == "Add Priya Raman (Zenit) to deal 19?"
    assert (asked["stake_minor"], asked["verbs"]) == (500_00, ["dismiss"])

    answer(harbor, asked["id"], "dismiss")
    with harbor.clock.database.portal(HARBOR) as tx:
        tx.run("DELETE FROM review WHERE portal_id = :portal")
        conclude.refresh_all(tx)
    harbor.settle()

    assert questions(harbor, "suggestion") == []


def test_a_suggestion_that_was_followed_disappears(harbor: MirrorPortal) -> None:
    harbor.install()
    harbor.imported()
    moved_champion(harbor)
    harbor.contact(13, 2, firstname="Otto", lastname="Quist", email="otto@zenit-labs.com")
    read_activities(harbor)
    harbor.deal(19, 2, 13, created=55, amount="500.00")
    for number in range(5):
        happen(harbor, "call", 10 + number, 50 - number, [12])
    harbor.settle()
    assert len(questions(harbor, "suggestion")) == 1

    harbor.link("deal", 19, "contact", 12)
    harbor.settle()

    assert questions(harbor, "suggestion") == []


@pytest.mark.parametrize(("verb", "derived"), [("same", 0), ("different", None)])
def test_companies_that_merge_near_a_deal_are_a_question(harbor: MirrorPortal, verb: str, derived: int | None) -> None:
    harbor.install()
    harbor.imported()
    moved_champion(harbor)
    harbor.settle()
    before = harbor.derived(9)
    assert before > 0

    harbor.merge("company", (1,), 2)
    harbor.settle()
    asked = the_question(harbor, "merge")
    assert asked["text"] == "Were Acme and Zenit one company already when deal 9 was won?"
    assert asked["evidence"] == ["the two companies were merged in HubSpot on 2026-06-30, near the deal"]
    assert harbor.derived(9) == before
    answer(harbor, asked["id"], verb)

    assert harbor.derived(9) == (before if derived is None else derived)
    assert questions(harbor, "merge") == []


def test_a_hundred_thousand_questions_are_listed_at_once(harbor: MirrorPortal) -> None:
    harbor.install()
    with harbor.clock.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO review (portal_id, kind, question, confidence, stake_minor, stake_currency, body)
               SELECT :portal, (ARRAY['identity', 'move'])[1 + n % 2], n || ':' || n + 1, 700000 + n % 1000,
                 (n * 7919) % 100000, 'USD', jsonb_build_object('contacts', jsonb_build_array(n, n + 1),
                   'companies', jsonb_build_array(1, 2), 'reasons', '[]'::jsonb)
               FROM generate_series(1, 100000) AS n"""
        )
    with psycopg.connect(harbor.clock.database._url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("ANALYZE review")
    first = review.listing(harbor.scope)
    deep = "50000.700500.50000"

    for given in ({}, {"kind": "move"}, {"after": deep}, {"kind": "identity", "after": deep}):
        began = time.perf_counter()
        found = review.listing(harbor.scope, **given)  # type: ignore[arg-type]  # as pages give it
        assert time.perf_counter() - began < 3, "a fraction of it where nothing else runs"
        assert len(found["questions"]) == 50
    assert first["open"] == {"identity": 50_000, "move": 50_000}
    with harbor.clock.database.portal(HARBOR) as tx:
        plan = "".join(
            str(row)
            for row in tx.tuples(
                """EXPLAIN SELECT review_id FROM review WHERE portal_id = :portal AND is_open
                     AND (-stake_minor, -confidence, review_id) > (-50000, -700500, 50000)
                   ORDER BY -stake_minor, -confidence, review_id LIMIT 51"""
            )
        )
    assert "review_open" in plan
    assert "Sort" not in plan
