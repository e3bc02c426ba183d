"""Answers of people: whether one makes sense for its question, and what is kept with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from integration.core.errors import Refused
from integration.storage.database import Row, Transaction
from integration.storage.findings import move_rows, stored_shapes
from integration.storage.mirror import mirror
from integration.storage.reviews import decision_rows
from mappings.rules.attribution import decisions as decided
from mappings.rules.attribution.decisions import VERBS
from mappings.stored import shape_table

Json = dict[str, Any]
_LONGEST_REASON, _LONGEST_AUTHOR = 1000, 200


class TooLate(Refused):
    """Somebody else answered first; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says to a question, as it came: a verb of its kind, by whom, why, and until which day it holds.

    `pick` is the contact a referral means, `company` and `day` correct a move. `seen` is the answer
    that stood when the person decided (0: none), `anyway` replaces whatever stands. `actor` is how
    the trail names who did it.
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


def check(row: Row, answer: Answer, now: datetime) -> None:
    """Refuse what is no answer to this question, with a sentence that says what would be one."""
    verbs = VERBS[row["kind"]]
    if answer.verb not in verbs:
        can = ", ".join("pick:CONTACT" if one == "pick" else one for one in verbs)
        raise Refused(
            f"Question {row['review_id']} is of the kind {row['kind']}, which takes {can}, and not {answer.verb}"
        )
    check_words(answer, now)
    if answer.verb == "reopen" and row["is_open"]:
        raise Refused(f"Question {row['review_id']} is open; there is no answer to take back")


def check_words(answer: Answer, now: datetime) -> None:
    """Refuse an answer without author or reason, or one that has ended already."""
    for name, text, longest in (
        ("author", answer.author, _LONGEST_AUTHOR),
        ("reason", answer.reason, _LONGEST_REASON),
    ):
        if not text.strip():
            raise Refused(
                f"A decision needs its {name}: say who decides and why (--by and --reason as a command)"
            )
        if len(text) > longest or "\x00" in text:
            raise Refused(
                f"The {name} is longer than {longest} characters or holds one that cannot be kept"
            )
    if answer.until is not None and (
        answer.until >= date.max or (ends(answer.until) or now) <= now
    ):
        raise Refused(f"{answer.until} is over; a decision can hold until today or a later day")


def ends(until: date | None) -> datetime | None:
    """A decision holds through its last day."""
    return None if until is None else datetime.combine(until, time(), UTC) + timedelta(days=1)


def detail_of(tx: Transaction, row: Row, answer: Answer) -> Json:
    """What is kept with an answer, so that it can be applied to records and rows that are made anew."""
    body = row["body"]
    kept: Json = {
        name: body[name]
        for name in ("contacts", "companies", "deal", "owner", "target", "mark")
        if name in body
    }
    if row["kind"] == "move" and answer.verb == "confirm":
        kept |= _move(tx, row, answer)
    if row["kind"] == "referral" and answer.verb == "pick":
        kept["pick"] = _picked(row, answer)
    return kept


def _move(tx: Transaction, row: Row, answer: Answer) -> Json:
    found = [
        one
        for one in move_rows.of_contacts(tx, row["body"]["contacts"])
        if one["move_key"] == row["question"]
    ]
    kept: Json = (
        {"move": stored_shapes.plain(shape_table.body_of(stored_shapes.move_of(found[0])))}
        if found
        else {}
    )
    if answer.company is not None:
        known = mirror.load(tx, "company", [answer.company]).get(answer.company)
        if known is None or known.gone_at is not None:
            raise Refused(
                f"Company {answer.company} is not known here; give the number of a company in HubSpot"
            )
        if answer.company == row["body"]["companies"][0]:
            raise Refused("A move cannot lead to the company it came from; reject it instead")
        kept["company"] = answer.company
    if answer.day is not None:
        kept["date"] = _first_moment(answer.day)
    return kept


def _picked(row: Row, answer: Answer) -> int:
    candidates = row["body"]["contacts"]
    if answer.pick is None or answer.pick not in candidates:
        said = ", ".join(str(one) for one in candidates)
        raise Refused(
            f"Contact {answer.pick} is none of the candidates of question {row['review_id']}: {said}"
        )
    return answer.pick


def check_consistent(tx: Transaction, contacts: Sequence[int], now: datetime) -> None:
    """Refuse an answer that contradicts others taken together: A is B and B is C, but A is not C."""
    known: dict[tuple[int, int], bool] = {}
    group, fresh = set(contacts), set(contacts)
    while fresh:
        found = decided.pairs(decision_rows.concerning(tx, ("identity",), "contact", fresh, now))
        known |= found
        fresh = {
            one
            for pair, same in found.items()
            if same and not group.isdisjoint(pair)
            for one in pair
        } - group
        group |= fresh
    groups = {one: {one} for one in group}
    for (a, b), same in known.items():
        if same and a in groups and b in groups and groups[a] is not groups[b]:
            groups[a] |= groups[b]
            groups.update(dict.fromkeys(groups[b], groups[a]))
    for (a, b), same in known.items():
        if not same and a in groups and b in groups[a]:
            way = ", ".join(str(one) for one in sorted(groups[a]))
            raise Refused(
                f"That contradicts other answers: contacts {a} and {b} were decided to be different people, and by way"
                f" of {way} they would be one. Take one of those back first"
            )


def repeats(row: Row, answer: Answer) -> bool:
    """Whether a kept answer is this one, by the same person, whose first receipt was lost."""
    kept = (row["verb"], row["author"], row["reason"], row["holds_until"])
    if kept != (answer.verb, answer.author.strip(), answer.reason.strip(), ends(answer.until)):
        return False
    detail = row["detail"]
    if answer.verb == "pick":
        return bool(detail.get("pick") == answer.pick)
    if answer.verb == "confirm":
        return (detail.get("company"), detail.get("date")) == (
            answer.company,
            _first_moment(answer.day),
        )
    return True


def _first_moment(day: date | None) -> str | None:
    return None if day is None else datetime.combine(day, time(), UTC).isoformat()


def already(row: Row) -> str:
    """What to tell somebody who comes second."""
    until = (
        f", until {row['holds_until'] - timedelta(seconds=1):%Y-%m-%d}"
        if row["holds_until"]
        else ""
    )
    return (
        f"{row['author'] or 'Somebody'} answered this already on {row['decided_at']:%Y-%m-%d %H:%M} UTC: {row['verb']}"
        f"{until}. To change it, look at that answer and decide again (--again on the command line)"
    )
