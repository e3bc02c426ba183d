"""The one total: booked second-order revenue of a period, as every page and command tells it.

Its parts by kind and by holder each add up to it, and with the first-order remainder to what was
won. It tells beside it by which rates, in which range, and of how much of the won revenue anything
could be seen.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integration.portal import settings
from integration.portal.context import PortalContext
from integration.portal.settings import PortalSettings
from integration.storage.database import Row, Transaction
from integration.storage.ledger import period_rows, report_rows, total_rows
from integration.storage.ledger.report_pieces import Wanted
from integration.storage.ledger.total_rows import Wins
from integration.storage.queue import activity_cursors, stream_troubles
from integration.storage.service import setup_question_rows
from integration.storage.service.setup_question_rows import StoredQuestion
from mappings.currencies import DIGITS
from mappings.kinds import Gap, ObjectType, SourceKind
from mappings.records import text_sources
from mappings.records.portal_map import PortalMap
from mappings.records.setup_kinds import KINDS
from mappings.rules.facts import TELLS_OF_REFERRALS, TextKind
from mappings.rules.findings import Source
from mappings.rules.ledger import money, periods, report_period
from mappings.rules.ledger.measurement import AlikeDeals, Measurement, Money, Reading, measure
from mappings.rules.ledger.report_period import Period
from mappings.rules.ledger.total_range import RATE_BASIS, DerivedDeal, range_of

Json = dict[str, Any]
FIRST_ORDER = SourceKind.FIRST_ORDER.value
BY_KIND = (SourceKind.MOVED_CHAMPION, SourceKind.REFERRAL, SourceKind.WORD_OF_MOUTH)
HOLDERS: Mapping[str, str] = {
    "company": "companies",
    "gone_company": "companies that HubSpot no longer has",
    "pool": "word of mouth of no known company",
    "person": "people without a company",
}
"""Who can hold a part of the total, in words."""
UNBOOKED: Mapping[str, tuple[str, str]] = {
    "no_amount": ("%(num)s deal without an amount", "%(num)s deals without an amount"),
    "no_currency": (
        "%(num)s deal without a currency that is one",
        "%(num)s deals without a currency that is one",
    ),
    "waiting": ("%(num)s deal not booked yet", "%(num)s deals not booked yet"),
}
"""How many won deals have no part in the total, and why; of one deal and of several."""
_NO_MEASUREMENT = measure((), Reading())
# The settings that say what tells of a customer's part.
_TELLING = frozenset(
    {
        "referred_by_labels",
        *(source.setting for source in text_sources.SOURCES if source.kind in TELLS_OF_REFERRALS),
    }
)
# Lists that HubSpot may refuse, by what they hold and of which records.
_SHOWING = frozenset({"activities", "links", "records"})
_SHOWS_NOTHING = frozenset({ObjectType.TICKET.value, ObjectType.FEEDBACK.value})


@dataclass(frozen=True, slots=True)
class Apart:
    """What is booked in another currency only, and so is no part of the total."""

    currency: str
    second_order: int
    first_order: int
    deals: int


@dataclass(frozen=True, slots=True)
class Total:
    """The total of a period in the account's currency, in minor units.

    `by_kind` and `by_holder` (company, gone_company, pool, person) each add up to `second_order`.
    `unbooked` counts won deals that have no part: no_amount, no_currency, waiting.
    """

    currency: str
    period: Period = report_period.ALL_TIME
    by_kind: Mapping[str, int] = field(default_factory=dict)
    by_holder: Mapping[str, int] = field(default_factory=dict)
    first_order: int = 0
    low: int = 0
    high: int = 0
    derived_deals: int = 0
    apart: tuple[Apart, ...] = ()
    unbooked: Mapping[str, int] = field(default_factory=dict)
    measurement: Measurement = _NO_MEASUREMENT

    @property
    def second_order(self) -> int:
        """What customers led to."""
        return sum(self.by_kind.values())

    @property
    def won(self) -> int:
        """All that is booked of the won deals."""
        return self.second_order + self.first_order

    @property
    def deals(self) -> int:
        """The won deals that are booked."""
        return self.measurement.won.deals


def of(portal: PortalContext, month: periods.Month | None = None) -> Total:
    """Return the total of all time, or of the wins of one month as they are known now."""
    with portal.transaction() as tx:
        return within(tx, report_period.of_month(month) if month else report_period.ALL_TIME)


def within(
    tx: Transaction, period: Period = report_period.ALL_TIME, *, deal_id: int | None = None
) -> Total:
    """As :func:`of`, or of one deal; a fixed number of queries, however large the portal is."""
    known = settings.read(tx)
    home = known.map.home_currency
    wins = Wins(*_bounds(tx, period), deal_id)
    parts = total_rows.parts(tx, home, wins)
    traces = _traces(tx, wins, known)
    low, high = _ends(tx, wins, known)
    booked = [row for row in parts if row["unit"] == home]
    return Total(
        currency=home,
        period=period,
        by_kind=_sums((row for row in booked if row["kind"] != FIRST_ORDER), "kind"),
        by_holder=_sums((row for row in booked if row["kind"] != FIRST_ORDER), "holder"),
        first_order=sum(int(row["minor"]) for row in booked if row["kind"] == FIRST_ORDER),
        low=low,
        high=high,
        derived_deals=sum(row["deals"] for row in traces if row["found"] and row["unit"] == home),
        apart=_apart(parts, traces, home),
        unbooked=_unbooked(tx, wins, home),
        measurement=measure(_alike(traces, home), _reading(tx, known.map)),
    )


def _bounds(tx: Transaction, period: Period) -> tuple[datetime | None, datetime | None]:
    """When a period begins and is over for the account."""
    if period.is_all:
        return None, None
    return period.bounds(period_rows.read(tx).calendar)


def _traces(tx: Transaction, wins: Wins, known: PortalSettings) -> Sequence[Row]:
    """Booked deals by what could show a customer's part: of one looked for now, of many as kept."""
    home = known.map.home_currency
    if wins.deal_id is None:
        return total_rows.kept_traces(tx, home, wins)
    return total_rows.traces(tx, home, wins, known.map.naming_referrers())


def _ends(tx: Transaction, wins: Wins, known: PortalSettings) -> tuple[int, int]:
    """The total's range: of one deal by its sources, of many by what deals keep of theirs."""
    home = known.map.home_currency
    if wins.deal_id is None:
        rows = report_rows.ranges(tx, Wanted(home, wins.since, wins.until))
        return sum(int(row["low"]) for row in rows), sum(int(row["high"]) for row in rows)
    deals = [
        DerivedDeal(int(booked), int(derived), sources_of(figures))
        for _, booked, derived, figures in total_rows.derived(tx, home, wins)
    ]
    ends = range_of(deals, known.policy)
    return ends.low, ends.high


def _unbooked(tx: Transaction, wins: Wins, home: str) -> dict[str, int]:
    """Won deals of which nothing is booked: whether one is, or as reports count them."""
    if wins.deal_id is None:
        return report_rows.unbooked(tx, Wanted(home, wins.since, wins.until), list(DIGITS))
    return total_rows.unbooked(tx, wins.deal_id, list(DIGITS))


def sources_of(figures: Sequence[Sequence[Any]]) -> tuple[Source, ...] | None:
    """A deal's sources by their figures; None where a person took some with them."""
    if any(None in row for row in figures):
        return None
    return tuple(Source(kind, w, p, g, raw) for kind, w, p, g, raw in figures)


def _sums(rows: Iterable[Row], column: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row[column]] = sums.get(row[column], 0) + int(row["minor"])
    return {name: minor for name, minor in sums.items() if minor}


def _apart(parts: Sequence[Row], traces: Sequence[Row], home: str) -> tuple[Apart, ...]:
    units = sorted({row["unit"] for row in parts} - {home})
    lines = (_apart_in(unit, parts, traces) for unit in units)
    return tuple(line for line in lines if line.second_order or line.first_order)


def _apart_in(unit: str, parts: Sequence[Row], traces: Sequence[Row]) -> Apart:
    own = [row for row in parts if row["unit"] == unit]
    first_order = sum(int(row["minor"]) for row in own if row["kind"] == FIRST_ORDER)
    whole = sum(int(row["minor"]) for row in own)
    deals = sum(row["deals"] for row in traces if row["unit"] == unit)
    return Apart(unit, whole - first_order, first_order, deals)


def _alike(traces: Sequence[Row], home: str) -> list[AlikeDeals]:
    return [
        AlikeDeals(
            Money(int(row["minor"]), row["deals"]),
            contacts=row["contacts"],
            employer=row["employer"],
            answer=row["answer"],
            activity=row["activity"],
            found=row["found"],
        )
        for row in traces
        if row["unit"] == home
    ]


def _reading(tx: Transaction, portal_map: PortalMap) -> Reading:
    """What this account lets us read of what could show a customer's part."""
    asked = [
        name
        for object_type in (ObjectType.CONTACT, ObjectType.DEAL)
        for _, name in portal_map.mapped_texts(object_type, TextKind.ANSWER)
    ]
    return Reading(asks=bool(asked), hindered=tuple(_hindrances(tx, portal_map)))


def _hindrances(tx: Transaction, portal_map: PortalMap) -> Iterator[Gap]:
    """What keeps us from reading all that could show a customer's part."""
    if any(_can_show(stream) for stream in stream_troubles.refused(tx)):
        yield Gap.NOT_ALLOWED
    if not portal_map.reads_activities:
        yield Gap.NOT_READ
    elif not activity_cursors.are_read(tx):
        yield Gap.STILL_READ
    if any(_asks_what_tells(question) for question in setup_question_rows.every(tx)):
        yield Gap.OPEN_QUESTION


def _asks_what_tells(question: StoredQuestion) -> bool:
    """Whether an admin still has to say which field or label tells who referred a buyer."""
    return question.is_open and any(
        name in _TELLING for name in KINDS[question.kind].fields(question.key)
    )


def _can_show(stream: str) -> bool:
    """Whether what a list holds can show a customer's part: no ticket and no survey answer does."""
    kind, _, records = stream.partition(":")
    return kind in _SHOWING and not _SHOWS_NOTHING & set(records.split(">"))


def as_json(total: Total) -> Json:
    """Return a total for scripts and pages: amounts as text in major units, by plain names."""
    return {
        "period": total.period.name,
        "currency": total.currency,
        "rates": RATE_BASIS,
        "second_order": _major(total.second_order, total),
        "low": _major(total.low, total),
        "high": _major(total.high, total),
        "first_order": _major(total.first_order, total),
        "won": _major(total.won, total),
        "share": total.second_order / total.won if total.won > 0 else None,
        "won_deals": total.deals,
        "derived_deals": total.derived_deals,
        "by_kind": {kind: _major(total.by_kind.get(kind, 0), total) for kind in BY_KIND},
        "by_holder": {holder: _major(total.by_holder.get(holder, 0), total) for holder in HOLDERS},
        "apart": [_apart_json(line) for line in total.apart],
        "unbooked": {why: total.unbooked.get(why, 0) for why in UNBOOKED},
        "measurement": _measurement_json(total),
    }


def _major(minor: int, total: Total) -> str:
    """Plain decimal text; without a currency of the account there is nothing but "0"."""
    return money.major(minor, total.currency) if total.currency else "0"


def _apart_json(line: Apart) -> Json:
    return {
        "currency": line.currency,
        "second_order": money.major(line.second_order, line.currency),
        "first_order": money.major(line.first_order, line.currency),
        "deals": line.deals,
    }


def _measurement_json(total: Total) -> Json:
    found = total.measurement
    return {
        "coverage": None if found.coverage is None else float(found.coverage),
        "percent": found.percent,
        "judged": _money_json(found.judged, total),
        "not_judged": _money_json(found.unjudged, total),
        "by_ground": {
            ground.value: {"what": ground.label, **_money_json(amount, total)}
            for ground, amount in found.by_ground.items()
        },
        "raised_by": [
            {"gap": gap.value, "what": gap.label, **_money_json(amount, total)}
            for gap, amount in found.gaps
        ],
    }


def _money_json(amount: Money, total: Total) -> Json:
    return {"amount": _major(amount.minor, total), "deals": amount.deals}
