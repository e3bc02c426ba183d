"""Questions for people: list them by the money that hangs on them, and let answers count, now and ever after.

An answer is appended with its author, time and reason, holds until it is replaced, taken back or ended, and overrules
whatever is computed before or after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from integration import questions
from integration.conclude.asking import pair_key
from integration.errors import Refused
from integration.scope import PortalScope
from integration.storage import decisions, lanes, mirror, moves, people, portals, reviews
from integration.storage.database import Row, Transaction
from integration.storage.reviews import KINDS, Place
from mappings.rules.decided import VERBS

Json = dict[str, Any]
PAGE = 50
_LONGEST_REASON, _LONGEST_AUTHOR = 1000, 200
_LARGEST_ID = (1 << 63) - 1


class TooLate(Refused):
    """Somebody else answered first; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says to a question, as it came: a verb of its kind, by whom, why, and until which day it holds.

    `pick` is the contact a referral means, `company` and `day` correct a move. `seen` is the answer that stood when
    the person decided (0: none), `anyway` replaces whatever stands. `actor` is how the trail names who did it.
    """

    verb: str
    author: str
    reason: str
    until: date | None = None
    pick: int | None = None
    company: int | None = None
    day: date | None = None
    seen: int = 0
    anyway: bool = False
    actor: str = "command line"


def listing(scope: PortalScope, *, kind: str | None = None, after: str | None = None, limit: int = PAGE) -> Json:
    """A page of open questions, the most valuable first, with names and evidence in words; `next` leads on."""
    _known_kind(kind)
    now = scope.runtime.now()
    with scope.transaction() as tx:
        rows = reviews.page(tx, kind=kind, after=_place(after), limit=limit + 1, now=now)
        shown = rows[:limit]
        names = questions.names(tx, shown)
        return {
            "open": reviews.counts(tx, now),
            "questions": [questions.question(row, names) for row in shown],
            "next": _cursor(shown[-1]) if len(rows) > limit else None,
        }


def history(scope: PortalScope, *, kind: str | None = None, before: int | None = None, limit: int = PAGE) -> Json:
    """A page of answers, newest first, each with what it was about."""
    _known_kind(kind)
    with scope.transaction() as tx:
        rows = decisions.history(tx, kind=kind, before=before, limit=limit + 1)
        shown = rows[:limit]
        names = questions.names(tx, shown, column="detail")
        now = scope.runtime.now()
        return {
            "decisions": [
                {**questions.told(row, now), **questions.asked(row["kind"], row["detail"], names)} for row in shown
            ],
            "next": shown[-1]["decision_id"] if len(rows) > limit else None,
        }


def find(scope: PortalScope, review_id: int) -> Json:
    """One question with the answers it got; refused when the portal has none of that number."""
    with scope.transaction() as tx:
        row = _row(tx, review_id)
        last = decisions.newest(tx, row["kind"], row["question"])
        found = questions.question(row, questions.names(tx, [row]))
        return {**found, "answer": questions.told(last, scope.runtime.now()) if last else None}


def told(tx: Transaction, object_type: str, record_id: int, now: datetime) -> list[Json]:
    """What people decided about a record, newest first, for those who explain it."""
    rows = decisions.of_record(tx, object_type, record_id)
    names = questions.names(tx, rows, column="detail")
    return [{**questions.told(row, now), **questions.asked(row["kind"], row["detail"], names)} for row in rows]


def decide(scope: PortalScope, review_id: int, answer: Answer) -> Json:
    """Keep an answer and have everything it concerns concluded again at once.

    Refused, with nothing changed, for an unknown question, a verb of another kind, or an empty reason;
    :class:`TooLate` when somebody answered since the person looked.
    """
    now = scope.runtime.now()
    with scope.transaction() as tx:
        row = _row(tx, review_id)
        detail = _detail(tx, row, answer)
        _check(row, answer, now)
        made = _append(tx, row["kind"], row["question"], detail, answer, now)
        _settle(tx, review_id, row["kind"], row["question"], now)
        _mark(tx, row["kind"], detail)
        _note(tx, answer, f"answered a question: {row['kind']} {answer.verb}", review_id)
    scope.runtime.queue.wake(scope.portal_id)
    return {"review_id": review_id, "decision_id": made, "verb": answer.verb}


def split(scope: PortalScope, contact_id: int, answer: Answer) -> list[int]:
    """Separate a contact from all records that count as the same person; return those records.

    HubSpot knows no unmerge: this affects our side only.
    """
    now = scope.runtime.now()
    _check_words(answer, now)
    with scope.transaction() as tx:
        contact_id = mirror.resolve(tx, "contact", [contact_id])[contact_id]
        own, _ = people.groups(tx, [contact_id])
        others = sorted(own.keys() - {contact_id})
        if contact_id not in own:
            raise Refused(f"Contact {contact_id} is not known here; the number is the last part of its HubSpot address")
        if not others:
            raise Refused(f"Contact {contact_id} is a person of its own already; there is nothing to separate")
        for other in others:
            _separate(tx, contact_id, other, answer, now)
        _note(tx, answer, "separated a person's records", contact_id)
    scope.runtime.queue.wake(scope.portal_id)
    return others


def reopen_ended(tx: Transaction, now: datetime) -> int:
    """Ask again where an answer has ended; return how many. For the nightly run."""
    rows = reviews.ended(tx, now)
    for row in rows:
        _settle(tx, row["review_id"], row["kind"], row["question"], now)
        last = decisions.newest(tx, row["kind"], row["question"])
        _mark(tx, row["kind"], last["detail"] if last else row["body"])
    return len(rows)


def _separate(tx: Transaction, contact_id: int, other: int, answer: Answer, now: datetime) -> None:
    key = pair_key(contact_id, other)
    pair = sorted((contact_id, other))
    detail = {"contacts": pair, "split": True}
    last = decisions.newest(tx, "identity", key)
    # Whoever separates has just seen the records together: an older answer is replaced knowingly.
    said = Answer("different", answer.author, answer.reason, answer.until, seen=last["decision_id"] if last else 0)
    _append(tx, "identity", key, detail, said, now)
    row = reviews.by_key(tx, "identity", key)
    if row is None:
        refs = frozenset(("contact", one) for one in pair)
        body = {"contacts": pair, "reasons": []}
        reviews.put(tx, [reviews.Question("identity", key, 0, body, refs)])
        row = reviews.by_key(tx, "identity", key)
    if row is not None:
        _settle(tx, row["review_id"], "identity", key, now)
    _mark(tx, "identity", detail)


def _append(tx: Transaction, kind: str, key: str, detail: Json, answer: Answer, now: datetime) -> int:
    last = decisions.newest(tx, kind, key)
    stands = decisions.standing(tx, kind, key, now)
    if stands is not None and not answer.anyway and answer.seen != stands["decision_id"]:
        raise TooLate(_already(stands))
    row = {
        "kind": kind,
        "question": key,
        "verb": answer.verb,
        "detail": detail,
        "author": answer.author.strip(),
        "reason": answer.reason.strip(),
        "at": now,
        "until": _ends(answer.until),
        "instead_of": last["decision_id"] if last else 0,
    }
    made = decisions.append(tx, row, questions.refs(kind, detail))
    if made is None:
        raise TooLate("Somebody else answered this question at the same moment; look at their answer first")
    return made


def _already(row: Row) -> str:
    until = f", until {row['holds_until'] - timedelta(seconds=1):%Y-%m-%d}" if row["holds_until"] else ""
    return (
        f"{row['author'] or 'Somebody'} answered this already on {row['decided_at']:%Y-%m-%d %H:%M} UTC: {row['verb']}"
        f"{until}. To change it, look at that answer and decide again (--again on the command line)"
    )


def _settle(tx: Transaction, review_id: int, kind: str, key: str, now: datetime) -> None:
    stands = decisions.standing(tx, kind, key, now)
    reviews.settle(tx, review_id, is_open=stands is None, reopens_at=stands["holds_until"] if stands else None)


def _row(tx: Transaction, review_id: int) -> Row:
    row = reviews.find(tx, review_id) if 0 < review_id <= _LARGEST_ID else None
    if row is None:
        raise Refused(
            f"There is no question {review_id} in portal {tx.portal_id}: it may have resolved itself."
            f" `second-order review {tx.portal_id}` lists the open ones"
        )
    return row


def _known_kind(kind: str | None) -> None:
    if kind is not None and kind not in KINDS:
        raise Refused(f"There are no questions of the kind {kind}; the kinds are {', '.join(KINDS)}")


def _check(row: Row, answer: Answer, now: datetime) -> None:
    verbs = VERBS[row["kind"]]
    if answer.verb not in verbs:
        can = ", ".join("pick:CONTACT" if one == "pick" else one for one in verbs)
        raise Refused(
            f"Question {row['review_id']} is of the kind {row['kind']}, which takes {can}, and not {answer.verb}"
        )
    _check_words(answer, now)
    if answer.verb == "reopen" and row["is_open"]:
        raise Refused(f"Question {row['review_id']} is open; there is no answer to take back")


def _check_words(answer: Answer, now: datetime) -> None:
    for name, text, longest in (("author", answer.author, _LONGEST_AUTHOR), ("reason", answer.reason, _LONGEST_REASON)):
        if not text.strip():
            raise Refused(f"A decision needs its {name}: say who decides and why (--by and --reason as a command)")
        if len(text) > longest or "\x00" in text:
            raise Refused(f"The {name} is longer than {longest} characters or holds one that cannot be kept")
    if answer.until is not None and (answer.until >= date.max or (_ends(answer.until) or now) <= now):
        raise Refused(f"{answer.until} is over; a decision can hold until today or a later day")


def _ends(until: date | None) -> datetime | None:
    """A decision holds through its last day."""
    return None if until is None else datetime.combine(until, time(), UTC) + timedelta(days=1)


def _detail(tx: Transaction, row: Row, answer: Answer) -> Json:
    """What is kept with an answer, so that it can be applied to records and rows that are made anew."""
    body = row["body"]
    kept: Json = {
        name: body[name] for name in ("contacts", "companies", "deal", "owner", "target", "mark") if name in body
    }
    if row["kind"] == "move" and answer.verb == "confirm":
        kept |= _move(tx, row, answer)
    if row["kind"] == "referral" and answer.verb == "pick":
        kept["pick"] = _picked(row, answer)
    return kept


def _move(tx: Transaction, row: Row, answer: Answer) -> Json:
    found = [one for one in moves.of_contacts(tx, row["body"]["contacts"]) if one["move_key"] == row["question"]]
    kept: Json = {"move": dict(found[0]["body"])} if found else {}
    if answer.company is not None:
        known = mirror.load(tx, "company", [answer.company]).get(answer.company)
        if known is None or known.gone_at is not None:
            raise Refused(f"Company {answer.company} is not known here; give the number of a company in HubSpot")
        if answer.company == row["body"]["companies"][0]:
            raise Refused("A move cannot lead to the company it came from; reject it instead")
        kept["company"] = answer.company
    if answer.day is not None:
        kept["date"] = datetime.combine(answer.day, time(), UTC).isoformat()
    return kept


def _picked(row: Row, answer: Answer) -> int:
    candidates = row["body"]["contacts"]
    if answer.pick is None or answer.pick not in candidates:
        said = ", ".join(str(one) for one in candidates)
        raise Refused(f"Contact {answer.pick} is none of the candidates of question {row['review_id']}: {said}")
    return answer.pick


def _mark(tx: Transaction, kind: str, detail: Mapping[str, Any]) -> None:
    """Have what an answer concerns looked at again."""
    if kind in {"identity", "move"}:
        today = mirror.resolve(tx, "contact", detail["contacts"])
        concerned = {("person", one) for one in {*detail["contacts"], *today.values()}}
        mirror.mark_stale(tx, mirror.PEOPLE, concerned)
    elif kind == "referral":
        owner, number = questions.ref(detail["owner"])
        mirror.mark_stale(tx, mirror.DEALS, {(owner, mirror.resolve(tx, owner, [number])[number])})
    else:
        mirror.mark_stale(tx, mirror.DEALS, {("deal", detail["deal"])})
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
