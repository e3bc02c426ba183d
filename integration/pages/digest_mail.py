"""Digests as mail: HTML and text with the overview's figures, and a link that ends them."""

from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, render_template
from itsdangerous import BadSignature, URLSafeSerializer

from integration.pages import blueprints, languages, overview_view, report_table, report_texts
from integration.pages.texts import gettext as _
from integration.pages.texts import translated
from integration.portal.runtime import Runtime
from integration.reports.digests import Compose, Letter, SavedReport
from integration.reports.revenue_overview import Overview
from mappings.records import identifiers

_SALT = "the end of a digest"


def writer(runtime: Runtime) -> Compose:
    """Return what writes a user's digest, in the language in which they asked for it."""
    parts = urlsplit(runtime.settings.public_url)
    app = Flask("digests", static_folder=None)
    app.config.update(SERVER_NAME=parts.netloc, PREFERRED_URL_SCHEME=parts.scheme)
    blueprints.register(app, runtime)

    def compose(letter: Letter) -> EmailMessage:
        with app.app_context(), languages.in_language(letter.digest.language):
            return _message(runtime, letter)

    return compose


def _message(runtime: Runtime, letter: Letter) -> EmailMessage:
    told = _told(runtime, letter)
    message = EmailMessage()
    message["Subject"] = " ".join(told["subject"].split())
    message["List-Unsubscribe"] = f"<{told['stop']}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Auto-Submitted"] = "auto-generated"
    name = "digest" if isinstance(letter.content, Overview) else "digest_report"
    message.set_content(render_template(f"{name}.txt", **told))
    message.add_alternative(render_template(f"{name}.html", **told), subtype="html")
    return message


def _told(runtime: Runtime, letter: Letter) -> dict[str, Any]:
    own, portal_id = runtime.settings.public_url, letter.portal_id
    token = stop_token(runtime, portal_id, letter.digest.digest_id)
    account = letter.account or _("account %(number)s", number=portal_id)
    content = letter.content
    said = (
        _overview(portal_id, account, content)
        if isinstance(content, Overview)
        else _report(portal_id, account, content)
    )
    return {
        **said,
        "account": account,
        "asks": letter.asks,
        "asks_page": f"/portals/{portal_id}/asks",
        "is_importing": letter.is_importing,
        "own": own,
        "portal_id": portal_id,
        "stop": f"{own}/mail/stop/{token}",
    }


def _overview(portal_id: int, account: str, overview: Overview) -> dict[str, Any]:
    brief = overview_view.in_brief(portal_id, overview)
    subject = _(
        "Second-order revenue of %(account)s: %(period)s", account=account, period=brief["period"]
    )
    return {**brief, "subject": subject}


def _report(portal_id: int, account: str, content: SavedReport) -> dict[str, Any]:
    saved, found = content.saved, content.report
    labels = {kind: translated(label) for kind, label in content.labels.items()}
    period = report_texts.period(found.period)
    return {
        "name": saved.name,
        "period": period,
        "subject": _(
            "%(name)s of %(account)s: %(period)s", name=saved.name, account=account, period=period
        ),
        "table": report_table.of(portal_id, content.view, found, labels, ""),
        "report_id": saved.report_id,
    }


def stop_token(runtime: Runtime, portal_id: int, digest_id: int) -> str:
    """Return what a digest's last link carries: nobody else can write one."""
    return str(_signer(runtime).dumps([portal_id, digest_id]))


def read_stop_token(runtime: Runtime, token: str) -> tuple[int, int] | None:
    """Return the portal and the digest of a link; None for one that we did not write."""
    try:
        portal_id, digest_id = map(identifiers.read, _signer(runtime).loads(token))
    except (BadSignature, TypeError, ValueError):
        return None
    return (portal_id, digest_id) if portal_id and digest_id else None


def _signer(runtime: Runtime) -> URLSafeSerializer:
    return URLSafeSerializer(runtime.settings.secret_key, salt=_SALT)
