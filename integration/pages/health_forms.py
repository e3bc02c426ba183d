"""Forms on a customer's page: set its health band for a while, leave out a factor."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date

from flask import Blueprint, abort, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import RecordGone, Refused
from integration.pages import company_view, guard
from integration.pages.texts import gettext as _
from integration.portal.context import PortalContext, open_portal
from integration.portal.permissions import Permission
from integration.portal.runtime import Runtime
from integration.review import health_deciding
from integration.review.health_deciding import Deed
from integration.storage.mirror import mirror, owner_rows
from mappings.kinds import ObjectType

Act = Callable[[PortalContext, Session], None]


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the forms; each leads back to the customer's page, or shows it with what is wrong."""
    bp = Blueprint("health", __name__, url_prefix="/portals/<int:portal_id>/company")

    @bp.post("/<int:company_id>/band")
    def set_band(portal_id: int, company_id: int) -> ResponseReturnValue:
        def act(portal: PortalContext, session: Session) -> None:
            health_deciding.set_band(portal, _deed(company_id, "band", session))

        return _do(runtime, portal_id, company_id, act)

    @bp.post("/<int:company_id>/band/withdraw")
    def withdraw_band(portal_id: int, company_id: int) -> ResponseReturnValue:
        def act(portal: PortalContext, session: Session) -> None:
            health_deciding.withdraw_band(portal, company_id, author=session.actor)

        return _do(runtime, portal_id, company_id, act)

    @bp.post("/<int:company_id>/left-out")
    def leave_out(portal_id: int, company_id: int) -> ResponseReturnValue:
        def act(portal: PortalContext, session: Session) -> None:
            health_deciding.leave_out(portal, _deed(company_id, "factor", session))

        return _do(runtime, portal_id, company_id, act)

    @bp.post("/<int:company_id>/left-out/count")
    def count_again(portal_id: int, company_id: int) -> ResponseReturnValue:
        def act(portal: PortalContext, session: Session) -> None:
            factor = request.form.get("factor", "")
            health_deciding.count_again(portal, company_id, factor, author=session.actor)

        return _do(runtime, portal_id, company_id, act)

    return bp


def _do(runtime: Runtime, portal_id: int, company_id: int, act: Act) -> ResponseReturnValue:
    session = guard.session_of(runtime, portal_id)
    with open_portal(runtime, portal_id) as portal:
        _check_may_decide(portal, session, company_id)
        try:
            act(portal, session)
        except RecordGone:
            abort(404)
        except Refused as refusal:
            page = company_view.page(portal, session, company_id, request, problem=refusal)
            return abort(404) if page is None else make_response(page, 422)
    address = url_for(
        "records.record", portal_id=portal_id, object_type="company", record_id=company_id
    )
    return redirect(f"{address}#health", 303)


def _check_may_decide(portal: PortalContext, session: Session, company_id: int) -> None:
    """Refuse another's customer where the role decides on its own only."""
    if session.may(Permission.OVERRIDE):
        return
    with portal.transaction() as tx:
        today = mirror.resolve(tx, ObjectType.COMPANY, [company_id])[company_id]
        is_there = bool(mirror.load(tx, ObjectType.COMPANY, [today]))
        is_own = owner_rows.owned_by(tx, session.user_id, [(ObjectType.COMPANY, today)])
    if is_there and not is_own:
        abort(403, _("Your role decides on your own customers; this one is another's."))


def _deed(company_id: int, name: str, session: Session) -> Deed:
    words = request.form.get("reason", "")
    return Deed(company_id, request.form.get(name, ""), words, _until(), session.actor)


def _until() -> date | None:
    """The day that was chosen. Refused for what is no day; None where none was chosen."""
    text = request.form.get("until", "").strip()
    if not text:
        return None
    with suppress(ValueError):
        return date.fromisoformat(text)
    raise Refused("The end is no date: choose one like 2027-03-31")
