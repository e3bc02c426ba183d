"""Inbound keys: the secret by which a survey tool or a product proves whose portal it feeds."""

import base64
import contextlib
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integration.core.errors import Refused
from integration.core.vault import WrongKey
from integration.portal.context import PortalContext
from integration.portal.runtime import Runtime
from integration.storage.database import Transaction
from integration.storage.service import inbound_key_rows, portals, settings_versions

# Long enough to enter a new key in every tool that shows the old one.
GRACE = timedelta(days=7)
_SECRET_BYTES = 32
_SOURCE = re.compile(r"[a-z0-9_-]{1,40}")
_BEARER = re.compile(r"Bearer (\d{1,18})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class InboundKey:
    """A portal's key, and until when the one before counts.

    The key is None when no key in TOKEN_KEYS opens it.
    """

    key: str | None = field(repr=False)
    former_until: datetime | None = None

    @property
    def signing_secret(self) -> str | None:
        """The secret by which a product signs what it sends instead of showing the key."""
        return signing_secret(self.key) if self.key else None


def portal_of(runtime: Runtime, authorization: str | None) -> int | None:
    """Return the portal whose key this header holds, or None; raises Retryable without database."""
    shown = _BEARER.fullmatch(authorization or "")
    if shown is None:
        return None
    portal_id, key = int(shown[1]), f"{shown[1]}.{shown[2]}"
    with runtime.database.portal(portal_id) as tx:
        kept = [stored.digest for stored in inbound_key_rows.valid(tx)] or _first_digests(
            tx, runtime
        )
    return portal_id if _digest(key) in kept else None


def current(portal: PortalContext) -> InboundKey:
    """Return the portal's key for people to read."""
    with portal.transaction() as tx:
        kept = inbound_key_rows.valid(tx)
    if not kept:
        return InboundKey(_first_key(portal.runtime, portal.portal_id))
    former = [stored.ends_at for stored in kept if stored.ends_at is not None]
    try:
        opened = portal.runtime.vault.open(portal.portal_id, kept[0].sealed)
    except WrongKey:
        return InboundKey(None, max(former, default=None))
    return InboundKey(opened["inlet"], max(former, default=None))


def signing_secret(key: str) -> str:
    """Return the secret by which a product signs what it sends, in the form of Standard Webhooks.

    It follows from the inbound key, so that it is renewed with it and ends with it.
    """
    return f"whsec_{base64.b64encode(hmac.digest(key.encode(), b'usage', 'sha256')).decode()}"


def signing_secrets(runtime: Runtime, portal_id: int) -> list[str]:
    """Return the signing secrets that count now; none where no key of ours opens them."""
    with runtime.database.portal(portal_id) as tx:
        kept = inbound_key_rows.valid(tx)
        if not kept:
            has_settings = settings_versions.newest(tx).number > 0
            return [signing_secret(_first_key(runtime, portal_id))] if has_settings else []
    secrets_of = []
    for stored in kept:
        with contextlib.suppress(WrongKey):
            opened = runtime.vault.open(portal_id, stored.sealed)
            secrets_of.append(signing_secret(opened["inlet"]))
    return secrets_of


def renew(portal: PortalContext, *, actor: str, grace: timedelta = GRACE) -> InboundKey:
    """Give the portal a new key; the one before counts until *grace* is over.

    Raises Refused for a portal that has not installed the app, or has left.
    """
    with portal.transaction() as tx:
        inbound_key_rows.take_turns(tx)
        account = portals.find(tx, portal.portal_id)
        if account is None or account.state == "uninstalled":
            raise Refused(
                f"Portal {portal.portal_id} has not installed the app: it has no inbound key"
            )
        ensure(tx, portal.runtime)
        inbound_key_rows.end_all(tx, grace=grace)
        _keep(tx, portal.runtime, _fresh_key(tx.portal_id))
        inbound_key_rows.prune(tx)
        portals.note(tx, actor, "renewed the inbound key", grace_days=grace // timedelta(days=1))
    return current(portal)


def ensure(tx: Transaction, runtime: Runtime) -> None:
    """Keep a key for the portal: the one its tools already have, a fresh one if it is new."""
    if inbound_key_rows.valid(tx):
        return
    has_settings = settings_versions.newest(tx).number > 0
    key = _first_key(runtime, tx.portal_id) if has_settings else _fresh_key(tx.portal_id)
    _keep(tx, runtime, key)


def reseal(runtime: Runtime, portal_id: int) -> int:
    """Seal the portal's keys with the newest token key; return how many there are."""
    with runtime.database.portal(portal_id) as tx:
        kept = inbound_key_rows.valid(tx)
        for stored in kept:
            # A row that belongs elsewhere must not get a fresh seal.
            runtime.vault.open(portal_id, stored.sealed)
            inbound_key_rows.reseal(tx, stored.digest, runtime.vault.reseal(stored.sealed))
    return len(kept)


def source_name(kind: str, name: str) -> str:
    """Return a sender's name in the inbox; raises Refused for one that no address can have."""
    if not _SOURCE.fullmatch(name):
        raise Refused("A source is named by 1 to 40 of a-z, 0-9, - and _")
    return f"{kind}:{name}"


def _keep(tx: Transaction, runtime: Runtime, key: str) -> None:
    sealed = runtime.vault.seal(tx.portal_id, {"inlet": key})
    inbound_key_rows.add(tx, digest=_digest(key), sealed=sealed)


def _first_digests(tx: Transaction, runtime: Runtime) -> list[bytes]:
    """Return the digest of the first key of a portal set up before keys were kept.

    No other portal's key can be worked out.
    """
    if settings_versions.newest(tx).number == 0:
        return []
    return [_digest(_first_key(runtime, tx.portal_id))]


def _first_key(runtime: Runtime, portal_id: int) -> str:
    """Return the key of versions that kept none, worked out from SECRET_KEY: tools have it."""
    secret = hashlib.sha256(runtime.settings.secret_key.encode()).digest()
    mac = hmac.digest(secret, f"inlet:{portal_id}".encode(), "sha256")
    return f"{portal_id}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def _fresh_key(portal_id: int) -> str:
    return f"{portal_id}.{secrets.token_urlsafe(_SECRET_BYTES)}"


def _digest(key: str) -> bytes:
    # A plain hash will do: what is hashed is random, and too long to be guessed.
    return hashlib.sha256(key.encode()).digest()
