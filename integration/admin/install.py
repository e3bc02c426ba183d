"""Install and sign-in: a browser goes to HubSpot's page and comes back with a connection."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from integration.admin import detection, retention, sign_in
from integration.admin.provisioning import Provisioned, provision
from integration.admin.return_addresses import hubspot_address
from integration.core import logs
from integration.core.errors import NeedsOwner, RecordGone, Refused, Retryable, SecondOrderError
from integration.core.vault import WrongKey
from integration.hubspot.answer_shapes import Account
from integration.hubspot.faults import OurMistake
from integration.hubspot.oauth import Introspection, OAuth, Tokens
from integration.ingest import activities, backfill
from integration.portal import connection, feeds, inbound_keys, settings
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.storage.database import Transaction
from integration.storage.queue import import_runs, inbox, lanes
from integration.storage.service import portal_erasure, portals, tokens
from integration.storage.service import sessions as browsers
from integration.storage.service.sessions import Journey
from mappings.records.access import OPTIONAL_SCOPES, REQUIRED_SCOPES, Scope, missing_scopes

# As long as a browser may be kept waiting; the schedule erases what takes longer.
_ERASE_FOR = 10.0
INSTALL, SIGN_IN = "install", "signin"
_LANES_AT_ONCE = ("drain", "write")
_log = logs.get(__name__)


class MissingScopes(Refused):
    """The account was connected without permissions that nothing works without."""

    def __init__(self, scopes: Sequence[Scope]) -> None:
        super().__init__("The account did not grant " + ", ".join(scope.name for scope in scopes))
        self.scopes = tuple(scopes)


class NotInstalled(Refused):
    """Somebody signed in with an account that has not installed the app."""


class StillErasing(Refused):
    """The account's rows of an earlier installation are being erased; it can install afterwards."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send a browser, and the secret its cookie must bring back."""

    url: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A browser that came back from HubSpot: its portal, its next page, and its new session."""

    portal_id: int
    user_id: int
    next_path: str
    session: str = field(repr=False)


def begin(
    runtime: Runtime, browser: str | None, *, purpose: str, next_path: str | None = None
) -> Departure:
    """Send a browser to HubSpot's authorize page; only the trip itself is stored."""
    if not runtime.settings.hubspot_client_id or not runtime.settings.client_secret:
        raise Refused(
            "HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET are not set; see the operations page"
        )
    state, browser = sign_in.depart(runtime, browser, purpose=purpose, next_path=next_path)
    required = [scope.name for scope in REQUIRED_SCOPES]
    optional = [scope.name for scope in OPTIONAL_SCOPES]
    return Departure(
        connection.oauth(runtime.settings).authorize_page(state, required, optional), browser
    )


def complete(
    runtime: Runtime,
    *,
    state: str | None,
    code: str | None,
    browser: str | None,
    session: str | None = None,
) -> Arrival:
    """Finish a trip to HubSpot: install or sign in, and open a new session.

    Raises :class:`~integration.admin.sign_in.BadState`, :class:`MissingScopes`,
    :class:`NotInstalled`, :class:`StillErasing`, and what HubSpot's OAuth raises: Refused for a
    code that is used up or expired, Retryable when HubSpot is away.
    """
    journey = sign_in.arrive(runtime, state, browser)
    if not code:
        raise Refused("HubSpot sent no code")
    oauth = connection.oauth(runtime.settings)
    fresh = oauth.exchange(code)
    who = oauth.introspect(fresh.access_token)
    if not who.active or who.portal_id is None:
        raise Refused("HubSpot does not know the connection it just made")
    if who.user_id is None:
        raise Refused("HubSpot did not say which of its users you are")
    if journey.purpose == SIGN_IN:
        _check_installed(runtime, who.portal_id)
    else:
        _install(runtime, oauth, fresh, who)
    _name_account(runtime, who.portal_id, who.domain)
    secret = sign_in.sign_in(runtime, who.portal_id, who.user_id, who.user, instead_of=session)
    return Arrival(who.portal_id, who.user_id, _next(runtime, journey, who.portal_id), secret)


def cancel(runtime: Runtime, *, state: str | None, browser: str | None) -> None:
    """Use up the state of a trip that ended with HubSpot's error; a wrong state changes nothing."""
    try:
        sign_in.arrive(runtime, state, browser)
    except sign_in.BadState as bad:
        _log.info("refused trip without its state", why=bad.why)


def set_up(portal: PortalContext) -> Provisioned:
    """Make properties, detect the map, start the first import; each part only if it is still to do.

    Safe to repeat after it broke off anywhere. Raises what the gateway raises when HubSpot cannot
    be asked.
    """
    done = provision(portal)
    detection.first_settings(portal, done.definitions)
    if backfill.progress(portal) is None:
        backfill.begin(portal)
    with portal.transaction() as tx:
        lanes.want(tx, portal.portal_id, "import")
        portals.note(tx, "second-order", "set up", outcome=done.sentence())
    portal.runtime.queue.wake(portal.portal_id, "import")
    return done


def finish_set_up(portal: PortalContext) -> None:
    """Set up without a browser, where its trip broke off before.

    A refusal is noted for the home page, and raised as Retryable: nobody is there to ask.
    """
    try:
        set_up(portal)
    except (Refused, RecordGone, OurMistake) as refusal:
        _note_broken_set_up(portal, refusal)
        raise Retryable(str(refusal)) from refusal


def is_set_up(portal: PortalContext) -> bool:
    """Whether the install was finished: settings exist and an import was begun."""
    with portal.transaction() as tx:
        version = settings.read(tx).version
    return version > 0 and backfill.progress(portal) is not None


def _install(runtime: Runtime, oauth: OAuth, fresh: Tokens, who: Introspection) -> None:
    missing = missing_scopes(who.scopes)
    if missing:
        raise MissingScopes(missing)
    if fresh.refresh_token is None or who.portal_id is None:
        raise Refused("HubSpot sent no lasting connection")
    if not retention.go_on_erasing(runtime, who.portal_id, seconds=_ERASE_FOR):
        raise _still_erasing(who.portal_id)
    account = oauth.account(fresh.access_token)
    with open_portal(runtime, who.portal_id) as portal:
        connected = _connect(portal, fresh, who, account, dead=_dead_version(portal, oauth))
        if connected:
            _wake_lanes(portal)
        if connected or not is_set_up(portal):
            _set_up_or_note_why_not(portal)


def _dead_version(portal: PortalContext, oauth: OAuth) -> int | None:
    """The version of stored tokens that no longer work: HubSpot sends no notice of an uninstall."""
    with portal.transaction() as tx:
        row = tokens.read(tx, portal.portal_id)
    if row is None:
        return None
    try:
        known = portal.runtime.vault.open(portal.portal_id, row.sealed)
    except WrongKey:
        return row.version  # tokens that no key opens are of no use
    return None if oauth.introspect(known["refresh"], "refresh_token").active else row.version


def _connect(
    portal: PortalContext, fresh: Tokens, who: Introspection, account: Account, *, dead: int | None
) -> bool:
    """Keep portal and tokens in one transaction; False when a healthy connection stays instead.

    Of several users the first one's connection stays, unless the new one brings permissions it
    lacks.
    """
    actor = f"user:{who.user_id}"
    sealed = portal.runtime.vault.seal(
        portal.portal_id, {"access": fresh.access_token, "refresh": fresh.refresh_token or ""}
    )
    with portal.transaction() as tx:
        browsers.lock_install(tx, portal.portal_id)
        if portal_erasure.is_under_way(tx):
            raise _still_erasing(portal.portal_id)
        known = portals.find(tx, portal.portal_id)
        row = tokens.read(tx, portal.portal_id, lock=True)
        is_healthy = row is not None and row.state == "live" and row.version != dead
        if known and known.is_active and is_healthy and who.scopes <= known.scopes:
            portals.note(tx, actor, "connected again", kept=True)
            _reconcile_unless_under_way(tx)
            return False
        portals.install(
            tx,
            portal.portal_id,
            scopes=sorted(who.scopes),
            account=_kept_account(account),
            user_id=who.user_id,
        )
        tokens.save(tx, portal.portal_id, sealed, lifetime=fresh.expires_in)
        inbound_keys.ensure(tx, portal.runtime)
        _want_lanes(tx, portal.portal_id)
        if known:
            _make_up_for_absence(tx, who.scopes - known.scopes)
            feeds.look(tx, portal.runtime.now())
        portals.note(tx, actor, "reconnected" if known else "installed", scopes=sorted(who.scopes))
    return True


def _reconcile_unless_under_way(tx: Transaction) -> None:
    """Whoever installs once more wants things put right, also over a connection that works."""
    if import_runs.newest(tx) and not import_runs.running(tx):
        backfill.start_over(tx)
        lanes.want(tx, tx.portal_id, "import")


def _make_up_for_absence(tx: Transaction, granted: frozenset[str]) -> None:
    """Read everything once more: HubSpot told us nothing while the account was not connected.

    A run that began before may have read records that changed since, and has no streams for
    what *granted* scopes make readable.
    """
    if import_runs.newest(tx) is None:
        return  # the first set-up begins the import
    backfill.start_over(tx)
    activities.read_what_became_readable(tx, granted)


def _want_lanes(tx: Transaction, portal_id: int) -> None:
    lanes.clear_waits(tx, portal_id)
    for kind in _LANES_AT_ONCE:
        lanes.want(tx, portal_id, kind)
    # The set-up follows in this process and starts the import; should the process be killed before,
    # a worker does both.
    lanes.want(tx, portal_id, "import", after=60)


def _wake_lanes(portal: PortalContext) -> None:
    """Wake workers, also for what HubSpot sent before the install."""
    with portal.runtime.database.service() as tx:
        inbox.readdress(tx, portal.portal_id)
    for kind in _LANES_AT_ONCE:
        portal.runtime.queue.wake(portal.portal_id, kind)


def _still_erasing(portal_id: int) -> StillErasing:
    return StillErasing(
        f"What account {portal_id} left behind at its last uninstallation is still being erased."
        " Install again in some minutes; nothing of it will be used."
    )


def _set_up_or_note_why_not(portal: PortalContext) -> None:
    """Set up; the connection stays whatever fails, and the home page offers to finish."""
    try:
        set_up(portal)
    except NeedsOwner as trouble:
        with portal.transaction() as tx:
            portals.pause(tx, portal.portal_id, str(trouble))
            portals.note(tx, "second-order", "paused", reason=str(trouble))
    except SecondOrderError as trouble:
        _note_broken_set_up(portal, trouble)


def _note_broken_set_up(portal: PortalContext, trouble: SecondOrderError) -> None:
    _log.warning("set-up broke off", portal_id=portal.portal_id, reason=str(trouble))
    with portal.transaction() as tx:
        portals.note(tx, "second-order", "set-up broke off", reason=str(trouble))


def _check_installed(runtime: Runtime, portal_id: int) -> None:
    with runtime.database.portal(portal_id) as tx:
        installed = portals.find(tx, portal_id)
    if installed is None or installed.state == "uninstalled":
        raise NotInstalled(f"Account {portal_id} has not installed Second Order")


def _name_account(runtime: Runtime, portal_id: int, domain: str) -> None:
    if domain:
        with runtime.database.service() as tx:
            portals.name_account(tx, portal_id, domain)


def _next(runtime: Runtime, journey: Journey, portal_id: int) -> str:
    """The next page: one of the portal just signed in to, or HubSpot's, where an install began."""
    path, home = journey.next_path or "", f"/portals/{portal_id}/"
    if path.startswith(home):
        return path
    if journey.purpose != INSTALL:
        return home
    return hubspot_address(path, runtime.settings.hubspot_authorize_url) or home


def _kept_account(account: Account) -> dict[str, object]:
    return {
        "currency": account.currency,
        "additional_currencies": list(account.additional_currencies),
        "time_zone": account.time_zone,
        "account_type": account.account_type,
        "ui_domain": account.ui_domain,
    }
