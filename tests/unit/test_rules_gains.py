"""Shapley and Markov removal: RULES' examples, other numbers by hand, and independent arithmetic."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.attribution.removal_effects import (
    Outcome,
    Path,
    by_combination,
    markov,
    shapley,
)
from mappings.rules.findings import SHARE_ONE
from mappings.rules.policy import DEFAULT

# Shapley


THREE = {
    "": (10, 90),
    "C": (30, 70),
    "R": (25, 75),
    "W": (15, 85),
    "CR": (45, 55),
    "CW": (33, 67),
    "RW": (28, 72),
    "CRW": (48, 52),
}


def outcomes(table: Mapping[str, tuple[int, int]]) -> dict[frozenset[str], Outcome]:
    return {frozenset(names): Outcome(*ends) for names, ends in table.items()}


def test_shapley_shares_the_gain_over_all_orders() -> None:
    found = shapley(outcomes(THREE), DEFAULT)

    assert {who: round(float(value), 4) for who, value in found.values.items()} == {
        "C": 0.1967,
        "R": 0.1467,
        "W": 0.0367,
    }
    assert sum(found.values.values()) == Fraction(38, 100)
    assert {who: round(share * 100 / SHARE_ONE, 2) for who, share in found.shares.items()} == {
        "C": 51.75,
        "R": 38.60,
        "W": 9.65,
    }


def test_shapley_says_not_enough_when_one_combination_has_few_deals() -> None:
    few = {**THREE, "CW": (10, 19)}
    lacking = {names: ends for names, ends in THREE.items() if names != "RW"}

    for table in (few, lacking, {"C": (500, 500)}):
        found = shapley(outcomes(table), DEFAULT)
        assert (found.shares, found.values) == ({}, {})
        assert found.reason == "not enough: every combination needs 30 closed deals or more"
    assert shapley(outcomes({**THREE, "CW": (10, 20)}), DEFAULT).shares


def test_shapley_of_some_sources_looks_at_their_combinations_only() -> None:
    few = {**THREE, "CRW": (1, 0)}

    found = shapley(outcomes(few), DEFAULT, of=frozenset("CR"))

    # C: half of .30-.10 and half of .45-.25; R: half of .25-.10 and half of .45-.30
    assert found.values == {"C": Fraction(20, 100), "R": Fraction(15, 100)}
    assert shapley({}, DEFAULT).reason == "no source to compare"


def test_a_source_that_lowers_the_chance_gets_no_share() -> None:
    found = shapley(outcomes({"": (50, 50), "A": (80, 20), "B": (40, 60), "AB": (70, 30)}), DEFAULT)

    assert found.values == {"A": Fraction(30, 100), "B": Fraction(-10, 100)}
    assert found.shares == {"A": SHARE_ONE, "B": 0}
    nobody = shapley(outcomes({"": (50, 50), "A": (20, 80)}), DEFAULT)
    assert nobody.shares == {}
    assert nobody.reason.endswith("no source raised the chance to win")


rates = st.tuples(st.integers(0, 60), st.integers(30, 60))


@given(st.lists(rates, min_size=16, max_size=16))
def test_shapley_is_the_mean_over_all_orders_of_joining(ends: list[tuple[int, int]]) -> None:
    names = ["".join(one for bit, one in enumerate("ABCD") if n >> bit & 1) for n in range(16)]
    table = outcomes(dict(zip(names, ends, strict=True)))

    found = shapley(table, DEFAULT)

    expected: Counter[str] = Counter()
    for order in permutations("ABCD"):
        for n, one in enumerate(order):
            expected[one] += (
                table[frozenset(order[: n + 1])].rate - table[frozenset(order[:n])].rate
            )  # type: ignore[assignment]
    assert {who: value * math.factorial(4) for who, value in found.values.items()} == expected
    assert sum(found.values.values()) == table[frozenset("ABCD")].rate - table[frozenset()].rate


# Markov


def test_markov_by_removal() -> None:
    paths = [
        Path(("A",), won=2),
        Path(("A", "B"), won=1),
        Path(("A",), lost=4),
        Path(("B",), lost=3),
    ]

    found = markov(paths)

    assert found.values == {"A": Fraction(3, 4), "B": Fraction(1, 3)}
    assert sum(found.values.values()) != 1
    assert {who: round(share * 100 / SHARE_ONE, 1) for who, share in found.shares.items()} == {
        "A": 69.2,
        "B": 30.8,
    }
    assert found.reason == "3 of 10 closed deals won; one source at a time taken away"


def test_markov_counts_wins_and_losses_without_any_touch() -> None:
    """P(win) = 1/4 direct + 1/4 by A of 4 deals; without A only the direct one is left."""
    found = markov([Path((), won=1), Path((), lost=2), Path(("A",), won=1)])

    assert found.values == {"A": Fraction(1, 2)}
    assert markov([Path((), won=5)]).shares == {}


def test_markov_without_a_win_has_nothing_to_share() -> None:
    assert markov([Path(("A",), lost=3)]).reason == "not enough: no deal was won"
    assert markov([]).shares == {}
    assert markov([Path(("A",))]).shares == {}


def test_markov_walks_loops_to_their_end() -> None:
    """A to B and back: from A half go to B, a quarter win; from B half go back to A, half are lost.

    P(A) = 1/4 + 1/2 P(B) and P(B) = 1/2 P(A), so P(A) = 1/3. Without B it is 1/4.
    """
    paths = [
        Path(("A",), won=1),
        Path(("A",), lost=1),
        Path(("A", "B"), lost=1),
        Path(("A", "B", "A"), lost=0, won=0),
    ]
    looping = [*paths[:2], Path(("A", "B", "A"), won=1), Path(("A", "B"), lost=1)]

    found = markov(looping)

    # A is left 5 times: 2 won, 1 lost, 2 to B; B is left twice: 1 to A, 1 lost.
    # So the chance to win from A is 2/5 and 2/5 of what B brings back: one half.
    assert found.values["A"] == 1
    assert found.values["B"] == 1 - Fraction(2, 5) / Fraction(1, 2)


def test_the_same_source_twice_in_a_row_changes_nothing() -> None:
    once = [Path(("A", "B"), won=3, lost=4), Path(("B", "A"), won=1, lost=9)]
    twice = [Path(("A", "A", "A", "B"), won=3, lost=4), Path(("B", "B", "A"), won=1, lost=9)]

    assert markov(twice).values == markov(once).values


def test_markov_of_some_sources_keeps_their_values() -> None:
    paths = [Path(("A", "B"), won=3, lost=4), Path(("C",), won=1, lost=9)]

    some = markov(paths, of=frozenset({"A", "unheard of"}))

    assert some.values == {"A": markov(paths).values["A"]}
    assert some.shares == {"A": SHARE_ONE}


def absorbed(paths: Iterable[Path], removed: str | None) -> Fraction:
    """P(win) by elimination on the absorption equations with the removed source's row and column taken out."""
    counts: dict[str, Counter[str]] = {}
    for path in paths:
        deals = path.won + path.lost
        states = ["start", *path.sources]
        for one, then in pairwise(states):
            counts.setdefault(one, Counter())[then] += deals
        counts.setdefault(states[-1], Counter())["win"] += path.won
        counts[states[-1]]["lose"] += path.lost
    states = [one for one, onward in counts.items() if one != removed and onward.total()]
    rows = []
    for one in states:
        total = sum(counts[one].values())
        row = [
            Fraction(int(one == other)) - Fraction(counts[one][other], total) for other in states
        ]
        rows.append([*row, Fraction(counts[one]["win"], total)])
    for n in range(len(rows)):
        swap = next(m for m in range(n, len(rows)) if rows[m][n])
        rows[n], rows[swap] = rows[swap], rows[n]
        rows[n] = [value / rows[n][n] for value in rows[n]]
        for m in range(len(rows)):
            if m != n:
                rows[m] = [a - rows[m][n] * b for a, b in zip(rows[m], rows[n], strict=True)]
    return rows[states.index("start")][-1]


a_path = st.builds(
    Path,
    st.lists(st.sampled_from("ABCDE"), max_size=6).map(tuple),
    st.integers(0, 9),
    st.integers(0, 9),
)


@given(st.lists(a_path, max_size=8))
def test_removal_is_what_the_chain_without_the_source_says(paths: list[Path]) -> None:
    counted = [path for path in paths if path.won + path.lost]
    found = markov(paths)
    if not sum(path.won for path in counted):
        assert found.shares == {}
        return
    base = absorbed(counted, None)
    for name in {one for path in counted for one in path.sources}:
        assert found.values[name] == 1 - absorbed(counted, name) / base
    assert sum(found.shares.values()) in {0, SHARE_ONE}


def test_combinations_add_up_whatever_the_order() -> None:
    paths = [Path(("a", "b"), 1, 2), Path(("b", "a", "b"), 10, 20), Path((), 5, 5)]

    assert by_combination(paths) == {frozenset("ab"): Outcome(11, 22), frozenset(): Outcome(5, 5)}
