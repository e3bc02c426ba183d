"""Report views: a report's request with how its page shows the answer, as an address says it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mappings.records import report_request
from mappings.records.report_request import ReportRequest

Pairs = Sequence[tuple[str, str]]
DAYS: Final = "days"
"""What the word `period` of a form says where days are given instead of a preset."""
_PERIOD, _CHART, _SORT = "period", "chart", "sort"
_LONGEST_SORT = 100


class ChartChoice(StrEnum):
    """How a report is drawn; what fits it best, unless somebody chose."""

    FITTING = "fitting"
    BARS = "bars"
    STACKED = "stacked"
    LINE = "line"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report as its page shows it.

    `sort` is the word of a column, with a minus for the largest first; empty: the report's order.
    """

    request: ReportRequest = field(default_factory=ReportRequest)
    chart: ChartChoice = ChartChoice.FITTING
    sort: str = ""


def read(given: Iterable[tuple[str, str]]) -> ReportView:
    """Read a view from an address or a form; raise ValueError with a sentence.

    What a form leaves empty counts as not given, and its days count only without a preset.
    """
    pairs = [(name.strip(), value.strip()) for name, value in given if value.strip()]
    own = [pair for pair in pairs if pair[0] not in {_CHART, _SORT} and pair != (_PERIOD, DAYS)]
    if any(name == _PERIOD for name, _ in own):
        own = [pair for pair in own if pair[0] not in {"from", "to"}]
    sort = _last(pairs, _SORT)[:_LONGEST_SORT]
    return ReportView(report_request.read(own), _chart(_last(pairs, _CHART)), sort)


def pairs(view: ReportView) -> list[tuple[str, str]]:
    """The names and values of a view's address, in one order however it was written."""
    shown = [(_CHART, view.chart.value)] if view.chart is not ChartChoice.FITTING else []
    shown += [(_SORT, view.sort)] if view.sort else []
    return [*report_request.pairs(view.request), *shown]


def _last(pairs: Pairs, word: str) -> str:
    found = [value for name, value in pairs if name == word]
    return found[-1] if found else ""


def _chart(word: str) -> ChartChoice:
    try:
        return ChartChoice(word or ChartChoice.FITTING)
    except ValueError:
        known = ", ".join(ChartChoice)
        raise ValueError(f"{word[:50]!r} is no kind of chart: there are {known}.") from None
