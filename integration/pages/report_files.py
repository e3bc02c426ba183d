"""Reports for programs and spreadsheets: the answer to an address, with the filters of the page."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from http import HTTPStatus
from tempfile import TemporaryFile

from flask import Blueprint, Response, jsonify, request, send_file
from flask.typing import ResponseReturnValue

from integration.core.errors import Refused
from integration.pages import guard
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.reports import report, report_json, report_lines, report_tables, spreadsheets
from integration.reports.report_tables import Cell
from mappings.records import report_request
from mappings.records.report_request import ReportRequest

_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the answers of one portal's reports: JSON, CSV, workbooks, and the deals behind."""
    bp = Blueprint("report_files", __name__, url_prefix="/portals/<int:portal_id>")

    def answer(
        portal_id: int, of: Callable[[PortalContext, ReportRequest], ResponseReturnValue]
    ) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return of(portal, _asked())

    @bp.get("/reports.json")
    def as_json(portal_id: int) -> ResponseReturnValue:
        try:
            return answer(portal_id, _json)
        except Refused as refusal:
            return jsonify(error=str(refusal)), HTTPStatus.BAD_REQUEST

    @bp.get("/reports.csv")
    def as_csv(portal_id: int) -> ResponseReturnValue:
        return answer(portal_id, _csv)

    @bp.get("/reports.xlsx")
    def as_xlsx(portal_id: int) -> ResponseReturnValue:
        return answer(portal_id, _workbook)

    @bp.get("/reports/deals.csv")
    def deals_as_csv(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        asked = _asked()
        with open_portal(runtime, portal_id) as portal:
            report_lines.currency(portal, asked)  # what is refused is refused before it begins
        return csv_file(_lines(runtime, portal_id, asked), f"deals-of-report-{portal_id}")

    @bp.get("/reports/deals.xlsx")
    def deals_as_xlsx(portal_id: int) -> ResponseReturnValue:
        return answer(portal_id, _deals_workbook)

    return bp


def _asked() -> ReportRequest:
    try:
        return report_request.read(request.args.items(multi=True))
    except ValueError as error:
        raise Refused(str(error)) from error


def _json(portal: PortalContext, asked: ReportRequest) -> ResponseReturnValue:
    return jsonify(report_json.as_json(report.of(portal, asked)))


def _csv(portal: PortalContext, asked: ReportRequest) -> ResponseReturnValue:
    found = report.of(portal, asked)
    lines = spreadsheets.csv_lines(report_tables.columns(found), report_tables.rows(found))
    return csv_file(lines, f"report-{portal.portal_id}")


def _workbook(portal: PortalContext, asked: ReportRequest) -> ResponseReturnValue:
    found = report.of(portal, asked)
    return workbook_file(
        f"report-{portal.portal_id}",
        report_tables.columns(found),
        report_tables.rows(found),
        found.currency,
        report_tables.total(found),
        report_tables.facts(found),
    )


def _deals_workbook(portal: PortalContext, asked: ReportRequest) -> ResponseReturnValue:
    currency = report_lines.currency(portal, asked)
    lines = report_lines.lines(portal, asked)
    name = f"deals-of-report-{portal.portal_id}"
    return workbook_file(name, report_lines.COLUMNS, lines, currency)


def _lines(runtime: Runtime, portal_id: int, asked: ReportRequest) -> Iterator[str]:
    with open_portal(runtime, portal_id) as portal:
        yield from spreadsheets.csv_lines(report_lines.COLUMNS, report_lines.lines(portal, asked))


def csv_file(lines: Iterable[str], name: str) -> Response:
    """Return lines as a CSV file of this name."""
    answer = Response(lines, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def workbook_file(
    name: str,
    columns: Sequence[report_tables.TableColumn],
    rows: Iterable[Sequence[Cell]],
    currency: str,
    total: Sequence[Cell] = (),
    facts: Sequence[tuple[str, Cell]] = (),
) -> Response:
    """Return a table as a workbook of this name."""
    # On the disk, not in memory; it is gone when the answer was sent.
    place = TemporaryFile()  # noqa: SIM115 - closed with the answer
    spreadsheets.write_workbook(place, columns, rows, currency=currency, total=total, facts=facts)
    place.seek(0)
    answer = send_file(place, mimetype=_WORKBOOK, as_attachment=True, download_name=f"{name}.xlsx")
    answer.call_on_close(place.close)  # also when the browser left in the middle
    return answer
