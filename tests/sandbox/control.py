"""The control routes under /_sandbox: what a demo, a script or a person at a terminal does to the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import orjson

from .portal import Missing, Portal
from .records import PLURALS, Json, UnknownType, Value, object_type
from .wire import Request, Response

if TYPE_CHECKING:
    from .crm import HubSpot

Action = Callable[["HubSpot", "Portal | None", Json], Any]
_APP = (
    "app_id",
    "client_id",
    "client_secret",
    "required_scopes",
    "optional_scopes",
    "redirect_urls",
    "webhook_url",
)
_COURIER = (
    "batch",
    "concurrency",
    "duplicates",
    "repeat_events",
    "shuffle",
    "paused",
    "secret",
    "signed_url",
    "clock_off",
    "retry_base",
)


class _Wrong(ValueError):
    """The request makes no sense; the text says why."""


def answer(hubspot: HubSpot, request: Request) -> Response:
    """Run one control route."""
    words = request.path.strip("/").split("/")[1:]
    try:
        body = orjson.loads(request.body) if request.body else {}
        said = _run(hubspot, request.method, [word for word in words if word], body)
    except (_Wrong, ValueError, TypeError, KeyError, Missing, UnknownType) as error:
        return _json(400, {"error": f"{type(error).__name__}: {error}"})
    return (
        _json(404, {"error": "no such control route", "routes": ROUTES})
        if said is None
        else _json(200, said)
    )


def _json(status: int, body: object) -> Response:
    return Response(
        status, orjson.dumps(body, option=orjson.OPT_INDENT_2), {"Content-Type": "application/json"}
    )


def _run(hubspot: HubSpot, method: str, words: list[str], body: Json) -> Value:
    if not words:
        return {"routes": ROUTES}
    if words[0] == "portals" and len(words) > 1:
        portal = hubspot.portals.get(int(words[1]))
        if portal is None:
            raise _Wrong(f"no portal {words[1]}")
        return _of_portal(hubspot, portal, words[2:], body)
    action = _GENERAL.get(words[0])
    return action(hubspot, None, body | {"_method": method}) if action and len(words) == 1 else None


def _of_portal(hubspot: HubSpot, portal: Portal, words: list[str], body: Json) -> Value:
    action = _PORTAL.get(words[0] if words else "")
    return action(hubspot, portal, body) if action and len(words) < 2 else None


def _need(portal: Portal | None) -> Portal:
    if portal is None:
        raise _Wrong("which portal?")
    return portal


def _health(hubspot: HubSpot, _: Portal | None, __: Json) -> Json:
    return {"ok": True, "portals": len(hubspot.portals)}


def _portals(hubspot: HubSpot, _: Portal | None, __: Json) -> list[Json]:
    return [_about(hubspot, portal, {}) for portal in hubspot.portals.values()]


def _about(hubspot: HubSpot, portal: Portal | None, _: Json) -> Json:
    portal = _need(portal)
    return {
        "id": portal.id,
        "name": portal.name,
        "installed": hubspot.installed(portal.id),
        "service_hub": portal.service_hub,
        "records": {PLURALS[kind]: len(found) for kind, found in portal.records.items() if found},
        "calls": sum(portal.calls.values()),
        "refused": portal.refused,
    }


def counters(portal: Portal) -> Json:
    """Every call counted, the refused ones, and the busiest ten seconds."""
    allowance = portal.allowance
    return {
        "calls": dict(sorted(portal.calls.items())),
        "total": sum(portal.calls.values()),
        "refused": portal.refused,
        "limit": allowance.limit,
        "peak_10s": allowance.peak,
        "peak_10s_tried": allowance.peak_tried,
        "peak_search_1s": allowance.search_peak,
    }


def _counters(_: HubSpot, portal: Portal | None, body: Json) -> Json:
    portal = _need(portal)
    if "limit" in body:
        portal.allowance.limit = int(body["limit"])
    said = counters(portal)
    if body.get("reset"):
        portal.calls.clear()
        portal.refused = portal.allowance.peak = portal.allowance.peak_tried = (
            portal.allowance.search_peak
        ) = 0
    return said


def _trouble(hubspot: HubSpot, _: Portal | None, body: Json) -> Json:
    method = body.pop("_method")
    if method == "DELETE":
        hubspot.trouble.clear()
    elif method == "POST":
        hubspot.trouble.add(**body)
    return {"rules": [asdict(rule) for rule in hubspot.trouble.rules]}


def _settings(target: object, names: tuple[str, ...], body: Json) -> Json:
    for name, value in body.items():
        if name == "_method":
            continue
        if name not in names:
            raise _Wrong(f"unknown setting {name}; one of {', '.join(names)}")
        setattr(target, name, value)
    return {name: getattr(target, name) for name in names}


def _app(hubspot: HubSpot, _: Portal | None, body: Json) -> Json:
    project = body.pop("webhooks", None)
    if project is not None:
        hubspot.subscriptions.clear()
        if project == "all":
            hubspot.subscriptions.add_all(("contact", "company", "deal", "ticket"))
        else:
            hubspot.subscriptions.load_project(project)
    return _settings(hubspot.app, _APP, body) | {"subscriptions": len(hubspot.subscriptions)}


def _quirks(hubspot: HubSpot, _: Portal | None, body: Json) -> Json:
    return _settings(hubspot.quirks, tuple(one.name for one in fields(hubspot.quirks)), body)


def _courier(hubspot: HubSpot, _: Portal | None, body: Json) -> Json:
    courier = hubspot.courier
    said = _settings(courier, _COURIER, body)
    return said | {
        "pending": courier.pending,
        "delivered": courier.delivered,
        "attempts": courier.attempts,
    }


def _deliver(hubspot: HubSpot, _: Portal | None, __: Json) -> Json:
    return asdict(hubspot.deliver()) | {"pending": hubspot.courier.pending}


def _advance(hubspot: HubSpot, _: Portal | None, body: Json) -> Json:
    hubspot.advance(float(body["seconds"]))
    return {"skew": hubspot.skew}


def _scopes(_: HubSpot, portal: Portal | None, body: Json) -> Json:
    portal = _need(portal)
    portal.denied_scopes |= set(body.get("deny", []))
    portal.denied_scopes -= set(body.get("grant", []))
    if "service_hub" in body:
        portal.service_hub = bool(body["service_hub"])
    return {"denied": sorted(portal.denied_scopes), "service_hub": portal.service_hub}


def _uninstall(hubspot: HubSpot, portal: Portal | None, _: Json) -> Json:
    hubspot.uninstall(_need(portal).id)
    return {"installed": False}


def _expire(hubspot: HubSpot, portal: Portal | None, _: Json) -> Json:
    hubspot.office.expire(_need(portal).id)
    return {"expired": True}


def _record(_: HubSpot, portal: Portal | None, body: Json) -> Json:
    portal = _need(portal)
    record = portal.need(body["type"], int(body["id"]))
    names = [
        *record.values,
        *(name for name in portal.definitions[record.type] if name not in record.values),
    ]
    values = {name: portal.value(record, name) for name in names}
    return {
        "id": record.id,
        "type": record.type,
        "values": {name: value for name, value in values.items() if value},
    }


def act(portal: Portal, body: Json) -> Json:
    """What a user of the portal does: {"do": "update", "type": "contact", "id": 1, "values": {…}}."""
    do = body["do"]
    kind = object_type(body.get("type", "contact"))
    one = int(body.get("id", 0))
    if do == "create":
        return {"id": portal.create(kind, body["values"]).id}
    if do == "update":
        return {"id": portal.update(kind, one, body["values"]).id}
    if do == "archive":
        portal.archive(kind, one)
    elif do == "restore":
        portal.restore(kind, one)
    elif do == "merge":
        return {"id": portal.merge(kind, one, int(body["other"])).id}
    elif do == "unmerge":
        return {"ids": [record.id for record in portal.unmerge(kind, one)]}
    elif do == "gdpr_delete":
        portal.gdpr_delete(one)
    elif do == "associate":
        labels = body.get("labels", [])
        portal.associate(
            kind, one, body["to"], int(body["to_id"]), *labels, primary=body.get("primary")
        )
    elif do == "dissociate":
        portal.dissociate(kind, one, body["to"], int(body["to_id"]), *body.get("labels", []))
    elif do == "answer":
        made = portal.answer_survey(
            one, int(body["score"]), body.get("text", ""), survey=body.get("survey", "NPS")
        )
        return {"id": made.id if made else None}
    else:
        raise _Wrong(f"unknown deed {do}")
    return {"id": one}


def _act(_: HubSpot, portal: Portal | None, body: Json) -> Json:
    return act(_need(portal), body)


_GENERAL: dict[str, Action] = {
    "health": _health, "portals": _portals, "trouble": _trouble, "app": _app, "quirks": _quirks, "courier": _courier,
    "deliver": _deliver, "advance": _advance,
}  # fmt: skip
_PORTAL: dict[str, Action] = {
    "": _about, "counters": _counters, "scopes": _scopes, "uninstall": _uninstall, "expire": _expire, "act": _act,
    "record": _record,
}  # fmt: skip
ROUTES = {
    "GET /_sandbox/health": "are you there",
    "GET /_sandbox/portals": "portals and how many records they hold",
    "GET|POST /_sandbox/portals/{id}/counters": "calls by route, refused ones, busiest 10 s; {limit, reset}",
    "POST /_sandbox/portals/{id}/act": "be a user: {do, type, id, values|other|to, to_id, labels, primary|score, text}",
    "POST /_sandbox/portals/{id}/record": "all values of a record: {type, id}",
    "POST /_sandbox/portals/{id}/scopes": "{deny: [...], grant: [...], service_hub: bool}",
    "POST /_sandbox/portals/{id}/uninstall": "the customer removes the app, silently",
    "POST /_sandbox/portals/{id}/expire": "its access tokens run out now",
    "GET|POST|DELETE /_sandbox/trouble": "{kind, route, portal_id, times, probability, seconds}; DELETE ends all",
    "GET|POST /_sandbox/app": "credentials, redirect_urls, scopes, webhook_url, webhooks: 'all' or a project file",
    "GET|POST /_sandbox/quirks": "switches, token_seconds and approve_at_once among them",
    "GET|POST /_sandbox/courier": "how webhooks are delivered: paused, duplicates, shuffle, …",
    "POST /_sandbox/deliver": "deliver what waits, now",
    "POST /_sandbox/advance": "{seconds}: let time pass",
}
