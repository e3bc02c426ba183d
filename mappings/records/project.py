"""The HubSpot developer project: app and webhook files, generated from the code's own tables."""

import json
import re
from typing import Final
from urllib.parse import urlsplit

from mappings.records.access import OPTIONAL_SCOPES, REQUIRED_SCOPES, subscriptions

PLATFORM_VERSION: Final = "2026.03"
EXAMPLE_URL: Final = "https://second-order.example"
_UID = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_CONCURRENT_REQUESTS: Final = 10


def project_files(public_url: str = EXAMPLE_URL) -> dict[str, str]:
    """Every file of the project as {path: text}, for the place where HubSpot and browsers reach us.

    Raises ValueError when *public_url* is nothing HubSpot would accept.
    """
    base = _checked(public_url)
    files: dict[str, dict[str, object]] = {
        "hsproject.json": {
            "name": "second-order",
            "srcDir": "src",
            "platformVersion": PLATFORM_VERSION,
        },
        "src/app/app-hsmeta.json": _app(base),
        "src/app/webhooks/webhooks-hsmeta.json": _webhooks(base),
    }
    return {path: _as_text(body) for path, body in files.items()}


def _as_text(body: dict[str, object]) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def _app(base: str) -> dict[str, object]:
    return _component(
        "second_order_app",
        "app",
        {
            "name": "Second Order",
            "description": "Shows which deals exist because of a customer, and why.",
            "distribution": "marketplace",
            "auth": {
                "type": "oauth",
                "redirectUrls": [f"{base}/oauth/callback"],
                "requiredScopes": [scope.name for scope in REQUIRED_SCOPES],
                "optionalScopes": [scope.name for scope in OPTIONAL_SCOPES],
                "conditionallyRequiredScopes": [],
            },
            "permittedUrls": {"fetch": [base], "iframe": [], "img": []},
            "support": {"documentationUrl": f"{base}/help", "supportUrl": f"{base}/help"},
        },
    )


def _webhooks(base: str) -> dict[str, object]:
    return _component(
        "second_order_webhooks",
        "webhooks",
        {
            "settings": {
                "targetUrl": f"{base}/webhooks/hubspot",
                "maxConcurrentRequests": _CONCURRENT_REQUESTS,
            },
            "subscriptions": subscriptions(),
        },
    )


def _component(uid: str, kind: str, config: dict[str, object]) -> dict[str, object]:
    if not _UID.fullmatch(uid):
        raise ValueError(f"{uid!r} is no uid HubSpot accepts")
    return {"uid": uid, "type": kind, "config": config}


def _checked(public_url: str) -> str:
    parts = urlsplit(public_url)
    local = parts.hostname in {"localhost", "127.0.0.1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError("the public URL must be https; http is accepted for localhost only")
    if not parts.hostname or parts.query or parts.fragment:
        raise ValueError("the public URL must be a scheme and a host, without query or fragment")
    return public_url.rstrip("/")
