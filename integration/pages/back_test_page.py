"""The page of the back-test: what health and churn risk said a year ago, and what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from integration.pages import figures, guard
from integration.pages.charts import drawing
from integration.pages.charts.axis import SHARE
from integration.pages.charts.chart import Chart, ChartKind, ChartRow
from integration.pages.charts.drawing import Drawing
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime
from integration.reports import back_test_report
from integration.reports.back_test_report import BackTest
from mappings import formats
from mappings.rules.facts import PPM
from mappings.rules.ledger.comparison import Rate
from mappings.rules.success.back_test import FEWEST, BandOutcome, Share, Verdict
from mappings.rules.success.churn_fit import Bin, Calibration, FittedModel
from mappings.rules.success.churn_risk import ODDS_ONE

_BANDS: Final[Mapping[str, str]] = {
    "healthy": lazy_gettext("Healthy"),
    "watch": lazy_gettext("Watch"),
    "at_risk": lazy_gettext("At risk"),
    "unknown": lazy_gettext("Health unknown"),
}
_BANDS_TOLD: Final[Mapping[Verdict, str]] = {
    Verdict.TOLD: lazy_gettext(
        "The bands told customers apart: those who were not healthy churned clearly more often."
    ),
    Verdict.DID_NOT_TELL: lazy_gettext(
        "The bands did not tell customers apart: those who were not healthy churned about as often"
        " as the healthy ones. Do not rely on the score here."
    ),
    Verdict.MISLED: lazy_gettext(
        "The bands misled: healthy customers churned more often than the others. Do not rely on the"
        " score here, and look at what it rests on."
    ),
    Verdict.TOO_FEW: lazy_gettext(
        "Too few customers to say whether the bands told anything: it takes 30 that were healthy"
        " and 30 that were not."
    ),
}
_RISKS_TOLD: Final[Mapping[Verdict, str]] = {
    Verdict.TOLD: lazy_gettext(
        "The risk told customers apart: of the half with the higher risk clearly more churned."
    ),
    Verdict.DID_NOT_TELL: lazy_gettext(
        "The risk did not tell customers apart: of the half with the higher risk about as many"
        " churned as of the other. Do not rely on it here."
    ),
    Verdict.MISLED: lazy_gettext(
        "The risk misled: of the half with the higher risk fewer churned. Do not rely on it here."
    ),
    Verdict.TOO_FEW: lazy_gettext(
        "Too few customers with a risk to say whether it told anything: it takes 30 on each side."
    ),
}
_REFERRALS_TOLD: Final[Mapping[Verdict, str]] = {
    Verdict.TOLD: lazy_gettext("Healthy customers recommended you clearly more often."),
    Verdict.DID_NOT_TELL: lazy_gettext(
        "Healthy customers did not recommend you clearly more often than the others."
    ),
    Verdict.MISLED: lazy_gettext("Healthy customers recommended you clearly less often."),
    Verdict.TOO_FEW: lazy_gettext("Too few customers to say whether healthy ones refer more."),
}


@dataclass(frozen=True, slots=True)
class BandLine:
    """A band with its shares in words."""

    label: str
    customers: str
    churned: str
    renewed: str
    referred: str


@dataclass(frozen=True, slots=True)
class BinLine:
    """Customers of about one risk: what was said, what came, and of how many."""

    said: str
    came: str


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of one portal's back-test."""
    bp = Blueprint("back_test", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/back-test")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found = back_test_report.of(portal)
        calibration = found.risks.calibration
        return render_template(
            "back_test.html",
            session=session,
            found=found,
            bands=[_band(band) for band in found.bands],
            chart=_band_chart(found),
            bands_told=_BANDS_TOLD[found.bands_told],
            referrals_told=_REFERRALS_TOLD[found.referrals_told],
            risks_told=_RISKS_TOLD[found.risks.verdict],
            brier=_score(calibration.brier_ppm),
            reference=_score(calibration.reference_ppm),
            beats=calibration.brier_ppm < calibration.reference_ppm,
            rank=found.risks.rank,
            can_tell=found.risks.verdict is not Verdict.TOO_FEW,
            bins=list(_bins(calibration.bins)),
            risk_chart=_risk_chart("then", calibration),
            fitted=_fitted(found.fit[0]) if found.fit else None,
            fit_chart=_risk_chart("fit", found.fit[0].left_out) if found.fit else None,
            fewest=FEWEST,
        )

    return bp


def _band(band: BandOutcome) -> BandLine:
    return BandLine(
        str(_BANDS[band.band]),
        figures.count(band.customers),
        _share(band.churned),
        _share(band.renewed),
        _share(band.referred),
    )


def _share(share: Share) -> str:
    """A rate with its interval and what it rests on, or only what was counted."""
    if not share.of:
        return formats.NOTHING
    counted = _(
        "%(part)s of %(whole)s", part=figures.count(share.part), whole=figures.count(share.of)
    )
    if not share.is_enough:
        return _("%(counted)s, too few for a rate", counted=counted)
    rate = Rate(share.part, share.of)
    low, high = rate.interval
    return _(
        "%(rate)s (%(low)s to %(high)s), %(counted)s",
        rate=figures.percent(rate.value),
        low=figures.percent(low),
        high=figures.percent(high),
        counted=counted,
    )


def _band_chart(found: BackTest) -> Drawing | None:
    rows = [
        ChartRow(str(_BANDS[band.band]), (band.churned.part / band.churned.of,))
        for band in found.bands
        if band.churned.is_enough
    ]
    if len(rows) < 2:  # noqa: PLR2004 - one band compares with nothing
        return None
    chart = Chart(
        name="bands",
        title=_("Customers who churned, by their band a year ago"),
        description=_("Only bands with enough customers; intervals are in the table."),
        kind=ChartKind.BARS,
        unit=SHARE,
        series=(_("Churned"),),
        rows=tuple(rows),
        adds_up=False,
    )
    return drawing.draw(chart)


def _bins(bins: Sequence[Bin]) -> Iterator[BinLine]:
    for one in bins:
        yield BinLine(
            figures.percent(one.said_ppm / PPM), _share(Share(one.churned, one.customers))
        )


def _risk_chart(name: str, calibration: Calibration) -> Drawing | None:
    """What was said beside what came, by groups of risk; nothing where a group is too small."""
    enough = [one for one in calibration.bins if Share(one.churned, one.customers).is_enough]
    if len(enough) < 2:  # noqa: PLR2004 - one group compares with nothing
        return None
    rows = [
        ChartRow(
            figures.percent(one.said_ppm / PPM),
            (one.said_ppm / PPM, one.churned / one.customers),
        )
        for one in enough
    ]
    chart = Chart(
        name=f"risk-{name}",
        title=_("Risk that was said, and share that churned"),
        description=_(
            "Groups of customers by their risk; where both bars are alike, it was right."
        ),
        kind=ChartKind.BARS,
        unit=SHARE,
        series=(_("Said"), _("Churned")),
        rows=tuple(rows),
        adds_up=False,
    )
    return drawing.draw(chart)


def _score(ppm: int) -> str:
    """A Brier score in three places."""
    return figures.points(ppm / 1000, signed=False)


@dataclass(frozen=True, slots=True)
class FittedLines:
    """A re-fit as the page shows it: its odds in words and its scores."""

    version: int
    events: str
    customers: str
    base: str
    odds: Sequence[tuple[str, str]]
    within: str
    left_out: str
    reference: str
    beats: bool


def _fitted(found: FittedModel) -> FittedLines:
    return FittedLines(
        version=found.model.version,
        events=figures.count(found.model.events),
        customers=figures.count(found.customers),
        base=figures.percent(found.model.base_ppm / PPM),
        odds=[
            (factor.label, figures.points(odds / ODDS_ONE))
            for factor, odds in found.model.odds.items()
        ],
        within=_score(found.within.brier_ppm),
        left_out=_score(found.left_out.brier_ppm),
        reference=_score(found.left_out.reference_ppm),
        beats=found.left_out.brier_ppm < found.left_out.reference_ppm,
    )
