"""A report in words, as commands print it: each figure written, and what it rests on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from integration.reports import report_tables
from integration.reports.report import MONEY, LeftOut, Report, Value, Values
from integration.reports.revenue_total import UNBOOKED
from mappings import formats
from mappings.kinds import Measure
from mappings.rules.ledger.total_range import RATE_BASIS


@dataclass(frozen=True, slots=True)
class Words:
    """A table of texts: its heads, its rows and its last line."""

    heads: list[str]
    rows: list[list[str]]
    total: list[str]


def table(report: Report) -> Words:
    """Return a report as a table of texts, the total last."""
    shown = report_tables.measures(report)
    before = report.before is not None
    heads = [grouping.word for grouping in report.request.by]
    heads += [measure.value.replace("_", " ") for measure in shown]
    heads += [f"{measure.value.replace('_', ' ')} before" for measure in shown if before]
    rows = [
        [*(str(key.label) for key in row.keys), *_figures(report, row.values, row.before)]
        for row in report.rows
    ]
    names = ["Total", *[""] * (len(report.request.by) - 1)] if report.request.by else []
    return Words(heads, rows, [*names, *_figures(report, report.total, report.before)])


def _figures(report: Report, values: Values, before: Values | None) -> list[str]:
    shown = report_tables.measures(report)
    periods = (values,) if before is None else (values, before)
    return [
        written(measure, period.get(measure), report.currency)
        for period in periods
        for measure in shown
    ]


_WRITTEN: Mapping[Measure, Callable[[float | None], str]] = {
    Measure.SHARE: formats.percent,
    Measure.WIN_RATE: formats.percent,
    Measure.COVERAGE: lambda share: formats.percent(formats.rounded_down(share)),
    Measure.DAYS: lambda days: formats.NOTHING if days is None else f"{days:g}",
    Measure.DEALS: lambda number: formats.count(int(number or 0)),
    Measure.WON_DEALS: lambda number: formats.count(int(number or 0)),
}


def written(measure: Measure, value: Value, currency: str) -> str:
    """Return a figure as people read it."""
    if measure in MONEY:
        return formats.money(None if value is None else int(value), currency)
    return _WRITTEN[measure](value)


def lines(report: Report) -> Iterator[str]:
    """Yield what a report rests on, and what has no part in it."""
    if report.importing is not None:
        yield f"The import is at {report.importing}%: these figures will change."
    if not report.currency:
        yield "The account's currency is not known yet, so no amount is."
    basis = "in the deals' own currency" if report.request.currency else RATE_BASIS
    judged = formats.rounded_down(report.coverage)
    coverage = "" if judged is None else f"; {formats.percent(judged)} judged"
    yield f"Amounts are {basis}; settings version {report.settings_version}{coverage}."
    if report.is_shared and Measure.DEALS in report.request.measures:
        yield "A deal with several sources is counted in several rows, and once in the total."
    if Measure.PIPELINE in report.request.measures:
        yield "Open pipeline is of today, in no period, and no part of what was won."
    for line in report.left_out:
        yield f"Not part of it: {left_out(line)}."


_ELSEWHERE = ("%(num)s deal known only in", "%(num)s deals known only in")


def left_out(line: LeftOut) -> str:
    """Return in words which deals have no part in a report."""
    one, several = UNBOOKED.get(line.why, _ELSEWHERE)
    number = (one if line.deals == 1 else several) % {"num": formats.count(line.deals)}
    if not line.currency:
        return number
    return f"{number} {line.currency}, {formats.money(line.booked, line.currency)} of customers"
