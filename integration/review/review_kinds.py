"""Kinds of review tasks: one row each. A new kind is a new row, and a member of ReviewKind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integration.core.errors import Refused
from integration.portal.occurrence import Extent
from integration.review import answer_details, questions
from integration.review.answers import Answer
from integration.review.questions import Body, Names
from integration.storage.database import Row, Transaction
from mappings.kinds import ReviewKind, Verb

Json = dict[str, Any]


def _no_check(_tx: Transaction, _detail: Body, _now: datetime) -> None:
    """Accept every answer."""


@dataclass(frozen=True, slots=True)
class TaskKind:
    """One kind of review task.

    `verbs` are its answers with the labels of their buttons, in the buttons' order; "reopen" is
    an answer of every kind. `question` words the task. `about` names the records of an answer as
    the table of recomputations takes them. `details` return what a verb stores beside the records.
    `check` refuses a stored answer that contradicts others.
    """

    kind: ReviewKind
    verbs: Mapping[Verb, str]
    question: Callable[[Body, Names], str]
    about: Callable[[Body], Extent]
    details: Mapping[Verb, Callable[[Transaction, Row, Answer], Json]] = field(default_factory=dict)
    check: Callable[[Transaction, Body, datetime], None] = _no_check

    @property
    def accepted(self) -> tuple[Verb, ...]:
        """Every verb that answers a task of this kind."""
        return (*self.verbs, Verb.REOPEN)


def _contacts(detail: Body) -> Extent:
    return {"contacts": detail["contacts"]}


def _referring_record(detail: Body) -> Extent:
    """The record whose text or field names the referrer."""
    return {"records": [questions.ref(detail["owner"])]}


def _deal(detail: Body) -> Extent:
    return {"deals": [detail["deal"]]}


def _check_same_person(tx: Transaction, detail: Body, now: datetime) -> None:
    answer_details.check_same_person(tx, detail["contacts"], now)


_ROWS = (
    TaskKind(
        ReviewKind.IDENTITY,
        {Verb.SAME: "Same person", Verb.DIFFERENT: "Different people"},
        questions.same_person,
        _contacts,
        check=_check_same_person,
    ),
    TaskKind(
        ReviewKind.MOVE,
        {Verb.CONFIRM: "Yes, this happened", Verb.REJECT: "No"},
        questions.job_change,
        _contacts,
        details={Verb.CONFIRM: answer_details.corrected_move},
    ),
    TaskKind(
        ReviewKind.REFERRAL,
        {Verb.PICK: "Picked", Verb.REJECT: "Nobody of them"},
        questions.referrer,
        _referring_record,
        details={Verb.PICK: answer_details.picked_contact},
    ),
    TaskKind(
        ReviewKind.SUGGESTION,
        {Verb.DISMISS: "Do not suggest again"},
        questions.add_to_deal,
        _deal,
    ),
    TaskKind(
        ReviewKind.ARRIVAL,
        {Verb.CONFIRM: "Yes, already there", Verb.REJECT: "No, came later"},
        questions.already_there,
        _deal,
    ),
    TaskKind(
        ReviewKind.MERGE,
        {Verb.SAME: "One company all along", Verb.DIFFERENT: "Two companies then"},
        questions.merged_companies,
        _deal,
    ),
    TaskKind(
        ReviewKind.REJUDGE,
        {Verb.CONFIRM: "Judge the deal anew", Verb.REJECT: "Leave it as booked"},
        questions.late_evidence,
        _deal,
    ),
)
TASK_KINDS: Mapping[str, TaskKind] = {row.kind: row for row in _ROWS}
VERB_LABELS: Mapping[tuple[str, str], str] = {
    (row.kind, verb): label for row in _ROWS for verb, label in row.verbs.items()
}
"""What people read for an answer, by the kind of its question."""


def check_verb(row: Row, answer: Answer) -> None:
    """Refuse a verb of another kind, with a sentence that lists the verbs of this kind."""
    accepted = TASK_KINDS[row["kind"]].accepted
    if answer.verb not in accepted:
        verbs = ", ".join("pick:CONTACT" if verb is Verb.PICK else verb for verb in accepted)
        raise Refused(
            f"Question {row['review_id']} is of the kind {row['kind']}, which takes {verbs},"
            f" and not {answer.verb}"
        )


def check_kind(kind: str | None) -> None:
    """Refuse a kind that does not exist; None stands for all kinds."""
    if kind is not None and kind not in TASK_KINDS:
        raise Refused(
            f"There are no questions of the kind {kind}; the kinds are {', '.join(TASK_KINDS)}"
        )
