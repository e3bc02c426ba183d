"""Scoring by hand-made cases: what counts as right, wrong, found and not to be judged."""

from datetime import date

import pytest

from tests.sandbox import truth
from tests.sandbox.truth_facts import (
    MOVED_CHAMPION,
    NOT_SCORED,
    REFERRAL,
    SEVERAL,
    WORD_OF_MOUTH,
    DealTruth,
    Move,
    NonMove,
    Source,
    Truth,
)

ACME, ZENIT, BOREAL = 1, 2, 3


def a_move(
    person: str = "ana", former: int = 10, new: int = 11, *, mode: str = "new_record", from_customer: bool = True,
    companies: tuple[int, int] = (ACME, ZENIT), joined: date = date(2025, 1, 1),
) -> Move:  # fmt: skip
    return Move(person, former, new, *companies, joined, mode, "move", from_customer)


# Ana has two records, Bo one that changed in place, Cy three at three companies; Dee is Ana's
# namesake.
TOWN = Truth(
    moves=(
        a_move(),
        a_move("bo", 20, 20, mode="in_place", from_customer=False),
        a_move("cy", 30, 31),
        a_move("cy", 31, 32, companies=(ZENIT, BOREAL), joined=date(2026, 1, 1)),
    ),
    customers=(ACME,),
    non_moves=(NonMove(10, 40, "namesake"), NonMove(10, 12, "freemail_duplicate")),
    people={10: "ana", 11: "ana", 12: "ana", 13: "ana", 20: "bo", 30: "cy", 31: "cy", 32: "cy", 40: "dee", 50: "eve"},
    employers={
        10: (ACME,), 11: (ZENIT,), 12: (ACME,), 13: (BOREAL,), 20: (ACME, ZENIT), 30: (ACME,), 31: (ZENIT,),
        32: (BOREAL,), 40: (ZENIT,), 50: (ACME,),
    },
)  # fmt: skip


@pytest.mark.parametrize(
    ("pair", "right", "wrong", "ignored"),
    [
        pytest.param((10, 11), 1, 0, 0, id="a second record"),
        pytest.param((11, 10), 0, 0, 1, id="one person, but this pair is no move"),
        pytest.param((20, 20), 1, 0, 0, id="changed in place"),
        pytest.param((11, 11), 0, 1, 0, id="a record that never changed its company"),
        pytest.param((30, 32), 1, 0, 0, id="from A to C over B"),
        pytest.param((10, 40), 0, 1, 0, id="a namesake"),
        pytest.param((10, 12), 0, 1, 0, id="a duplicate with a private address"),
        pytest.param((10, 13), 0, 0, 1, id="the same person, nobody knows"),
        pytest.param((10, 50), 0, 1, 0, id="two people"),
        pytest.param((10, 99), 0, 1, 0, id="a record nobody knows"),
    ],
)
def test_one_pair(pair: tuple[int, int], right: int, wrong: int, ignored: int) -> None:
    score = truth.score_moves(TOWN, [(*pair, 0.9)])
    assert (score.right, score.wrong, score.ignored) == (right, wrong, ignored)


def test_several_right_pairs_for_one_move_count_once_as_found() -> None:
    score = truth.score_moves(TOWN, [(31, 32, 1.0), (30, 32, 1.0), (31, 32, 0.5)])
    assert (score.right, score.found, score.true) == (2, 1, 4)


def test_precision_and_recall_are_shares_and_say_by_mode_what_was_found() -> None:
    score = truth.score_moves(TOWN, [(10, 11, 1.0), (20, 20, 1.0), (10, 40, 1.0)])
    assert score.precision == pytest.approx(2 / 3)
    assert score.recall == pytest.approx(2 / 4)
    assert score.found_by_kind == {"new_record": (1, 3), "in_place": (1, 1)}
    assert score.wrong_by_kind == {"namesake": 1}
    assert str(score) == "precision 0.667 (2/3), recall 0.500 (2/4)"


def test_claims_below_the_asked_confidence_are_not_heard() -> None:
    assert truth.score_moves(TOWN, [(10, 11, 0.84)], least=0.85).right == 0


def test_no_claims_have_no_precision() -> None:
    score = truth.score_moves(TOWN, [])
    assert (score.precision, score.recall) == (None, 0.0)


def test_customers_only_leaves_out_the_moves_of_others() -> None:
    score = truth.score_moves(
        TOWN, [(10, 11, 1.0), (13, 50, 1.0), (50, 13, 1.0)], customers_only=True
    )
    assert (score.right, score.wrong, score.found, score.true) == (1, 1, 1, 3)


def test_moved_from_on_a_contact_is_right_when_a_former_company_had_that_name() -> None:
    names = {ACME: ("Acme Tools", "Acme"), ZENIT: ("Zenit",)}
    score = truth.score_field_moves(
        TOWN, {11: "acme  tools", 10: "Acme", 20: "Zenit", 50: "Acme"}, names
    )
    assert (score.right, score.wrong, score.found) == (2, 2, 1)
    assert score.wrong_by_kind == {"wrong_company": 1, "no_mover": 1}


def a_deal(
    deal: int, *kinds: str, won: bool = True, amount: int | None = 10_000, note: str = ""
) -> DealTruth:
    return DealTruth(
        deal, ZENIT, won, amount, "EUR", tuple(Source(kind, 10, ACME) for kind in kinds), note
    )


DEALS = Truth(
    deals=(
        a_deal(1, MOVED_CHAMPION),
        a_deal(2, REFERRAL),
        a_deal(3, MOVED_CHAMPION, REFERRAL, amount=10_001),
        a_deal(4),
        a_deal(5, note=NOT_SCORED),
        a_deal(6, WORD_OF_MOUTH, won=False),
    )
)


def test_tags_are_judged_by_kind() -> None:
    scores = truth.score_tags(
        DEALS, {1: MOVED_CHAMPION, 2: WORD_OF_MOUTH, 3: SEVERAL, 4: REFERRAL, 5: REFERRAL}
    )

    moved, referral, heard = scores[MOVED_CHAMPION], scores[REFERRAL], scores[WORD_OF_MOUTH]
    assert (moved.right, moved.wrong, moved.true) == (2, 0, 2)
    assert (referral.right, referral.wrong, referral.true) == (1, 1, 2)
    assert (heard.right, heard.wrong, heard.true) == (0, 1, 1)
    derived = scores["derived"]
    assert (derived.right, derived.wrong, derived.true) == (3, 1, 4)


def test_a_deal_with_a_mover_who_is_not_on_it_is_not_judged() -> None:
    assert truth.score_tags(DEALS, {5: MOVED_CHAMPION})[MOVED_CHAMPION].wrong == 0


def test_where_only_moves_are_known_what_people_say_is_judged_by_itself() -> None:
    said = DealTruth(7, ZENIT, won=True, amount=1, currency="EUR", says_person=True)
    unclear = DealTruth(8, ZENIT, won=True, amount=1, currency="EUR")
    town = Truth(deals=(said, unclear), knows_referrals=False)

    scores = truth.score_tags(town, {7: WORD_OF_MOUTH, 8: REFERRAL})

    assert set(scores) == {MOVED_CHAMPION, truth.TOLD_BY_A_PERSON}
    assert (scores[truth.TOLD_BY_A_PERSON].right, scores[truth.TOLD_BY_A_PERSON].wrong) == (1, 0)


def test_revenue_is_added_beside_the_truth_on_won_deals_that_can_be_judged() -> None:
    revenue = truth.score_revenue(DEALS, {1: 8_550, 4: 500, 5: 999, 6: 400})
    assert revenue.true == {"EUR": 30_001}
    assert revenue.credited == {"EUR": 9_050}
    assert revenue.credited_rightly == {"EUR": 8_550}


def test_a_deal_of_two_sources_is_shared_to_the_cent() -> None:
    both = Truth(
        deals=(
            DealTruth(
                1,
                ZENIT,
                True,  # noqa: FBT003
                10_001,
                "EUR",
                (Source(REFERRAL, 1, 7), Source(REFERRAL, 2, 8)),
            ),
        )
    )
    assert both.second_order_by_company() == {7: {"EUR": 5_001}, 8: {"EUR": 5_000}}


def test_written_fields_are_read_as_the_api_answers_them() -> None:
    found = truth.from_records(
        [
            (1, {"second_order_source": "referral", "second_order_amount": "84.64"}),
            (2, {"second_order_source": None}),
        ],
        [(10, {"second_order_moved_from": "Acme"}), (11, {})],
    )
    assert (found.tags, found.credits, found.moved_from) == (
        {1: "referral"},
        {1: 8_464},
        {10: "Acme"},
    )
