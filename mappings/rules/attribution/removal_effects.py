"""Removal effects for comparison: what a source adds to the chance to win, by Shapley and Markov.

Both look at many closed deals at once: Shapley at win rates by combination, Markov at the order of
touches. All arithmetic is exact.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from math import factorial

from mappings.rules.attribution.credit import split
from mappings.rules.findings import SHARE_ONE
from mappings.rules.policy import Policy

Combination = frozenset[str]
_START = ""


@dataclass(frozen=True, slots=True)
class Path:
    """The sources of deals in the order of their touches, and how these deals ended.

    Deals that no source led to are a path, too.
    """

    sources: tuple[str, ...]
    won: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many closed deals were won and lost."""

    won: int = 0
    lost: int = 0

    @property
    def deals(self) -> int:
        """All of them."""
        return self.won + self.lost

    @property
    def rate(self) -> Fraction:
        """The win rate; raises ZeroDivisionError without deals."""
        return Fraction(self.won, self.deals)

    def with_path(self, path: Path) -> "Outcome":
        """These deals and the path's."""
        return Outcome(self.won + path.won, self.lost + path.lost)


@dataclass(frozen=True, slots=True)
class Gains:
    """What each source adds (`values`), and that in SHARE_ONE units that add up to one.

    Both are empty when there are too few deals; `reason` says so.
    """

    model: str
    values: Mapping[str, Fraction]
    shares: Mapping[str, int]
    reason: str


def by_combination(paths: Iterable[Path]) -> dict[Combination, Outcome]:
    """Add up the paths that have the same sources: win rates need no order."""
    outcomes: dict[Combination, Outcome] = {}
    for path in paths:
        combination = frozenset(path.sources)
        outcomes[combination] = outcomes.get(combination, Outcome()).with_path(path)
    return outcomes


def shapley(
    outcomes: Mapping[Combination, Outcome], policy: Policy, *, of: Combination | None = None
) -> Gains:
    """Each source's average gain in win rate over all orders of joining (Shapley 1953).

    *of* looks only at these sources. There are no values unless every combination, none included,
    has enough closed deals.
    """
    players = sorted(of if of is not None else frozenset().union(*outcomes))
    if not players:
        return Gains("shapley", {}, {}, "no source to compare")
    # Fewer combinations than there are subsets: one is missing, and the subsets need not be gone
    # through.
    is_short = 2 ** len(players) > len(outcomes)
    least = max(1, policy.shapley_deals_at)
    if is_short or any(_deals_of(subset, outcomes) < least for subset in _subsets(players)):
        return Gains(
            "shapley", {}, {}, f"not enough: every combination needs {least} closed deals or more"
        )
    values = {player: _average_gain(player, players, outcomes) for player in players}
    deals = sum(_deals_of(subset, outcomes) for subset in _subsets(players))
    return _shared("shapley", values, f"win rates of {deals} closed deals by combination")


def _deals_of(combination: Combination, outcomes: Mapping[Combination, Outcome]) -> int:
    return outcomes.get(combination, Outcome()).deals


def _subsets(players: Sequence[str]) -> Iterable[Combination]:
    for size in range(len(players) + 1):
        yield from map(frozenset, combinations(players, size))


def _average_gain(
    player: str, players: Sequence[str], outcomes: Mapping[Combination, Outcome]
) -> Fraction:
    others = [other for other in players if other != player]
    every = factorial(len(others) + 1)
    gain = Fraction(0)
    for before in _subsets(others):
        orders = Fraction(factorial(len(before)) * factorial(len(others) - len(before)), every)
        gain += orders * (outcomes[before | {player}].rate - outcomes[before].rate)
    return gain


def markov(paths: Iterable[Path], *, of: Combination | None = None) -> Gains:
    """How much of the chance to win goes when a source is removed, as shares of one.

    That is 1 - P(win without it) / P(win), by a walk over what followed what, from the start to the
    win or the loss; a walk that comes to a removed source is lost (Anderl et al. 2016). *of* shows
    only these sources.
    """
    counted = [path for path in paths if path.won + path.lost > 0]
    won = sum(path.won for path in counted)
    if not won:
        return Gains("markov", {}, {}, "not enough: no deal was won")
    names = sorted({name for path in counted for name in path.sources})
    shown = names if of is None else sorted(of & set(names))
    values = _lost_chances(_steps(counted), names, shown)
    deals = won + sum(path.lost for path in counted)
    return _shared(
        "markov", values, f"{won} of {deals} closed deals won; one source at a time taken away"
    )


def _lost_chances(
    steps: Mapping[str, "_Steps"], names: Sequence[str], shown: Iterable[str]
) -> dict[str, Fraction]:
    """The part of the chance to win that goes with each source."""
    visits = _inverse(steps, names)
    wins_from = {name: _win_chance(visits[name], steps) for name in names}
    start = steps[_START]
    p_win = start.wins + _total(start.to(name) * wins_from[name] for name in names)
    lost: dict[str, Fraction] = {}
    for name in shown:
        came_to = _total(start.to(other) * visits[other][name] for other in names)
        # Of the walks that come to it at all, this part is won: it is what goes.
        lost[name] = came_to / visits[name][name] * wins_from[name] / p_win
    return lost


def _win_chance(visited: Mapping[str, Fraction], steps: Mapping[str, "_Steps"]) -> Fraction:
    """The chance to win of a walk that comes to each source so many times."""
    return _total(times * steps[name].wins for name, times in visited.items())


def _total(values: Iterable[Fraction]) -> Fraction:
    return sum(values, Fraction(0))


@dataclass(frozen=True, slots=True)
class _Steps:
    """What follows a source: others, or the win, with their chances.

    What is missing to one is the loss.
    """

    next: Mapping[str, Fraction]
    wins: Fraction

    def to(self, name: str) -> Fraction:
        return self.next.get(name, Fraction(0))


def _steps(paths: Iterable[Path]) -> dict[str, _Steps]:
    """The chances of what follows each source, and the start."""
    onward: dict[str, dict[str, int]] = {_START: {}}
    ends: dict[str, Outcome] = {}
    for path in paths:
        for name, following in pairwise((_START, *path.sources)):
            counts = onward.setdefault(name, {})
            counts[following] = counts.get(following, 0) + path.won + path.lost
        last = path.sources[-1] if path.sources else _START
        ends[last] = ends.get(last, Outcome()).with_path(path)
    steps: dict[str, _Steps] = {}
    for name in onward.keys() | ends.keys():
        counts, end = onward.get(name, {}), ends.get(name, Outcome())
        total = sum(counts.values()) + end.deals
        if total:
            chances = {following: Fraction(count, total) for following, count in counts.items()}
            steps[name] = _Steps(chances, Fraction(end.won, total))
    return steps


def _inverse(steps: Mapping[str, _Steps], names: Sequence[str]) -> dict[str, dict[str, Fraction]]:
    """How often a walk from each source comes to each: the inverse of (1 - steps).

    By Gauss-Jordan elimination. Every path ends, so from every source a walk can end, and there is
    always a pivot.
    """
    rows = [_equation(name, steps[name], names) for name in names]
    for column in range(len(names)):
        _eliminate(rows, column)
    return {
        name: dict(zip(names, row[len(names) :], strict=True))
        for name, row in zip(names, rows, strict=True)
    }


def _equation(name: str, steps: _Steps, names: Sequence[str]) -> list[Fraction]:
    """A row of (1 - steps), with the row of the unit matrix behind it."""
    unit = [Fraction(int(other == name)) for other in names]
    left = [value - steps.to(other) for value, other in zip(unit, names, strict=True)]
    return left + unit


def _eliminate(rows: list[list[Fraction]], column: int) -> None:
    """Make one column that of the unit matrix."""
    pivot = next(place for place in range(column, len(rows)) if rows[place][column])
    rows[column], rows[pivot] = rows[pivot], rows[column]
    head = [value / rows[column][column] for value in rows[column]]
    rows[column] = head
    for place, row in enumerate(rows):
        factor = row[column]
        if place != column and factor:
            rows[place] = [value - factor * top for value, top in zip(row, head, strict=True)]


def _shared(model: str, values: Mapping[str, Fraction], reason: str) -> Gains:
    """Values as shares; a source that lowers the chance gets none."""
    raising = {name: max(value, Fraction(0)) for name, value in values.items()}
    if not any(raising.values()):
        return Gains(model, values, {}, f"{reason}; no source raised the chance to win")
    return Gains(model, values, split(SHARE_ONE, raising), reason)
