"""Decisions on health (`health_override`, `left_out_factor`), by the company's id of today."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from integration.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class StoredOverride:
    """A band that somebody set; `withdrawn_by` is empty unless it was taken back."""

    override_id: int
    company_id: int
    band: str
    reason: str
    author: str
    made_at: datetime
    until: date
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""


@dataclass(frozen=True, slots=True)
class LeftOutFactor:
    """A factor that does not apply to one company, in somebody's words."""

    company_id: int
    factor: str
    words: str
    author: str
    made_at: datetime
    until: date | None


@dataclass(frozen=True, slots=True)
class HealthDecisions:
    """What holds of a company: the newest override that stands, and factors that are left out."""

    override: StoredOverride | None = None
    left_out: tuple[LeftOutFactor, ...] = ()


NONE = HealthDecisions()
# The ids that a company has, and had before it was merged.
_OURS = """WITH ours AS (
    SELECT id, id AS today FROM unnest(CAST(:ids AS bigint[])) AS t(id)
    UNION SELECT old_id, new_id FROM alias
    WHERE portal_id = :portal AND object_type = 'company'
      AND new_id = ANY(CAST(:ids AS bigint[])))"""
_OVERRIDE = "override_id, today, band, reason, author, made_at, until"


def of_companies(
    tx: Transaction, company_ids: Collection[int], on: date
) -> dict[int, HealthDecisions]:
    """Return what holds of these companies on a day; most have nothing."""
    if not company_ids:
        return {}
    rows = tx.tuples(
        f"""{_OURS}
            SELECT 'override', {_OVERRIDE} FROM (
              SELECT DISTINCT ON (today) today, made.*
              FROM health_override AS made JOIN ours ON company_id = id
              WHERE portal_id = :portal ORDER BY today, override_id DESC) AS newest
            WHERE withdrawn_at IS NULL AND until >= :day
            UNION ALL
            SELECT * FROM (
              SELECT DISTINCT ON (today, factor) 'factor', 0, today, factor, words, author, made_at,
                until
              FROM left_out_factor JOIN ours ON company_id = id
              WHERE portal_id = :portal
              ORDER BY today, factor, made_at DESC) AS said""",
        ids=list(company_ids),
        day=on,
    )
    overrides = {row[2]: StoredOverride(*row[1:]) for row in rows if row[0] == "override"}
    left_out: dict[int, list[LeftOutFactor]] = {}
    for row in rows:
        if row[0] == "factor":
            left_out.setdefault(row[2], []).append(LeftOutFactor(*row[2:]))
    return {
        company_id: HealthDecisions(overrides.get(company_id), tuple(left_out.get(company_id, ())))
        for company_id in overrides.keys() | left_out.keys()
    }


def told(tx: Transaction, company_ids: Collection[int], *, limit: int) -> list[StoredOverride]:
    """Return the overrides of a company under all its ids, also past ones, the newest first."""
    rows = tx.rows(
        """SELECT override_id, company_id, band, reason, author, made_at, until, withdrawn_at,
             coalesce(withdrawn_by, '') AS withdrawn_by
           FROM health_override
           WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))
           ORDER BY override_id DESC LIMIT :limit""",
        ids=list(company_ids),
        limit=limit,
    )
    return [StoredOverride(**row) for row in rows]


def set_band(tx: Transaction, values: Mapping[str, object]) -> int:
    """Append an override; return its number."""
    override_id: int = tx.value(
        """INSERT INTO health_override (portal_id, company_id, band, reason, author, made_at, until)
           VALUES (:portal, :company_id, :band, :reason, :author, :made_at, :until)
           RETURNING override_id""",
        **values,
    )
    return override_id


def withdraw(tx: Transaction, override_id: int, *, author: str, at: datetime) -> bool:
    """Take an override back; False when it was already."""
    return (
        tx.run(
            """UPDATE health_override SET withdrawn_at = :at, withdrawn_by = :author
               WHERE portal_id = :portal AND override_id = :id AND withdrawn_at IS NULL""",
            id=override_id,
            at=at,
            author=author,
        )
        == 1
    )


def leave_out(tx: Transaction, values: Mapping[str, object]) -> None:
    """Say that a factor does not apply to a company; what was said before is replaced."""
    tx.run(
        """INSERT INTO left_out_factor
             (portal_id, company_id, factor, words, author, made_at, until)
           VALUES (:portal, :company_id, :factor, :words, :author, :made_at, :until)
           ON CONFLICT (portal_id, company_id, factor) DO UPDATE SET words = excluded.words,
             author = excluded.author, made_at = excluded.made_at, until = excluded.until""",
        **values,
    )


def count_again(tx: Transaction, company_ids: Collection[int], factor: str) -> bool:
    """Have a factor counted again, under all ids of a company; False when it was not left out."""
    return (
        tx.run(
            """DELETE FROM left_out_factor WHERE portal_id = :portal AND factor = :factor
                 AND company_id = ANY(CAST(:ids AS bigint[]))""",
            ids=list(company_ids),
            factor=factor,
        )
        > 0
    )


def of_company(tx: Transaction, company_id: int, on: date) -> HealthDecisions:
    """The same as :func:`of_companies` for one."""
    return of_companies(tx, [company_id], on).get(company_id, NONE)
