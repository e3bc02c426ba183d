"""The pages of reports: the list of them, the builder, and its chart as files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import RecordGone, Refused
from integration.pages import guard, report_chart, report_table, report_texts
from integration.pages.charts import drawing
from integration.pages.charts.chart import Chart
from integration.pages.charts.drawing import Drawing
from integration.pages.report_table import Table
from integration.pages.report_texts import Labels
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, translated
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.reports import report, report_choices, saved_reports
from integration.reports.ready_reports import READY, ReadyReport
from integration.reports.report import Report
from integration.reports.report_choices import Gone
from integration.reports.report_keys import Key
from integration.reports.saved_reports import Saved
from mappings.kinds import Measure, Preset
from mappings.records import report_request, report_view
from mappings.records.portal_map import PortalMap
from mappings.records.report_request import Grouping, ReportRequest
from mappings.records.report_view import DAYS, ChartChoice, ReportView

_CHARTS: Mapping[ChartChoice, str] = {
    ChartChoice.FITTING: lazy_gettext("What fits best"),
    ChartChoice.BARS: lazy_gettext("Bars"),
    ChartChoice.STACKED: lazy_gettext("Stacked bars"),
    ChartChoice.LINE: lazy_gettext("Line"),
    ChartChoice.NONE: lazy_gettext("No chart"),
}
# Files of a report, by their route.
_FILES: Mapping[str, str] = {
    "report_files.as_xlsx": lazy_gettext("Excel workbook"),
    "report_files.as_csv": "CSV",
    "report_files.as_json": "JSON",
    "report_files.deals_as_xlsx": lazy_gettext("The deals behind it, as a workbook"),
    "report_files.deals_as_csv": lazy_gettext("The deals behind it, as CSV"),
}
_SAVED = "saved"
"""The word of a builder's address that says which saved report is being changed."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, in words, and the address without it."""

    name: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A report as its page shows it; without an answer only what is said of it."""

    view: ReportView
    address: str
    chips: tuple[Chip, ...] = ()
    gone: tuple[Gone, ...] = ()
    sentences: tuple[str, ...] = ()
    answer: Report | None = None
    table: Table | None = None
    chart: Drawing | None = None
    files: str = ""


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the pages of one portal's reports."""
    bp = Blueprint("reports", __name__, url_prefix="/portals/<int:portal_id>/reports")

    @bp.get("")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            if not request.args:
                return _list(portal, session)
            return _builder(portal, session)

    @bp.get("/ready/<key>")
    def ready(portal_id: int, key: str) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        if key not in READY:
            raise RecordGone(_("There is no ready report %(key)s", key=key))
        with open_portal(runtime, portal_id) as portal:
            return page(portal, session, READY[key].view, ready=READY[key])

    @bp.get("/filter/<word>")
    def choose(portal_id: int, word: str) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _choose(portal, session, word)

    @bp.get("/chart.svg")
    def chart_svg(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _file(drawing.svg_file(_chart_asked(portal)), "image/svg+xml", "svg")

    @bp.get("/chart.png")
    def chart_png(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _file(drawing.png_file(_chart_asked(portal)), "image/png", "png")

    return bp


def labels() -> tuple[str, ...]:
    """The texts of this page's tables, for translators."""
    return (*_CHARTS.values(), *_FILES.values())


def asked(words: Iterable[tuple[str, str]]) -> ReportView:
    """Read a view from an address or a form; refuse it with a sentence."""
    try:
        return report_view.read(pair for pair in words if pair[0] not in {_SAVED, "csrf"})
    except ValueError as error:
        raise Refused(str(error)) from error


def _words() -> list[tuple[str, str]]:
    return list(request.args.items(multi=True))


def _list(portal: PortalContext, session: Session) -> str:
    return render_template(
        "reports.html", session=session, ready=READY.values(), saved=saved_reports.every(portal)
    )


def _builder(portal: PortalContext, session: Session) -> ResponseReturnValue:
    """Show the report of an address; a form's address first becomes the one that it means."""
    view = asked(_words())
    saved_id = request.args.get(_SAVED, type=int)
    canonical = _query(view, saved_id)
    if request.headers.get("HX-Request"):
        answer = make_response(page(portal, session, view, saved=_saved(portal, saved_id)))
        answer.headers["HX-Push-Url"] = f"{request.path}?{canonical}"
        return answer
    if sorted(_words()) != sorted(report_view_words(view, saved_id)):
        return redirect(f"{request.path}?{canonical}", 302)
    return page(portal, session, view, saved=_saved(portal, saved_id))


def report_view_words(view: ReportView, saved_id: int | None) -> list[tuple[str, str]]:
    """The words of a builder's address."""
    return [*report_view.pairs(view), *([(_SAVED, str(saved_id))] if saved_id else [])]


def _query(view: ReportView, saved_id: int | None) -> str:
    return urlencode(report_view_words(view, saved_id))


def _saved(portal: PortalContext, saved_id: int | None) -> Saved | None:
    return saved_reports.find(portal, saved_id) if saved_id else None


def page(
    portal: PortalContext,
    session: Session,
    view: ReportView,
    *,
    saved: Saved | None = None,
    ready: ReadyReport | None = None,
    said: str = "",
) -> str:
    """Return the builder's page with its answer; of a saved report, with what of it is gone."""
    known = report_choices.counting_map(portal)
    choices = report_choices.choices(known)
    labels = property_labels(known)
    shown = _shown(portal, view, known, saved)
    is_changed = saved is not None and report_view.pairs(saved.view) != report_view.pairs(view)
    return render_template(
        "report.html",
        session=session,
        shown=shown,
        saved=saved,
        ready=ready,
        is_changed=is_changed,
        said=said,
        title=_title(shown, saved, ready, labels),
        files=[
            (url_for(endpoint, portal_id=portal.portal_id), label)
            for endpoint, label in _FILES.items()
            if session.may_use(endpoint)
        ],
        measures=list(Measure),
        groupings=[(kind, report_texts.grouping(kind, labels)) for kind in _every(choices)],
        presets=list(Preset),
        days=DAYS,
        chart_choices=_CHARTS,
        filters=[
            (kind, report_texts.grouping(kind, labels))
            for kind in _every(choices)
            if report_choices.can_filter(kind)
        ],
        query=_query(view, saved.report_id if saved else None),
        words=report_view.pairs(view),
        gone_name=lambda gone: report_texts.grouping(gone.grouping, labels) or gone.grouping.word,
    )


def property_labels(portal_map: PortalMap) -> Labels:
    """What people call the account's properties; HubSpot's own names in the reader's language."""
    called = report_choices.choices(portal_map).properties
    return {kind: translated(label) for kind, label in called.items()}


def _every(choices: report_choices.Choices) -> Sequence[Grouping]:
    return [*choices.dimensions, *choices.properties]


def _title(shown: Shown, saved: Saved | None, ready: ReadyReport | None, labels: Labels) -> str:
    if saved is not None:
        return saved.name
    if ready is not None:
        return translated(ready.name)
    if shown.answer is None:
        return _("Report")
    return report_texts.title(shown.answer, labels)


def _shown(portal: PortalContext, view: ReportView, known: PortalMap, saved: Saved | None) -> Shown:
    address = url_for("reports.show", portal_id=portal.portal_id)
    wanted, gone = report_choices.without_gone(known, view.request)
    chips = _chips(portal, view, known, saved, address)
    if any(part.refuses for part in gone):
        return Shown(view, address, chips, tuple(gone))
    answer = _answer(portal, wanted)
    if saved is not None:
        with portal.transaction() as tx:
            gone += report_choices.left(tx, wanted)
    labels = property_labels(known)
    chart = report_chart.of(answer, view.chart, "report", labels)
    return Shown(
        view,
        address,
        chips,
        tuple(gone),
        tuple(report_texts.sentences(answer, labels, [(chip.name, chip.value) for chip in chips])),
        answer,
        report_table.of(portal.portal_id, view, answer, labels, _begun(address, saved)),
        drawing.draw(chart) if chart else None,
        urlencode(report_request.pairs(wanted)),
    )


def _begun(address: str, saved: Saved | None) -> str:
    """The beginning of the builder's addresses; those of a saved report say which it is."""
    return f"{address}?{_SAVED}={saved.report_id}&" if saved else f"{address}?"


def _answer(portal: PortalContext, asked_for: ReportRequest) -> Report:
    """Work a report out; one of days that no deal can be of is refused with a sentence."""
    try:
        return report.of(portal, asked_for, most=report_table.MOST_ROWS)
    except ValueError as error:
        raise Refused(str(error)) from error


def _chips(
    portal: PortalContext,
    view: ReportView,
    known: PortalMap,
    saved: Saved | None,
    address: str,
) -> tuple[Chip, ...]:
    labels = property_labels(known)
    read = [
        (kind, values)
        for kind, values in view.request.filters.items()
        if report_choices.is_read(known, kind)
    ]
    names: Mapping[tuple[str, str], Key] = {}
    if read:
        with portal.transaction() as tx:
            names = report_choices.named(tx, read)
    chips = []
    for kind, values in view.request.filters.items():
        for value in values:
            found = names.get((kind.word, value))
            kept = saved.labels.get((kind.word, value), value) if saved else value
            text = report_texts.key(kind, found) if found else kept
            without = _without(view, kind, value)
            query = _query(without, saved.report_id if saved else None)
            chips.append(Chip(report_texts.grouping(kind, labels), text, f"{address}?{query}"))
    return tuple(chips)


def _without(view: ReportView, kind: Grouping, value: str) -> ReportView:
    left = tuple(other for other in view.request.filters[kind] if other != value)
    others = {other: values for other, values in view.request.filters.items() if other != kind}
    filters = {**others, **({kind: left} if left else {})}
    return replace(view, request=replace(view.request, filters=filters))


def _choose(portal: PortalContext, session: Session, word: str) -> ResponseReturnValue:
    """Show what a filter can be, with what is behind each value."""
    view = asked(_words())
    try:
        kind = report_request.grouping_named(word)
    except ValueError as error:
        raise Refused(str(error)) from error
    known = report_choices.counting_map(portal)
    if not report_choices.can_filter(kind) or not report_choices.is_read(known, kind):
        raise Refused(
            _("A report cannot be filtered by %(value)s in this account", value=word[:50])
        )
    labels = property_labels(known)
    rows = report_choices.values(portal, view.request, kind)
    saved_id = request.args.get(_SAVED, type=int)
    others = [pair for pair in report_view_words(view, saved_id) if pair[0] != kind.word]
    return render_template(
        "report_filter.html",
        session=session,
        name=report_texts.grouping(kind, labels),
        word=kind.word,
        others=others,
        chosen=set(view.request.filters.get(kind, ())),
        values=[
            (row.keys[0].value, report_texts.key(kind, row.keys[0]), row.values) for row in rows
        ],
        most=report_choices.MOST_VALUES,
        won=Measure.WON,
        booked=Measure.BOOKED,
        currency=known.home_currency,
        back=f"{url_for('reports.show', portal_id=portal.portal_id)}?{_query(view, saved_id)}",
    )


def _chart_asked(portal: PortalContext) -> Chart:
    view = asked(_words())
    known = report_choices.counting_map(portal)
    labels = property_labels(known)
    wanted, gone = report_choices.without_gone(known, view.request)
    if any(part.refuses for part in gone):
        raise Refused(_("The report has a filter that this account no longer has"))
    answer = _answer(portal, wanted)
    chart = report_chart.of(answer, view.chart, "report", labels)
    if chart is None or not chart.has_figures:
        raise Refused(
            _("There is nothing to draw: choose what the report is by, or another period")
        )
    return chart


def _file(content: str | bytes, kind: str, ending: str) -> Response:
    answer = make_response(content)
    answer.content_type = kind
    answer.headers["Content-Disposition"] = f'attachment; filename="report.{ending}"'
    return answer
