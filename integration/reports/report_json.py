"""A report as plain values for scripts: amounts as text in major units, names beside ids."""

from typing import Any
from urllib.parse import urlencode

from integration.reports.report import MONEY, LeftOut, Report, ReportRow, Value, Values
from mappings.currencies import digits_of
from mappings.kinds import Measure
from mappings.records import report_request
from mappings.rules.ledger import money
from mappings.rules.ledger.total_range import RATE_BASIS

Json = dict[str, Any]


def as_json(report: Report) -> Json:
    """Return all of a report; `address` asks for it again, `deals` lists a figure's deals."""
    request = report.request
    return {
        "address": urlencode(report_request.pairs(request)),
        "period": report.period.name,
        "period_before": report.period_before.name if report.period_before else None,
        "currency": report.currency,
        "rates": RATE_BASIS if not request.currency else "in the deals' own currency",
        "measures": {measure.value: measure.label for measure in request.measures},
        "by": [grouping.word for grouping in request.by],
        "rows": [_row(row, report) for row in report.rows],
        "total": _values(report.total, report),
        "others": _others(report),
        "before": None if report.before is None else _values(report.before, report),
        "deals": None if report.deals is None else urlencode(report.deals),
        "coverage": report.coverage,
        "left_out": [_left_out(line) for line in report.left_out],
        "deals_in_several_rows": report.is_shared,
        "importing_percent": report.importing,
        "settings_version": report.settings_version,
        "asked_at": report.asked_at.isoformat(),
    }


def _row(row: ReportRow, report: Report) -> Json:
    return {
        "keys": [{"value": key.value, "label": key.label} for key in row.keys],
        "values": _values(row.values, report),
        "before": None if row.before is None else _values(row.before, report),
        "deals": None if row.deals is None else urlencode(row.deals),
    }


def _others(report: Report) -> Json | None:
    """What the rows add up to that are not told one by one."""
    if report.rest is None:
        return None
    return {"rows": report.rest_rows, "values": _values(report.rest, report)}


def _left_out(line: LeftOut) -> Json:
    said: Json = {"why": line.why, "deals": line.deals}
    if line.currency:
        said["currency"] = line.currency
        said["booked"] = money.major(line.booked, line.currency)
        said["first_order"] = money.major(line.first_order, line.currency)
    return said


def _values(values: Values, report: Report) -> Json:
    """The values that were asked for, by the names of their measures."""
    return {
        measure.value: plain(measure, values.get(measure), report.currency)
        for measure in report.request.measures
    }


def plain(measure: Measure, value: Value, currency: str) -> str | Value:
    """Return a value for scripts; without a currency of the account no amount is known."""
    if measure not in MONEY or value is None:
        return value
    return money.major(int(value), currency) if digits_of(currency) is not None else None
