"""The classic models beside numbers computed by others: the development journeys, and independent libraries."""

import csv
import gzip
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import combinations
from pathlib import Path as FilePath
from typing import Any

import pytest

from mappings.rules.attribution.classic_models import first, last, linear, u_shape
from mappings.rules.attribution.journeys import LEAD, ModelTouch
from mappings.rules.attribution.removal_effects import Outcome, Path, markov, shapley
from mappings.rules.findings import SHARE_ONE
from mappings.rules.policy import DEFAULT
from tests.unit.rules_builders import day

WIN = day(100)
DATA = FilePath(__file__).parents[3] / "shared" / "data"


# The development journeys, and an independent library


@pytest.fixture(scope="module")
def recorded() -> list[tuple[list[str], int, int]]:
    file = DATA / "journeys" / "path_data.csv.gz"
    if not file.exists():
        pytest.skip("the development journeys are not here")
    with gzip.open(file, "rt") as lines:
        return [
            (row["path"].split(" > "), int(row["total_conversions"]), int(row["total_null"]))
            for row in csv.DictReader(lines)
        ]


def _click(source: str, place: int) -> ModelTouch:
    return ModelTouch(source, day(0) + timedelta(minutes=place), "click", source)


Rows = list[tuple[list[str], int, int]]


def summed(rule: Any, rows: Rows, *, each_click: bool = False) -> dict[str, Fraction]:  # noqa: ANN401 - one of the models
    """Conversions by channel; *each_click* makes every position a source of its own, as click counters do."""
    found: Counter[str] = Counter()
    for path, won, _ in rows:
        if won:
            clicks = [_click(f"{one}#{n}" if each_click else one, n) for n, one in enumerate(path)]
            for who, share in rule(clicks, WIN, DEFAULT).shares.items():
                found[who.split("#")[0]] += Fraction(won * share, SHARE_ONE)  # type: ignore[assignment]
    return dict(found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "name", "each_click"),
    [(first, "first_touch", False), (last, "last_touch", False), (linear, "linear", True)],
    ids=["first", "last", "linear by click"],
)
def test_development_journeys_add_up_as_expected(
    recorded: Rows,
    rule: Any,  # noqa: ANN401
    name: str,
    *,
    each_click: bool,
) -> None:
    expected = json.loads((DATA / "expected.json").read_text())["journeys"][name]

    found = summed(rule, recorded, each_click=each_click)

    assert {who: round(float(value), 5) for who, value in found.items()} == {
        who: pytest.approx(value, abs=2e-5) for who, value in expected.items()
    }


@pytest.fixture(scope="module")
def library(recorded: Rows) -> Any:  # noqa: ANN401 - an optional library without types
    return library_of(recorded)


def library_of(rows: Rows) -> Any:  # noqa: ANN401 - an optional library without types
    mta = pytest.importorskip(
        "mta", reason="the independent library mta is not installed (extra: compare)"
    )
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        [(" > ".join(path), won, lost) for path, won, lost in rows],
        columns=["path", "total_conversions", "total_null"],
    )
    return mta.MTA(frame, allow_loops=True, add_timepoints=False, normalize_by_default=False)


@pytest.mark.filterwarnings("ignore")
def test_an_independent_library_says_the_same(recorded: Rows, library: Any) -> None:  # noqa: ANN401 - see above
    theirs = library.first_touch().last_touch().linear(share="same").attribution

    for rule, name in ((first, "first_touch"), (last, "last_touch"), (linear, "linear")):
        ours = {who: float(value) for who, value in summed(rule, recorded).items()}
        assert ours == {
            who: pytest.approx(value, abs=1e-6) for who, value in theirs[name].items() if value
        }


@pytest.mark.filterwarnings("ignore")
def test_an_independent_library_halves_a_path_of_two_and_shares_by_position(
    recorded: Rows,
    library: Any,  # noqa: ANN401
) -> None:
    """Its position model ends at the last click; ours at the lead's creation, which here is put on the last click."""
    theirs = library.position_based().attribution["pos_based"]

    found: Counter[str] = Counter()
    for path, won, _ in recorded:
        if won:
            clicks = [_click(f"{one}#{n}", n) for n, one in enumerate(path)]
            clicks[-1] = replace(clicks[-1], moments=frozenset({LEAD}))
            for who, share in u_shape(clicks, WIN, DEFAULT).shares.items():
                found[who.split("#")[0]] += Fraction(won * share, SHARE_ONE)  # type: ignore[assignment]

    assert {who: float(value) for who, value in found.items()} == {
        who: pytest.approx(value, abs=1e-6) for who, value in theirs.items() if value
    }


@pytest.mark.filterwarnings("ignore")
def test_an_independent_library_finds_the_same_average_gains(recorded: Rows, library: Any) -> None:  # noqa: ANN401 - see above
    """Its gain of a combination is the conversions of journeys within it; given that as win rates, ours agree."""
    often = {
        one
        for one, _ in Counter(one for path, _, _ in recorded for one in set(path)).most_common(6)
    }
    rows = [row for row in recorded if set(row[0]) <= often]
    theirs = library_of(rows).shapley().attribution["shapley"]
    names = sorted({one for path, _, _ in rows for one in path})
    total = sum(won for _, won, _ in rows) + 1
    outcomes = {}
    for size in range(len(names) + 1):
        for some in combinations(names, size):
            within = sum(won for path, won, _ in rows if set(path) <= set(some))
            outcomes[frozenset(some)] = Outcome(within, total - within)

    ours = shapley(outcomes, DEFAULT).values

    assert {who: float(value * total) for who, value in ours.items()} == {
        who: pytest.approx(value, rel=1e-9) for who, value in theirs.items()
    }


@pytest.mark.filterwarnings("ignore")
def test_an_independent_library_finds_the_same_chance_to_win(recorded: Rows) -> None:
    """Its Markov model walks at random, so it agrees to the accuracy of its walks."""
    other = pytest.importorskip(
        "ChannelAttribution",
        reason="the independent library ChannelAttribution is not installed (extra: compare)",
    )
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        [(" > ".join(path), won, lost) for path, won, lost in recorded],
        columns=["path", "won", "lost"],
    )
    found = other.markov_model(
        frame,
        "path",
        "won",
        var_null="lost",
        sep=">",
        order=1,
        seed=7,
        out_more=True,
        max_step=10_000,
        verbose=False,
        flg_pro=False,
    )
    removal = found["removal_effects"]
    theirs = dict(zip(removal["channel_name"], removal["removal_effect"], strict=True))
    ours = markov([Path(tuple(path), won, lost) for path, won, lost in recorded]).values

    assert {who: float(value) for who, value in ours.items()} == {
        who: pytest.approx(value, abs=0.02) for who, value in theirs.items()
    }
