"""Users of a portal (`portal_user`): the role of each, and when they were last here.

A row without a role is of somebody whose role was taken away: they do not begin anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Row, Transaction
from mappings.kinds import Role


@dataclass(frozen=True, slots=True)
class PortalUser:
    """A HubSpot user who was here, or was given a role."""

    user_id: int
    role: Role | None
    email: str
    since: datetime
    given_by: str
    seen_at: datetime | None


def every(tx: Transaction) -> Sequence[PortalUser]:
    """Return all users of the portal, whoever has had a role for longest first."""
    rows = tx.rows(
        """SELECT user_id, role, email, since, given_by, seen_at FROM portal_user
           WHERE portal_id = :portal ORDER BY role IS NULL, since, user_id"""
    )
    return [_user(row) for row in rows]


def find(tx: Transaction, user_id: int) -> PortalUser | None:
    """Return one user of the portal."""
    row = tx.one(
        """SELECT user_id, role, email, since, given_by, seen_at FROM portal_user
           WHERE portal_id = :portal AND user_id = :user""",
        user=user_id,
    )
    return _user(row) if row else None


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
        since=row["since"],
        given_by=row["given_by"],
        seen_at=row["seen_at"],
    )
