"""The HubSpot developer project: app and webhook files, generated from the code's own tables."""

import json
import re
from typing import Final
from urllib.parse import urlsplit

from mappings.records.access import OPTIONAL_SCOPES, REQUIRED_SCOPES, subscriptions

PLATFORM_VERSION: Final = "2026.03"
EXAMPLE_URL: Final = "https://second-order.example"
# Digits and dots, or colons as in IPv6.
_BARE_ADDRESS = re.compile(r"[0-9.]+|[0-9a-f.]*:[0-9a-f:.]*")
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


def is_local(public_url: str) -> bool:
    """Whether an address is this very machine, which HubSpot's servers do not reach."""
    return urlsplit(public_url).hostname in {"localhost", "127.0.0.1"}


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
            "support": {"documentationUrl": f"{base}/help", "supportUrl": f"{base}/help#contact"},
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
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local(public_url)):
        raise ValueError(
            "HubSpot demands an https address, such as https://app.example.org; it accepts http"
            " for localhost only. A proxy in front of the service answers with https"
        )
    if _BARE_ADDRESS.fullmatch(parts.hostname or "") and not is_local(public_url):
        raise ValueError(
            "HubSpot accepts a host's name, such as https://app.example.org, and no bare IP address"
        )
    if not parts.hostname or parts.query or parts.fragment:
        raise ValueError("the public URL must be a scheme and a host, without query or fragment")
    return public_url.rstrip("/")
