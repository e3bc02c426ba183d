"""Reports: measures by up to two dimensions, of the wins of a period, as known now.

Whatever it is by, a report's rows add up to its total, which is the one total of
:mod:`integration.reports.revenue_total`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integration.portal import settings
from integration.portal.context import PortalContext
from integration.portal.settings import PortalSettings
from integration.reports import report_keys
from integration.reports.report_keys import Group, Key, Keys, Pairs, Step
from integration.reports.revenue_total import UNBOOKED
from integration.storage.database import Row, Transaction
from integration.storage.ledger import period_rows, report_rows
from integration.storage.ledger.report_pieces import Grouped, Wanted
from mappings.currencies import DIGITS
from mappings.kinds import Dimension, Measure
from mappings.records.report_request import NOTHING, PERIODIC, Filters, Grouping, ReportRequest
from mappings.rules.ledger import report_period
from mappings.rules.ledger.periods import Calendar
from mappings.rules.ledger.report_period import Period

Value = int | float | None
"""Money in the smallest unit, a number of deals, a share from 0 to 1, or days."""
Values = Mapping[Measure, Value]
MONEY = frozenset(
    {
        Measure.BOOKED,
        Measure.LOW,
        Measure.HIGH,
        Measure.FIRST_ORDER,
        Measure.WON,
        Measure.SIZE,
        Measure.MEAN_SIZE,
        Measure.PIPELINE,
    }
)
_OF_ALL_WINS = frozenset(
    {Measure.FIRST_ORDER, Measure.WON, Measure.WON_DEALS, Measure.SHARE, Measure.COVERAGE}
)
_OF_CLOSED = frozenset({Measure.WIN_RATE, Measure.DAYS, Measure.SIZE, Measure.MEAN_SIZE})
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
class LeftOut:
    """Won deals of the period that have no part in a report, and why: see `UNBOOKED`.

    With the reason `currency` they are booked, in another currency only: then the amounts of
    customers and of the rest are told in that.
    """

    why: str
    deals: int
    currency: str = ""
    booked: int = 0
    first_order: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a request.

    Rows add up to `total`; where `is_shared`, a deal with several sources is counted in several
    rows, and once in the total. `before` is the total of the period before. `deals` is the filter
    of the deals behind the total. `left_out` is what has no part in it. `coverage` is the share of
    the won amount whose deals could have shown a customer's part, whatever the measures are.
    """

    request: ReportRequest
    currency: str
    period: Period
    rows: tuple[ReportRow, ...]
    total: Values
    deals: Pairs
    settings_version: int
    asked_at: datetime
    left_out: tuple[LeftOut, ...] = ()
    coverage: float | None = None
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
        left_out=tuple(_left_out(asked, period)),
        coverage=found.total[Measure.COVERAGE],
        period_before=earlier,
        before=compared.total if compared else None,
        is_shared=asked.wanted(period, ()).is_shared,
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
    groups: Mapping[Group, Values]
    total: Values


def _figures(asked: _Asked, period: Period) -> _Figures:
    steps = asked.steps(period)
    wanted = asked.wanted(period, steps)
    of_all = replace(wanted, by=())
    groups: dict[Group, dict[Measure, Value]] = {}
    if wanted.by:
        for group, values in _groups(asked, wanted):
            groups.setdefault(group, {}).update(values)
    total: dict[Measure, Value] = {**_NOTHING_BOOKED, Measure.COVERAGE: None}
    for _, values in _groups(asked, of_all):
        total.update(values)
    return _Figures(steps, groups, total)


def _groups(asked: _Asked, wanted: Wanted) -> Iterator[tuple[Group, Values]]:
    """Yield the values of each group that some statement knows."""
    measures = set(asked.request.measures)
    # What the total rests on is always told beside it.
    derived_only = bool(wanted.by) and not measures & _OF_ALL_WINS
    for row in report_rows.sums(asked.tx, wanted, derived_only=derived_only):
        yield tuple(row["keys"]), _booked(row, is_of_deals=not wanted.is_of_credits)
    if Measure.BOOKED in measures:
        for row in report_rows.ranges(asked.tx, wanted):
            ends = {Measure.LOW: int(row["low"]), Measure.HIGH: int(row["high"])}
            yield tuple(row["keys"]), ends
    if measures & _OF_CLOSED:
        for row in report_rows.closed(asked.tx, wanted):
            yield tuple(row["keys"]), _of_closed(row)
    if Measure.PIPELINE in measures and not wanted.is_of_days:
        for row in report_rows.pipeline(asked.tx, wanted):
            yield tuple(row["keys"]), {Measure.PIPELINE: int(row["minor"])}


def _booked(row: Row, *, is_of_deals: bool) -> Values:
    booked, first_order = int(row["booked"]), int(row["first_order"])
    won = booked + first_order
    judged = int(row["judged"]) if is_of_deals else None
    return {
        Measure.BOOKED: booked,
        Measure.FIRST_ORDER: first_order,
        Measure.WON: won,
        Measure.SHARE: booked / won if won > 0 and is_of_deals else None,
        Measure.DEALS: row["deals"],
        Measure.WON_DEALS: row["won_deals"],
        Measure.COVERAGE: _part_of(judged, won),
    }


def _part_of(judged: int | None, won: int) -> float | None:
    if judged is None or won <= 0:
        return None
    return min(max(judged / won, 0.0), 1.0)


_NONE_BOOKED = (
    Measure.BOOKED, Measure.LOW, Measure.HIGH, Measure.FIRST_ORDER, Measure.WON, Measure.DEALS,
    Measure.WON_DEALS, Measure.PIPELINE,
)  # fmt: skip
_NOTHING_BOOKED: Values = dict.fromkeys(_NONE_BOOKED, 0)


def _of_closed(row: Row) -> Values:
    closed = row["won"] + row["lost"]
    return {
        Measure.WIN_RATE: row["won"] / closed if closed else None,
        Measure.DAYS: None if row["days"] is None else round(float(row["days"]), 1),
        Measure.SIZE: None if row["size"] is None else round(row["size"]),
        Measure.MEAN_SIZE: None if row["mean"] is None else round(row["mean"]),
    }


def _left_out(asked: _Asked, period: Period) -> Iterator[LeftOut]:
    """What has no part in the report's amounts, each by its reason."""
    wanted = replace(asked.wanted(period, ()), by=())
    found = report_rows.unbooked(asked.tx, wanted, list(DIGITS))
    for why in UNBOOKED:
        if found.get(why):
            yield LeftOut(why, found[why])
    for row in report_rows.apart(asked.tx, wanted):
        booked, first_order = int(row["booked"]), int(row["first_order"])
        yield LeftOut("currency", row["deals"], row["unit"], booked, first_order)


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
            values={**_NOTHING_BOOKED, **found.groups.get(group, {})},
            deals=_deals(asked, period, keys, group),
            before={**_NOTHING_BOOKED, **compared.groups.get(group, {})} if compared else None,
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
    group: Group = (),
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
