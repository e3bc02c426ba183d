"""The receiver of HubSpot's notifications: check the signature, keep the bytes, answer."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from prometheus_client import Counter

from integration.core.errors import Retryable
from integration.core.wake_ups import Notifier
from integration.ingest.intake import portal_hint
from integration.portal.runtime import Runtime
from integration.storage.queue.inbox_writer import InboxWriter
from webhooks.signature import is_signed

MAX_BYTES = 1_000_000
_CHUNK = 64 * 1024
_deliveries = Counter("second_order_notifications_total", "Deliveries by answer.", ["answer"])
_STORED, _FORGED, _LARGE, _TROUBLE = (
    _deliveries.labels(name) for name in ("stored", "forged", "too_large", "trouble")
)


def blueprint(runtime: Runtime, inbox_writer: InboxWriter, notifier: Notifier) -> Blueprint:
    """Receive HubSpot's notifications; a 204 promises that they are kept.

    401: not signed by HubSpot. 413: over a megabyte. 503: not kept, send it again. No other 4xx,
    for HubSpot does not repeat what was refused.
    """
    bp = Blueprint("receiver", __name__)
    secrets = [secret.encode() for secret in runtime.settings.hubspot_client_secrets]
    uri = runtime.settings.webhook_url.encode()

    @bp.post("/webhooks/hubspot")
    def receive() -> ResponseReturnValue:
        body = read_body()
        if body is None:
            _LARGE.inc()
            return _answer(413)
        headers = request.headers
        query = request.query_string
        if not is_signed(
            secrets=secrets,
            method=b"POST",
            uri=uri + b"?" + query if query else uri,
            body=body,
            timestamp=headers.get("X-HubSpot-Request-Timestamp"),
            signature=headers.get("X-HubSpot-Signature-v3"),
            now_ms=int(runtime.now().timestamp() * 1000),
        ):
            _FORGED.inc()
            return _answer(401)
        hint = portal_hint(body)
        try:
            inbox_writer.store(hint, body)
        except Retryable:
            _TROUBLE.inc()
            return _answer(503, {"Retry-After": "5"})
        notifier.notify(hint or 0)
        _STORED.inc()
        return _answer(204)

    return bp


def read_body() -> bytes | None:
    """The body's bytes, or None when there are more of them than we read."""
    if (request.content_length or 0) > MAX_BYTES:
        return None
    chunks: list[bytes] = []
    size = 0
    # By the chunk: asking for a megabyte costs a megabyte's allocation, however little comes.
    while chunk := request.stream.read(_CHUNK):
        size += len(chunk)
        if size > MAX_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _answer(status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(status=status, headers=headers)
