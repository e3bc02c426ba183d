"""The front page, install, sign in, the return from HubSpot, sign out, and the language."""

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from integration.admin import install, sign_in
from integration.admin.install import MissingScopes, NotInstalled, StillErasing
from integration.admin.return_addresses import hubspot_address, local_path
from integration.admin.sign_in import BadState
from integration.core import logs
from integration.core.errors import NeedsOwner, Refused, Retryable, SecondOrderError
from integration.pages import guard
from integration.pages.languages import COOKIE, COOKIE_DAYS, LANGUAGES
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, said
from integration.portal.runtime import Runtime
from integration.storage.service.sessions import LONGEST_HOURS, STATE_MINUTES

_log = logs.get(__name__)


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the pages that need no session."""
    bp = Blueprint(
        "entry",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/assets",
    )

    @bp.get("/")
    def front() -> ResponseReturnValue:
        return render_template("front.html", session=guard.session(runtime))

    @bp.get("/language/<code>")
    def choose_language(code: str) -> ResponseReturnValue:
        # A link: this browser's cookie is all that changes.
        if code not in LANGUAGES:
            abort(404)
        next_path = local_path(request.args.get("next")) or _referring_page(runtime) or "/"
        answer = make_response(redirect(next_path, 303))
        guard.set_cookie(answer, runtime, COOKIE, code, seconds=COOKIE_DAYS * 24 * 3600)
        return answer

    @bp.get("/install")
    def begin_install() -> ResponseReturnValue:
        return _to_install(runtime)

    @bp.get("/signin")
    def begin_sign_in() -> ResponseReturnValue:
        next_path = local_path(request.args.get("next")) or _referring_page(runtime)
        return _to_hubspot(runtime, install.SIGN_IN, next_path)

    @bp.get("/oauth/callback")
    def callback() -> ResponseReturnValue:
        # HubSpot's marketplace opens this address to begin an install, too.
        is_return = "state" in request.args and ("code" in request.args or "error" in request.args)
        if request.args.get("step") == "authorize" and not is_return:
            return _to_install(runtime)
        return _from_hubspot(runtime)

    @bp.post("/signout")
    def sign_out() -> ResponseReturnValue:
        secret = guard.cookie(runtime, "session")
        if secret:
            sign_in.sign_out(runtime, secret)
        answer = make_response(redirect("/", 303))
        guard.drop_cookie(answer, runtime, "session")
        return answer

    return bp


def _to_install(runtime: Runtime) -> Response:
    """Send a browser to connect an account, and afterwards back to the page of HubSpot it names."""
    back = hubspot_address(request.args.get("returnUrl"), runtime.settings.hubspot_authorize_url)
    return _to_hubspot(runtime, install.INSTALL, back)


def _to_hubspot(runtime: Runtime, purpose: str, next_path: str | None) -> Response:
    visit = install.begin(
        runtime, guard.cookie(runtime, "browser"), purpose=purpose, next_path=next_path
    )
    answer = make_response(redirect(visit.url, 302))
    guard.set_cookie(answer, runtime, "browser", visit.browser, seconds=STATE_MINUTES * 60)
    return answer


def _referring_page(runtime: Runtime) -> str | None:
    """Return the page of ours that led to the sign-in, so that signing in leads back to it."""
    page = request.headers.get("Referer", "")
    own, path = runtime.settings.public_url, page.removeprefix(runtime.settings.public_url)
    return local_path(path) if page.startswith(f"{own}/") else None


def _from_hubspot(runtime: Runtime) -> Response:
    guard.session(runtime)  # whoever is signed in keeps the navigation on a page about trouble
    state, browser = request.args.get("state"), guard.cookie(runtime, "browser")
    if "error" in request.args:
        install.cancel(runtime, state=state, browser=browser)
        return _refused_by_hubspot(request.args["error"])
    old = guard.cookie(runtime, "session")
    try:
        done = install.complete(
            runtime, state=state, code=request.args.get("code"), browser=browser, session=old
        )
    except BadState as bad:
        return _bad_state(bad)
    except SecondOrderError as error:
        return _failed(error)
    answer = make_response(redirect(done.next_path, 303))
    guard.set_cookie(answer, runtime, "session", done.session, seconds=LONGEST_HOURS * 3600)
    guard.drop_cookie(answer, runtime, "browser")
    return answer


_BAD_STATES = {
    "missing": (
        lazy_gettext("This visit has no beginning"),
        lazy_gettext(
            "This address is for coming back from HubSpot, and you did not come from"
            " there: it was typed, kept as a bookmark, or cut off. Nothing was changed;"
            " start again."
        ),
    ),
    "unknown": (
        lazy_gettext("We do not know this visit"),
        lazy_gettext(
            "It began more than a day ago, or not here. Nothing was changed; start again."
        ),
    ),
    "other_browser": (
        lazy_gettext("That was started in another browser"),
        lazy_gettext(
            "Connecting has to end in the browser in which it began. Nothing was changed;"
            " start again here."
        ),
    ),
    "expired": (
        lazy_gettext("That took longer than ten minutes"),
        lazy_gettext(
            "For safety a visit to HubSpot counts for ten minutes only. Nothing was"
            " changed; start again."
        ),
    ),
    "used": (
        lazy_gettext("This was done already"),
        lazy_gettext(
            "Each visit to HubSpot counts once, and this one was used: the page was"
            " loaded again, or reached with the browser's Back button. Nothing was"
            " changed by it. If it connected an account, sign in to see it."
        ),
    ),
}


def _bad_state(bad: BadState) -> Response:
    title, text = _BAD_STATES[bad.why]
    return guard.problem(400, title, text, start_again=True, sign_in=bad.why == "used")


def _refused_by_hubspot(error: str) -> Response:
    _log.info("hubspot refused", error=error[:60])
    if error == "access_denied":
        return guard.problem(
            403,
            _("Nothing was connected"),
            _(
                "You, or your account's rules, said no on HubSpot's page. Nothing was"
                " installed and nothing was changed. Connecting needs a Super Admin or the"
                " App Marketplace Access permission the first time."
            ),
            start_again=True,
        )
    return guard.problem(
        400,
        _("HubSpot could not connect the account"),
        _(
            "HubSpot ended the visit with an error of its own. Nothing was changed; start"
            " again, and if it happens again ask whoever runs this server to look at the"
            " app's settings."
        ),
        start_again=True,
    )


def _failed(error: SecondOrderError) -> Response:
    """Return the page for an install or sign-in that ended with *error*."""
    match error:
        case MissingScopes():
            return guard.problem(
                403,
                _("Some permissions are missing"),
                _(
                    "The account did not grant what the app cannot work without, so nothing was"
                    " installed. Start again and leave all required permissions on; a Super Admin"
                    " can grant every one of them."
                ),
                scopes=error.scopes,
                start_again=True,
            )
        case NotInstalled():
            text = _("%(error)s. Install it first; that takes two minutes.", error=said(error))
            return guard.problem(
                403, _("Not installed yet"), text, start_again=_("Install in HubSpot")
            )
        case StillErasing():
            return guard.problem(503, _("Not yet"), said(error), start_again=True)
        case Retryable():
            return _hubspot_away(error)
        case Refused() | NeedsOwner():
            text = _(
                "%(error)s. Codes from HubSpot work once and for a minute only; start again.",
                error=said(error).rstrip("."),
            )
            return guard.problem(400, _("HubSpot did not accept that"), text, start_again=True)
    raise error


def _hubspot_away(error: Retryable) -> Response:
    _log.warning("hubspot away during install", reason=str(error))
    answer = guard.problem(
        503,
        _("HubSpot does not answer"),
        _(
            "HubSpot, or something between us, did not answer. Nothing was changed; start"
            " again in a minute."
        ),
        start_again=True,
    )
    answer.headers["Retry-After"] = "60"
    return answer
