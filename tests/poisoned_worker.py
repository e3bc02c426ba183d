"""A worker whose rules break on certain records: python -m tests.poisoned_worker WORD CONTACT_ID CONTACT_ID.

The first word in a body ends the process at once, "LOOP" in a body never ends; looking at the first
contact kills the process, and so does thinking about the second.
"""

import os
import signal
import sys
import time
from collections.abc import Collection

from integration.conclude.batch import Batch
from integration.conclude.people import people_stage
from integration.core import environment, wake_ups
from integration.ingest import fetching, intake
from integration.ingest.fetching import FetchedRecords, ReadPlan
from integration.ingest.inbound import Reading
from integration.portal.context import PortalContext
from integration.storage.queue import inbox, inbox_events
from integration.storage.queue.inbox import Delivery
from integration.storage.queue.inbox_events import InboundEvent
from workers import worker

# What never ends is ended; what is only slow, on a busy machine, is not.
JOB_SECONDS = 8


def main() -> None:
    """Poison what the arguments name, then work."""
    word, looked_at, thought_about = sys.argv[1].encode(), int(sys.argv[2]), int(sys.argv[3])
    wake_ups.JOB_SECONDS = JOB_SECONDS
    inbox.WAITS = (0.2,) * len(inbox.WAITS)
    inbox_events.WAITS = (0.2,) * len(inbox_events.WAITS)
    inbox.ALONE_WAITS = (0.2,) * len(inbox.ALONE_WAITS)
    letters, fetch, refresh = intake.events_of, fetching.fetch, people_stage.refresh

    def read(
        portal_id: int, envelope: Delivery, read_by: Reading | None = None
    ) -> list[InboundEvent]:
        if word in envelope.body:
            os._exit(9)
        while b"LOOP" in envelope.body:
            time.sleep(0.1)
        return letters(portal_id, envelope, read_by)

    def see(context: PortalContext, reads: ReadPlan) -> FetchedRecords:
        if looked_at in reads.contact_ids:
            os.kill(os.getpid(), signal.SIGKILL)
        return fetch(context, reads)

    def think(work: Batch, contacts: Collection[int]) -> None:
        if thought_about in contacts:
            os.kill(os.getpid(), signal.SIGSEGV)
        refresh(work, contacts)

    intake.events_of, fetching.fetch, people_stage.refresh = read, see, think  # type: ignore[assignment]
    worker.run(environment.load())


if __name__ == "__main__":
    main()
