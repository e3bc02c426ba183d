"""Questions in order, answers kept: whose they are, who was first, and what is erased with a person."""

import threading

import psycopg
import pytest

from integration.conclude import stages
from integration.core.errors import Refused
from integration.portal import forgotten, invalidation
from integration.portal.invalidation import Change
from integration.review import answering, reading
from integration.review.answers import Answer, TooLate
from integration.storage.service import erasure
from tests.contract.conclude_world import HARBOR, KEYS, ORCHARD, MirrorPortal, day
from tests.contract.review_world import (
    ASKING,
    Office,
    answer,
    namesakes,
    questions,
    the_question,
    two_marias,
)


@pytest.fixture
def harbor(office: Office) -> MirrorPortal:
    return MirrorPortal(office, HARBOR)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"verb": "confirm"},
            "is of the kind identity, which takes same, different, reopen, and not confirm",
        ),
        ({"verb": "same", "reason": " "}, "needs its reason"),
        ({"verb": "same", "author": ""}, "needs its author"),
        ({"verb": "same", "reason": "x" * 1001}, "longer than 1000"),
        ({"verb": "same", "until": day(5).date()}, "is over"),
        ({"verb": "reopen"}, "is open; there is no answer"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(
    harbor: MirrorPortal, given: dict[str, object], says: str
) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    number = the_question(harbor, "identity")["id"]

    answer = Answer(**{"author": "Ana", "reason": "because", **given})  # type: ignore[arg-type]

    with pytest.raises(Refused, match=says):
        answering.decide(harbor.context, number, answer)

    assert harbor.decisions() == []


def test_an_unknown_question_says_what_to_do(harbor: MirrorPortal) -> None:
    harbor.install()
    for number in (0, 77, 1 << 70):
        with pytest.raises(
            Refused, match=f"There is no question {number} in portal {HARBOR}.*lists the open ones"
        ):
            answering.decide(harbor.context, number, Answer("same", "Ana", "because"))


def test_the_second_of_two_people_is_told(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    number = the_question(harbor, "identity")["id"]
    answer(harbor, number, "same")

    with pytest.raises(TooLate, match="Ana answered this already on 30 June 2026, 12:00 UTC: same"):
        answering.decide(harbor.context, number, Answer("different", "Bo", "no"))

    answering.decide(harbor.context, number, Answer("different", "Bo", "no", anyway=True))
    harbor.settle()
    assert harbor.persons() == {12: 12, 33: 33}


def test_of_people_who_answer_in_the_same_moment_one_is_first(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    number = the_question(harbor, "identity")["id"]
    gate, told = threading.Barrier(6), []

    def press(name: str, verb: str) -> None:
        gate.wait()
        try:
            answering.decide(harbor.context, number, Answer(verb, name, "because"))
            told.append("first")
        except TooLate:
            told.append("told")

    people = [
        threading.Thread(target=press, args=(f"p{n}", ("same", "different")[n % 2]))
        for n in range(6)
    ]
    for one in people:
        one.start()
    for one in people:
        one.join()

    assert sorted(told) == ["first"] + ["told"] * 5
    assert len(harbor.decisions()) == 1


def test_a_question_leaves_its_neighbours_alone(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    for number in range(5):
        who = {"firstname": "Abe", "lastname": f"Zulu{chr(97 + number) * 4}"}
        harbor.contact(100 + number, 1, email=f"abe{number}@acme-tools.com", **who)
        harbor.contact(200 + number, 2, email=f"abe{number}@zenit-labs.com", **who)
    harbor.settle()
    before = {
        row["question"]: row for row in harbor.rows("SELECT question, xmin::text FROM review")
    }
    assert len(before) == 6

    harbor.change("contact", 33, firstname="Quentin", lastname="Oldman")
    harbor.settle()

    after = {row["question"]: row for row in harbor.rows("SELECT question, xmin::text FROM review")}
    assert before.keys() - after.keys() == {"12:33"}
    assert all(after[key] == before[key] for key in after), "no other row was written"


def test_the_most_valuable_question_comes_first_and_pages_lead_through_all(
    harbor: MirrorPortal,
) -> None:
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
        found = reading.open_tasks(harbor.context, after=after, limit=3)
        seen += found["questions"]
        after = found["next"]
        if after is None:
            break

    assert len(seen) == len({one["id"] for one in seen}) == found["open"]["identity"] == 8
    stakes = [(-one["stake_minor"], -one["confidence"], one["id"]) for one in seen]
    assert stakes == sorted(stakes)
    assert seen[0]["stake_minor"] == 50_000_00


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
    assert reading.decisions(orchard.context)["decisions"] == []
    for act in (
        lambda: reading.task(orchard.context, number),
        lambda: answer(orchard, number, "different", seen=decision),
    ):
        with pytest.raises(Refused, match=f"no question {number} in portal {ORCHARD}"):
            act()
    namesakes(orchard)
    orchard.settle()
    assert orchard.persons() == {12: 12, 33: 33}, "the same numbers there are other people"


def test_what_was_decided_is_never_edited(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "same")

    for column, value in (
        ("verb", "'different'"),
        ("decided_at", "now()"),
        ("holds_until", "now()"),
    ):
        with (
            pytest.raises(Exception, match="permission denied"),
            harbor.clock.database.portal(HARBOR) as tx,
        ):
            tx.run(f"UPDATE decision SET {column} = {value}")


def test_the_answers_are_told_with_their_authors(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    number = the_question(harbor, "identity")["id"]
    first = answer(harbor, number, "same")
    answer(harbor, number, "different", seen=first)

    found = reading.decisions(harbor.context)["decisions"]
    with harbor.clock.database.portal(HARBOR) as tx:
        told = reading.decisions_about(tx, "contact", 33, harbor.clock.at)

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
    answering.decide(harbor.context, number, Answer("same", "Zz Canary", "zz canary said so"))
    harbor.settle()

    with harbor.clock.database.portal(HARBOR) as tx:
        forgotten.erase(tx, 12, keys=KEYS)
    harbor.settle()

    for table in ("review", "review_ref", "decision", "decision_ref"):
        assert harbor.kept(table) == []


def test_forgetting_one_candidate_keeps_the_answer_and_the_total(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    two_marias(harbor)
    harbor.settle()
    number = the_question(harbor, "referral")["id"]
    answering.decide(harbor.context, number, Answer("reject", "Ana", "zz canary knows neither"))
    harbor.settle()

    with harbor.clock.database.portal(HARBOR) as tx:
        forgotten.erase(tx, 11, keys=KEYS)
    harbor.settle()

    assert harbor.derived(9) == 0, "the one who is left was rejected, too"
    (row,) = harbor.decisions()
    assert (row["author"], row["reason"], row["detail"]["contacts"]) == ("", "", [12])
    assert "11" not in str(row["question"])


def test_a_reason_that_names_a_forgotten_person_is_erased_though_it_was_about_others(
    harbor: MirrorPortal,
) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.contact(70, 1, firstname="Zora", lastname="Quillfeather", email="zora@acme-tools.com")
    harbor.settle()
    number = the_question(harbor, "identity")["id"]
    answering.decide(
        harbor.context, number, Answer("same", "Ana", "Ms Quillfeather at Acme told me")
    )
    harbor.settle()

    with harbor.clock.database.portal(HARBOR) as tx:
        forgotten.erase(tx, 70, keys=KEYS)
        assert erasure.mentions(tx, "Quillfeather") == []
    harbor.settle()

    assert harbor.persons() == {12: 12, 33: 12}
    assert [(row["verb"], row["reason"]) for row in harbor.decisions()] == [("same", "")]


def test_the_trail_names_nobody(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()
    answer(harbor, the_question(harbor, "identity")["id"], "same")
    answering.split(harbor.context, 33, Answer("different", "Zz Canary", "zz reason"))

    # Without the times: any number may stand in a time.
    trail = str([harbor.values("audit", column) for column in ("actor", "action", "detail")])

    assert "answered a question: Same person, Same person" in trail
    for secret in ("Canary", "zz reason", "Priya", "33"):
        assert secret not in trail


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
                invalidation.record(tx, Change.SETTINGS_CHANGED)
            stages.conclude_page(harbor.context, None, limit=20)

    thinking = threading.Thread(target=think)
    thinking.start()
    try:
        for number in numbers:
            answering.decide(harbor.context, number, Answer("same", "Ana", "because"))
    finally:
        done.set()
        thinking.join()
    harbor.settle()

    assert len(harbor.decisions()) == 25
    assert questions(harbor, "identity") == []
    assert len(set(harbor.persons().values())) == len(harbor.persons()) - 25


def test_a_hundred_thousand_questions_are_listed_at_once(
    harbor: MirrorPortal, postgres_url: str
) -> None:
    harbor.install()
    with harbor.clock.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO review (portal_id, kind, question, confidence, stake_minor, stake_currency, body)
               SELECT :portal, (ARRAY['identity', 'move'])[1 + n % 2], n || ':' || n + 1, 700000 + n % 1000,
                 (n * 7919) % 100000, 'USD', jsonb_build_object('contacts', jsonb_build_array(n, n + 1),
                   'companies', jsonb_build_array(1, 2), 'reasons', '[]'::jsonb)
               FROM generate_series(1, 100000) AS n"""
        )
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute("ANALYZE review")
    first = reading.open_tasks(harbor.context)
    deep = "50000.700500.50000"

    for given in ({}, {"kind": "move"}, {"after": deep}, {"kind": "identity", "after": deep}):
        found = reading.open_tasks(harbor.context, **given)  # type: ignore[arg-type]  # as pages give it
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


def test_a_deal_that_grows_moves_its_question_up(harbor: MirrorPortal) -> None:
    harbor.install(policy=ASKING)
    namesakes(harbor)
    harbor.settle()

    harbor.change("deal", 9, amount="90000.00")
    harbor.settle()

    assert the_question(harbor, "identity")["stake_minor"] == 100_000_00
