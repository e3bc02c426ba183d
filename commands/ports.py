"""Ports: a process refuses to start on one that another process holds."""

import socket

from integration.core.environment import Settings
from integration.core.errors import Refused


def refuse_taken_ports(settings: Settings) -> None:
    """Raise Refused when the port of the pages or of the metrics is taken.

    Two processes on one port would share its traffic, and nobody would notice.
    """
    _refuse_taken_port("PORT", settings.host, settings.port)
    metrics = settings.metrics_address
    if metrics:
        _refuse_taken_port("METRICS_ADDRESS", metrics.hostname or "", metrics.port or 0)


def _refuse_taken_port(setting: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refused(
                f"{setting} {port} on {host} cannot be used ({error.strerror}):"
                f" stop what listens there, or choose another {setting}"
            ) from None
