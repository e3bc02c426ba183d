"""The mirror (`record`, `association`, `alias`): HubSpot's records and their links."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from integration.storage.database import Transaction, as_json
from mappings.records.rows import Link

# Why a record is gone when its person asked to be forgotten; such a row never comes back.
FORGOTTEN = "forgotten"
# A record in the order of MirroredRecord's fields, without the former ids.
RECORD_COLUMNS = """object_type, record_id, properties, history, created_at, updated_at, gone_at,
  gone_why"""
# An association in the order of Link's fields.
LINK_COLUMNS = "from_type, from_id, to_type, to_id, type_id, category, label, since"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class MirroredRecord(NamedTuple):
    """One CRM record as last seen."""

    object_type: str
    record_id: int
    properties: Mapping[str, Any]
    history: Mapping[str, Any] = _NOTHING
    created_at: datetime | None = None
    updated_at: datetime | None = None
    gone_at: datetime | None = None
    gone_why: str | None = None
    former: Sequence[int] = ()  # ids that were merged into this record, where they were asked for


def store(tx: Transaction, records: Sequence[MirroredRecord]) -> set[tuple[str, int]]:
    """Store records as seen now; return those whose content changed.

    History is kept when a reading brings none. A record that was forgotten stays forgotten.
    """
    if not records:
        return set()
    # One statement may not touch a row twice: of several readings the last one counts.
    latest = {(record.object_type, record.record_id): record for record in records}
    rows = tx.rows(
        """INSERT INTO record AS mine (portal_id, object_type, record_id, properties, history,
             created_at, updated_at)
           SELECT :portal, t.object_type, t.record_id, t.properties, t.history, t.created_at,
             t.updated_at
           FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(object_type text, record_id bigint, properties jsonb,
             history jsonb, created_at timestamptz, updated_at timestamptz)
           ORDER BY t.object_type, t.record_id
           ON CONFLICT (portal_id, object_type, record_id) DO UPDATE
             SET properties = excluded.properties, updated_at = excluded.updated_at,
                 created_at = excluded.created_at,
                 -- A reading without history (a list's, a search's) must not erase what is kept.
                 history = CASE WHEN excluded.history = '{}' THEN mine.history
                   ELSE excluded.history END,
                 seen_at = clock_timestamp(), gone_at = NULL, gone_why = NULL
             -- Equal rows are not written again: only what changed comes back from RETURNING.
             WHERE mine.gone_why IS DISTINCT FROM 'forgotten'
               AND (mine.properties <> excluded.properties OR mine.gone_at IS NOT NULL
                    OR (excluded.history <> '{}' AND excluded.history <> mine.history))
           RETURNING object_type, record_id""",
        rows=as_json([_record_row(record) for record in latest.values()]),
    )
    return {(row["object_type"], row["record_id"]) for row in rows}


def _record_row(record: MirroredRecord) -> dict[str, object]:
    return {
        "object_type": record.object_type,
        "record_id": record.record_id,
        "properties": record.properties,
        "history": record.history,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def overlay(tx: Transaction, object_type: str, values: Mapping[int, Mapping[str, str]]) -> None:
    """Apply values just written to HubSpot, so that the mirror is current; empty ones go."""
    tx.run(
        """UPDATE record SET properties = (record.properties || t.properties) - t.emptied
           FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(record_id bigint, properties jsonb, emptied text[])
           WHERE portal_id = :portal AND object_type = :type AND record.record_id = t.record_id""",
        type=object_type,
        rows=as_json(
            [
                {
                    "record_id": key,
                    "properties": value,
                    "emptied": [name for name in value if not value[name]],
                }
                for key, value in values.items()
            ]
        ),
    )


def load(
    tx: Transaction, object_type: str, record_ids: Collection[int]
) -> dict[int, MirroredRecord]:
    """Return the mirrored records with these ids, gone ones included."""
    if not record_ids:
        return {}
    rows = tx.tuples(
        f"""SELECT {RECORD_COLUMNS} FROM record
            WHERE portal_id = :portal AND object_type = :type
              AND record_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(record_ids),
    )
    return {row[1]: MirroredRecord(*row) for row in rows}


def count(tx: Transaction) -> dict[str, int]:
    """Return how many living records of each type there are."""
    rows = tx.rows(
        """SELECT object_type, count(*) AS n FROM record
           WHERE portal_id = :portal AND gone_at IS NULL GROUP BY 1"""
    )
    return {row["object_type"]: row["n"] for row in rows}


def deleted(tx: Transaction, object_type: str, record_ids: Collection[int]) -> set[int]:
    """Return which of these records were deleted; merged and forgotten ones are not among them."""
    if not record_ids:
        return set()
    rows = tx.rows(
        """SELECT record_id FROM record
           WHERE portal_id = :portal AND object_type = :type AND gone_why = 'deleted'
             AND record_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(record_ids),
    )
    return {row["record_id"] for row in rows}


def retire(tx: Transaction, object_type: str, record_ids: Collection[int], why: str) -> None:
    """Mark records as gone: deleted or merged. Their rows stay, restorable."""
    tx.run(
        """UPDATE record SET gone_at = clock_timestamp(), gone_why = :why
           WHERE portal_id = :portal AND object_type = :type
             AND record_id = ANY(CAST(:ids AS bigint[]))
             AND gone_why IS DISTINCT FROM 'forgotten' AND gone_why IS DISTINCT FROM :why""",
        type=object_type,
        ids=list(record_ids),
        why=why,
    )


def replace_links(
    tx: Transaction, from_type: str, to_type: str, from_ids: Collection[int], links: Sequence[Link]
) -> None:
    """Make *links* the only ones from these records to *to_type*; a known one keeps its date."""
    tx.run(
        """DELETE FROM association AS old
           WHERE portal_id = :portal AND from_type = :from AND to_type = :to
             AND from_id = ANY(CAST(:ids AS bigint[])) AND NOT EXISTS (
               SELECT FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                 AS t(from_id bigint, to_id bigint, category text, type_id int)
               WHERE t.from_id = old.from_id AND t.to_id = old.to_id AND t.category = old.category
                 AND t.type_id = old.type_id)""",
        **{"from": from_type, "to": to_type},
        ids=list(from_ids),
        rows=as_json(_link_rows(links)),
    )
    add_links(tx, links)


def add_links(tx: Transaction, links: Sequence[Link]) -> None:
    """Store associations that are not stored yet, and refresh labels."""
    if not links:
        return
    tx.run(
        """INSERT INTO association (portal_id, from_type, from_id, to_type, to_id, category,
             type_id, label, since)
           SELECT DISTINCT ON (from_type, from_id, to_type, to_id, category, type_id)
             :portal, from_type, from_id, to_type, to_id, category, type_id, label, since
           FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(from_type text, from_id bigint, to_type text,
             to_id bigint, category text, type_id int, label text, since timestamptz)
           ON CONFLICT (portal_id, from_type, from_id, to_type, to_id, category, type_id)
           DO UPDATE SET label = excluded.label
           WHERE association.label IS DISTINCT FROM excluded.label""",
        rows=as_json(_link_rows(links)),
    )


def links_from(
    tx: Transaction, from_type: str, from_ids: Collection[int], *to_types: str
) -> list[Link]:
    """Return the associations that lead from these records to records of *to_types*."""
    if not from_ids:
        return []
    rows = tx.tuples(
        f"""SELECT {LINK_COLUMNS} FROM association
            WHERE portal_id = :portal AND from_type = :from
              AND from_id = ANY(CAST(:ids AS bigint[]))
              AND to_type = ANY(CAST(:to AS text[])) ORDER BY from_id, to_id, type_id""",
        **{"from": from_type, "to": list(to_types)},
        ids=list(from_ids),
    )
    return [Link(*row) for row in rows]


def links_to(tx: Transaction, from_type: str, to_type: str, to_ids: Collection[int]) -> list[Link]:
    """Return the associations of *from_type* that lead to these records."""
    if not to_ids:
        return []
    rows = tx.tuples(
        f"""SELECT {LINK_COLUMNS} FROM association
            WHERE portal_id = :portal AND to_type = :to AND to_id = ANY(CAST(:ids AS bigint[]))
              AND from_type = :from ORDER BY to_id, from_id, type_id""",
        **{"from": from_type, "to": to_type},
        ids=list(to_ids),
    )
    return [Link(*row) for row in rows]


def alias(
    tx: Transaction, object_type: str, old_ids: Collection[int], new_id: int, *, at: datetime
) -> None:
    """Record that old ids now mean *new_id*; chains are kept flat, so one look-up resolves any.

    Merges come in any order: if *new_id* was merged on meanwhile, the old ids mean its
    survivor.
    """
    known = resolve(tx, object_type, [new_id])[new_id]
    new_id = new_id if known in set(old_ids) else known
    olds = [old for old in old_ids if old != new_id]
    tx.run(
        """INSERT INTO alias (portal_id, object_type, old_id, new_id, merged_at)
           SELECT :portal, :type, old, :new, :at FROM unnest(CAST(:olds AS bigint[])) AS old
           ON CONFLICT (portal_id, object_type, old_id) DO UPDATE SET new_id = excluded.new_id""",
        type=object_type,
        olds=olds,
        new=new_id,
        at=at,
    )
    tx.run(
        """UPDATE alias SET new_id = :new
           WHERE portal_id = :portal AND object_type = :type
             AND new_id = ANY(CAST(:olds AS bigint[]))""",
        type=object_type,
        olds=olds,
        new=new_id,
    )


def resolve(tx: Transaction, object_type: str, record_ids: Iterable[int]) -> dict[int, int]:
    """Map each id to the id of the record that it means today."""
    wanted = list(set(record_ids))
    if not wanted:
        return {}
    rows = tx.rows(
        """SELECT old_id, new_id FROM alias
           WHERE portal_id = :portal AND object_type = :type
             AND old_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=wanted,
    )
    new_ids = {row["old_id"]: row["new_id"] for row in rows}
    return {record_id: new_ids.get(record_id, record_id) for record_id in wanted}


def resolve_several(tx: Transaction, refs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Map records of several types to the ids that they mean today."""
    wanted = list(set(refs))
    if not wanted:
        return {}
    rows = tx.tuples(
        """SELECT object_type, old_id, new_id FROM alias
           JOIN unnest(CAST(:types AS text[]), CAST(:ids AS bigint[])) AS t(object_type, old_id)
             USING (object_type, old_id) WHERE portal_id = :portal""",
        types=[kind for kind, _ in wanted],
        ids=[record_id for _, record_id in wanted],
    )
    new_ids = {(kind, old): new for kind, old, new in rows}
    return {ref: new_ids.get(ref, ref[1]) for ref in wanted}


def former_ids(
    tx: Transaction, object_type: str, record_ids: Collection[int]
) -> dict[int, set[int]]:
    """Map each surviving id to the ids that were merged into it."""
    if not record_ids:
        return {}
    rows = tx.rows(
        """SELECT old_id, new_id FROM alias
           WHERE portal_id = :portal AND object_type = :type
             AND new_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(record_ids),
    )
    former: dict[int, set[int]] = {}
    for row in rows:
        former.setdefault(row["new_id"], set()).add(row["old_id"])
    return former


def neighbours(
    tx: Transaction, object_type: str, record_ids: Collection[int]
) -> set[tuple[str, int]]:
    """Return every record that these records are linked to, either way."""
    rows = tx.rows(
        """SELECT to_type AS kind, to_id AS id FROM association
           WHERE portal_id = :portal AND from_type = :type AND from_id = ANY(CAST(:ids AS bigint[]))
           UNION SELECT from_type, from_id FROM association
           WHERE portal_id = :portal AND to_type = :type AND to_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(record_ids),
    )
    return {(row["kind"], row["id"]) for row in rows}


def relink(tx: Transaction, object_type: str, old_ids: Collection[int], new_id: int) -> None:
    """Move the links of merged-away records to the survivor; a link to itself is dropped."""
    for near, far in (("from", "to"), ("to", "from")):
        tx.run(
            f"""INSERT INTO association (portal_id, {near}_type, {near}_id, {far}_type, {far}_id,
                  category, type_id, label, since)
                SELECT DISTINCT ON ({far}_type, {far}_id, category, type_id)
                  portal_id, {near}_type, :new, {far}_type, {far}_id, category, type_id, label,
                  since
                FROM association WHERE portal_id = :portal AND {near}_type = :type
                  AND {near}_id = ANY(CAST(:olds AS bigint[]))
                  AND NOT ({far}_type = :type
                    AND ({far}_id = :new OR {far}_id = ANY(CAST(:olds AS bigint[]))))
                ORDER BY {far}_type, {far}_id, category, type_id, since
                ON CONFLICT DO NOTHING""",
            type=object_type,
            olds=list(old_ids),
            new=new_id,
        )
        tx.run(
            f"""DELETE FROM association WHERE portal_id = :portal AND {near}_type = :type
                  AND {near}_id = ANY(CAST(:olds AS bigint[]))""",
            type=object_type,
            olds=list(old_ids),
        )


def _link_rows(links: Sequence[Link]) -> list[dict[str, object]]:
    return [
        {
            "from_type": link.from_type,
            "from_id": link.from_id,
            "to_type": link.to_type,
            "to_id": link.to_id,
            "category": link.category,
            "type_id": link.type_id,
            "label": link.label,
            "since": link.seen_at,
        }
        for link in links
    ]
