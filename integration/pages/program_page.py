"""The referral program's page: its switch, advocates and their links, won referrals and rewards."""

from collections.abc import Callable, Iterable
from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin import program_settings, reward_log
from integration.admin.program_settings import ProgramWish
from integration.admin.reward_log import RewardWish
from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext
from integration.portal import record_choice
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.reports import program_files
from integration.reports import referral_program as report
from integration.storage.program.advocate_rows import ORDERS
from mappings.kinds import ObjectType, RewardKind
from mappings.records import identifiers

_USUAL: Final = "revenue"
_SAID = {
    "changed": lazy_gettext("Saved. Links in HubSpot follow within minutes."),
    "given": lazy_gettext("The link is made. It stands on the contact in HubSpot within minutes."),
    "revoked": lazy_gettext("The link is ended. What came by it before stays."),
    "named": lazy_gettext("Saved."),
    "approved": lazy_gettext("The reward is noted, and counts from today."),
    "paid": lazy_gettext("Noted as paid."),
    "withdrawn": lazy_gettext("The reward is withdrawn, and counts no more from today."),
    "published": lazy_gettext("The leaderboard is public under the address below."),
    "ended": lazy_gettext("The public leaderboard is ended; its address leads nowhere."),
}


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page and everything that can be done on it."""
    bp = Blueprint("program", __name__, url_prefix="/portals/<int:portal_id>/program")
    _add_page(bp, runtime)
    _add_links(bp, runtime)
    _add_rewards(bp, runtime)
    _add_files(bp, runtime)
    return bp


def _add_page(bp: Blueprint, runtime: Runtime) -> None:
    @bp.get("")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _page(portal, session)

    @bp.post("")
    def change(portal_id: int) -> ResponseReturnValue:
        return _do(runtime, portal_id, _change, "changed")

    @bp.post("/board")
    def publish(portal_id: int) -> ResponseReturnValue:
        is_public = request.form.get("public") == "yes"
        said = "published" if is_public else "ended"

        def deed(portal: PortalContext, actor: str) -> None:
            program_settings.publish_board(portal, is_public=is_public, actor=actor)

        return _do(runtime, portal_id, deed, said)


def _change(portal: PortalContext, actor: str) -> None:
    form = request.form
    wish = ProgramWish(
        is_on=form.get("on") == "yes",
        targets=tuple(filter(None, map(str.strip, form.get("targets", "").splitlines()))),
        campaign=form.get("campaign", ""),
        parameter=form.get("parameter", ""),
        gives_champions=form.get("champions") == "yes",
    )
    program_settings.change(portal, wish, actor=actor)


def _add_links(bp: Blueprint, runtime: Runtime) -> None:
    @bp.post("/links")
    def give(portal_id: int) -> ResponseReturnValue:
        return _do(runtime, portal_id, _give, "given")

    @bp.post("/links/<code>/end")
    def revoke(portal_id: int, code: str) -> ResponseReturnValue:
        def deed(portal: PortalContext, actor: str) -> None:
            program_settings.revoke(portal, code, actor=actor)

        return _do(runtime, portal_id, deed, "revoked")

    @bp.post("/links/<code>/name")
    def name(portal_id: int, code: str) -> ResponseReturnValue:
        shown = request.form.get("name", "")

        def deed(portal: PortalContext, actor: str) -> None:
            program_settings.name_in_public(portal, code, shown, actor=actor)

        return _do(runtime, portal_id, deed, "named")


def _give(portal: PortalContext, actor: str) -> None:
    contact_id = identifiers.read(request.form.get("contact"))
    if contact_id is None:
        with portal.transaction() as tx:
            contact_id = record_choice.choose(
                tx, ObjectType.CONTACT, request.form.get("person", "")
            )
    if contact_id is None:
        raise Refused(_("Say whose link it is to be: a name, an address or a number"))
    target = request.form.get("target", "")
    program_settings.give(portal, [contact_id], target=target, actor=actor)


def _add_rewards(bp: Blueprint, runtime: Runtime) -> None:
    @bp.post("/rewards")
    def approve(portal_id: int) -> ResponseReturnValue:
        return _do(runtime, portal_id, _approve, "approved")

    @bp.post("/rewards/<int:reward_id>/paid")
    def pay(portal_id: int, reward_id: int) -> ResponseReturnValue:
        on = request.form.get("on", "")

        def deed(portal: PortalContext, actor: str) -> None:
            reward_log.pay(portal, reward_id, on, actor=actor)

        return _do(runtime, portal_id, deed, "paid")

    @bp.post("/rewards/<int:reward_id>/withdraw")
    def withdraw(portal_id: int, reward_id: int) -> ResponseReturnValue:
        def deed(portal: PortalContext, actor: str) -> None:
            reward_log.withdraw(portal, reward_id, actor=actor)

        return _do(runtime, portal_id, deed, "withdrawn")


def _approve(portal: PortalContext, actor: str) -> None:
    form = request.form
    contact_id = identifiers.read(form.get("contact"))
    if contact_id is None:
        raise Refused(_("The form names nobody: load the page again"))
    wish = RewardWish(
        contact_id=contact_id,
        target=form.get("target", ""),
        kind=form.get("kind", ""),
        value=form.get("value", ""),
        currency=form.get("currency", ""),
    )
    reward_log.approve(portal, wish, actor=actor)


def _do(
    runtime: Runtime, portal_id: int, deed: Callable[[PortalContext, str], None], said: str
) -> ResponseReturnValue:
    """Do something and go back to where the form was; a refusal is shown on the page."""
    session = guard.session_of(runtime, portal_id)
    with open_portal(runtime, portal_id) as portal:
        try:
            deed(portal, session.actor)
        except Refused as refusal:
            return make_response(_page(portal, session, problem=str(refusal)), 422)
    back = identifiers.read(request.form.get("back"))
    if back is not None:
        there = url_for(
            "records.record", portal_id=portal_id, object_type="contact", record_id=back
        )
        return redirect(f"{there}#program", 303)
    return redirect(url_for("program.show", portal_id=portal_id, said=said), 303)


def _page(portal: PortalContext, session: Session, *, problem: str = "") -> str:
    order = request.args.get("order", "")
    order = order if order in ORDERS else _USUAL
    before = identifiers.read(request.args.get("before"))
    found = report.read(portal, order, before=before)
    return render_template(
        "program.html",
        session=session,
        found=found,
        program=found.program,
        order=order,
        kinds=list(RewardKind),
        kind_labels={kind.value: kind.label for kind in RewardKind},
        today=found.calendar.day_of(portal.runtime.now()),
        board=_board_address(portal, found.program.board_code),
        older=found.rewards[-1].reward_id if len(found.rewards) == report.SHOWN else None,
        is_first=before is None,
        problem=problem,
        said=_SAID.get(request.args.get("said", "")),
    )


def _board_address(portal: PortalContext, code: str | None) -> str:
    return f"{portal.runtime.settings.public_url}/leaders/{code}" if code else ""


# Files


def _add_files(bp: Blueprint, runtime: Runtime) -> None:
    @bp.get("/advocates.csv")
    def advocates_csv(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            lines = list(program_files.advocates(portal))
        return _file(lines, f"advocates-{portal_id}.csv")

    @bp.get("/rewards.csv")
    def rewards_csv(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            lines = list(program_files.rewards(portal))
        return _file(lines, f"rewards-{portal_id}.csv")


def _file(lines: Iterable[str], name: str) -> Response:
    answer = Response(lines, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer
