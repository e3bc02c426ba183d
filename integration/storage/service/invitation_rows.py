"""Invitations (`invitation`): links that let one user of an account in, once, for some days.

Only hashes of their secrets are stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Row, Transaction
from mappings.kinds import Role

DAYS = 3
_COLUMNS = """invitation_id, user_id, email, role, was_mailed, made_by, made_at, ends_at,
  used_at IS NOT NULL AS is_used, ends_at <= clock_timestamp() AS is_over"""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that was sent to a user, or was given to an admin to send."""

    invitation_id: int
    user_id: int
    email: str
    role: Role
    was_mailed: bool
    made_by: str
    made_at: datetime
    ends_at: datetime
    is_used: bool
    is_over: bool


def make(
    tx: Transaction,
    secret_hash: bytes,
    user_id: int,
    email: str,
    role: Role,
    *,
    mailed: bool,
    by: str,
) -> None:
    """Invite a user; a link that they had before ends."""
    end_of_user(tx, user_id)
    tx.run(
        """INSERT INTO invitation (portal_id, secret_hash, user_id, email, role, was_mailed,
             made_by, ends_at)
           VALUES (:portal, :hash, :user, :email, :role, :mailed, :by,
             clock_timestamp() + make_interval(days => :days))""",
        hash=secret_hash,
        user=user_id,
        email=email,
        role=role.value,
        mailed=mailed,
        by=by,
        days=DAYS,
    )


def find(tx: Transaction, secret_hash: bytes) -> Invitation | None:
    """Return the invitation of a link, used or not."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM invitation WHERE portal_id = :portal AND secret_hash = :hash",
        hash=secret_hash,
    )
    return _invitation(row) if row else None


def use(tx: Transaction, secret_hash: bytes) -> bool:
    """Use up a link, once and in time; return whether it could be used."""
    return (
        tx.run(
            """UPDATE invitation SET used_at = clock_timestamp()
               WHERE portal_id = :portal AND secret_hash = :hash AND used_at IS NULL
                 AND ends_at > clock_timestamp()""",
            hash=secret_hash,
        )
        == 1
    )


def waiting(tx: Transaction) -> Sequence[Invitation]:
    """Return invitations that can still be used, the newest first."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM invitation WHERE portal_id = :portal AND used_at IS NULL
              AND ends_at > clock_timestamp() ORDER BY invitation_id DESC"""
    )
    return [_invitation(row) for row in rows]


def end(tx: Transaction, invitation_id: int) -> bool:
    """Take an unused invitation back; return whether there was one."""
    return (
        tx.run(
            """DELETE FROM invitation
               WHERE portal_id = :portal AND invitation_id = :number AND used_at IS NULL""",
            number=invitation_id,
        )
        == 1
    )


def end_of_user(tx: Transaction, user_id: int) -> None:
    """Take a user's unused invitations back."""
    tx.run(
        """DELETE FROM invitation
           WHERE portal_id = :portal AND user_id = :user AND used_at IS NULL""",
        user=user_id,
    )


def _invitation(row: Row) -> Invitation:
    return Invitation(
        invitation_id=row["invitation_id"],
        user_id=row["user_id"],
        email=row["email"],
        role=Role.of(row["role"]) or Role.SELLER,
        was_mailed=row["was_mailed"],
        made_by=row["made_by"],
        made_at=row["made_at"],
        ends_at=row["ends_at"],
        is_used=row["is_used"],
        is_over=row["is_over"],
    )
