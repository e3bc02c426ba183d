"""Moves (`move`): changes of employer as the records show them and people decided them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from integration.storage.database import Row, Transaction, as_json
from mappings.stored.shape_table import body_of

_COLUMNS = """person_id, move_key, former_contact_id, new_contact_id, former_company_id,
  new_company_id, earliest, latest, confidence, status, body, settings_version"""


# As an index has it.
_LATEST = "coalesce(latest, earliest, timestamptz '-infinity')"


def of_persons(tx: Transaction, person_ids: Collection[int]) -> Sequence[Row]:
    """Return the moves of these persons."""
    if not person_ids:
        return ()
    return tx.rows(
        f"""SELECT {_COLUMNS} FROM move
            WHERE portal_id = :portal AND person_id = ANY(CAST(:ids AS bigint[]))
            ORDER BY person_id, latest, move_key""",
        ids=list(person_ids),
    )


def of_contacts(tx: Transaction, contact_ids: Collection[int]) -> Sequence[Row]:
    """Return the moves with one of these contacts as former or new record."""
    if not contact_ids:
        return ()
    return tx.rows(
        f"""SELECT {_COLUMNS} FROM move WHERE portal_id = :portal
              AND (former_contact_id = ANY(CAST(:ids AS bigint[]))
                OR new_contact_id = ANY(CAST(:ids AS bigint[])))""",
        ids=list(contact_ids),
    )


def with_company(tx: Transaction, company_ids: Collection[int]) -> Sequence[Row]:
    """Return the moves from or to these companies."""
    if not company_ids:
        return ()
    return tx.rows(
        f"""SELECT {_COLUMNS} FROM move WHERE portal_id = :portal
              AND (former_company_id = ANY(CAST(:ids AS bigint[]))
                OR new_company_id = ANY(CAST(:ids AS bigint[])))
            ORDER BY person_id, latest, move_key""",
        ids=list(company_ids),
    )


def movers(tx: Transaction, company_ids: Collection[int]) -> set[int]:
    """Return the persons with moves from or to these companies, or what was merged into them."""
    if not company_ids:
        return set()
    rows = tx.tuples(
        """WITH meant AS MATERIALIZED (
             SELECT CAST(:ids AS bigint[]) || ARRAY(SELECT old_id FROM alias
               WHERE portal_id = :portal AND object_type = 'company'
                 AND new_id = ANY(CAST(:ids AS bigint[]))) AS ids)
           SELECT DISTINCT person_id FROM move WHERE portal_id = :portal
             AND (former_company_id = ANY((SELECT ids FROM meant)::bigint[])
               OR new_company_id = ANY((SELECT ids FROM meant)::bigint[]))""",
        ids=list(company_ids),
    )
    return {row[0] for row in rows}


def every(tx: Transaction) -> Sequence[Row]:
    """Return all moves, the surest first."""
    return tx.rows(
        f"SELECT {_COLUMNS} FROM move WHERE portal_id = :portal ORDER BY confidence DESC, move_key"
    )


def newest(tx: Transaction, statuses: Collection[str], *, limit: int) -> Sequence[Row]:
    """Return the moves of these statuses that were seen last, the newest first."""
    return tx.rows(
        f"""SELECT {_COLUMNS} FROM move WHERE portal_id = :portal
              AND status = ANY(CAST(:statuses AS text[]))
            ORDER BY {_LATEST} DESC, person_id, move_key LIMIT :limit""",
        statuses=list(statuses),
        limit=limit,
    )


def days_to_deal(tx: Transaction) -> list[float]:
    """Return, for each move that counts, the days until the first deal it can have led to.

    That is a deal of the new company with the person's record on it that was not closed before
    they came; moves without one are left out.
    """
    rows = tx.tuples(
        """SELECT min(extract(epoch FROM (deal.created_at - moved.at)) / 86400)::float8
           FROM move
           CROSS JOIN LATERAL (
             SELECT CASE WHEN body ->> 'moved_at' ~ '^[0-9]{4}-[01][0-9]-[0-3][0-9]T'
               THEN (body ->> 'moved_at')::timestamptz ELSE latest END AS at) AS moved
           JOIN deal ON deal.portal_id = :portal AND deal.company_id = move.new_company_id
             AND coalesce(deal.closed_at, 'infinity') > moved.at
           JOIN association ON association.portal_id = :portal AND from_type = 'deal'
             AND from_id = deal.deal_id AND to_type = 'contact' AND to_id = move.new_contact_id
           WHERE move.portal_id = :portal AND move.status IN ('auto', 'confirmed')
             AND move.former_company_id <> move.new_company_id
           GROUP BY move.person_id, move.move_key"""
    )
    return [row[0] for row in rows]


def count(tx: Transaction) -> dict[str, int]:
    """Return how many moves there are by status."""
    return dict(
        tx.tuples("SELECT status, count(*) FROM move WHERE portal_id = :portal GROUP BY status")
    )


def delete(tx: Transaction, keys: Collection[tuple[int, str]]) -> None:
    """Delete moves that no evidence supports any more."""
    tx.run(
        """DELETE FROM move USING unnest(CAST(:persons AS bigint[]), CAST(:keys AS text[]))
             AS t(person_id, move_key)
           WHERE move.portal_id = :portal AND move.person_id = t.person_id
             AND move.move_key = t.move_key""",
        persons=[person for person, _ in keys],
        keys=[key for _, key in keys],
    )


def store(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write moves with the status that rules and decisions give them together."""
    tx.run(
        f"""INSERT INTO move (portal_id, {_COLUMNS})
            SELECT :portal, {_COLUMNS}
            FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
              person_id bigint, move_key text, former_contact_id bigint, new_contact_id bigint,
              former_company_id bigint, new_company_id bigint, earliest timestamptz,
              latest timestamptz, confidence double precision, status text, body jsonb,
              settings_version int)
            ON CONFLICT (portal_id, person_id, move_key) DO UPDATE SET earliest = excluded.earliest,
              latest = excluded.latest, confidence = excluded.confidence, body = excluded.body,
              settings_version = excluded.settings_version, status = excluded.status""",
        rows=as_json([{**row, "body": body_of(row["body"])} for row in rows]),
    )
