"""Saved reports: their pages, and the forms that save, rename, copy, delete and take back."""

from collections.abc import Mapping

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.core.errors import Refused
from integration.pages import guard, report_pages, report_texts
from integration.pages.texts import gettext as _
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.reports import report_choices, saved_reports
from integration.reports.saved_reports import ChangedMeanwhile
from mappings.records.report_view import ReportView

_LONGEST_NUMBER = 9  # digits that fit the column


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the pages and forms of one portal's saved reports."""
    bp = Blueprint("saved_reports", __name__, url_prefix="/portals/<int:portal_id>/reports/saved")

    @bp.get("/<int:report_id>")
    def show(portal_id: int, report_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            saved = saved_reports.find(portal, report_id)
            if saved.is_deleted:
                return render_template("report_deleted.html", session=session, saved=saved)
            said = request.args.get("said", "")
            return report_pages.page(portal, session, saved.view, saved=saved, said=said)

    @bp.post("")
    def save(portal_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with open_portal(runtime, portal_id) as portal:
            view = _view()
            name = request.form.get("name", "")
            labels = _labels(portal, view)
            report_id = saved_reports.save(portal, name, view, labels=labels, actor=actor)
        return _to(portal_id, report_id, "saved")

    @bp.post("/<int:report_id>/change")
    def change(portal_id: int, report_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            view = _view()
            try:
                saved_reports.change(
                    portal,
                    report_id,
                    seen=_seen(request.form),
                    view=view,
                    labels=_labels(portal, view),
                    actor=session.actor,
                )
            except ChangedMeanwhile:
                theirs = saved_reports.find(portal, report_id)
                words = request.form.items(multi=True)
                text = render_template(
                    "report_conflict.html", session=session, saved=theirs, words=list(words)
                )
                return make_response(text, 409)
        return _to(portal_id, report_id, "changed")

    @bp.post("/<int:report_id>/rename")
    def rename(portal_id: int, report_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with open_portal(runtime, portal_id) as portal:
            name, seen = request.form.get("name", ""), _seen(request.form)
            saved_reports.change(portal, report_id, seen=seen, name=name, actor=actor)
        return _to(portal_id, report_id, "renamed")

    @bp.post("/<int:report_id>/copy")
    def copy(portal_id: int, report_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with open_portal(runtime, portal_id) as portal:
            room = saved_reports.LONGEST_NAME
            name = _("Copy of %(name)s", name=saved_reports.find(portal, report_id).name)[:room]
            made = saved_reports.copy(portal, report_id, name, actor=actor)
        return _to(portal_id, made, "copied")

    @bp.post("/<int:report_id>/delete")
    def delete(portal_id: int, report_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with open_portal(runtime, portal_id) as portal:
            saved_reports.delete(portal, report_id, actor=actor)
        return _to(portal_id, report_id, "")

    @bp.post("/<int:report_id>/take-back")
    def take_back(portal_id: int, report_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        with open_portal(runtime, portal_id) as portal:
            saved_reports.take_back(portal, report_id, actor=actor)
        return _to(portal_id, report_id, "taken_back")

    return bp


def _view() -> ReportView:
    """What a form shows: all of its fields but those that are about saving it."""
    own = {"name", "seen", "csrf"}
    return report_pages.asked(pair for pair in request.form.items(multi=True) if pair[0] not in own)


def _labels(portal: PortalContext, view: ReportView) -> dict[tuple[str, str], str]:
    """What people read for the words of a view today, for the day on which one is gone."""
    known = report_choices.counting_map(portal)
    properties = report_pages.property_labels(known)
    labels = {
        ("by", kind.word): report_texts.grouping(kind, properties) for kind in view.request.by
    }
    read = [
        (kind, values)
        for kind, values in view.request.filters.items()
        if report_choices.is_read(known, kind)
    ]
    with portal.transaction() as tx:
        names = report_choices.named(tx, read)
    return {**labels, **{words: key.label for words, key in names.items()}}


def _seen(form: Mapping[str, str]) -> int:
    text = form.get("seen", "")
    if not text.isascii() or not text.isdecimal() or len(text) > _LONGEST_NUMBER:
        raise Refused(_("The form does not say what it changes; load the page again"))
    return int(text)


def _to(portal_id: int, report_id: int, said: str) -> Response:
    address = url_for(
        "saved_reports.show", portal_id=portal_id, report_id=report_id, said=said or None
    )
    return make_response(redirect(address, 303))
