"""Sign-in: browsers on their way to HubSpot and back, and sessions of one portal each."""

import hashlib
import re
import secrets
from dataclasses import dataclass

from integration.portal.runtime import Runtime
from integration.storage.service import sessions as stored
from integration.storage.service.sessions import Journey

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in to one portal, which has HubSpot's name of a time zone."""

    portal_id: int
    user_id: int | None
    csrf: str
    time_zone: str = ""

    @property
    def actor(self) -> str:
        """The name of this person in audit lines: HubSpot's user id."""
        return f"user:{self.user_id}" if self.user_id else "user:unknown"


class BadState(Exception):
    """A browser came back from HubSpot with a state not its own; `why` is the reason's name."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def new_secret() -> str:
    """A secret of 256 bits that fits a cookie or an address."""
    return secrets.token_urlsafe(32)


def depart(
    runtime: Runtime, browser: str | None, *, purpose: str, next_path: str | None
) -> tuple[str, str]:
    """Let a browser leave for HubSpot; return its state and the secret its cookie must bring back.

    *next_path* was checked to be a return address.
    A browser keeps its secret over several tries, so that two tabs do not spoil each other.
    """
    state = new_secret()
    if browser is None or not _SECRET.fullmatch(browser):
        browser = new_secret()
    with runtime.database.service() as tx:
        stored.begin_journey(tx, _hash(state), _hash(browser), purpose=purpose, next_path=next_path)
    return state, browser


def arrive(runtime: Runtime, state: str | None, browser: str | None) -> Journey:
    """Use up the state a browser brings back. Raises :class:`BadState` with the reason."""
    if not state:
        raise BadState("missing")
    if not _SECRET.fullmatch(state):
        raise BadState("unknown")
    with runtime.database.service() as tx:
        # A trip that ended took the browser's cookie with it: who loads its page again has none.
        journey = stored.end_journey(tx, _hash(state), _hash(browser)) if browser else None
        if journey is None:
            raise BadState(stored.why_not(tx, _hash(state)))
    return journey


def sign_in(
    runtime: Runtime, portal_id: int, user_id: int | None, *, instead_of: str | None = None
) -> str:
    """Open a session under a new id, close the one it replaces, and return the cookie's secret."""
    secret = new_secret()
    with runtime.database.service() as tx:
        if instead_of:
            stored.close_session(tx, _hash(instead_of))
        stored.open_session(tx, _hash(secret), portal_id, user_id, new_secret())
    return secret


def find(runtime: Runtime, secret: str | None) -> Session | None:
    """Return the session behind a cookie, or None when there is none or it has ended."""
    if not secret or not _SECRET.fullmatch(secret):
        return None
    with runtime.database.service() as tx:
        row = stored.find_session(tx, _hash(secret))
    return Session(row.portal_id, row.user_id, row.csrf, row.time_zone) if row else None


def sign_out(runtime: Runtime, secret: str) -> None:
    """End a session."""
    with runtime.database.service() as tx:
        stored.close_session(tx, _hash(secret))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
