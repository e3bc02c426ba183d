"""What was said of customers a year ago (`back_test`), and what became of them since."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from integration.storage.database import Transaction, as_json


@dataclass(frozen=True, slots=True)
class SaidThen:
    """A customer on a past day: band, score in tenths, risk in ppm; None where none was said."""

    company_id: int
    band: str
    tenths: int | None
    risk_ppm: int | None


def replace(tx: Transaction, as_of: datetime, said: Iterable[SaidThen]) -> None:
    """Keep what was said on a day instead of what was kept before."""
    tx.run("DELETE FROM back_test WHERE portal_id = :portal")
    tx.run(
        """INSERT INTO back_test (portal_id, company_id, as_of, band, tenths, risk_ppm)
           SELECT :portal, company_id, :as_of, band, tenths, risk_ppm
           FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(company_id bigint, band text, tenths int, risk_ppm int)""",
        as_of=as_of,
        rows=as_json([asdict(one) for one in said]),
    )


def as_of(tx: Transaction) -> datetime | None:
    """Return the day that is kept; None before any."""
    day: datetime | None = tx.value("SELECT max(as_of) FROM back_test WHERE portal_id = :portal")
    return day


def every(tx: Transaction) -> list[SaidThen]:
    """Return what is kept, company by company."""
    rows = tx.tuples(
        """SELECT company_id, band, tenths, risk_ppm FROM back_test
           WHERE portal_id = :portal ORDER BY company_id"""
    )
    return [SaidThen(*row) for row in rows]


def renewals(tx: Transaction, since: datetime, until: datetime) -> dict[int, bool]:
    """Return whether each company renewed, of those whose renewal was decided within a time."""
    rows = tx.tuples(
        """SELECT company_id, bool_or(is_won) FROM deal
           WHERE portal_id = :portal AND is_renewal AND NOT is_open AND company_id IS NOT NULL
             AND closed_at > :since AND closed_at <= :until GROUP BY company_id""",
        since=since,
        until=until,
    )
    return dict(rows)


def referrers(tx: Transaction, since: datetime, until: datetime) -> set[int]:
    """Return the companies that recommended us to a deal that began within a time."""
    rows = tx.tuples(
        """SELECT DISTINCT source.company_id FROM source JOIN deal USING (portal_id, deal_id)
           WHERE source.portal_id = :portal AND source.kind = 'referral'
             AND source.company_id IS NOT NULL
             AND deal.created_at > :since AND deal.created_at <= :until""",
        since=since,
        until=until,
    )
    return {row[0] for row in rows}
