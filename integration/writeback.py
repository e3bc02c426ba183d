"""Writeback tells: patches in batches under the shared allowance, with an outcome for each record."""

from collections.abc import Mapping, Sequence

from integration.hubspot.answer_shapes import WriteResult
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.mirror import mirror
from integration.storage.queue import outbox
from integration.storage.queue.lanes import Lease
from integration.storage.queue.outbox import WaitingPatch

BATCH = 100


def send(portal: PortalContext, lease: Lease) -> int:
    """Send one batch of due patches; return how many there were.

    What HubSpot took becomes current in the mirror, so that the echo of it leads to an empty plan.
    A record that is gone loses its patch. A refused one is set aside with the reason. A property
    that the portal deleted or changed is paused with a sentence, and the rest of its patches went
    out all the same.
    """
    with portal.transaction(lease) as tx:
        batch = outbox.due(tx, limit=BATCH)
        paused = outbox.paused_properties(tx)
    if not batch:
        return 0
    object_type = batch[0].object_type
    patches = {each.record_id: _without_paused(each, paused) for each in batch}
    result = portal.hubspot.update(
        object_type, {key: patch for key, patch in patches.items() if patch}
    )
    with portal.transaction(lease) as tx:
        _settle(tx, batch, patches, result)
        for name in sorted(result.troubles):
            outbox.pause_property(
                tx, object_type, name, _sentence(object_type, name, result.troubles[name])
            )
    if result.stopped:
        raise result.stopped
    return len(batch)


def _settle(
    tx: Transaction,
    batch: Sequence[WaitingPatch],
    patches: Mapping[int, Mapping[str, str]],
    result: WriteResult,
) -> None:
    finished: list[WaitingPatch] = []
    written: dict[int, dict[str, str]] = {}
    for each in batch:
        outcome = result.outcomes.get(each.record_id)
        if not patches[each.record_id]:
            finished.append(each)
        elif outcome is None or outcome.status == "unclear":
            continue  # it stays, and is sent again: writing the same values twice is harmless
        elif outcome.status == "refused":
            outbox.set_aside(tx, each, outcome.reason or "HubSpot refused the values")
        else:
            finished.append(each)
            if outcome.status == "written":
                taken = patches[each.record_id]
                written[each.record_id] = {
                    name: taken[name] for name in taken if name not in outcome.left_out
                }
    mirror.overlay(tx, batch[0].object_type, written)
    outbox.note_written(tx, batch[0].object_type, sorted(written))
    outbox.done(tx, finished)


def next_in(portal: PortalContext) -> float | None:
    """Seconds until a patch of this portal is due; None when none waits."""
    with portal.transaction() as tx:
        return outbox.next_in(tx)


def _without_paused(each: WaitingPatch, paused: Mapping[tuple[str, str], str]) -> dict[str, str]:
    return {
        name: value for name, value in each.patch.items() if (each.object_type, name) not in paused
    }


def _sentence(object_type: str, name: str, code: str) -> str:
    return (
        f"HubSpot no longer accepts {name} on {object_type} records ({code}): it was deleted, renamed or changed"
        " there. Repair properties in Settings brings it back; everything else goes on."
    )
