"""What a chart's parts are painted with: a page's variables, or colours that stand alone.

Neighbouring colours differ in lightness too, and every series but the first has a pattern, so that
charts can be read by people who see fewer colours, and in print without any.
"""

from dataclasses import dataclass
from typing import Final

_LIGHT: Final = ("#1f6b57", "#d9822b", "#2f5597", "#bf62a8", "#6b5a00", "#89919b")


@dataclass(frozen=True, slots=True)
class Theme:
    """The paint of one kind of picture; *font* and *ground* empty: the page's own."""

    ink: str
    dim: str
    line: str
    paper: str
    series: tuple[str, ...]
    font: str = ""
    ground: str = ""


PAGE: Final = Theme(
    ink="var(--ink)",
    dim="var(--chart-ink)",
    line="var(--chart-grid)",
    paper="var(--paper)",
    series=tuple(f"var(--series-{number})" for number in range(1, len(_LIGHT) + 1)),
)
"""Follows the page, light or dark; the variables are in site.css."""

ALONE: Final = Theme(
    ink="#1c2724",
    dim="#5a6763",
    line="#e5e9e7",
    paper="#ffffff",
    series=_LIGHT,
    font="Liberation Sans, Arial, Noto Sans, sans-serif",
    ground="#ffffff",
)
"""For files: dark on white."""
