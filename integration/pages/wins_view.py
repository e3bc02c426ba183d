"""What stands above the list of wins, and the page of companies that are awaited."""

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.pages import guard
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.reports import wins_now
from integration.reports.listings import list_addresses

_KINDS_SHOWN = 3


def above(portal: PortalContext, session: Session) -> dict[str, Any]:
    """Return what the template shows above the rows."""
    found = wins_now.read(portal)
    fresh = {"since": found.fresh_from.isoformat()}

    def address(**filters: str) -> str:
        return list_addresses.address(session.portal_id, "wins", **filters)

    kinds = list(found.fresh.items())[:_KINDS_SHOWN]
    return {
        "now": found,
        "week": address(since=found.week_from.isoformat()),
        "fresh": address(**fresh),
        "kinds": [(kind.label, count, address(kind=kind, **fresh)) for kind, count in kinds],
    }


def blueprint(runtime: Runtime) -> Blueprint:
    """Show which companies were told of that HubSpot does not have."""
    bp = Blueprint("awaited", __name__, url_prefix="/portals/<int:portal_id>/wins")

    @bp.get("/awaited")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found = wins_now.awaited(portal)
        return render_template("awaited.html", session=session, found=found)

    return bp
