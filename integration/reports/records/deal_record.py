"""A deal as its page shows it: its sources with their shares, its range, its rows, its months."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from integration.portal import record_names, settings
from integration.portal.context import PortalContext
from integration.reports import bookkeeping, explain_deal, revenue_total
from integration.reports.ledger_lines import HomeTerms, home_terms, ledger_row
from integration.reports.records import record_card
from integration.reports.records.record_card import RecordCard
from integration.reports.revenue_total import Total
from integration.review import reading
from integration.storage.database import Row, Transaction
from integration.storage.findings import source_rows
from integration.storage.ledger import credit_rows, entry_rows, total_rows
from integration.storage.ledger.credit_rows import SourcePlace
from integration.storage.ledger.period_rows import Periods
from integration.storage.listings import choice_rows
from integration.storage.mirror import deal_rows
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair
from mappings.rules.attribution import credit
from mappings.rules.attribution import reasons as because
from mappings.rules.facts import PPM
from mappings.rules.findings import SHARE_ONE, Entry, Source
from mappings.rules.ledger import periods, total_range
from mappings.rules.ledger.total_range import DerivedDeal
from mappings.rules.policy import Policy
from mappings.rules.text.names import spoken

Json = dict[str, Any]
Names = Mapping[RefPair, str]
SOURCES, ROWS = 25, 50
"""So many sources and ledger rows stand on a page."""
_DECISIONS = 20
_EARLIER_DEALS = 10
_BOOKINGS = 400  # times at which something was booked, of which months are made
# Of more people a page does not look through all texts for what stands beside the sources.
_PEOPLE = 200


@dataclass(frozen=True, slots=True)
class Places:
    """Where the page's two lists begin: behind this source, behind this ledger row."""

    source: SourcePlace | None = None
    entry: int = 0


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source: who, what happened, how sure, and its part of the deal.

    `minor` is in the deal's currency: what is booked of a won deal, what it would be of an open
    one; None where the deal has no amount. `home_minor` is what is booked in the account's.
    """

    kind: str
    contact_id: int | None
    company_id: int | None
    story: str
    confidence: float
    timing: str
    share: float
    minor: int | None
    home_minor: int | None
    weight: float
    certainty: float
    freshness: float
    raw: float
    provisional_until: datetime | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sums:
    """What of a deal customers led to and what not, in minor units of its currency.

    Of a won deal it is what is booked, of an open one what would be. `rows` counts ledger rows.
    """

    currency: str
    second_order: int
    first_order: int
    rows: int = 0

    @property
    def whole(self) -> int:
        """Both together: the amount of the deal."""
        return self.second_order + self.first_order


@dataclass(frozen=True, slots=True)
class DerivedRange:
    """The derived share, low, expected, high, from 0 to 1, and as money of the deal's currency.

    Low and high are None where the figures of a source were erased with a person.
    """

    low: float | None
    expected: float
    high: float | None
    low_minor: int | None
    expected_minor: int | None
    high_minor: int | None


@dataclass(frozen=True, slots=True)
class BookedMonth:
    """What a month of the books said of the deal when it closed, and what is known of it now.

    Pairs are second-order money and the whole, in minor units of the deal's currency.
    """

    month: date
    closed_at: datetime | None
    reported: tuple[int, int]
    known: tuple[int, int]

    @property
    def differs(self) -> bool:
        """Whether something was booked after the month had closed, or belongs to another one."""
        return self.reported != self.known


@dataclass(frozen=True, slots=True)
class EarlierDeal:
    """The won deal of a customer that this deal follows, with the share of it."""

    deal_id: int
    company_id: int
    share: float
    inherited: bool


@dataclass(frozen=True, slots=True)
class DealRecord:
    """All that a deal's page shows. `next_source` and `next_entry` are where its lists go on.

    `asides` are None where too many people are on the deal to look through what they said.
    """

    card: RecordCard
    deal: Row | None
    terms: HomeTerms
    sums: Sequence[Sums]
    range: DerivedRange
    total: Total
    sources: Sequence[SourceLine]
    source_count: int
    next_source: SourcePlace | None
    entries: Sequence[Json]
    next_entry: int | None
    months: Sequence[BookedMonth]
    earlier: Sequence[EarlierDeal]
    earlier_count: int
    asides: Json | None
    decisions: Sequence[Json]
    questions: Sequence[Json]
    names: Names
    stage: str

    @property
    def booked_home(self) -> Sums | None:
        """What is booked in the account's currency, where that is another than the deal's."""
        total = self.total
        if not self.deal or not total.currency or self.deal["currency"] == total.currency:
            return None
        return Sums(total.currency, total.second_order, total.first_order) if total.won else None


def read(portal: PortalContext, deal_id: int, places: Places) -> DealRecord | None:
    """Return a deal's page; None for a deal that this account never had."""
    now = portal.runtime.now()
    with portal.transaction() as tx:
        card = record_card.load(tx, ObjectType.DEAL, deal_id)
        home = home_terms(tx)
        booked = credit_rows.deal_sums(tx, card.record_id, home.currency)
        if not card.is_known and not booked:
            return None
        return _record(tx, card, home, booked, places, now)


def models(portal: PortalContext, deal_id: int) -> list[Json]:
    """Return the deal shared by the classic models: asked for, since many deals are compared."""
    with portal.transaction() as tx:
        current_id = record_card.load(tx, ObjectType.DEAL, deal_id).record_id
        return explain_deal.models(tx, current_id, portal.runtime.now())


def _record(
    tx: Transaction,
    card: RecordCard,
    home: HomeTerms,
    booked: Sequence[Row],
    places: Places,
    now: datetime,
) -> DealRecord:
    deal_id = card.record_id
    deal = deal_rows.load(tx, [deal_id]).get(deal_id)
    policy = settings.read(tx).policy
    shares = credit_rows.shares(tx, deal_id)
    rows = credit_rows.sources(tx, deal_id, after=places.source, limit=SOURCES + 1)
    entries = credit_rows.entries(tx, deal_id, after=places.entry, limit=ROWS + 1)
    edges = sorted(source_rows.edges_into(tx, [deal_id]), key=lambda edge: -edge["share"])
    shown = rows[:SOURCES]
    choices = choice_rows.stages(tx)
    sums = _sums(booked, deal) or _expected_sums(deal, shares)
    names = record_names.shown(tx, _refs(card, deal, shown, entries[:ROWS], edges[:_EARLIER_DEALS]))
    lines = _lines(tx, deal, shown, shares, policy, home)
    about = [(ObjectType.DEAL, deal_id), *_credited(shown)]
    return DealRecord(
        card=card,
        deal=deal,
        terms=home,
        sums=sums,
        range=_range(tx, deal_id, sums[0] if sums else None, shares, policy),
        total=revenue_total.within(tx, deal_id=deal_id),
        sources=lines,
        source_count=len(shares),
        next_source=_place(shown[-1]) if len(rows) > SOURCES else None,
        entries=[ledger_row(row, home) for row in entries[:ROWS]],
        next_entry=entries[ROWS - 1]["entry_id"] if len(entries) > ROWS else None,
        months=_months(tx, deal_id, bookkeeping.books(tx, now)),
        earlier=[_earlier(edge) for edge in edges[:_EARLIER_DEALS]],
        earlier_count=len(edges),
        asides=_asides(tx, card, len(shares), now),
        decisions=reading.decided_about(tx, about, now, limit=_DECISIONS),
        questions=reading.open_about(tx, about, limit=_DECISIONS),
        names=names,
        stage=_label(choices["stage"], card.text("dealstage")),
    )


def _label(labels: Mapping[str, str], value: str) -> str:
    """What HubSpot calls a stage or pipeline; empty where it is not known."""
    return spoken(labels.get(value, ""))


def _refs(
    card: RecordCard,
    deal: Row | None,
    sources: Sequence[Row],
    entries: Sequence[Row],
    edges: Sequence[Row],
) -> set[RefPair]:
    """The records that the page names."""
    companies = {row["company_id"] for row in (*sources, *entries)}
    companies |= {edge["from_company_id"] for edge in edges}
    companies.add(deal["company_id"] if deal else None)
    refs: set[RefPair] = {(ObjectType.COMPANY, number) for number in companies if number}
    refs |= {(ObjectType.DEAL, edge["from_deal_id"]) for edge in edges}
    return refs | set(_credited(sources)) | {(ObjectType.DEAL, card.record_id)}


def _credited(sources: Sequence[Row]) -> Iterator[RefPair]:
    return ((ObjectType.CONTACT, row["contact_id"]) for row in sources if row["contact_id"])


def _place(row: Row) -> SourcePlace:
    return SourcePlace(row["share"], row["source_key"])


def _lines(
    tx: Transaction,
    deal: Row | None,
    rows: Sequence[Row],
    shares: Mapping[str, int],
    policy: Policy,
    home: HomeTerms,
) -> list[SourceLine]:
    """The sources of a page; money of a won deal is what is booked, of an open one expected."""
    names = record_names.names(
        tx,
        contacts=[row["contact_id"] for row in rows],
        companies=[row["company_id"] for row in rows],
    )
    expected = _split(deal, shares)
    booked = {} if expected or deal is None else _booked(tx, deal, rows, home)
    return [_line(deal, row, booked, expected, names, policy) for row in rows]


def _booked(tx: Transaction, deal: Row, rows: Sequence[Row], home: HomeTerms) -> dict[str, Row]:
    keys = [row["source_key"] for row in rows]
    currency = deal["currency"] or ""
    return credit_rows.booked(tx, deal["deal_id"], keys, currency=currency, home=home.currency)


def _line(
    deal: Row | None,
    row: Row,
    booked: Mapping[str, Row],
    expected: Mapping[str, int],
    names: because.Names,
    policy: Policy,
) -> SourceLine:
    source, money = explain_deal.source_in(row), booked.get(row["source_key"])
    opened = deal["created_at"] if deal else None
    minor = int(money["minor"]) if money else expected.get(row["source_key"])
    return SourceLine(
        kind=row["kind"],
        contact_id=row["contact_id"],
        company_id=row["company_id"],
        story=because.story(source, names, opened),
        confidence=row["confidence"],
        timing=source.timing,
        share=row["share"] / SHARE_ONE,
        minor=minor,
        home_minor=_whole(money["home_minor"]) if money else None,
        weight=source.w / PPM,
        certainty=source.p / PPM,
        freshness=source.g / PPM,
        raw=source.raw / PPM,
        provisional_until=because.provisional_until(source, _won_at(deal), policy),
        reasons=tuple(reason.text for reason in source.because),
    )


def _whole(number: object) -> int | None:
    return None if number is None else int(str(number))


def _won_at(deal: Row | None) -> datetime | None:
    if deal is None or not deal["is_won"]:
        return None
    at: datetime = deal["closed_at"] or deal["created_at"]
    return at


def _split(deal: Row | None, shares: Mapping[str, int]) -> dict[str, int]:
    """What each source would get of an open deal, and the first-order rest."""
    if deal is None or deal["amount_minor"] is None or not deal["is_open"]:
        return {}
    rest = SHARE_ONE - sum(shares.values())
    return credit.split(deal["amount_minor"], {**shares, credit.FIRST_ORDER: rest})


def _sums(booked: Sequence[Row], deal: Row | None) -> list[Sums]:
    """What is booked, by currency, the deal's first.

    A deal that changed its currency has two, one of which was taken back to zero.
    """
    by_currency: dict[str, Sums] = {}
    for row in booked:
        before = by_currency.get(row["currency"], Sums(row["currency"], 0, 0))
        minor, rows = int(row["minor"]), before.rows + row["n"]
        second, first = before.second_order, before.first_order
        parts = (second, first + minor) if row["is_first_order"] else (second + minor, first)
        by_currency[row["currency"]] = Sums(row["currency"], *parts, rows)
    own = (deal["currency"] or "") if deal else ""
    return sorted(by_currency.values(), key=lambda sums: (sums.currency != own, sums.currency))


def _expected_sums(deal: Row | None, shares: Mapping[str, int]) -> list[Sums]:
    parts = _split(deal, shares)
    if deal is None or not parts:
        return []
    rest = parts[credit.FIRST_ORDER]
    return [Sums(deal["currency"] or "", deal["amount_minor"] - rest, rest)]


def _range(
    tx: Transaction, deal_id: int, sums: Sums | None, shares: Mapping[str, int], policy: Policy
) -> DerivedRange:
    """The range by all sources' figures: its money by the rule that the total's range goes by."""
    sources = revenue_total.sources_of(total_rows.figures(tx, deal_id))
    expected = sum(shares.values()) / SHARE_ONE
    expected_minor = sums.second_order if sums else None
    if sources is None:
        return DerivedRange(None, expected, None, None, expected_minor, None)
    low, high = credit.share_range(sources, policy)
    money = total_range.range_of([_derived(sums, sources)], policy) if sums else None
    return DerivedRange(
        low=low / PPM,
        expected=expected,
        high=high / PPM,
        low_minor=money.low if money else None,
        expected_minor=expected_minor,
        high_minor=money.high if money else None,
    )


def _derived(sums: Sums, sources: tuple[Source, ...]) -> DerivedDeal:
    return DerivedDeal(sums.whole, sums.second_order, sources)


def _months(tx: Transaction, deal_id: int, books: Periods) -> list[BookedMonth]:
    """The months in which something of the deal was booked, or to which it belongs."""
    entries = [_booking(row, deal_id) for row in credit_rows.bookings(tx, deal_id, limit=_BOOKINGS)]
    calendar = books.calendar
    months = {calendar.month_of(entry.effective_at) for entry in entries}
    months |= {calendar.month_of(periods.belongs_at(entry)) for entry in entries}
    return [_month(month, entries, books) for month in sorted(months)]


def _month(month: date, entries: Sequence[Entry], books: Periods) -> BookedMonth:
    closed_at = periods.closed_at(books.log, month)
    reported = periods.as_reported(entries, month, closed_at, books.calendar)
    known = periods.as_known(entries, month, books.calendar)
    return BookedMonth(month, closed_at, _both(reported), _both(known))


def _both(entries: Sequence[Entry]) -> tuple[int, int]:
    whole = sum(entry.amount_minor for entry in entries)
    rest = sum(entry.amount_minor for entry in entries if entry.kind == credit.FIRST_ORDER)
    return whole - rest, whole


def _booking(row: Row, deal_id: int) -> Entry:
    """All rows of one time as one, for the rule that says which month they are in."""
    kind = credit.FIRST_ORDER if row["is_first_order"] else "second_order"
    return Entry(
        deal_id=deal_id,
        key=kind,
        kind=kind,
        person_id=None,
        contact_id=None,
        company_id=None,
        order=1,
        share=0,
        amount_minor=int(row["minor"]),
        currency=row["currency"],
        home_amount_minor=None,
        home_currency=None,
        rate=None,
        rate_at=None,
        effective_at=row["effective_at"],
        occasion="",
        settings_version=0,
        origin_at=row["origin_at"],
        recorded_at=row["recorded_at"],
    )


def _earlier(edge: Row) -> EarlierDeal:
    share = edge["share"] / SHARE_ONE
    return EarlierDeal(edge["from_deal_id"], edge["from_company_id"], share, edge["inherited"])


def _asides(tx: Transaction, card: RecordCard, sources: int, now: datetime) -> Json | None:
    """Suggestions, what was kept apart, and what happened, in words."""
    if sources > _PEOPLE or deal_rows.people_on(tx, card.record_id, most=_PEOPLE + 1) > _PEOPLE:
        return None
    booked = entry_rows.of_deals(tx, [card.record_id]).get(card.record_id, [])
    return explain_deal.asides(tx, card.record_id, booked, card.reasons, now)
