"""The users page: who of the account was here, their roles, and invitations."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin import roles
from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard
from integration.pages.portal_pages import account_of
from integration.pages.texts import gettext as _
from integration.portal import permissions
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.storage.service import portal_users
from mappings.kinds import Role


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

    return bp


def _role(word: str | None) -> Role | None:
    """The role that a form names, empty for none."""
    role = Role.of(word)
    if word is None or (word and role is None):
        raise Refused("The form names no role that there is; load the page again")
    return role


def _page(portal: PortalContext, session: Session, *, problem: str = "") -> str:
    account_of(portal)
    with portal.transaction() as tx:
        users = portal_users.every(tx)
    return render_template(
        "users.html",
        session=session,
        users=users,
        roles=list(Role),
        rights=[(right.label, permissions.who_may(right)) for right in permissions.Permission],
        problem=problem,
        said=_("Saved. It counts from their next click on.") if request.args.get("said") else "",
    )
