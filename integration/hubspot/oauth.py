"""OAuth calls: install, sign in, leave; no portal's token or allowance carries them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import requests

from integration.core.errors import NeedsOwner, Refused, Retryable, SecondOrderError
from integration.hubspot import answer_shapes, bodies, faults
from integration.hubspot.answer_shapes import Account
from integration.hubspot.routes import ROUTES
from integration.hubspot.wire import CONNECT_SECONDS, READ_SECONDS
from mappings.records import identifiers

_OK: Final = range(200, 300)
_BAD_REQUEST: Final = 400


@dataclass(frozen=True, slots=True)
class Tokens:
    """HubSpot's tokens; `scopes` and `portal_id` are not always sent: introspect to be sure."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    portal_id: int | None = None
    user_id: int | None = None
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Introspection:
    """A token's portal and scopes. A dead token is not active and has nothing else."""

    active: bool
    portal_id: int | None = None
    user_id: int | None = None
    user: str = field(default="", repr=False)
    domain: str = ""
    app_id: int | None = None
    scopes: frozenset[str] = frozenset()
    expires_in: int = 0


class OAuth:
    """The app's own calls to HubSpot, made with its client id and secret."""

    def __init__(
        self,
        api_url: str,
        authorize_url: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        *,
        timeouts: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    ) -> None:
        self._api = api_url.rstrip("/")
        self._authorize = authorize_url
        self._client_id = client_id
        self._secret = client_secret
        self._redirect = redirect_uri
        self._timeouts = timeouts

    def authorize_page(
        self, state: str, required: Sequence[str], optional: Sequence[str] = ()
    ) -> str:
        """Return the page to send the browser to; every required scope is asked for each time."""
        query = {
            "client_id": self._client_id,
            "redirect_uri": self._redirect,
            "scope": " ".join(required),
            "state": state,
        }
        if optional:
            query["optional_scope"] = " ".join(optional)
        joint = "&" if urlsplit(self._authorize).query else "?"
        # HubSpot separates scopes by %20, which a plus sign is not everywhere.
        return f"{self._authorize}{joint}{urlencode(query).replace('+', '%20')}"

    def exchange(self, code: str) -> Tokens:
        """Return tokens for a browser's code; Refused when it is used up, expired or wrong."""
        return self._tokens(
            {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect}
        )

    def refresh(self, refresh_token: str) -> Tokens:
        """Return a new access token; NeedsOwner when the app was uninstalled or cut off."""
        return self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def introspect(self, token: str, hint: str = "access_token") -> Introspection:
        """Return the portal of a token and what was granted."""
        answer = self._post("oauth.introspect", {"token": token, "token_type_hint": hint})
        if not answer.get("active"):
            return Introspection(active=False)
        return Introspection(
            active=True,
            portal_id=identifiers.read(answer.get("hub_id")),
            user_id=identifiers.read(answer.get("user_id")),
            user=str(answer.get("user") or ""),
            domain=str(answer.get("hub_domain") or ""),
            app_id=identifiers.read(answer.get("app_id")),
            scopes=_scopes(answer.get("scopes")) or frozenset(),
            expires_in=_number(answer.get("expires_in")) or 0,
        )

    def revoke(self, refresh_token: str) -> None:
        """End a refresh token; access tokens that were issued live on until they expire."""
        self._post("oauth.revoke", {"token": refresh_token, "token_type_hint": "refresh_token"})

    def account(self, access_token: str) -> Account:
        """Return the account of the portal behind a fresh token."""
        answer = self._bearer("account", access_token)
        try:
            return answer_shapes.account_of(answer)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise faults.broken("account", "has an unknown shape") from None

    def uninstall(self, access_token: str) -> None:
        """Remove the app from the portal; HubSpot mails its admins."""
        self._bearer("uninstall", access_token)

    def _tokens(self, form: Mapping[str, str]) -> Tokens:
        answer = self._post("oauth.token", form)
        access, lifetime = answer.get("access_token"), _number(answer.get("expires_in"))
        if not isinstance(access, str) or not access or lifetime is None:
            raise faults.broken("oauth.token", "holds no token")
        refresh = answer.get("refresh_token")
        return Tokens(
            access_token=access,
            refresh_token=refresh if isinstance(refresh, str) and refresh else None,
            expires_in=lifetime,
            portal_id=identifiers.read(answer.get("hub_id")),
            user_id=identifiers.read(answer.get("user_id")),
            scopes=_scopes(answer.get("scopes") or answer.get("scope")),
        )

    def _post(self, route: str, form: Mapping[str, str]) -> dict[str, Any]:
        secrets = {"client_id": self._client_id, "client_secret": self._secret}
        status, headers, body = self._call(route, data={**secrets, **form})
        if status not in _OK:
            raise _oauth_fault(status, headers, body, route)
        answer = bodies.lenient(body) if body else {}
        if not isinstance(answer, dict):
            raise faults.broken(route, "is not JSON")
        return answer

    def _bearer(self, route: str, access_token: str) -> Any:  # noqa: ANN401 - JSON is any
        status, headers, body = self._call(
            route, headers={"Authorization": f"Bearer {access_token}"}
        )
        if status not in _OK:
            raise faults.from_answer(status, headers, body, route)
        return bodies.lenient(body) if body else {}

    def _call(self, name: str, **sent: Any) -> tuple[int, Mapping[str, str], bytes]:  # noqa: ANN401 - requests' own
        route = ROUTES[name]
        try:
            with requests.Session() as session:
                # No proxy, no netrc from the environment: secrets go where the settings say.
                session.trust_env = False
                answer = session.request(
                    route.method,
                    f"{self._api}{route.path}",
                    timeout=self._timeouts,
                    allow_redirects=False,
                    **sent,
                )
                return answer.status_code, answer.headers, answer.content
        except requests.RequestException as error:
            raise faults.from_failure(error, name) from None


def _oauth_fault(
    status: int, headers: Mapping[str, str], body: bytes, route: str
) -> SecondOrderError:
    """Return the error for a refusal of OAuth, which has its own codes, in two dialects at once."""
    said = bodies.lenient(body)
    if status != _BAD_REQUEST or not isinstance(said, dict):
        fault = faults.from_answer(status, headers, body, route)
        # 401 and 403 speak of our client id and secret here, never of a portal.
        return faults.OurMistake(str(fault)) if isinstance(fault, NeedsOwner) else fault
    code = str(said.get("status") or "")
    known = _BY_CODE.get(code) or _BY_ERROR.get(str(said.get("error") or ""))
    if known is None:
        return faults.OurMistake(
            "HubSpot refused our OAuth request for a reason that is not in the table"
        )
    kind, words = known
    return kind(words)


_RECONNECT: Final = "The connection was revoked or the app uninstalled; reconnect the account"
_BY_CODE: Final[Mapping[str, tuple[type[SecondOrderError], str]]] = {
    "BAD_REFRESH_TOKEN": (NeedsOwner, _RECONNECT),
    "BAD_HUB": (
        NeedsOwner,
        "HubSpot no longer knows this account; reconnect it if it still exists",
    ),
    "BAD_AUTH_CODE": (
        Refused,
        "The code from HubSpot was used already or has expired; start the install again",
    ),
    "BAD_CLIENT_ID": (faults.OurMistake, "HUBSPOT_CLIENT_ID is wrong"),
    "BAD_CLIENT_SECRET": (faults.OurMistake, "HUBSPOT_CLIENT_SECRET is wrong"),
    "BAD_REDIRECT_URI": (faults.OurMistake, "PUBLIC_URL does not match the app's redirect address"),
    "BAD_GRANT_TYPE": (faults.OurMistake, "Our OAuth request has a wrong grant type"),
    "BAD_CODE_VERIFIER": (faults.OurMistake, "Our OAuth request has a wrong code verifier"),
    "BAD_SCOPES": (faults.OurMistake, "The scopes we ask for are not the app's"),
}
_BY_ERROR: Final[Mapping[str, tuple[type[SecondOrderError], str]]] = {
    "invalid_client": (faults.OurMistake, "HUBSPOT_CLIENT_ID or HUBSPOT_CLIENT_SECRET is wrong"),
    "access_denied": (NeedsOwner, _RECONNECT),
    "temporarily_unavailable": (Retryable, "HubSpot's OAuth is away for a moment"),
}


def _number(value: object) -> int | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() else None


def _scopes(value: object) -> frozenset[str] | None:
    if isinstance(value, str):
        return frozenset(value.split())
    return frozenset(str(scope) for scope in value) if isinstance(value, list) else None
