"""The page of the portfolio's sentiment: NPS now, by quarter, by segment and by company."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue

from integration.pages import comment_access, figures, guard
from integration.pages.charts import drawing
from integration.pages.charts.axis import COUNT
from integration.pages.charts.chart import Chart, ChartKind, ChartRow
from integration.pages.charts.drawing import Drawing
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, ngettext
from integration.portal.context import PortalContext, open_portal
from integration.portal.permissions import Permission
from integration.portal.runtime import Runtime
from integration.reports import portfolio_sentiment
from integration.reports.current_names import current_names
from integration.reports.listings import list_addresses
from integration.reports.portfolio_sentiment import (
    PortfolioSentiment,
    Segment,
    SegmentLine,
    Way,
)
from mappings import formats
from mappings.rules.success.nps import Mix
from mappings.rules.success.sentiment import Change, Changed, Sentiment, Size

_WAYS: Final[Mapping[Way, tuple[str, str]]] = {
    Way.PEOPLE: (
        lazy_gettext("NPS, each person alike"),
        lazy_gettext("The latest answer of each counts once."),
    ),
    Way.ACCOUNTS: (
        lazy_gettext("Each account alike"),
        lazy_gettext("The mean of company means: a company counts once, however many answered."),
    ),
    Way.REVENUE: (
        lazy_gettext("By revenue"),
        lazy_gettext("The same mean, each company weighed by what it bought in the window."),
    ),
    Way.DECIDERS: (
        lazy_gettext("Decision makers only"),
        lazy_gettext("Champions, decision makers, budget holders and executive sponsors."),
    ),
}
_SEGMENTS: Final[Mapping[Segment, str]] = {
    Segment.OWNER: lazy_gettext("By owner"),
    Segment.STAGE: lazy_gettext("By lifecycle stage"),
    Segment.BAND: lazy_gettext("By health"),
}
_UNKNOWN: Final[Mapping[Segment, str]] = {
    Segment.OWNER: lazy_gettext("without an owner"),
    Segment.STAGE: lazy_gettext("without a stage"),
    Segment.BAND: lazy_gettext("health not known"),
}
_BANDS: Final[Mapping[str, str]] = {
    "healthy": lazy_gettext("Healthy"),
    "watch": lazy_gettext("Watch"),
    "at_risk": lazy_gettext("At risk"),
    "unknown": lazy_gettext("Health unknown"),
}
_CHANGES: Final[Mapping[Change, str]] = {
    Change.RISE: lazy_gettext("a clear rise"),
    Change.FALL: lazy_gettext("a clear fall"),
    Change.NONE: lazy_gettext("no clear change"),
    Change.TOO_FEW: lazy_gettext("too few answers to compare"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A sentiment as the page writes it; `number` is empty where no number may stand."""

    title: str
    what: str
    number: str
    interval: str
    mix: Mix
    companies: int
    basis: str
    note: str = ""
    address: str = ""


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of one portal's sentiment, and the same figures for programs."""
    bp = Blueprint("sentiment", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/sentiment")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found = portfolio_sentiment.of(portal)
            may_read = session.may(Permission.READ_COMMENTS)
            said = portfolio_sentiment.comments(portal, found) if may_read else []
            said = comment_access.readable(portal, session, said)
            names = _names(portal, said)
        return render_template(
            "sentiment.html",
            session=session,
            found=found,
            now=[_way(way, found.now[way], found) for way in Way],
            chart=_chart(found),
            quarters=list(_quarters(found)),
            segments=[
                (_SEGMENTS[kind], list(_segment_lines(kind, lines, portal_id)))
                for kind, lines in found.segments.items()
            ],
            people={
                group: address_of(portal_id, "people", answer=group)
                for group in ("promoter", "passive", "detractor")
            },
            said=said,
            names=names,
            may_read=may_read,
        )

    @bp.get("/sentiment.json")
    def as_json(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return jsonify(_plain(portfolio_sentiment.of(portal)))

    return bp


address_of = list_addresses.address


def _names(
    portal: PortalContext, said: Sequence[portfolio_sentiment.Comment]
) -> Mapping[tuple[str, int], str]:
    with portal.transaction() as tx:
        return current_names(tx, (one.contact_id for one in said), (one.company_id for one in said))


def _way(way: Way, felt: Sentiment, found: PortfolioSentiment) -> Shown:
    title, what = _WAYS[way]
    note = ""
    if way is Way.REVENUE and felt.companies < found.companies:
        left_out = found.companies - felt.companies
        note = ngettext(
            "%(num)s company that bought nothing in the window is left out.",
            "%(num)s companies that bought nothing in the window are left out.",
            left_out,
        )
    return _shown(str(title), felt, what=str(what), note=note)


def _shown(
    title: str, felt: Sentiment, *, what: str = "", note: str = "", address: str = ""
) -> Shown:
    return Shown(
        title=title,
        what=what,
        number=formats.NOTHING if felt.number is None else figures.points(felt.number, signed=True),
        interval=_interval(felt),
        mix=felt.mix,
        companies=felt.companies,
        basis=_basis(felt),
        note=note,
        address=address,
    )


def _interval(felt: Sentiment) -> str:
    """From and to, or why there is no number."""
    if felt.size is Size.COUNTS:
        return _("too few")
    if felt.size is Size.FEW_COMPANIES:
        return _("few companies")
    low, high = felt.interval or (0.0, 0.0)
    span = _(
        "%(low)s to %(high)s",
        low=figures.points(low, signed=True),
        high=figures.points(high, signed=True),
    )
    return _("indicative, %(span)s", span=span) if felt.size is Size.INDICATIVE else span


def _basis(felt: Sentiment) -> str:
    people = ngettext("%(num)s person", "%(num)s people", felt.mix.n)
    companies = ngettext("%(num)s company", "%(num)s companies", felt.companies)
    return _("%(people)s of %(companies)s", people=people, companies=companies)


def _quarters(found: PortfolioSentiment) -> Iterator[tuple[str, Shown, str]]:
    """Each quarter, the newest first, with how it stands to the one before."""
    for quarter in reversed(found.quarters):
        label = _quarter(quarter.first_day)
        yield label, _shown(label, quarter.sentiment), _changed(quarter.change)


def _changed(change: Changed | None) -> str:
    return str(_CHANGES[change.kind]) if change else formats.NOTHING


def _quarter(first_day: date) -> str:
    number = (first_day.month + 2) // 3
    return _("Q%(number)s %(year)s", number=number, year=first_day.year)


def _chart(found: PortfolioSentiment) -> Drawing | None:
    """The quarters that have a number; the others are gaps."""
    rows = [
        ChartRow(_quarter(quarter.first_day), (quarter.sentiment.number,))
        for quarter in found.quarters
    ]
    if not any(row.values[0] is not None for row in rows):
        return None
    chart = Chart(
        name="nps",
        title=_("NPS by quarter"),
        description=_("Quarters with too few answers have no number; intervals are in the table."),
        kind=ChartKind.BARS,
        unit=COUNT,
        series=(_("NPS"),),
        rows=tuple(rows),
        over_time=True,
        adds_up=False,
    )
    return drawing.draw(chart)


def _segment_lines(kind: Segment, lines: Sequence[SegmentLine], portal_id: int) -> Iterator[Shown]:
    for line in lines:
        label = str(_BANDS.get(line.label, line.label)) if kind is Segment.BAND else line.label
        yield _shown(
            label or str(_UNKNOWN[kind]),
            line.sentiment,
            address=_rows_of(kind, line.value, portal_id),
        )


def _rows_of(kind: Segment, value: str, portal_id: int) -> str:
    """Where the companies of a segment are listed; lifecycle stages have no list."""
    if not value or kind is Segment.STAGE:
        return ""
    return address_of(portal_id, "companies", **{kind.value: value})


def _plain(found: PortfolioSentiment) -> dict[str, Any]:
    """The figures as JSON: points, counts and dates."""
    return {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "window_days": found.window_days,
        "settings_version": found.settings_version,
        "companies": found.companies,
        "without_company": found.without_company,
        "fresh": found.freshness.fresh,
        "fresh_days": found.fresh_days,
        "latest_at": _written(found.freshness.latest_at),
        "invited": found.invitations.invited if found.invitations else None,
        "invited_and_answered": found.invitations.answered if found.invitations else None,
        "answered": found.freshness.of,
        "now": {way.value: _felt(felt) for way, felt in found.now.items()},
        "quarters": [
            {
                "quarter": quarter.first_day.isoformat(),
                **_felt(quarter.sentiment),
                "change": quarter.change.kind.value if quarter.change else None,
                "z": quarter.change.z if quarter.change else None,
            }
            for quarter in found.quarters
        ],
        "segments": {
            kind.value: [
                {"value": line.value, "label": line.label, **_felt(line.sentiment)}
                for line in lines
            ]
            for kind, lines in found.segments.items()
        },
    }


def _felt(felt: Sentiment) -> dict[str, Any]:
    return {
        "size": felt.size.value,
        "nps": felt.number,
        "interval": felt.interval,
        "companies": felt.companies,
        "basis": felt.basis,
        **asdict(felt.mix),
    }


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
