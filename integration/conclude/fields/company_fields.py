"""Company fields: what came because of a company, its sentiment and its health (stage three)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from integration.conclude import field_patches
from integration.conclude.batch import Batch
from integration.conclude.field_patches import Conclusion, FieldsAndReasons
from integration.conclude.fields import (
    company_asks,
    company_health,
    company_page,
    company_risk,
    company_values,
    company_wins,
    kept_customers,
    pulse_gaps,
    recurring_values,
)
from integration.conclude.fields.company_asks import AskEvidence
from integration.conclude.fields.company_health import HealthOfToday
from integration.conclude.fields.company_page import CompanyPage
from integration.conclude.fields.company_risk import RiskPage
from integration.conclude.fields.kept_customers import ConcludedCustomer
from integration.storage.findings import stored_shapes
from integration.storage.listings import customer_rows, kept_columns
from integration.storage.success.readiness_rows import Judged
from mappings.kinds import ObjectType
from mappings.rules.facts import PPM, CompanyFacts
from mappings.rules.findings import SHARE_ONE, Move
from mappings.rules.ledger import money
from mappings.rules.success import nps
from mappings.rules.success.churn_risk import ChurnRisk
from mappings.rules.success.nps import CompanyNps

_LATELY = timedelta(days=365)


def refresh(batch: Batch, company_ids: Collection[int]) -> None:
    """Plan the fields of these companies, and store what they are worth all-in.

    A company that never bought and brought nothing says nothing.
    """
    page = company_page.load(batch, company_ids)
    company_wins.refresh(batch, company_ids, page)
    recurring_values.refresh(batch, company_ids, page)
    evidence = company_asks.load(batch, page)
    risks = company_risk.load(batch, page)
    living = [company for company in page.companies.values() if not company.archived]
    known: dict[int, ConcludedCustomer] = {}
    read = batch.each_of(
        ObjectType.COMPANY,
        living,
        lambda company: _summary(batch, company, page, evidence, risks, known),
    )
    summaries = {company.id: summary for company, summary in read}
    everybody = [one for summary in summaries.values() for one in summary.judged]
    judged = company_asks.drawn(batch, everybody, evidence)
    conclusions = [
        Conclusion(
            company_id,
            summary.fields | company_asks.told(judged.get(company_id, ())),
            summary.reasons,
        )
        for company_id, summary in summaries.items()
    ]
    field_patches.plan(batch, ObjectType.COMPANY, conclusions)
    gone = set(company_ids) - {company.id for company in living}
    field_patches.forget(batch, ObjectType.COMPANY, gone)
    company_values.store(batch, company_ids, page.values.values())
    pulse_gaps.refresh(batch, page, [one.id for one in living if one.id in page.customers])
    company_asks.store(batch, set(company_ids) - batch.broken(ObjectType.COMPANY), judged)
    company_risk.store(batch, company_ids, risks)
    kept_columns.keep_companies(batch.tx, company_ids)
    _keep_customers(batch, company_ids, page, known, evidence)


def _keep_customers(
    batch: Batch,
    company_ids: Collection[int],
    page: CompanyPage,
    known: Mapping[int, ConcludedCustomer],
    evidence: AskEvidence,
) -> None:
    recurring = {company_id: evidence.recurring(company_id, batch.now) for company_id in known}
    rows = [
        kept_customers.row_of(batch, customer, page.own_deals[company_id], recurring)
        for company_id, customer in known.items()
    ]
    customer_rows.keep(batch.tx, set(company_ids) - batch.broken(ObjectType.COMPANY), rows)


@dataclass(frozen=True, slots=True)
class _Summary:
    """What one company should say and why, and how ready its people are to be asked."""

    fields: dict[str, str]
    reasons: list[object]
    judged: Sequence[Judged] = ()


def _summary(
    batch: Batch,
    company: CompanyFacts,
    page: CompanyPage,
    evidence: AskEvidence,
    risks: RiskPage,
    known: dict[int, ConcludedCustomer],
) -> _Summary:
    """Sum up one company; health, sentiment and readiness are said of customers only.

    A customer is added to *known*.
    """
    fields, reasons = _money_fields(batch, company.id, page)
    if company.id not in page.customers:
        return _Summary(fields, reasons)
    sentiment = _sentiment(batch, company.id, page)
    fields |= _sentiment_fields(sentiment)
    left = _champions_left(batch, company.id, page)
    if left:
        fields["second_order_champions_left"] = str(len(left))
    reasons.append({"champions_left": [move.key for move in left]})
    moves = page.moves.get(company.id, ())
    account = company_health.account_of(batch, company, page.records, moves)
    known[company.id] = ConcludedCustomer(company, account, None, sentiment)
    if page.records.feeds.awaited:
        # A band that the first meeting read would change fires the account's workflows twice.
        return _Summary(fields, reasons)
    health = company_health.health_of(batch, account)
    known[company.id] = ConcludedCustomer(company, account, health, sentiment)
    fields |= _health_fields(health)
    reasons.append({"health": stored_shapes.plain(health)})
    risk = company_risk.risk_of(batch, company, page, risks)
    fields |= _risk_fields(risk)
    if risk is not None:
        reasons.append({"churn_risk": company_risk.plain(risk)})
    judged = company_asks.of_company(batch, company, page, evidence, health)
    return _Summary(fields, reasons, judged)


def _risk_fields(risk: ChurnRisk | None) -> dict[str, str]:
    """The risk of a customer with its reasons; no number where too little is known."""
    if risk is None:
        return {}
    fields = {"second_order_churn_risk_because": risk.because}
    if risk.ppm is not None:
        fields["second_order_churn_risk"] = field_patches.share(risk.ppm)
    return fields


def _health_fields(concluded: HealthOfToday) -> dict[str, str]:
    """Band, coverage and reasons; a number and its change only where enough is known."""
    health, change = concluded.health, concluded.change
    fields = {
        "second_order_health_band": concluded.band,
        "second_order_health_because": concluded.because,
        "second_order_health_coverage": f"{health.coverage / 100:g}",
    }
    if health.is_known:
        fields["second_order_health"] = f"{health.score:g}"
    if change is not None:
        fields["second_order_health_change"] = f"{change.points:g}"
    return fields


def _money_fields(batch: Batch, company_id: int, page: CompanyPage) -> FieldsAndReasons:
    home = batch.portal_map.home_currency
    if not home:
        return {}, [{"money": "the account's currency is not known"}]
    fields: dict[str, str] = {}
    booked, count = page.booked.get(company_id, (0, 0))
    if booked:
        fields["second_order_revenue"] = money.major(booked, home)
    if count:
        fields["second_order_deals"] = str(count)
    pipeline = _pipeline_minor(company_id, page, home)
    if pipeline:
        fields["second_order_pipeline"] = money.major(pipeline, home)
    value = page.values.get(company_id)
    if value is None:
        return fields, []
    if value.total_minor:
        fields["second_order_all_in_value"] = money.major(value.total_minor, home)
    return fields, [{"all_in": stored_shapes.plain(value)}]


def _pipeline_minor(company_id: int, page: CompanyPage, home: str) -> int:
    """The company's share in open deals, each by its probability; rounded once, as a whole."""
    expected = Fraction(0)
    for row in page.pipeline.get(company_id, ()):
        amount = company_values.home_minor(row, home) or 0
        parts = amount * row["share"] * row["open_probability"]
        expected += Fraction(parts, SHARE_ONE * PPM)
    return round(expected)


def _sentiment(batch: Batch, company_id: int, page: CompanyPage) -> CompanyNps | None:
    answers = page.records.answers.get(company_id, ())
    latest = nps.latest(answers, batch.now, batch.policy, page.records.person_of)
    return nps.company(latest.values(), batch.now, batch.policy)


def _sentiment_fields(sentiment: CompanyNps | None) -> dict[str, str]:
    if sentiment is None:
        return {}
    fields = {"second_order_nps_answers": str(sentiment.answers)}
    if sentiment.number is not None:
        fields["second_order_nps"] = str(sentiment.number)
    return fields


def _champions_left(batch: Batch, company_id: int, page: CompanyPage) -> list[Move]:
    """The moves of champions who left lately, one a person."""
    by_person: dict[int, Move] = {}
    for move in page.moves.get(company_id, ()):
        is_recent = batch.now - _LATELY <= move.moved_at <= batch.now
        is_champion = move.strength >= batch.policy.champion_at
        has_left = move.former_company_id == company_id
        if has_left and is_recent and is_champion:
            by_person[move.person_id] = move
    return [by_person[person_id] for person_id in sorted(by_person)]
