"""A report's figures: each measure of a period, by the keys of its rows and in all."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches

from integration.core.errors import Refused
from integration.portal import settings
from integration.portal.settings import PortalSettings
from integration.reports import report_keys
from integration.reports.report_keys import RECORDS, Group, Step
from integration.reports.revenue_total import UNBOOKED
from integration.storage.database import Row, Transaction
from integration.storage.findings import person_rows
from integration.storage.ledger import period_rows, report_rows
from integration.storage.ledger.report_pieces import SUMS, Grouped, Wanted
from integration.storage.mirror import mirror
from mappings.currencies import DIGITS
from mappings.kinds import Dimension, Measure, ObjectType
from mappings.records.portal_map import PortalMap
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
ADDED_UP = (
    Measure.BOOKED, Measure.LOW, Measure.HIGH, Measure.FIRST_ORDER, Measure.WON, Measure.DEALS,
    Measure.WON_DEALS, Measure.PIPELINE,
)  # fmt: skip
"""Measures whose rows add up to the total; deals with several sources are in several rows."""
COUNTS = frozenset({Measure.DEALS, Measure.WON_DEALS})
_OF_ALL_WINS = frozenset(
    {Measure.FIRST_ORDER, Measure.WON, Measure.WON_DEALS, Measure.SHARE, Measure.COVERAGE}
)
_ID = re.compile(r"[0-9]{1,18}", re.ASCII)
_OF_CLOSED = frozenset({Measure.WIN_RATE, Measure.DAYS, Measure.SIZE, Measure.MEAN_SIZE})
_OF_OTHERS = _OF_CLOSED | {Measure.PIPELINE}
_MOMENT = timedelta(microseconds=1)


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
class Asked:
    """A request, and what its answer rests on."""

    tx: Transaction
    request: ReportRequest
    known: PortalSettings
    calendar: Calendar
    filters: Filters

    def period(self, now: datetime) -> Period:
        """The days that are asked for."""
        if self.request.preset is not None:
            return report_period.preset(self.request.preset, self.calendar.day_of(now))
        try:
            return report_period.between(self.request.first, self.request.last)
        except ValueError as error:
            raise Refused(str(error)) from error

    @property
    def unit(self) -> str:
        """The currency of all amounts."""
        return self.request.currency or self.known.map.home_currency

    @property
    def periodic(self) -> Dimension | None:
        """The dimension that is days, if one is."""
        kinds = (grouping.dimension for grouping in self.request.by)
        return next((kind for kind in kinds if kind in PERIODIC), None)

    @property
    def place_of_days(self) -> int | None:
        """At which place of a row's keys its period is."""
        places = (n for n, grouping in enumerate(self.request.by) if grouping.dimension in PERIODIC)
        return next(places, None)

    def check_properties(self) -> None:
        """Refuse by name a property that is not read in this account."""
        for grouping in (*self.request.by, *self.request.filters):
            if grouping.property_name:
                owner = _OWNERS[grouping.dimension]
                _check_property(owner, grouping.property_name, self.known.map)

    def wanted(
        self, period: Period, steps: Sequence[Step], by: tuple[Grouped, ...] | None = None
    ) -> Wanted:
        """What storage adds up, by what was asked for or by others: days by number of step."""
        since, until = period.bounds(self.calendar)
        return Wanted(
            self.unit,
            since,
            until,
            is_own=bool(self.request.currency),
            by=tuple(map(_grouped, self.request.by)) if by is None else by,
            chosen=_chosen(self.filters),
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


def needs_all_wins(request: ReportRequest) -> bool:
    """Whether a report is of all won deals, and not only of those with a customer behind them."""
    return bool(set(request.measures) & _OF_ALL_WINS)


def asked(tx: Transaction, request: ReportRequest) -> Asked:
    """Return what a request rests on; refuse a property that the account does not have."""
    filters = _of_today(tx, request.filters)
    found = Asked(tx, request, settings.read(tx), period_rows.read(tx).calendar, filters)
    found.check_properties()
    return found


def _of_today(tx: Transaction, filters: Filters) -> Filters:
    """The same filters by ids of today: of merged records the survivor, of people the person."""
    return {
        grouping: tuple(_record_today(tx, grouping.dimension, value) for value in values)
        if grouping.dimension in RECORDS
        else values
        for grouping, values in filters.items()
    }


def _record_today(tx: Transaction, kind: Dimension, value: str) -> str:
    if not _ID.fullmatch(value):
        return value
    record_id = int(value)
    current = mirror.resolve(tx, RECORDS[kind], [record_id])[record_id]
    if kind is not Dimension.ADVOCATE:
        return str(current)
    return str(person_rows.persons_of(tx, [current]).get(current, current))


@dataclass(frozen=True, slots=True)
class Figures:
    """A period's values by the stored keys of groups, and of all together.

    `count` is how many groups there are; if `is_cut`, only the largest were read.
    """

    steps: Sequence[Step]
    groups: Mapping[Group, Values]
    total: Values
    count: int
    is_cut: bool = False


def figures(asked: Asked, period: Period, *, most: int, beside: Figures | None = None) -> Figures:
    """Return the figures of a period, of at least the *most* largest groups.

    Its steps are told *beside* those of another, one by one.
    """
    steps = asked.steps(period)
    if beside is not None:
        steps = steps[: len(beside.steps)]
    wanted = asked.wanted(period, steps)
    of_all = replace(wanted, by=())
    if _can_be_cut(asked, wanted):
        wanted = replace(wanted, most=(asked.request.measures[0].value, most))
    groups: dict[Group, dict[Measure, Value]] = {}
    count = 0
    for part in _parts(asked, wanted) if wanted.by else ():
        count = count or part.count
        for group, values in part.groups:
            # Of the largest, whatever statement knows of others.
            if wanted.most is None or not part.is_later or group in groups:
                groups.setdefault(group, {}).update(values)
    total: dict[Measure, Value] = {**NOTHING_BOOKED, Measure.COVERAGE: None}
    for part in _parts(asked, of_all):
        for _, values in part.groups:
            total.update(values)
    is_cut = count > len(groups)
    return Figures(steps, groups, total, max(count, len(groups)), is_cut)


def _can_be_cut(asked: Asked, wanted: Wanted) -> bool:
    """Whether the largest groups are known by one sum: then no others need to be read."""
    request = asked.request
    needs_others = request.compare or wanted.is_of_days or set(request.measures) & _OF_OTHERS
    return bool(wanted.by) and request.measures[0].value in SUMS and not needs_others


@dataclass(frozen=True, slots=True)
class _Part:
    """What one statement knows of groups; the first also tells how many there are."""

    groups: list[tuple[Group, Values]]
    count: int = 0
    is_later: bool = True

    @classmethod
    def of(cls, rows: Iterable[Row], read: Callable[[Row], Values]) -> "_Part":
        return cls([(tuple(row["keys"]), read(row)) for row in rows])


def _parts(asked: Asked, wanted: Wanted) -> Iterator[_Part]:
    """Yield what each statement that the measures need knows, the one that orders groups first."""
    tx, measures = asked.tx, set(asked.request.measures)
    if wanted.is_of_credits:
        derived_only = not needs_all_wins(asked.request)
        rows = report_rows.of_credits(tx, wanted, derived_only=derived_only)
        yield _ordered(rows, _booked)
        if Measure.BOOKED in measures:
            yield _Part.of(report_rows.ranges(tx, wanted), _ends)
    else:
        yield _ordered(report_rows.of_deals(tx, wanted), _of_deals)
    if measures & _OF_CLOSED:
        yield _Part.of(report_rows.closed(tx, wanted), _of_closed)
    if Measure.PIPELINE in measures and not wanted.is_of_days:
        yield _Part.of(report_rows.pipeline(tx, wanted), _open)


def _ordered(rows: Sequence[Row], read: Callable[[Row], Values]) -> _Part:
    count = rows[0]["groups"] if rows else 0
    return replace(_Part.of(rows, read), count=count, is_later=False)


def _open(row: Row) -> Values:
    return {Measure.PIPELINE: int(row["minor"])}


def _booked(row: Row) -> dict[Measure, Value]:
    booked, first_order = int(row["booked"]), int(row["first_order"])
    return {
        Measure.BOOKED: booked,
        Measure.FIRST_ORDER: first_order,
        Measure.WON: booked + first_order,
        Measure.DEALS: row["deals"],
        Measure.WON_DEALS: row["won_deals"],
    }


def _of_deals(row: Row) -> dict[Measure, Value]:
    """The same of whole deals, which have a range and parts of what was won."""
    booked, won = int(row["booked"]), int(row["booked"]) + int(row["first_order"])
    return {
        **_booked(row),
        **_ends(row),
        Measure.SHARE: booked / won if won > 0 else None,
        Measure.COVERAGE: _part_of(int(row["judged"]), won),
    }


def _ends(row: Row) -> dict[Measure, Value]:
    return {Measure.LOW: int(row["low"]), Measure.HIGH: int(row["high"])}


def _part_of(judged: int, won: int) -> float | None:
    if won <= 0:
        return None
    return min(max(judged / won, 0.0), 1.0)


NOTHING_BOOKED: Values = dict.fromkeys(ADDED_UP, 0)


def _of_closed(row: Row) -> Values:
    closed = row["won"] + row["lost"]
    return {
        Measure.WIN_RATE: row["won"] / closed if closed else None,
        Measure.DAYS: None if row["days"] is None else round(float(row["days"]), 1),
        Measure.SIZE: None if row["size"] is None else round(row["size"]),
        Measure.MEAN_SIZE: None if row["mean"] is None else round(row["mean"]),
    }


def left_out(asked: Asked, period: Period) -> Iterator[LeftOut]:
    """What has no part in the report's amounts, each by its reason."""
    wanted = replace(asked.wanted(period, ()), by=())
    found = report_rows.unbooked(asked.tx, wanted, list(DIGITS))
    for why in UNBOOKED:
        if found.get(why):
            yield LeftOut(why, found[why])
    for row in report_rows.apart(asked.tx, wanted):
        booked, first_order = int(row["booked"]), int(row["first_order"])
        yield LeftOut("currency", row["deals"], row["unit"], booked, first_order)


_OWNERS = {
    Dimension.DEAL_PROPERTY: ObjectType.DEAL,
    Dimension.COMPANY_PROPERTY: ObjectType.COMPANY,
}


def _check_property(object_type: ObjectType, name: str, portal_map: PortalMap) -> None:
    read = portal_map.read_properties(object_type)
    if name in read:
        return
    nearest = get_close_matches(name, read, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else "choose one that this account reads."
    raise Refused(
        f"The property {name[:50]!r} of {_PLURALS[object_type]} is gone, or was never read: {hint}"
    )


_PLURALS = {ObjectType.DEAL: "deals", ObjectType.COMPANY: "companies"}


def _grouped(grouping: Grouping) -> Grouped:
    piece = "period" if grouping.dimension in PERIODIC else grouping.dimension.value
    return Grouped(piece, grouping.property_name)


def _chosen(filters: Filters) -> dict[Grouped, list[str | None]]:
    return {
        _grouped(grouping): [None if value == NOTHING else value for value in values]
        for grouping, values in filters.items()
    }
