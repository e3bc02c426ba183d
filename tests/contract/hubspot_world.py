"""Two portals in a local HubSpot, and our gateway to the first of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from integration.hubspot.gateway import HubSpot
from integration.hubspot.wire import Wire
from mappings.records.catalogue import WRITTEN_TYPES, group_definition, own_properties
from tests.sandbox.crm import HubSpot as Sandbox
from tests.sandbox.portal import Portal
from tests.sandbox.server import Server, start
from tests.waiting import PATIENCE

HARBOR, ORCHARD = 4711, 4712


@dataclass(slots=True)
class World:
    """What a contract test sees: the sandbox from inside, the gateway from outside."""

    sandbox: Sandbox
    server: Server
    harbor: Portal
    orchard: Portal
    hubspot: HubSpot
    calls: Counter[str] = field(default_factory=Counter)
    allowed: Counter[str] = field(default_factory=Counter)
    limits: list[Mapping[str, int]] = field(default_factory=list)
    refused_tokens: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def people(self, number: int) -> list[int]:
        """So many contacts in harbor."""
        with self.harbor.silently():
            return [
                self.harbor.create("contact", {"email": f"p{one}@acme.example"}).id
                for one in range(number)
            ]

    def with_our_properties(self) -> World:
        """Our group and properties exist, as after an install."""
        for kind in WRITTEN_TYPES:
            self.hubspot.create_group(kind, group_definition())
            self.hubspot.create_properties(kind, [one.definition() for one in own_properties(kind)])
        self.calls.clear()
        return self


@contextmanager
def a_world(*, read_seconds: float = PATIENCE) -> Iterator[World]:
    """Harbor and orchard, both installed; the gateway is harbor's, and gives an answer up after *read_seconds*."""
    sandbox = Sandbox()
    harbor, orchard = sandbox.add_portal(HARBOR, "Harbor"), sandbox.add_portal(ORCHARD, "Orchard")
    tokens = [sandbox.install(HARBOR).access_token]
    sandbox.install(ORCHARD)
    with start(sandbox) as server:
        counters: tuple[Counter[str], Counter[str], list[Mapping[str, int]], list[str]]
        counters = Counter(), Counter(), [], []
        calls, allowed, limits, refused_tokens = counters

        def token(refused: str | None = None) -> str:
            if refused is not None:
                refused_tokens.append(refused)
                tokens[0] = sandbox.install(HARBOR).access_token
            return tokens[0]

        def allow(kind: str) -> None:
            allowed[kind] += 1

        def on_call(route: str, status: int, seconds: float) -> None:
            assert seconds >= 0
            calls[f"{route} {status}"] += 1

        wire = Wire(
            server.url,
            token,
            allow,
            on_call=on_call,
            on_limits=limits.append,
            timeouts=(PATIENCE, read_seconds),
            pool_size=4,
        )
        hubspot = HubSpot(wire)
        yield World(
            sandbox,
            server,
            harbor,
            orchard,
            hubspot,
            calls,
            allowed,
            limits,
            refused_tokens,
            tokens,
        )
        hubspot.close()
