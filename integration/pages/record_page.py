"""Pages of records by type and id, and the form that finds one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from flask import Blueprint, Request, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Refused, Retryable
from integration.pages import company_page, deal_page, guard, person_page
from integration.pages.texts import gettext as _
from integration.pages.texts import said
from integration.portal import record_choice
from integration.portal.context import PortalContext, open_portal
from integration.portal.record_choice import Ambiguous, Candidate
from integration.portal.runtime import Runtime
from mappings.kinds import ObjectType

_LARGEST_ID = (1 << 63) - 1  # that the database can hold
_SHOWN_TYPES: Mapping[str, ObjectType] = {
    kind.value: kind for kind in (ObjectType.DEAL, ObjectType.CONTACT, ObjectType.COMPANY)
}
Json = dict[str, Any]
_SHOWN_ROWS = 200


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of a record, and the form that finds one by type and id."""
    bp = Blueprint("records", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/<any(deal, contact, company):object_type>/<int:record_id>")
    def record(portal_id: int, object_type: str, record_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        if not 0 < record_id <= _LARGEST_ID:
            return _absent()
        with open_portal(runtime, portal_id) as portal:
            page = _PAGES[object_type](portal, session, record_id, request)
        return _absent() if page is None else page

    @bp.get("/find")
    def find(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        object_type = _SHOWN_TYPES.get(request.args.get("type", ObjectType.DEAL))
        text = request.args.get("id", "").strip()
        if object_type is None or not text:
            return _absent()
        if _is_number(text):
            return _to_record(portal_id, object_type, int(text))
        return _find(runtime, session, object_type, text)

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


def _find(
    runtime: Runtime, session: Session, object_type: ObjectType, text: str
) -> ResponseReturnValue:
    """Lead to the record that is called so; ask where several are, refuse where none is."""
    try:
        with open_portal(runtime, session.portal_id) as portal, portal.transaction() as tx:
            found = record_choice.choose(tx, object_type, text)
    except Ambiguous as several:
        return _which(session, object_type, text, several)
    except Refused as refusal:
        return guard.problem(404, _("No such record"), f"{said(refusal)}.")
    return _to_record(session.portal_id, object_type, found) if found else _absent()


def _to_record(portal_id: int, object_type: str, record_id: int) -> ResponseReturnValue:
    address = url_for(
        "records.record", portal_id=portal_id, object_type=object_type, record_id=record_id
    )
    return redirect(address, 303)


def _which(session: Session, object_type: str, text: str, several: Ambiguous) -> str:
    return render_template(
        "which.html",
        session=session,
        object_type=object_type,
        text=text,
        candidates=several.candidates,
    )


_Page = Callable[[PortalContext, Session, int, Request], str | None]
_PAGES: Mapping[str, _Page] = {
    ObjectType.DEAL: deal_page.page,
    ObjectType.CONTACT: person_page.page,
    ObjectType.COMPANY: company_page.page,
}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(_LARGEST_ID))


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
