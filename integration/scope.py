"""One portal at a time, by construction: everything reachable from a scope belongs to that portal."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from integration import access
from integration.hubspot.gateway import HubSpot
from integration.runtime import Runtime
from integration.storage import lanes, portals
from integration.storage.database import Transaction
from integration.storage.lanes import Lease


@dataclass(frozen=True)
class PortalScope:
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

    @functools.cached_property
    def hubspot(self) -> HubSpot:
        """The portal's CRM. Never called while a transaction is open."""
        return access.gateway(self.runtime, self.portal_id)

    def find(self) -> portals.Portal | None:
        """The portal as stored, or None when it was never installed."""
        with self.transaction() as tx:
            return portals.find(tx, self.portal_id)

    def close(self) -> None:
        """Write down the calls that were made, and let go of the connections."""
        if "hubspot" in self.__dict__:
            access.settle_usage(self.runtime, self.portal_id, self.hubspot)


@contextlib.contextmanager
def portal_scope(runtime: Runtime, portal_id: int) -> Iterator[PortalScope]:
    """Open a scope and settle its call counts afterwards."""
    scope = PortalScope(runtime, portal_id)
    try:
        yield scope
    finally:
        scope.close()


Sleep = Callable[[float], None]
