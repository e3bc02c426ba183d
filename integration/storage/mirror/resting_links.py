"""Resting links (`resting_association`): links with an end that is gone, kept until it is back.

HubSpot ends the links of a deleted record without a word, and brings them back with the record.
What counts is in `association`; here is what would count if nobody were gone, each with its date.
"""

from collections.abc import Collection

from integration.storage.database import Transaction
from mappings.records.rows import RefPair

_ENDS = "from_type, from_id, to_type, to_id"
_LINK = "portal_id, from_type, from_id, to_type, to_id, category, type_id, label, since"
_OF_THESE = """portal_id = :portal AND (
  (from_type = :type AND from_id = ANY(CAST(:ids AS bigint[])))
  OR (to_type = :type AND to_id = ANY(CAST(:ids AS bigint[]))))"""
# For a link in `link`: whether one of its records is gone.
GONE_END = """EXISTS (SELECT FROM record WHERE record.portal_id = :portal AND gone_at IS NOT NULL
    AND object_type = link.from_type AND record_id = link.from_id)
  OR EXISTS (SELECT FROM record WHERE record.portal_id = :portal AND gone_at IS NOT NULL
    AND object_type = link.to_type AND record_id = link.to_id)"""


def rest(tx: Transaction, object_type: str, record_ids: Collection[int]) -> set[RefPair]:
    """Let the links of these records rest; return both ends of each."""
    if not record_ids:
        return set()
    rows = tx.tuples(
        f"""WITH moved AS (DELETE FROM association WHERE {_OF_THESE} RETURNING *)
            INSERT INTO resting_association ({_LINK}) SELECT {_LINK} FROM moved
            ON CONFLICT (portal_id, {_ENDS}, category, type_id)
              DO UPDATE SET label = excluded.label, since = excluded.since
            RETURNING {_ENDS}""",
        type=object_type,
        ids=list(record_ids),
    )
    return _both_ends(rows)


def wake(tx: Transaction, object_type: str, record_ids: Collection[int]) -> set[RefPair]:
    """Let the links of records that are back count again; return both ends of each.

    One whose other end is gone goes on resting.
    """
    if not record_ids:
        return set()
    rows = tx.tuples(
        f"""WITH moved AS (
              DELETE FROM resting_association AS link WHERE {_OF_THESE} AND NOT ({GONE_END})
              RETURNING *)
            INSERT INTO association ({_LINK}) SELECT {_LINK} FROM moved ON CONFLICT DO NOTHING
            RETURNING {_ENDS}""",
        type=object_type,
        ids=list(record_ids),
    )
    return _both_ends(rows)


def wake_all(tx: Transaction, object_type: str, record_ids: Collection[int]) -> None:
    """Let all links of these records count for a moment, whoever is gone: a merge moves them on."""
    tx.run(
        f"""WITH moved AS (DELETE FROM resting_association WHERE {_OF_THESE} RETURNING *)
            INSERT INTO association ({_LINK}) SELECT {_LINK} FROM moved ON CONFLICT DO NOTHING""",
        type=object_type,
        ids=list(record_ids),
    )


def rest_again(tx: Transaction, object_type: str, record_id: int) -> None:
    """Let those links of a record rest whose other end is gone."""
    tx.run(
        f"""WITH moved AS (
              DELETE FROM association AS link WHERE {_OF_THESE} AND ({GONE_END}) RETURNING *)
            INSERT INTO resting_association ({_LINK}) SELECT {_LINK} FROM moved
            ON CONFLICT DO NOTHING""",
        type=object_type,
        ids=[record_id],
    )


def _both_ends(rows: Collection[tuple[str, int, str, int]]) -> set[RefPair]:
    ends: set[RefPair] = set()
    for from_type, from_id, to_type, to_id in rows:
        ends |= {(from_type, from_id), (to_type, to_id)}
    return ends
