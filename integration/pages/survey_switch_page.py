"""The page of our survey's switch: on or off, in whose name, and how many answered."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin import provisioning
from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard
from integration.pages.portal_pages import account_of
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, said
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.success import survey_switch
from integration.success.survey_switch import SurveyChoice

_UNPROCESSABLE = 422
_SAID = {
    "on": lazy_gettext("Saved. Links come to the contacts within minutes."),
    "off": lazy_gettext("Saved. The survey is off: its links lead nowhere and are being removed."),
}


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of the switch, and its form."""
    bp = Blueprint("survey_setup", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/survey")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _page(portal, session)

    @bp.post("/survey")
    def change(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        wanted = _wanted()
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            try:
                if wanted.is_on:
                    provisioning.provision(portal)  # an account of before has no such property yet
                survey_switch.change(portal, wanted, actor=session.actor)
            except Refused as refusal:
                page = _page(portal, session, wanted=wanted, problem=f"{said(refusal)}.")
                return make_response(page, _UNPROCESSABLE)
        done = "on" if wanted.is_on else "off"
        return redirect(url_for("survey_setup.show", portal_id=portal_id, said=done), 303)

    return bp


def _wanted() -> SurveyChoice:
    form = request.form
    return SurveyChoice(
        is_on=form.get("is_on") == "yes",
        asker=form.get("asker", "").strip(),
        promoter_words=form.get("promoter_words", "").strip(),
        promoter_link=form.get("promoter_link", "").strip(),
        has_new_links=form.get("links") == "new",
    )


def _page(
    portal: PortalContext,
    session: Session,
    *,
    wanted: SurveyChoice | None = None,
    problem: str = "",
) -> str:
    account = account_of(portal)
    state = survey_switch.state(portal)
    return render_template(
        "survey_switch.html",
        session=session,
        state=state,
        chosen=wanted or state.setup,
        account_name=str(account.account.get("name") or ""),
        days=survey_switch.COUNTED.days,
        problem=problem,
        said=_SAID.get(request.args.get("said", ""), ""),
        crumb=(_("Settings"), url_for("settings.show", portal_id=session.portal_id)),
    )
