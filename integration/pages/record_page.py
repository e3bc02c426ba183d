"""Pages of records by type and id, and what a picker of records offers."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from flask import Blueprint, Request, Response, jsonify, request
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Retryable
from integration.pages import company_view, deal_view, guard, person_view
from integration.pages.texts import gettext as _
from integration.portal import record_choice
from integration.portal.context import PortalContext, open_portal
from integration.portal.record_choice import Candidate
from integration.portal.runtime import Runtime
from mappings.kinds import ObjectType

_LARGEST_ID = (1 << 63) - 1  # that the database can hold
_SHOWN_TYPES: Mapping[str, ObjectType] = {
    kind.value: kind for kind in (ObjectType.DEAL, ObjectType.CONTACT, ObjectType.COMPANY)
}


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of a record, and what pickers of records offer."""
    bp = Blueprint("records", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/<any(deal, contact, company):object_type>/<int:record_id>")
    def record(portal_id: int, object_type: str, record_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        if not 0 < record_id <= _LARGEST_ID:
            return _absent()
        with open_portal(runtime, portal_id) as portal:
            page = _PAGES[object_type](portal, session, record_id, request)
        return _absent() if page is None else page

    @bp.get("/records.json")
    def suggest(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        object_type = _SHOWN_TYPES.get(request.args.get("type", ""))
        text = request.args.get("text", "")
        offers = _offers(runtime, portal_id, object_type, text) if object_type else []
        return jsonify(
            [{"id": row.record_id, "name": row.name, "note": row.note} for row in offers]
        )

    return bp


def _offers(
    runtime: Runtime, portal_id: int, object_type: ObjectType, text: str
) -> Sequence[Candidate]:
    """The records to offer; none where the database takes too long to find them."""
    with (
        suppress(Retryable),
        open_portal(runtime, portal_id) as portal,
        portal.transaction() as tx,
    ):
        return record_choice.candidates(tx, object_type, text)
    return ()


_Page = Callable[[PortalContext, Session, int, Request], str | None]
_PAGES: Mapping[str, _Page] = {
    ObjectType.DEAL: deal_view.page,
    ObjectType.CONTACT: person_view.page,
    ObjectType.COMPANY: company_view.page,
}


def _absent() -> Response:
    """Answer with the same bytes for every record this account does not have.

    So nobody learns which records other accounts have.
    """
    return guard.problem(
        404,
        _("No such record"),
        _(
            "We know no record of this kind and number in your account. The number is the"
            " last part of the record's address in HubSpot; a new record is known a few"
            " seconds after it was made."
        ),
    )
