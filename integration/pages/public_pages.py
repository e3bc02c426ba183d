"""Pages for everybody, without a session: help, the privacy notice and the terms."""

from contextlib import suppress

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from integration.core.errors import SecondOrderError
from integration.pages import guard, privacy_notice
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime
from mappings.kinds import ObjectType
from mappings.records.catalogue import own_properties
from mappings.records.portal_map import PortalMap

_LABELS = {prop.name: prop.label for prop in own_properties(ObjectType.DEAL)}


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the pages that HubSpot's marketplace and every page's foot link to."""
    bp = Blueprint("public", __name__)

    @bp.get("/help")
    def help_() -> ResponseReturnValue:
        return _page("help.html", labels=_LABELS)

    @bp.get("/privacy")
    def privacy() -> ResponseReturnValue:
        return _page(
            "privacy.html",
            sections=privacy_notice.sections(_chosen_map(runtime)),
            permissions=privacy_notice.permissions(),
            periods=privacy_notice.periods(),
        )

    @bp.get("/terms")
    def terms() -> ResponseReturnValue:
        return _page("terms.html")

    def _page(template: str, **more: object) -> str:
        return render_template(
            template,
            session=guard.session_if_known(runtime),
            operator=runtime.settings.operator_name,
            contact=runtime.settings.operator_contact,
            **more,
        )

    return bp


def _chosen_map(runtime: Runtime) -> PortalMap | None:
    """The map of the account that the visitor is signed in to, where it can be read."""
    session = guard.session_if_known(runtime)
    if session is None:
        return None
    with suppress(SecondOrderError), open_portal(runtime, session.portal_id) as portal:
        return portal.map
    return None
