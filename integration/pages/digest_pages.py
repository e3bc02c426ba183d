"""The digests page: who gets what by mail how often; and the page behind a digest's last link."""

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import digest_mail, guard, languages
from integration.pages.portal_pages import account_of
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, marked
from integration.portal.context import PortalContext, open_portal
from integration.portal.permissions import Permission
from integration.portal.runtime import Runtime
from integration.reports import digests, saved_reports
from integration.storage.service import digest_rows, portal_users
from mappings.kinds import Rhythm
from mappings.records import identifiers

_SAID = {
    "wanted": lazy_gettext("Saved. The next one goes out at seven in the morning of its day."),
    "ended": lazy_gettext("Ended. No more of it goes out."),
}


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of an account's digests, and what a digest's last link leads to."""
    bp = Blueprint("digests", __name__)
    _add_page(bp, runtime)
    _add_links(bp, runtime)
    return bp


def _add_page(bp: Blueprint, runtime: Runtime) -> None:
    @bp.get("/portals/<int:portal_id>/digests")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _page(portal, session)

    @bp.post("/portals/<int:portal_id>/digests")
    def want(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            try:
                _want(portal, session)
            except Refused as refusal:
                return make_response(_page(portal, session, problem=str(refusal)), 422)
        return redirect(url_for("digests.show", portal_id=portal_id, said="wanted"), 303)

    @bp.post("/portals/<int:portal_id>/digests/<int:digest_id>/end")
    def end(portal_id: int, digest_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            with portal.transaction() as tx:
                digest = digest_rows.find(tx, digest_id)
            if digest is not None and digest.user_id != session.user_id:
                _check_may_choose_others(session)
            digests.end(portal, digest_id, actor=session.actor)
        return redirect(url_for("digests.show", portal_id=portal_id, said="ended"), 303)


def _want(portal: PortalContext, session: Session) -> None:
    rhythm = Rhythm.of(request.form.get("rhythm"))
    if rhythm is None:
        raise Refused(_("The form does not say how often; load the page again"))
    user_id = identifiers.read(request.form.get("user")) or session.user_id
    if user_id != session.user_id:
        _check_may_choose_others(session)
    language = languages.language()
    report_id = identifiers.read(request.form.get("report")) or 0
    digests.want(portal, user_id, rhythm, report_id, language=language, actor=session.actor)


def _check_may_choose_others(session: Session) -> None:
    """Everybody chooses for themselves; for others, who may save reports."""
    if not session.may(Permission.SAVE_REPORTS):
        abort(403, _("Your role lets you choose digests for yourself, and not for others."))


def _page(portal: PortalContext, session: Session, *, problem: str = "") -> str:
    account_of(portal)
    may_choose = session.may(Permission.SAVE_REPORTS)
    with portal.transaction() as tx:
        users = {user.user_id: user for user in portal_users.every(tx)}
        wanted = digest_rows.every(tx)
    reports = [saved for saved in saved_reports.every(portal) if not saved.is_deleted]
    here = [user for user in users.values() if user.role and not user.has_left]
    shown = [digest for digest in wanted if may_choose or digest.user_id == session.user_id]
    return render_template(
        "digests.html",
        session=session,
        wanted=[(digest, users.get(digest.user_id)) for digest in shown],
        users=here if may_choose else [],
        rhythms=list(Rhythm),
        reports=reports,
        report_names={saved.report_id: saved.name for saved in reports},
        sends_mail=portal.runtime.settings.mail_server is not None,
        problem=problem,
        said=_SAID.get(request.args.get("said", "")),
    )


def _add_links(bp: Blueprint, runtime: Runtime) -> None:
    @bp.get("/mail/stop/<token>")
    def ask(token: str) -> ResponseReturnValue:
        # Mail programs open links to look at them: only the button ends anything.
        if digest_mail.read_stop_token(runtime, token) is None:
            return _unknown_link()
        return render_template(
            "digest_stop.html", session=guard.session_if_known(runtime), token=token
        )

    @bp.post("/mail/stop/<token>")
    def stop(token: str) -> ResponseReturnValue:
        read = digest_mail.read_stop_token(runtime, token)
        if read is None:
            return _unknown_link()
        portal_id, digest_id = read
        with open_portal(runtime, portal_id) as portal:
            digests.end(portal, digest_id, actor=marked("the link in a digest"))
        return render_template("digest_stop.html", session=guard.session_if_known(runtime))


def _unknown_link() -> Response:
    return guard.problem(
        404,
        _("We do not know this link"),
        _("It may be cut off, or older than the service's key. Sign in and end the digest there."),
        sign_in=True,
    )
