"""Ledger entries (`ledger`): appended, never edited; they credit opaque subject numbers."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from integration.storage.database import Row, Transaction, as_json

COLUMNS = (
    "entry_id", "deal_id", "source_key", "kind", "subject_id", "company_id", "deal_order",
    "share", "amount_minor", "currency", "home_minor", "home_currency", "rate", "rate_at",
    "effective_at", "recorded_at", "settings_version", "occasion", "origin_at", "evidence",
    "reason", "reverses",
)  # fmt: skip
_WRITTEN = ", ".join(name for name in COLUMNS if name not in {"entry_id", "recorded_at"})


def of_deals(tx: Transaction, deal_ids: Collection[int]) -> dict[int, list[Row]]:
    """Return the entries of each deal, oldest first."""
    if not deal_ids:
        return {}
    rows = tx.rows(
        f"""SELECT {", ".join(COLUMNS)} FROM ledger WHERE portal_id = :portal
              AND deal_id = ANY(CAST(:ids AS bigint[])) ORDER BY deal_id, entry_id""",
        ids=list(deal_ids),
    )
    by_deal: dict[int, list[Row]] = {}
    for row in rows:
        by_deal.setdefault(row["deal_id"], []).append(row)
    return by_deal


def of_subjects(tx: Transaction, subject_ids: Collection[int]) -> Sequence[Row]:
    """Return the entries that credit these subjects, oldest first."""
    return _of(tx, "subject_id", subject_ids)


def of_companies(tx: Transaction, company_ids: Collection[int]) -> Sequence[Row]:
    """Return the entries that credit these companies, oldest first."""
    return _of(tx, "company_id", company_ids)


def _of(tx: Transaction, column: str, ids: Collection[int]) -> Sequence[Row]:
    return tx.rows(
        f"""SELECT {", ".join(COLUMNS)} FROM ledger WHERE portal_id = :portal
              AND {column} = ANY(CAST(:ids AS bigint[])) ORDER BY entry_id""",
        ids=list(ids),
    )


def append(tx: Transaction, rows: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Append entries in this order; *at* decided their month and is their time of recording."""
    if not rows:
        return
    tx.run(
        f"""INSERT INTO ledger (portal_id, recorded_at, {_WRITTEN})
            SELECT :portal, :at, {_WRITTEN}
            FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
              n int, deal_id bigint, source_key text, kind text, subject_id bigint,
              company_id bigint, deal_order int, share bigint, amount_minor bigint,
              currency text, home_minor bigint, home_currency text, rate numeric,
              rate_at timestamptz, effective_at timestamptz, settings_version int,
              occasion text, origin_at timestamptz, evidence jsonb, reason text, reverses bigint)
            ORDER BY n""",
        rows=as_json([{**row, "n": n} for n, row in enumerate(rows)]),
        at=at,
    )


def every(tx: Transaction, *, page: int = 1000) -> Iterator[Row]:
    """Yield all entries, oldest first, a page in memory at a time."""
    last = 0
    while rows := tx.rows(
        f"""SELECT {", ".join(COLUMNS)} FROM ledger WHERE portal_id = :portal AND entry_id > :last
            ORDER BY entry_id LIMIT :page""",
        last=last,
        page=page,
    ):
        yield from rows
        last = rows[-1]["entry_id"]


def of_month(tx: Transaction, start: datetime, end: datetime) -> Sequence[Row]:
    """Return the entries that are dated in a month or belong to it, oldest first."""
    return tx.rows(
        f"""SELECT {", ".join(COLUMNS)} FROM ledger WHERE portal_id = :portal
              AND (effective_at >= :start AND effective_at < :end
                OR origin_at >= :start AND origin_at < :end)
            ORDER BY entry_id""",
        start=start,
        end=end,
    )


NOTHING_BOOKED = """NOT EXISTS (
  SELECT FROM ledger WHERE ledger.portal_id = deal.portal_id AND ledger.deal_id = deal.deal_id
  GROUP BY ledger.deal_id
  HAVING sum(share) > 0 AND sum(abs(amount_minor)) > 0 AND deal.amount_minor <> 0)"""


def unbooked(tx: Transaction) -> list[int]:
    """Return the won deals of which nothing is booked now."""
    rows = tx.rows(
        f"""SELECT deal_id FROM deal WHERE portal_id = :portal AND is_won AND {NOTHING_BOOKED}
            ORDER BY deal_id"""
    )
    return [row["deal_id"] for row in rows]


DERIVED = "kind <> 'first_order'"
# An account that changed its currency has rows of two: what is known in another one only is no part
# of a sum in this.
HOME = """CASE
  WHEN home_currency = :home AND home_minor IS NOT NULL THEN home_minor
  WHEN currency = :home THEN amount_minor END"""
OWN_HOME = """CASE
  WHEN ledger.home_currency = :home AND ledger.home_minor IS NOT NULL THEN ledger.home_minor
  WHEN ledger.currency = :home THEN ledger.amount_minor END"""


def by_subject(tx: Transaction, contact_ids: Collection[int], home: str) -> dict[int, int]:
    """Return contacts' booked credit in home currency's minor units, by their ids of today."""
    if not contact_ids:
        return {}
    rows = tx.rows(
        f"""SELECT coalesce(alias.new_id, subject.contact_id) AS id, sum({HOME}) AS minor
            FROM subject LEFT JOIN alias ON alias.portal_id = subject.portal_id
              AND alias.object_type = 'contact'
              AND alias.old_id = subject.contact_id
            JOIN ledger ON ledger.portal_id = subject.portal_id
              AND ledger.subject_id = subject.subject_id
            WHERE subject.portal_id = :portal AND {DERIVED}
              AND (subject.contact_id = ANY(CAST(:ids AS bigint[]))
              OR subject.contact_id IN (SELECT old_id FROM alias WHERE portal_id = :portal
                 AND object_type = 'contact' AND new_id = ANY(CAST(:ids AS bigint[]))))
            GROUP BY 1""",
        ids=list(contact_ids),
        home=home,
    )
    return {row["id"]: int(row["minor"] or 0) for row in rows}


def by_company(
    tx: Transaction, company_ids: Collection[int], home: str
) -> dict[int, tuple[int, int]]:
    """Return companies' booked credit and its number of deals, merged-away ids included.

    A deal that has become a company's own by a merge is its own expansion from then on, and none of
    the deals; what was booked of it stays, so that companies add up to the total.
    """
    if not company_ids:
        return {}
    rows = tx.rows(
        f"""SELECT id, sum(minor) AS minor,
              count(*) FILTER (WHERE share <> 0 AND buyer IS DISTINCT FROM id) AS deals
            FROM (
              SELECT coalesce(alias.new_id, ledger.company_id) AS id, ledger.deal_id,
                max(deal.company_id) AS buyer,
                sum({OWN_HOME}) AS minor, sum(ledger.share) AS share
              FROM ledger LEFT JOIN deal ON deal.portal_id = ledger.portal_id
                AND deal.deal_id = ledger.deal_id
              LEFT JOIN alias ON alias.portal_id = ledger.portal_id
                AND alias.object_type = 'company'
                AND alias.old_id = ledger.company_id
              WHERE ledger.portal_id = :portal AND {DERIVED}
                AND (ledger.company_id = ANY(CAST(:ids AS bigint[]))
                OR ledger.company_id IN (SELECT old_id FROM alias WHERE portal_id = :portal
                   AND object_type = 'company' AND new_id = ANY(CAST(:ids AS bigint[]))))
              GROUP BY 1, 2) AS each GROUP BY id""",
        ids=list(company_ids),
        home=home,
    )
    return {row["id"]: (int(row["minor"] or 0), row["deals"]) for row in rows}


def unbalanced(tx: Transaction) -> Sequence[Row]:
    """Return deals whose entries do not add up to the won amount; there must never be any.

    Deals that wait to be concluded again are not judged: their entries are still to come.
    """
    return tx.rows(_UNBALANCED.format(which="true"))


def unbalanced_of_latest(tx: Transaction, *, rows: int = 500) -> Sequence[Row]:
    """Return the unbalanced deals among those of the latest entries.

    It costs the same however long the ledger is.
    """
    latest = (
        "SELECT deal_id FROM ledger WHERE portal_id = :portal ORDER BY entry_id DESC LIMIT :rows"
    )
    return tx.rows(_UNBALANCED.format(which=f"deal.deal_id IN ({latest})"), rows=rows)


_UNBALANCED = """SELECT deal_id, coalesce(sum(ledger.amount_minor), 0) AS booked,
     max(CASE WHEN deal.is_won THEN coalesce(deal.amount_minor, 0) ELSE 0 END) AS won
   FROM deal LEFT JOIN ledger USING (portal_id, deal_id)
   WHERE deal.portal_id = :portal AND {which}
     AND NOT EXISTS (SELECT FROM stale WHERE portal_id = :portal AND stage IN (1, 2)
       AND object_type = 'deal' AND record_id = deal.deal_id AND next_at < 'infinity')
   GROUP BY deal_id
   HAVING coalesce(sum(ledger.amount_minor), 0)
     <> max(CASE WHEN deal.is_won THEN coalesce(deal.amount_minor, 0) ELSE 0 END)"""
