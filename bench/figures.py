"""Figures and goals: medians of alternating rounds with their spread, and whether a goal is met."""

import dataclasses
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one contestant: units per second, and processor seconds per unit."""

    rate: float
    cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class Figure:
    """A median and the range it comes from."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{_short(self.median)}  ({_short(self.low)} to {_short(self.high)})"


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the report. Without an aim it only informs."""

    name: str
    text: str
    figure: Figure
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_met(self) -> bool:
        if self.at_least is not None and self.figure.median < self.at_least:
            return False
        return self.at_most is None or self.figure.median <= self.at_most

    @property
    def aim(self) -> str:
        if self.at_least is not None:
            return f"≥ {_short(self.at_least)}"
        return "" if self.at_most is None else f"≤ {_short(self.at_most)}"


@dataclass(slots=True)
class Report:
    """All that was measured, and in what order it is shown."""

    quick: bool = False
    size: int = 100_000
    asked: int | None = None
    goals: list[Goal] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    # Figures that a later part compares itself with.
    kept: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def rounds(self) -> int:
        return 3 if self.quick else 5

    def goal(self, name: str, text: str, values: Sequence[float] | float, **aims: float) -> None:
        """Add a figure: with ``at_least`` or ``at_most`` it is a goal."""
        found = [values] if isinstance(values, int | float) else list(values)
        self.goals.append(Goal(name, text, Figure.of(found), **aims))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def show(self) -> int:
        """Print everything; return how many goals were missed."""
        table = Table(
            "goal",
            "figure",
            "median (range)",
            "aim",
            "",
            title="Second Order, measured",
            show_lines=False,
        )
        for goal in self.goals:
            mark = "" if not goal.aim else "met" if goal.is_met else "[bold red]MISSED[/]"
            table.add_row(goal.name, goal.text, str(goal.figure), goal.aim, mark)
        console = Console(width=150)
        console.print(table)
        for note in self.notes:
            console.print(f"- {note}", highlight=False)
        missed = sum(not goal.is_met for goal in self.goals)
        console.print(f"{missed} of {sum(bool(goal.aim) for goal in self.goals)} goals missed")
        return missed


def alternate(
    rounds: int, contestants: Mapping[str, Callable[[], Sample]]
) -> dict[str, list[Sample]]:
    """Let all contestants run in every round, each round in another order."""
    found: dict[str, list[Sample]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            found[name].append(contestants[name]())
    return found


def ratios(ours: Sequence[Sample], theirs: Sequence[Sample]) -> list[float]:
    """Our rate in units of theirs, round by round."""
    return [mine.rate / other.rate for mine, other in zip(ours, theirs, strict=True)]


def cpu_ratios(ours: Sequence[Sample], theirs: Sequence[Sample]) -> list[float]:
    """Our processor time per unit in units of theirs, round by round."""
    return [mine.cpu / other.cpu for mine, other in zip(ours, theirs, strict=True)]


def _short(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
