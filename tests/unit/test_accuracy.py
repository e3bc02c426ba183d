"""The scorer is scored first: a perfect answer gets full marks, a wrong one fewer, and two halves make the whole."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.accuracy import __main__ as command
from tests.accuracy import calibration, dealing, hearing, moving, people, tagging
from tests.accuracy.halves import Half, half_of
from tests.accuracy.reading import FoundMove, FoundSource, Reading
from tests.accuracy.tables import Aim, Grid, Report
from tests.sandbox import truth
from tests.sandbox.truth_facts import MOVED_CHAMPION, DealTruth, Move, NonMove, Source, Truth

JOINED = date(2025, 3, 1)
PEOPLE = [f"person {number}" for number in range(24)]
ACME, ZENIT = 1, 2


def a_move(person: str, number: int) -> Move:
    return Move(
        person,
        100 + number,
        200 + number,
        ACME,
        ZENIT,
        JOINED,
        "new_record",
        "move",
        from_customer=True,
    )


# Everybody left Acme for Zenit and has a record at each; the last four only have a namesake there.
MOVERS = PEOPLE[:20]
KNOWN = Truth(
    moves=tuple(a_move(person, number) for number, person in enumerate(MOVERS)),
    non_moves=tuple(NonMove(120 + number, 200 + number, "namesake") for number in range(4)),
    deals=tuple(
        DealTruth(number, ZENIT, won=True, amount=1000, currency="USD", sources=(Source(MOVED_CHAMPION, None, ACME),),
                  person=person)
        for number, person in enumerate(MOVERS)
    ) + tuple(DealTruth(900 + number, ZENIT, won=True, amount=500, currency="USD") for number in range(10)),
    people={100 + number: person for number, person in enumerate(PEOPLE)}
    | {200 + number: person for number, person in enumerate(MOVERS)},
    employers={contact: (firm,) for firm in (ACME, ZENIT) for contact in range(100 * firm, 100 * firm + 24)},
    customers=(ACME,),
    knows_referrals=False,
)  # fmt: skip


def told(
    former: int, new: int, *, moved: date = JOINED, status: str = "auto", confidence: float = 0.9
) -> FoundMove:
    return FoundMove(
        former,
        new,
        ACME,
        ZENIT,
        moved - timedelta(10),
        moved + timedelta(10),
        moved,
        confidence,
        status,
    )


PERFECT = tuple(told(move.former_contact, move.new_contact) for move in KNOWN.moves)


def test_every_person_lies_in_one_half_and_both_halves_have_some() -> None:
    assert {half_of(person) for person in PEOPLE} == set(Half)
    assert all(sum(half.holds(person) for half in Half) == 1 for person in PEOPLE)


def test_the_half_of_a_person_is_the_agreed_one() -> None:
    # sha256("a") ends in b, sha256("b") in d, sha256("c") in 6: odd, odd, even
    assert [half_of(key) for key in "abc"] == [Half.CHECKING, Half.CHECKING, Half.FITTING]


@pytest.mark.parametrize("half", [*Half, None])
def test_a_perfect_answer_scores_one_and_one(half: Half | None) -> None:
    score = moving.score(KNOWN, moving.pairs_at(PERFECT, moving.AUTOMATIC), half)
    assert (score.precision, score.recall, score.wrong) == (1.0, 1.0, 0)


def test_a_wrong_claim_lowers_precision_in_its_own_half_only() -> None:
    wrong = told(120, 200)
    half = half_of(KNOWN.people[120])
    pairs = moving.pairs_at([*PERFECT, wrong], moving.AUTOMATIC)
    scores = {each: moving.score(KNOWN, pairs, each) for each in Half}
    assert scores[half].wrong_by_kind == {"namesake": 1}
    assert (scores[half].precision or 0) < 1.0
    assert [scores[other].precision for other in Half if other is not half] == [1.0]


def test_a_missing_claim_lowers_recall() -> None:
    score = moving.score(KNOWN, moving.pairs_at(PERFECT[1:], moving.AUTOMATIC), None)
    assert score.recall == pytest.approx(19 / 20)


def test_what_waits_for_review_counts_only_at_that_threshold() -> None:
    found = [
        replace(PERFECT[0], status="review"),
        replace(PERFECT[1], status="stored"),
        *PERFECT[2:],
    ]
    counts = [
        moving.score(KNOWN, moving.pairs_at(found, statuses), None).found
        for _, statuses in moving.THRESHOLDS
    ]
    assert counts == [18, 19]


def test_a_departure_is_no_claim_about_a_pair_of_companies() -> None:
    left = replace(PERFECT[0], new=PERFECT[0].former, new_company=None)
    assert moving.pairs_at([left], moving.REVIEW) == []


contacts = st.sampled_from(sorted(KNOWN.people))


@given(st.lists(st.tuples(contacts, contacts), max_size=60))
def test_both_halves_together_are_the_whole(pairs: list[tuple[int, int]]) -> None:
    whole = moving.score(KNOWN, pairs, None)
    parts = [moving.score(KNOWN, pairs, half) for half in Half]
    for name in ("right", "wrong", "ignored", "found", "true"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name), name


@given(st.dictionaries(contacts, st.integers(0, 9)))
def test_both_halves_of_identity_are_the_whole(persons: dict[int, int]) -> None:
    whole = people.score(KNOWN.people, persons, None)
    parts = [people.score(KNOWN.people, persons, half) for half in Half]
    for name in ("right", "claimed", "true", "records"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name), name


class TestIdentity:
    def test_the_true_grouping_scores_one(self) -> None:
        numbers = {person: number for number, person in enumerate(PEOPLE)}
        persons = {contact: numbers[person] for contact, person in KNOWN.people.items()}
        score = people.score(KNOWN.people, persons, Half.CHECKING)
        assert (score.precision, score.recall, score.b_precision, score.b_recall) == (
            1.0,
            1.0,
            1.0,
            1.0,
        )

    def test_everybody_alone_finds_nothing_and_claims_nothing(self) -> None:
        score = people.score(KNOWN.people, {}, None)
        assert (score.precision, score.recall, score.b_precision) == (None, 0.0, 1.0)
        assert score.b_recall == pytest.approx((20 * 2 * 0.5 + 4) / 44)

    def test_all_in_one_is_imprecise(self) -> None:
        score = people.score(KNOWN.people, dict.fromkeys(KNOWN.people, 1), None)
        assert (score.right, score.claimed, score.recall) == (20, 44 * 43 // 2, 1.0)
        assert score.b_precision < 0.05

    def test_a_pair_said_to_be_one_human_is_true_or_not_in_its_own_half(self) -> None:
        pairs = {(100, 200): 0.9, (100, 201): 0.4, (100, 999): 0.8}
        checking, fitting = people.confidences(KNOWN.people, pairs)
        mine, other = (
            (checking, fitting) if half_of(PEOPLE[0]) is Half.CHECKING else (fitting, checking)
        )
        assert (mine, other) == ([(0.9, True), (0.4, False)], [])

    def test_chains_of_pairs_become_groups(self) -> None:
        assert people.groups_of([(5, 4), (4, 3), (8, 9)]) == {3: 3, 4: 3, 5: 3, 8: 8, 9: 8}


class TestDates:
    def test_true_dates_have_no_error(self) -> None:
        errors = moving.date_errors(KNOWN, PERFECT, Half.CHECKING)
        assert errors.days == (0,) * len(moving.known_of(KNOWN, Half.CHECKING).moves)
        assert (errors.median, errors.within(31), errors.inside) == (0.0, 1.0, len(errors.days))

    def test_late_dates_show(self) -> None:
        late = [
            replace(one, moved=JOINED + timedelta(60), earliest=JOINED + timedelta(40))
            for one in PERFECT
        ]
        errors = moving.date_errors(KNOWN, late, Half.FITTING)
        assert (errors.median, errors.within(31), errors.within(92), errors.inside) == (
            60.0,
            0.0,
            1.0,
            0,
        )

    def test_only_automatic_moves_between_the_same_companies_are_compared(self) -> None:
        others = [replace(PERFECT[0], status="review"), replace(PERFECT[1], former_company=9)]
        assert all(not moving.date_errors(KNOWN, others, half).days for half in Half)


def a_reading(companies: Iterable[int], *, share: int = 10**12) -> Reading:
    sources = [
        FoundSource(number, MOVED_CHAMPION, 1, firm, share) for number, firm in enumerate(companies)
    ]
    booked = {(one.deal, one.kind, one.company or 0): 1000 * share // 10**12 for one in sources}
    return Reading(sources=tuple(sources), booked=booked)


class TestMoney:
    def test_the_true_books_are_not_off(self) -> None:
        reading = a_reading([ACME] * 20)
        for money in (dealing.whole_amounts(KNOWN, reading), dealing.booked(reading)):
            found = dealing.books(KNOWN, money, None)
            assert (found.error, found.absolute) == (0.0, 0)
            assert found.deals == {"right company, whole amount": 20, "rightly nothing": 10}

    def test_money_at_another_company_leaves_the_total_right_and_shows_in_the_differences(
        self,
    ) -> None:
        found = dealing.books(KNOWN, dealing.booked(a_reading([7, *[ACME] * 19])), None)
        assert (found.error, found.absolute, found.deals["another company instead"]) == (
            0.0,
            2000,
            1,
        )

    def test_half_a_share_is_half_the_money_booked_but_the_whole_amount_tagged(self) -> None:
        reading = a_reading([ACME] * 20, share=5 * 10**11)
        assert dealing.books(KNOWN, dealing.booked(reading), None).error == 0.5
        assert dealing.books(KNOWN, dealing.whole_amounts(KNOWN, reading), None).error == 0.0

    def test_two_movers_on_one_deal_lose_no_cent(self) -> None:
        known = replace(KNOWN, deals=(replace(KNOWN.deals[0], amount=1001),))
        both = Reading(
            sources=tuple(FoundSource(0, MOVED_CHAMPION, 1, firm, 5) for firm in (ACME, 7))
        )
        assert sum(dealing.whole_amounts(known, both)[0].values()) == 1001

    def test_a_missed_and_a_wrong_deal_are_told_apart(self) -> None:
        reading = Reading(sources=(FoundSource(900, MOVED_CHAMPION, 1, ACME, 1),))
        found = dealing.books(KNOWN, dealing.whole_amounts(KNOWN, reading), None)
        assert (found.deals["deal missed"], found.deals["deal wrongly credited"]) == (20, 1)

    def test_both_halves_hold_all_the_money(self) -> None:
        money = dealing.booked(a_reading([ACME] * 15))
        whole, parts = (
            dealing.books(KNOWN, money, None),
            [dealing.books(KNOWN, money, half) for half in Half],
        )
        assert sum(sum(part.true.values()) for part in parts) == sum(whole.true.values()) == 20_000
        assert sum(sum(part.told.values()) for part in parts) == sum(whole.told.values()) == 15_000


class TestTags:
    def test_a_perfect_tagger_meets_the_aim_and_a_blind_one_does_not(self) -> None:
        perfect = {deal.deal: frozenset({deal.tag}) for deal in KNOWN.deals}
        assert all(aim.met for aim in tagging.aims("", KNOWN, perfect))
        assert not any(aim.met for aim in tagging.aims("", KNOWN, {}))

    def test_a_wrong_tag_lowers_precision(self) -> None:
        everything = {deal.deal: frozenset({MOVED_CHAMPION}) for deal in KNOWN.deals}
        found = tagging.score(KNOWN, everything)[MOVED_CHAMPION]
        assert found.precision == pytest.approx(20 / 30)
        assert found.recall == 1.0

    def test_several_stands_for_the_kinds_its_sources_have(self) -> None:
        tags = truth.Conclusions({1: "several", 2: "none", 3: "referral"}, {}, {})
        kinds = ("word_of_mouth", "referral")
        reading = Reading(
            written=tags, sources=tuple(FoundSource(1, kind, 1, None, 1) for kind in kinds)
        )
        assert tagging.claims_of(reading) == {
            1: frozenset(kinds),
            2: frozenset(),
            3: frozenset({"referral"}),
        }
        assert tagging.score(KNOWN, tagging.claims_of(reading))[MOVED_CHAMPION].right == 0

    def test_both_halves_hold_all_deals(self) -> None:
        claims = {deal.deal: frozenset({MOVED_CHAMPION}) for deal in KNOWN.deals[5:25]}
        whole = tagging.score(KNOWN, claims)[MOVED_CHAMPION]
        parts = [
            tagging.score(moving.known_of(KNOWN, half), claims)[MOVED_CHAMPION] for half in Half
        ]
        assert [
            sum(getattr(part, name) for part in parts) for name in ("right", "wrong", "true")
        ] == [15, 5, 20]
        assert (whole.right, whole.wrong, whole.true) == (15, 5, 20)


class TestCalibration:
    def test_edges_belong_to_the_bin_they_begin_and_one_to_the_last(self) -> None:
        found = calibration.bins([(0.85, True), (0.849, True), (1.0, True), (0.0, False)])
        assert [(one.low, one.count) for one in found] == [(0.0, 1), (0.8, 1), (0.85, 1), (0.95, 1)]

    @pytest.mark.parametrize(
        ("right", "of", "flagged"),
        [
            pytest.param(90, 100, False, id="as said"),
            pytest.param(80, 100, True, id="too sure"),
            pytest.param(98, 100, True, id="not sure enough"),
            pytest.param(0, 49, False, id="too few to know"),
        ],
    )
    def test_a_bin_is_flagged_when_it_is_off_and_full(
        self, right: int, of: int, flagged: bool
    ) -> None:
        cases = [(0.92, number < right) for number in range(of)]
        assert [one.is_off for one in calibration.bins(cases)] == [flagged]

    def test_the_worst_bin_decides_and_too_few_cases_meet_no_aim(self) -> None:
        assert calibration.worst([(0.92, True)] * 60 + [(0.6, False)] * 60) == pytest.approx(0.6)
        assert not calibration.aim("x", [(0.92, True)] * 10).met

    def test_bins_of_several_data_sets_fill_together(self) -> None:
        few = ([(0.82, True)] * 30, [(0.82, False)])
        both = calibration.together([few, few])
        assert (len(both[0]), len(both[1])) == (60, 2)
        assert calibration.worst(few[0]) is None
        assert calibration.worst(both[0]) == pytest.approx(0.18)

    def test_brier(self) -> None:
        assert calibration.brier([(1.0, True), (0.0, False)]) == 0.0
        assert calibration.brier([(0.5, True), (1.0, False)]) == pytest.approx((0.25 + 1) / 2)
        assert calibration.brier([]) is None

    def test_the_diagram_is_the_same_each_time_and_well_formed(self) -> None:
        panels = {"moves": [(0.9, True)] * 60 + [(0.6, False)] * 3, "none": []}
        drawn = calibration.diagram(panels)
        assert drawn == calibration.diagram(panels)
        points = ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}circle")  # noqa: S314 - our own
        assert len(list(points)) == 2


def test_answers_are_counted_by_what_a_reader_claims() -> None:
    said = [
        hearing.Answer(
            "a friend", frozenset({"person"}), by_person=True, ambiguous=False, free=True
        ),
        hearing.Answer(
            "the boss", frozenset({"person"}), by_person=True, ambiguous=False, free=True
        ),
        hearing.Answer(
            "friendly ad", frozenset({"email_ads"}), by_person=False, ambiguous=False, free=True
        ),
    ]
    found = hearing.score(said, lambda one: "friend" in one.text)
    assert (found.precision, found.recall) == (0.5, 0.5)
    halves = [hearing.of_half(said, half) for half in Half]
    assert sorted(one.text for half in halves for one in half) == sorted(one.text for one in said)


@pytest.mark.parametrize(
    ("aim", "met"),
    [
        (Aim("precision", 0.98, 0.98), True),
        (Aim("precision", 0.979, 0.98), False),
        (Aim("error", 0.03, 0.03, at_most=True), True),
        (Aim("error", 0.031, 0.03, at_most=True), False),
        (Aim("nothing to tell", None, 0.5), False),
        (Aim("nothing to tell", None, 0.5, at_most=True), False),
    ],
)
def test_an_aim_is_met_or_missed(aim: Aim, met: bool) -> None:
    assert aim.met is met


def test_a_report_is_kept_as_plain_values() -> None:
    report = Report()
    report.add(Grid("Moves", ("a", "b"), (("x", 0.5), ("y", None))), aims=[Aim("p", 0.5, 0.6)])
    kept = report.to_json()
    assert kept["tables"][0]["rows"] == (("x", 0.5), ("y", None))
    assert kept["aims"][0]["met"] is False


@pytest.mark.parametrize("flags", [[], ["--strict"]], ids=["plain", "strict"])
def test_without_the_data_there_is_nothing_to_measure(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["accuracy", "--data", str(tmp_path), *flags])
    assert command.main() == 0
    assert "nothing to measure against, skipped" in capsys.readouterr().out


def test_each_claim_can_be_judged_by_itself() -> None:
    verdicts = truth.verdicts(KNOWN, [(100, 200), (120, 200), (200, 100), (100, 101)])
    assert list(verdicts.values()) == [truth.RIGHT, "namesake", truth.UNSETTLED, "different_person"]
