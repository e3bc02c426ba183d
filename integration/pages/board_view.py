"""The board's numbers as the page writes them: values, intervals and notes in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from flask import url_for

from integration.pages import figures
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, ngettext, translated
from integration.reports import board_figures
from integration.reports.board import Board
from integration.reports.board_figures import WHY, Figure, Unit
from integration.reports.board_rows_shown import Group
from integration.reports.listings import list_addresses
from mappings import formats
from mappings.kinds import source_label
from mappings.rules.ledger.derived_measures import RETURN_REFERENCE
from mappings.rules.ledger.report_period import Period
from mappings.rules.success.lifetime_value import EVERYTHING_ELSE, CostPart, SourceValue
from mappings.rules.success.recurring_value import ValueSource

_SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    lazy_gettext("What customers keep paying"): (
        "net_retention", "gross_retention", "logo_retention", "start_value", "expansion",
        "escalators", "contraction", "lost", "paused", "end_value",
    ),
    lazy_gettext("Growth that customers earned"): (
        "earned_growth", "earned_new", "bought_new", "total_growth", "earned_ratio",
    ),
    lazy_gettext("How soon customers get value"): (
        "time_to_value", "time_to_value_new", "time_to_value_moved", "reached_30", "reached_60",
        "reached_90",
    ),
    lazy_gettext("Customers who bring customers"): (
        "promoters_who_refer", "word_of_mouth", "returning_champions",
    ),
    lazy_gettext("Do derived customers stay?"): (
        "kept_derived", "kept_others", "kept_derived_matched", "kept_others_matched",
    ),
}  # fmt: skip
_BY_SOURCE: Final = ("lifetime_value", "acquisition_cost", "value_by_cost")
_GROUPS: Final[Mapping[str, Group]] = {
    **dict.fromkeys(
        ("net_retention", "gross_retention", "logo_retention", "start_value", "expansion",
         "contraction", "lost", "end_value", "paused", "escalators", "kept_derived",
         "kept_others"), Group.COHORT,
    ),
    **dict.fromkeys(("earned_growth", "earned_new", "bought_new", "total_growth"), Group.CAME),
    "word_of_mouth": Group.NEW,
}  # fmt: skip
_ENOUGH_TO_REFER: Final = 30
_UNDER, _OVER = 3, 5
_PARTS: Final[Mapping[str, str]] = {
    CostPart.MARKET: lazy_gettext("to market"),
    CostPart.CONVERT: lazy_gettext("to convert"),
    CostPart.PEOPLE: lazy_gettext("people"),
    CostPart.PROGRAM: lazy_gettext("program"),
    CostPart.REWARDS: lazy_gettext("rewards"),
}
VALUE_SOURCES: Final[Mapping[str, str]] = {
    ValueSource.PROPERTY: lazy_gettext("the mapped property"),
    ValueSource.LINE_ITEMS: lazy_gettext("recurring line items of won deals"),
    ValueSource.TERM: lazy_gettext("won deals with a term"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A figure as the page writes it; `address` leads to its rows."""

    label: str
    definition: str
    value: str
    interval: str
    rests_on: str
    period: str
    note: str
    address: str
    is_told: bool


@dataclass(frozen=True, slots=True)
class SourceLine:
    """What customers of one source are worth and cost."""

    label: str
    new: str
    value: Line
    cost: Line
    ratio: Line
    notes: tuple[str, ...]


def days(period: Period) -> dict[str, str]:
    """The ends of a period as an address says them."""
    ends = {"from": period.first, "to": period.last}
    return {name: str(day) for name, day in ends.items() if day is not None}


def sections(found: Board, told: Sequence[Figure], portal_id: int) -> list[tuple[str, list[Line]]]:
    """The tables of the page, by their headings."""
    by_key = {figure.key: figure for figure in told}
    return [
        (str(title), [line(found, by_key[key], portal_id) for key in keys])
        for title, keys in _SECTIONS.items()
    ]


def line(found: Board, figure: Figure, portal_id: int) -> Line:
    """One figure as the page writes it."""
    return Line(
        label=translated(figure.label),
        definition=translated(figure.definition),
        value=_value(figure, found.currency),
        interval=_interval(figure),
        rests_on=_size(figure),
        period=_("%(first)s to %(last)s", first=figures.day(found.first_day(figure.since)),
                 last=figures.day(found.last_day(figure.until))),
        note=_note(figure),
        address=_address(found, figure, portal_id),
        is_told=figure.value is not None,
    )  # fmt: skip


def _value(figure: Figure, currency: str) -> str:
    if figure.value is None:
        return formats.NOTHING
    if figure.unit is Unit.MONEY:
        return figures.money(round(figure.value), currency)
    if figure.unit is Unit.PERCENT:
        return figures.exact_percent(figure.value)
    if figure.unit is Unit.DAYS:
        return _days(round(figure.value))
    return figures.decimal(figure.value, 1)


def _interval(figure: Figure) -> str:
    if figure.interval is None:
        return ""
    in_words = _days if figure.unit is Unit.DAYS else figures.exact_percent
    low, high = map(in_words, figure.interval)
    return _("%(low)s to %(high)s", low=low, high=high)


def _days(number: float) -> str:
    return ngettext("%(num)s day", "%(num)s days", round(number))


_SIZED: Final = {
    "companies": lambda number: ngettext("%(num)s company", "%(num)s companies", number),
    "customers": lambda number: ngettext("%(num)s customer", "%(num)s customers", number),
    "promoters": lambda number: ngettext("%(num)s promoter", "%(num)s promoters", number),
    "champions": lambda number: ngettext("%(num)s champion", "%(num)s champions", number),
}


def _size(figure: Figure) -> str:
    if figure.size.denominator == 1 and figure.sized in _SIZED:
        return _SIZED[figure.sized](int(figure.size))
    return _("%(number)s by parts", number=figures.decimal(figure.size, 1))


def _note(figure: Figure) -> str:
    if figure.why is None:
        return _("indicative: it rests on few") if figure.is_indicative else ""
    sentence = translated(WHY[figure.why])
    if not figure.months:
        return sentence
    months = ", ".join(figures.month(month) for month in figure.months[:12])
    return f"{sentence}: {months}"


def _address(found: Board, figure: Figure, portal_id: int) -> str:
    if figure.key in _GROUPS:
        return _rows(found, portal_id, _GROUPS[figure.key])
    if figure.key == "promoters_who_refer":
        return list_addresses.address(portal_id, "people", answer="promoter")
    if figure.key == "returning_champions":
        return url_for("lists.moves", portal_id=portal_id)
    if figure.key in {"lifetime_value", "acquisition_cost"}:
        return _rows(found, portal_id, Group.NEW)
    if figure.key in {"first_order_value", "all_in_value"}:
        return url_for("lists.companies", portal_id=portal_id)
    return ""


def _rows(found: Board, portal_id: int, group: Group) -> str:
    values: dict[str, Any] = {"portal_id": portal_id, "group": group.value, **days(found.period)}
    return url_for("board.rows", **values)


def source_lines(found: Board, told: Sequence[Figure], portal_id: int) -> Iterator[SourceLine]:
    """What customers of each source are worth and cost, all together last."""
    by_key = {(figure.key, figure.source): figure for figure in told}
    for source in board_figures.sources(found):
        value, cost, ratio = (
            line(found, by_key[key, source or "all"], portal_id) for key in _BY_SOURCE
        )
        worth, spent = found.costs.values.get(source), found.costs.acquisitions.get(source)
        yield SourceLine(
            label=_source(source),
            new=figures.decimal(spent.customers if spent else Fraction(0), 1),
            value=value,
            cost=cost,
            ratio=ratio,
            notes=tuple(
                filter(
                    None,
                    (
                        value.note,
                        _churn(worth),
                        cost.note,
                        _parts(found, source),
                        _reference(found, source),
                    ),
                )
            ),
        )


def _parts(found: Board, source: str) -> str:
    """What a cost was spent on, in words: to market, to convert and so on."""
    cost = found.costs.acquisitions.get(source)
    if cost is None or cost.one_minor is None:
        return ""
    parts = ", ".join(
        f"{_PARTS[part]} {figures.money(round(minor / cost.customers), found.currency)}"
        for part, minor in cost.by_part.items()
    )
    return _("for one: %(parts)s", parts=parts) if parts else ""


def _reference(found: Board, source: str) -> str:
    """The rule of thumb; it is one of bought customers, and says nothing of those others led to."""
    ratio = found.costs.value_by_cost(source)
    if ratio is None or source != EVERYTHING_ELSE:
        return ""
    if ratio > _OVER:
        return _("above 5: a rule of thumb says that more could be spent")
    if ratio < _UNDER:
        return _("below 3: a rule of thumb for bought customers is 3")
    return _("a rule of thumb for bought customers is 3")


def _churn(worth: SourceValue | None) -> str:
    """The plain churn a month, and how long it was looked at."""
    if worth is None or worth.churn.raw is None:
        return ""
    months = figures.count(round(worth.churn.months))
    rate = figures.exact_percent(worth.churn.raw)
    return _("churn %(rate)s a month, in %(months)s account-months", rate=rate, months=months)


def _source(source: str) -> str:
    if not source:
        return _("All customers")
    return _("Everything else") if source == EVERYTHING_ELSE else translated(source_label(source))


def returns_reference(found: Board) -> str:
    """The share that a vendor says comes back unaided; only where enough moved to be held to it."""
    is_enough = found.bringing.returning.of >= _ENOUGH_TO_REFER
    return figures.percent(RETURN_REFERENCE) if is_enough else ""
