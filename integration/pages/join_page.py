"""The page behind an invitation's link, which lets one user of an account in."""

from flask import Blueprint, Response, make_response, redirect, render_template
from flask.typing import ResponseReturnValue

from integration.admin import invitations
from integration.admin.invitations import NoInvitation
from integration.pages import guard
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext
from integration.portal.runtime import Runtime
from integration.storage.service.sessions import INVITED_HOURS


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of a link, and the form that uses it up."""
    bp = Blueprint("join", __name__)

    @bp.get("/join/<token>")
    def look(token: str) -> ResponseReturnValue:
        try:
            welcome = invitations.look(runtime, token)
        except NoInvitation as refusal:
            return _refused(refusal)
        return render_template(
            "join.html", session=guard.session_if_known(runtime), welcome=welcome, token=token
        )

    @bp.post("/join/<token>")
    def come_in(token: str) -> ResponseReturnValue:
        try:
            portal_id, secret = invitations.accept(
                runtime, token, instead_of=guard.cookie(runtime, "session")
            )
        except NoInvitation as refusal:
            return _refused(refusal)
        answer = make_response(redirect(f"/portals/{portal_id}/", 303))
        guard.set_cookie(answer, runtime, "session", secret, seconds=INVITED_HOURS * 3600)
        return answer

    return bp


_WHY = {
    "used": lazy_gettext("It was used already, and it works once."),
    "over": lazy_gettext("It is too old."),
    "left": lazy_gettext("The user it is for is in the HubSpot account no more."),
}


def _refused(refusal: NoInvitation) -> Response:
    why = _WHY.get(refusal.why, lazy_gettext("We do not know it, or it was taken back."))
    text = _("%(why)s Ask an admin of the account for a new one.", why=why)
    return guard.problem(404, _("This invitation lets nobody in"), text)
