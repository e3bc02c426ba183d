"""A portal's home and health pages, and their buttons."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from integration.admin import (
    account_time,
    install,
    operations,
    overview,
    setup_answers,
    uninstall,
)
from integration.core.errors import Refused
from integration.ingest import backfill, import_progress
from integration.pages import guard, overview_view, period_choice, wording
from integration.pages.texts import gettext as _
from integration.portal import holds, record_names, settings
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.reports import portal_figures, revenue_overview
from integration.storage.database import Transaction
from integration.storage.queue import inbox_events, outbox
from integration.storage.service import audit, digest_rows, missing_choices, portal_status
from integration.storage.service.portals import Portal
from mappings.kinds import Preset

_SHOWN_ROWS = 100
_TROUBLED_DAYS = 40  # a monthly digest is told of until its next one


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the home and health pages of one portal."""
    bp = Blueprint("portal", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/overview")
    @bp.get("/")  # the last is the first to be registered, and the one that links lead to
    def home(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return render_template("home.html", session=session, **_home(portal, request.args))

    @bp.get("/progress")
    def progress(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return jsonify(_progress(portal))

    @bp.get("/health")
    def health(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return render_template(
                "health.html", session=session, said=request.args.get("said"), **_health(portal)
            )

    @bp.post("/replay")
    def replay(portal_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with open_portal(runtime, portal_id) as portal:
            operations.replay(portal, actor=actor)
        return _back("portal.health", portal_id, said="replayed")

    @bp.post("/repair")
    def repair(portal_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with open_portal(runtime, portal_id) as portal:
            done = operations.repair(portal, actor=actor)
        return _back("portal.health", portal_id, said="paused" if done.paused else "repaired")

    @bp.post("/pause")
    def pause(portal_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with open_portal(runtime, portal_id) as portal:
            uninstall.pause(portal, actor=actor)
        return _back("portal.home", portal_id)

    @bp.post("/resume")
    def resume(portal_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with open_portal(runtime, portal_id) as portal:
            if not uninstall.resume(portal, actor=actor):
                raise Refused(
                    _(
                        "The connection to HubSpot has ended, or nothing was paused. Reconnect the"
                        " account."
                    )
                )
        return _back("portal.home", portal_id)

    return bp


def account_of(portal: PortalContext) -> Portal:
    """Return the portal's row; answer 404 when it is gone."""
    return portal.find() or abort(404)


def _back(endpoint: str, portal_id: int, *, said: str | None = None) -> Response:
    return make_response(redirect(url_for(endpoint, portal_id=portal_id, said=said), 303))


def _home(portal: PortalContext, arguments: Mapping[str, str]) -> dict[str, Any]:
    account = account_of(portal)
    with portal.transaction() as tx:
        is_set_up = install.is_set_up(portal)
        trouble = None if is_set_up else audit.last_said(tx, "set-up broke off").get("reason")
        paused_properties = len(outbox.paused_properties(tx))
        hold = holds.current(tx)
    unbalanced = portal_figures.unbalanced(portal)
    return {
        "portal": account,
        "overview": _overview(portal, arguments),
        "unbalanced": list(unbalanced),
        "unbalanced_name": next(iter(unbalanced.values()), ""),
        "is_set_up": is_set_up,
        "trouble": trouble,
        "paused_properties": paused_properties,
        "hold": hold,
        "blocking": [
            question for question in setup_answers.open_questions(portal) if question.blocks
        ],
        "by_hand": account.paused_reason == uninstall.PAUSED_BY_HAND,
        "counts": overview.portal(portal.runtime, account),
        "progress": import_progress.progress(portal),
    }


def _overview(portal: PortalContext, arguments: Mapping[str, str]) -> dict[str, Any]:
    """The overview of the period that the address says, or of the running quarter."""
    today = revenue_overview.today(portal)
    choice = period_choice.read(arguments, today, usual=Preset.THIS_QUARTER)
    found = revenue_overview.of(portal, choice.period)
    return overview_view.view(portal.portal_id, found, choice)


def _progress(portal: PortalContext) -> dict[str, Any]:
    account, run = account_of(portal), backfill.progress(portal)
    counts = overview.portal(portal.runtime, account)
    progress = import_progress.progress(portal)
    return {
        "state": account.state,
        "importing": bool(run and run.running and account.is_active),
        "waiting": sum(counts[queue] for queue in _working_queues(counts)),
        "streams": wording.lines(run),
        "under_way": bool(progress and progress.is_under_way and account.is_active),
        "sentence": wording.how_far(progress),
        "lines": wording.details(progress),
    }


def _working_queues(counts: dict[str, Any]) -> tuple[str, ...]:
    """The queues that workers empty by themselves; not the outbox while writing is held."""
    queues = ("inbox", "events", "stale")
    return queues if counts["held"] else (*queues, "outbox")


def _named(tx: Transaction, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that point to records, with what these are called."""
    refs = [(row["object_type"], row["record_id"]) for row in rows]
    names = record_names.shown(tx, [ref for ref in refs if ref[1]])
    return [{**row, "name": names.get(ref, "")} for row, ref in zip(rows, refs, strict=True)]


def _health(portal: PortalContext) -> dict[str, Any]:
    account = account_of(portal)
    with portal.transaction() as tx:
        identity = inbox_events.identity(tx)
        tables: dict[str, Any] = {
            "identity": identity,
            "calls": portal_status.calls(tx),
            "aside": _named(tx, portal_status.set_aside(tx, limit=_SHOWN_ROWS)),
            "paused": outbox.paused_properties(tx),
            "trail": audit.trail(tx),
            "digests": digest_rows.troubled(tx, days=_TROUBLED_DAYS),
            "settings_version": settings.read(tx).version,
            "hold": holds.current(tx),
            "missing": missing_choices.every(tx),
            "time_zone": account_time.trouble(account),
        }
    # Every received event is in exactly one of the other states.
    in_states = sum(count for state, count in identity.items() if state != "received")
    return {
        **tables,
        "portal": account,
        "counts": overview.portal(portal.runtime, account),
        "run": backfill.progress(portal),
        "progress": import_progress.progress(portal),
        "adds_up": identity["received"] == in_states,
    }
