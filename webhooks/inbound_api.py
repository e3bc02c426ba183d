"""The inbound API for survey tools and product usage, and probes for the operator."""

import threading
import time
from collections.abc import Callable

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from integration.admin import overview
from integration.core.errors import Retryable, SecondOrderError
from integration.portal.inbound_keys import portal_of, source_name
from integration.portal.runtime import Runtime
from integration.storage.queue.inbox_writer import InboxWriter
from webhooks.receiver import MAX_BYTES, read_body

_LOOK_SECONDS = 1.0


def blueprint(runtime: Runtime, inbox_writer: InboxWriter) -> Blueprint:
    """Answer survey tools, usage feeds and probes."""
    bp = Blueprint("machines", __name__)
    readiness = _Readiness(runtime)

    @bp.post("/webhooks/surveys/<source>")
    def survey(source: str) -> ResponseReturnValue:
        return _keep(runtime, inbox_writer, lambda: source_name("survey", source))

    @bp.post("/webhooks/usage")
    def usage() -> ResponseReturnValue:
        return _keep(runtime, inbox_writer, lambda: "usage")

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


def _keep(
    runtime: Runtime, inbox_writer: InboxWriter, name: Callable[[], str]
) -> ResponseReturnValue:
    """Keep an authenticated sender's bytes; the sender's key names its portal."""
    try:
        portal_id = portal_of(runtime, request.headers.get("Authorization"))
    except Retryable:
        return jsonify(message="Not kept; send it again."), 503
    if portal_id is None:
        return jsonify(message="Send the account's key as a bearer token; Settings shows it."), 401
    body = read_body()
    if body is None:
        return jsonify(message=f"A delivery may have {MAX_BYTES} bytes; send several."), 413
    try:
        inbox_writer.store(portal_id, body, source=name())
    except Retryable:
        return jsonify(message="Not kept; send it again."), 503
    except SecondOrderError as trouble:
        return jsonify(message=str(trouble)), 404
    runtime.queue.wake(portal_id)
    return "", 204
