"""What to ask somebody for, one thing at a time, and why that."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mappings.formats import day
from mappings.kinds import AskKind, AskOutcome, WinKind
from mappings.rules.policy import KEY_ROLES
from mappings.rules.success import nps
from mappings.rules.success.acquaintances import Target

_YEAR = timedelta(days=365)
_RESULTS: Final = frozenset(
    {WinKind.GOAL, WinKind.MILESTONE, WinKind.ONBOARDING, WinKind.USAGE_RECORD}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody was asked for before, and what became of it."""

    kind: AskKind
    at: datetime
    outcome: AskOutcome
    target_contact_id: int | None = None


@dataclass(frozen=True, slots=True)
class LateDeal:
    """An open deal that is near its decision, of the owner who would ask."""

    deal_id: int
    name: str
    company: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of somebody who is ready to be asked; `targets` are the best first."""

    win: WinKind | None
    health_band: str
    customer_since: datetime | None
    roles: frozenset[str] = frozenset()
    score: int | None = None
    job_title: str = ""
    targets: Sequence[Target] = ()
    late_deal: LateDeal | None = None
    before: Sequence[Asked] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to ask for, and why, in words."""

    kind: AskKind
    because: str
    target: Target | None = None
    deal: LateDeal | None = None


def choose(situation: Situation, now: datetime) -> Choice:
    """The first thing of the catalogue that fits, and that was not asked for in vain of late.

    An introduction to somebody named comes first: whoever is asked needs not think whom they could
    know. A referral in general fits everybody, and comes last.
    """
    for kind, fit in _CATALOGUE.items():
        if kind in _DECIDED_ONCE and _was_agreed(situation, kind):
            continue
        if kind != AskKind.INTRODUCTION and _was_asked(situation, kind, now):
            continue
        choice = next(fit(situation, now), None)
        if choice is not None:
            return choice
    return next(_referral(situation, now))


def _was_asked(situation: Situation, kind: AskKind, now: datetime) -> bool:
    """Whether they were asked for the same within a year: the next time it is something else."""
    return any(asked.kind == kind and now - asked.at < _YEAR for asked in situation.before)


def _was_agreed(situation: Situation, kind: AskKind) -> bool:
    return any(
        asked.kind == kind and asked.outcome == AskOutcome.AGREED for asked in situation.before
    )


def _introduction(situation: Situation, now: datetime) -> Iterator[Choice]:
    asked_for = {asked.target_contact_id for asked in situation.before if now - asked.at < _YEAR}
    for target in situation.targets:
        if target.contact_id not in asked_for:
            yield Choice(AskKind.INTRODUCTION, target.because, target=target)


def _reference(situation: Situation, now: datetime) -> Iterator[Choice]:
    """Who decides and has been a customer for a year can speak to somebody who has to decide."""
    if situation.late_deal and situation.roles & KEY_ROLES and _is_seasoned(situation, now):
        because = f'The deal "{situation.late_deal.name}" is near its decision; they decided before'
        yield Choice(AskKind.REFERENCE, because, deal=situation.late_deal)


def _case_study(situation: Situation, now: datetime) -> Iterator[Choice]:
    if situation.win in _RESULTS and _is_seasoned(situation, now):
        since = day(situation.customer_since)
        because = f"They reached something that can be told, and are customers since {since}"
        yield Choice(AskKind.CASE_STUDY, because)


def _review(situation: Situation, _now: datetime) -> Iterator[Choice]:
    if situation.score is not None and nps.group(situation.score) == "promoter":
        because = f"They answered {situation.score} of 10: a review says the same in public"
        yield Choice(AskKind.REVIEW, because)


def _referral(_situation: Situation, _now: datetime) -> Iterator[Choice]:
    yield Choice(AskKind.REFERRAL, "Nobody is known whom they could introduce us to by name")


def _is_seasoned(situation: Situation, now: datetime) -> bool:
    since = situation.customer_since
    return since is not None and now - since >= _YEAR and situation.health_band == "healthy"


_Fit = Callable[[Situation, datetime], Iterator[Choice]]
_CATALOGUE: Final[Mapping[AskKind, _Fit]] = {
    AskKind.INTRODUCTION: _introduction,
    AskKind.REFERENCE: _reference,
    AskKind.CASE_STUDY: _case_study,
    AskKind.REVIEW: _review,
    AskKind.REFERRAL: _referral,
}
_DECIDED_ONCE: Final = frozenset({AskKind.CASE_STUDY, AskKind.REVIEW})


def outcome(
    noted: AskOutcome | None, asked_at: datetime, now: datetime, silent_days: int
) -> AskOutcome:
    """What became of an ask: what somebody noted, else silence once the answer is overdue."""
    if noted is not None:
        return noted
    is_overdue = now - asked_at >= timedelta(silent_days)
    return AskOutcome.SILENT if is_overdue else AskOutcome.OPEN
