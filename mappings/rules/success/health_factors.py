"""Factors of health: each 0 (bad) to 100 (good) as of a moment, or the reason why it is not known.

What stays without news never rises: values age towards 50, or fall with the days that pass.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final, Generic, TypeVar

from mappings.formats import day, percent
from mappings.rules.facts import AccountFigures, NpsAnswer, Reading, Ticket
from mappings.rules.policy import Policy
from mappings.rules.success import nps, pulse
from mappings.rules.success.health import NEUTRAL, Factor, FactorState, aged, linear
from mappings.rules.success.pulse import Pulse

T = TypeVar("T")

ADOPTION: Final = "adoption"
RELATIONSHIP: Final = "relationship"
SENTIMENT: Final = "sentiment"
SUPPORT: Final = "support"
COMMERCIAL: Final = "commercial"


@dataclass(frozen=True, slots=True)
class Feed:
    """Where a factor's data comes from in this portal.

    `missing` says why there never was any; empty where there is. `lost_at` is when reading it
    ended, None while it is read.
    """

    missing: str = ""
    lost_at: datetime | None = None

    def days_lost(self, at: datetime) -> int:
        """For how many days it had not been read by then."""
        return (at - self.lost_at).days if self.is_lost(at) and self.lost_at else 0

    def is_lost(self, at: datetime) -> bool:
        """Whether it was no longer read by then."""
        return self.lost_at is not None and self.lost_at <= at


def not_applicable(name: str, words: str) -> Factor:
    """A factor that somebody declared not to apply, in their words, if those were not erased."""
    because = f'"{words}"' if words else ""
    return Factor(name, None, FactorState.NOT_APPLICABLE, because=because)


def _not_configured(name: str, because: str) -> Factor:
    return Factor(name, None, FactorState.NOT_CONFIGURED, because=because)


def _unknown(name: str, because: str) -> Factor:
    return Factor(name, None, FactorState.UNKNOWN, because=because)


_PRIORITY: Final[Mapping[str, float]] = {"URGENT": 4.0, "HIGH": 3.0, "MEDIUM": 2.0, "LOW": 1.0}
_OLD_TICKET = timedelta(days=7)  # after which a ticket weighs double
_WORST_BURDEN = 8.0
TICKETS_READ = Feed()


def support(tickets: Sequence[Ticket], at: datetime, feed: Feed = TICKETS_READ) -> Factor:
    """Open tickets by priority and age: 100 without any, 0 at a burden of eight.

    Whoever never had a ticket may be content or may ask elsewhere: that is unknown. Where tickets
    are no longer read, nobody knows of new ones: what was known goes on to weigh, and ages.
    """
    if feed.missing:
        return _not_configured(SUPPORT, feed.missing)
    opened = [ticket for ticket in tickets if ticket.opened_at <= at]
    if not opened:
        return _unknown(SUPPORT, "no ticket ever")
    still_open = [ticket for ticket in opened if _is_open(ticket, at)]
    burden = sum(_burden(ticket, at) for ticket in still_open)
    value = linear(burden, _WORST_BURDEN, 0)
    if len(still_open) == len(opened):
        # Nothing was ever solved: that somebody needs help must not look better than silence.
        value = min(value, NEUTRAL)
    text = _counted(len(still_open), "open ticket") if still_open else "no open ticket"
    if feed.lost_at is None or not feed.is_lost(at):
        return Factor(SUPPORT, value, because=text)
    because = f"{text} when tickets were last read, on {day(feed.lost_at)}"
    return Factor(SUPPORT, value, FactorState.STALE, feed.days_lost(at), because)


def _is_open(ticket: Ticket, at: datetime) -> bool:
    return ticket.opened_at <= at and (ticket.closed_at is None or ticket.closed_at > at)


def _burden(ticket: Ticket, at: datetime) -> float:
    is_old = at - ticket.opened_at > _OLD_TICKET
    return _PRIORITY.get(ticket.priority.upper(), 2.0) * (2 if is_old else 1)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun if count == 1 else noun + 's'}"


_ENOUGH_CONTACTS = 3
_WARM_DAYS = 14
_ACTIVE = timedelta(days=90)


def relationship(
    last_touches: Collection[datetime],
    at: datetime,
    policy: Policy,
    *,
    champion_here: bool,
    is_silent: bool,
    feed: Feed,
) -> Factor:
    """How alive the contact is: by the last two-way touch of each of the customer's people.

    It is never better than the last touch of them all is fresh. *is_silent* says that there was
    activity with them, and for as long as silence may last none that went both ways.
    """
    if last_touches:
        return _relationship_of(last_touches, at, policy, champion_here=champion_here)
    if feed.missing:
        return _unknown(RELATIONSHIP, feed.missing)
    if not is_silent:
        return _unknown(RELATIONSHIP, "no two-way touch yet")
    days = policy.relationship_zero_days
    return Factor(RELATIONSHIP, 0.0, because=f"no two-way touch in {days} days or more")


def _relationship_of(
    last_touches: Collection[datetime], at: datetime, policy: Policy, *, champion_here: bool
) -> Factor:
    latest = max(last_touches)
    active = sum(at - touched_at <= _ACTIVE for touched_at in last_touches)
    zero_days = max(policy.relationship_zero_days, _WARM_DAYS + 1)
    freshness = linear((at - latest).days, zero_days, _WARM_DAYS)
    parts = [freshness, linear(active, 0, _ENOUGH_CONTACTS), 100.0 if champion_here else 0.0]
    words = [
        f"last two-way touch {day(latest)}",
        f"{_counted(active, 'contact')} active in {_ACTIVE.days} days",
        "a champion" if champion_here else "no champion",
    ]
    return Factor(RELATIONSHIP, min(freshness, sum(parts) / len(parts)), because=", ".join(words))


SURVEYS_READ = Feed()


def sentiment(
    answers: Collection[NpsAnswer], at: datetime, policy: Policy, feed: Feed = SURVEYS_READ
) -> Factor:
    """The mean of each person's latest answer, however old, from -1..1 to 0..100.

    Praise that nobody repeated within the window fades; blame stays until the person takes it back.
    So does the cap at neutral where a decision maker's latest answer is a detractor's.
    """
    if not answers:
        return _unknown(SENTIMENT, feed.missing or "no answer to a survey")
    top = total = 0.0
    fades = [_fade(answer, at, policy, feed) for answer in answers]
    for answer, fade in zip(answers, fades, strict=True):
        age = (at - answer.at).days
        weight = nps.role_weight(answer.role) * math.exp2(-age / policy.nps_half_life_days)
        sign = nps.sign(answer.score)
        top += weight * (sign * fade if sign > 0 else sign)
        total += weight
    value = linear(top / total, -1, 1)
    if any(nps.is_key_detractor(answer) for answer in answers):
        value = min(value, NEUTRAL)
    latest = max(answer.at for answer in answers)
    because = f"{nps.words(nps.mix(answers))}, the last {day(latest)}"
    state = FactorState.KNOWN if max(fades) == 1 else FactorState.STALE
    return Factor(SENTIMENT, value, state, because=because)


def with_pulse(customer: Factor, said: Pulse | None, at: datetime, policy: Policy) -> Factor:
    """Sentiment with what the owner says of the customer, where somebody says it.

    The owner's worry counts as much as the customer's words; the owner's hope never raises them,
    and alone it is our own view, which counts half. It ages like all that was said.
    """
    if said is None:
        return customer
    days = (at - said.at).days - policy.pulse_window_days
    own = aged(pulse.value(said), max(0, days), policy)
    words = f"pulse {said.value} of {pulse.HIGHEST} on {day(said.at)}"
    is_fresh = days <= 0 or customer.state == FactorState.KNOWN
    state = FactorState.KNOWN if is_fresh else FactorState.STALE
    if customer.value is None:
        return Factor(SENTIMENT, NEUTRAL + (own - NEUTRAL) / 2, state, because=words)
    value = min(customer.value, (customer.value + own) / 2)
    because = f"{customer.because}, {words}"
    return Factor(SENTIMENT, value, state, because=because)


def _fade(answer: NpsAnswer, at: datetime, policy: Policy, feed: Feed) -> float:
    """What is left of an answer's praise: all of it while it is fresh and answers are read."""
    days = max(0, (at - answer.at).days - policy.nps_window_days)
    if feed.lost_at is not None and answer.at <= feed.lost_at:
        days = max(days, feed.days_lost(at))
    return math.exp2(-days / policy.stale_half_life_days)


@dataclass(frozen=True, slots=True)
class FigureFeeds:
    """The feeds of mapped properties; `missing` where the portal maps none."""

    usage: Feed = field(default_factory=Feed)
    milestone: Feed = field(default_factory=Feed)
    renewal: Feed = field(default_factory=Feed)
    recurring: Feed = field(default_factory=Feed)


@dataclass(frozen=True, slots=True)
class HealthFeeds:
    """Every feed that health rests on; `awaited` while the first pass over activities goes on."""

    touches: Feed = field(default_factory=Feed)
    answers: Feed = field(default_factory=Feed)
    tickets: Feed = field(default_factory=Feed)
    figures: FigureFeeds = field(default_factory=FigureFeeds)
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """One mapped property as a part of a factor, aged already."""

    value: float
    words: str
    is_fresh: bool


def adoption(figures: AccountFigures, at: datetime, policy: Policy, feeds: FigureFeeds) -> Factor:
    """How much the product is used; without usage, whether the customer ever got value.

    A milestone that was reached does not outweigh usage that is low.
    """
    if feeds.usage.missing and feeds.milestone.missing:
        return _not_configured(ADOPTION, "no usage or milestone is mapped")
    usage = _usage(figures, at, policy, feeds.usage)
    milestone = _milestone(figures, at, policy, feeds.milestone)
    if usage and milestone:
        value = min(usage.value, (usage.value + milestone.value) / 2)
        return _factor_of(ADOPTION, value, (usage, milestone))
    known = usage or milestone
    if known is None:
        return _unknown(ADOPTION, "no usage or milestone on this company")
    return _factor_of(ADOPTION, known.value, (known,))


def _usage(figures: AccountFigures, at: datetime, policy: Policy, feed: Feed) -> _Part | None:
    """Usage between the values that mean none and full."""
    last = _last_known(figures.usage, at, feed)
    if last is None:
        return None
    value = linear(last.value, policy.usage_zero_at, policy.usage_full_at)
    text = f"usage {last.value:g} of {policy.usage_full_at}"
    return _part(value, text, at, policy, days=last.days_stale)


def _milestone(figures: AccountFigures, at: datetime, policy: Policy, feed: Feed) -> _Part | None:
    """A milestone reached counts in full for as long as an answer does, then it fades."""
    last = _last_known(figures.milestone, at, feed)
    # A day that was still to come when somebody wrote it down is a plan.
    if last is None or last.value > (last.since or at):
        return None
    old = (at - last.value).days - policy.nps_window_days
    text = f"milestone reached {day(last.value)}"
    return _part(100.0, text, at, policy, days=max(old, last.days_stale))


def commercial(figures: AccountFigures, at: datetime, policy: Policy, feeds: FigureFeeds) -> Factor:
    """The worse of two: how far the renewal is, and what is left of the recurring value."""
    if feeds.renewal.missing and feeds.recurring.missing:
        return _not_configured(COMMERCIAL, "no renewal date or recurring value is mapped")
    parts = [
        part
        for part in (
            _renewal(figures, at, policy, feeds.renewal),
            _recurring(figures, at, policy, feeds.recurring),
        )
        if part is not None
    ]
    if not parts:
        return _unknown(COMMERCIAL, "no renewal date or recurring value on this company")
    return _factor_of(COMMERCIAL, min(part.value for part in parts), parts)


def _renewal(figures: AccountFigures, at: datetime, policy: Policy, feed: Feed) -> _Part | None:
    """0 on the day and after it, when the renewal is overdue; 100 while it is far away."""
    last = _last_known(figures.renewal, at, feed)
    if last is None:
        return None
    days = (last.value.date() - at.date()).days
    text = f"renewal {'overdue since' if days < 0 else 'on'} {day(last.value)}"
    value = linear(days, 0, max(1, policy.renewal_far_days))
    return _part(value, text, at, policy, days=last.days_stale)


def _recurring(figures: AccountFigures, at: datetime, policy: Policy, feed: Feed) -> _Part | None:
    """The recurring value against the highest it ever was: a contraction heals by growth alone."""
    last = _last_known(figures.recurring, at, feed)
    if last is None:
        return None
    known = (reading.value for reading in figures.recurring if _stood(reading, at))
    peak = max(value for value in known if value is not None)
    left = Fraction(max(0, last.value), peak) if peak > 0 else Fraction(0)
    value = linear(float(100 * left), policy.contraction_zero_at, 100)
    text = f"recurring value at {percent(left)} of its highest"
    return _part(value, text, at, policy, days=last.days_stale)


@dataclass(frozen=True, slots=True)
class _LastKnown(Generic[T]):
    """The last value that a property had, and for how many days nobody has known it since."""

    value: T
    since: datetime | None
    days_stale: int


def _last_known(readings: Sequence[Reading[T]], at: datetime, feed: Feed) -> _LastKnown[T] | None:
    """The last value as of a moment. One that was emptied is stale since, and not forgotten."""
    if feed.missing:
        return None
    emptied_at: datetime | None = None
    for reading in reversed([reading for reading in readings if _stood(reading, at)]):
        if reading.value is None:
            emptied_at = reading.at
            continue
        days = (at - emptied_at).days if emptied_at else 0
        return _LastKnown(reading.value, reading.at, max(days, _days_lost(reading, feed, at)))
    return None


def _stood(reading: Reading[T], at: datetime) -> bool:
    return reading.at is None or reading.at <= at


def _part(value: float, text: str, at: datetime, policy: Policy, *, days: int) -> _Part:
    """A part that has been stale for so many days; not at all with 0 or less."""
    if days <= 0:
        return _Part(value, text, is_fresh=True)
    since = at - timedelta(days)
    words = f"{text}, out of date since {day(since)}"
    return _Part(aged(value, days, policy), words, is_fresh=False)


def _days_lost(reading: Reading[T], feed: Feed, at: datetime) -> int:
    """For how many days nothing newer than this reading can have come."""
    is_newer = reading.at is not None and feed.lost_at is not None and reading.at > feed.lost_at
    return 0 if is_newer else feed.days_lost(at)


def _factor_of(name: str, value: float, parts: Sequence[_Part]) -> Factor:
    is_fresh = any(part.is_fresh for part in parts)
    state = FactorState.KNOWN if is_fresh else FactorState.STALE
    return Factor(name, value, state, because=", ".join(part.words for part in parts))
