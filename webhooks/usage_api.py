"""The usage API: products tell of their customers' use, signed or by the account's key."""

import re

import msgspec
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from integration.core.errors import Retryable
from integration.ingest import usage_intake
from integration.portal import inbound_keys
from integration.portal.runtime import Runtime
from integration.storage.queue.inbox_writer import InboxWriter
from mappings.records import identifiers, usage_items
from webhooks import standard_webhooks
from webhooks.receiver import MAX_BYTES, read_body
from webhooks.standard_webhooks import SignedMessage

_WHO = (
    "Send the account's key as a bearer token, or sign by Standard Webhooks with its signing secret"
    " and name the account in the address (?account=…); Settings shows both."
)
_ID = re.compile(r"[!-~]{1,200}", re.ASCII)


def blueprint(runtime: Runtime, inbox_writer: InboxWriter) -> Blueprint:
    """Keep what a product tells; 204 promises that it takes effect, or is listed with the reason.

    401: not proved. 413: more than a megabyte, or than a thousand items. 503: not kept, send it
    again.
    """
    bp = Blueprint("products", __name__)

    @bp.post("/webhooks/usage")
    def usage() -> ResponseReturnValue:
        body = read_body()
        if body is None:
            return jsonify(message=f"A delivery may have {MAX_BYTES} bytes; send several."), 413
        message = standard_webhooks.message_of(request.headers)
        try:
            portal_id = _sender(runtime, message, body)
            if portal_id is None:
                return jsonify(message=_WHO), 401
            count = _count(body)
            if count > usage_items.MOST_ITEMS:
                return jsonify(message=usage_items.too_many(count)), 413
            source = usage_intake.source_of(_message_id(message))
            inbox_writer.store(portal_id, body, source=source)
        except Retryable:
            return jsonify(message="Not kept; send it again."), 503
        runtime.queue.wake(portal_id)
        return "", 204

    return bp


def _sender(runtime: Runtime, message: SignedMessage | None, body: bytes) -> int | None:
    """Return whose product sent this: by its key, else by its signature; None if neither proves."""
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        return inbound_keys.portal_of(runtime, authorization)
    portal_id = identifiers.read(request.args.get("account"))
    if message is None or portal_id is None:
        return None
    secrets = inbound_keys.signing_secrets(runtime, portal_id)
    now = runtime.now().timestamp()
    is_theirs = standard_webhooks.is_signed(message, body, secrets=secrets, now=now)
    return portal_id if is_theirs else None


def _message_id(message: SignedMessage | None) -> str | None:
    """The id by which a delivery that is sent again is known, also of one that is not signed."""
    if message is not None:
        return message.id
    given = request.headers.get("webhook-id", "")
    return given if _ID.fullmatch(given) else None


def _count(body: bytes) -> int:
    """How many items a body has; 1 if it cannot be read, for that is looked at later."""
    try:
        found = _bodies.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return 1
    return len(found.data if isinstance(found, _Envelope) else found)


class _Envelope(msgspec.Struct):
    """A body that names its items "data"."""

    data: list[msgspec.Raw]


_bodies = msgspec.json.Decoder(list[msgspec.Raw] | _Envelope)
