"""Look-ups in the mirror for conclude: with former ids, by links, by one property, by name."""

from collections.abc import Collection
from typing import NamedTuple

from integration.storage.database import Transaction
from integration.storage.mirror.mirror import LINK_COLUMNS, RECORD_COLUMNS, MirroredRecord
from mappings.records.rows import Link


def load_with_former(
    tx: Transaction, object_type: str, record_ids: Collection[int]
) -> dict[int, MirroredRecord]:
    """Return the records in order, each with the ids that were merged into it."""
    if not record_ids:
        return {}
    rows = tx.tuples(
        f"""SELECT {RECORD_COLUMNS}, ARRAY(SELECT old_id FROM alias
              WHERE alias.portal_id = :portal AND alias.object_type = :type
                AND new_id = record_id ORDER BY old_id)
            FROM record WHERE portal_id = :portal AND object_type = :type
              AND record_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(record_ids),
    )
    return {row[1]: MirroredRecord(*row) for row in rows}


def load_linked(
    tx: Transaction, object_type: str, to_type: str, to_ids: Collection[int]
) -> dict[int, MirroredRecord]:
    """Return the living records of a type that lead to one of these."""
    if not to_ids:
        return {}
    rows = tx.tuples(
        f"""SELECT {RECORD_COLUMNS} FROM record
            WHERE portal_id = :portal AND object_type = :type AND gone_at IS NULL AND record_id IN (
              SELECT from_id FROM association WHERE portal_id = :portal AND to_type = :to
                AND to_id = ANY(CAST(:ids AS bigint[])) AND from_type = :type)""",
        type=object_type,
        to=to_type,
        ids=list(to_ids),
    )
    return {row[1]: MirroredRecord(*row) for row in rows}


def load_marked(
    tx: Transaction, object_type: str, record_ids: Collection[int], name: str
) -> dict[int, MirroredRecord]:
    """Return those of these living records that have, or had, a value in one property."""
    if not record_ids:
        return {}
    rows = tx.tuples(
        f"""SELECT {RECORD_COLUMNS} FROM record
            WHERE portal_id = :portal AND object_type = :type
              AND record_id = ANY(CAST(:ids AS bigint[]))
              AND gone_at IS NULL
              AND (jsonb_exists(properties, :name) OR jsonb_exists(history, :name))""",
        type=object_type,
        ids=list(record_ids),
        name=name,
    )
    return {row[1]: MirroredRecord(*row) for row in rows}


def values_of(
    tx: Transaction, object_type: str, record_ids: Collection[int], name: str
) -> dict[int, str]:
    """Return what one property says on those of these living records that have a value in it."""
    if not record_ids:
        return {}
    rows = tx.tuples(
        """SELECT record_id, properties ->> :name FROM record
           WHERE portal_id = :portal AND object_type = :type
             AND record_id = ANY(CAST(:ids AS bigint[]))
             AND gone_at IS NULL AND coalesce(properties ->> :name, '') <> ''""",
        type=object_type,
        ids=list(record_ids),
        name=name,
    )
    return dict(rows)


def links_around(
    tx: Transaction, object_type: str, record_ids: Collection[int], *others: str
) -> list[Link]:
    """Return the associations between these records and records of *others*, either way."""
    if not record_ids:
        return []
    rows = tx.tuples(
        f"""SELECT {LINK_COLUMNS} FROM association
            WHERE portal_id = :portal AND from_type = :type
              AND from_id = ANY(CAST(:ids AS bigint[])) AND to_type = ANY(CAST(:others AS text[]))
            UNION ALL
            SELECT {LINK_COLUMNS} FROM association
            WHERE portal_id = :portal AND to_type = :type
              AND to_id = ANY(CAST(:ids AS bigint[]))
              AND from_type = ANY(CAST(:others AS text[]))""",
        type=object_type,
        ids=list(record_ids),
        others=list(others),
    )
    return [Link(*row) for row in rows]


class Name(NamedTuple):
    """The parts of a record's name that HubSpot keeps."""

    object_type: str
    record_id: int
    first: str | None
    last: str | None
    name: str | None
    is_gone: bool
    gone_why: str | None
    lives_on: bool  # by itself, or in the record that it was merged into


def names(
    tx: Transaction,
    contact_ids: Collection[int],
    company_ids: Collection[int],
    deal_ids: Collection[int] = (),
) -> list[Name]:
    """Return the names of these contacts, companies and deals."""
    if not contact_ids and not company_ids and not deal_ids:
        return []
    rows = tx.tuples(
        """SELECT object_type, record_id, properties ->> 'firstname', properties ->> 'lastname',
             coalesce(properties ->> 'name', properties ->> 'dealname'),
             gone_at IS NOT NULL, gone_why,
             gone_at IS NULL OR EXISTS (
               SELECT FROM alias JOIN record AS survivor ON survivor.portal_id = :portal
                 AND survivor.object_type = alias.object_type
                 AND survivor.record_id = alias.new_id AND survivor.gone_at IS NULL
               WHERE alias.portal_id = :portal AND alias.object_type = record.object_type
                 AND alias.old_id = record.record_id)
           FROM record
           JOIN (SELECT 'contact' AS object_type, unnest(CAST(:contacts AS bigint[])) AS record_id
                 UNION ALL SELECT 'company', unnest(CAST(:companies AS bigint[]))
                 UNION ALL SELECT 'deal', unnest(CAST(:deals AS bigint[]))) AS t
             USING (object_type, record_id)
           WHERE portal_id = :portal""",
        contacts=list(contact_ids),
        companies=list(company_ids),
        deals=list(deal_ids),
    )
    return [Name(*row) for row in rows]
