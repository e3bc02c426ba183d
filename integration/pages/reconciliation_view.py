"""A reconciled month arranged for its page: sentences, and where each number leads."""

from typing import Any

from flask import url_for

from integration.pages import figures
from integration.pages.texts import gettext as _
from integration.pages.texts import ngettext
from integration.reports.listings import list_addresses
from integration.reports.reconciliation import Provisional, Reconciliation
from mappings.rules.ledger import periods, report_period
from mappings.rules.ledger.periods import Month
from mappings.rules.ledger.report_period import Period

Json = dict[str, Any]


def view(portal_id: int, found: Reconciliation) -> Json:
    """Return what the page shows."""
    period = report_period.of_month(found.month)
    return {
        "found": found,
        "name": figures.month(found.month),
        "written": periods.written(found.month),
        "earlier": _address(portal_id, periods.before(found.month)),
        "later": _address(portal_id, periods.after(found.month))
        if found.month < found.this_month
        else "",
        "is_over": found.month < found.this_month,
        "won_deals": _deals(portal_id, period, state="won"),
        "booked_deals": list_addresses.address(
            portal_id, "deals", booked="yes", booked_from=period.first, booked_to=period.last
        ),
        "provisional": list(_why_provisional(found.provisional, found)),
    }


def _address(portal_id: int, month: Month) -> str:
    return url_for("reconciliation.show", portal_id=portal_id, month=periods.written(month))


def _deals(portal_id: int, period: Period, **filters: str) -> str:
    """Return the address of the deals that closed in the month."""
    return list_addresses.address(
        portal_id, "deals", **filters, closed_from=period.first, closed_to=period.last
    )


def _why_provisional(why: Provisional, found: Reconciliation) -> list[str]:
    """Why the figures of an open month can still change by themselves."""
    if found.is_closed:
        return []
    said: list[str] = []
    if why.is_running:
        said.append(_("The month is not over."))
    if why.is_importing:
        said.append(_("The import from HubSpot is still running: deals may be missing."))
    if why.waiting:
        said.append(
            ngettext(
                "%(num)s record waits to be worked out.",
                "%(num)s records wait to be worked out.",
                why.waiting,
            )
        )
    if why.held_deals:
        said.append(_held(why, found.home))
    return said


def _held(why: Provisional, home: str) -> str:
    return ngettext(
        "%(money)s rests on a referral of %(num)s deal won in the last %(days)s days: it may still"
        " be taken back.",
        "%(money)s rest on referrals of %(num)s deals won in the last %(days)s days: they may still"
        " be taken back.",
        why.held_deals,
        money=figures.money(why.held_minor, home),
        days=figures.count(why.hold_days),
    )
