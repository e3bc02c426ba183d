"""Customers over time: bands by month and by day, and who was in touch with whom."""

from contextlib import suppress
from datetime import date, timedelta
from typing import Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from integration.pages import figures, guard
from integration.pages.charts import drawing
from integration.pages.charts.axis import COUNT, SHARE
from integration.pages.charts.chart import Chart, ChartKind, ChartRow
from integration.pages.charts.drawing import Drawing
from integration.pages.portal_pages import account_of
from integration.pages.texts import gettext as _
from integration.pages.texts import translated
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime
from integration.reports import customers_now, customers_over_time
from integration.reports.customers_over_time import Months
from integration.reports.listings import list_addresses
from integration.reports.listings.listings import BANDS

_FIRST_YEAR: Final = 1900  # as lists read days
_TONES: Final = {"healthy": "good", "watch": "warn", "at_risk": "bad", "unknown": ""}


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the pages of customers over time; the list itself is among the lists."""
    bp = Blueprint("customers", __name__, url_prefix="/portals/<int:portal_id>/customers")

    @bp.get("/months")
    def months(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            found = customers_over_time.months(portal)
        return render_template(
            "customers_months.html",
            session=session,
            found=found,
            bands=BANDS,
            chart=_bands_chart(found),
        )

    @bp.get("/touch")
    def touch(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            found, now = customers_over_time.months(portal), customers_now.read(portal)
        addresses = {
            line.owner_id: list_addresses.address(
                portal_id,
                "customers",
                active="yes",
                untouched="yes",
                owner=line.owner_id,
                no_owner=None if line.owner_id else "yes",
            )
            for line in now.owners
        }
        return render_template(
            "customers_touch.html",
            session=session,
            found=found,
            now=now,
            addresses=addresses,
            untouched=list_addresses.address(portal_id, "customers", active="yes", untouched="yes"),
            chart=_touch_chart(found),
        )

    @bp.get("/day")
    def day(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            asked = _asked_day(portal.runtime.now().date() - timedelta(1))
            if asked is None:
                return _no_day()
            found = customers_over_time.on(portal, asked)
        return render_template(
            "customers_day.html",
            session=session,
            found=found,
            bands=BANDS,
            tones=_TONES,
            most=customers_over_time.MOST_MOVED,
        )

    return bp


def _asked_day(usual: date) -> date | None:
    """The day of the address, the usual one without any, None for what is none."""
    text = request.args.get("on", "")
    if not text:
        return usual
    with suppress(ValueError):
        found = date.fromisoformat(text)
        return found if found.year > _FIRST_YEAR else None
    return None


def _no_day() -> Response:
    return guard.problem(
        400,
        _("This is no day"),
        _("Choose a day, as in 2027-03-31, on the page of months."),
    )


def _bands_chart(found: Months) -> Drawing | None:
    if not found.ends:
        return None
    rows = [
        ChartRow(figures.month(end.day), tuple(number for _band, number in end.bands))
        for end in found.ends
    ]
    series = tuple(translated(BANDS[band]) for band, _number in found.ends[0].bands)
    return drawing.draw(
        Chart(
            name="bands",
            title=_("Active customers by band, as each month ended"),
            kind=ChartKind.STACKED,
            unit=COUNT,
            series=series,
            rows=tuple(rows),
            description=_("As worked out, without bands that were set by hand."),
            over_time=True,
        )
    )


def _touch_chart(found: Months) -> Drawing | None:
    if not found.ends:
        return None
    rows = [ChartRow(figures.month(end.day), (end.touched.value,)) for end in found.ends]
    return drawing.draw(
        Chart(
            name="touch",
            title=_("Share of active customers in touch, as each month ended"),
            kind=ChartKind.LINE,
            unit=SHARE,
            series=(_("In touch"),),
            rows=tuple(rows),
            over_time=True,
            adds_up=False,
        )
    )
