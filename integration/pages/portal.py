"""One portal's pages for everybody who works in it: what was found, and how the sync is doing."""

from typing import Any

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration import backfill, explain, install, status, steering, uninstall
from integration.errors import Refused
from integration.pages import guard, telling, words
from integration.runtime import Runtime
from integration.scope import PortalScope, portal_scope
from integration.storage import audit, inbox, outbox, portals, standing
from integration.storage.portals import Portal

_SHOWN_ROWS = 100


def blueprint(runtime: Runtime) -> Blueprint:
    """Home, health, and the buttons on them."""
    bp = Blueprint("portal", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/")
    def home(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with portal_scope(runtime, portal_id) as scope:
            return render_template("home.html", session=session, **_home(scope))

    @bp.get("/progress")
    def progress(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with portal_scope(runtime, portal_id) as scope:
            return jsonify(_progress(scope))

    @bp.get("/health")
    def health(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with portal_scope(runtime, portal_id) as scope:
            return render_template("health.html", session=session, said=request.args.get("said"), **_health(scope))

    @bp.post("/replay")
    def replay(portal_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with portal_scope(runtime, portal_id) as scope:
            steering.replay(scope, actor=actor)
        return _back("portal.health", portal_id, said="replayed")

    @bp.post("/repair")
    def repair(portal_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with portal_scope(runtime, portal_id) as scope:
            done = steering.repair(scope, actor=actor)
        return _back("portal.health", portal_id, said="paused" if done.paused else "repaired")

    @bp.post("/pause")
    def pause(portal_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with portal_scope(runtime, portal_id) as scope:
            uninstall.pause(scope, actor=actor)
        return _back("portal.home", portal_id)

    @bp.post("/resume")
    def resume(portal_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with portal_scope(runtime, portal_id) as scope:
            if not uninstall.resume(scope, actor=actor):
                raise Refused("The connection to HubSpot has ended, or nothing was paused. Reconnect the account.")
        return _back("portal.home", portal_id)

    return bp


def found(scope: PortalScope) -> Portal:
    """The portal as stored; a page that does not exist when its rows are gone."""
    return scope.find() or abort(404)


def _back(endpoint: str, portal_id: int, *, said: str | None = None) -> Response:
    return make_response(redirect(url_for(endpoint, portal_id=portal_id, said=said), 303))


def _home(scope: PortalScope) -> dict[str, Any]:
    portal = found(scope)
    with scope.transaction() as tx:
        set_up = install.is_set_up(scope)
        trouble = audit.last_said(tx, "set-up broke off").get("reason") if not set_up else None
        paused = len(outbox.paused_properties(tx))
    return {
        "portal": portal,
        "is_set_up": set_up,
        "trouble": trouble,
        "paused_properties": paused,
        "by_hand": portal.paused_reason == uninstall.PAUSED_BY_HAND,
        "counts": status.portal(scope.runtime, portal),
        "progress": backfill.progress(scope),
        "found": telling.found(explain.figures(scope)),
    }


def _progress(scope: PortalScope) -> dict[str, Any]:
    portal, run = found(scope), backfill.progress(scope)
    counts = status.portal(scope.runtime, portal)
    return {
        "state": portal.state,
        "importing": bool(run and run.running and portal.is_active),
        "waiting": counts["inbox"] + counts["events"] + counts["stale"] + counts["outbox"],
        "streams": words.lines(run),
    }


def _health(scope: PortalScope) -> dict[str, Any]:
    portal = found(scope)
    with scope.transaction() as tx:
        identity = inbox.identity(tx)
        said: dict[str, Any] = {
            "identity": identity,
            "calls": standing.calls(tx),
            "aside": standing.set_aside(tx, limit=_SHOWN_ROWS),
            "paused": outbox.paused_properties(tx),
            "trail": audit.trail(tx),
            "settings_version": portals.settings(tx)[0],
        }
    parts = sum(value for name, value in identity.items() if name != "received")
    return {
        **said,
        "portal": portal,
        "counts": status.portal(scope.runtime, portal),
        "progress": backfill.progress(scope),
        "adds_up": identity["received"] == parts,
    }
