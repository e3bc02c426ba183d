"""The contact cap: how often one person may be approached, by surveys and asks together."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mappings.formats import day
from mappings.rules.policy import Policy

_YEAR = timedelta(days=365)


class ApproachKind(StrEnum):
    """What an approach was: a survey that we sent, or something that we asked for."""

    SURVEY = "survey"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Approach:
    """One survey or ask that reached a person; `company_id` is where they were on that day."""

    contact_id: int
    kind: ApproachKind
    at: datetime
    key: str = ""
    company_id: int | None = None


class CapReason(StrEnum):
    """Why somebody is not approached now."""

    OPTED_OUT = "opted_out"
    SURVEYED = "surveyed"
    APPROACHED = "approached"
    ASKED = "asked"
    COMPANY_ASKED = "company_asked"
    ASKED_OFTEN = "asked_often"


@dataclass(frozen=True, slots=True)
class Rest:
    """Why somebody is left in peace, in words, and until when; None is until they say otherwise."""

    reason: CapReason
    because: str
    until: datetime | None


def rests_from_surveys(
    approaches: Collection[Approach], now: datetime, policy: Policy, *, opted_out: str = ""
) -> tuple[Rest, ...]:
    """Say why a person gets no survey now; empty when they may get one.

    *approaches* are the person's, of all their records. *opted_out* says in words that they do not
    want to be asked. A moment to come counts like any other: the rest begins then.
    """
    rests = [
        *_opted_out(opted_out),
        *_rest_after(
            _latest(approaches, ApproachKind.SURVEY),
            policy.survey_rest_days,
            CapReason.SURVEYED,
        ),
        *_rest_after(
            _latest(approaches, ApproachKind.ASK),
            policy.approach_rest_days,
            CapReason.APPROACHED,
        ),
    ]
    return _still(rests, now)


def rests_from_asks(
    approaches: Collection[Approach],
    at_company: Collection[Approach],
    now: datetime,
    policy: Policy,
    *,
    opted_out: str = "",
    answered_at: Sequence[datetime] = (),
) -> tuple[Rest, ...]:
    """Say why a person is not asked for anything now; empty when they may be.

    *approaches* are the person's, of all their records; *at_company* those of anybody at their
    company. A survey that was answered since (*answered_at*) does not keep us from asking: whoever
    answered was not disturbed, and a promoter's answer is the best moment there is.
    """
    rests = [
        *_opted_out(opted_out),
        *_rest_after(
            _latest(approaches, ApproachKind.ASK),
            policy.ask_rest_days,
            CapReason.ASKED,
        ),
        *_asked_often(approaches, policy),
        *_rest_after(
            _latest(_unanswered(approaches, answered_at), ApproachKind.SURVEY),
            policy.approach_rest_days,
            CapReason.APPROACHED,
        ),
        *_rest_after(
            _latest(at_company, ApproachKind.ASK),
            policy.ask_company_rest_days,
            CapReason.COMPANY_ASKED,
        ),
    ]
    return _still(rests, now)


def _still(rests: Sequence[Rest], now: datetime) -> tuple[Rest, ...]:
    return tuple(rest for rest in rests if rest.until is None or rest.until > now)


def _opted_out(words: str) -> Iterator[Rest]:
    if words:
        yield Rest(CapReason.OPTED_OUT, words, None)


def _rest_after(latest: Approach | None, days: int, reason: CapReason) -> Iterator[Rest]:
    if latest is not None:
        yield Rest(reason, _told(latest, reason), latest.at + timedelta(days))


def _told(approach: Approach, reason: CapReason) -> str:
    """What took place, in words."""
    if reason == CapReason.COMPANY_ASKED:
        return f"somebody at their company was asked on {day(approach.at)}"
    if approach.kind == ApproachKind.SURVEY:
        return f"they got a survey on {day(approach.at)}"
    return f"they were asked on {day(approach.at)}"


def _asked_often(approaches: Collection[Approach], policy: Policy) -> Iterator[Rest]:
    """As many asks as a year may have: the next one is due a year after the first of them."""
    times = sorted(approach.at for approach in approaches if approach.kind == ApproachKind.ASK)
    most = policy.asks_in_a_year
    if most <= 0 or len(times) < most:
        return
    words = f"they were asked {most} times since {day(times[-most])}"
    yield Rest(CapReason.ASKED_OFTEN, words, times[-most] + _YEAR)


def _latest(approaches: Collection[Approach], kind: ApproachKind) -> Approach | None:
    own = [approach for approach in approaches if approach.kind == kind]
    return max(own, key=lambda approach: (approach.at, approach.key), default=None)


def _unanswered(
    approaches: Collection[Approach], answered_at: Sequence[datetime]
) -> list[Approach]:
    """All approaches but surveys that were answered: an answer is at, or after, its survey."""
    last = max(answered_at, default=None)
    return [approach for approach in approaches if last is None or approach.at > last]
