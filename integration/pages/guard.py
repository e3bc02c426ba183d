"""Security of every page: headers, sessions, forged forms, and error pages without secrets."""

import contextlib
import hmac
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from integration.admin import roles
from integration.admin import sign_in as sessions
from integration.admin.sign_in import Session
from integration.core import logs
from integration.core.errors import NeedsOwner, RecordGone, Refused, Retryable, SecondOrderError
from integration.ingest import answer_uploads
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, said, translated
from integration.portal import permissions
from integration.portal.permissions import Open, Permission
from integration.portal.runtime import Runtime
from mappings.kinds import Role

# Forms are forged in browsers only. These addresses are for programs, which sign or send a token.
MACHINE_PATHS = ("/webhooks/", "/healthz", "/readyz", "/metrics")
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_YEAR = 365 * 24 * 3600
_LONGEST_RETRY = 120  # seconds
# Forms that hold a file, and how many bytes such a request may have.
_TAKES_FILES = {"uploads.add": answer_uploads.MOST_BYTES + 100_000}
_log = logs.get(__name__)


def protect(app: Flask, runtime: Runtime) -> None:
    """Set headers on every answer, turn errors into pages, refuse forged changes and strangers."""
    is_https = runtime.settings.public_url.startswith("https://")
    parts = urlsplit(runtime.settings.public_url)
    origin = f"{parts.scheme}://{parts.netloc}"

    @app.before_request
    def allow_files() -> None:
        # Before the form's token is read, and with it the form.
        if request.endpoint in _TAKES_FILES:
            request.max_content_length = _TAKES_FILES[request.endpoint]

    @app.before_request
    def refuse_forged_changes() -> None:
        if request.method in _CHANGING and not _is_machine() and not _is_of_a_person():
            by_link = _is_by_link()
            _check_origin(origin, may_be_silent=by_link)
            if not by_link:
                _check_token(runtime)

    @app.before_request
    def refuse_whom_no_row_allows() -> ResponseReturnValue | None:
        if request.endpoint is None:  # no such address, or not with this method
            return None
        asked = permissions.of_endpoint(request.endpoint)
        return None if isinstance(asked, Open) else _refusal(runtime, asked)

    @app.after_request
    def headers(response: Response) -> Response:
        return _headers(response, is_https=is_https)

    app.register_error_handler(HTTPException, lambda error: _http_error(error, runtime))
    app.register_error_handler(SecondOrderError, lambda error: _known_error(error, runtime))
    app.register_error_handler(Exception, _bug)


def cookie_name(runtime: Runtime, name: str) -> str:
    """Return a cookie's full name: over https one that no other host can set."""
    return f"__Host-{name}" if runtime.settings.public_url.startswith("https://") else name


def set_cookie(
    response: Response, runtime: Runtime, name: str, value: str, *, seconds: int
) -> None:
    """Set a cookie that scripts cannot read and that other sites' forms do not send."""
    response.set_cookie(
        cookie_name(runtime, name),
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=runtime.settings.public_url.startswith("https://"),
    )


def drop_cookie(response: Response, runtime: Runtime, name: str) -> None:
    """Remove a cookie."""
    set_cookie(response, runtime, name, "", seconds=0)


def cookie(runtime: Runtime, name: str) -> str | None:
    """Read a cookie of ours."""
    return request.cookies.get(cookie_name(runtime, name))


def session(runtime: Runtime) -> Session | None:
    """Return this browser's session of the account that is looked at, else of the last one.

    It is read once in a request.
    """
    if "session" not in g:
        portal_id = (request.view_args or {}).get("portal_id")
        g.session = sessions.find(runtime, cookie(runtime, "session"), portal_id=portal_id)
    current: Session | None = g.session
    return current


def session_if_known(runtime: Runtime) -> Session | None:
    """Return the session for the navigation; None, too, where the database does not answer."""
    with contextlib.suppress(SecondOrderError):
        return session(runtime)
    return None


def session_of(runtime: Runtime, portal_id: int) -> Session:
    """Return the session if it is one of this portal; answer 404 otherwise.

    Whether its role may do this was asked before the view was called: the row of its route in
    :mod:`integration.portal.permissions` says what it needs.
    """
    current = session(runtime)
    if current is None or current.portal_id != portal_id:
        abort(404)
    return current


def _refusal(runtime: Runtime, asked: Permission) -> Response | None:
    """Return a page for whoever may not do what a route asks for; None for whoever may."""
    current = session_of(runtime, (request.view_args or {})["portal_id"])
    if current.may(asked):
        return None
    with runtime.database.portal(current.portal_id) as tx:
        admins = ", ".join(roles.admins(tx))
    return (
        _without_role(admins) if current.role is None else _other_role(current.role, asked, admins)
    )


def _without_role(admins: str) -> Response:
    return problem(
        403,
        _("You have no role in this account any more"),
        _(
            "An admin took your role in this account away, so its pages are closed to you. Nothing"
            " was changed. Its admins: %(admins)s.",
            admins=admins,
        ),
    )


def _other_role(role: Role, asked: Permission, admins: str) -> Response:
    needed = [translated(able.label) for able in permissions.who_may(asked)]
    return problem(
        403,
        _("Your role does not allow this"),
        _(
            "It needs one of these roles: %(needed)s. Yours in this account is %(role)s. Nothing"
            " was changed. Whom to ask for another role: %(admins)s.",
            needed=", ".join(needed),
            role=translated(role.label),
            admins=admins,
        ),
    )


def problem(
    status: int, title: str, text: str, *, sign_in: bool = False, **more: object
) -> Response:
    """Return a page that says what happened and what to do.

    It keeps the navigation of whoever is known to be signed in when it is made.
    """
    page = render_template(
        "problem.html", title=title, text=text, sign_in=sign_in, session=g.get("session"), **more
    )
    return make_response(page, status)


def _check_origin(own_origin: str, *, may_be_silent: bool) -> None:
    """Refuse a form that was not sent from a page of ours, as the browser's headers say.

    A mail program that ends a digest with one click says nothing, and the link is all it has.
    """
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is None and site is None and not may_be_silent:
        abort(
            403,
            _(
                "Your browser did not say where this form came from. Open the page and press"
                " the button there."
            ),
        )
    if origin not in {None, own_origin} or site not in {None, "same-origin"}:
        abort(403, _("This form came from another site, so nothing was changed."))


def _check_token(runtime: Runtime) -> None:
    """Refuse a form without the session's own token."""
    portal_id = (request.view_args or {}).get("portal_id")
    current = session(runtime)
    if current is None or portal_id not in {None, current.portal_id}:
        abort(404)
    # A form that is about no account may come from a page of any account of this browser's.
    accounts = (current, *current.others) if portal_id is None else (current,)
    sent = request.form.get("csrf", "").encode()
    if not any(hmac.compare_digest(account.csrf.encode(), sent) for account in accounts):
        abort(
            400,
            _(
                "This form was out of date, so nothing was changed. Go back, load the page"
                " again and repeat."
            ),
        )


def _headers(response: Response, *, is_https: bool) -> Response:
    response.headers["Content-Security-Policy"] = _content_policy()
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    # With "no-referrer" a browser sends no origin with our own forms; the address of the OAuth
    # callback holds a code, and is sent to nobody.
    is_html = (response.content_type or "").startswith("text/html")
    is_page = is_html and request.path != "/oauth/callback"
    is_told = is_page and not _is_of_a_person()
    response.headers["Referrer-Policy"] = "same-origin" if is_told else "no-referrer"
    if _is_of_a_person():
        response.headers["X-Robots-Tag"] = "noindex"
    if request.endpoint != "entry.static":
        response.headers["Cache-Control"] = "no-store"
    if is_https:
        response.headers["Strict-Transport-Security"] = f"max-age={_YEAR}; includeSubDomains"
    return response


def _content_policy() -> str:
    """Allow files of our own host, and nothing inline; scripts where somebody is signed in."""
    is_inside = g.get("session") is not None
    script = " script-src 'self'; connect-src 'self';" if is_inside else ""
    return (
        f"default-src 'none'; style-src 'self'; img-src 'self';{script}"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _http_error(error: HTTPException, runtime: Runtime) -> Response:
    status = error.code or 500
    if error.response is not None or status < HTTPStatus.BAD_REQUEST:  # a redirect is no error
        return make_response(error.get_response())
    if _is_machine():
        return _plain(status, error.name)
    session_if_known(runtime)  # its navigation stays on the page
    if status == HTTPStatus.NOT_FOUND:
        return _nothing_here()
    text = _TEXTS.get(status, _("The request could not be answered."))
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN} and error.description:
        text = error.description  # given with abort()
    answer = problem(status, translated(error.name), text)
    allowed_methods = error.get_response().headers.get("Allow")
    if status == HTTPStatus.METHOD_NOT_ALLOWED and allowed_methods:
        answer.headers["Allow"] = allowed_methods
    return answer


_TEXTS: Mapping[int, str] = {
    405: lazy_gettext("This address does not take that kind of request."),
    413: lazy_gettext("That was more than this page accepts."),
    414: lazy_gettext("That address was too long."),
}


def _nothing_here() -> Response:
    """Answer with the same bytes for what does not exist and for what belongs to others."""
    current: Session | None = g.get("session")
    text = _(
        "This page does not exist, or it belongs to a HubSpot account you are not signed in to."
    )
    if current is None:
        text += " " + _(
            "Sign in to see the pages of your account. Whoever makes no click for half an"
            " hour is signed out."
        )
    else:
        text += " " + _(
            "You are signed in to account %(portal_id)s: its pages are in the line on"
            " top. If the link is of another account, sign in to that one.",
            portal_id=current.portal_id,
        )
    return problem(404, _("Nothing here for you"), text, sign_in=True)


def _known_error(error: SecondOrderError, runtime: Runtime) -> Response:
    if isinstance(error, Retryable):
        return _try_again(error)
    if isinstance(error, RecordGone):
        return _http_error_of(404, runtime)
    if isinstance(error, NeedsOwner):
        return problem(409, _("HubSpot needs you"), said(error), reconnect=True)
    if isinstance(error, Refused):
        return problem(400, _("That did not work"), said(error))
    return _bug(error)


def _try_again(error: Retryable) -> Response:
    _log.warning("could not answer", path=_path(), reason=str(error))
    if _is_machine():
        answer = _plain(503, "Try again")
    else:
        text = _(
            "Something we depend on does not answer at the moment. Nothing is lost; try"
            " again shortly."
        )
        answer = problem(503, _("Back in a moment"), text, again=True)
    answer.headers["Retry-After"] = str(min(int(error.after or 5), _LONGEST_RETRY) or 1)
    return answer


def _http_error_of(status: int, runtime: Runtime) -> Response:
    try:
        abort(status)
    except HTTPException as error:
        return _http_error(error, runtime)


def _bug(error: Exception) -> Response:
    """Show a number; the log has it with the traceback."""
    number = secrets.token_hex(4)
    _log.error("request failed", error_id=number, path=_path(), exc_info=error)
    if _is_machine():
        return _plain(500, f"Internal error {number}")
    text = _(
        "It is our fault, and it has been noted as error %(number)s. Tell us that"
        " number if it happens again.",
        number=number,
    )
    return problem(500, _("Something broke"), text)


def _plain(status: int, text: str) -> Response:
    answer = make_response(f"{text}\n", status)
    answer.content_type = "text/plain; charset=utf-8"
    return answer


def _is_by_link() -> bool:
    """Whether the address itself holds the secret that a form's token is for elsewhere."""
    return permissions.ENDPOINTS.get(request.endpoint or "") is Open.LINK


def _is_of_a_person() -> bool:
    """Whether the link is a person's own, as it stands in a mail.

    It tells no other site where it led, so that a browser names no origin with its form: the link
    is all that the form needs.
    """
    return permissions.ENDPOINTS.get(request.endpoint or "") is Open.PERSON


def _path() -> str:
    """The path for the log: of a person's own link only what all of them have in common."""
    return str(request.url_rule) if _is_of_a_person() or _is_by_link() else request.path


def _is_machine() -> bool:
    return request.path.startswith(MACHINE_PATHS)
