"""The mirror (`record`, `association`, `alias`): HubSpot's records and their links."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from integration.storage.database import Transaction, as_json
from integration.storage.mirror import resting_links, search_rows
from mappings.records.rows import Link, RefPair
from mappings.rules.text import search_words

# Why a record is gone when its person asked to be forgotten; such a row never comes back.
FORGOTTEN = "forgotten"
DELETED = "deleted"
MERGED = "merged"
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


class Stored(NamedTuple):
    """What storing changed: records by content or links, and those that had been gone."""

    changed: set[RefPair]
    back: set[RefPair]


def store(tx: Transaction, records: Sequence[MirroredRecord]) -> Stored:
    """Store records as seen now; return what changed.

    History is kept when a reading brings none. A record that was forgotten stays forgotten. With a
    record that was gone and is back come its links.
    """
    if not records:
        return Stored(set(), set())
    # One statement may not touch a row twice: of several readings the last one counts.
    latest = {(record.object_type, record.record_id): record for record in records}
    rows = tx.tuples(
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
           -- The subqueries see the tables as they were before this statement.
           RETURNING object_type, record_id, EXISTS (SELECT FROM record AS before
               WHERE before.portal_id = :portal AND before.object_type = mine.object_type
                 AND before.record_id = mine.record_id AND before.gone_at IS NOT NULL)
             OR EXISTS (SELECT FROM alias WHERE alias.portal_id = :portal
                 AND alias.object_type = mine.object_type AND old_id = mine.record_id)""",
        rows=as_json([_record_row(record) for record in latest.values()]),
    )
    changed = {(object_type, record_id) for object_type, record_id, _ in rows}
    back = {(object_type, record_id) for object_type, record_id, was_gone in rows if was_gone}
    _keep_words(tx, [latest[ref] for ref in sorted(changed)])
    return Stored(changed | _take_back(tx, back) if back else changed, back)


def _keep_words(tx: Transaction, records: Sequence[MirroredRecord]) -> None:
    """Have the records found by what they are called now."""
    words: dict[str, dict[int, frozenset[str]]] = {}
    for record in records:
        if record.object_type in search_words.SEARCHED:
            own = search_words.words_of(record.object_type, record.properties)
            words.setdefault(record.object_type, {})[record.record_id] = own
    for object_type, by_record in words.items():
        search_rows.keep(tx, object_type, by_record)


def _take_back(tx: Transaction, refs: Collection[RefPair]) -> set[RefPair]:
    """Let records that are back stand for themselves again; return all that their links join."""
    joined: set[RefPair] = set()
    for object_type in sorted({ref[0] for ref in refs}):
        ids = [record_id for kind, record_id in refs if kind == object_type]
        # A merge that was undone: an id that lives means itself.
        tx.run(
            """DELETE FROM alias WHERE portal_id = :portal AND object_type = :type
                 AND old_id = ANY(CAST(:ids AS bigint[]))""",
            type=object_type,
            ids=ids,
        )
        joined |= resting_links.wake(tx, object_type, ids)
    return joined


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


def retire(
    tx: Transaction, object_type: str, record_ids: Collection[int], why: str
) -> set[RefPair]:
    """Mark records as gone: deleted or merged. Their rows stay, restorable.

    The links of deleted records rest; returned are both ends of each. Those of merged ones are
    taken over by the survivor: :func:`relink`.
    """
    tx.run(
        """UPDATE record SET gone_at = clock_timestamp(), gone_why = :why
           WHERE portal_id = :portal AND object_type = :type
             AND record_id = ANY(CAST(:ids AS bigint[]))
             AND gone_why IS DISTINCT FROM 'forgotten' AND gone_why IS DISTINCT FROM :why""",
        type=object_type,
        ids=list(record_ids),
        why=why,
    )
    if object_type in search_words.SEARCHED:
        search_rows.forget(tx, object_type, record_ids)
    return set() if why == MERGED else resting_links.rest(tx, object_type, record_ids)


def replace_links(
    tx: Transaction,
    from_type: str,
    to_type: str,
    from_ids: Collection[int],
    links: Sequence[Link],
    *,
    to_ids: Collection[int] = (),
) -> None:
    """Make *links* the only ones from *from_ids* to *to_type*, and from *from_type* to *to_ids*.

    A known one keeps its date.
    """
    tx.run(
        """DELETE FROM association AS old
           WHERE portal_id = :portal AND from_type = :from AND to_type = :to
             AND (from_id = ANY(CAST(:ids AS bigint[])) OR to_id = ANY(CAST(:to_ids AS bigint[])))
             AND NOT EXISTS (
               SELECT FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                 AS t(from_id bigint, to_id bigint, category text, type_id int)
               WHERE t.from_id = old.from_id AND t.to_id = old.to_id AND t.category = old.category
                 AND t.type_id = old.type_id)""",
        **{"from": from_type, "to": to_type},
        ids=list(from_ids),
        to_ids=list(to_ids),
        rows=as_json(_link_rows(links)),
    )
    add_links(tx, links)


def add_links(tx: Transaction, links: Sequence[Link]) -> None:
    """Store associations that are not stored yet, and refresh labels and dates.

    Of two dates the later counts, that of the last time the link was made; none is earlier than
    its records. A link to a record that is gone rests.
    """
    if not links:
        return
    tx.run(
        f"""WITH told AS MATERIALIZED (
              SELECT DISTINCT ON (from_type, from_id, to_type, to_id, category, type_id)
                :portal AS portal_id, from_type, from_id, to_type, to_id, category, type_id, label,
                CASE WHEN since IS NOT NULL THEN greatest(since, ({_YOUNGER_END})) END AS since,
                {resting_links.GONE_END} AS is_gone
              FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                AS link(from_type text, from_id bigint, to_type text,
                to_id bigint, category text, type_id int, label text, since timestamptz)),
            resting AS (
              INSERT INTO resting_association AS known ({_STORED_LINK})
              SELECT {_STORED_LINK} FROM told WHERE is_gone {_REFRESHED})
            INSERT INTO association AS known ({_STORED_LINK})
            SELECT {_STORED_LINK} FROM told WHERE NOT is_gone {_REFRESHED}""",
        rows=as_json(_link_rows(links)),
    )


_STORED_LINK = "portal_id, from_type, from_id, to_type, to_id, category, type_id, label, since"
_YOUNGER_END = """SELECT max(created_at) FROM record WHERE record.portal_id = :portal
  AND (object_type, record_id) IN ((link.from_type, link.from_id), (link.to_type, link.to_id))"""
_REFRESHED = """ON CONFLICT (portal_id, from_type, from_id, to_type, to_id, category, type_id)
  DO UPDATE SET label = excluded.label, since = greatest(known.since, excluded.since)
  WHERE known.label IS DISTINCT FROM excluded.label
    OR known.since IS DISTINCT FROM greatest(known.since, excluded.since)"""


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
    tx: Transaction, object_type: str, old_ids: Collection[int], new_id: int, *, at: datetime | None
) -> None:
    """Record that old ids now mean *new_id*; chains are kept flat, so one look-up resolves any.

    Merges come in any order: if *new_id* was merged on meanwhile, the old ids mean its
    survivor. Of a merge before the install it may be unknown when it was.
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


def note_former_ids(
    tx: Transaction, survivors: Mapping[RefPair, tuple[int, datetime | None]]
) -> set[RefPair]:
    """Record what ids mean that we never had a record of; return those of records that live here.

    *survivors* has the id that each means, and when they were merged if that is known.
    """
    rows = as_json(
        [
            {"object_type": object_type, "old_id": old_id, "new_id": new_id, "at": at}
            for (object_type, old_id), (new_id, at) in survivors.items()
        ]
    )
    tx.run(
        """INSERT INTO alias (portal_id, object_type, old_id, new_id, merged_at)
           SELECT :portal, object_type, old_id, coalesce((SELECT alias.new_id FROM alias
               WHERE alias.portal_id = :portal AND alias.object_type = t.object_type
                 AND alias.old_id = t.new_id), new_id), at
           FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(object_type text, old_id bigint, new_id bigint, at timestamptz)
           WHERE NOT EXISTS (SELECT FROM record WHERE record.portal_id = :portal
             AND record.object_type = t.object_type AND record_id = old_id)
           ON CONFLICT DO NOTHING""",
        rows=rows,
    )
    living = tx.tuples(
        """SELECT object_type, record_id FROM record
           JOIN jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(object_type text, old_id bigint)
             USING (object_type)
           WHERE portal_id = :portal AND record_id = old_id AND gone_at IS NULL""",
        rows=rows,
    )
    return set(living)


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


def merge_dates(tx: Transaction, object_type: str, old_ids: Collection[int]) -> dict[int, datetime]:
    """Return when these records were merged into others; of some nobody knows."""
    rows = tx.tuples(
        """SELECT old_id, merged_at FROM alias
           WHERE portal_id = :portal AND object_type = :type AND merged_at IS NOT NULL
             AND old_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(old_ids),
    )
    return dict(rows)


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


def relink(
    tx: Transaction, object_type: str, old_ids: Collection[int], new_id: int
) -> set[RefPair]:
    """Move the links of merged-away records to the survivor; a link to itself is dropped.

    Of two links that become one the older date stays, and none is the oldest. Returned are both
    ends of what moved.
    """
    resting_links.wake_all(tx, object_type, old_ids)
    moved: set[RefPair] = set()
    for near, far in (("from", "to"), ("to", "from")):
        rows = tx.tuples(
            f"""INSERT INTO association AS known (portal_id, {near}_type, {near}_id, {far}_type,
                  {far}_id, category, type_id, label, since)
                SELECT DISTINCT ON ({far}_type, {far}_id, category, type_id)
                  portal_id, {near}_type, :new, {far}_type, {far}_id, category, type_id, label,
                  since
                FROM association WHERE portal_id = :portal AND {near}_type = :type
                  AND {near}_id = ANY(CAST(:olds AS bigint[]))
                  AND NOT ({far}_type = :type
                    AND ({far}_id = :new OR {far}_id = ANY(CAST(:olds AS bigint[]))))
                ORDER BY {far}_type, {far}_id, category, type_id, since NULLS FIRST
                ON CONFLICT (portal_id, from_type, from_id, to_type, to_id, category, type_id)
                  -- A survivor that was read before its merge was known has links without dates.
                  DO UPDATE SET since = CASE WHEN known.since < excluded.since THEN known.since
                    ELSE excluded.since END
                RETURNING {far}_type, {far}_id""",
            type=object_type,
            olds=list(old_ids),
            new=new_id,
        )
        moved.update(rows)
        tx.run(
            f"""DELETE FROM association WHERE portal_id = :portal AND {near}_type = :type
                  AND {near}_id = ANY(CAST(:olds AS bigint[]))""",
            type=object_type,
            olds=list(old_ids),
        )
    resting_links.rest_again(tx, object_type, new_id)
    return moved | {(object_type, new_id)} if moved else moved


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
