"""Answers to review tasks: store a person's decision, and let it count now and ever after.

A decision is appended with its author, time and reason. It holds until it is replaced, taken back
or ended, and overrules whatever is computed before or after it.
"""

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from integration.conclude import review_tasks
from integration.core.errors import Refused, Retryable
from integration.portal import invalidation, settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.review import answers, reading, task_view
from integration.review.answers import Answer, TooLate
from integration.review.review_kinds import TASK_KINDS, VERB_LABELS, check_verb
from integration.storage.database import Row, Transaction
from integration.storage.findings import person_rows
from integration.storage.mirror import mirror
from integration.storage.queue import lanes
from integration.storage.reviews import decision_rows, task_rows
from integration.storage.service import portals
from mappings.kinds import ObjectType, ReviewKind, Verb
from mappings.stored.review_answers import Asked

Json = dict[str, Any]
T = TypeVar("T")
_TRIES = 3
# What of a task is stored with its answer, so that the answer applies to records made anew.
_KEPT_OF_TASK = ("contacts", "companies", "deal", "owner", "target", "mark")


def decide(portal: PortalContext, review_id: int, answer: Answer) -> Json:
    """Store an answer and have conclude look again, at once, at the records that it concerns.

    The same answer sent again by its author is the one that stands. Refused, with nothing changed:
    an unknown task, a verb of another kind, an empty reason. :class:`TooLate` when somebody
    answered since the person looked.
    """
    decision_id = _with_retries(
        portal, lambda tx: _decide(tx, review_id, answer, portal.runtime.now())
    )
    portal.runtime.queue.wake(portal.portal_id)
    return {"review_id": review_id, "decision_id": decision_id, "verb": answer.verb}


def _with_retries(portal: PortalContext, act: Callable[[Transaction], T]) -> T:
    """Act in one transaction; try again after a deadlock with conclude, which PostgreSQL ends."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(Retryable), portal.confirmed() as tx:
            return act(tx)
    with portal.confirmed() as tx:
        return act(tx)


def _decide(tx: Transaction, review_id: int, answer: Answer, now: datetime) -> int:
    row = reading.task_row(tx, review_id)
    kind = TASK_KINDS[row["kind"]]
    newest = decision_rows.newest(tx, row["kind"], row["question"])
    if newest is not None and answers.repeats(newest, answer):
        return int(newest["decision_id"])
    check_verb(row, answer)
    answers.check_words(answer, now)
    answers.check_correction(row["kind"], answer, now)
    if answer.verb == Verb.REOPEN and row["is_open"]:
        raise Refused(f"Question {review_id} is open; there is no answer to take back")
    detail = _detail(tx, row, answer)
    decision_id = _append(tx, row["kind"], row["question"], detail, answer, now)
    kind.check(tx, detail, now)
    _recompute(tx, row["kind"], detail)
    # The audit trail holds neither author nor reason: they are erased with the decision.
    label = VERB_LABELS.get((row["kind"], answer.verb), "taken back")
    action = f"answered a question: {kind.kind.label}, {label}"
    portals.note(tx, answer.actor, action, question=review_id)
    _close_or_open(tx, review_id, row["kind"], row["question"], now)
    return decision_id


def _detail(tx: Transaction, row: Row, answer: Answer) -> Json:
    body = row["body"]
    detail: Json = {name: body[name] for name in _KEPT_OF_TASK if name in body}
    details = TASK_KINDS[row["kind"]].details
    if answer.verb in details:
        detail |= details[Verb(answer.verb)](tx, row, answer)
    return detail


def _append(
    tx: Transaction, kind: str, key: str, detail: Json, answer: Answer, now: datetime
) -> int:
    """Append a decision; return its id, or the id of the same one that was sent before."""
    newest = decision_rows.newest(tx, kind, key)
    stands = decision_rows.standing(tx, kind, key, now)
    if stands is not None and not answer.anyway and answer.seen != stands["decision_id"]:
        # A button pressed twice: the first press is stored by now.
        return _id_if_repeated(stands, answer, answers.already_answered(tx, stands))
    row = {
        "kind": kind,
        "question": key,
        "verb": answer.verb,
        "detail": detail,
        "author": answer.author.strip(),
        "reason": answer.reason.strip(),
        "at": now,
        "until": answers.end_of(answer.until),
        "instead_of": newest["decision_id"] if newest else 0,
    }
    decision_id = decision_rows.append(tx, row, task_view.records(detail))
    if decision_id is not None:
        return decision_id
    # Another answer was stored at the same moment; it may be the same person's second press.
    first = decision_rows.newest(tx, kind, key)
    return _id_if_repeated(
        first,
        answer,
        "Somebody else answered this question at the same moment; look at their answer first",
    )


def _id_if_repeated(stored: Row | None, answer: Answer, refusal: str) -> int:
    if stored is None or not answers.repeats(stored, answer):
        raise TooLate(refusal)
    return int(stored["decision_id"])


def _recompute(tx: Transaction, kind: str, detail: Mapping[str, Any]) -> None:
    invalidation.record(tx, Change.DECISION_MADE, **TASK_KINDS[kind].about(detail))
    lanes.want(tx, tx.portal_id, "drain")


def _close_or_open(tx: Transaction, review_id: int, kind: str, key: str, now: datetime) -> None:
    """Close a task that has an answer which holds, until that ends; open any other."""
    stands = decision_rows.standing(tx, kind, key, now)
    reopens_at = stands["holds_until"] if stands else None
    task_rows.settle(tx, review_id, is_open=stands is None, reopens_at=reopens_at)


def split(portal: PortalContext, contact_id: int, answer: Answer) -> list[int]:
    """Separate a contact from all records that count as the same person; return those records.

    HubSpot cannot undo a merge: this changes our records only.
    """
    answers.check_words(answer, portal.runtime.now())
    others = _with_retries(portal, lambda tx: _split(tx, contact_id, answer, portal.runtime.now()))
    portal.runtime.queue.wake(portal.portal_id)
    return others


def _split(tx: Transaction, contact_id: int, answer: Answer, now: datetime) -> list[int]:
    contact_id = _current_id(tx, contact_id)
    contacts, _ = person_rows.groups(tx, [contact_id])
    others = sorted(contacts.keys() - {contact_id})
    if not others:
        raise Refused(
            f"Contact {contact_id} is a person of its own already; there is nothing to separate"
        )
    for other in others:
        _separate(tx, contact_id, other, answer, now)
    portals.note(tx, answer.actor, "separated a person's records", records=len(others))
    return others


def _separate(tx: Transaction, contact_id: int, other: int, answer: Answer, now: datetime) -> None:
    key = review_tasks.pair_key(contact_id, other)
    pair = tuple(sorted((contact_id, other)))
    detail = {"contacts": list(pair), "split": True}
    newest = decision_rows.newest(tx, ReviewKind.IDENTITY, key)
    # Whoever separates has just seen the records together: an older answer is replaced knowingly.
    seen = newest["decision_id"] if newest else 0
    different = Answer(Verb.DIFFERENT, answer.author, answer.reason, answer.until, seen=seen)
    if newest is None or not answers.repeats(newest, different):
        _append(tx, ReviewKind.IDENTITY, key, detail, different, now)
    row = _pair_task(tx, key, pair)
    if row is not None:
        _close_or_open(tx, row["review_id"], ReviewKind.IDENTITY, key, now)
    _recompute(tx, ReviewKind.IDENTITY, detail)


def _pair_task(tx: Transaction, key: str, pair: tuple[int, ...]) -> Row | None:
    """Return the task about a pair; create one for a pair that was never doubtful."""
    row = task_rows.by_key(tx, ReviewKind.IDENTITY, key)
    if row is not None:
        return row
    weighs = frozenset((ObjectType.CONTACT.value, contact_id) for contact_id in pair)
    task = task_rows.ReviewTask(ReviewKind.IDENTITY, key, 0, Asked(contacts=pair), weighs)
    task_rows.put(tx, [task])
    return task_rows.by_key(tx, ReviewKind.IDENTITY, key)


def _current_id(tx: Transaction, contact_id: int) -> int:
    """Return the contact's id after merges; refuse a contact that is not known."""
    if 0 < contact_id <= reading.LARGEST_ID:
        current = mirror.resolve(tx, ObjectType.CONTACT, [contact_id])[contact_id]
        if current in person_rows.persons_of(tx, [current]):
            return current
    raise Refused(
        f"Contact {contact_id} is not known here;"
        " the number is the last part of its address in HubSpot"
    )


def flag(portal: PortalContext, contact_id: int, *, actor: str = "command line") -> list[int]:
    """Make review tasks of a person's job changes and referrals by name; return their ids.

    These conclusions are sure enough to count, and count on until somebody decides.
    """
    with portal.confirmed() as tx:
        contact_id = _current_id(tx, contact_id)
        _, members = person_rows.groups(tx, [contact_id])
        tasks = review_tasks.flagged(tx, members)
        if not tasks:
            raise Refused(
                f"No job change and no referral by name is known of contact {contact_id}:"
                " nothing to doubt"
            )
        review_ids = task_rows.raised(tx, tasks)
        task_rows.weigh(tx, review_ids, settings.read(tx).map.home_currency)
        portals.note(tx, actor, "doubted what counts as sure", questions=len(review_ids))
    return review_ids


def reopen_ended(tx: Transaction, now: datetime) -> int:
    """Open the tasks whose answers have ended; return how many. For the nightly run."""
    rows = task_rows.ended(tx, now)
    for row in rows:
        _close_or_open(tx, row["review_id"], row["kind"], row["question"], now)
        newest = decision_rows.newest(tx, row["kind"], row["question"])
        _recompute(tx, row["kind"], newest["detail"] if newest else row["body"])
    return len(rows)
