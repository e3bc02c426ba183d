"""Codes of personal links (`referral_code`), and how many visits each had on which day.

Nothing is kept of who came: no address, no cookie, no browser.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from integration.storage.database import Row, Transaction

_NOW = "coalesce(alias.new_id, code.contact_id)"
_FROM = """referral_code AS code LEFT JOIN alias ON alias.portal_id = code.portal_id
  AND alias.object_type = 'contact' AND alias.old_id = code.contact_id"""
_COLUMNS = f"""code, {_NOW} AS contact_id, target, visits, public_name, made_by, made_at,
  revoked_by, revoked_at"""


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code as stored; `contact_id` is the record of today. `target` empty is the usual one."""

    code: str
    contact_id: int
    target: str
    visits: int
    public_name: str | None
    made_by: str
    made_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None


def add(tx: Transaction, codes: Mapping[int, str], *, target: str = "", by: str) -> int:
    """Keep new codes by contact; return how many. A code that is there already is left out."""
    return tx.run(
        """INSERT INTO referral_code (portal_id, code, contact_id, target, made_by)
           SELECT :portal, code, contact_id, :target, :by
           FROM unnest(CAST(:codes AS text[]), CAST(:contacts AS bigint[])) AS t (code, contact_id)
           ON CONFLICT DO NOTHING""",
        codes=list(codes.values()),
        contacts=list(codes),
        target=target,
        by=by,
    )


def revoke(tx: Transaction, code: str, *, by: str) -> int | None:
    """End a code; return whose it was, None if there is no such code that leads anywhere."""
    owner = tx.value(
        f"""WITH ended AS (
              UPDATE referral_code SET revoked_by = :by, revoked_at = clock_timestamp()
              WHERE portal_id = :portal AND code = :code AND revoked_at IS NULL RETURNING *)
            SELECT {_NOW} FROM {_FROM.replace("referral_code AS code", "ended AS code")}""",
        code=code,
        by=by,
    )
    return None if owner is None else int(owner)


def find(tx: Transaction, code: str) -> CodeRow | None:
    """Return one code, also a revoked one."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE code.portal_id = :portal AND code = :code", code=code
    )
    return CodeRow(**row) if row else None


def of_contacts(tx: Transaction, contact_ids: Collection[int]) -> list[CodeRow]:
    """Return all codes of these contacts and of records merged into them, the oldest first."""
    if not contact_ids:
        return []
    rows = tx.rows(
        f"""WITH mine AS (
              SELECT id FROM unnest(CAST(:ids AS bigint[])) AS id
              UNION SELECT old_id FROM alias
              WHERE portal_id = :portal AND object_type = 'contact'
                AND new_id = ANY(CAST(:ids AS bigint[])))
            SELECT {_COLUMNS} FROM {_FROM}
            WHERE code.portal_id = :portal AND contact_id IN (SELECT id FROM mine)
            ORDER BY made_at, code""",
        ids=list(contact_ids),
    )
    return [CodeRow(**row) for row in rows]


def revoked(tx: Transaction, codes: Collection[str]) -> dict[str, datetime]:
    """Return since when those of these codes lead nowhere that were revoked."""
    if not codes:
        return {}
    rows = tx.tuples(
        """SELECT code, revoked_at FROM referral_code
           WHERE portal_id = :portal AND code = ANY(CAST(:codes AS text[]))
             AND revoked_at IS NOT NULL""",
        codes=list(codes),
    )
    return dict(rows)


def owners(tx: Transaction) -> list[int]:
    """Return everybody who has a code that leads somewhere."""
    rows = tx.tuples(
        f"""SELECT DISTINCT {_NOW} FROM {_FROM}
            WHERE code.portal_id = :portal AND revoked_at IS NULL"""
    )
    return [row[0] for row in rows]


def without_code(tx: Transaction, roles: Sequence[str], *, limit: int) -> list[int]:
    """Return current records of people in these roles none of whose records ever had a code.

    Whose code was revoked gets no other by itself: somebody took it from them.
    """
    rows = tx.tuples(
        """WITH given AS MATERIALIZED (
             SELECT coalesce(alias.new_id, code.contact_id) AS contact_id
             FROM referral_code AS code LEFT JOIN alias ON alias.portal_id = code.portal_id
               AND alias.object_type = 'contact' AND alias.old_id = code.contact_id
             WHERE code.portal_id = :portal),
           holder AS MATERIALIZED (
             SELECT contact_id FROM given
             UNION SELECT mine.contact_id FROM given JOIN person AS theirs
               ON theirs.portal_id = :portal AND theirs.contact_id = given.contact_id
             JOIN person AS mine ON mine.portal_id = :portal AND mine.person_id = theirs.person_id)
           SELECT listed.contact_id FROM listed_contact AS listed
           WHERE listed.portal_id = :portal AND listed.role = ANY(CAST(:roles AS text[]))
             AND listed.contact_id NOT IN (SELECT contact_id FROM holder)
             AND NOT EXISTS (
               SELECT FROM conclusion WHERE conclusion.portal_id = :portal
                 AND conclusion.object_type = 'contact' AND record_id = listed.contact_id
                 AND jsonb_exists(desired, 'second_order_same_person'))
           ORDER BY listed.contact_id LIMIT :limit""",
        roles=list(roles),
        limit=limit,
    )
    return [row[0] for row in rows]


def visit(tx: Transaction, code: str, day: date) -> None:
    """Count one visit of a code on a day of the account."""
    tx.run(
        "UPDATE referral_code SET visits = visits + 1 WHERE portal_id = :portal AND code = :code",
        code=code,
    )
    tx.run(
        """INSERT INTO referral_visit AS kept (portal_id, code, day, visits)
           VALUES (:portal, :code, :day, 1)
           ON CONFLICT (portal_id, code, day) DO UPDATE SET visits = kept.visits + 1""",
        code=code,
        day=day,
    )


def visits_by_day(tx: Transaction, codes: Collection[str]) -> list[Row]:
    """Return the visits of these codes, by day, the newest first."""
    return list(
        tx.rows(
            """SELECT day, sum(visits)::bigint AS visits FROM referral_visit
               WHERE portal_id = :portal AND code = ANY(CAST(:codes AS text[]))
               GROUP BY day ORDER BY day DESC""",
            codes=list(codes),
        )
    )


def name_in_public(tx: Transaction, code: str, name: str | None) -> bool:
    """Say what a person agreed to be called in public, None for nothing; False for no such code."""
    return (
        tx.run(
            """UPDATE referral_code SET public_name = :name
               WHERE portal_id = :portal AND code = :code""",
            code=code,
            name=name,
        )
        > 0
    )


def alive(rows: Iterable[CodeRow]) -> list[CodeRow]:
    """Those that lead somewhere."""
    return [row for row in rows if row.revoked_at is None]
