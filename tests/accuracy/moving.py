"""Moves against the truth: precision and recall by threshold, mode and name form; what was wrong; when it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from tests.accuracy.halves import Half, half_of
from tests.accuracy.reading import FoundMove, Pair
from tests.accuracy.tables import Aim, Grid
from tests.sandbox import truth
from tests.sandbox.truth import Score
from tests.sandbox.truth_facts import Move, Truth

# Employment dates are known to the month: what lies within the same month is no error.
MONTH = 31
QUARTER = 92


def arrivals(found: Iterable[FoundMove]) -> list[FoundMove]:
    """Moves with a goal; who only left makes no claim about a pair of companies."""
    return [move for move in found if move.new_company is not None]


def pairs_at(found: Iterable[FoundMove], statuses: frozenset[str]) -> list[Pair]:
    """The pairs of records claimed by moves of these statuses, each once."""
    return list(dict.fromkeys(move.pair for move in arrivals(found) if move.status in statuses))


AUTOMATIC = frozenset({"auto", "confirmed"})
REVIEW = AUTOMATIC | {"review"}
THRESHOLDS = (("automatic", AUTOMATIC), ("automatic and review", REVIEW))


def score(
    known: Truth, pairs: Iterable[Pair], half: Half | None, *, customers_only: bool = False
) -> Score:
    """Score claims about the people of one half, or all; the person of the former record decides."""
    claims = [
        (former, new, 1.0) for former, new in pairs if half is None or of_half(known, former, half)
    ]
    return truth.score_moves(known_of(known, half), claims, customers_only=customers_only)


def of_half(known: Truth, contact: int, half: Half) -> bool:
    """Whether a contact's person lies in the half; a record of nobody goes by its own id."""
    return half_of(known.people.get(contact) or str(contact)) is half


def known_of(known: Truth, half: Half | None) -> Truth:
    """The truth about one half, or all."""
    return known if half is None else truth.part(known, half.holds)


def records_of(known: Truth, half: Half) -> int:
    """How many contact records the people of a half have."""
    return sum(half_of(person) is half for person in known.people.values())


def overview(
    known: Truth, found: Sequence[FoundMove], rules: Sequence[tuple[str, Sequence[Pair]]]
) -> Grid:
    """Our thresholds and the naive rules in one table."""
    claims = [
        *((f"ours, {name}", pairs_at(found, statuses)) for name, statuses in THRESHOLDS),
        *rules,
    ]
    rows = []
    for customers_only in (False, True):
        for name, pairs in claims:
            checking, fitting = (
                score(known, pairs, half, customers_only=customers_only) for half in reversed(Half)
            )
            records = records_of(known, Half.CHECKING)
            rows.append((
                f"{name}{', customers only' if customers_only else ''}",
                checking.precision, checking.recall, f1(checking), checking.right, checking.wrong, checking.ignored,
                f"{checking.found}/{checking.true}", round(1000 * checking.wrong / records, 2) if records else None,
                fitting.precision, fitting.recall,
            ))  # fmt: skip
    columns = (
        "moves", "precision", "recall", "F1", "right", "wrong", "unsettled", "found", "wrong per 1,000 records",
        "fitting P", "fitting R",
    )  # fmt: skip
    return Grid(
        "Moves",
        columns,
        tuple(rows),
        ("Unsettled: one person, but nobody knows about this pair; not scored.",),
    )


def aims(known: Truth, found: Sequence[FoundMove]) -> list[Aim]:
    """What is wanted of automatic moves."""
    checking = score(known, pairs_at(found, AUTOMATIC), Half.CHECKING)
    return [
        Aim("moves, automatic: precision", checking.precision, 0.985),
        Aim("moves, automatic: recall", checking.recall, 0.92),
    ]


def recall_by(known: Truth, found: Sequence[FoundMove], naive: Sequence[Pair]) -> list[Grid]:
    """Recall by how a move shows, how the name was written, and what kind of step it was."""
    parts: tuple[tuple[str, Callable[[Score], object]], ...] = (
        ("mode", lambda one: one.found_by_kind),
        ("name form of the later record", lambda one: one.found_by_form),
        ("kind of step", lambda one: one.found_by_career),
    )
    columns = ("automatic", "with review", "naive N4")
    claims = (pairs_at(found, AUTOMATIC), pairs_at(found, REVIEW), naive)
    scores = [score(known, pairs, Half.CHECKING) for pairs in claims]
    fitting = score(known, claims[0], Half.FITTING)
    grids = []
    for title, pick in parts:
        tables = [dict(pick(one)) for one in (*scores, fitting)]  # type: ignore[call-overload]
        rows = []
        for name, (_, count) in tables[0].items():
            shares = [_share(table.get(name, (0, 0))) for table in tables]
            rows.append((name or "-", count, *shares))
        grids.append(
            Grid(
                f"Recall of moves by {title}",
                (title, "moves", *columns, "fitting automatic"),
                tuple(rows),
            )
        )
    return grids


def precision_by_shape(known: Truth, found: Sequence[FoundMove]) -> Grid:
    """Precision of automatic claims by whether one record changed or two records are linked."""
    pairs = pairs_at(found, AUTOMATIC)
    shapes: tuple[tuple[str, list[Pair]], ...] = (
        (
            "one record that changed (in place, merged)",
            [pair for pair in pairs if pair[0] == pair[1]],
        ),
        (
            "two records (new record, private address)",
            [pair for pair in pairs if pair[0] != pair[1]],
        ),
    )
    rows = []
    for name, some in shapes:
        checking, fitting = (score(known, some, half) for half in reversed(Half))
        rows.append((name, checking.precision, checking.right, checking.wrong, fitting.precision))
    return Grid(
        "Precision of automatic moves by shape",
        ("shape", "precision", "right", "wrong", "fitting P"),
        tuple(rows),
    )


def wrong_by_kind(known: Truth, found: Sequence[FoundMove], naive: Sequence[Pair]) -> Grid:
    """What the wrong claims really were, beside how many such traps there are."""
    claims = (pairs_at(found, AUTOMATIC), pairs_at(found, REVIEW), naive)
    wrong = [score(known, pairs, Half.CHECKING).wrong_by_kind for pairs in claims]
    fitting = score(known, claims[0], Half.FITTING).wrong_by_kind
    traps: dict[str, int] = {}
    for pair in known.non_moves:
        if of_half(known, pair.first_contact, Half.CHECKING):
            traps[pair.kind] = traps.get(pair.kind, 0) + 1
    kinds = sorted(
        {*traps, *(kind for each in (*wrong, fitting) for kind in each)},
        key=lambda kind: -traps.get(kind, 0),
    )
    rows = tuple(
        (kind, traps.get(kind), *(each.get(kind, 0) for each in wrong), fitting.get(kind, 0))
        for kind in kinds
    )
    columns = (
        "what it really was",
        "such pairs",
        "automatic",
        "with review",
        "naive N4",
        "fitting automatic",
    )
    return Grid("Wrong moves by kind", columns, rows)


@dataclass(frozen=True, slots=True)
class DateErrors:
    """How far told dates are from true ones."""

    days: tuple[int, ...]
    inside: int
    inside_month: int

    @property
    def median(self) -> float | None:
        return float(median(map(abs, self.days))) if self.days else None

    @property
    def bias(self) -> float | None:
        return float(median(self.days)) if self.days else None

    def within(self, most: int) -> float | None:
        """The share of moves whose date is off by at most so many days."""
        return sum(abs(each) <= most for each in self.days) / len(self.days) if self.days else None


def date_errors(known: Truth, found: Iterable[FoundMove], half: Half) -> DateErrors:
    """Compare the dates of rightly found automatic moves between the very companies of a true move."""
    steps: dict[tuple[str, int, int], list[Move]] = {}
    for move in known_of(known, half).moves:
        steps.setdefault((move.person, move.former_company, move.new_company), []).append(move)
    days, inside, nearly = [], 0, 0
    for each in arrivals(found):
        person = known.people.get(each.former, "")
        true = steps.get((person, each.former_company or 0, each.new_company or 0))
        if not (each.is_auto and true and person == known.people.get(each.new)):
            continue
        nearest = min((move.joined for move in true), key=lambda day: abs(day - each.moved))
        days.append((each.moved - nearest).days)
        inside += each.earliest <= nearest <= each.latest
        nearly += _overlaps(each.earliest, each.latest, nearest)
    return DateErrors(tuple(days), inside, nearly)


def _overlaps(earliest: date, latest: date, month: date) -> bool:
    """Whether the interval and the month that begins on that day have a day in common."""
    return (earliest - month).days < MONTH and latest >= month


def dates(known: Truth, found: Sequence[FoundMove]) -> Grid:
    """How well moves are dated."""
    rows = []
    errors = [date_errors(known, found, half) for half in reversed(Half)]
    for name, tell in (
        ("moves compared", lambda one: len(one.days)),
        ("median error, days", lambda one: one.median),
        ("median of told minus true, days", lambda one: one.bias),
        (f"within {MONTH} days", lambda one: one.within(MONTH)),
        (f"within {QUARTER} days", lambda one: one.within(QUARTER)),
        ("first true day inside the told interval", lambda one: _part(one.inside, len(one.days))),
        (
            "true month touches the told interval",
            lambda one: _part(one.inside_month, len(one.days)),
        ),
    ):
        rows.append((name, *(tell(one) for one in errors)))
    note = "True dates are first days of months, the source knows no more. Compared: moves between the same companies."
    return Grid("Dates of automatic moves", ("", "checking", "fitting"), tuple(rows), (note,))


def _share(found_of: tuple[int, int]) -> float | None:
    return found_of[0] / found_of[1] if found_of[1] else None


def _part(some: int, of: int) -> float | None:
    return some / of if of else None


def f1(one: Score) -> float | None:
    """The harmonic mean of precision and recall."""
    if not one.precision or not one.recall:
        return None
    return 2 * one.precision * one.recall / (one.precision + one.recall)
