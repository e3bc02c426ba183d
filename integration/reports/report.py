"""Reports: measures by up to two dimensions, of the wins of a period, as known now.

Whatever it is by, a report's rows add up to its total, which is the one total of
:mod:`integration.reports.revenue_total`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from integration.core.errors import Refused
from integration.ingest import import_progress
from integration.portal.context import PortalContext
from integration.reports import report_deals, report_figures, report_keys
from integration.reports.report_deals import Pairs
from integration.reports.report_figures import (
    ADDED_UP,
    COUNTS,
    MONEY,
    NOTHING_BOOKED,
    Asked,
    Figures,
    LeftOut,
    Value,
    Values,
)
from integration.reports.report_keys import Group, Key, Keys
from integration.storage.database import Transaction
from mappings.kinds import Measure
from mappings.records.report_request import ReportRequest
from mappings.rules.ledger import report_period
from mappings.rules.ledger.report_period import Period

__all__ = ["MONEY", "LeftOut", "Report", "ReportRow", "Value", "Values", "of", "within"]
MOST_ROWS = 50_000
"""A report with more rows is refused: it would be read by nobody."""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row: its keys, its values, and the filter of the deals behind it, as their list has it.

    `deals` is None where the list of deals cannot tell them apart. `before` has the values of the
    period before, where that is asked for.
    """

    keys: tuple[Key, ...]
    values: Values
    deals: Pairs | None
    before: Values | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a request.

    Rows add up to `total`; where `is_shared`, a deal with several sources is counted in several
    rows, and once in the total. `before` is the total of the period before. `deals` is the filter
    of the deals behind the total. `left_out` is what has no part in it. `coverage` is the share of
    the won amount whose deals could have shown a customer's part, whatever the measures are.
    `rest` has what the `rest_rows` rows beyond the largest add up to. `importing` is how much of an
    import that is under way was read, in percent, None without one: its figures will change.
    """

    request: ReportRequest
    currency: str
    period: Period
    rows: tuple[ReportRow, ...]
    total: Values
    deals: Pairs | None
    settings_version: int
    asked_at: datetime
    left_out: tuple[LeftOut, ...] = ()
    coverage: float | None = None
    period_before: Period | None = None
    before: Values | None = None
    is_shared: bool = False
    rest: Values | None = None
    rest_rows: int = 0
    importing: int | None = None


def of(portal: PortalContext, request: ReportRequest, *, most: int = MOST_ROWS) -> Report:
    """Work a report out; a fixed number of queries, however large the portal is.

    Of more than *most* rows the largest are told, and what the others add up to. Refuses what the
    account does not have, and a report of more rows than anybody reads.
    """
    with portal.transaction() as tx:
        found = within(tx, request, portal.runtime.now(), most=most)
    progress = import_progress.progress(portal)
    if progress is None or not progress.is_under_way:
        return found
    return replace(found, importing=progress.percent or 0)


def within(
    tx: Transaction, request: ReportRequest, now: datetime, *, most: int = MOST_ROWS
) -> Report:
    """As :func:`of`, within a transaction, which does not tell of an import."""
    asked = report_figures.asked(tx, request)
    period = asked.period(now)
    earlier = report_period.before(period, asked.calendar.day_of(now)) if request.compare else None
    found = report_figures.figures(asked, period, most=most)
    compared = report_figures.figures(asked, earlier, most=most, beside=found) if earlier else None
    _check_size(found, most)
    groups = _in_turn(asked, found, compared)
    others = max(len(groups), found.count) - len(groups[:most])
    is_shared = asked.wanted(period, ()).is_shared
    return Report(
        request=request,
        currency=asked.unit,
        period=period,
        rows=_rows(asked, period, found, compared, groups[:most]),
        total=found.total,
        deals=_deals(asked, period),
        settings_version=asked.known.version,
        asked_at=now,
        left_out=tuple(report_figures.left_out(asked, period)),
        coverage=found.total[Measure.COVERAGE],
        period_before=earlier,
        before=compared.total if compared else None,
        is_shared=is_shared,
        rest=_rest(found, groups[:most], is_shared=is_shared) if others else None,
        rest_rows=others,
    )


def _check_size(found: Figures, most: int) -> None:
    """Refuse more rows than anybody reads, unless only the largest are asked for."""
    if found.count <= MOST_ROWS or (found.is_cut and most < MOST_ROWS):
        return
    raise Refused(
        f"This report has {found.count} rows, and {MOST_ROWS} are the most: choose a shorter"
        " period, filter it, or take the list of its deals."
    )


def _in_turn(asked: Asked, found: Figures, compared: Figures | None) -> list[Group]:
    """The groups of all rows: days in their order, the largest figure of anything else first."""
    groups = dict.fromkeys(chain(found.groups, compared.groups if compared else ()))
    if not asked.request.by:
        return []
    if len(asked.request.by) == 1 and asked.periodic:
        # A period in which nothing was won is a row, too.
        groups |= dict.fromkeys((str(n),) for n in range(1, len(found.steps) + 1))
    measure, place = asked.request.measures[0], asked.place_of_days

    def turn(group: Group) -> tuple[object, ...]:
        day = int(group[place] or 0) if place is not None else 0
        names = [name or "" for name in group]
        return day, -(found.groups.get(group, {}).get(measure) or 0), names

    return sorted(groups, key=turn)


def _rest(found: Figures, shown: Sequence[Group], *, is_shared: bool) -> Values:
    """What the rows beyond those that are shown add up to: the total without them.

    How many deals that are is not known where a deal can be in several rows.
    """
    rest: dict[Measure, Value] = {}
    for measure in ADDED_UP:
        if is_shared and measure in COUNTS:
            rest[measure] = None
            continue
        told = sum(found.groups.get(group, {}).get(measure) or 0 for group in shown)
        rest[measure] = (found.total.get(measure) or 0) - told
    return rest


def _rows(
    asked: Asked,
    period: Period,
    found: Figures,
    compared: Figures | None,
    groups: Sequence[Group],
) -> tuple[ReportRow, ...]:
    keys = report_keys.of(asked.tx, asked.request.by, groups, found.steps)
    return tuple(
        ReportRow(
            keys=named,
            values={**NOTHING_BOOKED, **found.groups.get(group, {})},
            deals=_deals(asked, period, keys, group),
            before={**NOTHING_BOOKED, **compared.groups.get(group, {})} if compared else None,
        )
        for group, named in keys.of_groups(groups)
    )


def _deals(
    asked: Asked, period: Period, keys: Keys | None = None, group: Group = ()
) -> Pairs | None:
    """The filter of the deals behind a row, or behind all."""
    step = keys.step(group) if keys else None
    first, last = (step.first, step.last) if step else (period.first, period.last)
    chosen = keys.chosen(group) if keys else ()
    return report_deals.pairs(asked.request, first, last, chosen)
