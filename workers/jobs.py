"""Jobs: the table of contents of background work.

A job takes a portal id and calls use cases in order. It holds one lane of the portal for a slice of
time: `drain` turns what came in into planned writes, `write` sends those, `import` reads all lists,
`mail` sends digests, `days` keeps each customer's health day by day, `upload` checks and imports
files of survey answers.
"""

import contextlib
import mmap
import random
import struct
import time
from collections.abc import Callable, Iterator

from integration import writeback
from integration.admin import detection, install, move_window, overwriting, property_reading
from integration.conclude import stages
from integration.conclude.fields import kept_days
from integration.core import logs
from integration.core.errors import NeedsOwner, Retryable
from integration.ingest import (
    activities,
    answer_uploads,
    backfill,
    intake,
    polling,
    sync,
    unlisted,
)
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime, open_runtime
from integration.reports import digests
from integration.storage.queue import lanes
from integration.storage.queue.lanes import Lease, LeaseLost
from integration.storage.service import portals
from integration.success import follow_up_tasks

# A slice ends after this long and goes to the back of the queue: a busy portal delays no other one
# for longer.
SLICE_SECONDS = 2.0
# An import has a lane of its own, and each slice opens threads and connections: fewer, longer ones.
IMPORT_SLICE_SECONDS = 20.0
# Whoever was away for long is asked again within half an hour of the return.
LONGEST_BACK_OFF = 1800.0
# 2 to the eleventh is the first power beyond the longest back-off.
_MOST_DOUBLINGS = 11
# The fence of the lease that the child at work holds, 0 for none. Shared between the worker and the
# children that it forks, so that it can give a killed child's lease back.
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


def mail(portal_id: int) -> None:
    """Send one portal's digests that are due."""
    with open_runtime(pool_size=2) as runtime:
        work(runtime, portal_id, "mail")


def days(portal_id: int) -> None:
    """Go on with one portal's days of health."""
    with open_runtime(pool_size=2) as runtime:
        work(runtime, portal_id, "days")


def upload(portal_id: int) -> None:
    """Check or import one portal's uploaded files of answers."""
    with open_runtime(pool_size=2) as runtime:
        work(runtime, portal_id, "upload")


def work(runtime: Runtime, portal_id: int, kind: str) -> None:
    """Hold one lane for a slice; whatever happens, leave it so that the work goes on."""
    runtime.queue.asleep(portal_id, kind)  # before looking: who comes later wakes us again
    try:
        again_after = _work_a_slice(runtime, portal_id, kind)
    except Retryable as trouble:
        # The lane itself could not be taken or given back. It stays due, or its lease runs out.
        _log.warning("lane is left for later", portal_id=portal_id, lane=kind, reason=str(trouble))
        return
    if again_after == 0:
        runtime.queue.wake(portal_id, kind)


def _work_a_slice(runtime: Runtime, portal_id: int, kind: str) -> float | None:
    """Take the lane, work, give it back; return in how many seconds there is more to do."""
    with runtime.database.portal(portal_id) as tx:
        lease = lanes.take(tx, portal_id, kind)
    if lease is None:
        return None
    with _held(lease), open_portal(runtime, portal_id) as portal:
        try:
            again_after = STEPS[kind](portal, lease)
        except LeaseLost:
            return None  # another process has the lane
        except NeedsOwner as trouble:
            _pause(portal, lease, str(trouble))
            return None
        except Retryable as trouble:
            _back_off(portal, lease, trouble)
            return None
        except Exception as bug:
            _back_off(portal, lease, Retryable(f"{type(bug).__name__}: {lanes.FAULT}"))
            raise  # a bug: let it be seen
    with runtime.database.portal(portal_id) as tx:
        lanes.release(tx, lease, again_after=again_after)
    return again_after


@contextlib.contextmanager
def _held(lease: Lease) -> Iterator[None]:
    """Note the lease for the worker that forked this process, should the process be killed."""
    _FENCE[:] = struct.pack("q", lease.fence)
    yield
    _FENCE[:] = struct.pack("q", 0)


def bury(runtime: Runtime, portal_id: int, kind: str) -> None:
    """Give back the lane that a killed child held, and count the failure."""
    (fence,) = struct.unpack("q", _FENCE[:])
    _FENCE[:] = struct.pack("q", 0)
    if fence:
        with runtime.database.portal(portal_id) as tx:
            lanes.back_off(tx, Lease(portal_id, kind, fence), seconds=0, trouble=lanes.KILLED)


def _drain(portal: PortalContext, lease: Lease) -> float | None:
    """Split deliveries, read records, conclude; say in how many seconds there is more to do."""
    end = time.monotonic() + SLICE_SECONDS
    with portal.transaction(lease) as tx:
        past = lanes.past_trouble(tx, lease)
    # Only record by record shows which record a process was killed over, or the lane stumbles over.
    is_one_guilty = past.ended_a_process or past.is_stubborn
    conclude = stages.conclude_one_record if is_one_guilty else stages.conclude_page
    # Events that ended a process are found by their own tries.
    alone = past.is_stubborn and not past.ended_a_process
    while time.monotonic() < end:
        if intake.split(portal, lease):
            continue
        if sync.refresh(portal, lease, alone=alone):
            continue
        if not conclude(portal, lease):
            overwriting.look(portal)
            wake_writer(portal)
            activities.wake(portal)
            return sync.next_in(portal)
    wake_writer(portal)
    return 0


def _write(portal: PortalContext, lease: Lease) -> float | None:
    end = time.monotonic() + SLICE_SECONDS
    while time.monotonic() < end:
        if not writeback.send(portal, lease) and not follow_up_tasks.send(portal, lease):
            return writeback.next_in(portal)
    return 0


def _import(portal: PortalContext, lease: Lease) -> float | None:
    """Finish an install whose browser went away; then read records for a while."""
    if not install.is_set_up(portal):
        install.finish_set_up(portal)
    property_reading.read_labels_if_possible(portal)
    end = time.monotonic() + IMPORT_SLICE_SECONDS
    more = backfill.advance(portal, lease, seconds=IMPORT_SLICE_SECONDS)
    with portal.transaction() as tx:
        lanes.want(tx, portal.portal_id, "drain")
    portal.runtime.queue.wake(portal.portal_id, "drain")
    if not more:
        polling.poll(portal, lease, seconds=end - time.monotonic())
        more = polling.is_unfinished(portal)
    if not more:
        # After an upgrade; before activities, which may take hours.
        more = unlisted.advance(portal, lease, seconds=end - time.monotonic())
    if not more:
        # Last: first results need no activities, and there may be millions of them.
        more = activities.advance(portal, lease, seconds=end - time.monotonic())
        detection.look_if_due(portal)
        move_window.ask_if_due(portal)
        follow_up_tasks.look(portal, lease)
    return 0 if more else None


def _mail(portal: PortalContext, lease: Lease) -> float | None:
    # Imported here: pages and their libraries are needed for some minutes a week.
    from integration.pages import digest_mail  # noqa: PLC0415 - as said

    return digests.send_due(portal, lease, digest_mail.writer(portal.runtime))


def _days(portal: PortalContext, lease: Lease) -> float | None:
    return 0 if kept_days.advance(portal, lease, seconds=SLICE_SECONDS) else None


STEPS: dict[str, LaneWork] = {
    "drain": _drain,
    "write": _write,
    "import": _import,
    "mail": _mail,
    "days": _days,
    "upload": answer_uploads.advance,
}


def wake_writer(portal: PortalContext) -> None:
    """Wake the write lane when a patch is due or will be."""
    if writeback.next_in(portal) is None and not follow_up_tasks.is_due(portal):
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
    """Wait as long as HubSpot asked, or ever longer with full jitter, half an hour at most."""
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
    return random.uniform(0.2, min(LONGEST_BACK_OFF, 2.0 ** min(failed, _MOST_DOUBLINGS)))
