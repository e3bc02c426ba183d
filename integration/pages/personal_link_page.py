"""Personal links: who follows one is led to the account's own site, with the code; nothing is set.

Whoever looks sees no difference between a code that never was, one that was revoked, and a program
that is off. No cookie is set, and no address is kept: of a visit there is a day and a count.
"""

import time

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from integration.core.request_limits import RequestLimit, asking_address
from integration.pages import guard
from integration.pages.texts import gettext as _
from integration.portal import personal_visits
from integration.portal.runtime import Runtime

_SECONDS = 60
# An office shares an address; whoever tries codes one after the other is far above.
_OF_AN_ADDRESS, _OF_A_LINK = 120, 30


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the address of personal links."""
    bp = Blueprint("personal_links", __name__)
    by_address = RequestLimit(_OF_AN_ADDRESS, _SECONDS)
    by_link = RequestLimit(_OF_A_LINK, _SECONDS)

    @bp.get("/r/<code>")
    def follow(code: str) -> ResponseReturnValue:
        now = time.monotonic()
        asking = asking_address(request.remote_addr, request.headers.get("X-Forwarded-For", ""))
        if not by_address.allows(asking, now) or not by_link.allows(f"{asking} {code}", now):
            return _too_often()
        address = personal_visits.follow(
            runtime, code.casefold(), request.method, dict(request.headers)
        )
        if address is None:
            return _nowhere()
        return redirect(address, 302)

    return bp


def _nowhere() -> Response:
    return guard.problem(
        404,
        _("This link leads nowhere"),
        _("It may be cut off, or it was ended. Ask whoever gave it to you for a new one."),
    )


def _too_often() -> Response:
    answer = guard.problem(
        429,
        _("Too many at once"),
        _("This address was opened too often within a minute. Wait a minute and try again."),
    )
    answer.headers["Retry-After"] = str(_SECONDS)
    return answer
