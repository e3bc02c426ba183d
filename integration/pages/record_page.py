"""One record: everything we conclude about it, with the reasons and the ledger rows."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.pages import explanation_view, guard
from integration.pages.portal_pages import found
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime
from integration.reports import explain

_LONGEST_ID = (1 << 63) - 1
_SHOWN_ROWS = 200


def blueprint(runtime: Runtime) -> Blueprint:
    """Record pages, and the way to one by type and id."""
    bp = Blueprint("records", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/<any(deal, contact, company):object_type>/<int:record_id>")
    def record(portal_id: int, object_type: str, record_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        if not 0 < record_id <= _LONGEST_ID:
            return _absent(session)
        with open_portal(runtime, portal_id) as portal:
            installed = found(portal)
            told = explain.explain(portal, object_type, record_id)
        if not (told["exists"] or told["values"] or told.get("ledger")):
            return _absent(session)
        link = explanation_view.in_hubspot(
            installed.account, portal_id, object_type, told["record_id"]
        )
        currency = _currency(told, str(installed.account.get("currency") or ""))
        shown = explanation_view.values(object_type, told["values"], currency)
        return render_template(
            "record.html", session=session, told=told, values=shown, in_hubspot=link, currency=currency,
            sentences=explanation_view.sentences, ledger=told.get("ledger", [])[:_SHOWN_ROWS], shown_rows=_SHOWN_ROWS,
        )  # fmt: skip

    @bp.get("/find")
    def find(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        kind, number = request.args.get("type", "deal"), request.args.get("id", "").strip()
        if kind not in {"deal", "contact", "company"} or not (
            number.isascii() and number.isdigit()
        ):
            return _absent(session)
        if len(number) > len(str(_LONGEST_ID)):
            return _absent(session)
        return redirect(
            url_for("records.record", portal_id=portal_id, object_type=kind, record_id=int(number)),
            303,
        )

    return bp


def _absent(session: Session) -> Response:
    """The same bytes for every record this account does not have, whoever else may have it."""
    return guard.problem(
        404, "No such record",
        "We know no record of this kind and number in your account. The number is the last part of the record's"
        " address in HubSpot; a new record is known a few seconds after it was made.", signed_in=session,
    )  # fmt: skip


def _currency(told: dict[str, Any], home: str) -> str:
    """A deal's values are in the deal's currency, all others in the account's."""
    deal = told.get("deal") or {}
    return str(deal.get("currency") or home)
