"""Figures as tables: printed for people, kept as JSON for comparing two runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Aim:
    """Something wanted of a figure: at least, or at most, a value. A figure that cannot be told does not meet it."""

    name: str
    figure: float | None
    wanted: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is as wanted."""
        if self.figure is None:
            return False
        return self.figure <= self.wanted if self.at_most else self.figure >= self.wanted

    def __str__(self) -> str:
        sign = "≤" if self.at_most else "≥"
        figure = "-" if self.figure is None else f"{self.figure:.4f}"
        return f"{self.name} {figure} (aim {sign} {self.wanted:g})"


@dataclass(frozen=True, slots=True)
class Grid:
    """One table; columns whose title begins with "fitting" are for comparison and printed dim."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Report:
    """All tables and aims of a run; `first` is what a reader asks first, and stands before all else."""

    first: Grid | None = None
    tables: list[Grid] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)

    def add(self, *tables: Grid, aims: Sequence[Aim] = ()) -> None:
        """Put tables and aims to the others."""
        self.tables.extend(tables)
        self.aims.extend(aims)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "half": "checking",
            "first": asdict(self.first) if self.first else None,
            "tables": [asdict(table) for table in self.tables],
            "aims": [{**asdict(aim), "met": aim.met} for aim in self.aims],
        }


def show(out: Console, grid: Grid) -> None:
    """Print one table."""
    table = Table(title=grid.title, title_justify="left", title_style="bold")
    for place, column in enumerate(grid.columns):
        table.add_column(
            column,
            justify="right" if place else "left",
            style="dim" if column.startswith("fitting") else None,
        )
    for row in grid.rows:
        table.add_row(*(_text(cell) for cell in row))
    out.print()
    out.print(table)
    for note in grid.notes:
        out.print(f"  {note}", style="dim")


def show_aims(out: Console, aims: Sequence[Aim]) -> None:
    """Print what was wanted beside what is."""
    table = Table(
        "Aim on the checking half", "figure", "wanted", "", title="Aims", title_justify="left"
    )
    for aim in aims:
        wanted = f"{'≤' if aim.at_most else '≥'} {aim.wanted:g}"
        table.add_row(
            aim.name,
            _text(aim.figure),
            wanted,
            "[green]met[/green]" if aim.met else "[red]missed[/red]",
        )
    out.print()
    out.print(table)


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.4f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
