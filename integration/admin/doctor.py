"""The doctor: configuration, servers, schema, scopes, properties; each finding says what to do."""

from dataclasses import dataclass
from typing import Any

from integration.admin import key_rotation, overview
from integration.core import environment as configuration
from integration.core.environment import Settings
from integration.core.errors import SecondOrderError
from integration.portal import runtime as opening
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime, open_runtime
from integration.storage import database
from integration.storage.queue import inbox_events, outbox
from integration.storage.service import portal_status
from mappings.records.access import missing_scopes


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    what: str
    ok: bool
    said: str


def everything() -> list[Finding]:
    """Check all there is, as far as one can get."""
    try:
        settings = configuration.load()
    except SecondOrderError as trouble:
        return [Finding("configuration", ok=False, said=str(trouble))]
    findings = [
        Finding("configuration", ok=True, said=f"data in {settings.data_dir}"),
        _app(settings),
    ]
    try:
        database_url, _ = opening.urls(settings)
    except SecondOrderError as trouble:
        return [*findings, Finding("servers", ok=False, said=str(trouble))]
    findings.append(_schema(database_url))
    if not findings[-1].ok:
        return findings
    with open_runtime(settings) as runtime:
        findings += _servers(runtime)
        findings.append(forget_keys(runtime))
        for each in overview.portals(runtime):
            with open_portal(runtime, each["portal_id"]) as portal:
                findings += _portal(portal, each)
    return findings


def portal_report(portal: PortalContext) -> dict[str, Any]:
    """How one portal stands: what was received, what waits, imports, calls, what was set aside."""
    with portal.transaction() as tx:
        return {
            "received": inbox_events.identity(tx),
            "counts": portal_status.counts(tx),
            "import": portal_status.imports(tx),
            "calls": portal_status.calls(tx),
            "set_aside": portal_status.set_aside(tx),
            "outbox": outbox.counts(tx),
            "paused_properties": [
                {"object_type": kind, "name": name, "because": sentence}
                for (kind, name), sentence in sorted(outbox.paused_properties(tx).items())
            ],
        }


def _app(settings: Settings) -> Finding:
    missing = [
        name
        for name, value in (
            ("HUBSPOT_APP_ID", settings.hubspot_app_id),
            ("HUBSPOT_CLIENT_ID", settings.hubspot_client_id),
            ("HUBSPOT_CLIENT_SECRET", settings.client_secret),
        )
        if not value
    ]
    if missing:
        return Finding(
            "HubSpot app",
            ok=False,
            said=f"set {', '.join(missing)}; docs/operations.md tells where they are",
        )
    return Finding(
        "HubSpot app",
        ok=True,
        said=f"app {settings.hubspot_app_id}, webhooks to {settings.webhook_url}",
    )


def _schema(database_url: str) -> Finding:
    try:
        now, wanted = database.schema_version(database_url), database.newest_version()
    except SecondOrderError as trouble:
        return Finding("PostgreSQL", ok=False, said=str(trouble))
    if now != wanted:
        return Finding(
            "schema",
            ok=False,
            said=f"version {now or 'none'}, wanted {wanted}: run second-order migrate",
        )
    return Finding("schema", ok=True, said=f"version {now}")


def _servers(runtime: Runtime) -> list[Finding]:
    parts = overview.ready(runtime)
    slow = (
        "answers"
        if parts["queue"] == "ok"
        else "does not answer: work goes on, more slowly; check REDIS_URL"
    )
    return [
        Finding("PostgreSQL", ok=parts["database"] == "ok", said=parts["database"]),
        Finding("Valkey", ok=parts["queue"] == "ok", said=slow),
    ]


def forget_keys(runtime: Runtime) -> Finding:
    """A mark whose key is gone is none: the person would be read in again, unnoticed."""
    uses = key_rotation.forget_keys_in_use(runtime)
    wrong = [use.sentence for use in uses if not use.is_safe]
    people = sum(use.people for use in uses)
    said = " ".join(wrong) or f"forgotten people stay forgotten: {people}"
    return Finding("FORGET_KEYS", ok=not wrong, said=said)


def _portal(portal: PortalContext, standing_now: dict[str, Any]) -> list[Finding]:
    name = f"portal {portal.portal_id}"
    found = portal.find()
    if found is None or found.state == "uninstalled":
        being_erased = ", its rows are being erased" if found and found.erasing_since else ""
        return [Finding(name, ok=True, said=f"uninstalled{being_erased}")]
    if not found.is_active:
        return [Finding(name, ok=False, said=f"paused: {found.paused_reason}")]
    findings = [Finding(name, ok=True, said="active")]
    missing = missing_scopes(found.scopes)
    if missing:
        names = ", ".join(portal.name for portal in missing)
        findings.append(
            Finding(name, ok=False, said=f"lacks the scopes {names}: reconnect at /install")
        )
    if standing_now["set_aside"]:
        said = f"{standing_now['set_aside']} rows set aside: see Sync health, then second-order replay {portal.portal_id}"
        findings.append(Finding(name, ok=False, said=said))
    with portal.transaction() as tx:
        paused = outbox.paused_properties(tx)
    findings += [
        Finding(f"{name} {kind}.{prop}", ok=False, said=why)
        for (kind, prop), why in sorted(paused.items())
    ]
    return findings
