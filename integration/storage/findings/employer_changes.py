"""Changes of employer (`passage`), and pairs of companies with a mass move (`migration`)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Transaction, as_json


@dataclass(frozen=True, slots=True)
class EmployerChange:
    """One change of employer of one person."""

    person_id: int
    from_company_id: int
    to_company_id: int
    at: datetime

    @property
    def pair(self) -> tuple[int, int]:
        """The former and the new company."""
        return self.from_company_id, self.to_company_id


def changes_of(tx: Transaction, person_ids: Collection[int]) -> set[EmployerChange]:
    """Return the changes of employer of these persons."""
    if not person_ids:
        return set()
    rows = tx.rows(
        """SELECT person_id, from_company_id, to_company_id, at FROM passage
           WHERE portal_id = :portal AND person_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(person_ids),
    )
    return {EmployerChange(**row) for row in rows}


def changes_between(tx: Transaction, pairs: Collection[tuple[int, int]]) -> list[EmployerChange]:
    """Return every person's changes between these pairs of companies."""
    rows = tx.rows(
        """SELECT person_id, from_company_id, to_company_id, at FROM passage
           JOIN unnest(CAST(:froms AS bigint[]), CAST(:tos AS bigint[]))
             AS t(from_company_id, to_company_id) USING (from_company_id, to_company_id)
           WHERE portal_id = :portal""",
        froms=[former_id for former_id, _ in pairs],
        tos=[new_id for _, new_id in pairs],
    )
    return [EmployerChange(**row) for row in rows]


def leavers(tx: Transaction, company_ids: Collection[int], crowd: int) -> list[EmployerChange]:
    """Return changes out of these companies where at least *crowd* persons went one way."""
    if not company_ids:
        return []
    rows = tx.rows(
        """SELECT person_id, from_company_id, to_company_id, at FROM passage
           WHERE portal_id = :portal AND from_company_id IN (
             SELECT from_company_id FROM passage
             WHERE portal_id = :portal AND from_company_id = ANY(CAST(:ids AS bigint[]))
             GROUP BY from_company_id, to_company_id HAVING count(DISTINCT person_id) >= :crowd)""",
        ids=list(company_ids),
        crowd=crowd,
    )
    return [EmployerChange(**row) for row in rows]


def replace_changes(
    tx: Transaction, *, gone: Collection[EmployerChange], new: Collection[EmployerChange]
) -> None:
    """Delete changes of employer and add others."""
    columns = "t(person_id bigint, from_company_id bigint, to_company_id bigint, at timestamptz)"
    if gone:
        tx.run(
            f"""DELETE FROM passage USING jsonb_to_recordset(CAST(:rows AS jsonb)) AS {columns}
                WHERE passage.portal_id = :portal AND passage.person_id = t.person_id
                  AND passage.from_company_id = t.from_company_id
                  AND passage.to_company_id = t.to_company_id
                  AND passage.at = t.at""",
            rows=as_json([_employer_change(change) for change in gone]),
        )
    if new:
        tx.run(
            f"""INSERT INTO passage (portal_id, person_id, from_company_id, to_company_id, at)
                SELECT :portal, person_id, from_company_id, to_company_id, at
                FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS {columns}
                ON CONFLICT DO NOTHING""",
            rows=as_json([_employer_change(change) for change in new]),
        )


def _employer_change(change: EmployerChange) -> dict[str, object]:
    return {
        "person_id": change.person_id,
        "from_company_id": change.from_company_id,
        "to_company_id": change.to_company_id,
        "at": change.at,
    }


def known_contacts(tx: Transaction, company_ids: Collection[int]) -> dict[int, int]:
    """Return how many contacts each company has, those that left it included."""
    rows = tx.rows(
        """SELECT id, (SELECT count(DISTINCT from_id) FROM association WHERE portal_id = :portal
                         AND to_type = 'company' AND to_id = id AND from_type = 'contact')
                    + (SELECT count(DISTINCT person_id) FROM passage WHERE portal_id = :portal
                         AND from_company_id = id) AS n
           FROM unnest(CAST(:ids AS bigint[])) AS id""",
        ids=list(set(company_ids)),
    )
    return {row["id"]: row["n"] for row in rows}


def mass_moves(tx: Transaction, company_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return the pairs of companies with a mass move out of one of these."""
    rows = tx.rows(
        """SELECT from_company_id, to_company_id FROM migration WHERE portal_id = :portal
             AND from_company_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(set(company_ids)),
    )
    return {(row["from_company_id"], row["to_company_id"]) for row in rows}


def replace_mass_moves(
    tx: Transaction, *, gone: Collection[tuple[int, int]], new: Collection[tuple[int, int]]
) -> None:
    """Write which pairs are no longer, and which are now, mass moves."""
    tx.many(
        """DELETE FROM migration
           WHERE portal_id = :portal AND from_company_id = :former AND to_company_id = :new""",
        [{"former": former_id, "new": new_id} for former_id, new_id in gone],
    )
    tx.many(
        """INSERT INTO migration (portal_id, from_company_id, to_company_id)
           VALUES (:portal, :former, :new)
           ON CONFLICT DO NOTHING""",
        [{"former": former_id, "new": new_id} for former_id, new_id in new],
    )
