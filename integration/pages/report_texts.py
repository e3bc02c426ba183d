"""A report in words: its measures, what it is by, its figures, the sentences above its table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from integration.pages import figures
from integration.pages.charts import axis
from integration.pages.charts.axis import COUNT, SHARE, Unit
from integration.pages.languages import ENGLISH, language
from integration.pages.texts import gettext as _
from integration.pages.texts import ngettext, translated
from integration.reports.report import MONEY, Report, Value
from integration.reports.report_keys import Key
from integration.reports.revenue_total import UNBOOKED
from mappings import formats
from mappings.kinds import Dimension, Measure
from mappings.records.report_request import Grouping
from mappings.rules.ledger.report_period import Period

Labels = Mapping[Grouping, str]
"""What people call the properties of an account."""
SHARES: Final = frozenset({Measure.WIN_RATE, Measure.COVERAGE, Measure.SHARE})
# Words of the app, not names of an account's records.
_OUR_WORDS: Final = frozenset({Dimension.SOURCE, Dimension.TIMING, Dimension.ORDER})


def figure(measure: Measure, value: Value, currency: str) -> str:
    """A value as people read it."""
    if value is None:
        return formats.NOTHING
    if measure in MONEY:
        return figures.money(round(value), currency)
    if measure is Measure.COVERAGE:
        return figures.percent(formats.rounded_down(value))
    if measure in SHARES:
        return figures.percent(value)
    return figures.count(round(value))


def unit(measure: Measure, currency: str) -> Unit:
    """What a chart of a measure counts in."""
    if measure in MONEY:
        return axis.money(currency)
    return SHARE if measure in SHARES else COUNT


def measure(kind: Measure) -> str:
    """A measure's name."""
    return translated(kind.label)


def grouping(kind: Grouping, labels: Labels) -> str:
    """What a dimension is called: Source, or the property's own label."""
    return labels.get(kind) or translated(kind.dimension.label)


def key(kind: Grouping, found: Key) -> str:
    """A key as people read it; names of records and values of properties stay as they are."""
    write = _PERIODS.get(kind.dimension)
    if write is not None:
        return write(found.value)
    is_ours = kind.dimension in _OUR_WORDS or not found.value.isdigit()
    return translated(found.label) if is_ours and not kind.property_name else found.label


def _quarter(value: str) -> str:
    year, _dash, quarter = value.partition("-Q")
    return _("Q%(number)s %(year)s", number=quarter, year=year)


_PERIODS: Mapping[Dimension, Callable[[str], str]] = {
    Dimension.MONTH: figures.month,
    Dimension.QUARTER: _quarter,
    Dimension.YEAR: str,
}


def period(days: Period) -> str:
    """A period: all time, March 2026, 1 January 2026 to 31 March 2026."""
    if days.is_all:
        return _("all time")
    if days.month is not None:
        return figures.month(days.month)
    if days.first is None:
        return _("until %(day)s", day=figures.day(days.last))
    if days.last is None:
        return _("since %(day)s", day=figures.day(days.first))
    return _("%(first)s to %(last)s", first=figures.day(days.first), last=figures.day(days.last))


def listed(words: Iterable[str]) -> str:
    """Words as a list in a sentence: "source", "source and month"."""
    known = list(words)
    if len(known) < 2:  # noqa: PLR2004 - one thing is no list
        return "".join(known)
    return _("%(first)s and %(last)s", first=", ".join(known[:-1]), last=known[-1])


def title(report: Report, labels: Labels, measures: int | None = None) -> str:
    """What a report is called as long as nobody gave it a name; of its first *measures* alone."""
    first, *others = (measure(kind) for kind in report.request.measures[:measures])
    called = listed([first, *map(_inside, others)])
    if not report.request.by:
        return called
    by = listed(labels.get(kind) or _inside(grouping(kind, labels)) for kind in report.request.by)
    return _("%(measures)s by %(by)s", measures=called, by=by)


def _inside(text: str) -> str:
    """A term within a sentence: English writes it small, German as it is."""
    return f"{text[:1].lower()}{text[1:]}" if language() == ENGLISH else text


def _won_in(days: Period) -> str:
    if days.is_all:
        return _("Of deals won at any time.")
    if days.month is not None:
        return _("Of deals won in %(month)s.", month=figures.month(days.month))
    if days.first is None:
        return _("Of deals won until %(day)s.", day=figures.day(days.last))
    if days.last is None:
        return _("Of deals won since %(day)s.", day=figures.day(days.first))
    first, last = figures.day(days.first), figures.day(days.last)
    return _("Of deals won from %(first)s to %(last)s.", first=first, last=last)


def sentences(report: Report, labels: Labels, chosen: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Say what is shown, a sentence each: what, of which deals and days, beside what."""
    yield _("%(title)s.", title=title(report, labels))
    yield _won_in(report.period)
    if Measure.PIPELINE in report.request.measures:
        yield _("The open pipeline is of deals that are open today, whatever the period.")
    if Measure.WIN_RATE in report.request.measures:
        yield _("The win rate is of deals that closed in it, won or lost.")
    for name, value in chosen:
        yield _("Only %(name)s: %(value)s.", name=name, value=value)
    if report.period_before is not None:
        yield _("Beside the period before: %(period)s.", period=period(report.period_before))
    yield _("Amounts in %(currency)s.", currency=report.currency)
    yield from _seen_of(report)
    if report.rest is not None and len(report.request.by) > 1:
        yield _("The chart is of the largest rows; the table's last line has the others.")
    if report.is_shared and any(kind not in MONEY for kind in report.request.measures):
        yield _("A deal with several sources is counted in several rows, and once in the total.")


def _seen_of(report: Report) -> Iterator[str]:
    """Say how much of the won revenue could be judged, and what has no part in the report."""
    if report.coverage is not None:
        yield _(
            "%(share)s of the won revenue could be judged:"
            " the rest could not show a customer\N{RIGHT SINGLE QUOTATION MARK}s part.",
            share=figures.percent(formats.rounded_down(report.coverage)),
        )
    for part in report.left_out:
        if part.currency:
            yield _(
                "Not in it, booked in another currency: %(amount)s of %(deals)s.",
                amount=figures.money(part.booked + part.first_order, part.currency),
                deals=ngettext("%(num)s deal", "%(num)s deals", part.deals),
            )
        else:
            yield _(
                "Won, and not in it: %(deals)s.", deals=ngettext(*UNBOOKED[part.why], part.deals)
            )
