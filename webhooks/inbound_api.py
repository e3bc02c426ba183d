"""The inbound API for survey tools and product usage, and probes for the operator."""

import threading
import time
from collections.abc import Callable
from typing import Final

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from integration.admin import overview
from integration.core.errors import Retryable, SecondOrderError
from integration.portal.inbound_keys import portal_of, source_name
from integration.portal.runtime import Runtime
from integration.portal.survey_sources import KIND, proof_of
from integration.storage.queue.inbox_writer import InboxWriter
from mappings.records import identifiers
from webhooks.receiver import MAX_BYTES, read_body
from webhooks.survey_signatures import is_signed

# In the address of a tool that signs its messages: the account that its secret belongs to.
ACCOUNT: Final = "account"
_LOOK_SECONDS: Final = 1.0
_UNPROVED: Final = (
    "Nobody is known to have sent this. Send the account's key as a bearer token, or sign the"
    " message with the survey's secret and name the account in the address, as Settings shows it."
)


def blueprint(runtime: Runtime, inbox_writer: InboxWriter) -> Blueprint:
    """Answer survey tools, usage feeds and probes."""
    bp = Blueprint("machines", __name__)
    readiness = _Readiness(runtime)

    @bp.post("/webhooks/surveys/<source>")
    def survey(source: str) -> ResponseReturnValue:
        def sender(body: bytes) -> int | None:
            # Without an account in the address the sender's key names it.
            if ACCOUNT in request.args:
                return _proved_portal(runtime, source, body)
            return portal_of(runtime, request.headers.get("Authorization"))

        return _keep(runtime, inbox_writer, sender, lambda: source_name(KIND, source))

    @bp.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return jsonify(status="ok")

    @bp.get("/readyz")
    def readyz() -> ResponseReturnValue:
        parts = readiness.look()
        return jsonify(parts), 200 if parts["database"] == "ok" else 503

    return bp


class _Readiness:
    """How the servers are; looked at once a second, however many ask, for a look writes to disk."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._look_again = 0.0

    def look(self) -> dict[str, str]:
        """Return the state of each server."""
        with self._lock:
            if time.monotonic() >= self._look_again:
                self._known = overview.ready(self._runtime)
                self._look_again = time.monotonic() + _LOOK_SECONDS
            return self._known


def _proved_portal(runtime: Runtime, source: str, body: bytes) -> int | None:
    """Return the account in the address if its secret for this survey signed the message."""
    portal_id = identifiers.read(request.args[ACCOUNT])
    proof = proof_of(runtime, portal_id, source) if portal_id else None
    if proof is None or not is_signed(
        proof.tool.schemes,
        request.headers,
        body,
        secrets=proof.secrets,
        now=runtime.now().timestamp(),
    ):
        return None
    return portal_id


def _keep(
    runtime: Runtime,
    inbox_writer: InboxWriter,
    sender: Callable[[bytes], int | None],
    name: Callable[[], str],
) -> ResponseReturnValue:
    """Keep an authenticated sender's bytes for the portal that its key or signature names."""
    body = read_body()
    if body is None:
        return jsonify(message=f"A delivery may have {MAX_BYTES} bytes; send several."), 413
    try:
        portal_id = sender(body)
        if portal_id is None:
            return jsonify(message=_UNPROVED), 401
        inbox_writer.store(portal_id, body, source=name())
    except Retryable:
        return jsonify(message="Not kept; send it again."), 503
    except SecondOrderError as trouble:
        return jsonify(message=str(trouble)), 404
    runtime.queue.wake(portal_id)
    return "", 204
