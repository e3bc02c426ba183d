"""The reconciliation pages: a month in HubSpot and in the books, its changes, and its closing."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import (
    guard,
    ledger_file,
    period_choice,
    reconciliation_view,
    report_files,
)
from integration.pages.portal_pages import account_of
from integration.pages.texts import gettext as _
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.reports import (
    bookkeeping,
    ledger_changes,
    ledger_lines,
    reconciliation,
    reconciliation_file,
    spreadsheets,
)
from mappings.kinds import Preset
from mappings.rules.ledger import periods
from mappings.rules.ledger.periods import Month

_YEARS = range(1900, 2201)
_SHOWN_CLOSINGS = 24


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the pages for finance of one portal."""
    bp = Blueprint("reconciliation", __name__, url_prefix="/portals/<int:portal_id>/reconciliation")
    _add_pages(bp, runtime)
    _add_statement(bp, runtime)
    _add_forms(bp, runtime)
    return bp


def _add_pages(bp: Blueprint, runtime: Runtime) -> None:
    @bp.get("")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            return _page(session, portal)

    @bp.get("/changes")
    def changes(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            return _changes_page(session, portal)

    @bp.get("/ledger.csv")
    def save(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        view = "reported" if request.args.get("as") == "reported" else "known"
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            month = bookkeeping.month(portal, _asked_month(portal), view)
        rows = (ledger_lines.ledger_row(row, month.terms) for row in month.rows)
        answer = Response(ledger_file.lines(rows), mimetype="text/csv")
        name = f"ledger-{portal_id}-{periods.written(month.month)}-{view}.csv"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer


def _add_statement(bp: Blueprint, runtime: Runtime) -> None:
    @bp.get("/statement.csv")
    def statement_csv(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            month = _asked_month(portal)
            lines, _ = reconciliation_file.table(portal, month)
        name = f"reconciliation-{portal_id}-{periods.written(month)}"
        return report_files.csv_file(
            spreadsheets.csv_lines(reconciliation_file.COLUMNS, lines), name
        )

    @bp.get("/statement.xlsx")
    def statement_xlsx(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            month = _asked_month(portal)
            lines, home = reconciliation_file.table(portal, month)
        return report_files.workbook_file(
            f"reconciliation-{portal_id}-{periods.written(month)}",
            reconciliation_file.COLUMNS,
            lines,
            home,
            reconciliation_file.total(lines),
            reconciliation_file.facts(month, home),
        )


def _add_forms(bp: Blueprint, runtime: Runtime) -> None:
    @bp.post("/close")
    def close(portal_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        month, reason = _month(request.form.get("month", "")), _reason()
        with open_portal(runtime, portal_id) as portal:
            bookkeeping.close(portal, month, actor=actor, reason=reason)
        return _back(portal_id, month, "closed")

    @bp.post("/reopen")
    def reopen(portal_id: int) -> ResponseReturnValue:
        actor = guard.session_of(runtime, portal_id).actor
        month, reason = _month(request.form.get("month", "")), _reason()
        with open_portal(runtime, portal_id) as portal:
            bookkeeping.reopen(portal, month, actor=actor, reason=reason)
        return _back(portal_id, month, "reopened")


def _page(session: Session, portal: PortalContext) -> str:
    month = _asked_month(portal)
    found = reconciliation.of(portal, month)
    return render_template(
        "reconciliation.html",
        session=session,
        said=request.args.get("said"),
        may_close=session.may_use("reconciliation.close"),
        may_export=session.may_use("reconciliation.save"),
        log=found.log[:_SHOWN_CLOSINGS],
        **reconciliation_view.view(portal.portal_id, found),
    )


def _changes_page(session: Session, portal: PortalContext) -> str:
    today = bookkeeping.calendar(portal).day_of(portal.runtime.now())
    written = request.args.get("month", "").strip()
    won_in = _month(written) if written else None
    # Of the wins of one month, all that was ever booked of them is looked for.
    usual = Preset.ALL_TIME if won_in else Preset.THIS_MONTH
    choice = period_choice.read(request.args, today, usual=usual)
    found = ledger_changes.page(portal, choice.period, won_in, request.args.get("after", ""))
    return render_template(
        "ledger_changes.html",
        session=session,
        choice=choice,
        presets=period_choice.presets(),
        won_in=won_in,
        found=found,
        period=period_choice.in_words(choice.period),
        more=_more(portal.portal_id, choice.address, won_in, found.next),
    )


def _more(portal_id: int, days: Mapping[str, str], won_in: Month | None, place: str) -> str:
    if not place:
        return ""
    values: dict[str, Any] = {**days, "after": place}
    if won_in is not None:
        values["month"] = periods.written(won_in)
    return url_for("reconciliation.changes", portal_id=portal_id, **values)


def _asked_month(portal: PortalContext) -> Month:
    """The month that the address says; without one the last that is over."""
    written = request.args.get("month", "").strip()
    if written:
        return _month(written)
    calendar = bookkeeping.calendar(portal)
    return periods.before(calendar.month_of(portal.runtime.now()))


def _month(text: str) -> Month:
    try:
        month: date = periods.read_month(text[:20])
    except ValueError as error:
        raise Refused(str(error)) from error
    if month.year not in _YEARS:
        raise Refused(
            _(
                "%(value)s is no month of the books; choose one between 1900 and 2200",
                value=text[:20],
            )
        )
    return month


def _reason() -> str:
    reason = request.form.get("reason", "").strip()
    if not reason:
        raise Refused(_("Say why: the log of the books keeps it"))
    return reason[:1000]


def _back(portal_id: int, month: Month, said: str) -> Response:
    address = url_for(
        "reconciliation.show", portal_id=portal_id, month=periods.written(month), said=said
    )
    return make_response(redirect(address, 303))
