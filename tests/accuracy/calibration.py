"""Is a confidence of 0.9 right nine times in ten? Bins, Brier score, and a diagram that needs nobody else to draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from tests.accuracy.tables import Aim, Grid

Case = tuple[float, bool]  # how sure, and whether it was so
Halves = tuple[list[Case], list[Case]]  # of the checking and of the fitting half
# Wide bins where little is decided, narrow ones where it matters.
EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
ENOUGH = 50
TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases of about one confidence."""

    low: float
    high: float
    count: int
    said: float
    was: float

    @property
    def off(self) -> float:
        """How much too high (or, below zero, too low) the confidence was."""
        return self.said - self.was

    @property
    def counts(self) -> bool:
        """Whether there are enough cases to judge by."""
        return self.count >= ENOUGH

    @property
    def is_off(self) -> bool:
        """Off by more than is allowed, with enough cases to know."""
        return self.counts and abs(self.off) > TOLERANCE


def bins(cases: Iterable[Case]) -> tuple[Bin, ...]:
    """The cases in bins, the lower edge included; 1 itself belongs to the last."""
    inside: list[list[Case]] = [[] for _ in EDGES[1:]]
    for case in cases:
        inside[_place(case[0])].append(case)
    return tuple(
        Bin(
            low,
            high,
            len(some),
            sum(said for said, _ in some) / len(some),
            sum(was for _, was in some) / len(some),
        )
        for low, high, some in zip(EDGES, EDGES[1:], inside, strict=False)
        if some
    )


def _place(said: float) -> int:
    # Confidences are whole parts per million: half a part keeps 0.85 in the bin that begins with
    # it.
    return max(at for at, low in enumerate(EDGES[:-1]) if said >= low - 5e-7)


def together(halves: Iterable[Halves]) -> Halves:
    """The cases of several data sets, which fill bins that each alone would leave empty."""
    every = list(halves)
    checking, fitting = (list(chain.from_iterable(each[half] for each in every)) for half in (0, 1))
    return checking, fitting


def brier(cases: Sequence[Case]) -> float | None:
    """The mean squared difference between what was said and what was; 0 is perfect."""
    return sum((said - was) ** 2 for said, was in cases) / len(cases) if cases else None


def worst(cases: Sequence[Case]) -> float | None:
    """The largest difference in a bin with enough cases."""
    return max((abs(one.off) for one in bins(cases) if one.counts), default=None)


def table(title: str, checking: Sequence[Case], fitting: Sequence[Case]) -> Grid:
    """Bins with counts, those that are off marked."""
    beside = {one.low: one for one in bins(fitting)}
    rows = tuple(
        (
            f"{one.low:.2f}-{one.high:.2f}", one.count, one.said, one.was, one.off,
            "OFF" if one.is_off else ("" if one.counts else "few"),
            beside[one.low].count if one.low in beside else 0, beside[one.low].off if one.low in beside else None,
        )
        for one in bins(checking)
    )  # fmt: skip
    columns = (
        "confidence",
        "cases",
        "said",
        "was",
        "said minus was",
        "",
        "fitting cases",
        "fitting off",
    )
    score = brier(checking)
    note = (
        f"Brier score {score:.4f} over {len(checking)} cases." if score is not None else "No cases."
    )
    return Grid(f"Calibration: {title}", columns, rows, (note,))


def aim(title: str, cases: Sequence[Case]) -> Aim:
    """No bin with enough cases is off by more than the tolerance."""
    return Aim(
        f"calibration of {title}: largest difference in a bin of {ENOUGH}",
        worst(cases),
        TOLERANCE,
        at_most=True,
    )


_SIDE, _PAD, _GAP = 320, 56, 48


def diagram(panels: Mapping[str, Sequence[Case]]) -> str:
    """A reliability diagram as SVG: the same cases give the same bytes."""
    width = _PAD + len(panels) * (_SIDE + _GAP)
    height = _SIDE + 2 * _PAD
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for place, (title, cases) in enumerate(panels.items()):
        parts += _panel(title, cases, _PAD + place * (_SIDE + _GAP), _PAD)
    return "\n".join([*parts, "</svg>", ""])


def _panel(title: str, cases: Sequence[Case], left: int, top: int) -> list[str]:
    bottom, right = top + _SIDE, left + _SIDE
    score = brier(cases)
    told = f"{len(cases)} cases, Brier {score:.4f}" if score is not None else "no cases"
    parts = [
        f'<text x="{left}" y="{top - 26}" font-weight="bold">{title}</text>',
        f'<text x="{left}" y="{top - 10}" fill="#555555">{told}</text>',
        f'<rect x="{left}" y="{top}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#888888"/>',
        f'<line x1="{left}" y1="{bottom}" x2="{right}" y2="{top}" stroke="#888888" stroke-dasharray="4 4"/>',
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = left + tick * _SIDE, bottom - tick * _SIDE
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    parts.append(
        f'<text x="{left + _SIDE / 2:.1f}" y="{bottom + 34}" text-anchor="middle">said</text>'
    )
    parts.append(f'<text x="{left + 6}" y="{top + 16}" fill="#555555">was</text>')
    most = max((one.count for one in bins(cases)), default=1)
    for one in bins(cases):
        x, y = left + one.said * _SIDE, bottom - one.was * _SIDE
        bar = 60 * one.count / most
        start, wide = left + one.low * _SIDE, (one.high - one.low) * _SIDE
        parts.append(
            f'<rect x="{start:.1f}" y="{bottom - bar:.1f}" width="{wide:.1f}" height="{bar:.1f}" fill="#dde6f0"/>'
        )
        colour = "#c0392b" if one.is_off else ("#1f5fa8" if one.counts else "#9db7d5")
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"><title>{one.count} cases</title></circle>'
        )
    return parts
