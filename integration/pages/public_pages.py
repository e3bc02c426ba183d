"""Pages for everybody, without a session: help, the privacy notice and the terms."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from integration.pages import guard, privacy_notice
from integration.portal.runtime import Runtime
from mappings.kinds import ObjectType
from mappings.records.catalogue import own_properties

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
            sections=privacy_notice.sections(),
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
