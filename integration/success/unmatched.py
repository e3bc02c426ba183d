"""Unmatched answers: who gave them nobody knows; a person matches them by hand, or lets them be."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from integration.core.errors import Refused
from integration.portal import invalidation, record_choice
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.mirror import waiting_answers
from integration.storage.mirror.waiting_answers import WaitingAnswer
from integration.storage.queue import lanes
from integration.storage.service import portals
from mappings.kinds import ObjectType

PAGE: Final = 50
_LONGEST_REASON: Final = 500
_GONE: Final = "This answer waits no more: it was matched or dismissed meanwhile"

Place = tuple[datetime, str, str]


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """A page of the list: how many answers wait in all, and where the list goes on."""

    total: int
    answers: tuple[WaitingAnswer, ...]
    next: Place | None


def read(portal: PortalContext, after: Place | None) -> WaitingPage:
    """Return a page of the answers that wait, the latest first."""
    with portal.transaction() as tx:
        total = waiting_answers.count(tx)
        found = waiting_answers.page(tx, after=after, limit=PAGE + 1)
    shown = tuple(found[:PAGE])
    return WaitingPage(total, shown, shown[-1].place if len(found) > PAGE else None)


def match(portal: PortalContext, source: str, key: str, contact: str, *, actor: str) -> int:
    """Give a waiting answer to the contact that somebody names; return that contact.

    Raises Refused where it waits no more or the contact is none, and Ambiguous where several may
    be meant.
    """
    with portal.transaction() as tx:
        contact_id = record_choice.choose(tx, ObjectType.CONTACT, contact)
        if contact_id is None:
            raise Refused("Say whose answer it is: a name, an e-mail address or a record ID")
        answer = waiting_answers.of_survey(tx, source, key)
        if answer is None:
            raise Refused(_GONE)
        waiting_answers.match(tx, answer, contact_id)
        about = {(str(ObjectType.CONTACT), contact_id)}
        invalidation.record(tx, Change.OUTSIDE_REPORTED, records=about)
        # Without ids: the trail outlives whoever asks to be forgotten.
        portals.note(tx, actor, "matched an answer by hand", source=source)
        lanes.want(tx, portal.portal_id, "drain")
    portal.runtime.queue.wake(portal.portal_id)
    return contact_id


def dismiss(portal: PortalContext, source: str, key: str, reason: str, *, actor: str) -> None:
    """Ask about a waiting answer no more; its text and address are erased."""
    because = record_choice.cleaned(reason)[:_LONGEST_REASON]
    if not because:
        raise Refused("Say why this answer is let be")
    with portal.transaction() as tx:
        answer = waiting_answers.of_survey(tx, source, key)
        if answer is None:
            raise Refused(_GONE)
        waiting_answers.dismiss(tx, answer, by=actor, because=because)
        portals.note(tx, actor, "dismissed an answer of nobody", source=source)
