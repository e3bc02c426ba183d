"""Questions for people: list them by the money that hangs on them, and let answers count, now and ever after.

An answer is appended with its author, time and reason, holds until it is replaced, taken back or
ended, and overrules whatever is computed before or after it.
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
from integration.review import validation, view
from integration.review.validation import Answer, TooLate
from integration.storage.database import Row, Transaction
from integration.storage.findings import person_rows
from integration.storage.mirror import mirror
from integration.storage.queue import lanes
from integration.storage.reviews import decision_rows, task_rows
from integration.storage.reviews.task_rows import KINDS, Place
from integration.storage.service import portals
from mappings.stored.review_answers import Asked

__all__ = [
    "KINDS",
    "PAGE",
    "Answer",
    "TooLate",
    "decide",
    "find",
    "flag",
    "history",
    "listing",
    "reopen_ended",
    "split",
    "task_told",
]

Json = dict[str, Any]
T = TypeVar("T")
PAGE = 50
_LARGEST_ID = (1 << 63) - 1
_TRIES = 3


def listing(
    portal: PortalContext, *, kind: str | None = None, after: str | None = None, limit: int = PAGE
) -> Json:
    """A page of open questions, the most valuable first, with names and evidence in words; `next` leads on."""
    _known_kind(kind)
    now = portal.runtime.now()
    with portal.transaction() as tx:
        rows = task_rows.page(tx, kind=kind, after=_place(after), limit=limit + 1, now=now)
        shown = rows[:limit]
        names = view.names(tx, shown)
        return {
            "open": task_rows.counts(tx, now),
            "questions": [view.question(row, names) for row in shown],
            "next": _cursor(shown[-1]) if len(rows) > limit else None,
        }


def history(
    portal: PortalContext, *, kind: str | None = None, before: int | None = None, limit: int = PAGE
) -> Json:
    """A page of answers, newest first, each with what it was about."""
    _known_kind(kind)
    with portal.transaction() as tx:
        rows = decision_rows.history(tx, kind=kind, before=before, limit=limit + 1)
        shown = rows[:limit]
        names = view.names(tx, shown, column="detail")
        now = portal.runtime.now()
        return {
            "decisions": [
                {
                    **view.task_told(row, now),
                    **view.question_in_words(row["kind"], row["detail"], names),
                }
                for row in shown
            ],
            "next": shown[-1]["decision_id"] if len(rows) > limit else None,
        }


def find(portal: PortalContext, review_id: int) -> Json:
    """One question with the answers it got; refused when the portal has none of that number."""
    with portal.transaction() as tx:
        row = _row(tx, review_id)
        last = decision_rows.newest(tx, row["kind"], row["question"])
        found = view.question(row, view.names(tx, [row]))
        return {**found, "answer": view.task_told(last, portal.runtime.now()) if last else None}


def task_told(tx: Transaction, object_type: str, record_id: int, now: datetime) -> list[Json]:
    """What people decided about a record, newest first, for those who explain it."""
    rows = decision_rows.of_record(tx, object_type, record_id)
    names = view.names(tx, rows, column="detail")
    return [
        {**view.task_told(row, now), **view.question_in_words(row["kind"], row["detail"], names)}
        for row in rows
    ]


def decide(portal: PortalContext, review_id: int, answer: Answer) -> Json:
    """Keep an answer and have everything it concerns concluded again at once.

    The same answer once more, by its author, is the one that stands: its author is not told to have
    come too late. Refused, with nothing changed, for an unknown question, a verb of another kind,
    or an empty reason; :class:`TooLate` when somebody answered since the person looked.
    """
    made = _with_retries(portal, lambda tx: _decide(tx, review_id, answer, portal.runtime.now()))
    portal.runtime.queue.wake(portal.portal_id)
    return {"review_id": review_id, "decision_id": made, "verb": answer.verb}


def _with_retries(portal: PortalContext, act: Callable[[Transaction], T]) -> T:
    """Act in one transaction; again, where concluding held the same rows and PostgreSQL ended one of the two."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(Retryable), portal.confirmed() as tx:
            return act(tx)
    with portal.confirmed() as tx:
        return act(tx)


def _decide(tx: Transaction, review_id: int, answer: Answer, now: datetime) -> int:
    row = _row(tx, review_id)
    last = decision_rows.newest(tx, row["kind"], row["question"])
    if last is not None and validation.repeats(last, answer):
        return int(last["decision_id"])
    validation.check(row, answer, now)
    detail = validation.detail_of(tx, row, answer)
    made = _append(tx, row["kind"], row["question"], detail, answer, now)
    if row["kind"] == "identity":
        validation.check_consistent(tx, detail["contacts"], now)
    _mark(tx, row["kind"], detail)
    _note(tx, answer, f"answered a question: {row['kind']} {answer.verb}", review_id)
    _settle(tx, review_id, row["kind"], row["question"], now)
    return made


def split(portal: PortalContext, contact_id: int, answer: Answer) -> list[int]:
    """Separate a contact from all records that count as the same person; return those records.

    HubSpot knows no unmerge: this affects our side only.
    """
    validation.check_words(answer, portal.runtime.now())
    others = _with_retries(portal, lambda tx: _split(tx, contact_id, answer, portal.runtime.now()))
    portal.runtime.queue.wake(portal.portal_id)
    return others


def _split(tx: Transaction, contact_id: int, answer: Answer, now: datetime) -> list[int]:
    contact_id = _known_contact(tx, contact_id)
    own, _ = person_rows.groups(tx, [contact_id])
    others = sorted(own.keys() - {contact_id})
    if not others:
        raise Refused(
            f"Contact {contact_id} is a person of its own already; there is nothing to separate"
        )
    for other in others:
        _separate(tx, contact_id, other, answer, now)
    portals.note(tx, answer.actor, "separated a person's records", records=len(others))
    return others


def _known_contact(tx: Transaction, contact_id: int) -> int:
    """The contact under its id of today."""
    if 0 < contact_id <= _LARGEST_ID:
        today = mirror.resolve(tx, "contact", [contact_id])[contact_id]
        if today in person_rows.persons_of(tx, [today]):
            return today
    raise Refused(
        f"Contact {contact_id} is not known here; the number is the last part of its address in HubSpot"
    )


def flag(portal: PortalContext, contact_id: int, *, actor: str = "command line") -> list[int]:
    """Ask about what counts as sure of a contact: its person's moves, and referrals by name. Return the questions."""
    with portal.confirmed() as tx:
        contact_id = _known_contact(tx, contact_id)
        _, members = person_rows.groups(tx, [contact_id])
        found = review_tasks.flagged(tx, members)
        if not found:
            raise Refused(
                f"No job change and no referral by name is known of contact {contact_id}: nothing to doubt"
            )
        asked = task_rows.raised(tx, found)
        task_rows.weigh(tx, asked, settings.read(tx).map.home_currency)
        portals.note(tx, actor, "doubted a conclusion", questions=len(asked))
    return asked


def reopen_ended(tx: Transaction, now: datetime) -> int:
    """Ask again where an answer has ended; return how many. For the nightly run."""
    rows = task_rows.ended(tx, now)
    for row in rows:
        _settle(tx, row["review_id"], row["kind"], row["question"], now)
        last = decision_rows.newest(tx, row["kind"], row["question"])
        _mark(tx, row["kind"], last["detail"] if last else row["body"])
    return len(rows)


def _separate(tx: Transaction, contact_id: int, other: int, answer: Answer, now: datetime) -> None:
    key = review_tasks.pair_key(contact_id, other)
    pair = sorted((contact_id, other))
    detail = {"contacts": pair, "split": True}
    last = decision_rows.newest(tx, "identity", key)
    # Whoever separates has just seen the records together: an older answer is replaced knowingly.
    said = Answer(
        "different",
        answer.author,
        answer.reason,
        answer.until,
        seen=last["decision_id"] if last else 0,
    )
    if last is None or not validation.repeats(last, said):
        _append(tx, "identity", key, detail, said, now)
    row = task_rows.by_key(tx, "identity", key)
    if row is None:
        refs = frozenset(("contact", one) for one in pair)
        task_rows.put(
            tx, [task_rows.ReviewTask("identity", key, 0, Asked(contacts=tuple(pair)), refs)]
        )
        row = task_rows.by_key(tx, "identity", key)
    if row is not None:
        _settle(tx, row["review_id"], "identity", key, now)
    _mark(tx, "identity", detail)


def _append(
    tx: Transaction, kind: str, key: str, detail: Json, answer: Answer, now: datetime
) -> int:
    last = decision_rows.newest(tx, kind, key)
    stands = decision_rows.standing(tx, kind, key, now)
    if stands is not None and not answer.anyway and answer.seen != stands["decision_id"]:
        if validation.repeats(
            stands, answer
        ):  # pressed twice at once, and the other press is through
            return int(stands["decision_id"])
        raise TooLate(validation.already(stands))
    row = {
        "kind": kind,
        "question": key,
        "verb": answer.verb,
        "detail": detail,
        "author": answer.author.strip(),
        "reason": answer.reason.strip(),
        "at": now,
        "until": validation.ends(answer.until),
        "instead_of": last["decision_id"] if last else 0,
    }
    made = decision_rows.append(tx, row, view.refs(kind, detail))
    if made is not None:
        return made
    # The other press at the same moment may be the same person's.
    first = decision_rows.newest(tx, kind, key)
    if first is None or not validation.repeats(first, answer):
        raise TooLate(
            "Somebody else answered this question at the same moment; look at their answer first"
        )
    return int(first["decision_id"])


def _settle(tx: Transaction, review_id: int, kind: str, key: str, now: datetime) -> None:
    stands = decision_rows.standing(tx, kind, key, now)
    task_rows.settle(
        tx, review_id, is_open=stands is None, reopens_at=stands["holds_until"] if stands else None
    )


def _row(tx: Transaction, review_id: int) -> Row:
    row = task_rows.find(tx, review_id) if 0 < review_id <= _LARGEST_ID else None
    if row is None:
        raise Refused(
            f"There is no question {review_id} in portal {tx.portal_id}: it may have resolved itself."
            f" `second-order review {tx.portal_id}` lists the open ones"
        )
    return row


def _known_kind(kind: str | None) -> None:
    if kind is not None and kind not in KINDS:
        raise Refused(
            f"There are no questions of the kind {kind}; the kinds are {', '.join(KINDS)}"
        )


def _mark(tx: Transaction, kind: str, detail: Mapping[str, Any]) -> None:
    """Have what an answer concerns looked at again."""
    if kind in {"identity", "move"}:
        invalidation.record(tx, Change.DECISION_MADE, contacts=detail["contacts"])
    elif kind == "referral":
        invalidation.record(tx, Change.DECISION_MADE, records=[view.ref(detail["owner"])])
    else:
        invalidation.record(tx, Change.DECISION_MADE, deals=[detail["deal"]])
    lanes.want(tx, tx.portal_id, "drain")


def _note(tx: Transaction, answer: Answer, what: str, number: int) -> None:
    """The trail says that something was decided; who and why stands with the decision, and is forgotten with it."""
    portals.note(tx, answer.actor, what, question=number)


def _place(after: str | None) -> Place | None:
    if not after:
        return None
    try:
        stake, confidence, last = (int(part) for part in after.split("."))
    except ValueError:
        raise Refused("That is no place in this list; begin with its first page") from None
    if max(abs(stake), abs(confidence), abs(last)) > _LARGEST_ID:
        raise Refused("That is no place in this list; begin with its first page")
    return stake, confidence, last


def _cursor(row: Row) -> str:
    return f"{row['stake_minor']}.{row['confidence']}.{row['review_id']}"
