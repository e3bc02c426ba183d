"""Readiness: whom to ask for a referral, when, and what is in the way of it.

A score of what speaks for asking now, and gates of which one closed is enough. What is not known
earns nothing: silence is never good news.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mappings.formats import day
from mappings.kinds import AskState, GateKind, WinKind
from mappings.rules.facts import NpsAnswer, Ticket
from mappings.rules.policy import Policy
from mappings.rules.success import nps, wins
from mappings.rules.success.contact_cap import CapReason, Rest
from mappings.rules.success.health import linear
from mappings.rules.success.wins import Win

_WARM_DAYS: Final = 14  # as in health
_HIGH: Final = frozenset({"HIGH", "URGENT"})
_AT_RISK, _UNKNOWN = "at_risk", "unknown"
_ORDER: Final = (AskState.ASK_NOW, AskState.WAIT, AskState.RESTING, AskState.NEVER)
_WEEK = timedelta(days=7)
_WIN: Final = "win"


@dataclass(frozen=True, slots=True)
class Known:
    """Something from 0 to 100 that is known of a person or their account, and from what."""

    value: float
    because: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person at an active customer, with all that decides whether to ask them.

    `wins` are their own and their company's; `own_answers` all answers of the person, `key_answers`
    those of everybody who decides at the company. `left_words` say that they have left.
    """

    wins: Sequence[Win]
    sentiment: Known | None
    health: Known | None
    relationship: Known | None
    health_band: str
    customer_since: datetime
    tickets: Sequence[Ticket] = ()
    own_answers: Sequence[NpsAnswer] = ()
    key_answers: Sequence[NpsAnswer] = ()
    renewal_on: datetime | None = None
    price_rise_on: datetime | None = None
    left_words: str = ""
    declined_at: datetime | None = None
    rests: Sequence[Rest] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """One reason not to ask now, in words; when it opens by itself, where that is known."""

    kind: GateKind
    because: str
    opens_at: datetime | None = None

    @property
    def state(self) -> AskState:
        """What somebody is while this gate is closed."""
        return _STATES.get(self.kind, AskState.WAIT)


_STATES: Final = {
    GateKind.OPTED_OUT: AskState.NEVER,
    GateKind.LEFT: AskState.NEVER,
    GateKind.SURVEYED: AskState.RESTING,
    GateKind.ASKED: AskState.RESTING,
    GateKind.COMPANY_ASKED: AskState.RESTING,
    GateKind.ASKED_OFTEN: AskState.RESTING,
    GateKind.DECLINED: AskState.RESTING,
}


@dataclass(frozen=True, slots=True)
class Part:
    """What one thing adds to the score, in tenths of a point; 0 of what is not known."""

    name: str
    tenths: int
    because: str

    @property
    def points(self) -> float:
        """The part in points."""
        return self.tenths / 10


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether to ask somebody: the score with its parts, which add up to it, and closed gates.

    `opens_at` is when the last gate opens; None while that is not known, or none is closed.
    """

    state: AskState
    tenths: int
    parts: tuple[Part, ...]
    gates: tuple[Gate, ...]
    win: Win | None
    opens_at: datetime | None

    @property
    def score(self) -> float:
        """The score in points."""
        return self.tenths / 10

    @property
    def because(self) -> str:
        """Why, in words that do not change from day to day."""
        if self.gates:
            said = f"Not now: {', '.join(gate.because for gate in self._deciding)}."
            return f"{said} Again from {day(self.opens_at)}." if self.opens_at else said
        known = ", ".join(part.because for part in self.parts if part.name != _WIN)
        said = f"Known of them: {known}."
        if self.win is None:
            nothing = "Nothing went well for them lately."
            return f"{nothing} {said}"
        won = f"What went well: {self.win.words} ({day(self.win.at)})."
        if self.state == AskState.ASK_NOW:
            return f"{won} {said}"
        too_little = "Not enough speaks for it yet."
        return f"{too_little} {won} {said}"

    @property
    def _deciding(self) -> list[Gate]:
        """The closed gates that make the state; the others would not matter if they opened."""
        return [gate for gate in self.gates if gate.state == self.state]


def readiness(candidate: Candidate, now: datetime, policy: Policy) -> Readiness:
    """Judge one person as of a moment."""
    win = wins.best(candidate.wins, now, policy)
    parts = _parts(candidate, win, now, policy)
    tenths = sum(part.tenths for part in parts)
    gates = tuple(_gates(candidate, now, policy))
    return Readiness(
        state=_state(gates, tenths, policy),
        tenths=tenths,
        parts=parts,
        gates=gates,
        win=win,
        opens_at=_opens_at(gates),
    )


def best(states: Iterable[AskState]) -> AskState | None:
    """The best of several people's states, as the one of their company; None without any."""
    return min(states, key=rank, default=None)


def rank(state: str) -> int:
    """The place of a state among all, the best first."""
    return [member.value for member in _ORDER].index(state)


def held_back(found: Readiness) -> Readiness:
    """The same person, to be asked later; whoever reads it is not told that a lot decided so."""
    gate = Gate(GateKind.HELD_BACK, "it is better to ask them later")
    return replace(found, state=AskState.WAIT, gates=(gate,), opens_at=None)


def sentiment_of(
    own_answers: Iterable[NpsAnswer],
    account: float | None,
    now: datetime,
    policy: Policy,
) -> Known | None:
    """How a person feels about us: by their own latest answer, else by their colleagues'.

    *account* is the sentiment of the company as health has it, from 0 to 100.
    """
    human = 0
    own = list(own_answers)
    everybody = dict.fromkeys((answer.contact_id for answer in own), human)
    latest = nps.latest(own, now, policy, everybody).get(human)
    if latest is not None:
        return Known(10.0 * latest.score, f"they answered {latest.score} on {day(latest.at)}")
    if account is not None:
        return Known(account, "colleagues answered a survey and they did not")
    return None


def relationship_of(last_touch: datetime | None, now: datetime, policy: Policy) -> Known | None:
    """How warm the contact with a person is: by their own last meeting, answered call or reply."""
    if last_touch is None or last_touch > now:
        return None
    zero_days = max(policy.relationship_zero_days, _WARM_DAYS + 1)
    return Known(
        linear((now - last_touch).days, zero_days, _WARM_DAYS), "they are in touch with us"
    )


@dataclass(frozen=True, slots=True)
class Throttle:
    """How many more people an owner may ask this week, and when one more may be asked."""

    left: int
    opens_at: datetime | None


def throttle(asked_at: Iterable[datetime], now: datetime, policy: Policy) -> Throttle:
    """Say how many people an owner may still ask, given when they asked others."""
    most = policy.owner_asks_a_week
    lately = sorted(at for at in asked_at if at > now - _WEEK)
    if most <= 0:
        return Throttle(0, None)
    if len(lately) < most:
        return Throttle(most - len(lately), None)
    # When this one is a week old, one fewer than allowed are left.
    return Throttle(0, lately[len(lately) - most] + _WEEK)


def _state(gates: Sequence[Gate], tenths: int, policy: Policy) -> AskState:
    closed = {gate.state for gate in gates}
    for state in (AskState.NEVER, AskState.RESTING, AskState.WAIT):
        if state in closed:
            return state
    return AskState.ASK_NOW if tenths >= policy.ask_at * 10 else AskState.WAIT


def _opens_at(gates: Sequence[Gate]) -> datetime | None:
    times = [gate.opens_at for gate in gates]
    known = [at for at in times if at is not None]
    return max(known) if known and len(known) == len(times) else None


def _parts(
    candidate: Candidate, win: Win | None, now: datetime, policy: Policy
) -> tuple[Part, ...]:
    strength = wins.strength(win, now, policy) if win else 0.0
    win_words = win.words if win else "nothing went well lately"
    return (
        Part(_WIN, round(10 * policy.ask_weights[_WIN] * strength), win_words),
        _part("sentiment", candidate.sentiment, "no answer to a survey is known", policy),
        _part("health", candidate.health, "too little is known of their health", policy),
        _part("relationship", candidate.relationship, "they were not in touch with us", policy),
    )


def _part(name: str, known: Known | None, missing: str, policy: Policy) -> Part:
    if known is None:
        return Part(name, 0, missing)
    value = min(100.0, max(0.0, known.value))
    return Part(name, round(policy.ask_weights[name] * value / 10), known.because)


def _gates(candidate: Candidate, now: datetime, policy: Policy) -> Iterator[Gate]:
    """Every closed gate, those for good first."""
    if candidate.left_words:
        yield Gate(GateKind.LEFT, candidate.left_words)
    for rest in candidate.rests:
        yield Gate(_OF_REST[rest.reason], rest.because, rest.until)
    yield from _declined(candidate, now, policy)
    yield from _ticket(candidate.tickets, now)
    yield from _detractors(candidate, now, policy)
    yield from _health(candidate)
    yield from _young(candidate, now, policy)
    yield from _price_rise(candidate, now, policy)
    yield from _renewal(candidate, now, policy)


_OF_REST: Final = {
    CapReason.OPTED_OUT: GateKind.OPTED_OUT,
    CapReason.SURVEYED: GateKind.SURVEYED,
    CapReason.APPROACHED: GateKind.SURVEYED,
    CapReason.ASKED: GateKind.ASKED,
    CapReason.COMPANY_ASKED: GateKind.COMPANY_ASKED,
    CapReason.ASKED_OFTEN: GateKind.ASKED_OFTEN,
}


def _declined(candidate: Candidate, now: datetime, policy: Policy) -> Iterator[Gate]:
    if candidate.declined_at is None:
        return
    opens_at = candidate.declined_at + timedelta(policy.ask_declined_days)
    if now < opens_at:
        words = f"they declined on {day(candidate.declined_at)}"
        yield Gate(GateKind.DECLINED, words, opens_at)


def _ticket(tickets: Sequence[Ticket], now: datetime) -> Iterator[Gate]:
    """An open ticket of high priority; of several the oldest is told."""
    still_open = [
        ticket for ticket in tickets if _is_open(ticket, now) and ticket.priority.upper() in _HIGH
    ]
    if still_open:
        oldest = min(still_open, key=lambda ticket: (ticket.opened_at, ticket.id))
        words = f"a ticket of high priority is open since {day(oldest.opened_at)}"
        yield Gate(GateKind.TICKET, words)


def _is_open(ticket: Ticket, now: datetime) -> bool:
    return ticket.opened_at <= now and (ticket.closed_at is None or ticket.closed_at > now)


def _detractors(candidate: Candidate, now: datetime, policy: Policy) -> Iterator[Gate]:
    own = _latest_blame(candidate.own_answers, now)
    if own is not None and now < own + timedelta(policy.ask_detractor_days):
        words = f"they answered as a detractor on {day(own)}"
        yield Gate(GateKind.DETRACTOR, words, own + timedelta(policy.ask_detractor_days))
    key = _latest_blame(candidate.key_answers, now)
    if key is not None and now < key + timedelta(policy.detractor_flag_days):
        words = f"somebody who decides there answered as a detractor on {day(key)}"
        yield Gate(GateKind.DETRACTOR, words, key + timedelta(policy.detractor_flag_days))


def _latest_blame(answers: Sequence[NpsAnswer], now: datetime) -> datetime | None:
    """When somebody answered as a detractor last, whatever they answered since."""
    blame = (
        answer.at
        for answer in answers
        if answer.at <= now and nps.group(answer.score) == "detractor"
    )
    return max(blame, default=None)


def _health(candidate: Candidate) -> Iterator[Gate]:
    if candidate.health_band == _AT_RISK:
        yield Gate(GateKind.HEALTH, "the customer's health is at risk")
    if candidate.health_band == _UNKNOWN:
        yield Gate(GateKind.COVERAGE, "too little is known of the customer's health")


def _young(candidate: Candidate, now: datetime, policy: Policy) -> Iterator[Gate]:
    opens_at = candidate.customer_since + timedelta(policy.ask_customer_days)
    if now < opens_at:
        words = f"the company is a customer since {day(candidate.customer_since)} only"
        yield Gate(GateKind.NEW_CUSTOMER, words, opens_at)


def _price_rise(candidate: Candidate, now: datetime, policy: Policy) -> Iterator[Gate]:
    """The days around a price rise, the last of them included."""
    rise = candidate.price_rise_on
    if rise is None or abs((rise.date() - now.date()).days) > policy.price_rise_days:
        return
    words = f"the price rises on {day(rise)}" if rise > now else f"the price rose on {day(rise)}"
    yield Gate(GateKind.PRICE_RISE, words, _midnight(rise) + timedelta(policy.price_rise_days + 1))


def _renewal(candidate: Candidate, now: datetime, policy: Policy) -> Iterator[Gate]:
    """The weeks before a renewal and its day, unless the renewal is won already."""
    renewal = candidate.renewal_on
    if renewal is None or _is_renewed(candidate.wins, now, policy):
        return
    days = (renewal.date() - now.date()).days
    if 0 <= days <= policy.renewal_quiet_days:
        words = f"the renewal is due on {day(renewal)}"
        yield Gate(GateKind.RENEWAL, words, _midnight(renewal) + timedelta(days=1))


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _is_renewed(known: Iterable[Win], now: datetime, policy: Policy) -> bool:
    renewals = [win for win in known if win.kind == WinKind.RENEWAL]
    return wins.best(renewals, now, policy) is not None
