"""A portal's connection to its CRM: one token and one allowance, shared by all processes."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from integration.core import logs
from integration.core.environment import Settings
from integration.core.errors import NeedsOwner, Retryable
from integration.core.vault import WrongKey
from integration.hubspot.gateway import HubSpot
from integration.hubspot.oauth import OAuth
from integration.hubspot.routes import ROUTES, Allowance
from integration.hubspot.wire import Wire
from integration.portal.runtime import Runtime
from integration.storage.database import Transaction
from integration.storage.service import allowances, tokens
from integration.storage.service.tokens import TokenRow

# A process may go on with a token it knows for so long before it looks at the row again.
REMEMBER_SECONDS = 60.0
SEARCHES_PER_SECOND = 4
_TOO_MANY = 429
_FIRST_BAD = 400
_HOLD_SECONDS: Mapping[str, float] = {"standard": 10.0, "search": 1.0}
_log = logs.get(__name__)


def oauth(settings: Settings) -> OAuth:
    """Return the app's own side of OAuth."""
    return OAuth(
        settings.hubspot_api_url,
        settings.hubspot_authorize_url,
        settings.hubspot_client_id,
        settings.client_secret,
        settings.redirect_url,
    )


@dataclass(frozen=True, slots=True)
class Connection:
    """A portal's gateway with the meter that counts its calls."""

    hubspot: HubSpot
    meter: "UsageMeter"

    def close(self, runtime: Runtime, portal_id: int) -> None:
        """Write the counts down and close the connections."""
        self.meter.settle(runtime, portal_id)
        self.hubspot.close()


def connect(runtime: Runtime, portal_id: int, *, lanes: int = 8) -> Connection:
    """Open the connection for this process; *lanes* calls may be under way at once."""
    meter = UsageMeter(lambda kind: _hold(runtime, portal_id, kind))
    limiter = RateLimiter(runtime, portal_id, meter)
    wire = Wire(
        runtime.settings.hubspot_api_url,
        TokenProvider(runtime, portal_id),
        limiter,
        on_call=meter.called,
        on_limits=limiter.learn_limits,
        pool_size=lanes,
    )
    return Connection(HubSpot(wire), meter)


class TokenProvider:
    """A portal's access token; of many processes that find it due, one refreshes it."""

    def __init__(self, runtime: Runtime, portal_id: int) -> None:
        self._runtime = runtime
        self._portal_id = portal_id
        self._lock = threading.Lock()
        self._known: tuple[str, float] | None = None

    def __call__(self, refused: str | None = None) -> str:
        """Return a usable token; with *refused*, another one than that.

        Raises :class:`NeedsOwner` when the portal cut the app off, :class:`Retryable` while
        that is not sure.
        """
        with self._lock:
            known = self._known
            if known and known[0] != refused and time.monotonic() < known[1]:
                return known[0]
            token = self._read(refused)
            self._known = (token, time.monotonic() + REMEMBER_SECONDS)
            return token

    def _read(self, refused: str | None) -> str:
        with self._runtime.database.service() as tx:
            row = _alive(tokens.read(tx, self._portal_id))
        token = self._open(row.sealed)["access"]
        if not row.is_due and token != refused:
            return token
        return self._refresh(refused)

    def _refresh(self, refused: str | None) -> str:
        """Refresh under the row's lock, in the transaction: see docs/decisions/0002."""
        with self._runtime.database.service() as tx:
            row = _alive(tokens.read(tx, self._portal_id, lock=True))
            known = self._open(row.sealed)
            if not row.is_due and known["access"] != refused:
                return known["access"]  # another process was faster
            if not row.may_ask_again:
                raise _refused_once()
            renewed = self._renew(tx, row, known["refresh"])
        if isinstance(renewed, str):
            return renewed
        # Raised behind the commit, for the next process must know of the refusal.
        if row.suspect_since:
            raise renewed
        raise _refused_once() from renewed

    def _renew(self, tx: Transaction, row: TokenRow, refresh_token: str) -> str | NeedsOwner:
        """Store a new access token, or HubSpot's refusal, and return it."""
        try:
            fresh = oauth(self._runtime.settings).refresh(refresh_token)
        except NeedsOwner as refusal:
            # One refusal may be a hiccup of HubSpot's; the second ends the connection.
            note = tokens.revoke if row.suspect_since else tokens.suspect
            note(tx, self._portal_id)
            return refusal
        pair = {"access": fresh.access_token, "refresh": fresh.refresh_token or refresh_token}
        sealed = self._runtime.vault.seal(self._portal_id, pair)
        tokens.save(tx, self._portal_id, sealed, lifetime=fresh.expires_in)
        return fresh.access_token

    def _open(self, sealed: bytes) -> dict[str, str]:
        try:
            return self._runtime.vault.open(self._portal_id, sealed)
        except WrongKey as trouble:
            # Our configuration, not the portal's doing: wait for the key to come back.
            raise Retryable(str(trouble), after=300) from trouble


def _alive(row: TokenRow | None) -> TokenRow:
    if row is None or row.state == "revoked":
        raise NeedsOwner("The connection to HubSpot has ended; reconnect the account at /install")
    return row


def _refused_once() -> Retryable:
    return Retryable(
        "HubSpot refused to renew the connection once; asked again in a minute", after=60
    )


class RateLimiter:
    """Reserves calls in the portal's shared allowance and waits for their time."""

    def __init__(self, runtime: Runtime, portal_id: int, meter: "UsageMeter") -> None:
        self._runtime = runtime
        self._portal_id = portal_id
        self._meter = meter
        self._per_window = runtime.settings.hubspot_rate_per_10s
        self._window = allowances.WINDOW_SECONDS

    def __call__(self, kind: Allowance, /) -> None:
        """Wait until one more call is allowed; Retryable when that would take too long."""
        if kind == "search":
            step, burst = 1.0 / SEARCHES_PER_SECOND, 1
        else:
            step, burst = allowances.step_seconds(self._per_window, self._window), allowances.BURST
        with self._runtime.database.portal(self._portal_id, durable=False) as tx:
            wait, reserved = allowances.reserve(tx, kind, step=step, burst=burst)
        if not reserved:
            raise Retryable("HubSpot's limit of calls for this account is used up", after=wait)
        if wait > 0:
            time.sleep(wait)
        self._meter.waited(wait)

    def learn_limits(self, limits: Mapping[str, int]) -> None:
        """Take over HubSpot's own limit: never plan with more than that."""
        allowed, interval = limits.get("Max"), limits.get("Interval-Milliseconds")
        if allowed and interval and interval >= 1000:  # noqa: PLR2004 - shorter ones are the old per-second headers
            scaled = int(allowed * allowances.WINDOW_SECONDS * 1000 / interval)
            self._per_window = min(self._runtime.settings.hubspot_rate_per_10s, scaled)


class UsageMeter:
    """Counts of calls by route; exact, and written down when the portal's context closes."""

    def __init__(self, hold: Callable[[Allowance], None]) -> None:
        self._lock = threading.Lock()
        self._hold = hold
        self._waited = threading.local()
        self.calls: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.waited_ms: Counter[str] = Counter()
        self.took_ms: Counter[str] = Counter()

    def waited(self, seconds: float) -> None:
        """Note how long this thread's next call had to wait for its turn."""
        self._waited.seconds = seconds

    def called(self, route: str, status: int, seconds: float) -> None:
        """Count one call; a 429 pauses all calls of the portal for a while."""
        with self._lock:
            self.calls[route] += 1
            self.errors[route] += status == 0 or status >= _FIRST_BAD
            self.took_ms[route] += round(seconds * 1000)
            self.waited_ms[route] += round(getattr(self._waited, "seconds", 0.0) * 1000)
        self._waited.seconds = 0.0
        if status == _TOO_MANY:
            self._hold(ROUTES[route].allowance)

    def total(self) -> int:
        """Return how many calls were made since the meter was made or settled."""
        with self._lock:
            return self.calls.total()

    def settle(self, runtime: Runtime, portal_id: int) -> None:
        """Add the counts to the portal's usage of today."""
        with self._lock:
            rows = [
                (route, count, self.errors[route], self.waited_ms[route], self.took_ms[route])
                for route, count in self.calls.items()
            ]
            for counter in (self.calls, self.errors, self.waited_ms, self.took_ms):
                counter.clear()
        if rows:
            with runtime.database.portal(portal_id) as tx:
                allowances.count(tx, rows)


def _hold(runtime: Runtime, portal_id: int, kind: Allowance) -> None:
    with runtime.database.portal(portal_id) as tx:
        allowances.hold(tx, kind, seconds=_HOLD_SECONDS[kind])
    _log.warning("hubspot said too many", portal_id=portal_id, kind=kind)
