"""Does asking work? The page of people held back at random beside those who were not."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin import holding_back
from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import figures, guard
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.reports import does_asking_work
from integration.reports.does_asking_work import Trial
from mappings import formats
from mappings.records import identifiers
from mappings.rules.facts import PPM
from mappings.rules.ledger.comparison import FEWEST, Rate
from mappings.rules.ledger.hold_out import FOLLOWED, OFFERED_SHARE, Difference, HoldOut

# What asking may add, in whole points.
_POINTS = [round(100 * effect) for effect in does_asking_work.EFFECTS]
_OFFERED = (5, 10, 20, 50)
_USUAL = OFFERED_SHARE * 100 // PPM
_SAID = {
    "begun": lazy_gettext("From now on a share of those who become ready is held back at random."),
    "ended": lazy_gettext("Nobody is held back any more; the lists follow by tomorrow."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One measure: a figure with its interval and basis for each side, and the difference."""

    label: str
    asked: tuple[str, str, str]
    held_back: tuple[str, str, str]
    difference: tuple[str, str]


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page, and the forms that begin and end holding back."""
    bp = Blueprint("asking_works", __name__, url_prefix="/portals/<int:portal_id>/does-asking-work")

    @bp.get("")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _page(portal, session)

    @bp.get("/start")
    def prepare(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        return _dialog(session)

    @bp.post("/start")
    def start(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            try:
                holding_back.begin(portal, request.form.get("percent", ""), actor=session.actor)
            except Refused as refusal:
                return make_response(_dialog(session, problem=str(refusal)), 422)
        return redirect(url_for("asking_works.show", portal_id=portal_id, said="begun"), 303)

    @bp.post("/end")
    def end(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            try:
                holding_back.end(portal, actor=session.actor)
            except Refused as refusal:
                return make_response(_page(portal, session, problem=str(refusal)), 422)
        return redirect(url_for("asking_works.show", portal_id=portal_id, said="ended"), 303)

    return bp


def _page(portal: PortalContext, session: Session, *, problem: str = "") -> str:
    asked_for = request.args.get("trial")
    number = identifiers.read(asked_for)
    if asked_for and number is None:
        abort(404)
    found = does_asking_work.read(portal, number)
    if number is not None and found.shown is None:
        abort(404)
    shown = found.shown
    return render_template(
        "does_asking_work.html",
        session=session,
        found=found,
        shown=shown,
        verdict=_verdict(shown.found) if shown else "",
        is_clear=bool(shown and shown.found.rate and shown.found.rate.is_clear),
        lines=list(_lines(shown, found.currency)) if shown else [],
        sizes=does_asking_work.sizes(shown.hold_back.share if shown else OFFERED_SHARE),
        effects=_POINTS,
        fewest=FEWEST,
        followed=FOLLOWED.days,
        problem=problem,
        said=_SAID.get(request.args.get("said", "")),
    )


def _dialog(session: Session, *, problem: str = "") -> str:
    return render_template(
        "hold_back.html",
        session=session,
        offered=_OFFERED,
        usual=_USUAL,
        sizes=[(share, does_asking_work.sizes(share * PPM // 100)) for share in _OFFERED],
        effects=_POINTS,
        followed=FOLLOWED.days,
        problem=problem,
    )


def _verdict(found: HoldOut) -> str:
    """What it shows, in a sentence; that nothing shows is said as plainly."""
    if found.rate is None:
        return _(
            "Too few to tell: %(asked)s asked and %(held_back)s held back were followed to the"
            " end, and each side needs %(fewest)s.",
            asked=figures.count(found.asked.of),
            held_back=figures.count(found.held_back.of),
            fewest=FEWEST,
        )
    value, low, high = map(_in_points, (found.rate.value, found.rate.low, found.rate.high))
    if not found.rate.is_clear:
        return _(
            "No effect of asking can be seen: the difference is %(value)s percentage points, and"
            " may be anything from %(low)s to %(high)s.",
            value=value,
            low=low,
            high=high,
        )
    if found.rate.value > 0:
        return _(
            "Asking works: it made a difference of %(value)s percentage points in how many refer"
            " somebody, with an interval from %(low)s to %(high)s.",
            value=value,
            low=low,
            high=high,
        )
    return _(
        "Asking does harm: it made a difference of %(value)s percentage points in how many refer"
        " somebody, with an interval from %(low)s to %(high)s.",
        value=value,
        low=low,
        high=high,
    )


def _lines(trial: Trial, currency: str) -> Iterator[Line]:
    found = trial.found
    yield Line(
        _("Referred somebody"), _rate(found.asked), _rate(found.held_back), _points(found.rate)
    )
    yield Line(
        _("Won by their referrals, mean of a person"),
        (figures.money(round(found.asked_won), currency), "", ""),
        (figures.money(round(found.held_back_won), currency), "", ""),
        _money(found.won, currency),
    )
    yield Line(
        _("Open pipeline by their referrals, weighted, mean of a person"),
        (figures.money(round(found.asked_pipeline), currency), "", ""),
        (figures.money(round(found.held_back_pipeline), currency), "", ""),
        _money(found.pipeline, currency),
    )


def _rate(rate: Rate) -> tuple[str, str, str]:
    if rate.value is None:
        return formats.NOTHING, "", ""
    low, high = rate.interval
    return (
        figures.percent(rate.value),
        _("%(low)s to %(high)s", low=figures.percent(low), high=figures.percent(high)),
        _("%(part)s of %(whole)s", part=figures.count(rate.part), whole=figures.count(rate.of)),
    )


def _points(difference: Difference | None) -> tuple[str, str]:
    if difference is None:
        return formats.NOTHING, ""
    value, low, high = map(_in_points, (difference.value, difference.low, difference.high))
    said = _("%(value)s percentage points", value=value)
    return said, _("%(low)s to %(high)s", low=low, high=high)


def _in_points(share: float) -> str:
    return figures.points(100 * share, signed=True)


def _money(difference: Difference | None, currency: str) -> tuple[str, str]:
    if difference is None:
        return formats.NOTHING, ""
    value, low, high = (
        figures.signed_money(round(end), currency)
        for end in (difference.value, difference.low, difference.high)
    )
    return value, _("%(low)s to %(high)s", low=low, high=high)
