"""Acquaintances: whom a customer's person knows at a company that may buy, and from what."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mappings.formats import day
from mappings.rules.facts import PPM
from mappings.rules.findings import Employment
from mappings.rules.policy import Policy

# Less is an edge of two guessed dates, and no time together.
_LEAST_TOGETHER = timedelta(days=30)


class Tie(StrEnum):
    """What joins two people, the firmest first."""

    MET = "met"
    WORKED_TOGETHER = "worked_together"


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody on an open deal, whom a customer's person may introduce us to.

    `deal_minor` is what the deal would bring, in minor units of the account's currency. `at` is the
    day of the meeting, or since when both were at the company that `where` names.
    """

    contact_id: int
    name: str
    company: str
    deal_id: int
    deal_minor: int
    tie: Tie
    at: datetime
    where: str = ""

    @property
    def because(self) -> str:
        """From what the two know each other, in words."""
        if self.tie == Tie.MET:
            return f"They were in a meeting with {self.name} ({self.company}) on {day(self.at)}"
        return (
            f"They worked at {self.where} at the same time as {self.name}, now at {self.company},"
            f" from {day(self.at)} on"
        )


def stake(target: Target, policy: Policy) -> int:
    """The money that an introduction may help to: the deal, by how likely the two know each other.

    Who met, knows the other. Of people who were at one company, a part does.
    """
    if target.tie == Tie.MET:
        return target.deal_minor
    return target.deal_minor * policy.referral_signals["worked_together"] // PPM


def ordered(targets: Iterable[Target], policy: Policy) -> list[Target]:
    """The targets with most money at stake first; of equals who met first, then the lower id."""
    return sorted(
        targets,
        key=lambda target: (
            -stake(target, policy),
            list(Tie).index(target.tie),
            target.contact_id,
        ),
    )


def together(
    mine: Iterable[Employment], theirs: Sequence[Employment]
) -> Iterator[tuple[int, datetime]]:
    """The companies at which two people were at the same time, each since when.

    A month at least, by the dates that the CRM shows: who came after the other left is no
    colleague.
    """
    for own in mine:
        for other in theirs:
            if own.company_id != other.company_id:
                continue
            since = max(own.since, other.since)
            ends = [spell.until for spell in (own, other) if spell.until is not None]
            if not ends or min(ends) - since >= _LEAST_TOGETHER:
                yield own.company_id, since
