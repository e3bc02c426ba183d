"""The public leaderboard of an account, where an admin made one, under an address of its own."""

import time

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from integration.core.request_limits import RequestLimit, asking_address
from integration.pages import guard
from integration.pages.texts import gettext as _
from integration.portal.runtime import Runtime
from integration.reports import referral_program

_SECONDS, _OF_AN_ADDRESS = 60, 120


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page; whoever has its address sees first names and counts, and nothing else."""
    bp = Blueprint("public_leaders", __name__)
    by_address = RequestLimit(_OF_AN_ADDRESS, _SECONDS)

    @bp.get("/leaders/<code>")
    def show(code: str) -> ResponseReturnValue:
        asking = asking_address(request.remote_addr, request.headers.get("X-Forwarded-For", ""))
        if not by_address.allows(asking, time.monotonic()):
            return guard.problem(429, _("Too many at once"), _("Wait a minute."))
        board = referral_program.public_board(runtime, code.casefold())
        if board is None:
            text = _("It may be cut off, or it was ended.")
            return guard.problem(404, _("This link leads nowhere"), text)
        return render_template("public_leaders.html", session=None, board=board)

    return bp
