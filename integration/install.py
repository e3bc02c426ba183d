"""Installing and signing in: a browser goes to HubSpot and comes back, and a portal is connected or known again."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from integration import access, backfill, detect, logs, sessions
from integration.errors import NeedsOwner, Refused, SecondOrderError
from integration.hubspot.oauth import Introspection, OAuth, Tokens
from integration.hubspot.told import Account
from integration.provision import Provisioned, provision
from integration.runtime import Runtime
from integration.scope import PortalScope, portal_scope
from integration.storage import inbox, lanes, portals, tokens
from integration.storage import sessions as browsers
from integration.vault import WrongKey
from mappings.records.access import OPTIONAL_SCOPES, REQUIRED_SCOPES, Scope, missing_scopes

INSTALL, SIGN_IN = "install", "signin"
_log = logs.get(__name__)


class MissingScopes(Refused):
    """The account was connected without permissions we cannot work without."""

    def __init__(self, scopes: Sequence[Scope]) -> None:
        super().__init__("The account did not grant " + ", ".join(scope.name for scope in scopes))
        self.scopes = tuple(scopes)


class NotInstalled(Refused):
    """Somebody signed in with an account that has not installed the app."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send a browser, and the secret its cookie must bring back."""

    url: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A browser that came back well: whose portal, where to go on, and what its new session is."""

    portal_id: int
    user_id: int | None
    next_path: str
    session: str = field(repr=False)


def begin(runtime: Runtime, browser: str | None, *, purpose: str, next_path: str | None = None) -> Departure:
    """Send a browser to HubSpot's authorize page; nothing but the trip itself is remembered."""
    if not runtime.settings.hubspot_client_id or not runtime.settings.client_secret:
        raise Refused("HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET are not set; see the operations page")
    state, browser = sessions.depart(runtime, browser, purpose=purpose, next_path=next_path)
    required = [scope.name for scope in REQUIRED_SCOPES]
    optional = [scope.name for scope in OPTIONAL_SCOPES]
    return Departure(access.oauth(runtime.settings).authorize_page(state, required, optional), browser)


def complete(
    runtime: Runtime, *, state: str | None, code: str | None, browser: str | None, session: str | None = None
) -> Arrival:
    """Finish a trip to HubSpot: install or sign in, and open a new session.

    Raises :class:`~integration.sessions.BadState`, :class:`MissingScopes`, :class:`NotInstalled`, and what
    HubSpot's OAuth raises: Refused for a code that is no good, Retryable when HubSpot is away.
    """
    journey = sessions.arrive(runtime, state, browser)
    if not code:
        raise Refused("HubSpot sent no code")
    oauth = access.oauth(runtime.settings)
    fresh = oauth.exchange(code)
    who = oauth.introspect(fresh.access_token)
    if not who.active or who.portal_id is None:
        raise Refused("HubSpot does not know the connection it just made")
    if journey.purpose == SIGN_IN:
        _check_installed(runtime, who.portal_id)
    else:
        _install(runtime, oauth, fresh, who)
    secret = sessions.sign_in(runtime, who.portal_id, who.user_id, instead_of=session)
    return Arrival(who.portal_id, who.user_id, _next(journey.next_path, who.portal_id), secret)


def cancel(runtime: Runtime, *, state: str | None, browser: str | None) -> None:
    """Use up the state of a trip that HubSpot answered with an error; a wrong state changes nothing."""
    try:
        sessions.arrive(runtime, state, browser)
    except sessions.BadState as bad:
        _log.info("refused trip without its state", why=bad.why)


def set_up(scope: PortalScope) -> Provisioned:
    """Make properties, detect the map, start the first import; every part only if it is still to do.

    Safe to repeat after it broke off anywhere. Raises what the gateway raises when HubSpot cannot be asked.
    """
    done = provision(scope)
    detect.first_settings(scope, done.definitions)
    if backfill.progress(scope) is None:
        backfill.begin(scope)
    with scope.transaction() as tx:
        lanes.want(tx, scope.portal_id, "import")
        portals.note(tx, "second-order", "set up", outcome=done.sentence())
    scope.runtime.queue.wake(scope.portal_id, "import")
    return done


def is_set_up(scope: PortalScope) -> bool:
    """Whether the install was finished: settings exist and an import was begun."""
    with scope.transaction() as tx:
        version, _ = portals.settings(tx)
    return version > 0 and backfill.progress(scope) is not None


def _install(runtime: Runtime, oauth: OAuth, fresh: Tokens, who: Introspection) -> None:
    missing = missing_scopes(who.scopes)
    if missing:
        raise MissingScopes(missing)
    if fresh.refresh_token is None or who.portal_id is None:
        raise Refused("HubSpot sent no lasting connection")
    account = oauth.account(fresh.access_token)
    with portal_scope(runtime, who.portal_id) as scope:
        kept = _store(scope, fresh, who, account, dead=_dead_version(scope, oauth))
        if kept and is_set_up(scope):
            return
        _set_up_or_say_why_not(scope)


def _dead_version(scope: PortalScope, oauth: OAuth) -> int | None:
    """The version of the tokens we hold when they are good for nothing; nobody tells us of an uninstall."""
    with scope.transaction() as tx:
        row = tokens.read(tx, scope.portal_id)
    if row is None:
        return None
    try:
        known = scope.runtime.vault.open(scope.portal_id, row.sealed)
    except WrongKey:
        return row.version  # a connection we cannot open is none
    return None if oauth.introspect(known["refresh"], "refresh_token").active else row.version


def _store(scope: PortalScope, fresh: Tokens, who: Introspection, account: Account, *, dead: int | None) -> bool:
    """Keep portal and tokens in one transaction; say whether a healthy connection was there and stays.

    Of several users the first one's connection stays, unless the new one brings permissions it lacks.
    """
    runtime, actor = scope.runtime, f"user:{who.user_id}"
    sealed = runtime.vault.seal(scope.portal_id, {"access": fresh.access_token, "refresh": fresh.refresh_token or ""})
    with scope.transaction() as tx:
        browsers.lock_install(tx, scope.portal_id)
        known = portals.find(tx, scope.portal_id)
        row = tokens.read(tx, scope.portal_id, lock=True)
        healthy = row is not None and row.state == "live" and row.version != dead
        if known and known.is_active and healthy and who.scopes <= known.scopes:
            portals.note(tx, actor, "connected again", kept=True)
            return True
        portals.install(
            tx, scope.portal_id, scopes=sorted(who.scopes), account=_kept_account(account), user_id=who.user_id
        )
        tokens.save(tx, scope.portal_id, sealed, lifetime=fresh.expires_in)
        lanes.clear_waits(tx, scope.portal_id)
        for kind in ("drain", "write"):
            lanes.want(tx, scope.portal_id, kind)
        # The rest of the set-up follows at once; should this process not live to do it, a worker does.
        lanes.want(tx, scope.portal_id, "import", after=60)
        portals.note(tx, actor, "reconnected" if known else "installed", scopes=sorted(who.scopes))
    with runtime.database.service() as tx:
        inbox.readdress(tx, scope.portal_id)
    for kind in ("drain", "write"):
        runtime.queue.wake(scope.portal_id, kind)
    return False


def _set_up_or_say_why_not(scope: PortalScope) -> None:
    """The connection stands whatever becomes of the rest; the home page offers to finish it."""
    try:
        set_up(scope)
    except NeedsOwner as trouble:
        with scope.transaction() as tx:
            portals.pause(tx, scope.portal_id, str(trouble))
            portals.note(tx, "second-order", "paused", reason=str(trouble))
    except SecondOrderError as trouble:
        _log.warning("set-up broke off", portal_id=scope.portal_id, reason=str(trouble))
        with scope.transaction() as tx:
            portals.note(tx, "second-order", "set-up broke off", reason=str(trouble))


def _check_installed(runtime: Runtime, portal_id: int) -> None:
    with runtime.database.portal(portal_id) as tx:
        portal = portals.find(tx, portal_id)
    if portal is None or portal.state == "uninstalled":
        raise NotInstalled(f"Account {portal_id} has not installed Second Order")


def _next(path: str | None, portal_id: int) -> str:
    """Where to go on: only ever to a page of the portal just signed in to."""
    home = f"/portals/{portal_id}/"
    return path if path and path.startswith(home) else home


def _kept_account(account: Account) -> dict[str, object]:
    return {
        "currency": account.currency,
        "additional_currencies": list(account.additional_currencies),
        "time_zone": account.time_zone,
        "account_type": account.account_type,
        "ui_domain": account.ui_domain,
    }
