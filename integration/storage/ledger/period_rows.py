"""Records of the books: closings, orders to judge anew, credit notes, merges of companies.

An order is about one deal, or about all: then by a version of the settings.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Row, Transaction
from integration.storage.service import portals
from mappings.rules.ledger import periods
from mappings.rules.ledger.periods import Calendar, Closing


@dataclass(frozen=True, slots=True)
class Periods:
    """A portal's log of closings, oldest first.

    The opening is None until the import is through. `history_version` is the newest settings
    version that is to judge all deals, None before the first. `time_zone` is the account's, as
    HubSpot calls it, and `time_zone_since` when it changed to that.
    """

    log: tuple[Closing, ...]
    opened_at: datetime | None
    history_version: int | None = None
    time_zone: str = ""
    time_zone_since: datetime | None = None

    @property
    def calendar(self) -> Calendar:
        """The months of the portal's account."""
        return Calendar.of(self.log, self.time_zone, self.time_zone_since)

    def due(self, close_day: int, now: datetime) -> Closing | None:
        """The closing that the calendar brings by *now* and the log lacks."""
        return periods.due(self.log, close_day, self.opened_at, now, self.calendar)


def read(tx: Transaction) -> Periods:
    """Return the portal's log of closings."""
    rows = tx.rows(
        f"""SELECT imported_at, month, at, action, actor, reason, closing.time_zone,
             {portals.TIME_ZONE} AS account_zone, {portals.TIME_ZONE_SINCE} AS zone_since,
             (SELECT max(version) FROM history_judgement WHERE portal_id = :portal) AS version
           FROM portal LEFT JOIN closing USING (portal_id)
           WHERE portal_id = :portal ORDER BY closing_id"""
    )
    log = tuple(_closing(row) for row in rows if row["month"] is not None)
    if not rows:
        return Periods(log, None)
    first = rows[0]
    return Periods(
        log, first["imported_at"], first["version"], first["account_zone"], first["zone_since"]
    )


def _closing(row: Row) -> Closing:
    return Closing(
        row["month"], row["at"], row["action"], row["actor"], row["reason"], row["time_zone"]
    )


def log(tx: Transaction, closing: Closing) -> None:
    """Append a line to the log."""
    tx.run(
        """INSERT INTO closing (portal_id, month, at, action, actor, reason, time_zone)
           VALUES (:portal, :month, :at, :action, :actor, :reason, :zone)""",
        month=closing.month,
        at=closing.at,
        action=closing.action,
        actor=closing.actor,
        reason=closing.reason,
        zone=closing.time_zone,
    )


def judge_history(tx: Transaction, version: int, *, actor: str, reason: str, at: datetime) -> bool:
    """Record that a settings version is to judge all deals; False when it was ordered before."""
    added = tx.run(
        """INSERT INTO history_judgement (portal_id, version, at, actor, reason)
           VALUES (:portal, :version, :at, :actor, :reason) ON CONFLICT DO NOTHING""",
        version=version,
        at=at,
        actor=actor,
        reason=reason,
    )
    return added > 0


def history_versions(tx: Transaction) -> set[int]:
    """Return the settings versions that were to judge all deals."""
    rows = tx.tuples("SELECT version FROM history_judgement WHERE portal_id = :portal")
    return {row[0] for row in rows}


def order(tx: Transaction, deal_id: int, *, actor: str, reason: str, at: datetime) -> None:
    """Record a person's order to judge a deal anew."""
    tx.run(
        """INSERT INTO rejudgement (portal_id, deal_id, at, actor, reason)
           VALUES (:portal, :deal, :at, :actor, :reason)""",
        deal=deal_id,
        at=at,
        actor=actor,
        reason=reason,
    )


def orders(tx: Transaction, deal_ids: Collection[int]) -> dict[int, Row]:
    """Return the newest order for each deal, and whether it is still to be carried out."""
    if not deal_ids:
        return {}
    rows = tx.rows(
        """SELECT DISTINCT ON (deal_id) deal_id, at, actor, reason, taken_at IS NULL AS is_open
           FROM rejudgement
           WHERE portal_id = :portal AND deal_id = ANY(CAST(:ids AS bigint[]))
           ORDER BY deal_id, at DESC, rejudgement_id DESC""",
        ids=list(deal_ids),
    )
    return {row["deal_id"]: row for row in rows}


def taken(tx: Transaction, deal_ids: Collection[int], at: datetime) -> None:
    """Note that the orders for these deals were carried out."""
    if deal_ids:
        tx.run(
            """UPDATE rejudgement SET taken_at = :at
               WHERE portal_id = :portal AND taken_at IS NULL
                 AND deal_id = ANY(CAST(:ids AS bigint[]))""",
            at=at,
            ids=list(deal_ids),
        )


def originals(tx: Transaction, deal_ids: Collection[int]) -> dict[int, int]:
    """Return the original of each deal that is known as a credit note."""
    if not deal_ids:
        return {}
    rows = tx.rows(
        """SELECT deal_id, original_id FROM credit_note
           WHERE portal_id = :portal AND deal_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(deal_ids),
    )
    return {row["deal_id"]: row["original_id"] for row in rows}


def notes_of(tx: Transaction, deal_ids: Collection[int], *, beside: Collection[int]) -> set[int]:
    """Return the credit notes against these deals, and those of the companies of *beside*."""
    if not deal_ids and not beside:
        return set()
    rows = tx.rows(
        """SELECT deal_id FROM credit_note
           WHERE portal_id = :portal AND original_id = ANY(CAST(:ids AS bigint[]))
           UNION
           SELECT deal_id FROM deal WHERE portal_id = :portal AND is_won AND amount_minor < 0
             AND company_id IN (SELECT company_id FROM deal WHERE portal_id = :portal
               AND deal_id = ANY(CAST(:beside AS bigint[])) AND coalesce(amount_minor, 0) >= 0)""",
        ids=list(deal_ids),
        beside=list(beside),
    )
    return {row["deal_id"] for row in rows}


def link_notes(tx: Transaction, looked_at: Collection[int], found: Mapping[int, int]) -> None:
    """Write which of the deals just concluded are credit notes, and of what."""
    if not looked_at:
        return
    before = originals(tx, looked_at)
    gone = [deal_id for deal_id in before if deal_id not in found]
    if gone:
        tx.run(
            """DELETE FROM credit_note
               WHERE portal_id = :portal AND deal_id = ANY(CAST(:ids AS bigint[]))""",
            ids=gone,
        )
    new = {
        deal_id: original_id
        for deal_id, original_id in found.items()
        if before.get(deal_id) != original_id
    }
    if new:
        tx.run(
            """INSERT INTO credit_note (portal_id, deal_id, original_id)
               SELECT :portal, id, original
               FROM unnest(CAST(:ids AS bigint[]), CAST(:originals AS bigint[]))
                 AS t(id, original)
               ON CONFLICT (portal_id, deal_id) DO UPDATE SET original_id = excluded.original_id""",
            ids=list(new),
            originals=list(new.values()),
        )


def merged_at(tx: Transaction, company_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each company was merged away, or last took another one in."""
    if not company_ids:
        return {}
    rows = tx.rows(
        """SELECT old_id AS id, merged_at FROM alias
           WHERE portal_id = :portal AND object_type = 'company'
             AND old_id = ANY(CAST(:ids AS bigint[]))
           UNION ALL SELECT new_id, max(merged_at) FROM alias
           WHERE portal_id = :portal AND object_type = 'company'
             AND new_id = ANY(CAST(:ids AS bigint[])) GROUP BY new_id""",
        ids=list(company_ids),
    )
    return {row["id"]: row["merged_at"] for row in rows}
