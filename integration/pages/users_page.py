"""The users page: who of the account was here, their roles, and invitations."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin import invitations, roles
from integration.admin.invitations import Invited
from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard
from integration.pages.portal_pages import account_of
from integration.pages.texts import lazy_gettext
from integration.portal import permissions
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.storage.mirror import owner_rows
from integration.storage.service import invitation_rows, portal_users
from mappings.kinds import Role

_MOST_OFFERED = 500  # addresses in the list beside the field


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page on which admins hand out roles, and its forms."""
    bp = Blueprint("users", __name__, url_prefix="/portals/<int:portal_id>/users")

    @bp.get("")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _page(portal, session)

    @bp.post("/<int:user_id>")
    def change(portal_id: int, user_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            try:
                roles.give(portal, user_id, _role(request.form.get("role")), actor=session.actor)
            except Refused as refusal:
                return make_response(_page(portal, session, problem=str(refusal)), 422)
        return redirect(url_for("users.show", portal_id=portal_id, said="changed"), 303)

    @bp.post("/invite")
    def invite(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            try:
                role = _role(request.form.get("role")) or Role.SELLER
                email = request.form.get("email", "")
                invited = invitations.invite(portal, email, role, actor=session.actor)
            except Refused as refusal:
                return make_response(_page(portal, session, problem=str(refusal)), 422)
            # The link is shown here and never again.
            return _page(portal, session, invited=invited)

    @bp.post("/invitations/<int:invitation_id>")
    def take_back(portal_id: int, invitation_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            invitations.take_back(portal, invitation_id, actor=session.actor)
        return redirect(url_for("users.show", portal_id=portal_id, said="taken_back"), 303)

    return bp


def _role(word: str | None) -> Role | None:
    """The role that a form names, empty for none."""
    role = Role.of(word)
    if word is None or (word and role is None):
        raise Refused("The form names no role that there is; load the page again")
    return role


_SAID = {
    "changed": lazy_gettext("Saved. It counts from their next click on."),
    "taken_back": lazy_gettext("The invitation lets nobody in any more."),
}


def _page(
    portal: PortalContext, session: Session, *, problem: str = "", invited: Invited | None = None
) -> str:
    account_of(portal)
    with portal.transaction() as tx:
        users = portal_users.every(tx)
        waiting = invitation_rows.waiting(tx)
        owners = owner_rows.every(tx).values()
    here = {user.user_id for user in users if user.role}
    can_be_invited = [
        owner
        for owner in owners
        if owner.user_id and owner.email and not owner.is_archived and owner.user_id not in here
    ]
    return render_template(
        "users.html",
        session=session,
        users=users,
        waiting=waiting,
        offered=sorted(can_be_invited, key=lambda owner: owner.name.casefold())[:_MOST_OFFERED],
        roles=list(Role),
        rights=[(right.label, permissions.who_may(right)) for right in permissions.Permission],
        problem=problem,
        invited=invited,
        sends_mail=portal.runtime.settings.mail_server is not None,
        said=_SAID.get(request.args.get("said", "")),
    )
