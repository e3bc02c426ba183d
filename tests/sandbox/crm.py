"""HubSpot as one plain object: several portals, one app, events, tokens and trouble. No HTTP in here.

    hubspot = HubSpot(client_id="…", client_secret="…")
    harbor = hubspot.add_portal(4711, "Harbor")
    ana = harbor.create("contact", {"email": "ana@acme.example"}, at=datetime(2025, 3, 1, tzinfo=UTC))
    harbor.associate("contact", ana.id, "company", acme.id, primary=True)
    tokens = hubspot.install(4711)       # as if OAuth had been walked through
    harbor.update("contact", ana.id, {"email": "ana@new.example"})   # now emits webhook events
    hubspot.deliver()                                          # signed, batched, to hubspot.app.webhook_url

See portal.py for what a portal's users can do, README.md for the rest.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Unpack

from .account import Settings
from .events import SILENT, Subscription, Subscriptions, shape
from .oauth import Grant, Office
from .pipelines import Owner, Pipeline, Stage
from .portal import Missing, Portal
from .properties import Definition, Option
from .records import A_USER, TYPE_IDS, Json, Moment, Record, Source, iso, moment, object_type, to_ms
from .trouble import Trouble
from .webhooks import Courier, Report

__all__ = [
    "A_USER", "App", "Definition", "HubSpot", "Missing", "Moment", "Option", "Owner", "Pipeline", "Portal", "Quirks",
    "Record", "Source", "Stage", "iso", "moment", "object_type", "to_ms",
]  # fmt: skip

REQUIRED = (
    "oauth", "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.companies.read",
    "crm.objects.companies.write", "crm.objects.deals.read", "crm.objects.deals.write", "crm.schemas.contacts.write",
    "crm.schemas.companies.write", "crm.schemas.deals.write",
)  # fmt: skip
OPTIONAL = (
    "crm.objects.owners.read", "tickets", "crm.objects.feedback_submissions.read", "crm.lists.read", "crm.lists.write",
    "sales-email-read",
)  # fmt: skip


@dataclass(slots=True)
class App:
    """What HubSpot knows of the one app: credentials, scopes it declares, where it lives."""

    app_id: int = 7654321
    client_id: str = "3a7e9c04-5d1b-4f0e-8f57-0b6f1b0f2d11"
    client_secret: str = "7d1f0a52-4c1e-4b7e-9a53-2f6f0c8e11aa"
    required_scopes: Sequence[str] = REQUIRED
    optional_scopes: Sequence[str] = OPTIONAL
    redirect_urls: Sequence[str] = ("http://127.0.0.1:8000/oauth/callback",)
    webhook_url: str | None = None
    name: str = "Second Order"

    @property
    def source(self) -> Source:
        """How this app's own writes are marked in history and events."""
        return ("INTEGRATION", str(self.app_id))


@dataclass(slots=True)
class Quirks:
    """Switches for what is unverified about HubSpot, and for its moods."""

    batch_read_merged: str = "survivor"  # or "missing"
    batch_update_merged: str = "missing"  # or "survivor"
    update_trace_ids_help: bool = (
        False  # does objectWriteTraceId turn a failing update batch into a 207?
    )
    retry_after_on_429: bool = False
    association_ids_as_numbers: bool = False  # toObjectId 501 instead of "501"
    association_page: int = 500  # targets per record in a batch read before it pages
    association_repeats: int = 1  # how often an answer tells the same link
    event_type_key: str = "subscriptionType"  # or "eventType"
    merge_object_id: str = "new"  # objectId of merge events: "new" or "primary"
    merge_creates: bool = True  # does a merge also send creation of the third record?
    first_company_is_primary: bool = (
        True  # does the first company of a record become its primary one?
    )
    deletion_clears_company_id: bool = (
        False  # does a deleted company's id vanish from its contacts' associatedcompanyid?
    )
    primary_company_fires: bool = False  # does associatedcompanyid fire propertyChange?
    mix_portals: bool = False  # may one delivery hold events of several portals?
    search_lag: float = 0.0  # seconds until search sees a change
    history_versions: int | None = None  # how many versions of a property are returned
    feedback_needs_own_scope: bool = True  # or contacts.read is enough
    single_use_refresh: bool = False
    later_install_replaces: bool = (
        False  # does another run of the flow end the earlier refresh token?
    )
    token_seconds: int = 1800
    approve_at_once: bool = False  # the authorize page does not ask


@dataclass(slots=True)
class HubSpot:
    """All accounts, and the one app installed in some of them."""

    app: App = field(default_factory=App)
    quirks: Quirks = field(default_factory=Quirks)
    seed: int = 1
    portals: dict[int, Portal] = field(default_factory=dict)
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    queue: deque[Json] = field(default_factory=deque)  # events nobody has delivered yet
    lock: threading.RLock = field(default_factory=threading.RLock)
    skew: float = 0.0  # seconds added to the clock, see advance
    clock: Callable[[], float] = time.monotonic  # of windows, lags and redeliveries
    office: Office = field(init=False)
    trouble: Trouble = field(init=False)
    courier: Courier = field(init=False)
    _event_id: int = 1000

    def __post_init__(self) -> None:
        self.office = Office(self)
        self.trouble = Trouble(self.seed)
        self.courier = Courier(self)

    def add_portal(self, portal_id: int, name: str, **settings: Unpack[Settings]) -> Portal:
        """Open an account; keyword arguments as for Portal (currency, currencies, time_zone, service_hub, …)."""
        self.portals[portal_id] = Portal(self, portal_id, name, **settings)
        return self.portals[portal_id]

    def install(self, portal_id: int, scopes: Sequence[str] | None = None) -> Grant:
        """Install the app without the OAuth dance; the answer holds access_token and refresh_token."""
        return self.office.install(self.portals[portal_id], scopes)

    def uninstall(self, portal_id: int) -> None:
        """The customer removes the app: tokens die, nobody is told."""
        self.office.uninstall(portal_id)

    def installed(self, portal_id: int) -> bool:
        """Is the app connected to this portal?"""
        return self.office.installed(portal_id)

    def monotonic(self) -> float:
        """Seconds for windows and lags, with the skew."""
        return self.clock() + self.skew

    def time(self) -> float:
        """Seconds since 1970 for tokens and timestamps, with the skew."""
        return time.time() + self.skew

    def advance(self, seconds: float) -> None:
        """Let time pass for tokens, windows, lags and redeliveries."""
        self.skew += seconds

    def emit(
        self,
        portal: Portal,
        kind: str,
        of: str,
        fields: Mapping[str, object],
        *,
        ms: int,
        source: Source,
    ) -> None:
        """Queue an event once per matching subscription, if the app is installed in the portal."""
        if not self.installed(portal.id) or fields.get("propertyName") in SILENT:
            return
        name = fields.get("propertyName")
        for subscription in self.subscriptions.matching(
            kind, of, name if isinstance(name, str) else None
        ):
            self.queue.append(self._event(subscription, portal, ms, source, fields))

    def _event(
        self, subscription: Subscription, portal: Portal, ms: int, source: Source, fields: Mapping[str, object]
    ) -> Json:  # fmt: skip
        self._event_id += 1
        said = dict(fields) | {"changeSource": source[0]}
        if source[1] is not None:
            said["sourceId"] = source[1]
        return shape(
            subscription,
            said,
            event_id=self._event_id,
            portal_id=portal.id,
            app_id=self.app.app_id,
            at=ms,
        )

    def deliver(self, *, retries: bool = True) -> Report:
        """Send all queued events now, in this thread; with *retries* also the batches that failed before."""
        return self.courier.deliver(retries=retries)

    def types(self) -> tuple[str, ...]:
        """Names of the object types."""
        return tuple(TYPE_IDS)
