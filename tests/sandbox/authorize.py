"""OAuth over HTTP: the authorize page people see, and the token routes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import orjson

from .oauth import CannotAuthorize, OfficeError
from .wire import Request, Response

if TYPE_CHECKING:
    from .crm import HubSpot
    from .portal import Portal

_HTML = {"Content-Type": "text/html; charset=utf-8"}
_JSON = {"Content-Type": "application/json;charset=utf-8"}
_STYLE = (
    "body{font:16px system-ui;max-width:36rem;margin:3rem auto;color:#33475b}fieldset{border:1px solid #cbd6e2;"
    "border-radius:4px;margin:1rem 0}button{font:inherit;padding:.5rem 1.5rem;border-radius:4px;"
    "border:1px solid #cbd6e2}"
    "button[value=connect]{background:#ff7a59;color:#fff;border-color:#ff7a59}li{font:13px ui-monospace,monospace}"
)


def answer(hubspot: HubSpot, request: Request) -> Response | None:
    """The answer of an OAuth route; None when it is none."""
    words = request.path.strip("/").split("/")
    if words[-1] == "authorize" and words[0] == "oauth" and len(words) in {2, 3}:
        return _authorize(hubspot, request, words[1] if len(words) == 3 else "")
    if len(words) < 3 or words[0] != "oauth" or words[1] not in {"v1", "v3", "2026-03", "2026-09"}:
        return None
    return _tokens(hubspot, request, words[1], words[2:])


def _page(title: str, inner: str, status: int = 200) -> Response:
    text = f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><style>{_STYLE}</style>{inner}"
    return Response(status, text.encode(), dict(_HTML))


def install_button(hubspot: HubSpot, request: Request) -> Response:
    """The marketplace's Install button opens the app's redirect address, and wants the browser back."""
    (uri, *_) = hubspot.app.redirect_urls
    back = f"http://{request.headers['host']}/marketplace/installed"
    query = urlencode({"step": "authorize", "returnUrl": back})
    return Response(302, b"", {"Location": f"{uri}?{query}"})


def _authorize(hubspot: HubSpot, request: Request, chosen: str) -> Response:
    query = {name: values[-1] for name, values in request.query.items()}
    try:
        asked, optional = hubspot.office.check_request(query)
    except CannotAuthorize as error:
        return _page(
            "Authorization failed", f"<h1>Authorization failed</h1><p>{escape(str(error))}</p>", 400
        )
    form = request.form() if request.method == "POST" else {}
    wanted = form.get("portal") or query.get("portalId") or chosen
    if form.get("answer") == "cancel":
        said = {
            "error": "access_denied",
            "error_description": "The user denied access to the application",
        }
        return _back(query, said)
    portal = hubspot.portals.get(int(wanted)) if wanted.isdigit() else None
    email = form.get("user") or query.get("user", "")
    if portal is not None and (email or portal.user_email) in portal.refused_users:
        text = "You don't have permission to connect this app. Ask a super admin of the account."
        return _page("No permission", f"<h1>You can't connect this app</h1><p>{text}</p>", 403)
    if form.get("answer") == "connect" or query.get("auto") or hubspot.quirks.approve_at_once:
        portal = portal or next(iter(hubspot.portals.values()))
        scopes = hubspot.office.grantable(portal, asked, optional)
        code = hubspot.office.approve(
            portal, scopes, query["redirect_uri"], challenge=query.get("code_challenge", ""), user=_user(email, portal)
        )  # fmt: skip
        return _back(query, {"code": code})
    return _ask(hubspot, portal, asked, optional)


def _user(email: str, portal: Portal) -> tuple[int, str] | None:
    """Another user of the portal, when an owner has this address."""
    owner = next(
        (one for one in portal.owners.values() if one.email == email and one.user_id is not None),
        None,
    )
    return (owner.user_id, owner.email) if owner is not None and owner.user_id is not None else None


def _checked(place: int, portal: Portal, chosen: Portal | None) -> str:
    return " checked" if portal is chosen or (place == 0 and chosen is None) else ""


def _ask(
    hubspot: HubSpot, chosen: Portal | None, asked: list[str], optional: list[str]
) -> Response:
    options = "".join(
        f"<label><input type=radio name=portal value={portal.id}{_checked(place, portal, chosen)}> "
        f"{escape(portal.name)} ({portal.id}){'' if portal.service_hub else ', without Service Hub'}</label><br>"
        for place, portal in enumerate(hubspot.portals.values())
    )
    scopes = "".join(f"<li>{escape(scope)}" for scope in asked) + "".join(
        f"<li>{escape(scope)} (optional)" for scope in optional
    )
    name = escape(hubspot.app.name)
    return _page(
        f"Connect {name}",
        f"<h1>Connect {name} to HubSpot</h1><form method=post><fieldset><legend>Account</legend>{options}</fieldset>"
        f"<p>{name} is asking for:</p><ul>{scopes}</ul>"
        "<button name=answer value=connect>Connect</button> <button name=answer value=cancel>Cancel</button></form>",
    )


def _back(query: Mapping[str, str], said: Mapping[str, str]) -> Response:
    state = {"state": query["state"]} if "state" in query else {}
    uri = query["redirect_uri"]
    joined = "&" if "?" in uri else "?"
    return Response(302, b"", {"Location": f"{uri}{joined}{urlencode({**said, **state})}"})


def _tokens(hubspot: HubSpot, request: Request, version: str, words: list[str]) -> Response | None:
    form = request.form()
    if version == "v1":
        form = {name: values[-1] for name, values in request.query.items()} | form
    try:
        with hubspot.lock:
            if words == ["token"] and request.method == "POST":
                return _json(200, hubspot.office.token(form))
            if version == "v1":
                return _old(hubspot, request, words)
            if words == ["token", "introspect"] and request.method == "POST":
                return _json(200, hubspot.office.introspect(form))
            if words == ["token", "revoke"] and request.method == "POST":
                hubspot.office.revoke(form)
                return Response(200)
    except OfficeError as error:
        return _json(400, error.json())
    return None


def _old(hubspot: HubSpot, request: Request, words: list[str]) -> Response | None:
    """v1 looked at tokens by path, without credentials."""
    app = hubspot.app
    said = {"client_id": app.client_id, "client_secret": app.client_secret, "token": words[-1]}
    if words[0] == "refresh-tokens" and request.method == "DELETE" and len(words) == 2:
        hubspot.office.revoke(said)
        return Response(204)
    if (
        words[0] in {"access-tokens", "refresh-tokens"}
        and request.method == "GET"
        and len(words) == 2
    ):
        about = hubspot.office.introspect(said)
        if not about["active"]:
            return _json(
                404,
                {"status": "error", "message": "token not found", "category": "OBJECT_NOT_FOUND"},
            )
        return _json(200, about)
    return None


def _json(status: int, body: object) -> Response:
    return Response(status, orjson.dumps(body), dict(_JSON))
