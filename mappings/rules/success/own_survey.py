"""Our own survey: who may be asked, and which invitation an answer belongs to."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mappings.rules.facts import ContactFacts, NpsAnswer
from mappings.rules.policy import Policy
from mappings.rules.success.contact_cap import Approach, ApproachKind, Rest, rests_from_surveys


@dataclass(frozen=True, slots=True)
class Invitation:
    """One time that a person's link was opened: when, and when they answered."""

    contact_id: int
    number: int
    opened_at: datetime
    answered_at: datetime | None = None


class Turn(StrEnum):
    """What somebody may do who opens their link."""

    ANSWER = "answer"
    CHANGE = "change"
    WAIT = "wait"


def current(invitations: Iterable[Invitation], now: datetime, policy: Policy) -> Invitation | None:
    """The invitation that an answer of now belongs to; None where a new one begins.

    The next begins when the rest after the last is over: mails of the same round, opened late or
    twice, are one invitation.
    """
    newest = max(invitations, key=_last_sign, default=None)
    if newest is None:
        return None
    ends_at = _last_sign(newest) + timedelta(policy.survey_rest_days)
    return newest if now < ends_at else None


def _last_sign(invitation: Invitation) -> datetime:
    return invitation.answered_at or invitation.opened_at


def turn(invitation: Invitation | None, now: datetime, policy: Policy) -> Turn:
    """Whether the person may answer, change what they answered, or has answered."""
    if invitation is None or invitation.answered_at is None:
        return Turn.ANSWER
    return Turn.CHANGE if now < changeable_until(invitation.answered_at, policy) else Turn.WAIT


def changeable_until(answered_at: datetime, policy: Policy) -> datetime:
    """Until when a later answer replaces one of the same invitation."""
    return answered_at + timedelta(hours=policy.survey_change_hours)


def hindrance(
    contact: ContactFacts,
    *,
    is_at_customer: bool,
    has_left: bool,
    rests: Sequence[Rest],
) -> str:
    """Say why a person gets no survey now; empty for one who may get one."""
    if not is_at_customer:
        return "they are not at a customer"
    if has_left:
        return "they left their company"
    if not contact.emails:
        return "no e-mail address is known"
    if contact.bounced_at is not None:
        return "mail to them came back"
    return rests[0].because if rests else ""


def rests(
    approaches: Collection[Approach],
    answers: Iterable[NpsAnswer],
    now: datetime,
    policy: Policy,
    *,
    opted_out: str = "",
) -> tuple[Rest, ...]:
    """Say why somebody is left in peace. Whoever answered, whatever tool asked, got a survey."""
    answered = [
        Approach(answer.contact_id, ApproachKind.SURVEY, answer.at, answer.id)
        for answer in answers
        if answer.at <= now
    ]
    return rests_from_surveys([*approaches, *answered], now, policy, opted_out=opted_out)
