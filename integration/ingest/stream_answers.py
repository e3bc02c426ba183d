"""Answers to streams: one that HubSpot refuses is named and left out, and stops nobody."""

from collections.abc import Collection
from dataclasses import dataclass, field

from integration.core import logs
from integration.core.errors import RecordGone, Refused, Retryable
from integration.hubspot.faults import Forbidden, OurMistake
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.queue import stream_troubles
from integration.storage.queue.lanes import Lease

# HubSpot said no: asking again before the next reconciliation would change nothing.
REFUSALS = (Refused, RecordGone, Forbidden, OurMistake)
# These are about a whole list, and never about one record in it.
OF_THE_WHOLE = (RecordGone, Forbidden, OurMistake)
# Slices in a row in which HubSpot fails to answer a stream, and answers others: with the lane's
# back-off half a minute or more, longer than a restart on its side takes.
MOST_FAILURES = 6
_log = logs.get(__name__)


def search_of(object_type: str) -> str:
    """The name of the search for a type's changes, as refusals name it."""
    return f"search:{object_type}"


@dataclass(slots=True)
class SliceAnswers:
    """What became of the streams that one slice of work asked for."""

    answered: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    failing: dict[str, Retryable] = field(default_factory=dict)

    @property
    def shows_hubspot(self) -> bool:
        """Whether HubSpot said anything to any of them."""
        return bool(self.answered or self.refused)

    @property
    def first_failure(self) -> Retryable:
        """The first thing that HubSpot failed to answer."""
        return next(iter(self.failing.values()))

    def check_progress(self, left: Collection[str]) -> None:
        """Raise the failure when only failing streams are *left*, so that the lane backs off."""
        if left and self.failing.keys() >= set(left):
            raise self.first_failure

    def note_failure(self, stream: str, fault: Retryable) -> None:
        """Note that HubSpot failed to answer *stream*; raises a trouble that is not its own."""
        if not fault.is_server_fault:
            raise fault
        self.failing[stream] = fault


def refuse(tx: Transaction, stream: str, reason: str) -> None:
    """Leave a stream out, by name and with HubSpot's answer."""
    stream_troubles.refuse(tx, stream, reason)
    _log.warning("stream refused", portal_id=tx.portal_id, stream=stream, reason=reason)


def fails_again(tx: Transaction, stream: str, fault: Retryable) -> bool:
    """Count one more failure in a row; leave the stream out when it had its tries, and say so."""
    if stream_troubles.count_failure(tx, stream, str(fault)) < MOST_FAILURES:
        return False
    refuse(tx, stream, f"{fault}, {MOST_FAILURES} times in a row")
    return True


def given_up(portal: PortalContext, lease: Lease, answers: SliceAnswers) -> list[str]:
    """Leave out the failing streams that had their tries; return their names.

    Failures of a stream that was answered since are forgotten. Raises the failure, and counts
    nothing, when HubSpot answers nothing else either: then it is away, and no stream is to blame.
    """
    if not answers.shows_hubspot and answers.failing:
        _check_present(portal, answers)
    names: list[str] = []
    with portal.transaction(lease) as tx:
        if answers.answered:
            stream_troubles.forget(tx, answers.answered)
        for stream, fault in answers.failing.items():
            if fails_again(tx, stream, fault):
                names.append(stream)
    return names


def _check_present(portal: PortalContext, answers: SliceAnswers) -> None:
    """Raise the failure when HubSpot does not even say whose account this is."""
    try:
        portal.hubspot.account()
    except Retryable:
        raise answers.first_failure from None
    except Forbidden:
        return  # an answer, too
