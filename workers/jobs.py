"""The table of contents of background work: short functions that take a portal id and call use cases in order."""

import contextlib
import mmap
import random
import struct
import time
from collections.abc import Callable, Iterator

from integration import writeback
from integration.admin import install
from integration.conclude import stages
from integration.core import logs
from integration.core.errors import NeedsOwner, Retryable
from integration.ingest import activities, backfill, intake, polling, sync
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime, open_runtime
from integration.storage.queue import lanes
from integration.storage.queue.lanes import Lease, LeaseLost
from integration.storage.service import portals

# A slice ends after this long and goes to the back of the queue, so that a busy portal delays no
# other.
SLICE_SECONDS = 2.0
IMPORT_SLICE_SECONDS = 20.0
LONGEST_BACK_OFF = 1800.0
# Shared with the children that a worker forks: the fence of the lease that the child at work holds,
# 0 for none.
_FENCE = mmap.mmap(-1, struct.calcsize("q"))
_log = logs.get(__name__)

LaneWork = Callable[[PortalContext, Lease], float | None]


def drain(portal_id: int) -> None:
    """Turn what waits in one portal's inbox into planned writes."""
    with open_runtime(pool_size=2) as runtime:
        if portal_id == 0:
            _sort_unaddressed(runtime)
        else:
            work(runtime, portal_id, "drain")


def write(portal_id: int) -> None:
    """Send one portal's planned writes."""
    with open_runtime(pool_size=2) as runtime:
        work(runtime, portal_id, "write")


def import_portal(portal_id: int) -> None:
    """Go on with one portal's import or reconciliation."""
    with open_runtime(pool_size=8) as runtime:
        work(runtime, portal_id, "import")


def work(runtime: Runtime, portal_id: int, kind: str) -> None:
    """Hold one lane for a slice; whatever happens, leave it so that the work goes on."""
    runtime.queue.asleep(portal_id, kind)  # before looking: who comes later wakes us again
    with runtime.database.portal(portal_id) as tx:
        lease = lanes.take(tx, portal_id, kind)
    if lease is None:
        return
    with _held(lease), open_portal(runtime, portal_id) as portal:
        try:
            again_after = STEPS[kind](portal, lease)
        except LeaseLost:
            return
        except NeedsOwner as trouble:
            _pause(portal, lease, str(trouble))
            return
        except Retryable as trouble:
            _back_off(portal, lease, trouble)
            return
        except Exception as bug:
            _back_off(portal, lease, Retryable(f"{type(bug).__name__}: {lanes.FAULT}"))
            raise  # nothing we know how to answer: let it be seen
    with runtime.database.portal(portal_id) as tx:
        lanes.release(tx, lease, again_after=again_after)
    if again_after == 0:
        runtime.queue.wake(portal_id, kind)


@contextlib.contextmanager
def _held(lease: Lease) -> Iterator[None]:
    """Let the process that forked this one know which lease it holds, should it not live to give it back."""
    _FENCE[:] = struct.pack("q", lease.fence)
    yield
    _FENCE[:] = struct.pack("q", 0)


def bury(runtime: Runtime, portal_id: int, kind: str) -> None:
    """The child that held this lane was killed: give the lane back for it, and count the failure."""
    (fence,) = struct.unpack("q", _FENCE[:])
    _FENCE[:] = struct.pack("q", 0)
    if fence:
        with runtime.database.portal(portal_id) as tx:
            lanes.back_off(tx, Lease(portal_id, kind, fence), seconds=0, trouble=lanes.KILLED)


def _drain(portal: PortalContext, lease: Lease) -> float | None:
    """Split, look, think; say in how many seconds there is more to do."""
    end = time.monotonic() + SLICE_SECONDS
    with portal.transaction(lease) as tx:
        # Somebody was killed in here, or fell: what did it must be found, and that goes record by
        # record.
        think = stages.conclude_one_record if lanes.was_killed(tx, lease) else stages.conclude_page
    while time.monotonic() < end:
        if intake.split(portal, lease):
            continue
        if sync.refresh(portal, lease):
            continue
        if not think(portal, lease):
            wake_writer(portal)
            activities.wake(portal)
            return sync.next_in(portal)
    wake_writer(portal)
    return 0


def _write(portal: PortalContext, lease: Lease) -> float | None:
    end = time.monotonic() + SLICE_SECONDS
    while time.monotonic() < end:
        if not writeback.send(portal, lease):
            return writeback.next_in(portal)
    return 0


def _import(portal: PortalContext, lease: Lease) -> float | None:
    """Read records for a while; finish an install first whose browser went away in the middle of it."""
    if not install.is_set_up(portal):
        install.set_up(portal)
    more = backfill.advance(portal, lease, seconds=IMPORT_SLICE_SECONDS)
    with portal.transaction() as tx:
        lanes.want(tx, portal.portal_id, "drain")
    portal.runtime.queue.wake(portal.portal_id, "drain")
    if not more:
        polling.poll(portal, lease)
        # Last: first results need no activities, and there may be millions of them.
        more = activities.advance(portal, lease, seconds=IMPORT_SLICE_SECONDS)
    return 0 if more else None


STEPS: dict[str, LaneWork] = {"drain": _drain, "write": _write, "import": _import}


def wake_writer(portal: PortalContext) -> None:
    """Tell the writer when there is something to write."""
    if writeback.next_in(portal) is None:
        return
    with portal.transaction() as tx:
        lanes.want(tx, portal.portal_id, "write")
    portal.runtime.queue.wake(portal.portal_id, "write")


def _sort_unaddressed(runtime: Runtime) -> None:
    runtime.queue.asleep(0, "drain")
    while intake.split_unaddressed(runtime):
        pass


def _pause(portal: PortalContext, lease: Lease, sentence: str) -> None:
    with portal.transaction() as tx:
        portals.pause(tx, portal.portal_id, sentence)
        portals.note(tx, "second-order", "paused", reason=sentence)
        lanes.back_off(tx, lease, seconds=0, trouble=sentence)
    _log.warning("portal paused", portal_id=portal.portal_id, reason=sentence)


def _back_off(portal: PortalContext, lease: Lease, trouble: Retryable) -> None:
    """Wait as long as the other side asked, or ever longer with full jitter, half an hour at most."""
    with portal.transaction() as tx:
        failed = lanes.failures(tx, lease)
        seconds = trouble.after if trouble.after is not None else _jitter(failed)
        lanes.back_off(tx, lease, seconds=min(seconds, LONGEST_BACK_OFF), trouble=str(trouble))
    _log.warning(
        "lane backs off",
        portal_id=portal.portal_id,
        lane=lease.kind,
        seconds=seconds,
        reason=str(trouble),
    )


def _jitter(failed: int) -> float:
    return random.uniform(0.2, min(LONGEST_BACK_OFF, 2.0 ** min(failed, 11)))
