"""The token office: authorize codes, access and refresh tokens, introspection, revocation."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .records import Json

if TYPE_CHECKING:
    from .crm import HubSpot
    from .portal import Portal

CODE_SECONDS = 60
SERVICE_HUB_SCOPES = frozenset(
    {"crm.objects.feedback_submissions.read", "crm.objects.feedback_submission.read"}
)


class OfficeError(Exception):
    """A refusal of the token endpoints, with HubSpot's status word and RFC 6749's error."""

    def __init__(self, status: str, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.message = status, error, message

    def json(self) -> Json:
        """Both the old and the RFC fields."""
        return {
            "status": self.status,
            "message": self.message,
            "error": self.error,
            "error_description": self.message,
        }


class CannotAuthorize(Exception):
    """The authorize page shows an error instead of asking; the app never hears of it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one run of the flow gave."""

    portal_id: int
    user_id: int
    user_email: str
    scopes: tuple[str, ...]
    refresh_token: str
    access_token: str
    expires_in: int

    def json(self) -> Json:
        """The token endpoint's answer."""
        return {
            "token_type": "bearer",
            "token_use": "access_token",
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "expires_in": self.expires_in,
            "hub_id": self.portal_id,
            "user_id": self.user_id,
            "scopes": list(self.scopes),
        }


@dataclass(slots=True)
class _Token:
    portal_id: int
    user_id: int
    user_email: str
    scopes: tuple[str, ...]
    expires: float = 0.0


@dataclass(slots=True)
class _Code:
    token: _Token
    redirect_uri: str
    challenge: str
    expires: float


@dataclass(slots=True)
class Office:
    """Hands out and takes back tokens. *refreshes* counts refresh calls that were answered well."""

    hubspot: HubSpot
    refreshes: int = 0
    exchanges: int = 0
    _codes: dict[str, _Code] = field(default_factory=dict)
    _access: dict[str, _Token] = field(default_factory=dict)
    _refresh: dict[str, _Token] = field(default_factory=dict)
    _installs: dict[int, tuple[str, ...]] = field(default_factory=dict)

    # -- the authorize page
    # -------------------------------------------------------------------------------------

    def check_request(self, query: Mapping[str, str]) -> tuple[list[str], list[str]]:
        """Required and optional scopes of an authorize request. Raises CannotAuthorize."""
        app = self.hubspot.app
        if query.get("client_id") != app.client_id:
            raise CannotAuthorize("We couldn't find an app with this client id.")
        if query.get("redirect_uri") not in app.redirect_urls:
            raise CannotAuthorize(
                "The redirect URL of this request is not one the app has registered."
            )
        asked = (query.get("scope") or "").split()
        optional = (query.get("optional_scope") or "").split()
        if missing := [scope for scope in app.required_scopes if scope not in asked]:
            raise CannotAuthorize(
                f"The app declares scopes this link does not ask for: {', '.join(missing)}"
            )
        known = {*app.required_scopes, *app.optional_scopes}
        if unknown := [scope for scope in [*asked, *optional] if scope not in known]:
            raise CannotAuthorize(f"The app does not declare these scopes: {', '.join(unknown)}")
        return asked, optional

    def grantable(
        self, portal: Portal, asked: Sequence[str], optional: Sequence[str]
    ) -> tuple[str, ...]:
        """Required scopes and those optional ones that this account has and does not deny."""
        missing = set(portal.denied_scopes) | (
            set() if portal.service_hub else set(SERVICE_HUB_SCOPES)
        )
        return tuple(
            dict.fromkeys([*asked, *(scope for scope in optional if scope not in missing)])
        )

    def approve(
        self, portal: Portal, scopes: Sequence[str], redirect_uri: str, *, challenge: str = "",
        user: tuple[int, str] | None = None,
    ) -> str:  # fmt: skip
        """A user presses Connect: a code that works once, for a minute."""
        user_id, email = user or (portal.user_id, portal.user_email)
        code = secrets.token_urlsafe(24)
        token = _Token(portal.id, user_id, email, tuple(scopes))
        self._codes[code] = _Code(
            token, redirect_uri, challenge, self.hubspot.time() + CODE_SECONDS
        )
        return code

    # -- the token endpoint
    # -------------------------------------------------------------------------------------

    def token(self, form: Mapping[str, str]) -> Json:
        """Exchange or refresh. Raises OfficeError."""
        self._check_client(form)
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return self._exchange(form).json()
        if kind == "refresh_token":
            return self._renew(form).json()
        if kind == "client_credentials":
            return {
                "token_type": "bearer", "token_use": "client_credentials", "access_token": secrets.token_urlsafe(40),
                "expires_in": self.hubspot.quirks.token_seconds, "scopes": (form.get("scope") or "").split(),
            }  # fmt: skip
        raise OfficeError("BAD_GRANT_TYPE", "unsupported_grant_type", f"unknown grant type {kind}")

    def _check_client(self, form: Mapping[str, str]) -> None:
        app = self.hubspot.app
        if form.get("client_id") != app.client_id:
            raise OfficeError("BAD_CLIENT_ID", "invalid_client", "missing or unknown client id")
        if form.get("client_secret") != app.client_secret:
            raise OfficeError(
                "BAD_CLIENT_SECRET", "invalid_client", "missing or invalid client secret"
            )

    def _exchange(self, form: Mapping[str, str]) -> Grant:
        code = self._codes.pop(form.get("code") or "", None)
        if code is None or code.expires < self.hubspot.time():
            raise OfficeError("BAD_AUTH_CODE", "invalid_grant", "missing or unknown auth code")
        if form.get("redirect_uri") != code.redirect_uri:
            raise OfficeError(
                "BAD_REDIRECT_URI", "invalid_grant", "missing or mismatched redirect uri"
            )
        if code.challenge and code.challenge != _challenge(form.get("code_verifier") or ""):
            raise OfficeError(
                "BAD_CODE_VERIFIER", "invalid_grant", "missing or mismatched code verifier"
            )
        self.exchanges += 1
        return self._open(code.token)

    def install(self, portal: Portal, scopes: Sequence[str] | None) -> Grant:
        """Install without codes, with all scopes the account can have unless told otherwise."""
        app = self.hubspot.app
        granted = (
            self.grantable(portal, app.required_scopes, app.optional_scopes)
            if scopes is None
            else scopes
        )
        return self._open(_Token(portal.id, portal.user_id, portal.user_email, tuple(granted)))

    def _open(self, token: _Token) -> Grant:
        if self.hubspot.quirks.later_install_replaces:
            for old in [
                text for text, known in self._refresh.items() if known.portal_id == token.portal_id
            ]:
                del self._refresh[old]
        self._installs[token.portal_id] = token.scopes
        refresh = "na1-" + secrets.token_urlsafe(30)
        self._refresh[refresh] = token
        return self._grant(token, refresh)

    def _grant(self, token: _Token, refresh: str) -> Grant:
        seconds = self.hubspot.quirks.token_seconds
        # access tokens vary in length and are long: https://developers.hubspot.com says to keep
        # room for 512
        access = secrets.token_urlsafe(180 + secrets.randbelow(120))
        self._access[access] = _Token(
            token.portal_id,
            token.user_id,
            token.user_email,
            token.scopes,
            self.hubspot.time() + seconds,
        )
        return Grant(
            token.portal_id, token.user_id, token.user_email, token.scopes, refresh, access, seconds
        )

    def _renew(self, form: Mapping[str, str]) -> Grant:
        old = form.get("refresh_token") or ""
        token = self._refresh.get(old)
        if token is not None and self.hubspot.trouble.refresh_fails(token.portal_id):
            token = None
        if token is None:
            raise OfficeError(
                "BAD_REFRESH_TOKEN", "invalid_grant", "missing or unknown refresh token"
            )
        if self.hubspot.portals[token.portal_id].closed:
            raise OfficeError("BAD_HUB", "access_denied", "the account is gone")
        self.refreshes += 1
        if self.hubspot.quirks.single_use_refresh:
            del self._refresh[old]
            old = "na1-" + secrets.token_urlsafe(30)
            self._refresh[old] = token
        return self._grant(token, old)

    # -- looking and taking back
    # --------------------------------------------------------------------------------

    def introspect(self, form: Mapping[str, str]) -> Json:
        """What a token is; {"active": false} for a dead one."""
        self._check_client(form)
        text = form.get("token") or ""
        if (access := self._access.get(text)) and access.expires > self.hubspot.time():
            return self._about(access, text, "access_token") | self._signed(access)
        if refresh := self._refresh.get(text):
            return self._about(refresh, text, "refresh_token")
        return {"active": False}

    def _about(self, token: _Token, text: str, use: str) -> Json:
        return {
            "active": True,
            "token": text,
            "token_type": "bearer",
            "token_use": use,
            "app_id": self.hubspot.app.app_id,
            "client_id": self.hubspot.app.client_id,
            "hub_id": token.portal_id,
            "hub_domain": self.hubspot.portals[token.portal_id].hub_domain,
            "user_id": token.user_id,
            "user": token.user_email,
            "scopes": list(token.scopes),
        }

    def _signed(self, token: _Token) -> Json:
        left = max(0, round(token.expires - self.hubspot.time()))
        return {
            "expires_in": left,
            "is_private_distribution": False,
            "signed_access_token": {
                "appId": self.hubspot.app.app_id, "appInstallId": f"{token.portal_id}-1", "audience": "sandbox",
                "expiresAt": round(token.expires * 1000), "hubId": token.portal_id, "hublet": "na1",
                "installingUserId": token.user_id, "isPrivateDistribution": False, "isServiceAccount": False,
                "isUserLevel": False, "newSignature": "", "scopeToScopeGroupPks": "", "scopes": " ".join(token.scopes),
                "signature": "", "trialScopeToScopeGroupPks": "", "trialScopes": "", "userId": token.user_id,
            },
        }  # fmt: skip

    def revoke(self, form: Mapping[str, str]) -> None:
        """End a refresh token; access tokens already out go on until they expire."""
        self._check_client(form)
        self._refresh.pop(form.get("token") or "", None)

    def uninstall(self, portal_id: int) -> None:
        """All tokens of a portal die at once, silently."""
        self._installs.pop(portal_id, None)
        for store in (self._access, self._refresh):
            for text in [text for text, token in store.items() if token.portal_id == portal_id]:
                del store[text]

    def installed(self, portal_id: int) -> bool:
        """Has the app been connected, by a first token exchange?"""
        return portal_id in self._installs

    def holder(self, access_token: str) -> tuple[int, frozenset[str], bool] | None:
        """Portal, scopes, and whether the access token has expired; None for a dead one."""
        token = self._access.get(access_token)
        if token is None:
            return None
        return token.portal_id, frozenset(token.scopes), token.expires <= self.hubspot.time()

    def expire(self, portal_id: int) -> None:
        """All access tokens of a portal run out now."""
        for token in self._access.values():
            if token.portal_id == portal_id:
                token.expires = 0.0


def _challenge(verifier: str) -> str:
    return (
        base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    )
