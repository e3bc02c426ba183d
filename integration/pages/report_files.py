"""Reports for programs and spreadsheets: the answer to an address, with the filters of the page."""

from http import HTTPStatus

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from integration.pages import guard
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime
from integration.reports import report, report_json
from mappings.records import report_request


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the answers of one portal's reports."""
    bp = Blueprint("report_files", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/reports.json")
    def as_json(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        try:
            asked = report_request.read(request.args.items(multi=True))
        except ValueError as error:
            return jsonify(error=str(error)), HTTPStatus.BAD_REQUEST
        with open_portal(runtime, portal_id) as portal:
            return jsonify(report_json.as_json(report.of(portal, asked)))

    return bp
