"""Sign-in: browsers on their way to HubSpot and back, and their sessions of one portal each."""

import hashlib
import re
import secrets
from dataclasses import dataclass, replace

from integration.portal import permissions
from integration.portal.permissions import Permission
from integration.portal.runtime import Runtime
from integration.storage.service import portal_users
from integration.storage.service import sessions as stored
from integration.storage.service.sessions import Journey, SessionRow
from mappings.kinds import Role

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in to a portal, which has HubSpot's name of a time zone.

    Its user has no role when an admin took it away. *others* are the browser's sessions of other
    accounts.
    """

    portal_id: int
    user_id: int
    csrf: str
    role: Role | None = None
    email: str = ""
    account: str = ""
    time_zone: str = ""
    others: tuple["Session", ...] = ()

    @property
    def actor(self) -> str:
        """The name of this person in audit lines: HubSpot's user id."""
        return f"user:{self.user_id}"

    def may(self, permission: Permission) -> bool:
        """Whether this user's role is allowed something."""
        return permissions.may(self.role, permission)

    def may_use(self, endpoint: str) -> bool:
        """Whether this user may open the page or press the button of a route."""
        return permissions.may_use(self.role, endpoint)


class BadState(Exception):
    """A browser came back from HubSpot with a state not its own; `why` is the reason's name."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def new_secret() -> str:
    """A secret of 256 bits that fits a cookie or an address."""
    return secrets.token_urlsafe(32)


def is_secret(text: str) -> bool:
    """Whether a text can be a secret of ours."""
    return bool(_SECRET.fullmatch(text))


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
    runtime: Runtime,
    portal_id: int,
    user_id: int,
    email: str,
    *,
    instead_of: str | None = None,
    is_invited: bool = False,
) -> str:
    """Open a session under a new secret and return that; the browser's other accounts move along.

    *instead_of* is the secret that the browser had. Whoever came by invitation cannot sign in
    again with HubSpot, so their sessions last longer.
    """
    secret = new_secret()
    with runtime.database.service() as tx:
        if instead_of:
            stored.move_sessions(tx, _hash(instead_of), _hash(secret), but=portal_id)
        stored.open_session(
            tx, _hash(secret), portal_id, user_id, new_secret(), is_invited=is_invited
        )
        portal_users.arrive(tx, portal_id, user_id, email)
    return secret


def find(runtime: Runtime, secret: str | None, *, portal_id: int | None = None) -> Session | None:
    """Return the session behind a cookie, or None when there is none or it has ended.

    Of several it is the one of *portal_id*, which counts as used now; otherwise the last used.
    """
    if not secret or not _SECRET.fullmatch(secret):
        return None
    with runtime.database.service() as tx:
        rows = stored.find_sessions(tx, _hash(secret))
        if not rows:
            return None
        visited = next((row for row in rows if row.portal_id == portal_id), rows[0])
        is_here = visited.portal_id == portal_id
        if visited.is_old or (is_here and visited is not rows[0]):
            stored.touch(tx, _hash(secret), visited.portal_id)
    others = tuple(_session(row) for row in rows if row is not visited)
    return replace(_session(visited), others=others)


def sign_out(runtime: Runtime, secret: str) -> None:
    """Sign a browser out of all its accounts."""
    with runtime.database.service() as tx:
        stored.close_session(tx, _hash(secret))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _session(row: SessionRow) -> Session:
    return Session(
        row.portal_id,
        row.user_id,
        row.csrf,
        role=row.role,
        email=row.email,
        account=str(row.account.get("name") or ""),
        time_zone=str(row.account.get("time_zone") or ""),
    )
