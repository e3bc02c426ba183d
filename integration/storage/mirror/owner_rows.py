"""Owners (`owner`): names and teams of the users whom records belong to, also of those who left."""

from collections.abc import Iterable, Mapping, Sequence

from integration.storage.database import Row, Transaction, as_json
from mappings.records.owners import Owner, Team
from mappings.records.rows import RefPair

_COLUMNS = """owner_id, user_id, email, first_name, last_name, team_ids, team_names,
  is_archived"""


def replace(tx: Transaction, owners: Sequence[Owner]) -> None:
    """Store what HubSpot tells of all owners; one that it no longer tells of counts as archived."""
    rows = [
        {
            "owner_id": owner.owner_id,
            "user_id": owner.user_id,
            "email": owner.email,
            "first_name": owner.first_name,
            "last_name": owner.last_name,
            "team_ids": [team.team_id for team in owner.teams],
            "team_names": [team.name for team in owner.teams],
            "is_archived": owner.is_archived,
        }
        for owner in owners
    ]
    tx.run(
        f"""INSERT INTO owner (portal_id, {_COLUMNS})
            SELECT :portal, {_COLUMNS} FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
              owner_id bigint, user_id bigint, email text, first_name text, last_name text,
              team_ids text[], team_names text[], is_archived boolean)
            ON CONFLICT (portal_id, owner_id) DO UPDATE SET
              user_id = coalesce(excluded.user_id, owner.user_id), email = excluded.email,
              first_name = excluded.first_name, last_name = excluded.last_name,
              team_ids = excluded.team_ids, team_names = excluded.team_names,
              is_archived = excluded.is_archived""",
        rows=as_json(rows),
    )
    tx.run(
        """UPDATE owner SET is_archived = true
           WHERE portal_id = :portal AND owner_id <> ALL(CAST(:known AS bigint[]))
             AND NOT is_archived""",
        known=[owner.owner_id for owner in owners],
    )


def every(tx: Transaction) -> Mapping[int, Owner]:
    """Return all owners of the portal by id; some thousands at most."""
    rows = tx.rows(f"SELECT {_COLUMNS} FROM owner WHERE portal_id = :portal ORDER BY owner_id")
    return {row["owner_id"]: _owner(row) for row in rows}


def one(tx: Transaction, owner_id: int) -> Owner | None:
    """Return an owner; None for a number that HubSpot never told of."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM owner WHERE portal_id = :portal AND owner_id = :id", id=owner_id
    )
    return _owner(row) if row else None


def of_user(tx: Transaction, user_id: int) -> Sequence[Owner]:
    """Return the owners that are one user of HubSpot's."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM owner WHERE portal_id = :portal AND user_id = :user
            ORDER BY is_archived, owner_id""",
        user=user_id,
    )
    return [_owner(row) for row in rows]


def owned_by(tx: Transaction, user_id: int, records: Iterable[RefPair]) -> set[RefPair]:
    """Return those of the records that belong to a user of HubSpot's."""
    wanted = sorted(set(records))
    rows = tx.tuples(
        """SELECT object_type, record_id FROM record
             JOIN unnest(CAST(:types AS text[]), CAST(:ids AS bigint[]))
               AS wanted(object_type, record_id) USING (object_type, record_id)
           WHERE portal_id = :portal AND properties ->> 'hubspot_owner_id' IN (
             SELECT CAST(owner_id AS text) FROM owner
             WHERE portal_id = :portal AND user_id = :user AND NOT is_archived)""",
        types=[object_type for object_type, _ in wanted],
        ids=[record_id for _, record_id in wanted],
        user=user_id,
    )
    return set(rows)


def _owner(row: Row) -> Owner:
    return Owner(
        row["owner_id"],
        row["user_id"],
        row["email"],
        row["first_name"],
        row["last_name"],
        tuple(map(Team, row["team_ids"], row["team_names"])),
        is_archived=row["is_archived"],
    )
