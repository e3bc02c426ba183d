"""Survey sources: the surveys that tools send, and the secrets that prove their messages."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from integration.core.errors import Refused
from integration.core.vault import WrongKey
from integration.portal import inbound_keys
from integration.portal.context import PortalContext
from integration.portal.runtime import Runtime
from integration.storage.database import Transaction
from integration.storage.service import inbound_key_rows, portals, survey_source_rows
from integration.storage.service.survey_source_rows import StoredSecret, StoredSource
from mappings.records import survey_tools
from mappings.records.survey_tools import ChosenFields, Survey, Tool

# Long enough to enter a new secret in every tool that shows the old one.
GRACE: Final = inbound_keys.GRACE
KIND: Final = "survey"
MOST: Final = 50
_SECRET_BYTES: Final = 32
_SHORTEST_SECRET: Final = 16
_LONGEST_SECRET: Final = 200
_LONGEST_FIELD: Final = 200


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves a message of one survey: its tool's signature by any of these secrets."""

    tool: Tool
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SurveySource:
    """A survey for people to look at.

    The secret is None when no key in TOKEN_KEYS opens it. Until *former_until* the one before it
    counts, too.
    """

    name: str
    tool: Tool
    fields: ChosenFields
    secret: str | None = field(repr=False)
    former_until: datetime | None = None


def proof_of(runtime: Runtime, portal_id: int, name: str) -> Proof | None:
    """Return what proves a survey's messages; None for a survey that nobody set up.

    Raises Retryable without database.
    """
    with runtime.database.portal(portal_id) as tx:
        stored = survey_source_rows.of_source(tx, name)
    if stored is None:
        return None
    tool, kept = stored
    opened = (_opened(runtime, portal_id, secret) for secret in kept)
    return Proof(survey_tools.tool_of(tool), tuple(secret for secret in opened if secret))


def surveys(tx: Transaction) -> dict[str, Survey]:
    """Return how the messages of each source in the inbox are read."""
    return {
        inbound_keys.source_name(KIND, stored.source): Survey(
            survey_tools.tool_of(stored.tool), stored.fields
        )
        for stored in survey_source_rows.every(tx)
    }


def every(portal: PortalContext) -> list[SurveySource]:
    """Return the portal's surveys with their secrets, for admins to read."""
    with portal.transaction() as tx:
        sources = survey_source_rows.every(tx)
        kept = survey_source_rows.secrets(tx)
    by_source: dict[str, list[StoredSecret]] = {}
    for secret in kept:
        by_source.setdefault(secret.source, []).append(secret)
    return [_shown(portal, stored, by_source.get(stored.source, [])) for stored in sources]


def add(
    portal: PortalContext, name: str, tool: str, fields: ChosenFields, secret: str, *, actor: str
) -> None:
    """Set a survey up; an empty secret is made up. Raises Refused with what is wrong."""
    inbound_keys.source_name(KIND, name)
    if not survey_tools.is_known(tool):
        raise Refused("Choose the tool that sends the answers")
    checked, own = _checked(fields), _checked_secret(tool, secret)
    with portal.transaction() as tx:
        _take_turns(tx)
        if len(survey_source_rows.every(tx)) >= MOST:
            raise Refused(f"An account has at most {MOST} surveys; remove one first")
        if not survey_source_rows.add(tx, name, tool, checked, made_by=actor):
            raise Refused(f"There is a survey {name} already: change it, or choose another name")
        _keep(tx, portal.runtime, name, own)
        portals.note(tx, actor, "set up a survey", source=name, tool=tool)


def change(portal: PortalContext, name: str, fields: ChosenFields, *, actor: str) -> None:
    """Say which questions are what; what was set aside is read by it when it is replayed."""
    checked = _checked(fields)
    with portal.transaction() as tx:
        if not survey_source_rows.change(tx, name, checked):
            raise Refused(_gone(name))
        portals.note(tx, actor, "changed the fields of a survey", source=name)


def renew(
    portal: PortalContext, name: str, secret: str, *, actor: str, grace: timedelta = GRACE
) -> None:
    """Give a survey a new secret, a made-up one if empty; the one before counts until *grace*."""
    with portal.transaction() as tx:
        _take_turns(tx)
        stored = survey_source_rows.of_source(tx, name)
        if stored is None:
            raise Refused(_gone(name))
        own = _checked_secret(stored[0], secret)
        survey_source_rows.end_secrets(tx, name, grace=grace)
        _keep(tx, portal.runtime, name, own)
        survey_source_rows.prune(tx)
        days = grace // timedelta(days=1)
        portals.note(tx, actor, "renewed a survey's secret", source=name, grace_days=days)


def remove(portal: PortalContext, name: str, *, actor: str) -> None:
    """End a survey: its messages are refused from now on, and its answers stay."""
    with portal.transaction() as tx:
        if not survey_source_rows.remove(tx, name):
            raise Refused(_gone(name))
        portals.note(tx, actor, "removed a survey", source=name)


def reseal(runtime: Runtime, portal_id: int) -> int:
    """Seal the portal's secrets with the newest token key; return how many there are."""
    with runtime.database.portal(portal_id) as tx:
        kept = survey_source_rows.secrets(tx)
        for secret in kept:
            # A row that belongs elsewhere must not get a fresh seal.
            runtime.vault.open(portal_id, secret.sealed)
            survey_source_rows.reseal(tx, secret, runtime.vault.reseal(secret.sealed))
    return len(kept)


def fresh_secret() -> str:
    """Return a new secret, in the form of Standard Webhooks: base64 after its prefix."""
    random = secrets.token_bytes(_SECRET_BYTES)
    return survey_tools.SECRET_PREFIX + base64.b64encode(random).decode()


def _shown(portal: PortalContext, stored: StoredSource, kept: list[StoredSecret]) -> SurveySource:
    current = next((secret for secret in kept if secret.ends_at is None), None)
    former = [secret.ends_at for secret in kept if secret.ends_at is not None]
    return SurveySource(
        stored.source,
        survey_tools.tool_of(stored.tool),
        stored.fields,
        _opened(portal.runtime, portal.portal_id, current) if current else None,
        max(former, default=None),
    )


def _opened(runtime: Runtime, portal_id: int, secret: StoredSecret) -> str | None:
    try:
        opened: Mapping[str, str] = runtime.vault.open(portal_id, secret.sealed)
    except WrongKey:
        return None
    # Sealed with its source: a secret that is moved to another survey's row proves nothing there.
    return opened["secret"] if opened["source"] == secret.source else None


def _keep(tx: Transaction, runtime: Runtime, name: str, secret: str) -> None:
    sealed = runtime.vault.seal(tx.portal_id, {"source": name, "secret": secret})
    # A plain hash will do: what is hashed is random, or is the other side's.
    digest = hashlib.sha256(secret.encode()).digest()
    survey_source_rows.add_secret(tx, name, digest=digest, sealed=sealed)


def _take_turns(tx: Transaction) -> None:
    account = portals.find(tx, tx.portal_id)
    if account is None or account.state == "uninstalled":
        raise Refused(f"Portal {tx.portal_id} has not installed the app: it has no surveys")
    inbound_key_rows.take_turns(tx)


def _checked(fields: ChosenFields) -> ChosenFields:
    named = (fields.score, fields.comment, fields.contact, fields.email, fields.token)
    if any(len(name) > _LONGEST_FIELD or "\x00" in name for name in named):
        raise Refused(f"A field's name has at most {_LONGEST_FIELD} characters")
    return ChosenFields(*(name.strip() for name in named))


def _checked_secret(tool: str, secret: str) -> str:
    """A secret as it was entered, or a fresh one; raises Refused for one that proves too little."""
    own = secret.strip()
    if not own:
        return fresh_secret()
    if not _SHORTEST_SECRET <= len(own) <= _LONGEST_SECRET or not own.isascii():
        raise Refused(
            f"A secret has {_SHORTEST_SECRET} to {_LONGEST_SECRET} characters:"
            " enter the one that the tool shows, or leave the field empty for a new one"
        )
    if not survey_tools.fits(tool, own):
        raise Refused("This tool's secret begins with whsec_ and goes on in base64: copy all of it")
    return own


def _gone(name: str) -> str:
    return f"There is no survey {name} any more"
