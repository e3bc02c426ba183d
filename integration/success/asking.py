"""Asking: what people note of asks and of what became of them, and of who wants none."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from integration.core.errors import Refused, Retryable
from integration.portal import contact_caps, invalidation, settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.findings import person_rows
from integration.storage.mirror import mirror
from integration.storage.queue import lanes
from integration.storage.service import portals
from integration.storage.success import ask_rows, do_not_ask_rows, readiness_rows
from integration.storage.success.ask_rows import Ask
from mappings.kinds import AskKind, AskOutcome, AskState, ObjectType
from mappings.records.rows import RefPair
from mappings.rules.success.contact_cap import Approach, ApproachKind

T = TypeVar("T")
_TRIES: Final = 3
_AGAIN = timedelta(hours=12)
OUTCOMES: Final = (AskOutcome.INTRODUCED, AskOutcome.AGREED, AskOutcome.DECLINED)
"""What can be noted; silence comes by itself."""


class TooLate(Refused):
    """Somebody else noted something meanwhile; nothing of it was changed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody says that they asked a person for."""

    contact_id: int
    company_id: int
    kind: AskKind
    target_contact_id: int | None = None


def ask(portal: PortalContext, wanted: Wanted, *, actor: str) -> int:
    """Note that somebody was asked; return the number of the ask.

    The same note sent again by its author is the one that stands. Refused where the person rests,
    by whomever they were asked, or may never be asked: two who press at once note one ask.
    """
    return _once(portal, lambda tx: _ask(portal, tx, wanted, actor))


def _ask(portal: PortalContext, tx: Transaction, wanted: Wanted, actor: str) -> int:
    now = portal.runtime.now()
    # Locked, so that of two people who press at once the second finds the first one's ask.
    row = readiness_rows.lock(tx, wanted.company_id, wanted.contact_id)
    if row is None:
        raise Refused("This person is no longer somebody to ask there: load the list again")
    earlier = ask_rows.of_contacts(tx, _records(tx, wanted.contact_id))
    for known in earlier:
        if known.made_by == actor and known.kind == wanted.kind and now - known.at < _AGAIN:
            return known.ask_id
    if earlier and now - earlier[0].at < _AGAIN:
        raise TooLate("Somebody else noted an ask of this person today already")
    policy = settings.read(tx).policy
    rests = contact_caps.rests_from_asks(tx, wanted.contact_id, wanted.company_id, now, policy)
    if rests:
        raise Refused(f"Nothing was noted: {rests[0].because}")
    if row["state"] == AskState.NEVER:
        raise Refused(str(row["because"]).removesuffix("."))
    number = ask_rows.add(
        tx,
        Ask(
            ask_id=0,
            contact_id=wanted.contact_id,
            company_id=wanted.company_id,
            owner_id=row["owner_id"],
            kind=wanted.kind,
            target_contact_id=wanted.target_contact_id,
            win_key=row["win_key"],
            at=now,
            made_by=actor,
        ),
    )
    approach = Approach(wanted.contact_id, ApproachKind.ASK, now, f"{number}", wanted.company_id)
    contact_caps.note(tx, approach, by=actor)
    portals.note(tx, actor, "noted an ask", ask=number)
    return number


def conclude(
    portal: PortalContext,
    ask_id: int,
    outcome: AskOutcome,
    *,
    actor: str,
    introduced_contact_id: int | None = None,
) -> None:
    """Note what became of an ask. The same again changes nothing.

    :class:`TooLate` where something else is noted by now: it has to be taken back first.
    """
    _once(portal, lambda tx: _conclude(portal, tx, ask_id, outcome, introduced_contact_id, actor))


def _conclude(
    portal: PortalContext,
    tx: Transaction,
    ask_id: int,
    outcome: AskOutcome,
    introduced_id: int | None,
    actor: str,
) -> None:
    known = _known(tx, ask_id)
    if (known.outcome, known.introduced_contact_id) == (outcome, introduced_id):
        return
    if known.outcome is not None:
        raise TooLate("Somebody noted what became of this ask meanwhile: take that back first")
    if outcome not in OUTCOMES:
        raise Refused("An ask was answered, declined, or led to somebody: choose one of these")
    if (outcome == AskOutcome.INTRODUCED) != (introduced_id is not None):
        raise Refused("Say whom they introduced: choose the contact")
    if introduced_id in _records(tx, known.contact_id):
        raise Refused("Nobody introduces themselves: choose whom they introduced")
    ask_rows.conclude(
        tx,
        ask_id,
        outcome,
        portal.runtime.now(),
        by=actor,
        introduced_contact_id=introduced_id,
    )
    _changed(tx, known, introduced_id)
    portals.note(tx, actor, "noted what became of an ask", ask=ask_id, outcome=outcome.value)


def take_back(portal: PortalContext, ask_id: int, *, actor: str) -> bool:
    """Take back what was noted last of an ask: its outcome, or else that it took place.

    False where nothing is left to take back.
    """
    return _once(portal, lambda tx: _take_back(portal, tx, ask_id, actor))


def _take_back(portal: PortalContext, tx: Transaction, ask_id: int, actor: str) -> bool:
    known = ask_rows.find(tx, ask_id)
    if known is None:
        return False
    if known.outcome is not None:
        ask_rows.conclude(tx, ask_id, None, portal.runtime.now(), by=actor)
        _changed(tx, known, known.introduced_contact_id)
    else:
        ask_rows.remove(tx, ask_id)
        contact_caps.take_back(tx, ApproachKind.ASK, f"{ask_id}", known.contact_id)
    portals.note(tx, actor, "took back a note of an ask", ask=ask_id)
    return True


def _changed(tx: Transaction, known: Ask, introduced_id: int | None) -> None:
    """Who was asked is judged anew, and who was introduced was recommended, or no longer."""
    invalidation.record(tx, Change.PERSON_APPROACHED, contacts=[known.contact_id])
    if introduced_id is not None:
        invalidation.record(tx, Change.INTRODUCTION_NOTED, contacts=[introduced_id])


def opt_out(portal: PortalContext, contact_id: int, *, actor: str) -> bool:
    """Note that a person is never to be asked; False if that was noted before."""

    def act(tx: Transaction) -> bool:
        _check_known(tx, contact_id)
        noted = do_not_ask_rows.note(tx, contact_id, portal.runtime.now(), by=actor)
        _opted(tx, contact_id, actor, "noted that somebody is not to be asked")
        return noted

    return _once(portal, act)


def withdraw_opt_out(portal: PortalContext, contact_id: int, *, actor: str) -> bool:
    """Let a person be asked again, whichever of their records it was noted on."""

    def act(tx: Transaction) -> bool:
        _check_known(tx, contact_id)
        records = _records(tx, contact_id)
        withdrawn = do_not_ask_rows.withdraw(tx, records, portal.runtime.now(), by=actor)
        _opted(tx, contact_id, actor, "noted that somebody may be asked again")
        return withdrawn

    return _once(portal, act)


def company_of(portal: PortalContext, ask_id: int) -> int | None:
    """Return the customer at which somebody was asked; None for no such ask."""
    with portal.transaction() as tx:
        known = ask_rows.find(tx, ask_id)
    return known.company_id if known else None


def with_companies(tx: Transaction, record: RefPair) -> set[RefPair]:
    """Return a record with the customers at which it is judged: whose owner may note its asks.

    Empty for a number that is no record's.
    """
    object_type, record_id = record
    if not mirror.load(tx, object_type, [record_id]):
        return set()
    if object_type == ObjectType.COMPANY:
        return {record}
    rows = readiness_rows.of_contacts(tx, [record_id]).get(record_id, ())
    return {record, *((ObjectType.COMPANY, row["company_id"]) for row in rows)}


def _opted(tx: Transaction, contact_id: int, actor: str, words: str) -> None:
    invalidation.record(tx, Change.PERSON_APPROACHED, contacts=[contact_id])
    portals.note(tx, actor, words)


def _check_known(tx: Transaction, contact_id: int) -> None:
    """Refuse a number that is no living contact's."""
    record = mirror.load(tx, ObjectType.CONTACT, [contact_id]).get(contact_id)
    if record is None or record.gone_at is not None:
        raise Refused("There is no such person in this account: load the list again")


def _known(tx: Transaction, ask_id: int) -> Ask:
    known = ask_rows.find(tx, ask_id)
    if known is None:
        raise Refused("There is no ask of this number any more: load the list again")
    return known


def _records(tx: Transaction, contact_id: int) -> list[int]:
    """All records of the person who has this one."""
    person_of, _ = person_rows.groups(tx, [contact_id])
    return sorted({contact_id, *person_of})


def _once(portal: PortalContext, act: Callable[[Transaction], T]) -> T:
    """Act in one transaction, and wake whoever concludes; a deadlock with them is tried again."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(Retryable):
            return _act(portal, act)
    return _act(portal, act)


def _act(portal: PortalContext, act: Callable[[Transaction], T]) -> T:
    with portal.confirmed() as tx:
        result = act(tx)
        lanes.want(tx, portal.portal_id, "drain")
    portal.runtime.queue.wake(portal.portal_id)
    return result
