"""Readiness (`readiness`): whom to ask now and who waits or rests, as concluded by company."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from integration.storage.database import Row, Transaction, as_json
from mappings.rules.success.readiness import Readiness

_KEY = "company_id, contact_id"
_VALUES = """person_id, state, because, gates, opens_at, win_key, win_points, sentiment_points,
  health_points, relationship_points"""
_TYPES = """company_id bigint, contact_id bigint, person_id bigint, state text, because text,
  gates text[], opens_at timestamptz, win_key text, win_points int, sentiment_points int,
  health_points int, relationship_points int"""
_TOLD = "state, because"


@dataclass(frozen=True, slots=True)
class Judged:
    """The readiness of one person's record at one company."""

    company_id: int
    contact_id: int
    person_id: int
    readiness: Readiness


def store(tx: Transaction, company_ids: Collection[int], judged: Iterable[Judged]) -> set[int]:
    """Make these the rows of the companies; return the contacts whose state or reason changed.

    A row that stays as it is is not written.
    """
    rows = as_json([_plain(one) for one in judged])
    told = {
        (row[0], row[1]): row[2:]
        for row in tx.tuples(
            f"""SELECT {_KEY}, {_TOLD} FROM readiness
                WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))""",
            ids=list(company_ids),
        )
    }
    gone = tx.tuples(
        f"""DELETE FROM readiness AS mine
            WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))
              AND NOT EXISTS (
                SELECT FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t({_TYPES})
                WHERE (t.company_id, t.contact_id) = (mine.company_id, mine.contact_id))
            RETURNING {_KEY}""",
        ids=list(company_ids),
        rows=rows,
    )
    written = tx.tuples(
        f"""INSERT INTO readiness AS mine (portal_id, {_KEY}, {_VALUES})
            SELECT :portal, {_KEY}, {_VALUES}
            FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t({_TYPES})
            ON CONFLICT (portal_id, company_id, contact_id)
            DO UPDATE SET ({_VALUES}) = ({_excluded()})
              WHERE ({_mine()}) IS DISTINCT FROM ({_excluded()})
            RETURNING {_KEY}, {_TOLD}""",
        rows=rows,
    )
    changed = {(row[0], row[1]) for row in written if told.get((row[0], row[1])) != row[2:]}
    return {contact_id for _, contact_id in changed.union((row[0], row[1]) for row in gone)}


def _names() -> list[str]:
    return [name.strip() for name in _VALUES.split(",")]


def _mine() -> str:
    return ", ".join(f"mine.{name}" for name in _names())


def _excluded() -> str:
    return ", ".join(f"excluded.{name}" for name in _names())


def of_contacts(tx: Transaction, contact_ids: Collection[int]) -> dict[int, list[Row]]:
    """Return state and reason of these contacts at each of their companies."""
    found: dict[int, list[Row]] = {}
    if not contact_ids:
        return found
    rows = tx.rows(
        f"""SELECT {_KEY}, {_TOLD} FROM readiness
            WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))
            ORDER BY company_id, contact_id""",
        ids=list(contact_ids),
    )
    for row in rows:
        found.setdefault(row["contact_id"], []).append(row)
    return found


def lock(tx: Transaction, company_id: int, contact_id: int) -> Row | None:
    """Return a person's row with the company's owner; nobody else works on the company's till then.

    None for who is not judged there.
    """
    tx.run(
        """SELECT FROM readiness WHERE portal_id = :portal AND company_id = :company
           ORDER BY contact_id FOR UPDATE""",
        company=company_id,
    )
    return tx.one(
        """SELECT state, because, win_key, owner_id FROM readiness
             LEFT JOIN listed_company USING (portal_id, company_id)
           WHERE portal_id = :portal AND company_id = :company AND contact_id = :contact""",
        company=company_id,
        contact=contact_id,
    )


def _plain(judged: Judged) -> Mapping[str, object]:
    found = judged.readiness
    points = {part.name: part.tenths if found.win else None for part in found.parts}
    return {
        "company_id": judged.company_id,
        "contact_id": judged.contact_id,
        "person_id": judged.person_id,
        "state": found.state.value,
        "because": found.because,
        "gates": [gate.kind.value for gate in found.gates],
        "opens_at": found.opens_at,
        "win_key": found.win.source if found.win else None,
        "win_points": points["win"],
        "sentiment_points": points["sentiment"],
        "health_points": points["health"],
        "relationship_points": points["relationship"],
    }
