"""The board page: each number with what it is, what it rests on, and the way to its rows."""

import math
from datetime import date
from fractions import Fraction
from typing import Final

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from integration.core.errors import Refused
from integration.pages import board_view, figures, guard, report_files
from integration.pages.texts import gettext as _
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.reports import board as boards
from integration.reports import (
    board_figures,
    board_file,
    board_periods,
    board_rows_shown,
    spreadsheets,
)
from integration.reports.board import Board
from integration.reports.board_rows_shown import Group
from mappings.rules.facts import PPM
from mappings.rules.ledger import money, report_period
from mappings.rules.ledger.derived_measures import Plan
from mappings.rules.ledger.report_period import Period

_MOST_YEARS: Final = 10
_MOST_PERCENT: Final = 1000.0


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of one portal's board numbers, its rows, and the same for files."""
    bp = Blueprint("board", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/board")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found = boards.of(portal, _period(portal))
            today = board_periods.today(portal)
        told = board_figures.of(found)
        plan, typed = _plan()
        return render_template(
            "board.html",
            session=session,
            found=found,
            first=found.first_day(found.since),
            last=found.last_day(found.end),
            presets=_presets(today),
            sections=board_view.sections(found, told, portal_id),
            sources=list(board_view.source_lines(found, told, portal_id)),
            worth={figure.key: board_view.line(found, figure, portal_id) for figure in told},
            plan=plan,
            typed=typed,
            planned=_planned(found, plan),
            share=figures.exact_percent,
            cycle=figures.count(round(found.costs.basis.lag_days or 0)),
            days=board_view.days(found.period),
            returns=board_view.returns_reference(found),
            value_source=lambda source: board_view.VALUE_SOURCES[source],
        )

    @bp.get("/board/rows/<group>")
    def rows(portal_id: int, group: str) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        if group not in set(Group):
            raise Refused(_("There are no such rows of the board's numbers."))
        with open_portal(runtime, portal_id) as portal:
            page = board_rows_shown.page(
                portal, _period(portal), Group(group), request.args.get("after", "")
            )
        return render_template(
            "board_rows.html", session=session, page=page, days=board_view.days(page.period),
            part=figures.percent,
            value_source=lambda source: board_view.VALUE_SOURCES[source],
        )  # fmt: skip

    @bp.get("/board.json")
    def as_json(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            try:
                found = boards.of(portal, _period(portal))
            except Refused as refusal:
                return jsonify(error=str(refusal)), 400
        return jsonify(board_file.as_json(found))

    @bp.get("/board.csv")
    def as_csv(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found = boards.of(portal, _period(portal))
        lines = spreadsheets.csv_lines(board_file.COLUMNS, board_file.rows(found))
        return report_files.csv_file(lines, f"board-{portal_id}")

    @bp.get("/board.xlsx")
    def as_xlsx(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found = boards.of(portal, _period(portal))
        return report_files.workbook_file(
            f"board-{portal_id}",
            board_file.COLUMNS,
            board_file.rows(found),
            found.currency,
            facts=board_file.facts(found),
        )

    return bp


def _period(portal: PortalContext) -> Period:
    first, last = request.args.get("from", ""), request.args.get("to", "")
    if first.strip() or last.strip():
        return board_periods.of_days(first, last)
    return board_periods.usual(portal)


def _presets(today: date) -> list[tuple[str, dict[str, str]]]:
    """Periods to choose with one click: of all of them costs can be known."""
    month = today.replace(day=1)
    quarter = month.replace(month=month.month - (month.month - 1) % 3)
    last_quarter = report_period.full_months(quarter, 3)
    year = report_period.full_months(month.replace(month=1), 12)
    return [
        (_("Last 12 full months"), board_view.days(report_period.full_year(today))),
        (_("Last quarter"), board_view.days(last_quarter)),
        (_("Last year"), board_view.days(year)),
    ]


# The plan: what somebody assumes, beside what was observed.


def _plan() -> tuple[Plan, dict[str, str]]:
    """The plan of the form, and its fields as they are shown; what is no number is the usual."""
    usual = Plan()
    plan = Plan(
        _percent("moved", usual.move_rate),
        _number("years", usual.years),
        _percent("told", usual.friend_rate),
    )
    typed = {
        "moved": f"{plan.move_rate / PPM * 100:g}",
        "years": str(plan.years),
        "told": f"{round(plan.friend_rate / PPM * 100, 1):g}",
    }
    return plan, typed


def _percent(name: str, usual: int) -> int:
    try:
        value = float(request.args.get(name, "").replace(",", "."))
    except ValueError:
        return usual
    return usual if math.isnan(value) else round(min(max(value, 0.0), _MOST_PERCENT) * PPM / 100)


def _number(name: str, usual: int) -> int:
    text = request.args.get(name, "").strip()
    is_number = text.isascii() and text.isdigit()
    return min(int(text[:9]), _MOST_YEARS) if is_number else usual


def _planned(found: Board, plan: Plan) -> dict[str, str]:
    """What a customer would be worth by the plan, in words; nothing where nothing is known."""
    worth = found.bringing.worth
    if not worth.customers or not found.currency:
        return {}
    direct = round(Fraction(worth.direct_minor, worth.customers))
    with_moves, in_all = round(plan.with_moves(direct)), plan.value(direct)
    if in_all > money.LARGEST:
        return {}
    return {
        "direct": figures.money(direct, found.currency),
        "with_moves": figures.money(with_moves, found.currency),
        "in_all": figures.money(in_all, found.currency),
    }
