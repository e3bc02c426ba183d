"""The page of deals with and without a customer behind them, and of how long customers stay."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from integration.core.errors import Refused
from integration.pages import figures, guard
from integration.pages.charts import drawing
from integration.pages.charts.axis import SHARE
from integration.pages.charts.chart import Chart, ChartKind, ChartRow
from integration.pages.charts.drawing import Drawing
from integration.pages.texts import gettext as _
from integration.pages.texts import ngettext
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime
from integration.reports import with_and_without
from integration.reports.with_and_without import WithAndWithout
from mappings import formats
from mappings.rules.ledger.cohorts import ACTIVE_DAYS, Cohort, Retention
from mappings.rules.ledger.comparison import (
    FEWEST,
    Comparison,
    Median,
    Rate,
    SelectionWarning,
    Side,
)

_MOST_COHORTS: Final = 24
"""Quarters that the table shows, in both ways; the totals above it are of all."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure, its interval in words, and what it rests on."""

    value: str
    interval: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One measure of both sides."""

    label: str
    with_customer: Cell
    without: Cell


@dataclass(frozen=True, slots=True)
class Block:
    """A comparison as its part of the page shows it: lines, or only why there are none."""

    comparison: Comparison
    warnings: Sequence[str]
    lines: Sequence[Line]


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of one portal's comparisons."""
    bp = Blueprint("comparison", __name__, url_prefix="/portals/<int:portal_id>/reports")

    @bp.get("/comparison")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        first, last = _day("from"), _day("to")
        with open_portal(runtime, portal_id) as portal:
            compared = with_and_without.of_days(portal, first, last)
            kept = with_and_without.cohorts(portal)
        return render_template(
            "comparison.html",
            session=session,
            compared=compared,
            first=first,
            last=last,
            everything=_block(compared.everything, compared),
            matched=_block(compared.matched, compared),
            chart=_win_rates(compared),
            kept=kept,
            kept_chart=_kept_chart(kept),
            cohorts=kept.cohorts[:_MOST_COHORTS],
            years=_years(kept),
            rate=_rate,
            way=_way,
            quarter=_quarter,
            fewest=FEWEST,
            active_days=ACTIVE_DAYS,
        )

    return bp


def _day(name: str) -> date | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(
            _("%(value)s is no day. Choose one, or write it like 2026-05-31", value=text[:50])
        ) from None


def _block(compared: Comparison, report: WithAndWithout) -> Block:
    is_too_few = SelectionWarning.TOO_FEW in compared.warnings
    lines = [] if is_too_few else list(_lines(compared, report.currency))
    return Block(compared, list(_warnings(compared)), lines)


def _warnings(compared: Comparison) -> Iterator[str]:
    for warning in compared.warnings:
        if warning is SelectionWarning.TOO_FEW:
            yield _(
                "Too few to compare: %(with_customer)s with a customer behind them and"
                " %(without)s without. Each side needs at least %(fewest)s.",
                with_customer=_deals(compared.with_customer.deals),
                without=_deals(compared.without.deals),
                fewest=FEWEST,
            )
        else:
            yield _(
                "Not comparable: the won deals of the two sides are of different size on average,"
                " so other things differ, too. Read each side by itself."
            )


def _deals(number: int) -> str:
    return ngettext("%(num)s deal", "%(num)s deals", number)


def _lines(compared: Comparison, currency: str) -> Iterator[Line]:
    one, other = compared.with_customer, compared.without
    yield Line(_("Deals that closed"), _closed(one), _closed(other))
    yield Line(_("Win rate"), _rate(one.win_rate), _rate(other.win_rate))
    yield Line(
        _("Days to close, median of won deals"),
        _median_days(one.days_to_close),
        _median_days(other.days_to_close),
    )
    yield Line(
        _("Deal size, median of won deals"),
        _median_size(one.size, currency),
        _median_size(other.size, currency),
    )
    yield Line(_("Deal size, mean of won deals"), _mean(one, currency), _mean(other, currency))


def _closed(side: Side) -> Cell:
    return Cell(figures.count(side.deals))


def _rate(rate: Rate) -> Cell:
    """A share with its interval, and how many of how many it is."""
    if rate.value is None:
        return Cell(formats.NOTHING)
    low, high = rate.interval
    return Cell(
        figures.percent(rate.value),
        _("%(low)s to %(high)s", low=figures.percent(low), high=figures.percent(high)),
        _("%(part)s of %(whole)s", part=figures.count(rate.part), whole=figures.count(rate.of)),
    )


def _median_days(median: Median) -> Cell:
    if median.value is None or median.low is None or median.high is None:
        return Cell(formats.NOTHING)
    low, high = figures.count(round(median.low)), figures.count(round(median.high))
    return Cell(
        figures.count(round(median.value)),
        _("%(low)s to %(high)s", low=low, high=high),
        _deals(median.count),
    )


def _median_size(median: Median, currency: str) -> Cell:
    if median.value is None or median.low is None or median.high is None:
        return Cell(formats.NOTHING)
    low, high = (figures.money(round(end), currency) for end in (median.low, median.high))
    return Cell(
        figures.money(round(median.value), currency),
        _("%(low)s to %(high)s", low=low, high=high),
        _deals(median.count),
    )


def _mean(side: Side, currency: str) -> Cell:
    if side.mean_size is None:
        return Cell(formats.NOTHING)
    return Cell(figures.money(round(side.mean_size), currency), "", _deals(side.size.count))


def _win_rates(compared: WithAndWithout) -> Drawing | None:
    """The win rates of both sides; nothing where they may not be held against each other."""
    shown: Mapping[str, Comparison] = {
        _("All new business"): compared.everything,
        _("Alike deals"): compared.matched,
    }
    rows = [
        ChartRow(label, (found.with_customer.win_rate.value, found.without.win_rate.value))
        for label, found in shown.items()
        if found.is_comparable
    ]
    if not rows:
        return None
    chart = Chart(
        name="win-rates",
        title=_("Win rate of deals that closed"),
        description=_("With and without a customer behind them; intervals are in the tables."),
        kind=ChartKind.BARS,
        unit=SHARE,
        series=(_("With a customer"), _("Without")),
        rows=tuple(rows),
        adds_up=False,
    )
    return drawing.draw(chart)


def _kept_chart(kept: Retention) -> Drawing | None:
    if not kept.is_comparable:
        return None
    rates = {way: kept.overall.get(way, ()) for way in (True, False)}
    years = max(map(len, rates.values()))
    rows = [
        ChartRow(
            _("After year %(year)s", year=year + 1),
            tuple(_value(rates[way], year) for way in (True, False)),
        )
        for year in range(years)
    ]
    rows = [row for row in rows if any(value is not None for value in row.values)]
    chart = Chart(
        name="kept",
        title=_("Customers that are still customers"),
        description=_("By how they came, by year after their first won deal."),
        kind=ChartKind.LINE,
        unit=SHARE,
        series=(_way(came_by_customer=True), _way(came_by_customer=False)),
        rows=tuple(rows),
        over_time=True,
        adds_up=False,
    )
    return drawing.draw(chart)


def _value(rates: Sequence[Rate], year: int) -> float | None:
    """The share of a year; nothing where fewer are left than may be compared."""
    return rates[year].value if year < len(rates) and rates[year].of >= FEWEST else None


def _years(kept: Retention) -> range:
    shown: list[Sequence[Rate]] = [cohort.kept for cohort in kept.cohorts]
    return range(max(map(len, [*shown, *kept.overall.values()]), default=0))


def _way(*, came_by_customer: bool) -> str:
    return _("Came by a customer") if came_by_customer else _("Came otherwise")


def _quarter(cohort: Cohort) -> str:
    number = (cohort.quarter.month + 2) // 3
    return _("Q%(number)s %(year)s", number=number, year=cohort.quarter.year)
