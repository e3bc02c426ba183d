"""Follow-ups: every neutral or detractor answer, and every wide gap, is looked into by somebody.

One a person at a time: while it is open, another poor answer sharpens it, and a better one is said
beside it and closes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from mappings.rules.facts import NpsAnswer
from mappings.rules.policy import Policy
from mappings.rules.success import nps, pulse
from mappings.rules.success.pulse import Pulse

SAME_PERSON: Final = "same_person"
"""The tag of one that goes on as another of the same person."""
TASK_DONE: Final = "task_done"
"""The tag of one whose task somebody completed in HubSpot."""
TAGS: Final[Mapping[str, str]] = {
    "product": "Something is missing or broken in the product",
    "support": "Support",
    "onboarding": "Getting started",
    "price": "Price or contract",
    "relationship": "Too little contact",
    "misunderstood": "A misunderstanding",
    "unreachable": "Could not be reached",
    "nothing_to_do": "Nothing to do",
    "other": "Something else",
}
"""The reasons that everybody may close one with; admins add their own."""
_RANKS = {"detractor": 0, "passive": 1, "promoter": 2}
_WEEKEND = (5, 6)


class FollowUpKind(StrEnum):
    """Why somebody has to look into something."""

    ANSWER = "answer"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One loop: what opened it, what came since, until when, whose it is, when it was closed.

    Of an answer `score` and `answered_at` are those of the last poor one, `later_score` of a better
    one since; of a gap `steps` and the pulse's `month`. `is_withdrawn`: what opened it is not there
    any more. Without `number` it is not stored yet.
    """

    kind: FollowUpKind
    contact_id: int | None = None
    company_id: int | None = None
    score: int | None = None
    answered_at: datetime | None = None
    later_score: int | None = None
    later_at: datetime | None = None
    steps: int | None = None
    month: date | None = None
    is_withdrawn: bool = False
    opened_at: datetime | None = None
    due_on: date | None = None
    owner_id: int | None = None
    is_reassigned: bool = False
    closed_at: datetime | None = None
    number: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to look into it."""
        return self.closed_at is None

    @property
    def known_until(self) -> datetime | None:
        """The last answer that it takes account of."""
        return max((at for at in (self.answered_at, self.later_at) if at), default=None)


def is_poor(score: int) -> bool:
    """Whether an answer has to be looked into: a neutral one or a detractor's."""
    return nps.group(score) != "promoter"


def of_person(
    answers: Iterable[NpsAnswer],
    existing: Sequence[FollowUp],
    *,
    since: datetime,
    now: datetime,
    policy: Policy,
) -> FollowUp | None:
    """The follow-up that is open for a person, as it has to be now; None where there is none.

    *answers* are the person's, of all their records, *existing* what was opened for them before. An
    answer from before the install (*since*), or too old to come back to, opens none; nor does one
    that an earlier follow-up took account of.
    """
    past = sorted((answer for answer in answers if answer.at <= now), key=_by_time)
    known = max(filter(None, (loop.known_until for loop in existing)), default=None)
    fresh = [answer for answer in past if known is None or answer.at > known]
    loop = next(iter(open_ones(existing)), None)
    if loop is None:
        start = max(since, now - timedelta(policy.follow_up_answer_days))
        loop = _opened(answer for answer in fresh if answer.at >= start)
    if loop is None:
        return None
    for answer in fresh:
        loop = _with(loop, answer)
    return replace(loop, is_withdrawn=loop.later_at is None and not _is_there(loop, past))


def open_ones(existing: Iterable[FollowUp]) -> list[FollowUp]:
    """Those that are open, the one that is due first before the others.

    Records that turn out to be one person bring one each: the first goes on for all of them.
    """
    still = [loop for loop in existing if loop.is_open]
    return sorted(still, key=lambda loop: (loop.due_on or date.max, loop.number or 0))


def _by_time(answer: NpsAnswer) -> tuple[datetime, str]:
    return answer.at, answer.id


def _opened(fresh: Iterable[NpsAnswer]) -> FollowUp | None:
    """A new one for the last poor answer, if any."""
    poor = [answer for answer in fresh if is_poor(answer.score)]
    return _of_answer(poor[-1]) if poor else None


def _of_answer(answer: NpsAnswer) -> FollowUp:
    return FollowUp(
        FollowUpKind.ANSWER,
        contact_id=answer.contact_id,
        company_id=answer.company_id,
        score=answer.score,
        answered_at=answer.at,
    )


def _with(loop: FollowUp, answer: NpsAnswer) -> FollowUp:
    """The follow-up after one more answer: sharper, or with the better answer beside it."""
    known = loop.known_until
    # HubSpot tells one answer twice: as a submission, and on the contact a little later.
    if known is None or answer.at <= known or _is_same(loop, answer):
        return loop
    if _RANKS[nps.group(answer.score)] > _RANKS[nps.group(loop.score or 0)]:
        return replace(loop, later_score=answer.score, later_at=answer.at)
    return replace(loop, score=answer.score, answered_at=answer.at, later_score=None, later_at=None)


def _is_same(loop: FollowUp, answer: NpsAnswer) -> bool:
    return loop.answered_at is not None and (loop.score, loop.answered_at.date()) == (
        answer.score,
        answer.at.date(),
    )


def _is_there(loop: FollowUp, answers: Iterable[NpsAnswer]) -> bool:
    return any(_is_same(loop, answer) for answer in answers)


def of_gap(
    company_id: int,
    pulses: Sequence[Pulse],
    sentiment: float | None,
    existing: Sequence[FollowUp],
    *,
    now: datetime,
    policy: Policy,
) -> FollowUp | None:
    """The follow-up of the gap between a company's owner and the company, as it has to be now.

    A pulse opens one at most; where the gap closed by itself, the one that is open says so.
    """
    said = pulse.newest(pulses, now)
    is_known = said is not None and pulse.is_of_late(said, now, policy) and sentiment is not None
    steps = pulse.gap(said, sentiment, policy) if is_known and said and sentiment is not None else 0
    loop = next((loop for loop in existing if loop.is_open), None)
    if loop is not None:
        return replace(loop, steps=steps or loop.steps, is_withdrawn=steps == 0)
    if steps == 0 or said is None or said.month in {loop.month for loop in existing}:
        return None
    return FollowUp(FollowUpKind.GAP, company_id=company_id, steps=steps, month=said.month)


def due_on(loop: FollowUp, today: date, policy: Policy) -> date:
    """By when somebody should have come back: a detractor in working days, all else in days."""
    if loop.score is not None and nps.group(loop.score) == "detractor":
        return next(_working_days_after(today, policy.follow_up_detractor_days))
    return today + timedelta(policy.follow_up_passive_days)


def _working_days_after(today: date, days: int) -> Iterator[date]:
    """The days from the so-manieth working day after today on; holidays are not known."""
    day = today
    left = days
    while left > 0:
        day += timedelta(1)
        left -= day.weekday() not in _WEEKEND
    yield day
