"""Times as a customer (`customer_spell`), base rate (`churn_base`), re-fits (`churn_fit`)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from integration.storage.database import Row, Transaction, as_json
from mappings.rules.success.churn import Cohort, CustomerSpell, Ending
from mappings.rules.success.churn_fit import Bin, Calibration, FittedModel
from mappings.rules.success.churn_risk import ChurnModel, RiskFactor


def store(
    tx: Transaction,
    company_ids: Collection[int],
    found: Mapping[int, Sequence[CustomerSpell]],
) -> None:
    """Write the times of these companies as differences; one that is not *found* has none."""
    rows = [
        {
            "company_id": company_id,
            "since": spell.since.isoformat(),
            "until": spell.until.isoformat() if spell.until else None,
            "ending": spell.ending,
        }
        for company_id, own in found.items()
        for spell in own
    ]
    tx.run(
        """WITH found AS (
              SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                AS t(company_id bigint, since timestamptz, until timestamptz, ending text)),
            gone AS (
              DELETE FROM customer_spell AS old
              WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))
                AND NOT EXISTS (SELECT FROM found WHERE found.company_id = old.company_id
                  AND found.since = old.since))
            INSERT INTO customer_spell AS mine (portal_id, company_id, since, until, ending)
            SELECT :portal, company_id, since, until, ending FROM found
            ON CONFLICT (portal_id, company_id, since) DO UPDATE
              SET until = excluded.until, ending = excluded.ending
              WHERE (mine.until, mine.ending) IS DISTINCT FROM (excluded.until, excluded.ending)""",
        ids=list(company_ids),
        rows=as_json(rows),
    )


def cohort(tx: Transaction, start: datetime, end: datetime) -> Cohort:
    """Count what became of the customers of *start* by *end*, as the rule's cohort does."""
    row = tx.one(
        """WITH began AS (
              SELECT until, ending, EXISTS (
                SELECT FROM customer_spell AS later WHERE later.portal_id = :portal
                  AND later.company_id = spell.company_id AND later.since <= :end
                  AND (later.until IS NULL OR later.until > :end)) AS is_one
              FROM customer_spell AS spell
              WHERE portal_id = :portal AND since <= :start AND (until IS NULL OR until > :start)),
            fate AS (
              SELECT CASE WHEN until IS NULL OR until > :end THEN 'stayed'
                WHEN is_one THEN 'returned' WHEN ending = 'unknown' THEN 'unknown'
                ELSE 'churned' END AS fate FROM began)
            SELECT count(*) FILTER (WHERE fate <> 'unknown') AS customers,
              count(*) FILTER (WHERE fate = 'churned') AS churned,
              count(*) FILTER (WHERE fate = 'returned') AS returned,
              count(*) FILTER (WHERE fate = 'unknown') AS unknown FROM fate""",
        start=start,
        end=end,
    )
    return Cohort(**row) if row else Cohort()


def all_spells(tx: Transaction) -> dict[int, tuple[CustomerSpell, ...]]:
    """Return every company's times as a customer, the earliest first."""
    rows = tx.tuples(
        """SELECT company_id, since, until, ending FROM customer_spell
           WHERE portal_id = :portal ORDER BY company_id, since"""
    )
    found: dict[int, tuple[CustomerSpell, ...]] = {}
    for company_id, since, until, ending in rows:
        spell = CustomerSpell(since, until, Ending(ending) if ending else None)
        found[company_id] = (*found.get(company_id, ()), spell)
    return found


def base(tx: Transaction) -> tuple[int, Cohort] | None:
    """Return the base rate that risks are worked out with, and its counts; None before any."""
    row = tx.one("SELECT base_ppm, customers, churned FROM churn_base WHERE portal_id = :portal")
    return (row["base_ppm"], Cohort(row["customers"], row["churned"])) if row else None


def keep_base(tx: Transaction, base_ppm: int, counted: Cohort) -> None:
    """Keep the base rate from now on."""
    tx.run(
        """INSERT INTO churn_base (portal_id, base_ppm, customers, churned)
           VALUES (:portal, :base, :customers, :churned)
           ON CONFLICT (portal_id) DO UPDATE SET base_ppm = excluded.base_ppm,
             customers = excluded.customers, churned = excluded.churned""",
        base=base_ppm,
        customers=counted.customers,
        churned=counted.churned,
    )


def latest_fit(tx: Transaction) -> ChurnModel | None:
    """Return the newest re-fitted model; None while the starting values hold."""
    row = tx.one(
        """SELECT version, base_ppm, factors, odds, events FROM churn_fit
           WHERE portal_id = :portal ORDER BY version DESC LIMIT 1"""
    )
    return _model(row) if row else None


def _model(row: Row) -> ChurnModel:
    odds = dict(zip(map(RiskFactor, row["factors"]), row["odds"], strict=True))
    return ChurnModel(row["base_ppm"], odds, version=row["version"], events=row["events"])


def keep_fit(
    tx: Transaction, found: FittedModel, *, made_at: datetime, settings_version: int
) -> None:
    """Append a re-fit as its model's version."""
    model = found.model
    tx.run(
        """INSERT INTO churn_fit (portal_id, version, made_at, settings_version, base_ppm, factors,
             odds, customers, events, brier_ppm, reference_ppm, said_ppm, churned, of_customers,
             left_out_brier_ppm, left_out_said_ppm, left_out_churned, left_out_of)
           VALUES (:portal, :version, :made_at, :settings, :base, :factors, :odds, :customers,
             :events, :brier, :reference, :said, :churned, :of, :other_brier, :other_said,
             :other_churned, :other_of)""",
        version=model.version,
        made_at=made_at,
        settings=settings_version,
        base=model.base_ppm,
        factors=[factor.value for factor in model.odds],
        odds=list(model.odds.values()),
        customers=found.customers,
        events=model.events,
        brier=found.within.brier_ppm,
        reference=found.within.reference_ppm,
        **_bins(found.within.bins, ""),
        other_brier=found.left_out.brier_ppm,
        **_bins(found.left_out.bins, "other_"),
    )


def _bins(bins: Iterable[Bin], prefix: str) -> dict[str, list[int]]:
    kept = list(bins)
    return {
        f"{prefix}said": [one.said_ppm for one in kept],
        f"{prefix}churned": [one.churned for one in kept],
        f"{prefix}of": [one.customers for one in kept],
    }


def shown_fit(tx: Transaction) -> tuple[FittedModel, datetime] | None:
    """Return the newest re-fit with its calibration, and when it was made."""
    row = tx.one("SELECT * FROM churn_fit WHERE portal_id = :portal ORDER BY version DESC LIMIT 1")
    if row is None:
        return None
    within = Calibration(
        row["brier_ppm"],
        row["reference_ppm"],
        _read_bins(row["said_ppm"], row["churned"], row["of_customers"]),
    )
    left_out = Calibration(
        row["left_out_brier_ppm"],
        row["reference_ppm"],
        _read_bins(row["left_out_said_ppm"], row["left_out_churned"], row["left_out_of"]),
    )
    return FittedModel(_model(row), row["customers"], within, left_out), row["made_at"]


def _read_bins(said: Any, churned: Any, of: Any) -> tuple[Bin, ...]:  # noqa: ANN401 - arrays
    return tuple(Bin(*values) for values in zip(said, churned, of, strict=True))
