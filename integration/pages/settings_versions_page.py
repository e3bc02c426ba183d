"""Versions of the settings: what each changed, two of them compared, an earlier one restored."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin import (
    portal_choices,
    preview,
    property_reading,
    settings_changes,
    settings_log,
)
from integration.admin.preview import HURRIED, Preview
from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard, settings_form, settings_preview
from integration.pages.portal_pages import account_of
from integration.pages.settings_preview import Act
from integration.pages.texts import gettext as _
from integration.portal import settings
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.portal.settings import Difference

_LONGEST_NUMBER = 9  # digits that fit the column
_LONGEST_REASON = 500


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of all versions, and the forms that restore one or let it judge history."""
    bp = Blueprint("versions", __name__, url_prefix="/portals/<int:portal_id>/settings/versions")

    @bp.get("")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _page(portal, session)

    @bp.post("/restore")
    def restore(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            return _restore(portal, session, request.form)

    @bp.post("/judge-history")
    def judge_history(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            return _judge_history(portal, session, request.form)

    return bp


def _page(portal: PortalContext, session: Session) -> str:
    lines = settings_log.every(portal)
    first, second = (request.args.get(name, type=int) for name in ("first", "second"))
    is_compared = first is not None and second is not None
    differences = settings_log.compare(portal, first or 0, second or 0) if is_compared else ()
    return render_template(
        "versions.html",
        session=session,
        portal=account_of(portal),
        versions=[(line, list(map(_in_words, line.changes))) for line in lines],
        first=first,
        second=second,
        differences=list(map(_in_words, differences)) if is_compared else None,
        may_judge_history=settings_log.may_judge_history(portal),
        said=request.args.get("said", ""),
    )


def _in_words(difference: Difference) -> tuple[str, str, str]:
    before, after = (
        settings_form.as_text(difference.name, value).replace("\n", ", ") or _("nothing")
        for value in (difference.before, difference.after)
    )
    return difference.name, before, after


def _restore(
    portal: PortalContext, session: Session, form: Mapping[str, str]
) -> ResponseReturnValue:
    number = _number(form)
    if form.get("preview"):
        act = Act(
            "settings/versions/restore", _("Let version %(number)s count again", number=number)
        )
        return settings_preview.page(portal, session, _preview_of(portal, number), act, form)
    portal_choices.check_version(portal, number)
    settings_changes.restore(
        portal, number, actor=session.actor, expected_version=_number(form, "seen")
    )
    property_reading.read_labels_if_possible(portal)
    return redirect(url_for("settings.show", portal_id=portal.portal_id, saved=1), 303)


def _preview_of(portal: PortalContext, number: int) -> Preview:
    portal_choices.check_version(portal, number)
    with portal.transaction() as tx:
        now, earlier = settings.read(tx), settings.read_version(tx, number)
    return preview.preview(
        portal,
        portal_map=earlier.map,
        policy=settings_changes.policy_back(now, earlier),
        patience=HURRIED,
    )


def _judge_history(
    portal: PortalContext, session: Session, form: Mapping[str, str]
) -> ResponseReturnValue:
    number, reason = _number(form), form.get("reason", "").strip()[:_LONGEST_REASON]
    if form.get("preview"):
        if not reason:
            raise Refused(
                _("Say why history is to be judged by other settings; it is kept with it")
            )
        found = preview.preview(portal, judges_history=True, patience=HURRIED)
        act = Act(
            "settings/versions/judge-history",
            _("Judge all of history by version %(number)s", number=number),
        )
        return settings_preview.page(portal, session, found, act, form)
    settings_changes.judge_history(portal, number, actor=session.actor, reason=reason)
    address = url_for("versions.show", portal_id=portal.portal_id, said="judging")
    return redirect(address, 303)


def _number(form: Mapping[str, str], name: str = "number") -> int:
    text = form.get(name, "")
    if not text.isascii() or not text.isdecimal() or len(text) > _LONGEST_NUMBER:
        raise Refused(_("The form does not say which version it is about; load the page again"))
    return int(text)
