"""A deal counts by the definition of its label for everybody on it, not only for whom it was arranged."""

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from tests.accuracy.meaning import by_meaning
from tests.sandbox.town_rows import Link, Record
from tests.sandbox.truth_facts import MOVED_CHAMPION, NOT_SCORED, DealTruth, Move, Source, Truth

OPENED = datetime(2024, 6, 1, tzinfo=UTC)
MOVE = Move(
    "P",
    1,
    2,
    10,
    20,
    date(2024, 1, 1),
    "new_record",
    "move",
    from_customer=True,
    observed=date(2024, 2, 1),
)
DEAL = DealTruth(
    7, 20, won=True, amount=500, currency="USD", note="mover_from_non_customer", person="Q"
)


def judged(deal: DealTruth = DEAL, move: Move = MOVE, *on_it: int) -> DealTruth:
    town = SimpleNamespace(
        truth=Truth(moves=(move,), deals=(deal,), people={2: "P", 3: "Q"}),
        links=[Link("deal", 7, "contact", one, "", OPENED) for one in on_it or (2, 3)],
        of=lambda kind: [Record(kind, 7, OPENED, ())],
    )
    return by_meaning(town).deals[0]  # type: ignore[arg-type]  # as much of a town as is asked


def test_another_mover_on_the_deal_counts_as_well() -> None:
    found = judged()
    assert found.sources == (Source(MOVED_CHAMPION, None, 10),)
    assert (found.person, found.note) == ("P", "")


@pytest.mark.parametrize(
    "move",
    [
        replace(MOVE, from_customer=False),
        replace(MOVE, observed=date(2024, 6, 2)),
        replace(MOVE, observed=None),
        replace(MOVE, new_company=21),
        replace(MOVE, person="R"),
    ],
)
def test_who_does_not_fit_the_definition_changes_nothing(move: Move) -> None:
    assert judged(DEAL, move) == DEAL


def test_who_is_not_on_the_deal_and_what_nobody_can_judge_changes_nothing() -> None:
    assert judged(DEAL, MOVE, 3) == DEAL
    unsettled = replace(DEAL, note=NOT_SCORED)
    assert judged(unsettled) == unsettled
    labelled = replace(DEAL, sources=(Source(MOVED_CHAMPION, None, 11),))
    assert judged(labelled) == labelled
