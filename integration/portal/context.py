"""The context of one portal: everything reachable from it belongs to that portal."""

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
    """A portal, its transactions, and its CRM."""

    runtime: Runtime
    portal_id: int

    @contextlib.contextmanager
    def transaction(self, lease: Lease | None = None) -> Iterator[Transaction]:
        """Open a transaction over this portal's rows.

        With *lease* it fails when the lease was lost.
        """
        with self.runtime.database.portal(self.portal_id) as tx:
            if lease:
                lanes.renew(tx, lease)
            yield tx

    @contextlib.contextmanager
    def confirmed(self) -> Iterator[Transaction]:
        """Open a transaction for an action a person takes once: see :meth:`Database.confirmed`."""
        with self.runtime.database.confirmed(self.portal_id) as tx:
            yield tx

    @functools.cached_property
    def connection(self) -> Connection:
        """The connection to the portal's CRM, with the meter of its calls."""
        return connection.connect(self.runtime, self.portal_id)

    @property
    def hubspot(self) -> HubSpot:
        """The portal's CRM. Never called while a transaction is open."""
        return self.connection.hubspot

    @functools.cached_property
    def map(self) -> PortalMap:
        """The portal's names of things, from its newest settings."""
        with self.transaction() as tx:
            return settings.read(tx).map

    def find(self) -> portals.Portal | None:
        """Return the portal as stored, or None when it was never installed."""
        with self.transaction() as tx:
            return portals.find(tx, self.portal_id)

    def close(self) -> None:
        """Write down the calls that were made, and close the connections."""
        # Looked for where cached_property keeps it, for asking would open one.
        opened: Connection | None = vars(self).get("connection")
        if opened:
            opened.close(self.runtime, self.portal_id)


@contextlib.contextmanager
def open_portal(runtime: Runtime, portal_id: int) -> Iterator[PortalContext]:
    """Open a portal's context; its calls are written down when the block ends."""
    portal = PortalContext(runtime, portal_id)
    try:
        yield portal
    finally:
        portal.close()
