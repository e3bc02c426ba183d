"""Who is held back at random: drawn once, kept through merges, and nobody where no admin says so."""

from datetime import timedelta

from integration.portal import forgotten, held_back
from integration.storage.program import hold_back_rows
from mappings.rules.ledger import hold_out
from mappings.rules.ledger.hold_out import Arm
from tests.contract.conclude_world import KEYS, NOW, MirrorPortal, day

HALF = 500_000
SEED = "a seed of the test"
PEOPLE = range(100, 160)


def start(portal: MirrorPortal, share: int = HALF) -> None:
    with portal.database.portal(portal.portal_id) as tx:
        assert hold_back_rows.start(tx, share, SEED, day(300), by="test")


def ask(portal: MirrorPortal, ready: dict[int, tuple[int, ...]], days_ago: float = 0) -> set[int]:
    with portal.database.portal(portal.portal_id) as tx:
        return held_back.held_back(tx, ready, day(days_ago))


def alone(people: range) -> dict[int, tuple[int, ...]]:
    return {person: (person,) for person in people}


def test_nobody_is_held_back_unless_an_admin_says_so(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    start(orchard)

    assert ask(harbor, alone(PEOPLE)) == set()
    assert harbor.kept("ask_trial") == []
    assert ask(orchard, alone(PEOPLE)) != set()
    assert harbor.kept("ask_trial") == []


def test_who_becomes_ready_is_drawn_once_and_noted_with_the_day(harbor: MirrorPortal) -> None:
    start(harbor)

    first = ask(harbor, alone(PEOPLE), days_ago=50)
    again = ask(harbor, alone(PEOPLE), days_ago=10)

    expected = {one for one in PEOPLE if hold_out.arm(SEED, one, HALF) == Arm.HELD_BACK}
    assert first == again == expected
    rows = harbor.kept("ask_trial")
    assert {row["person_id"]: row["arm"] for row in rows} == {
        person: "held_back" if person in expected else "asked" for person in PEOPLE
    }
    assert {row["ready_at"] for row in rows} == {day(50)}


def test_before_it_began_and_after_it_ended_nobody_is_held_back(harbor: MirrorPortal) -> None:
    start(harbor)
    assert ask(harbor, alone(PEOPLE), days_ago=301) == set()

    held = ask(harbor, alone(PEOPLE))
    with harbor.database.portal(harbor.portal_id) as tx:
        assert hold_back_rows.end(tx, NOW, by="test")

    assert held
    assert ask(harbor, alone(PEOPLE)) == set()
    assert len(harbor.kept("ask_trial")) == len(PEOPLE)  # what it showed stays


def test_all_records_of_a_person_are_drawn_as_one_by_the_lowest_number(
    harbor: MirrorPortal,
) -> None:
    start(harbor)

    held = ask(harbor, {7: (900, 101, 902)})

    assert (7 in held) == (hold_out.arm(SEED, 101, HALF) == Arm.HELD_BACK)
    assert [row["person_id"] for row in harbor.kept("ask_trial")] == [101]


def test_a_merge_draws_nobody_again(harbor: MirrorPortal) -> None:
    start(harbor)
    low = next(one for one in PEOPLE if hold_out.arm(SEED, one, HALF) == Arm.HELD_BACK)
    high = next(one for one in range(500, 600) if hold_out.arm(SEED, one, HALF) == Arm.ASKED)
    assert ask(harbor, {1: (low,)}, days_ago=20) == {1}
    harbor.merge("contact", (low, high), high)

    assert ask(harbor, {1: (high,)}) == {1}
    assert [row["person_id"] for row in harbor.kept("ask_trial")] == [low]


def test_somebody_merged_before_they_were_ready_is_drawn_by_their_first_number(
    harbor: MirrorPortal,
) -> None:
    start(harbor)
    harbor.merge("contact", (101, 700), 700)

    ask(harbor, {700: (700,)})

    assert [row["person_id"] for row in harbor.kept("ask_trial")] == [101]


def test_of_two_people_found_to_be_one_the_side_drawn_first_counts(harbor: MirrorPortal) -> None:
    start(harbor)
    sides = {one: hold_out.arm(SEED, one, HALF) for one in PEOPLE}
    asked = next(one for one in PEOPLE if sides[one] == Arm.ASKED)
    held = next(one for one in PEOPLE if sides[one] == Arm.HELD_BACK)
    ask(harbor, {1: (asked,)}, days_ago=30)
    ask(harbor, {2: (held,)}, days_ago=20)

    assert ask(harbor, {1: (asked, held)}) == set()


def test_one_question_about_one_person(harbor: MirrorPortal) -> None:
    start(harbor)
    held = next(one for one in PEOPLE if hold_out.arm(SEED, one, HALF) == Arm.HELD_BACK)

    with harbor.database.portal(harbor.portal_id) as tx:
        assert held_back.is_held_back(tx, [held], NOW)
        assert held_back.is_held_back(tx, [held], NOW + timedelta(days=1))


def test_who_is_forgotten_is_on_neither_side(harbor: MirrorPortal) -> None:
    start(harbor)
    ask(harbor, alone(PEOPLE))
    with harbor.database.portal(harbor.portal_id) as tx:
        forgotten.erase(tx, 101, keys=KEYS)

    assert 101 not in {row["person_id"] for row in harbor.kept("ask_trial")}
    assert len(harbor.kept("ask_trial")) == len(PEOPLE) - 1


def test_a_second_hold_back_waits_for_the_end_of_the_first(harbor: MirrorPortal) -> None:
    start(harbor)

    with harbor.database.portal(harbor.portal_id) as tx:
        assert not hold_back_rows.start(tx, HALF, "another", NOW, by="test")
        hold_back_rows.end(tx, NOW, by="test")
        assert hold_back_rows.start(tx, HALF, "another", NOW, by="test")
        assert [one.seed for one in hold_back_rows.every(tx)] == ["another", SEED]
