"""Conclusions (`conclusion`): the values a record should have, the reasons, and since when."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from integration.storage.database import Row, Transaction, as_json
from mappings.stored import shape_table

_COLUMNS = (
    "object_type, record_id, desired, reasons, settings_version, concluded_at, written_at, outcome"
)


def load(tx: Transaction, object_type: str, record_ids: Collection[int]) -> dict[int, Row]:
    """Return the conclusions about these records."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM conclusion WHERE portal_id = :portal AND object_type = :type
              AND record_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(record_ids),
    )
    conclusions: dict[int, Row] = {}
    for row in rows:
        understood = _understood(object_type, row["desired"], row["reasons"])
        conclusions[row["record_id"]] = {**row, **understood}
    return conclusions


def _understood(object_type: str, desired: object, reasons: object) -> dict[str, Any]:
    values = shape_table.values_in(object_type, desired)
    return {"desired": values, "reasons": shape_table.reasons_in(reasons)}


def versions(tx: Transaction, object_type: str, record_ids: Collection[int]) -> dict[int, int]:
    """Return the settings version that made each of these conclusions."""
    rows = tx.tuples(
        """SELECT record_id, settings_version FROM conclusion
           WHERE portal_id = :portal AND object_type = :type
             AND record_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(record_ids),
    )
    return dict(rows)


class CurrentRecord(NamedTuple):
    """A record beside its conclusion and its patch.

    `sent` is the patch that HubSpot may have taken.
    """

    record_id: int
    properties: Mapping[str, Any]
    is_gone: bool
    desired: Mapping[str, str] | None
    reasons: Sequence[Any] | None
    settings_version: int | None
    has_patch: bool
    sent: Mapping[str, str] | None = None


def current_records(
    tx: Transaction, object_type: str, record_ids: Collection[int]
) -> dict[int, CurrentRecord]:
    """Return records beside their conclusions in one query; those not mirrored are left out."""
    rows = tx.tuples(
        """SELECT record_id, record.properties, record.gone_at IS NOT NULL, conclusion.desired,
             conclusion.reasons, conclusion.settings_version, outbox.record_id IS NOT NULL,
             CASE WHEN outbox.sent_at IS NOT NULL THEN outbox.patch END
           FROM record LEFT JOIN conclusion USING (portal_id, object_type, record_id)
             LEFT JOIN outbox USING (portal_id, object_type, record_id)
           WHERE portal_id = :portal AND object_type = :type
             AND record_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(record_ids),
    )
    records = (CurrentRecord(*row) for row in rows)
    return {record.record_id: _as_understood(object_type, record) for record in records}


def _as_understood(object_type: str, record: CurrentRecord) -> CurrentRecord:
    """Return the record with its conclusion as far as it can be read; None where there is none."""
    if record.desired is None:
        return record
    return record._replace(**_understood(object_type, record.desired, record.reasons))


def store(tx: Transaction, object_type: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write conclusions that differ from the stored ones."""
    if not rows:
        return
    tx.run(
        """INSERT INTO conclusion AS mine (portal_id, object_type, record_id, desired, reasons,
             settings_version)
           SELECT :portal, :type, record_id, desired, reasons, settings_version
           FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(record_id bigint, desired jsonb, reasons jsonb, settings_version int)
           ON CONFLICT (portal_id, object_type, record_id) DO UPDATE SET desired = excluded.desired,
             reasons = excluded.reasons, settings_version = excluded.settings_version,
             concluded_at = clock_timestamp()
             WHERE (mine.desired, mine.reasons, mine.settings_version)
               IS DISTINCT FROM (excluded.desired, excluded.reasons, excluded.settings_version)""",
        type=object_type,
        rows=as_json(
            [{**row, "reasons": shape_table.reasons_body(row["reasons"])} for row in rows]
        ),
    )


def delete(tx: Transaction, object_type: str, record_ids: Collection[int]) -> None:
    """Delete the conclusions about records that are gone."""
    tx.run(
        """DELETE FROM conclusion WHERE portal_id = :portal AND object_type = :type
             AND record_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(record_ids),
    )


def carriers(tx: Transaction, object_type: str, names: Collection[str]) -> set[int]:
    """Return living records that show a value of these properties without our conclusion."""
    rows = tx.tuples(
        """SELECT record_id FROM record LEFT JOIN conclusion
             USING (portal_id, object_type, record_id)
           WHERE portal_id = :portal AND object_type = :type AND gone_at IS NULL
             -- The cheap question first: most records show none of these.
             AND jsonb_exists_any(record.properties, CAST(:names AS text[]))
             AND EXISTS (SELECT FROM unnest(CAST(:names AS text[])) AS name
               WHERE coalesce(record.properties ->> name, '') <> ''
                 AND NOT coalesce(jsonb_exists(desired, name), false))""",
        type=object_type,
        names=sorted(names),
    )
    return {row[0] for row in rows}


def by_value(tx: Transaction, object_type: str, name: str) -> dict[str, int]:
    """Count the values of one concluded property: deals by source, for example."""
    rows = tx.rows(
        """SELECT desired ->> CAST(:name AS text) AS value, count(*) AS n FROM conclusion
           WHERE portal_id = :portal AND object_type = :type
             AND desired ->> CAST(:name AS text) IS NOT NULL
           GROUP BY 1 ORDER BY n DESC, value""",
        type=object_type,
        name=name,
    )
    return {row["value"]: row["n"] for row in rows}
