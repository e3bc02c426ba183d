"""Monthly costs (`cost`): what was spent on winning customers, who said so and when.

A later entry of a month, source and part takes the place of the one before, which stays as history.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from integration.storage.database import Transaction, as_json
from mappings.records.cost_entries import CostEntry

_COLUMNS = "month, source, part, minor, currency, entered_minor, entered_currency, rate"


@dataclass(frozen=True, slots=True)
class KeptCost:
    """An entry as it is kept; `entry` None: it was taken back."""

    month: date
    source: str
    part: str
    entry: CostEntry | None
    entered_by: str
    entered_at: datetime


def add(tx: Transaction, entries: Iterable[CostEntry], *, by: str) -> int:
    """Keep entries that say something new; return how many did."""
    rows = [
        {
            "month": entry.month.isoformat(),
            "source": entry.source,
            "part": entry.part,
            "minor": entry.minor,
            "currency": entry.currency,
            "entered_minor": entry.entered_minor,
            "entered_currency": entry.entered_currency,
            "rate": entry.rate,
        }
        for entry in entries
    ]
    return tx.run(
        f"""INSERT INTO cost (portal_id, {_COLUMNS}, entered_by)
            SELECT :portal, {_COLUMNS}, :by FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
              month date, source text, part text, minor bigint, currency text,
              entered_minor bigint, entered_currency text, rate text)
            WHERE NOT EXISTS (
              SELECT FROM ({_latest()}) AS known
              WHERE (known.month, known.source, known.part, known.minor, known.currency,
                  known.entered_minor, known.entered_currency, known.rate)
                IS NOT DISTINCT FROM (t.month, t.source, t.part, t.minor, t.currency,
                  t.entered_minor, t.entered_currency, t.rate))""",
        rows=as_json(rows),
        by=by,
    )


def take_back(tx: Transaction, month: date, source: str, part: str, *, by: str) -> bool:
    """Let a month's entry count no longer; False where none counts."""
    return (
        tx.run(
            f"""INSERT INTO cost (portal_id, {_COLUMNS}, entered_by)
                SELECT :portal, month, source, part, NULL, currency, NULL, entered_currency, rate,
                  :by
                FROM ({_latest()}) AS known
                WHERE month = :month AND source = :source AND part = :part
                  AND minor IS NOT NULL""",
            month=month,
            source=source,
            part=part,
            by=by,
        )
        > 0
    )


def counting(tx: Transaction, months: Collection[date] | None = None) -> list[CostEntry]:
    """Return the entries that count, of these months or of all, the newest month first."""
    rows = tx.tuples(
        f"""SELECT {_COLUMNS} FROM ({_latest()}) AS known
            WHERE minor IS NOT NULL
              AND (CAST(:months AS date[]) IS NULL OR month = ANY(CAST(:months AS date[])))
            ORDER BY month DESC, source, part""",
        months=None if months is None else list(months),
    )
    return [CostEntry(*row) for row in rows]


def history(tx: Transaction, *, limit: int) -> list[KeptCost]:
    """Return what was entered and taken back, the newest first."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS}, entered_by, entered_at FROM cost WHERE portal_id = :portal
            ORDER BY cost_id DESC LIMIT :limit""",
        limit=limit,
    )
    return [_kept(dict(row)) for row in rows]


def _kept(row: dict[str, object]) -> KeptCost:
    who = {name: row.pop(name) for name in ("entered_by", "entered_at")}
    key = {name: row[name] for name in ("month", "source", "part")}
    entry = None if row["minor"] is None else CostEntry(**row)  # type: ignore[arg-type]
    return KeptCost(**key, entry=entry, **who)  # type: ignore[arg-type]


def _latest() -> str:
    return f"""SELECT DISTINCT ON (month, source, part) {_COLUMNS} FROM cost
      WHERE portal_id = :portal ORDER BY month, source, part, cost_id DESC"""
