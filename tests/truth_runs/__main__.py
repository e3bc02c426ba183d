"""python -m tests.truth_runs: are known effects recovered, and are effects found where there are none?

Two portals are drawn a year each, many times: in one asking works, sentiment rises and facts make
churns; in the other nothing has an effect. The status is 1 when the rules miss.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.truth_runs import checks, year
from tests.truth_runs.checks import CHECKS, Check, Found
from tests.truth_runs.year import EFFECTIVE, EMPTY, FACTS

SEEDS = 200
# An interval of 95% holds the truth in 184 of 200 years or more, unless it is too narrow: fewer are
# seen once in 40 times.
LEAST_HELD = 0.92
MOST_NULLS = 0.05
# Fitted odds are drawn towards the starting values, so they stand within a third of the truth.
ODDS_WITHIN = 4 / 3


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: what was looked at, what is so, what was found, and whether that is right."""

    name: str
    truth: str
    found: str
    share: str
    is_right: bool


def main() -> int:
    """Draw, judge and print; say by the status whether everything holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth_runs", description=__doc__)
    parser.add_argument(
        "--seeds", type=int, default=SEEDS, help="how many years are drawn of each portal"
    )
    given = parser.parse_args()
    say = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
    began = time.monotonic()
    seeds = range(1, given.seeds + 1)
    with_effects = [year.draw(EFFECTIVE, seed) for seed in seeds]
    without = [year.draw(EMPTY, seed) for seed in seeds]
    lines = [_recovered(check, with_effects) for check in CHECKS]
    lines += [_null(check, without) for check in CHECKS if check.has_null]
    lines += _churn(with_effects, without)
    _show(say, lines)
    missed = [line.name for line in lines if not line.is_right]
    say.print(f"{given.seeds} years of each portal, {time.monotonic() - began:.0f} s.")
    if missed:
        say.print(f"Missed: {'; '.join(missed)}.")
    return 1 if missed else 0


def _found(check: Check, years: Sequence[year.Year]) -> list[Found]:
    results = [check.find(drawn) for drawn in years]
    return [found for found in results if found is not None]


def _recovered(check: Check, years: Sequence[year.Year]) -> Line:
    """Whether intervals hold the truth as often as they say."""
    truth = check.truth(EFFECTIVE)
    results = _found(check, years)
    held = sum(found.holds(truth) for found in results) / len(years)
    power = sum(found.speaks for found in results) / len(years)
    mean = statistics.fmean(found.value for found in results)
    noticed = f", noticed in {power:.1%}" if check.has_null else ""
    return Line(
        f"effect  {check.name}",
        f"{truth:,.3f}",
        f"{mean:,.3f} on average{noticed}",
        f"held in {held:.1%}",
        held >= LEAST_HELD,
    )


def _null(check: Check, years: Sequence[year.Year]) -> Line:
    """How often an effect is told of where there is none."""
    results = _found(check, years)
    told = sum(found.speaks for found in results) / len(years)
    held = sum(found.holds(0) for found in results) / len(years)
    mean = statistics.fmean(found.value for found in results)
    return Line(
        f"nothing {check.name}",
        "0",
        f"{mean:,.3f} on average",
        f"told in {told:.1%}" if check.speaks else f"held in {held:.1%}",
        told <= MOST_NULLS if check.speaks else held >= LEAST_HELD,
    )


def _churn(with_effects: Sequence[year.Year], without: Sequence[year.Year]) -> list[Line]:
    """The odds that are fitted, in the middle of all years, and what they are worth on others."""
    models = [model for drawn in with_effects if (model := checks.fitted(drawn))]
    lines = []
    for factor in FACTS:
        truth = EFFECTIVE.odds[factor]
        middle = statistics.median(checks.odds_of(model, factor) for model in models)
        is_right = 1 / ODDS_WITHIN <= middle / truth <= ODDS_WITHIN
        lines.append(
            Line(
                f"effect  churn odds: {factor.label}",
                f"{truth:.2f}",
                f"{middle:.2f}",
                "median",
                is_right,
            )
        )
    better = [model.left_out.brier_ppm < model.left_out.reference_ppm for model in models]
    share = sum(better) / len(with_effects)
    lines.append(
        Line(
            "effect  churn: better than the rate of all, on companies left out",
            "always",
            f"{len(models)} years with enough churns",
            f"in {share:.1%}",
            share >= LEAST_HELD,
        )
    )
    empty = [model for drawn in without if (model := checks.fitted(drawn))]
    better = [model.left_out.brier_ppm < model.left_out.reference_ppm for model in empty]
    told = sum(better) / len(without)
    lines.append(
        Line(
            "nothing churn: better than the rate of all, on companies left out",
            "never",
            f"{len(empty)} years with enough churns",
            f"in {told:.1%}",
            told <= MOST_NULLS,
        )
    )
    return lines


def _show(say: Console, lines: Sequence[Line]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("what", "true", "found", "how often", ""):
        table.add_column(heading)
    for line in lines:
        verdict = "ok" if line.is_right else "MISSED"
        table.add_row(line.name, line.truth, line.found, line.share, verdict)
    say.print(table)


if __name__ == "__main__":
    sys.exit(main())
