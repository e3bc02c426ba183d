"""A company as its page shows it: customer since, health, deals, champions, whom it brought."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from integration.conclude import record_facts
from integration.conclude.batch import open_batch
from integration.portal import authors, record_names, settings
from integration.portal.context import PortalContext
from integration.reports.ledger_lines import HomeTerms, home_terms
from integration.reports.records import health_view, record_card, risk_view, timeline
from integration.reports.records.health_view import HealthView
from integration.reports.records.record_card import RecordCard
from integration.reports.records.risk_view import RiskView
from integration.reports.records.timeline import Story, Teller
from integration.review import reading
from integration.storage.database import Row, Transaction
from integration.storage.findings import all_in_values, stored_shapes, timeline_rows
from integration.storage.findings.timeline_rows import Place
from integration.storage.ledger import credit_rows
from integration.storage.ledger.credit_rows import Credited, CreditedSum
from integration.storage.listings import leading
from integration.storage.mirror import deal_rows, mirror
from integration.storage.mirror.deal_rows import CompanyDeal
from integration.storage.queue import page_context
from integration.storage.reviews import health_decisions
from integration.storage.reviews.health_decisions import LeftOutFactor, StoredOverride
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair
from mappings.rules.facts import PPM
from mappings.rules.success import health_override
from mappings.rules.success.health import NEUTRAL
from mappings.rules.success.health_days import HealthDay

Json = dict[str, Any]
Names = Mapping[RefPair, str]
LINES = 10
"""So many of each kind of line stand on a company's page."""
_DECISIONS = 20
_CHAMPIONS = ("champion", "moved_champion", "referrer", "promoter")


@dataclass(frozen=True, slots=True)
class Departure:
    """A champion who left, where they went, and how sure that is."""

    contact_id: int
    new_company_id: int | None
    on: date | None
    certainty: float


@dataclass(frozen=True, slots=True)
class Bringer:
    """Who brought deals of this company: a person, a company, or word of mouth of nobody known."""

    kind: str
    contact_id: int | None
    company_id: int | None
    is_person: bool
    minor: int
    deals: int


@dataclass(frozen=True, slots=True)
class AllInView:
    """What the company is worth all-in, in minor units: its own deals, then order by order.

    Self-returns are shown and not added, inherited money is a part of the orders.
    """

    direct: int
    by_order: Mapping[int, int]
    self_return: int
    inherited: int

    @property
    def total(self) -> int:
        """Its own deals and every order: the field in HubSpot."""
        return self.direct + sum(self.by_order.values())


@dataclass(frozen=True, slots=True)
class CompanyRecord:
    """All that a company's page shows. Lists are cut; `…_count` and sums are of all."""

    card: RecordCard
    terms: HomeTerms
    customer_since: date | None
    since_deal_id: int | None
    is_by_stage: bool
    health: HealthView | None
    risk: RiskView | None
    all_in: AllInView | None
    deals: Sequence[CompanyDeal]
    champions: Sequence[tuple[int, str]]
    departures: Sequence[Departure]
    departure_count: int
    bringers: Sequence[Bringer]
    bringer_count: int
    brought_by_minor: int
    credited: Sequence[Credited]
    credit: CreditedSum
    overrides: Sequence[StoredOverride]
    left_out: Sequence[LeftOutFactor]
    users: Mapping[str, str]
    last_end: date
    trend: Sequence[HealthDay]
    story: Story
    decisions: Sequence[Json]
    questions: Sequence[Json]
    names: Names


def read(portal: PortalContext, company_id: int, after: Place | None) -> CompanyRecord | None:
    """Return a company's page; None for a company that this account never had."""
    now = portal.runtime.now()
    with portal.transaction() as tx:
        card = record_card.load(tx, ObjectType.COMPANY, company_id)
        return _record(tx, card, after, now) if card.is_known else None


def _record(tx: Transaction, card: RecordCard, after: Place | None, now: datetime) -> CompanyRecord:
    company_id, home = card.record_id, home_terms(tx)
    former = mirror.former_ids(tx, ObjectType.COMPANY, [company_id]).get(company_id, set())
    everything = [company_id, *sorted(former)]
    since, first_deal, is_by_stage = _customer_since(tx, company_id, home, now)
    told = timeline_rows.of_company(
        tx, company_id, everything, after=after, limit=timeline.PAGE + 1
    )
    story = timeline.page(tx, Teller(ObjectType.COMPANY, everything), told, (), after, home)
    departures, departed = _departures(tx, everything, home)
    bringers = credit_rows.bringers(tx, company_id, home.currency, limit=LINES)
    credited = credit_rows.credited_deals(tx, "company", everything, home.currency, limit=LINES)
    champions = leading.in_role_at(tx, company_id, _CHAMPIONS, limit=LINES + 1)
    deals = deal_rows.newest_of_company(tx, company_id, home.currency, most=LINES)
    about: list[RefPair] = [(ObjectType.COMPANY, number) for number in everything]
    lists = (departures, bringers, credited, champions, deals)
    decided = health_decisions.of_company(tx, company_id, now.date())
    overrides = health_decisions.told(tx, everything, limit=LINES)
    health = health_view.of(card.reasons)
    return CompanyRecord(
        card=card,
        terms=home,
        customer_since=since,
        since_deal_id=first_deal,
        is_by_stage=is_by_stage,
        health=replace(health, override=decided.override) if health else None,
        risk=risk_view.of(card.reasons),
        all_in=_all_in(tx, company_id),
        deals=deals,
        champions=champions,
        departures=departures,
        departure_count=departed,
        bringers=[_bringer(row) for row in bringers],
        bringer_count=int(bringers[0]["n"]) if bringers else 0,
        brought_by_minor=int(bringers[0]["whole"]) if bringers else 0,
        credited=credited,
        credit=credit_rows.credited_sum(tx, "company", everything, home.currency),
        overrides=overrides,
        left_out=decided.left_out,
        users=authors.all_in_words(tx, _deciders(overrides, decided.left_out)),
        trend=health_view.trend(tx, company_id),
        last_end=health_override.last_day(now.date(), settings.read(tx).policy),
        story=story,
        decisions=reading.decided_about(tx, about, now, limit=_DECISIONS),
        questions=reading.open_about(tx, about, limit=_DECISIONS),
        names=record_names.shown(tx, {*_refs(*lists), *_told(story), *about}),
    )


def _deciders(
    overrides: Sequence[StoredOverride], left_out: Sequence[LeftOutFactor]
) -> Iterator[str]:
    """Who decided on its health, as stored."""
    for override in overrides:
        yield override.author
        yield override.withdrawn_by
    yield from (factor.author for factor in left_out)


def _customer_since(
    tx: Transaction, company_id: int, home: HomeTerms, now: datetime
) -> tuple[date | None, int | None, bool]:
    """Since when it is a customer, its first won deal, and whether its stage decides."""
    batch = open_batch(tx, page_context.read(tx), now)
    facts = record_facts.companies(batch, [company_id]).get(company_id)
    first = deal_rows.acquisitions(tx, [company_id]).get(company_id)
    deal_id, won_at = first or (None, None)
    by_stage = facts.customer_since if facts else None
    at = by_stage or won_at
    return (home.calendar.day_of(at) if at else None), deal_id, by_stage is not None


def _all_in(tx: Transaction, company_id: int) -> AllInView | None:
    row = all_in_values.of_companies(tx, [company_id]).get(company_id)
    if row is None:
        return None
    by_order = {order: minor for order, minor in enumerate(row["by_order"], 2) if minor}
    return AllInView(
        row["direct_minor"], by_order, row["self_return_minor"], row["inherited_minor"]
    )


def _departures(
    tx: Transaction, company_ids: Sequence[int], home: HomeTerms
) -> tuple[list[Departure], int]:
    champion_at = settings.read(tx).policy.champion_at
    rows, count = timeline_rows.departures(tx, company_ids, strength=champion_at, limit=LINES)
    return [_departure(row, home) for row in rows], count


def _departure(row: Row, home: HomeTerms) -> Departure:
    move = stored_shapes.move_of(row)
    on = home.calendar.day_of(move.moved_at)
    return Departure(row["new_contact_id"], row["new_company_id"], on, move.confidence / PPM)


def _bringer(row: Row) -> Bringer:
    return Bringer(
        row["kind"],
        row["contact_id"],
        row["company_id"],
        is_person=row["is_person"],
        minor=int(row["minor"]),
        deals=int(row["deals"]),
    )


def _refs(
    departures: Sequence[Departure],
    bringers: Sequence[Row],
    credited: Sequence[Credited],
    champions: Sequence[tuple[int, str]],
    deals: Sequence[CompanyDeal],
) -> Iterator[RefPair]:
    """The records that the page's lists name."""
    contacts = [line.contact_id for line in departures]
    contacts += [row["contact_id"] for row in bringers] + [number for number, _ in champions]
    companies = [line.new_company_id for line in departures]
    companies += [row["company_id"] for row in bringers] + [line.buyer_id for line in credited]
    yield from ((ObjectType.CONTACT.value, number) for number in contacts if number)
    yield from ((ObjectType.COMPANY.value, number) for number in companies if number)
    deal_ids = [line.deal_id for line in credited] + [line.deal_id for line in deals]
    yield from ((ObjectType.DEAL.value, number) for number in deal_ids)


def _told(story: Story) -> Iterator[RefPair]:
    for entry in story.entries:
        yield from entry.refs


HEALTH_STARTS_AT = NEUTRAL
"""The points that the drivers of health are added to."""
