"""Persons (`person`) and identity keys (`identity_key`), and what rests on their contacts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from integration.storage.database import AS_WRITTEN, Row, Transaction, as_json
from mappings.rules.text.folding import LONGEST
from mappings.stored.shape_table import body_of

IdentityKey = tuple[str, str]


def replace_keys(tx: Transaction, keys: Mapping[int, Collection[IdentityKey]]) -> None:
    """Make these the identity keys of each contact."""
    rows = as_json(
        [
            {"kind": kind, "value": value, "id": contact_id}
            for contact_id, identity_keys in keys.items()
            for kind, value in identity_keys
        ]
    )
    if _any_keys(tx, keys):  # the first import has none, and pays for no comparison
        tx.run(
            """DELETE FROM identity_key AS old
               WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))
                 AND (kind, value, contact_id) NOT IN (
                   SELECT kind, value, id FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                     AS t(kind text, value text, id bigint))""",
            ids=list(keys),
            rows=rows,
        )
    tx.run(
        """INSERT INTO identity_key (portal_id, kind, value, contact_id)
           SELECT :portal, kind, value, id FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(kind text, value text, id bigint) ON CONFLICT DO NOTHING""",
        rows=rows,
    )


def _any_keys(tx: Transaction, keys: Mapping[int, Collection[IdentityKey]]) -> bool:
    return bool(
        tx.value(
            """SELECT EXISTS (SELECT FROM identity_key WHERE portal_id = :portal
                 AND contact_id = ANY(CAST(:ids AS bigint[])))""",
            ids=list(keys),
        )
    )


def blocking_keys(
    tx: Transaction, contact_ids: Collection[int], kinds: Collection[str], *, widest: int
) -> dict[IdentityKey, tuple[int, ...]]:
    """Return which contacts share which key with these.

    Of a key that more than *widest* contacts share, nobody is returned: it is no evidence.
    Looked up key by key (hence LATERAL with a LIMIT): a portal that PostgreSQL has not counted
    yet would have every key compared with every other.
    """
    if not contact_ids:
        return {}
    rows = tx.tuples(
        """WITH mine AS MATERIALIZED (
             SELECT DISTINCT kind, value FROM identity_key
             WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))
               AND kind = ANY(:kinds))
           SELECT kind, value, CASE WHEN cardinality(ids) <= :widest THEN ids END AS ids
           FROM mine CROSS JOIN LATERAL (
             SELECT array_agg(contact_id) AS ids FROM (
               SELECT contact_id FROM identity_key AS other
               WHERE other.portal_id = :portal AND other.kind = mine.kind
                 AND other.value = mine.value
               LIMIT :widest + 1) AS few) AS them
           WHERE cardinality(ids) > 1""",
        ids=list(contact_ids),
        kinds=list(kinds),
        widest=widest,
    )
    return {(kind, value): tuple(ids or ()) for kind, value, ids in rows}


def name_bearers(
    tx: Transaction, keys: Collection[IdentityKey], contact_ids: Collection[int]
) -> dict[int, set[IdentityKey]]:
    """Return which of these contacts hold which of these keys."""
    rows = tx.tuples(
        f"""SELECT t.kind, t.value, contact_id
            FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS t(kind, value)
            CROSS JOIN LATERAL (
              SELECT contact_id FROM identity_key AS mine
              WHERE mine.portal_id = :portal AND mine.kind = t.kind
                AND mine.value = t.value {AS_WRITTEN}) AS them
            WHERE contact_id = ANY(CAST(:ids AS bigint[]))""",
        kinds=[kind for kind, _ in keys],
        values=[value for _, value in keys],
        ids=list(contact_ids),
    )
    by_contact: dict[int, set[IdentityKey]] = {}
    for kind, value, contact in rows:
        by_contact.setdefault(contact, set()).add((kind, value))
    return by_contact


_NAMED = ("firstname", "lastname", "email", "hs_additional_emails", "hs_linkedin_url")


def names(tx: Transaction, contact_ids: Collection[int]) -> dict[int, dict[str, str | None]]:
    """Return the properties of contacts from which their names are read, and no others."""
    if not contact_ids:
        return {}
    rows = tx.tuples(
        """SELECT record_id, firstname, lastname, email, hs_additional_emails, hs_linkedin_url
           FROM record CROSS JOIN LATERAL jsonb_to_record(properties) AS t(
             firstname text, lastname text, email text, hs_additional_emails text,
             hs_linkedin_url text)
           WHERE portal_id = :portal AND object_type = 'contact'
             AND record_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(contact_ids),
    )
    return {row[0]: dict(zip(_NAMED, row[1:], strict=True)) for row in rows}


def holders(tx: Transaction, kind: str, values: Collection[str]) -> dict[str, int]:
    """Return how many contacts hold each of these keys."""
    if not values:
        return {}
    rows = tx.rows(
        """SELECT value, count(*) AS n FROM identity_key
           WHERE portal_id = :portal AND kind = :kind AND value = ANY(CAST(:values AS text[]))
           GROUP BY value""",
        kind=kind,
        values=list(values),
    )
    return {row["value"]: row["n"] for row in rows}


def counts_of(
    tx: Transaction, keys: Collection[IdentityKey], *, most: int
) -> dict[IdentityKey, int]:
    """Return how many contacts hold each of these keys; no more than *most* are counted of one."""
    if not keys:
        return {}
    wanted = sorted(keys)
    rows = tx.tuples(
        """SELECT kind, value, n
           FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS t(kind, value)
           CROSS JOIN LATERAL (
             SELECT count(*) AS n FROM (
               SELECT FROM identity_key AS mine
               WHERE portal_id = :portal AND mine.kind = t.kind AND mine.value = t.value
               LIMIT :most) AS bounded) AS counted""",
        kinds=[kind for kind, _ in wanted],
        values=[value for _, value in wanted],
        most=most,
    )
    return {(kind, value): n for kind, value, n in rows}


def beginning_so(tx: Transaction, kind: str, beginnings: Collection[str]) -> dict[str, int]:
    """Return how many keys of a kind begin with each of these small letters; _MANY at most."""
    if not beginnings:
        return {}
    wanted = sorted(beginnings)
    rows = tx.tuples(
        """SELECT t.low, n
           FROM unnest(CAST(:lows AS text[]), CAST(:highs AS text[])) AS t(low, high)
           CROSS JOIN LATERAL (
             SELECT count(*) AS n FROM (
               SELECT FROM identity_key AS mine
               WHERE portal_id = :portal AND mine.kind = :kind
                 AND mine.value >= t.low AND mine.value < t.high
               LIMIT :most) AS bounded) AS counted""",
        kind=kind,
        lows=wanted,
        highs=[_after(beginning) for beginning in wanted],
        most=_MANY,
    )
    return dict(rows)


def _after(beginning: str) -> str:
    """A word behind all that begin so, as an upper bound that an index knows; letters are small."""
    stem = beginning.rstrip("z")
    # Nothing comes after z but more of it, and no name is that long.
    return stem[:-1] + chr(ord(stem[-1]) + 1) if stem else "z" * _LONGER


_LONGER = LONGEST + 1
_MANY = 200_000  # beyond this a name's rarity hardly depends on the number


def known(tx: Transaction) -> int:
    """Return how many contacts have an identity key; no more than *most* are counted."""
    return int(
        tx.value(
            """SELECT count(*) FROM (SELECT FROM identity_key
                 WHERE portal_id = :portal AND kind = 'contact' AND value = ''
                 LIMIT :most) AS bounded""",
            most=_MANY,
        )
    )


def keys_of(tx: Transaction, contact_ids: Collection[int]) -> dict[int, set[IdentityKey]]:
    """Return every identity key of these contacts."""
    rows = tx.tuples(
        """SELECT contact_id, kind, value FROM identity_key
           WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(contact_ids),
    )
    by_contact: dict[int, set[IdentityKey]] = {}
    for contact, kind, value in rows:
        by_contact.setdefault(contact, set()).add((kind, value))
    return by_contact


def with_keys(tx: Transaction, keys: Iterable[IdentityKey]) -> dict[IdentityKey, tuple[int, ...]]:
    """Return the contacts that hold each key."""
    wanted = sorted(set(keys))
    rows = tx.rows(
        """SELECT kind, value, ids
           FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS t(kind, value)
           CROSS JOIN LATERAL (
             SELECT array_agg(contact_id ORDER BY contact_id) AS ids FROM identity_key AS mine
             WHERE mine.portal_id = :portal AND mine.kind = t.kind AND mine.value = t.value) AS them
           WHERE ids IS NOT NULL""",
        kinds=[kind for kind, _ in wanted],
        values=[value for _, value in wanted],
    )
    return {(row["kind"], row["value"]): tuple(row["ids"]) for row in rows}


def persons_of(tx: Transaction, contact_ids: Collection[int]) -> dict[int, int]:
    """Map contacts to their person; a contact that was never concluded about has none."""
    if not contact_ids:
        return {}
    rows = tx.rows(
        """SELECT contact_id, person_id FROM person
           WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(contact_ids),
    )
    return {row["contact_id"]: row["person_id"] for row in rows}


def members(tx: Transaction, person_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """Map persons to all their contacts."""
    if not person_ids:
        return {}
    rows = tx.rows(
        """SELECT person_id, array_agg(contact_id ORDER BY contact_id) AS ids FROM person
           WHERE portal_id = :portal AND person_id = ANY(CAST(:ids AS bigint[]))
           GROUP BY person_id""",
        ids=list(person_ids),
    )
    return {row["person_id"]: tuple(row["ids"]) for row in rows}


def groups(
    tx: Transaction, contact_ids: Collection[int]
) -> tuple[dict[int, int], dict[int, tuple[int, ...]]]:
    """Map these contacts and all others of the same persons to persons, and those back."""
    if not contact_ids:
        return {}, {}
    rows = tx.tuples(
        """SELECT contact_id, person_id FROM person WHERE portal_id = :portal AND person_id IN (
             SELECT person_id FROM person
             WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[])))
           ORDER BY contact_id""",
        ids=list(contact_ids),
    )
    by_person: dict[int, list[int]] = {}
    for contact_id, person_id in rows:
        by_person.setdefault(person_id, []).append(contact_id)
    return dict(rows), {person_id: tuple(ids) for person_id, ids in by_person.items()}


def memberships(tx: Transaction, contact_ids: Collection[int]) -> dict[int, Row]:
    """Return whole rows of persons, with the reasons why the records belong together."""
    rows = tx.rows(
        """SELECT contact_id, person_id, because FROM person
           WHERE portal_id = :portal AND person_id IN (
             SELECT person_id FROM person
             WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[])))""",
        ids=list(contact_ids),
    )
    return {row["contact_id"]: row for row in rows}


def store_persons(
    tx: Transaction, rows: Sequence[Mapping[str, Any]], *, gone: Collection[int] = ()
) -> None:
    """Write the person of each contact; *gone* contacts have none."""
    if gone:
        tx.run(
            """DELETE FROM person
               WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
            ids=list(gone),
        )
    if rows:
        tx.run(
            """INSERT INTO person AS mine (portal_id, contact_id, person_id, because)
               SELECT :portal, contact_id, person_id, because
               FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                 AS t(contact_id bigint, person_id bigint, because jsonb)
               ON CONFLICT (portal_id, contact_id) DO UPDATE
                 SET person_id = excluded.person_id, because = excluded.because""",
            rows=as_json([_person_row(row) for row in rows]),
        )


def _person_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "because": [body_of(link) for link in row["because"]]}


def came_to(
    tx: Transaction, company_id: int, since: datetime, until: datetime, most: int
) -> set[int]:
    """Return contacts of a company whose records were made in a period, the earliest *most*."""
    rows = tx.tuples(
        """SELECT DISTINCT record_id, created_at FROM association
           JOIN record ON record.portal_id = :portal AND object_type = 'contact'
             AND record_id = from_id
           WHERE association.portal_id = :portal AND to_type = 'company' AND to_id = :company
             AND from_type = 'contact' AND created_at BETWEEN :since AND :until AND gone_at IS NULL
           ORDER BY created_at, record_id LIMIT :most""",
        company=company_id,
        since=since,
        until=until,
        most=most,
    )
    return {row[0] for row in rows}


def deals_resting_on(tx: Transaction, contact_ids: Collection[int]) -> set[int]:
    """Return the deals that have one of these contacts among their sources."""
    if not contact_ids:
        return set()
    rows = tx.rows(
        """SELECT DISTINCT deal_id FROM source
           WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(contact_ids),
    )
    return {row["deal_id"] for row in rows}


def texts(tx: Transaction, contact_ids: Collection[int], name: str) -> dict[int, str]:
    """Return one property's text of living contacts; those without any are left out."""
    if not contact_ids:
        return {}
    rows = tx.rows(
        """SELECT record_id, properties ->> CAST(:name AS text) AS text FROM record
           WHERE portal_id = :portal AND object_type = 'contact'
             AND record_id = ANY(CAST(:ids AS bigint[]))
             AND gone_at IS NULL AND properties ->> CAST(:name AS text) <> ''""",
        name=name,
        ids=list(contact_ids),
    )
    return {row["record_id"]: row["text"] for row in rows}


def with_texts(tx: Transaction, contact_ids: Collection[int], names: Collection[str]) -> set[int]:
    """Return the contacts with text in these properties, or a label to another contact."""
    if not contact_ids:
        return set()
    rows = tx.rows(
        """SELECT record_id AS id FROM record
           WHERE portal_id = :portal AND object_type = 'contact'
             AND record_id = ANY(CAST(:ids AS bigint[]))
             AND EXISTS (
               SELECT FROM unnest(CAST(:names AS text[])) AS name WHERE properties ->> name <> '')
           UNION
           SELECT from_id FROM association WHERE portal_id = :portal AND from_type = 'contact'
             AND to_type IN ('contact', 'company') AND from_id = ANY(CAST(:ids AS bigint[]))
             AND category <> 'HUBSPOT_DEFINED'""",
        ids=list(contact_ids),
        names=list(names),
    )
    return {row["id"] for row in rows}
