"""The pulse form of a company's page: how it goes with a customer, said by its owner each month."""

from collections.abc import Mapping

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.pages import guard
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext
from integration.portal.context import PortalContext, open_portal
from integration.portal.permissions import Permission
from integration.portal.runtime import Runtime
from integration.success import pulses
from mappings.kinds import ObjectType

VALUES: Mapping[int, str] = {
    5: lazy_gettext("5: delighted"),
    4: lazy_gettext("4: good"),
    3: lazy_gettext("3: all right"),
    2: lazy_gettext("2: uneasy"),
    1: lazy_gettext("1: in danger"),
}
_NUMBERS = {str(value): value for value in VALUES}


def blueprint(runtime: Runtime) -> Blueprint:
    """Return what the form of a company's page is sent to."""
    bp = Blueprint("pulse", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.post("/company/<int:company_id>/pulse")
    def give(portal_id: int, company_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            if not may_give(portal, session, company_id):
                abort(403, _("Your role says how it goes with your own companies; this is not."))
            value = _NUMBERS.get(request.form.get("value", ""), 0)
            words = request.form.get("words", "")
            pulses.give(portal, company_id, value, words, user_id=session.user_id)
        address = url_for(
            "records.record",
            portal_id=portal_id,
            object_type=ObjectType.COMPANY.value,
            record_id=company_id,
            _anchor="pulse",
        )
        return redirect(address, 303)

    return bp


def may_give(portal: PortalContext, session: Session, company_id: int) -> bool:
    """Whether this visitor may say how it goes with a company: its owner, or who may for all."""
    if session.may(Permission.ANSWER):
        return True
    own = session.may(Permission.ANSWER_OWN)
    return own and pulses.is_owner(portal, company_id, session.user_id)
