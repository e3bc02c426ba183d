"""The pages' routes: thin, over look.py (what is shown) and acts.py (what is done)."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from tests.sandbox import crm
from tests.sandbox.pages import acts, look
from tests.sandbox.records import TYPE_IDS

_HERE = Path(__file__).parent
_CREATABLE = ("contact", "company", "deal")


def blueprint(hubspot: crm.HubSpot) -> Blueprint:
    """The pages over one local HubSpot."""
    bp = Blueprint("sandbox_pages", __name__, template_folder=str(_HERE / "templates"))
    _reading(bp, hubspot)
    _acting(bp, hubspot)

    @bp.app_context_processor
    def words() -> dict[str, object]:
        return {
            "look": look,
            "type_ids": TYPE_IDS,
            "app_name": hubspot.app.name,
            "creatable": _CREATABLE,
        }

    @bp.before_request
    def own_pages_only() -> ResponseReturnValue | None:
        """Another site's page must not act here through this browser."""
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site":
            return "Forms are accepted from the sandbox's own pages only.", 403
        return None

    return bp


def _reading(bp: Blueprint, hubspot: crm.HubSpot) -> None:
    @bp.get("/")
    def portals() -> ResponseReturnValue:
        rows = [
            (
                portal,
                hubspot.installed(portal.id),
                [(kind, len(portal.records[kind])) for kind in look.SHOWN],
            )
            for portal in hubspot.portals.values()
        ]
        return _render("portals.html", rows=rows)

    @bp.get("/_pages/style.css")
    def style() -> ResponseReturnValue:
        return Response(
            (_HERE / "static" / "style.css").read_text(encoding="utf-8"), mimetype="text/css"
        )

    @bp.get("/contacts/<int:portal_id>/objects/<type_id>")
    def listing(portal_id: int, type_id: str) -> ResponseReturnValue:
        portal, kind = _portal(hubspot, portal_id), _kind(type_id)
        query, marked = request.args.get("q", ""), "marked" in request.args
        page = request.args.get("page", 1, type=int)
        found = look.listing(portal, kind, query, page, marked=marked)
        return _render(
            "list.html", portal=portal, kind=kind, found=found, query=query, marked=marked
        )

    @bp.get("/contacts/<int:portal_id>/record/<type_id>/<int:record_id>")
    def record(portal_id: int, type_id: str, record_id: int) -> ResponseReturnValue:
        portal, kind = _portal(hubspot, portal_id), _kind(type_id)
        found = portal.get(kind, record_id)
        if found is None:
            return _missing(portal, kind, record_id)
        if found.id != record_id:  # merged: the old address leads to the record that is left
            return redirect(
                url_for(".record", portal_id=portal_id, type_id=type_id, record_id=found.id)
            )
        return _page(hubspot, portal, found)

    @bp.get("/contacts/<int:portal_id>/record/<type_id>/<int:record_id>/ours")
    def ours(portal_id: int, type_id: str, record_id: int) -> ResponseReturnValue:
        """What the record page asks again and again: our box and the associations, with a stamp of the last change."""
        portal, kind = _portal(hubspot, portal_id), _kind(type_id)
        found = portal.get(kind, record_id)
        if found is None:
            abort(404)
        linked = look.links(portal, found, everything=request.args.get("all", ""))
        said = {
            "portal": portal,
            "record": found,
            "installed": hubspot.installed(portal.id),
            "linked": linked,
        }
        return {
            "stamp": look.stamp(portal, found, linked),
            "ours": _render("ours.html", **said),
            "links": _render("links.html", **said),
        }


def _acting(bp: Blueprint, hubspot: crm.HubSpot) -> None:
    @bp.post("/contacts/<int:portal_id>/record/<type_id>/<int:record_id>/<act>")
    def do(portal_id: int, type_id: str, record_id: int, act: str) -> ResponseReturnValue:
        portal, kind = _portal(hubspot, portal_id), _kind(type_id)
        found = portal.get(kind, record_id)
        if found is None or act not in acts.ACTS:
            return _missing(portal, kind, record_id)
        before = look.stamp(portal, found, look.links(portal, found))
        try:
            left = acts.ACTS[act](acts.Acting(portal, found, request.form))
        except (acts.Problem, crm.Missing) as problem:
            return _page(hubspot, portal, found, problem=str(problem)), 400
        if left is None:
            return redirect(url_for(".listing", portal_id=portal_id, type_id=TYPE_IDS[kind]), 303)
        return redirect(
            url_for(
                ".record",
                portal_id=portal_id,
                type_id=TYPE_IDS[kind],
                record_id=left.id,
                since=before,
            ),
            303,
        )

    @bp.route("/contacts/<int:portal_id>/objects/<type_id>/new", methods=["GET", "POST"])
    def new(portal_id: int, type_id: str) -> ResponseReturnValue:
        portal, kind = _portal(hubspot, portal_id), _kind(type_id)
        if kind not in _CREATABLE:
            abort(404)
        problem = ""
        if request.method == "POST":
            try:
                made = acts.create(portal, kind, request.form)
                return redirect(
                    url_for(
                        ".record",
                        portal_id=portal_id,
                        type_id=TYPE_IDS[kind],
                        record_id=made.id,
                        since=0,
                    ),
                    303,
                )
            except acts.Problem as refused:
                problem = str(refused)
        names = [name for name in acts.EDITABLE[kind] if name in portal.definitions[kind]]
        page = _render(
            "new.html", portal=portal, kind=kind, names=names, problem=problem, given=request.form
        )
        return page, 400 if problem else 200


def _render(template: str, **said: object) -> str:
    """A page; half a character (a lone surrogate), which no page can hold, becomes a question mark."""
    return render_template(template, **said).encode("utf-8", "replace").decode()


def _portal(hubspot: crm.HubSpot, portal_id: int) -> crm.Portal:
    if portal_id not in hubspot.portals:
        abort(404)
    return hubspot.portals[portal_id]


def _kind(type_id: str) -> str:
    kind = look.KIND_OF_ID.get(type_id)
    if kind not in look.SHOWN:
        abort(404)
    return str(kind)


def _missing(portal: crm.Portal, kind: str, record_id: int) -> ResponseReturnValue:
    deleted = record_id in portal.bin[kind]
    return _render(
        "missing.html", portal=portal, kind=kind, record_id=record_id, deleted=deleted
    ), 404


def _page(hubspot: crm.HubSpot, portal: crm.Portal, record: crm.Record, problem: str = "") -> str:
    only = request.args.get("history", "")
    changes, count = look.history(portal, record, only)
    linked = look.links(portal, record, everything=request.args.get("all", ""))
    labels = {
        kind: [
            str(one.label) for one in portal.labels.pair(record.type, kind).values() if one.label
        ]
        for kind in look.SHOWN
        if portal.labels.plain(record.type, kind) is not None
    }
    return _render(
        "record.html",
        portal=portal,
        record=record,
        installed=hubspot.installed(portal.id),
        linked=linked,
        stamp=look.stamp(portal, record, linked),
        since=request.args.get("since", type=int),
        changes=changes,
        changes_count=count,
        only=only,
        labels=labels,
        editable=[
            name for name in acts.EDITABLE[record.type] if name in portal.definitions[record.type]
        ],
        problem=problem,
    )
