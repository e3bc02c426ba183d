"""What an admin gets by what they choose: deals tagged and money booked, side by side, a new admin's first.

Each choice is judged twice: by its own definition (`definition`), which asks whether the app does
what was chosen, and by the label's meaning (`meaning`), which asks whether the choice was a good one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.accuracy import dealing, tagging
from tests.accuracy.definition import CUSTOMERS
from tests.accuracy.halves import Half
from tests.accuracy.moving import known_of
from tests.accuracy.reading import Reading
from tests.accuracy.tables import Aim, Cell, Grid
from tests.accuracy.tagging import Claims, claims_of
from tests.sandbox.town_rows import Town
from tests.sandbox.truth import Score
from tests.sandbox.truth_facts import MOVED_CHAMPION, NOT_SCORED, Truth

PRECISION, RECALL = 0.97, 0.92
_SHOWN = 3
_UNANSWERED = (
    "Without an answer nothing is written to HubSpot for 24 hours; then the proposal of who is a"
    " customer counts."
)
_JUDGED = "Own definition: does the app do what was chosen? Label's meaning: does the choice fit the data?"
_UNSETTLED = (
    "Unsettled: tagged, and the mover left in the month in which the company became a customer;"
    " when people left is known to the month, so these count neither way."
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the app said by an admin's choices, and what is true by them and by the label's meaning."""

    name: str
    reading: Reading
    own: Truth
    meaning: Truth

    @property
    def claims(self) -> Claims:
        """The kinds of source each deal is tagged with."""
        return claims_of(self.reading)


def side_by_side(judged: Sequence[Judged]) -> Grid:
    """Moved champions' deals by every choice, a line each."""
    columns = (
        "what the admin does", "who is a customer", "window, days",
        "own definition: precision", "recall", "right", "wrong", "found", "unsettled",
        "label's meaning: precision", "label's meaning: recall",
        "fitting: own precision", "fitting: own recall", "fitting: meaning precision", "fitting: meaning recall",
    )  # fmt: skip
    rows = tuple(_line(one) for one in judged)
    return Grid(
        "Deals tagged as a moved champion's, by what the admin does",
        columns,
        rows,
        (_UNANSWERED, _JUDGED, _UNSETTLED),
    )


def _line(judged: Judged) -> tuple[Cell, ...]:
    rule = judged.reading.rule
    own, fitting_own = _both(judged.own, judged.claims)
    meaning, fitting_meaning = _both(judged.meaning, judged.claims)
    return (
        judged.name, rule.customers, rule.window,
        own.precision, own.recall, own.right, own.wrong, f"{own.found}/{own.true}", _unsettled(judged),
        meaning.precision, meaning.recall,
        fitting_own.precision, fitting_own.recall, fitting_meaning.precision, fitting_meaning.recall,
    )  # fmt: skip


def _both(known: Truth, claims: Claims) -> tuple[Score, Score]:
    """The scores of the checking and of the fitting half."""
    checking, fitting = (
        tagging.score(known_of(known, half), claims)[MOVED_CHAMPION] for half in reversed(Half)
    )
    return checking, fitting


def _unsettled(judged: Judged) -> int:
    deals = known_of(judged.own, Half.CHECKING).deals
    return sum(
        deal.note == NOT_SCORED and MOVED_CHAMPION in judged.claims.get(deal.deal, frozenset())
        for deal in deals
    )


def aims(judged: Sequence[Judged]) -> list[Aim]:
    """What is wanted of tags by their own definition, with each way to say who is a customer."""
    by_rule = {one.reading.rule.customers: one for one in reversed(judged)}
    return [aim for rule in CUSTOMERS for aim in _aims(rule, by_rule.get(rule))]


def _aims(rule: str, judged: Judged | None) -> list[Aim]:
    score = _both(judged.own, judged.claims)[0] if judged else None
    name = f"deals tagged moved_champion, by own definition, a customer by {rule}"
    return [
        Aim(f"{name}: precision", score.precision if score else None, PRECISION),
        Aim(f"{name}: recall", score.recall if score else None, RECALL),
    ]


def wrong_and_missed(town: Town, judged: Sequence[Judged]) -> Grid:
    """By its own definition: what wrong tags are, and what stood between the missed deals and theirs."""
    rows = []
    for one in judged:
        score, fitting = _both(one.own, one.claims)
        missed = tagging.between(one.own, one.reading, town)
        rows.append((
            one.name, _most(score.wrong_by_kind), _most(missed[Half.CHECKING]),
            _most(fitting.wrong_by_kind), _most(missed[Half.FITTING]),
        ))  # fmt: skip
    columns = (
        "what the admin does",
        "wrong ones",
        "missed ones",
        "fitting: wrong",
        "fitting: missed",
    )
    return Grid("Deals tagged, by own definition: wrong and missed", columns, tuple(rows))


def _most(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in Counter(kinds).most_common(_SHOWN))


def money(judged: Sequence[Judged]) -> Grid:
    """Won money of moved champions by each choice's own definition, beside what is told and booked."""
    columns = (
        "what the admin does", "true, whole amounts", "tagged, whole amounts", "off by",
        "booked in the ledger", "fitting: off by",
    )  # fmt: skip
    note = "Booked is less by design: a share is never more than the confidence, the part taken and the age allow."
    return Grid(
        "Second-order revenue (moved champions), by own definition",
        columns,
        tuple(_money_line(one) for one in judged),
        (note,),
    )


def _money_line(judged: Judged) -> tuple[Cell, ...]:
    whole = dealing.whole_amounts(judged.own, judged.reading)
    checking, fitting = (dealing.books(judged.own, whole, half) for half in reversed(Half))
    booked = dealing.books(judged.own, dealing.booked(judged.reading), Half.CHECKING)
    return (
        judged.name, dealing.as_money(sum(checking.true.values())), dealing.as_money(sum(checking.told.values())),
        checking.error, dealing.as_money(sum(booked.told.values())), fitting.error,
    )  # fmt: skip
