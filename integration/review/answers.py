"""An answer to a review task: its fields, its limits, and the sentence for somebody too late."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from integration.core.errors import Refused
from integration.portal import authors
from integration.storage.database import Row, Transaction
from mappings.formats import moment
from mappings.kinds import ReviewKind, Verb

_LONGEST_REASON, _LONGEST_AUTHOR = 1000, 200


class TooLate(Refused):
    """Somebody else answered first; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's answer: a verb of the task's kind, its author, reason and last day.

    `pick` is the contact that a referral means; `company` and `day` correct a move. `seen` is the
    decision that stood when the person decided (0: none); `anyway` replaces whatever stands.
    `actor` is the author's name in the audit trail.
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


def check_words(answer: Answer, now: datetime) -> None:
    """Refuse an answer without author or reason, or one that has ended already."""
    _check_text("author", answer.author, _LONGEST_AUTHOR)
    _check_text("reason", answer.reason, _LONGEST_REASON)
    if answer.until is None:
        return
    # The last day of the calendar has no day after it, at which the answer would end.
    if answer.until >= date.max or (end_of(answer.until) or now) <= now:
        raise Refused(f"{answer.until} is over; a decision can hold until today or a later day")


def check_correction(kind: str, answer: Answer, now: datetime) -> None:
    """Refuse a corrected company or day that the answer would not take along."""
    if answer.company is None and answer.day is None:
        return
    if (kind, answer.verb) != (ReviewKind.MOVE, Verb.CONFIRM):
        raise Refused(
            "Only a job change that happened can be corrected: clear company and date, or confirm"
        )
    if answer.day is not None and answer.day > _latest_day(now):
        raise Refused(f"{answer.day} is yet to come; a job change is confirmed when it happened")


def _latest_day(now: datetime) -> date:
    """Return the latest day that it is anywhere on Earth."""
    return (now + timedelta(hours=14)).date()


def _check_text(name: str, text: str, longest: int) -> None:
    if not text.strip():
        raise Refused(
            f"A decision needs its {name}: say who decides and why (--by and --reason as a command)"
        )
    if len(text) > longest or "\x00" in text:
        raise Refused(
            f"The {name} is longer than {longest} characters or holds one that cannot be kept"
        )


def end_of(until: date | None) -> datetime | None:
    """Return the moment at which an answer ends: it holds through its last day, in UTC."""
    return None if until is None else datetime.combine(until, time(), UTC) + timedelta(days=1)


def start_of(day: date | None) -> str | None:
    """Return a day's first moment, in UTC, as ISO text."""
    return None if day is None else datetime.combine(day, time(), UTC).isoformat()


def repeats(row: Row, answer: Answer) -> bool:
    """Whether a stored decision is this answer, sent again because its receipt was lost."""
    stored = (row["verb"], row["author"], row["reason"], row["holds_until"])
    sent = (answer.verb, answer.author.strip(), answer.reason.strip(), end_of(answer.until))
    if stored != sent:
        return False
    detail = row["detail"]
    if answer.verb == Verb.PICK:
        return bool(detail.get("pick") == answer.pick)
    if answer.verb == Verb.CONFIRM:
        corrected = (answer.company, start_of(answer.day))
        return (detail.get("company"), detail.get("date")) == corrected
    return True


def already_answered(tx: Transaction, row: Row) -> str:
    """Return the sentence for somebody who answers second."""
    author = authors.in_words(tx, row["author"])
    author = author[:1].upper() + author[1:]
    until = f", until {last_day(row['holds_until'])}" if row["holds_until"] else ""
    return (
        f"{author} answered this already on {moment(row['decided_at'])}: {row['verb']}"
        f"{until}. To change it, look at that answer and decide again (--again on the command line)"
    )


def last_day(holds_until: datetime | None) -> date | None:
    """Return the last day on which an answer holds that ends at *holds_until*."""
    return (holds_until - timedelta(seconds=1)).date() if holds_until else None
