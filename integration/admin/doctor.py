"""The doctor: configuration, servers, schema, scopes, properties; each finding says what to do."""

from dataclasses import dataclass
from typing import Any

from integration.admin import account_time, key_rotation, overview
from integration.core import environment as configuration
from integration.core.environment import Settings
from integration.core.errors import SecondOrderError
from integration.portal import runtime as opening
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime, open_runtime
from integration.storage import database
from integration.storage.queue import inbox_events, outbox, stream_troubles
from integration.storage.service import missing_choices, portal_status
from mappings.records.access import missing_scopes


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    what: str
    ok: bool
    said: str


def everything() -> list[Finding]:
    """Check all there is; what a failed check makes impossible is left out."""
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
        findings += _for_strangers(runtime)
        for counts in overview.portals(runtime):
            with open_portal(runtime, counts["portal_id"]) as portal:
                findings += _portal(portal, counts)
    return findings


def portal_report(portal: PortalContext) -> dict[str, Any]:
    """How one portal stands: what came in, what waits, imports, calls, what was set aside."""
    with portal.transaction() as tx:
        return {
            "received": inbox_events.identity(tx),
            "counts": portal_status.counts(tx),
            "import": portal_status.imports(tx),
            "calls": portal_status.calls(tx),
            "set_aside": portal_status.set_aside(tx),
            "refused_streams": stream_troubles.refused(tx),
            "outbox": outbox.counts(tx),
            "paused_properties": [
                {"object_type": object_type, "name": name, "because": reason}
                for (object_type, name), reason in sorted(outbox.paused_properties(tx).items())
            ],
        }


def _app(settings: Settings) -> Finding:
    needed = {
        "HUBSPOT_APP_ID": settings.hubspot_app_id,
        "HUBSPOT_CLIENT_ID": settings.hubspot_client_id,
        "HUBSPOT_CLIENT_SECRET": settings.client_secret,
    }
    missing = [name for name, value in needed.items() if not value]
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
        lacking = database.missing_rights(database_url)
    except SecondOrderError as trouble:
        return Finding("PostgreSQL", ok=False, said=str(trouble))
    if now != wanted:
        return Finding(
            "schema",
            ok=False,
            said=f"version {now or 'none'}, wanted {wanted}: run second-order migrate",
        )
    if lacking:
        said = (
            f"the app's roles lack {len(lacking)} rights, as after a restore into a server that did"
            f" not know the roles ({lacking[0]}): run second-order migrate"
        )
        return Finding("schema", ok=False, said=said)
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


def _for_strangers(runtime: Runtime) -> list[Finding]:
    said = overview.for_strangers(runtime)
    return [Finding("deliveries", ok=True, said=said)] if said else []


def forget_keys(runtime: Runtime) -> Finding:
    """Whether every key under which people are remembered is there; without it they come back."""
    uses = key_rotation.forget_keys_in_use(runtime)
    wrong = [use.sentence for use in uses if not use.is_safe]
    people = sum(use.people for use in uses)
    said = " ".join(wrong) or f"forgotten people stay forgotten: {people}"
    return Finding("FORGET_KEYS", ok=not wrong, said=said)


def _portal(portal: PortalContext, counts: dict[str, Any]) -> list[Finding]:
    name = f"portal {portal.portal_id}"
    installed = portal.find()
    if installed is None or installed.state == "uninstalled":
        is_erasing = installed is not None and installed.erasing_since is not None
        said = "uninstalled, its rows are being erased" if is_erasing else "uninstalled"
        parts = [part for part in (said, counts["undelivered"]) if part]
        return [Finding(name, ok=True, said=": ".join(parts))]
    if not installed.is_active:
        return [Finding(name, ok=False, said=f"paused: {installed.paused_reason}")]
    findings = [Finding(name, ok=True, said="active"), *setup(portal, counts)]
    findings += [
        Finding(name, ok=False, said=refused["sentence"]) for refused in counts["refused_streams"]
    ]
    missing = missing_scopes(installed.scopes)
    if missing:
        names = ", ".join(scope.name for scope in missing)
        said = f"lacks the scopes {names}: reconnect at /install"
        findings.append(Finding(name, ok=False, said=said))
    if counts["set_aside"]:
        said = (
            f"{counts['set_aside']} rows set aside: see Sync health,"
            f" then second-order replay {portal.portal_id}"
        )
        findings.append(Finding(name, ok=False, said=said))
    zone = account_time.trouble(installed)
    if zone:
        findings.append(Finding(f"{name} time zone", ok=False, said=zone))
    return findings + missing_choices_of(portal) + _paused_properties(portal)


def missing_choices_of(portal: PortalContext) -> list[Finding]:
    """Settings that name what the portal no longer has; their last values are kept."""
    with portal.transaction() as tx:
        missing = missing_choices.every(tx)
    name = f"portal {portal.portal_id} settings"
    return [
        Finding(name, ok=False, said=f"{setting}: {sentence} Choose again in Settings")
        for setting, sentence in missing.items()
    ]


def setup(portal: PortalContext, counts: dict[str, Any]) -> list[Finding]:
    """What waits for an admin's answer; writing that is held back needs one."""
    name = f"portal {portal.portal_id} set-up"
    if counts["held"]:
        return [Finding(name, ok=False, said=counts["held"])]
    if not counts["setup_questions"]:
        return []
    address = f"{portal.runtime.settings.public_url}/portals/{portal.portal_id}/setup"
    return [Finding(name, ok=True, said=f"open questions: {counts['setup_questions']}. {address}")]


def _paused_properties(portal: PortalContext) -> list[Finding]:
    with portal.transaction() as tx:
        paused = outbox.paused_properties(tx)
    return [
        Finding(f"portal {portal.portal_id} {object_type}.{name}", ok=False, said=reason)
        for (object_type, name), reason in sorted(paused.items())
    ]
