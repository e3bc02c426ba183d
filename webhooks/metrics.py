"""Metrics for the operator's Prometheus: sums for anybody, each portal for the token's holder."""

import hmac
import os
import socket
import threading
from collections import Counter as Counts
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from urllib.parse import SplitResult
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client import REGISTRY as PROCESS_REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from integration.admin import overview
from integration.core.errors import SecondOrderError
from integration.portal.runtime import Runtime

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_WRONG_BEARER = (
    "This is not the token of METRICS_TOKEN. Send that one, or none for sums without portals.\n"
)
_WAITING = ("inbox", "events", "stale", "outbox", "set_aside")
_SECONDS_FOR_A_REQUEST = 10
Series = tuple[str, str]  # a portal's number, or nothing, and what is counted


def blueprint(runtime: Runtime) -> Blueprint:
    """Answer `/metrics`; portals are named only to who sends METRICS_TOKEN."""
    bp = Blueprint("metrics", __name__)

    @bp.get("/metrics")
    def metrics() -> ResponseReturnValue:
        sent = _bearer(request.headers.get("Authorization", ""))
        if sent is None:
            return _answer(runtime, names_portals=False)
        token = runtime.settings.metrics_token
        if not token or not hmac.compare_digest(sent.encode(), token.encode()):
            return Response(
                _WRONG_BEARER,
                HTTPStatus.UNAUTHORIZED,
                {"WWW-Authenticate": "Bearer"},
                content_type="text/plain; charset=utf-8",
            )
        return _answer(runtime, names_portals=True)

    return bp


def listen(runtime: Runtime, address: SplitResult) -> None:
    """Answer `/metrics` with portals at METRICS_ADDRESS, which the operator shields from others.

    Every web process listens there: all count into one folder, so any of them can answer.
    """
    host = address.hostname or ""

    class Listener(_Listener):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO") != "/metrics":
            start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"Only /metrics is answered here.\n"]
        start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
        return [page(runtime, names_portals=True)]

    server = Listener((host, address.port or 0), _Quiet)
    server.set_app(application)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


class _Listener(ThreadingMixIn, WSGIServer):
    allow_reuse_port = True
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = _SECONDS_FOR_A_REQUEST

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: a scrape every few seconds is no news."""


def page(runtime: Runtime, *, names_portals: bool) -> bytes:
    """All series in Prometheus's text format, each once."""
    registry = CollectorRegistry()
    registry.register(_Standing(runtime, names_portals=names_portals))
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # several web processes count into one folder
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_ThisProcess())
    return generate_latest(registry)


class _ThisProcess(Collector):
    """What the one web process counted."""

    def collect(self) -> Iterable[Metric]:
        return PROCESS_REGISTRY.collect()


@dataclass(frozen=True, eq=False)  # a registry tells collectors apart by their identity
class _Standing(Collector):
    """How portals stand, read from the database at each scrape.

    These are no `Gauge`s: a process that counts into a folder writes its gauges there, too, and
    they would be shown twice.
    """

    runtime: Runtime
    names_portals: bool

    def collect(self) -> Iterator[Metric]:
        try:
            waiting = self._waiting()
            refused = self._refused()
            read = self._read()
        except SecondOrderError:
            return  # what the processes counted is still worth having while the database is away
        yield self._family("second_order_waiting", "Rows that wait, by kind.", "kind", waiting)
        yield self._family(
            "second_order_refused_streams",
            "Streams that HubSpot does not let us read, by stream.",
            "stream",
            refused,
        )
        yield self._family(
            "second_order_import_records", "Records an import has read, by stream.", "stream", read
        )

    def _waiting(self) -> Counts[Series]:
        counted: Counts[Series] = Counts()
        for portal in overview.portals(self.runtime):
            # Nobody works for an uninstalled account: its rows are no backlog.
            if portal["state"] != "uninstalled":
                for kind in _WAITING:
                    # Values that wait for somebody's answer are no backlog of the writer.
                    shown = "held" if kind == "outbox" and portal["held"] else kind
                    counted[self._name(portal["portal_id"]), shown] += portal[kind]
        for portal_id, number in overview.undeliverable(self.runtime).items():
            counted[self._name(portal_id or 0), "undeliverable"] += number
        return counted

    def _refused(self) -> Counts[Series]:
        counted: Counts[Series] = Counts()
        for portal in overview.portals(self.runtime):
            for refused in portal["refused_streams"]:
                counted[self._name(portal["portal_id"]), refused["stream"]] += 1
        return counted

    def _read(self) -> Counts[Series]:
        counted: Counts[Series] = Counts()
        for portal_id, stream in overview.import_streams(self.runtime):
            counted[self._name(portal_id), stream["stream"]] += stream["records"]
        return counted

    def _name(self, portal_id: int) -> str:
        return str(portal_id) if self.names_portals else ""

    def _family(self, name: str, meaning: str, label: str, counted: Counts[Series]) -> Metric:
        family = GaugeMetricFamily(
            name, meaning, labels=["portal", label] if self.names_portals else [label]
        )
        for (portal, what), number in sorted(counted.items()):
            family.add_metric([portal, what] if self.names_portals else [what], number)
        return family


def _answer(runtime: Runtime, *, names_portals: bool) -> Response:
    return Response(page(runtime, names_portals=names_portals), content_type=CONTENT_TYPE_LATEST)


def _bearer(header: str) -> str | None:
    """The token of an Authorization header; None without one, or with a proxy's kind of login."""
    kind, _, token = header.partition(" ")
    return token.strip() if kind.casefold() == "bearer" else None
