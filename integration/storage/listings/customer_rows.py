"""Customers (`customer`): what their page lists, kept with whatever concludes the company."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from integration.storage.database import Transaction, as_json


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One customer. `band` is the one that everybody sees, `worked_out` that without an override.

    `health` is None while too little is known, and so is `change`, against 30 days ago. Money is in
    the account's smallest unit: `recurring_minor` a year's, `bought_minor` of the time in which a
    purchase makes a customer active.
    """

    company_id: int
    name: str
    owner_id: int | None
    band: str
    worked_out: str
    health: float | None
    coverage: int
    change: float | None
    touched_at: datetime | None
    is_touched: bool
    is_active: bool
    is_flagged: bool
    recurring_minor: int
    bought_minor: int


@dataclass(frozen=True, slots=True)
class BandSum:
    """Active customers of one band: how many, and their money."""

    band: str
    customers: int
    recurring_minor: int
    bought_minor: int


@dataclass(frozen=True, slots=True)
class OwnerTouched:
    """Active customers of one owner, and with how many of them somebody was in touch of late."""

    owner_id: int | None
    customers: int
    touched: int


_COLUMNS = """company_id, name, owner_id, band, worked_out, health, coverage, change, touched_at,
  is_touched, is_active, is_flagged, recurring_minor, bought_minor"""
_TYPED = """t(company_id bigint, name text, owner_id bigint, band text, worked_out text,
  health numeric, coverage smallint, change numeric, touched_at timestamptz, is_touched boolean,
  is_active boolean, is_flagged boolean, recurring_minor bigint, bought_minor bigint)"""
_MINE = ", ".join(f"mine.{name.strip()}" for name in _COLUMNS.split(","))
_THEIRS = ", ".join(f"excluded.{name.strip()}" for name in _COLUMNS.split(","))


def keep(tx: Transaction, company_ids: Collection[int], rows: Sequence[CustomerRow]) -> None:
    """Keep these rows; of *company_ids*, one without a row is no customer any more."""
    tx.run(
        f"""WITH told AS MATERIALIZED (
              SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS {_TYPED}),
            gone AS (
              DELETE FROM customer WHERE portal_id = :portal
                AND company_id = ANY(CAST(:ids AS bigint[]))
                AND company_id NOT IN (SELECT company_id FROM told))
            INSERT INTO customer AS mine (portal_id, {_COLUMNS})
            SELECT :portal, {_COLUMNS} FROM told
            ON CONFLICT (portal_id, company_id) DO UPDATE SET ({_COLUMNS}) = ROW({_THEIRS})
              WHERE ({_MINE}) IS DISTINCT FROM ({_THEIRS})""",
        ids=list(company_ids),
        rows=as_json([asdict(row) for row in rows]),
    )


def sums(tx: Transaction) -> list[BandSum]:
    """Return active customers by the band that everybody sees."""
    rows = tx.tuples(
        """SELECT band, count(*), CAST(sum(recurring_minor) AS bigint),
             CAST(sum(bought_minor) AS bigint)
           FROM customer WHERE portal_id = :portal AND is_active GROUP BY band"""
    )
    return [BandSum(*row) for row in rows]


def touched(tx: Transaction) -> list[OwnerTouched]:
    """Return active customers, and those in touch of late, by owner, the most customers first."""
    rows = tx.tuples(
        """SELECT owner_id, count(*), count(*) FILTER (WHERE is_touched)
           FROM customer WHERE portal_id = :portal AND is_active
           GROUP BY owner_id ORDER BY 2 DESC, 1 NULLS LAST"""
    )
    return [OwnerTouched(*row) for row in rows]


def count(tx: Transaction) -> int:
    """Return how many customers there are, active or not."""
    number: int = tx.value("SELECT count(*) FROM customer WHERE portal_id = :portal")
    return number
