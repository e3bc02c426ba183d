"""Writeback: planned patches are sent in batches; each record's patch has an outcome."""

from collections.abc import Collection, Mapping, Sequence

from integration.hubspot.answer_shapes import WriteResult
from integration.portal import holds
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.mirror import mirror
from integration.storage.queue import outbox
from integration.storage.queue.lanes import Lease
from integration.storage.queue.outbox import WaitingPatch

# HubSpot's own limit of one batch update.
BATCH = 100


def send(portal: PortalContext, lease: Lease) -> int:
    """Send one batch of due patches; return how many there were, none while writing is held.

    What HubSpot took becomes current in the mirror, so that the echo of it leads to an empty plan.
    A patch of a record that is gone is dropped. A refused patch is set aside with the reason. A
    property that the portal deleted or changed is paused with a sentence; the other properties of
    its patches are written all the same. Raises what stopped the batch, after storing its outcomes.
    """
    with portal.transaction(lease) as tx:
        if holds.current(tx):
            return 0
        batch = outbox.due(tx, limit=BATCH)
        paused = outbox.paused_properties(tx)
    if not batch:
        return 0
    object_type = batch[0].object_type
    patches = {waiting.record_id: _without_paused(waiting, paused) for waiting in batch}
    result = portal.hubspot.update(
        object_type, {record_id: patch for record_id, patch in patches.items() if patch}
    )
    with portal.transaction(lease) as tx:
        _settle(tx, batch, patches, result)
        for name, code in sorted(result.troubles.items()):
            outbox.pause_property(tx, object_type, name, _pause_reason(object_type, name, code))
    if result.stopped:
        raise result.stopped
    return len(batch)


def _settle(
    tx: Transaction,
    batch: Sequence[WaitingPatch],
    patches: Mapping[int, Mapping[str, str]],
    result: WriteResult,
) -> None:
    """Store the outcomes of one batch; patches without a clear one stay and are sent again."""
    object_type = batch[0].object_type
    finished: list[WaitingPatch] = []
    written: dict[int, dict[str, str]] = {}
    for waiting in batch:
        record_id, patch = waiting.record_id, patches[waiting.record_id]
        outcome = result.outcomes.get(record_id)
        if not patch:
            finished.append(waiting)
        elif outcome is None or outcome.status == "unclear":
            continue  # writing the same values twice is harmless
        elif outcome.status == "refused":
            outbox.set_aside(tx, waiting, outcome.reason or "HubSpot refused the values")
        else:
            finished.append(waiting)
            if outcome.status == "written":
                written[record_id] = _without(patch, outcome.left_out)
    mirror.overlay(tx, object_type, written)
    outbox.note_written(tx, object_type, sorted(written))
    outbox.done(tx, finished)


def next_in(portal: PortalContext) -> float | None:
    """Seconds until a patch of this portal is due; None when none waits or writing is held."""
    with portal.transaction() as tx:
        return None if holds.current(tx) else outbox.next_in(tx)


def _without_paused(waiting: WaitingPatch, paused: Mapping[tuple[str, str], str]) -> dict[str, str]:
    names = [name for object_type, name in paused if object_type == waiting.object_type]
    return _without(waiting.patch, names)


def _without(patch: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    return {name: value for name, value in patch.items() if name not in names}


def _pause_reason(object_type: str, name: str, code: str) -> str:
    return (
        f"HubSpot no longer accepts {name} on {object_type} records ({code}): it was deleted,"
        " renamed or changed there. Repair properties in Settings brings it back; everything else"
        " goes on."
    )
