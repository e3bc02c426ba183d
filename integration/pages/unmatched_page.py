"""The page of unmatched answers: each is matched with a contact by hand, or dismissed."""

from datetime import datetime

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard
from integration.pages.portal_pages import account_of
from integration.pages.texts import lazy_gettext, said
from integration.portal.context import PortalContext, open_portal
from integration.portal.record_choice import Ambiguous
from integration.portal.runtime import Runtime
from integration.success import unmatched
from mappings.kinds import ObjectType

_LONGEST = 500
_SAID = {
    "matched": lazy_gettext("Matched. It counts from now on, and shows on their page."),
    "dismissed": lazy_gettext("Dismissed. Its text and address are erased."),
}


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the list of answers of people whom nobody knows, and its forms."""
    bp = Blueprint("unmatched", __name__, url_prefix="/portals/<int:portal_id>/answers/unmatched")

    @bp.get("")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _page(portal, session)

    @bp.post("/match")
    def match(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        source, key = _named()
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            try:
                unmatched.match(portal, source, key, _contact(), actor=session.actor)
            except Refused as refusal:
                return make_response(_page(portal, session, refusal), 422)
        return redirect(url_for("unmatched.show", portal_id=portal_id, said="matched"), 303)

    @bp.post("/dismiss")
    def dismiss(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        source, key = _named()
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            reason = request.form.get("reason", "")
            try:
                unmatched.dismiss(portal, source, key, reason, actor=session.actor)
            except Refused as refusal:
                return make_response(_page(portal, session, refusal), 422)
        return redirect(url_for("unmatched.show", portal_id=portal_id, said="dismissed"), 303)

    return bp


def _named() -> tuple[str, str]:
    """The answer that a form is about."""
    return _clean(request.form.get("source", "")), _clean(request.form.get("key", ""))


def _clean(text: str) -> str:
    return text.replace("\x00", "")[:_LONGEST]


def _contact() -> str:
    """The contact that a form means; one that was chosen among several counts for that text."""
    text = request.form.get(ObjectType.CONTACT, "")
    if text == request.form.get(f"{ObjectType.CONTACT}_asked"):
        return request.form.get(f"{ObjectType.CONTACT}_choice", "") or text
    return text


def _page(portal: PortalContext, session: Session, refusal: Refused | None = None) -> str:
    found = unmatched.read(portal, _place(request.args.get("after", "")))
    return render_template(
        "unmatched.html",
        session=session,
        found=found,
        said=_SAID.get(request.args.get("said", "")),
        refusal=f"{said(refusal)}." if refusal else "",
        choices=refusal.candidates if isinstance(refusal, Ambiguous) else (),
        asked=_named() if refusal else None,
        typed=request.form,
        next=_written(found.next),
    )


def _place(text: str) -> unmatched.Place | None:
    """Where the list goes on by the address; one that was made up begins at the start."""
    moment, _, rest = text.partition("~")
    source, _, key = rest.partition("~")
    if not key or len(text) > _LONGEST or "\x00" in text:
        return None
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (at, source, key) if at.tzinfo else None


def _written(place: unmatched.Place | None) -> str | None:
    return f"{place[0].isoformat()}~{place[1]}~{place[2]}" if place else None
