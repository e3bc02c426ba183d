"""The overview arranged for its page: sentences, rows of tables, and where each number leads."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from flask import url_for

from integration.pages import explanation_view, figures, period_choice
from integration.pages.charts.axis import money
from integration.pages.charts.chart import Chart, ChartKind, ChartRow
from integration.pages.charts.drawing import Drawing, draw
from integration.pages.period_choice import PeriodChoice
from integration.pages.texts import gettext as _
from integration.pages.texts import ngettext, translated
from integration.reports import revenue_total
from integration.reports.listings import list_addresses
from integration.reports.revenue_overview import OpenDeals, Overview, Step
from integration.reports.revenue_total import BY_KIND, HOLDERS, UNBOOKED
from mappings.kinds import Cause, ObjectType, SourceKind, source_label
from mappings.rules.ledger.causes import Difference, Part
from mappings.rules.ledger.report_period import Period

Json = dict[str, Any]


def view(portal_id: int, overview: Overview, choice: PeriodChoice) -> Json:
    """Return what the page shows."""
    return {
        **in_brief(portal_id, overview),
        "choice": choice,
        "presets": period_choice.presets(),
        "is_running": overview.period.is_running(overview.today) and not overview.period.is_all,
        "won_deals": list_addresses.address(
            portal_id,
            "deals",
            state="won",
            closed_from=overview.period.first,
            closed_to=overview.period.last,
        ),
        "has_something": bool(overview.trend or overview.pipeline or overview.questions["open"]),
        "trend": [_step(portal_id, step) for step in overview.trend],
        "chart": _chart(overview),
        "trend_kinds": [translated(source_label(kind)) for kind in BY_KIND],
        "pipeline": [_open_deals(line) for line in overview.pipeline],
        "expected": overview.expected,
        "open_deals": deals(portal_id, state="open", kind=[kind.value for kind in BY_KIND]),
        **_leaders(portal_id, overview),
        "all_wins": list_addresses.address(portal_id, "deals", booked="yes", sort="-closed"),
        "all_moves": list_addresses.address(portal_id, "moves"),
        "deals_lacking_money": _without_amount(portal_id, overview),
        "wins": [
            {**row, "name": overview.names[ObjectType.DEAL, row["deal_id"]]}
            for row in overview.wins
        ],
        "moves": [_move(overview, row) for row in overview.moves],
        "waiting": overview.questions["questions"],
        "open_questions": sum(overview.questions["open"].values()),
    }


def in_brief(portal_id: int, overview: Overview) -> Json:
    """Return what the page and a digest by mail say alike: the total, its sources, what changed."""
    return {
        "period": period_choice.in_words(overview.period),
        "total": total_view(revenue_total.as_json(overview.total)),
        "deals": deals(portal_id, overview.period, booked="yes"),
        "sources": list(_sources(portal_id, overview)),
        "first_order": _part(
            translated(SourceKind.FIRST_ORDER.label),
            overview.total.first_order,
            overview.total.won,
        ),
        "change": _change(portal_id, overview),
    }


def total_view(total: Mapping[str, Any]) -> Json:
    """The one total, with its holders as lines and what has no part in it in words."""
    return {
        **total,
        "is_known": bool(total["currency"]),
        "held": [
            (translated(HOLDERS[holder]), part)
            for holder, part in total["by_holder"].items()
            if Decimal(part)
        ],
        "left_out": [
            ngettext(*UNBOOKED[why], number) for why, number in total["unbooked"].items() if number
        ],
    }


def deals(portal_id: int, period: Period | None = None, **filters: object) -> str:
    """Return the address of the list of deals behind a number: those booked in *period*."""
    booked = {"booked_from": period.first, "booked_to": period.last} if period else {}
    return list_addresses.address(portal_id, "deals", **filters, **booked)


def _overview_of(portal_id: int, period: Period) -> str:
    """Return the address of the overview of a period."""
    return f"{url_for('portal.home', portal_id=portal_id)}?{urlencode(period_choice.days(period))}"


def _leaders(portal_id: int, overview: Overview) -> Json:
    """Who brought most, each with the address of the deals of the period that they brought."""
    found = explanation_view.leaders(overview.leaders)
    for name, asked in (("people", "advocate"), ("companies", "from_company")):
        for line in found[name]:
            chosen = {asked: line["id"]}
            line["address"] = deals(portal_id, overview.period, **chosen) if line["id"] else ""
    return found


def _without_amount(portal_id: int, overview: Overview) -> str:
    """The address of the won deals without an amount; empty where there is none."""
    if not overview.total.unbooked.get("no_amount"):
        return ""
    return list_addresses.address(
        portal_id,
        "deals",
        state="won",
        no_amount="yes",
        closed_from=overview.period.first,
        closed_to=overview.period.last,
    )


def _sources(portal_id: int, overview: Overview) -> Iterator[Json]:
    """The total by source, and the share of each in what was won."""
    total = overview.total
    for kind in BY_KIND:
        minor = total.by_kind.get(kind, 0)
        address = deals(portal_id, overview.period, kind=kind)
        yield _part(translated(kind.label), minor, total.won, address)


def _part(label: str, minor: int, whole: int, address: str = "") -> Json:
    share = minor / whole if whole > 0 else None
    return {"label": label, "minor": minor, "share": share, "address": address}


def _change(portal_id: int, overview: Overview) -> Json | None:
    """What changed since the period before, in sentences that add up."""
    if overview.earlier is None or not overview.total.currency:
        return None
    earlier_minor = overview.total.second_order - overview.difference
    return {
        "earlier": period_choice.in_words(overview.earlier),
        "earlier_address": _overview_of(portal_id, overview.earlier),
        "earlier_minor": earlier_minor,
        "minor": overview.difference,
        "lines": [_difference(line, overview) for line in overview.differences],
    }


def _difference(line: Difference, overview: Overview) -> Json:
    currency = overview.total.currency
    return {
        "sentence": _sentence(line, currency),
        "minor": line.minor,
        "deals": [
            {"id": deal_id, "name": overview.names[ObjectType.DEAL, deal_id], "minor": minor}
            for deal_id, minor in line.now.largest
        ],
        "more": line.now.deals - len(line.now.largest),
    }


def _sentence(line: Difference, currency: str) -> str:
    what = translated(line.cause.label)
    if line.cause is Cause.SETTINGS:
        what = _("Deals judged anew by settings version %(version)s", version=line.version)
    now = _of_deals(line.now, currency)
    if not line.earlier.deals:
        return _("%(what)s: %(now)s.", what=what, now=now)
    earlier = _of_deals(line.earlier, currency)
    return _("%(what)s: %(now)s; before, %(earlier)s.", what=what, now=now, earlier=earlier)


def _of_deals(part: Part, currency: str) -> str:
    if not part.deals:
        return _("none")
    money = figures.money(part.minor, currency)
    return ngettext(
        "%(money)s in %(num)s deal", "%(money)s in %(num)s deals", part.deals, money=money
    )


def _step(portal_id: int, step: Step) -> Json:
    return {
        "label": period_choice.in_words(step.period),
        "address": _overview_of(portal_id, step.period),
        "minors": [step.by_kind.get(kind, 0) for kind in BY_KIND],
        "minor": step.minor,
        "deals": deals(portal_id, step.period, booked="yes"),
        "is_inside": step.is_inside,
    }


def _chart(overview: Overview) -> Drawing:
    """The trend as a picture; the table below it has the same figures."""
    return draw(
        Chart(
            name="trend",
            title=_("Second-order revenue by source"),
            kind=ChartKind.STACKED,
            unit=money(overview.total.currency),
            series=tuple(translated(source_label(kind)) for kind in BY_KIND),
            rows=tuple(
                ChartRow(
                    period_choice.in_words(step.period),
                    tuple(float(step.by_kind.get(kind, 0)) for kind in BY_KIND),
                )
                for step in overview.trend
            ),
            over_time=True,
        )
    )


def _open_deals(line: OpenDeals) -> Json:
    return {
        "probability": line.probability,
        "deals": line.deals,
        "minor": line.minor,
        "weighted": round(line.weighted),
    }


def _move(overview: Overview, row: Mapping[str, Any]) -> Json:
    names = overview.names
    return {
        "contact_id": row["new_contact_id"],
        "name": names[ObjectType.CONTACT, row["new_contact_id"]],
        "at": row["latest"] or row["earliest"],
        "confidence": row["confidence"],
        "former": _company(overview, row["former_company_id"]),
        "new": _company(overview, row["new_company_id"]),
    }


def _company(overview: Overview, company_id: int | None) -> Json | None:
    if company_id is None:
        return None
    return {"id": company_id, "name": overview.names[ObjectType.COMPANY, company_id]}
