"""Gains: what Shapley and Markov removal say each source adds to the chance of winning. For comparison only.

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
        """The win rate; nothing is known of no deals."""
        return Fraction(self.won, self.deals)


@dataclass(frozen=True, slots=True)
class Path:
    """The sources of deals in the order of their touches, and how these deals ended. No sources: a path of its own."""

    sources: tuple[str, ...]
    won: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Gains:
    """What each source adds (`values`), and that as shares of one; both empty when there is not enough to say."""

    model: str
    values: Mapping[str, Fraction]
    shares: Mapping[str, int]
    reason: str


def by_combination(paths: Iterable[Path]) -> dict[Combination, Outcome]:
    """Win rates need no order: add up the paths that have the same sources."""
    found: dict[Combination, Outcome] = {}
    for path in paths:
        together = frozenset(path.sources)
        so_far = found.get(together, Outcome())
        found[together] = Outcome(so_far.won + path.won, so_far.lost + path.lost)
    return found


def shapley(
    outcomes: Mapping[Combination, Outcome], policy: Policy, *, of: Combination | None = None
) -> Gains:
    """Each source's average gain in win rate over all orders of joining; *of* looks only at these sources.

    Says "not enough" unless every combination, none included, has enough closed deals.
    """
    players = sorted(of if of is not None else frozenset().union(*outcomes))
    if not players:
        return Gains("shapley", {}, {}, "no source to compare")
    # Fewer combinations than there are subsets: one is missing, and the subsets need not be gone
    # through.
    short = 2 ** len(players) > len(outcomes)
    least = max(1, policy.shapley_deals_at)
    if short or any(outcomes.get(one, Outcome()).deals < least for one in _subsets(players)):
        return Gains(
            "shapley", {}, {}, f"not enough: every combination needs {least} closed deals or more"
        )
    values = {
        one: _average_gain(one, [other for other in players if other != one], outcomes)
        for one in players
    }
    deals = sum(outcomes[one].deals for one in _subsets(players))
    return _shared("shapley", values, f"win rates of {deals} closed deals by combination")


def _subsets(players: Sequence[str]) -> Iterable[Combination]:
    return (
        frozenset(some) for size in range(len(players) + 1) for some in combinations(players, size)
    )


def _average_gain(
    one: str, others: Sequence[str], outcomes: Mapping[Combination, Outcome]
) -> Fraction:
    every = factorial(len(others) + 1)
    gain = Fraction(0)
    for before in _subsets(others):
        orders = Fraction(factorial(len(before)) * factorial(len(others) - len(before)), every)
        gain += orders * (outcomes[before | {one}].rate - outcomes[before].rate)
    return gain


def markov(paths: Iterable[Path], *, of: Combination | None = None) -> Gains:
    """How much of the chance to win goes when a source is removed: 1 - P(win without it) / P(win), then normalised.

    The chance is that of a walk over what followed what, from the start to the win or the loss; a
    walk that comes to a removed source is lost. *of* shows only these sources.
    """
    counted = [path for path in paths if path.won + path.lost > 0]
    steps = _steps(counted)
    names = sorted({name for path in counted for name in path.sources})
    won, total = sum(path.won for path in counted), sum(path.won + path.lost for path in counted)
    if not won:
        return Gains("markov", {}, {}, "not enough: no deal was won")
    visits = _inverse(steps, names)
    win_from = {
        name: sum((visits[name][to] * steps[to].wins for to in names), Fraction(0))
        for name in names
    }
    start = steps[_START]
    p_win = start.wins + sum(
        (start.next.get(name, Fraction(0)) * win_from[name] for name in names), Fraction(0)
    )
    values = {}
    for name in names if of is None else sorted(of & set(names)):
        seen = sum(
            (start.next.get(other, Fraction(0)) * visits[other][name] for other in names),
            Fraction(0),
        )
        # Of the walks that come to it at all, this part is won: it is what goes.
        values[name] = seen / visits[name][name] * win_from[name] / p_win
    return _shared(
        "markov", values, f"{won} of {total} closed deals won; one source at a time taken away"
    )


@dataclass(frozen=True, slots=True)
class _Steps:
    """What follows a source: others, or the win, with their chances; what is missing to one is the loss."""

    next: Mapping[str, Fraction]
    wins: Fraction


def _steps(paths: Iterable[Path]) -> dict[str, _Steps]:
    counts: dict[str, dict[str, int]] = {_START: {}}
    ends: dict[str, Outcome] = {}
    for path in paths:
        deals = path.won + path.lost
        for one, then in pairwise((_START, *path.sources)):
            onward = counts.setdefault(one, {})
            onward[then] = onward.get(then, 0) + deals
        last = path.sources[-1] if path.sources else _START
        so_far = ends.get(last, Outcome())
        ends[last] = Outcome(so_far.won + path.won, so_far.lost + path.lost)
    found: dict[str, _Steps] = {}
    for one in counts.keys() | ends.keys():
        onward, end = counts.get(one, {}), ends.get(one, Outcome())
        total = sum(onward.values()) + end.deals
        if total:
            chances = {then: Fraction(count, total) for then, count in onward.items()}
            found[one] = _Steps(chances, Fraction(end.won, total))
    return found


def _inverse(steps: Mapping[str, _Steps], names: Sequence[str]) -> dict[str, dict[str, Fraction]]:
    """How often a walk from each source comes to each: the inverse of (1 - steps), by elimination.

    Every path ends, so from every source a walk can end, and there is always a pivot.
    """
    size = len(names)
    rows = [
        [
            Fraction(int(i == j)) - steps[one].next.get(then, Fraction(0))
            for j, then in enumerate(names)
        ]
        + [Fraction(int(i == j)) for j in range(size)]
        for i, one in enumerate(names)
    ]
    for column in range(size):
        pivot = next(row for row in range(column, size) if rows[row][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = [value / rows[column][column] for value in rows[column]]
        rows[column] = head
        for row in range(size):
            factor = rows[row][column]
            if row != column and factor:
                rows[row] = [
                    value - factor * top for value, top in zip(rows[row], head, strict=True)
                ]
    return {one: dict(zip(names, rows[i][size:], strict=True)) for i, one in enumerate(names)}


def _shared(model: str, values: Mapping[str, Fraction], reason: str) -> Gains:
    """Values as shares; what lowers the chance gets none, and where nothing raises it there is nothing to share."""
    raising = {name: max(value, Fraction(0)) for name, value in values.items()}
    if not any(raising.values()):
        return Gains(model, values, {}, f"{reason}; no source raised the chance to win")
    return Gains(model, values, split(SHARE_ONE, raising), reason)
