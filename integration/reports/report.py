"""Reports: measures by up to two dimensions, of the wins of a period, as known now.

Whatever it is by, a report's rows add up to its total, which is the one total of
:mod:`integration.reports.revenue_total`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integration.portal import settings
from integration.portal.context import PortalContext
from integration.portal.settings import PortalSettings
from integration.reports import report_keys
from integration.reports.report_keys import Key, Keys, Pairs, Step
from integration.storage.database import Row, Transaction
from integration.storage.ledger import period_rows, report_rows
from integration.storage.ledger.report_rows import Grouped, Wanted
from mappings.kinds import Dimension, Measure
from mappings.records.report_request import NOTHING, PERIODIC, Filters, Grouping, ReportRequest
from mappings.rules.ledger import report_period
from mappings.rules.ledger.periods import Calendar
from mappings.rules.ledger.report_period import Period

Value = int | float | None
"""Money in the smallest unit, a number of deals, a share from 0 to 1, or days."""
Values = Mapping[Measure, Value]
MONEY = frozenset({Measure.BOOKED, Measure.FIRST_ORDER, Measure.WON})
_OF_ALL_WINS = frozenset({Measure.FIRST_ORDER, Measure.WON, Measure.WON_DEALS})
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row: its keys, its values, and the filter of the deals behind it as an address has it.

    `before` has the values of the period before, where that is asked for.
    """

    keys: tuple[Key, ...]
    values: Values
    deals: Pairs
    before: Values | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a request.

    Rows add up to `total`; where `is_shared`, a deal with several sources is counted in several
    rows, and once in the total. `before` is the total of the period before.
    """

    request: ReportRequest
    currency: str
    period: Period
    rows: tuple[ReportRow, ...]
    total: Values
    deals: Pairs
    settings_version: int
    asked_at: datetime
    period_before: Period | None = None
    before: Values | None = None
    is_shared: bool = False


def of(portal: PortalContext, request: ReportRequest) -> Report:
    """Work a report out; a fixed number of queries, however large the portal is."""
    with portal.transaction() as tx:
        return within(tx, request, portal.runtime.now())


def within(tx: Transaction, request: ReportRequest, now: datetime) -> Report:
    """As :func:`of`, within a transaction."""
    asked = _Asked(tx, request, settings.read(tx), period_rows.read(tx).calendar)
    period = report_period.between(request.first, request.last)
    today = asked.calendar.day_of(now)
    earlier = report_period.before(period, today) if request.compare else None
    found = _figures(asked, period)
    compared = _figures(asked, earlier) if earlier else None
    return Report(
        request=request,
        currency=asked.unit,
        period=period,
        rows=_rows(asked, period, found, compared),
        total=found.total,
        deals=_deals(asked, period),
        settings_version=asked.known.version,
        asked_at=now,
        period_before=earlier,
        before=compared.total if compared else None,
        is_shared=asked.wanted(period, ()).is_of_credits,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, and what its answer rests on."""

    tx: Transaction
    request: ReportRequest
    known: PortalSettings
    calendar: Calendar

    @property
    def unit(self) -> str:
        """The currency of all amounts."""
        return self.request.currency or self.known.map.home_currency

    @property
    def periodic(self) -> Dimension | None:
        """The dimension that is days, if one is."""
        kinds = (grouping.dimension for grouping in self.request.by)
        return next((kind for kind in kinds if kind in PERIODIC), None)

    def wanted(self, period: Period, steps: Sequence[Step]) -> Wanted:
        """What storage adds up: a day's key is the number of its step."""
        since, until = period.bounds(self.calendar)
        return Wanted(
            self.unit,
            since,
            until,
            is_own=bool(self.request.currency),
            by=tuple(map(_grouped, self.request.by)),
            chosen=_chosen(self.request.filters),
            starts=[self.calendar.start(step.month) for step in steps],
            derived_only=not set(self.request.measures) & _OF_ALL_WINS,
        )

    def steps(self, period: Period) -> list[Step]:
        """The months, quarters or years of a period; of all time from the first win to the last."""
        if self.periodic is None:
            return []
        since, until = period.bounds(self.calendar)
        if since is None or until is None:
            ends = report_rows.ends(self.tx)
            if ends is None:
                return []
            since, until = since or ends[0], until or ends[1] + _MOMENT
        return report_keys.steps(
            self.periodic, period, self.calendar.months(since, until - _MOMENT)
        )


@dataclass(frozen=True, slots=True)
class _Figures:
    """A period's values by the stored keys of each group, and of all together."""

    steps: Sequence[Step]
    groups: Mapping[tuple[str | None, ...], Values]
    total: Values


def _figures(asked: _Asked, period: Period) -> _Figures:
    steps = asked.steps(period)
    wanted = asked.wanted(period, steps)
    groups = {tuple(row["keys"]): _values(row) for row in report_rows.sums(asked.tx, wanted)}
    of_all = report_rows.sums(asked.tx, replace(wanted, by=()))
    return _Figures(steps, groups, _values(of_all[0]) if of_all else _NOTHING_BOOKED)


def _values(row: Row) -> Values:
    booked, first_order = int(row["booked"]), int(row["first_order"])
    return {
        Measure.BOOKED: booked,
        Measure.FIRST_ORDER: first_order,
        Measure.WON: booked + first_order,
        Measure.DEALS: row["deals"],
        Measure.WON_DEALS: row["won_deals"],
    }


_NOTHING_BOOKED: Values = _values({"booked": 0, "first_order": 0, "deals": 0, "won_deals": 0})


def _rows(
    asked: _Asked, period: Period, found: _Figures, compared: _Figures | None
) -> tuple[ReportRow, ...]:
    if not asked.request.by:
        return ()
    stored = list({**found.groups, **(compared.groups if compared else {})})
    keys = report_keys.of(asked.tx, asked.request.by, stored, found.steps)
    rows = [
        ReportRow(
            keys=named,
            values=found.groups.get(group, _NOTHING_BOOKED),
            deals=_deals(asked, period, keys, group),
            before=compared.groups.get(group, _NOTHING_BOOKED) if compared else None,
        )
        for group, named in keys.of_groups(stored)
    ]
    return tuple(sorted(rows, key=lambda row: _in_turn(asked.request, row)))


def _in_turn(request: ReportRequest, row: ReportRow) -> tuple[object, ...]:
    """Days in their order, the largest figure of anything else first."""
    days = [
        key.value
        for key, grouping in zip(row.keys, request.by, strict=True)
        if grouping.dimension in PERIODIC
    ]
    figure = row.values.get(request.measures[0])
    return (*days, -(figure or 0), *(key.label for key in row.keys))


def _deals(
    asked: _Asked,
    period: Period,
    keys: Keys | None = None,
    group: tuple[str | None, ...] = (),
) -> Pairs:
    """The filter of the deals behind a row, or behind all."""
    row_pairs = keys.pairs(group) if keys else ()
    taken = {name for name, _ in row_pairs}
    chosen = (
        (grouping.word, value)
        for grouping, values in asked.request.filters.items()
        for value in values
        if grouping.word not in taken
    )
    days = () if taken & {"from", "to"} else report_keys.days(period.first, period.last)
    return (*days, *row_pairs, *chosen)


def _grouped(grouping: Grouping) -> Grouped:
    piece = "period" if grouping.dimension in PERIODIC else grouping.dimension.value
    return Grouped(piece, grouping.property_name)


def _chosen(filters: Filters) -> dict[Grouped, list[str | None]]:
    return {
        _grouped(grouping): [None if value == NOTHING else value for value in values]
        for grouping, values in filters.items()
    }
