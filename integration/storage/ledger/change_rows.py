"""Entries in the order in which the ledger got them, the newest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.storage.database import Row, Transaction
from integration.storage.ledger.entry_rows import COLUMNS, DERIVED, HOME

Place = tuple[datetime, int]
"""Behind which entry a page goes on: when it was recorded, and its id."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Which entries: recorded from when until when, of the wins from when until when; None: all."""

    since: datetime | None = None
    until: datetime | None = None
    won_since: datetime | None = None
    won_until: datetime | None = None

    @property
    def values(self) -> dict[str, object]:
        """The values that statements name."""
        return {
            "since": self.since,
            "until": self.until,
            "won_since": self.won_since,
            "won_until": self.won_until,
        }


_CHOSEN = """portal_id = :portal
  AND (CAST(:since AS timestamptz) IS NULL OR recorded_at >= :since)
  AND (CAST(:until AS timestamptz) IS NULL OR recorded_at < :until)
  AND (CAST(:won_since AS timestamptz) IS NULL
    OR coalesce(origin_at, effective_at) >= :won_since)
  AND (CAST(:won_until AS timestamptz) IS NULL
    OR coalesce(origin_at, effective_at) < :won_until)"""


def page(tx: Transaction, chosen: Recorded, after: Place | None, *, limit: int) -> Sequence[Row]:
    """Return a page of entries, the newest first."""
    behind = "AND (recorded_at, entry_id) < (:at, :last)" if after else ""
    at, last = after or (None, None)
    return tx.rows(
        f"""SELECT {", ".join(COLUMNS)} FROM ledger WHERE {_CHOSEN} {behind}
            ORDER BY recorded_at DESC, entry_id DESC LIMIT :limit""",
        **chosen.values,
        **({"at": at, "last": last} if after else {}),
        limit=limit,
    )


def sums(tx: Transaction, home: str, chosen: Recorded) -> dict[str, Any]:
    """Return what all of them add up to in home currency: `second_order`, `first_order`, `deals`.

    `apart` counts entries that are known in another currency only.
    """
    row = tx.one(
        f"""SELECT coalesce(sum({HOME}) FILTER (WHERE {DERIVED}), 0)::bigint AS second_order,
              coalesce(sum({HOME}) FILTER (WHERE NOT {DERIVED}), 0)::bigint AS first_order,
              count(DISTINCT deal_id) AS deals, count(*) FILTER (WHERE ({HOME}) IS NULL) AS apart
            FROM ledger WHERE {_CHOSEN}""",
        **chosen.values,
        home=home,
    )
    return dict(row) if row else {}
