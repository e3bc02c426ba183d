"""The page of survey tools: surveys whose answers come in signed, and their secrets and fields."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard
from integration.pages.portal_pages import account_of
from integration.pages.texts import lazy_gettext, said
from integration.portal import inbound_keys, survey_sources
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.storage.mirror import waiting_answers
from mappings.records.survey_tools import TOOLS, ChosenFields

# Of a survey's fields: what it is called, and what is taken where nobody said anything.
FIELDS: Mapping[str, tuple[str, str]] = {
    "score": (
        lazy_gettext("Score question"),
        lazy_gettext("its ID, reference or title; empty: the one that says it goes from 0 to 10"),
    ),
    "comment": (lazy_gettext("Comment question"), lazy_gettext("empty: the one long text")),
    "contact": (
        lazy_gettext("Field with the ID of the contact"),
        lazy_gettext("empty: the usual one, as the documentation names it"),
    ),
    "email": (lazy_gettext("Field with the e-mail address"), lazy_gettext("empty: email")),
    "token": (lazy_gettext("Field with our signed token"), lazy_gettext("empty: token")),
}
_SAID = {
    "added": lazy_gettext("Set up. Enter the address and the secret in the tool."),
    "changed": lazy_gettext("Saved. Replay on Sync health reads again what was set aside."),
    "renewed": lazy_gettext("There is a new secret. Enter it in the tool."),
    "removed": lazy_gettext("Removed. Its messages are refused from now on; its answers stay."),
}
_NAME_LENGTH = 40


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page on which admins set surveys up, and its forms."""
    bp = Blueprint("surveys", __name__, url_prefix="/portals/<int:portal_id>/settings/surveys")

    @bp.get("")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            return _page(portal, session)

    @bp.post("")
    def add(portal_id: int) -> ResponseReturnValue:
        def work(portal: PortalContext, actor: str) -> None:
            form = request.form
            name, tool = form.get("name", "").strip(), form.get("tool", "")
            survey_sources.add(portal, name, tool, _fields(), form.get("secret", ""), actor=actor)

        return _done(runtime, portal_id, work, "added")

    @bp.post("/<source>/fields")
    def change(portal_id: int, source: str) -> ResponseReturnValue:
        def work(portal: PortalContext, actor: str) -> None:
            survey_sources.change(portal, source, _fields(), actor=actor)

        return _done(runtime, portal_id, work, "changed")

    @bp.post("/<source>/secret")
    def renew(portal_id: int, source: str) -> ResponseReturnValue:
        def work(portal: PortalContext, actor: str) -> None:
            ends_now = request.form.get("former") == "ends now"
            grace = timedelta() if ends_now else survey_sources.GRACE
            secret = request.form.get("secret", "")
            survey_sources.renew(portal, source, secret, actor=actor, grace=grace)

        return _done(runtime, portal_id, work, "renewed")

    @bp.post("/<source>/remove")
    def remove(portal_id: int, source: str) -> ResponseReturnValue:
        def work(portal: PortalContext, actor: str) -> None:
            survey_sources.remove(portal, source, actor=actor)

        return _done(runtime, portal_id, work, "removed")

    return bp


def _done(
    runtime: Runtime, portal_id: int, work: Callable[[PortalContext, str], None], word: str
) -> ResponseReturnValue:
    """Do what a form asks and lead back to the page; a refusal is said above the form as typed."""
    session = guard.session_of(runtime, portal_id)
    with open_portal(runtime, portal_id) as portal:
        account_of(portal)
        try:
            work(portal, session.actor)
        except Refused as refusal:
            return make_response(_page(portal, session, f"{said(refusal)}."), 422)
    return redirect(url_for("surveys.show", portal_id=portal_id, said=word), 303)


def _fields() -> ChosenFields:
    return ChosenFields(**{name: request.form.get(name, "") for name in FIELDS})


def _page(portal: PortalContext, session: Session, refusal: str = "") -> str:
    surveys = survey_sources.every(portal)
    with portal.transaction() as tx:
        came = waiting_answers.by_source(tx)
        waiting = waiting_answers.count(tx)
    base = f"{portal.runtime.settings.public_url}/webhooks/surveys"
    return render_template(
        "survey_tools.html",
        session=session,
        surveys=[
            {
                "survey": survey,
                "address": f"{base}/{survey.name}?account={portal.portal_id}",
                "chosen": {name: getattr(survey.fields, name) for name in FIELDS},
                "came": came.get(inbound_keys.source_name(survey_sources.KIND, survey.name)),
            }
            for survey in surveys
        ],
        tools=TOOLS,
        fields=FIELDS,
        name_length=_NAME_LENGTH,
        grace_days=survey_sources.GRACE.days,
        waiting=waiting,
        typed=request.form if refusal else {},
        refusal=refusal,
        said=_SAID.get(request.args.get("said", "")),
    )
