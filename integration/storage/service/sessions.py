"""Browsers (`oauth_state`, `browser_session`): on the way to HubSpot, and signed in.

Only hashes of their secrets are stored.
"""

from dataclasses import dataclass

from integration.storage.database import Transaction

STATE_MINUTES = 10
IDLE_MINUTES = 30
LONGEST_HOURS = 12
_TOUCH_SECONDS = 60
_INSTALL_LOCK = 7301


@dataclass(frozen=True, slots=True)
class Journey:
    """A browser's trip to HubSpot's authorize page that came back."""

    purpose: str
    next_path: str | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A signed-in browser as stored."""

    portal_id: int
    user_id: int | None
    csrf: str
    time_zone: str = ""


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
    tx: Transaction, session_hash: bytes, portal_id: int, user_id: int | None, csrf: str
) -> None:
    """Sign a browser in; ended sessions are deleted."""
    tx.run(
        """DELETE FROM browser_session
           WHERE seen_at < clock_timestamp() - make_interval(mins => :idle)
             OR made_at < clock_timestamp() - make_interval(hours => :longest)""",
        idle=IDLE_MINUTES,
        longest=LONGEST_HOURS,
    )
    tx.run(
        """INSERT INTO browser_session (portal_id, session_hash, user_id, csrf)
           VALUES (:portal_id, :hash, :user, :csrf)""",
        hash=session_hash,
        portal_id=portal_id,
        user=user_id,
        csrf=csrf,
    )


def find_session(tx: Transaction, session_hash: bytes) -> SessionRow | None:
    """Return a session that is alive, and note once a minute that it was used."""
    row = tx.one(
        """SELECT portal_id, user_id, csrf,
             (SELECT account ->> 'time_zone' FROM portal
              WHERE portal.portal_id = browser_session.portal_id) AS time_zone,
             seen_at < clock_timestamp() - make_interval(secs => :touch) AS is_old
           FROM browser_session WHERE session_hash = :hash
             AND seen_at > clock_timestamp() - make_interval(mins => :idle)
             AND made_at > clock_timestamp() - make_interval(hours => :longest)""",
        hash=session_hash,
        touch=float(_TOUCH_SECONDS),
        idle=IDLE_MINUTES,
        longest=LONGEST_HOURS,
    )
    if row is None:
        return None
    if row["is_old"]:
        tx.run(
            "UPDATE browser_session SET seen_at = clock_timestamp() WHERE session_hash = :hash",
            hash=session_hash,
        )
    return SessionRow(row["portal_id"], row["user_id"], row["csrf"], row["time_zone"] or "")


def close_session(tx: Transaction, session_hash: bytes) -> None:
    """Sign a browser out; its cookie is worthless from now on."""
    tx.run("DELETE FROM browser_session WHERE session_hash = :hash", hash=session_hash)


def lock_install(tx: Transaction, portal_id: int) -> None:
    """Make installs of one portal take turns until the transaction ends."""
    tx.run("SELECT pg_advisory_xact_lock(:lock, hashint8(:id))", lock=_INSTALL_LOCK, id=portal_id)
