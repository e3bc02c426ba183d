"""One portal at a time, by construction: everything reachable from a scope belongs to that portal."""

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass

from integration.hubspot.gateway import HubSpot
from integration.portal import connection, settings
from integration.portal.connection import Connection
from integration.portal.runtime import Runtime
from integration.storage.database import Transaction
from integration.storage.queue import lanes
from integration.storage.queue.lanes import Lease
from integration.storage.service import portals
from mappings.records.portal_map import PortalMap


@dataclass(frozen=True)
class PortalContext:
    """A portal, the way to its rows, and the way to its CRM."""

    runtime: Runtime
    portal_id: int

    @contextlib.contextmanager
    def transaction(self, lease: Lease | None = None) -> Iterator[Transaction]:
        """Open a transaction over this portal's rows; with *lease*, one that fails when the lease was lost."""
        with self.runtime.database.portal(self.portal_id) as tx:
            if lease:
                lanes.renew(tx, lease)
            yield tx

    @contextlib.contextmanager
    def confirmed(self) -> Iterator[Transaction]:
        """Open a transaction for what a person does once: see :meth:`Database.confirmed`."""
        with self.runtime.database.confirmed(self.portal_id) as tx:
            yield tx

    @functools.cached_property
    def connection(self) -> Connection:
        """The way to the portal's CRM, with the meter of its calls."""
        return connection.connect(self.runtime, self.portal_id)

    @property
    def hubspot(self) -> HubSpot:
        """The portal's CRM. Never called while a transaction is open."""
        return self.connection.hubspot

    @functools.cached_property
    def map(self) -> PortalMap:
        """What the portal calls things, as its newest settings say."""
        with self.transaction() as tx:
            return settings.read(tx).map

    def find(self) -> portals.Portal | None:
        """The portal as stored, or None when it was never installed."""
        with self.transaction() as tx:
            return portals.find(tx, self.portal_id)

    def close(self) -> None:
        """Write down the calls that were made, and let go of the connections."""
        if "connection" in self.__dict__:  # opened at its first use
            self.connection.close(self.runtime, self.portal_id)


@contextlib.contextmanager
def open_portal(runtime: Runtime, portal_id: int) -> Iterator[PortalContext]:
    """Open a scope and settle its call counts afterwards."""
    portal = PortalContext(runtime, portal_id)
    try:
        yield portal
    finally:
        portal.close()
