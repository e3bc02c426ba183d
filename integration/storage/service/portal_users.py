"""Users of a portal (`portal_user`): the role of each, and when they were last here.

A row without a role is of somebody whose role was taken away: they do not begin anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Row, Transaction
from mappings.kinds import Role
from mappings.records import owners


@dataclass(frozen=True, slots=True)
class PortalUser:
    """A HubSpot user who was here, or was given a role; the name is HubSpot's, if it tells one.

    Whoever left the account in HubSpot has left; nobody has, as far as HubSpot does not tell.
    """

    user_id: int
    role: Role | None
    email: str
    name: str
    since: datetime
    given_by: str
    seen_at: datetime | None
    has_left: bool


# HubSpot's user behind an owner, as who is there if one of several owners is.
_OWNERS = """SELECT DISTINCT ON (user_id) user_id, first_name, last_name, email, is_archived
  FROM owner WHERE portal_id = :portal AND user_id IS NOT NULL
  ORDER BY user_id, is_archived, owner_id"""
_USER = f"""SELECT user_id, role,
    coalesce(nullif(portal_user.email, ''), whoever.email, '') AS email,
    first_name, last_name, since, given_by, seen_at, coalesce(is_archived, false) AS has_left
  FROM portal_user LEFT JOIN ({_OWNERS}) AS whoever USING (user_id)
  WHERE portal_user.portal_id = :portal"""


def every(tx: Transaction) -> Sequence[PortalUser]:
    """Return all users of the portal, the most powerful role first."""
    rows = tx.rows(f"{_USER} ORDER BY user_id")
    users = [_user(row) for row in rows]
    order = [*Role, None]
    return sorted(users, key=lambda user: (order.index(user.role), user.name.casefold()))


def find(tx: Transaction, user_id: int) -> PortalUser | None:
    """Return one user of the portal."""
    row = tx.one(f"{_USER} AND user_id = :user", user=user_id)
    return _user(row) if row else None


def names(tx: Transaction) -> Mapping[int, str]:
    """Return what all of the portal's users are called, and all of HubSpot's that are owners."""
    rows = tx.rows(
        f"""SELECT user_id, first_name, last_name,
              coalesce(nullif(portal_user.email, ''), whoever.email, '') AS email
            FROM (SELECT user_id, email FROM portal_user WHERE portal_id = :portal) AS portal_user
              FULL JOIN ({_OWNERS}) AS whoever USING (user_id)"""
    )
    return {row["user_id"]: _name(row) for row in rows}


def arrive(tx: Transaction, portal_id: int, user_id: int, email: str) -> None:
    """Note that a user signed in: whoever comes for the first time begins as a seller."""
    tx.run(
        """INSERT INTO portal_user (portal_id, user_id, role, email, seen_at)
           VALUES (:id, :user, :role, :email, clock_timestamp())
           ON CONFLICT (portal_id, user_id) DO UPDATE SET
             email = coalesce(nullif(excluded.email, ''), portal_user.email),
             seen_at = excluded.seen_at""",
        id=portal_id,
        user=user_id,
        role=Role.SELLER.value,
        email=email,
    )


def let_installer_in(tx: Transaction, portal_id: int, user_id: int, *, anew: bool) -> None:
    """Make whoever installs an admin, if the portal is installed *anew* or has no admin."""
    tx.run(
        """INSERT INTO portal_user (portal_id, user_id, role, given_by)
           SELECT :id, :user, :role, 'second-order'
           WHERE :anew OR NOT EXISTS (
             SELECT FROM portal_user WHERE portal_id = :id AND role = :role)
           ON CONFLICT (portal_id, user_id) DO UPDATE SET role = excluded.role,
             since = excluded.since, given_by = excluded.given_by
           WHERE portal_user.role IS DISTINCT FROM excluded.role""",
        id=portal_id,
        user=user_id,
        role=Role.ADMIN.value,
        anew=anew,
    )


def lock_admins(tx: Transaction) -> frozenset[int]:
    """Return the portal's admins; nobody else changes a role of the portal until we are done."""
    tx.run("SELECT FROM portal WHERE portal_id = :portal FOR UPDATE")
    rows = tx.tuples(
        "SELECT user_id FROM portal_user WHERE portal_id = :portal AND role = :role",
        role=Role.ADMIN.value,
    )
    return frozenset(user_id for (user_id,) in rows)


def give(tx: Transaction, user_id: int, role: Role | None, *, by: str, email: str = "") -> None:
    """Give a user a role, or take the one they have."""
    tx.run(
        """INSERT INTO portal_user (portal_id, user_id, role, email, given_by)
           VALUES (:portal, :user, :role, :email, :by)
           ON CONFLICT (portal_id, user_id) DO UPDATE SET role = excluded.role,
             email = coalesce(nullif(excluded.email, ''), portal_user.email),
             since = excluded.since, given_by = excluded.given_by
           WHERE portal_user.role IS DISTINCT FROM excluded.role""",
        user=user_id,
        role=role.value if role else None,
        email=email,
        by=by,
    )


def _user(row: Row) -> PortalUser:
    return PortalUser(
        user_id=row["user_id"],
        role=Role.of(row["role"]),
        email=row["email"],
        name=_name(row),
        since=row["since"],
        given_by=row["given_by"],
        seen_at=row["seen_at"],
        has_left=row["has_left"],
    )


def _name(row: Row) -> str:
    full = owners.full_name(row["first_name"] or "", row["last_name"] or "")
    return full or row["email"] or f"HubSpot user {row['user_id']}"
