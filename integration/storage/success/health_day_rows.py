"""Days of health (`health_month`): a row for each company and month; and the pass over all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from integration.storage.database import Transaction, as_json
from mappings.rules.success.health_days import BAND_OF, PackedMonth


@dataclass(frozen=True, slots=True)
class KeptMonth:
    """What is kept of a company's month: its days, and digests of the facts that they rest on.

    `touched_at` is the last two-way touch before the last of the days ended; `is_active` is of that
    day.
    """

    company_id: int
    packed: PackedMonth
    facts: int
    touches: int
    touched_at: datetime | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass over all customers, up to a day: what of it is through."""

    through: date
    after_company: int
    is_done: bool


@dataclass(frozen=True, slots=True)
class MonthCount:
    """Active customers on the last kept day of a month: by band, and in touch."""

    month: date
    day: date
    bands: dict[str, int]
    touched: int

    @property
    def customers(self) -> int:
        """How many there were."""
        return sum(self.bands.values())


_COLUMNS = (
    "company_id, month, tenths, bands, coverage, factors, facts, touches, touched_at, is_active"
)


def current(tx: Transaction) -> Pass | None:
    """Return the pass under way, or the last one."""
    rows = tx.tuples(
        "SELECT through, after_company, is_done FROM health_pass WHERE portal_id = :portal"
    )
    return Pass(*rows[0]) if rows else None


def note(tx: Transaction, progress: Pass, at: datetime) -> None:
    """Note how far the pass has come."""
    tx.run(
        """INSERT INTO health_pass (portal_id, through, after_company, is_done, ended_at)
           VALUES (:portal, :through, :after, :done, :at)
           ON CONFLICT (portal_id) DO UPDATE SET through = excluded.through,
             after_company = excluded.after_company, is_done = excluded.is_done,
             ended_at = coalesce(excluded.ended_at, health_pass.ended_at)""",
        through=progress.through,
        after=progress.after_company,
        done=progress.is_done,
        at=at if progress.is_done else None,
    )


def begin_anew(tx: Transaction) -> None:
    """Have the next pass look at all customers, also those that are up to the day."""
    tx.run(
        """UPDATE health_pass SET is_done = false, after_company = 0
           WHERE portal_id = :portal AND is_done"""
    )


def customers_after(tx: Transaction, company_id: int, *, limit: int) -> list[int]:
    """Return the next customers behind a company, by number."""
    rows = tx.tuples(
        """SELECT company_id FROM customer WHERE portal_id = :portal AND company_id > :after
           ORDER BY company_id LIMIT :limit""",
        after=company_id,
        limit=limit,
    )
    return [row[0] for row in rows]


def of_companies(tx: Transaction, company_ids: Collection[int]) -> dict[int, list[KeptMonth]]:
    """Return all that is kept of these companies, the oldest month first."""
    rows = tx.tuples(
        f"""SELECT {_COLUMNS} FROM health_month
            WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))
              AND month = ANY(CAST(:months AS date[]))
            ORDER BY company_id, month""",
        ids=list(company_ids),
        months=_months(tx),
    )
    kept: dict[int, list[KeptMonth]] = {}
    for company_id, month, tenths, bands, coverage, factors, *rest in rows:
        packed = PackedMonth(month, tuple(tenths), bands, bytes(coverage), bytes(factors))
        kept.setdefault(company_id, []).append(KeptMonth(company_id, packed, *rest))
    return kept


def _months(tx: Transaction) -> list[date]:
    """All months of which something is kept: the key begins with them, and they are few."""
    rows = tx.tuples(
        """WITH RECURSIVE kept AS (
             SELECT min(month) AS month FROM health_month WHERE portal_id = :portal
             UNION ALL SELECT (SELECT min(next.month) FROM health_month AS next
               WHERE next.portal_id = :portal AND next.month > kept.month)
             FROM kept WHERE kept.month IS NOT NULL)
           SELECT month FROM kept WHERE month IS NOT NULL"""
    )
    return [row[0] for row in rows]


def write(tx: Transaction, rows: Sequence[KeptMonth]) -> None:
    """Keep these months; what was kept of them before is replaced."""
    if not rows:
        return
    told = [
        {
            "company_id": row.company_id,
            "month": row.packed.month,
            "facts": row.facts,
            "touches": row.touches,
            "tenths": row.packed.tenths,
            "bands": row.packed.bands,
            "coverage": row.packed.coverage.hex(),
            "factors": row.packed.factors.hex(),
            "touched_at": row.touched_at,
            "is_active": row.is_active,
        }
        for row in rows
    ]
    tx.run(
        """INSERT INTO health_month (portal_id, company_id, month, tenths, bands, coverage, factors,
             facts, touches, touched_at, is_active)
           SELECT :portal, company_id, month, tenths, bands, decode(coverage, 'hex'),
             decode(factors, 'hex'), facts, touches, touched_at, is_active
           FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(company_id bigint, month date,
             tenths smallint[], bands text, coverage text, factors text, facts bigint,
             touches bigint, touched_at timestamptz, is_active boolean)
           ORDER BY month, company_id
           ON CONFLICT (portal_id, month, company_id) DO UPDATE SET tenths = excluded.tenths,
             bands = excluded.bands, coverage = excluded.coverage, factors = excluded.factors,
             facts = excluded.facts, touches = excluded.touches,
             touched_at = excluded.touched_at, is_active = excluded.is_active""",
        rows=as_json(told),
    )


def drop_before(tx: Transaction, company_id: int, month: date) -> None:
    """Delete a company's months before one: it was no customer yet."""
    tx.run(
        """DELETE FROM health_month
           WHERE portal_id = :portal AND company_id = :id AND month < :month""",
        id=company_id,
        month=month,
    )


def tidy(tx: Transaction, *, before: date) -> None:
    """Delete the months before one, and all of companies that are no customers any more."""
    tx.run("DELETE FROM health_month WHERE portal_id = :portal AND month < :month", month=before)
    tx.run(
        """DELETE FROM health_month AS kept WHERE portal_id = :portal AND NOT EXISTS (
             SELECT FROM customer
             WHERE customer.portal_id = :portal AND customer.company_id = kept.company_id)"""
    )


def bands_on(tx: Transaction, day: date) -> dict[str, int]:
    """Return how many customers were in which band on a day."""
    rows = tx.tuples(
        """SELECT substr(bands, :place, 1) AS letter, count(*) FROM health_month
           WHERE portal_id = :portal AND month = :month AND length(bands) >= :place
           GROUP BY letter""",
        month=day.replace(day=1),
        place=day.day,
    )
    return {BAND_OF[letter]: number for letter, number in rows if letter in BAND_OF}


def moved(
    tx: Transaction, since: date, until: date, *, limit: int
) -> list[tuple[int, str, str, int | None, int | None]]:
    """Return customers whose band is another at *until* than it was at *since*.

    Each with its bands and scores in tenths then and now, what fell most first.
    """
    rows = tx.tuples(
        """SELECT company_id, substr(past.bands, :then_day, 1) AS before,
             substr(now.bands, :now_day, 1) AS after, past.tenths[:then_day], now.tenths[:now_day]
           FROM health_month AS past JOIN health_month AS now USING (portal_id, company_id)
           WHERE portal_id = :portal AND past.month = :then_month AND now.month = :now_month
             AND length(past.bands) >= :then_day AND length(now.bands) >= :now_day
             AND substr(past.bands, :then_day, 1) <> substr(now.bands, :now_day, 1)
             AND substr(past.bands, :then_day, 1) <> ' '
           ORDER BY coalesce(now.tenths[:now_day] - past.tenths[:then_day], 0), company_id
           LIMIT :limit""",
        then_month=since.replace(day=1),
        then_day=since.day,
        now_month=until.replace(day=1),
        now_day=until.day,
        limit=limit,
    )
    return [(row[0], BAND_OF[row[1]], BAND_OF[row[2]], row[3], row[4]) for row in rows]


def month_ends(tx: Transaction, since: date, *, touch_days: int) -> list[MonthCount]:
    """Return the active customers at the end of each month from that of *since* on.

    Of the running month it is the last day that is kept. In touch is who had a two-way touch within
    *touch_days* before.
    """
    rows = tx.tuples(
        """SELECT month, right(bands, 1) AS letter, count(*),
             count(*) FILTER (WHERE touched_at > month + length(bands) - :days),
             max(length(bands))
           FROM health_month WHERE portal_id = :portal AND month >= :since AND is_active
           GROUP BY month, letter ORDER BY month""",
        since=since.replace(day=1),
        days=touch_days,
    )
    bands: dict[date, dict[str, int]] = {}
    touched: dict[date, int] = {}
    last: dict[date, int] = {}
    for month, letter, number, in_touch, days in rows:
        last[month] = max(days, last.get(month, 0))
        bands.setdefault(month, {})[BAND_OF[letter]] = number
        touched[month] = touched.get(month, 0) + in_touch
    return [
        MonthCount(month, month.replace(day=last[month]), found, touched[month])
        for month, found in bands.items()
    ]
