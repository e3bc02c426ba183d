"""Browsers (`oauth_state`, `browser_session`): on the way to HubSpot, and signed in.

Only hashes of their secrets are stored.
"""

from dataclasses import dataclass
from typing import Any

from integration.storage.database import Row, Transaction
from mappings.kinds import Role

STATE_MINUTES = 10
IDLE_MINUTES = 30
LONGEST_HOURS = 12
# Each return of an invited user costs an admin a new link.
INVITED_IDLE_MINUTES = 7 * 24 * 60
INVITED_HOURS = 30 * 24
_TOUCH_SECONDS = 60
_INSTALL_LOCK = 7301


@dataclass(frozen=True, slots=True)
class Journey:
    """A browser's trip to HubSpot's authorize page that came back."""

    purpose: str
    next_path: str | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser's session of one portal; without a role when it was taken away."""

    portal_id: int
    user_id: int
    csrf: str
    role: Role | None
    email: str
    account: dict[str, Any]
    is_old: bool


def begin_journey(
    tx: Transaction, state_hash: bytes, browser_hash: bytes, *, purpose: str, next_path: str | None
) -> None:
    """Record a browser that leaves for HubSpot; trips of yesterday are deleted."""
    tx.run("DELETE FROM oauth_state WHERE made_at < clock_timestamp() - interval '1 day'")
    tx.run(
        """INSERT INTO oauth_state (state_hash, browser_hash, purpose, next_path)
           VALUES (:state, :browser, :purpose, :next)""",
        state=state_hash,
        browser=browser_hash,
        purpose=purpose,
        next=next_path,
    )


def end_journey(tx: Transaction, state_hash: bytes, browser_hash: bytes) -> Journey | None:
    """Use up a state, once, by the browser it was made for and in time; None otherwise."""
    row = tx.one(
        """UPDATE oauth_state SET used_at = clock_timestamp()
           WHERE state_hash = :state AND browser_hash = :browser AND used_at IS NULL
             AND made_at > clock_timestamp() - make_interval(mins => :minutes)
           RETURNING purpose, next_path""",
        state=state_hash,
        browser=browser_hash,
        minutes=STATE_MINUTES,
    )
    return Journey(**row) if row else None


def why_not(tx: Transaction, state_hash: bytes) -> str:
    """Return why a browser's state is not valid: unknown, used, expired or other_browser."""
    row = tx.one(
        """SELECT used_at IS NOT NULL AS is_used,
             made_at <= clock_timestamp() - make_interval(mins => :minutes) AS is_expired
           FROM oauth_state WHERE state_hash = :state""",
        state=state_hash,
        minutes=STATE_MINUTES,
    )
    if row is None:
        return "unknown"
    if row["is_used"]:
        return "used"
    return "expired" if row["is_expired"] else "other_browser"


def open_session(
    tx: Transaction,
    session_hash: bytes,
    portal_id: int,
    user_id: int,
    csrf: str,
    *,
    is_invited: bool = False,
) -> None:
    """Sign a browser in; sessions that lasted their time are deleted."""
    tx.run("DELETE FROM browser_session WHERE made_at < clock_timestamp() - lasts")
    tx.run(
        """INSERT INTO browser_session (portal_id, session_hash, user_id, csrf, idle, lasts)
           VALUES (:portal_id, :hash, :user, :csrf, make_interval(mins => :idle),
             make_interval(hours => :longest))""",
        hash=session_hash,
        portal_id=portal_id,
        user=user_id,
        csrf=csrf,
        idle=INVITED_IDLE_MINUTES if is_invited else IDLE_MINUTES,
        longest=INVITED_HOURS if is_invited else LONGEST_HOURS,
    )


def move_sessions(tx: Transaction, old_hash: bytes, new_hash: bytes, *, but: int) -> None:
    """Let a browser's sessions of other portals than *but* go on under its new secret."""
    tx.run(
        "DELETE FROM browser_session WHERE session_hash = :old AND portal_id = :id",
        old=old_hash,
        id=but,
    )
    tx.run(
        "UPDATE browser_session SET session_hash = :new WHERE session_hash = :old",
        old=old_hash,
        new=new_hash,
    )


def find_sessions(tx: Transaction, session_hash: bytes) -> list[SessionRow]:
    """Return the living sessions of a browser, the last used first."""
    rows = tx.rows(
        """SELECT portal_id, browser_session.user_id, csrf, role, email, account,
             browser_session.seen_at < clock_timestamp() - make_interval(secs => :touch) AS is_old
           FROM browser_session JOIN portal USING (portal_id)
             LEFT JOIN portal_user USING (portal_id, user_id)
           WHERE session_hash = :hash AND made_at > clock_timestamp() - lasts
             -- Whoever works in one account is still there for the others.
             AND clock_timestamp() - idle < (
               SELECT max(seen_at) FROM browser_session WHERE session_hash = :hash)
           ORDER BY browser_session.seen_at DESC, made_at DESC""",
        hash=session_hash,
        touch=float(_TOUCH_SECONDS),
    )
    return [_session(row) for row in rows]


def touch(tx: Transaction, session_hash: bytes, portal_id: int) -> None:
    """Note that a session is used, and that its user is here."""
    tx.run(
        """UPDATE browser_session SET seen_at = clock_timestamp()
           WHERE session_hash = :hash AND portal_id = :id""",
        hash=session_hash,
        id=portal_id,
    )
    tx.run(
        """UPDATE portal_user SET seen_at = clock_timestamp()
           FROM browser_session AS session
           WHERE session.session_hash = :hash AND session.portal_id = :id
             AND portal_user.portal_id = session.portal_id
             AND portal_user.user_id = session.user_id""",
        hash=session_hash,
        id=portal_id,
    )


def close_session(tx: Transaction, session_hash: bytes) -> None:
    """Sign a browser out of every account; its cookie is worthless from now on."""
    tx.run("DELETE FROM browser_session WHERE session_hash = :hash", hash=session_hash)


def close_of_who_left(tx: Transaction) -> None:
    """Sign users out of the portal who are there in HubSpot no more."""
    tx.run(
        """DELETE FROM browser_session WHERE portal_id = :portal AND user_id IN (
             SELECT user_id FROM owner WHERE portal_id = :portal AND user_id IS NOT NULL
             GROUP BY user_id HAVING bool_and(is_archived))"""
    )


def lock_install(tx: Transaction, portal_id: int) -> None:
    """Make installs of one portal take turns until the transaction ends."""
    tx.run("SELECT pg_advisory_xact_lock(:lock, hashint8(:id))", lock=_INSTALL_LOCK, id=portal_id)


def _session(row: Row) -> SessionRow:
    return SessionRow(
        portal_id=row["portal_id"],
        user_id=row["user_id"],
        csrf=row["csrf"],
        role=Role.of(row["role"]),
        email=row["email"] or "",
        account=dict(row["account"]),
        is_old=row["is_old"],
    )
