"""The portals that contract tests speak of: mirrors written by hand, and a person who visits our pages."""

from collections.abc import Iterator

import pytest

from integration.core.wake_ups import Queue
from integration.portal.runtime import Runtime
from integration.storage.database import Database
from tests.contract.conclude_world import HARBOR, ORCHARD, Clock, MirrorPortal
from tests.contract.review_world import Office
from tests.contract.visiting import Town, opened


@pytest.fixture
def clock(database: Database) -> Clock:
    return Clock(database)


@pytest.fixture
def harbor(clock: Clock) -> MirrorPortal:
    return _installed(clock, HARBOR)


@pytest.fixture
def orchard(clock: Clock) -> MirrorPortal:
    """The other portal, of which harbor may never see anything."""
    return _installed(clock, ORCHARD)


@pytest.fixture
def office(database: Database, redis_url: str) -> Iterator[Office]:
    """Where people's answers arrive: a clock with a queue."""
    queue = Queue(redis_url)
    yield Office(database, queue=queue)
    queue.redis.close()


@pytest.fixture
def town(runtime: Runtime) -> Iterator[Town]:
    """Both portals in a local HubSpot, our web application beside it; nothing is installed yet."""
    with opened(runtime) as built:
        yield built


def _installed(clock: Clock, portal_id: int) -> MirrorPortal:
    portal = MirrorPortal(clock, portal_id)
    portal.install()
    return portal
