"""Classic models: how first, last, linear, U, W, full path and time decay would share a deal. For comparison only.

Nothing here reaches the ledger: credit is shared by `credit.py`. Shapley and Markov, which need
many deals, are in `gains.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

from mappings.rules.attribution.credit import split
from mappings.rules.attribution.journeys import DEAL, LEAD, ModelTouch, in_order, latest
from mappings.rules.findings import SHARE_ONE
from mappings.rules.policy import Policy

FIRST, LAST, REST = "first", "last", "rest"
_NAMED = {
    FIRST: "the first touch",
    LAST: "the last touch",
    LEAD: "the lead's creation",
    DEAL: "the deal's creation",
}
_ORDER = (FIRST, LEAD, DEAL, LAST)
# Parts of each position model, in tenths of a percent; a model gives the rest to what is no key
# moment.
U_SHAPE = {FIRST: 400, LEAD: 400, REST: 200}
W_SHAPE = {FIRST: 300, LEAD: 300, DEAL: 300, REST: 100}
FULL_PATH = {FIRST: 225, LEAD: 225, DEAL: 225, LAST: 225, REST: 100}


@dataclass(frozen=True, slots=True)
class ModelShares:
    """What one model gives each source, in SHARE_ONE units that add up to one; empty where it has nothing to share."""

    model: str
    shares: Mapping[str, int]
    reason: str


Rule = Callable[[Sequence[ModelTouch], datetime, Policy], ModelShares]


def compare(
    touches: Sequence[ModelTouch], until: datetime, policy: Policy
) -> tuple[ModelShares, ...]:
    """Every model that one deal's touches are enough for. *until* is the win, or now while there is none."""
    return tuple(rule(touches, until, policy) for rule in MODELS.values())


def before(touches: Sequence[ModelTouch], until: datetime) -> list[ModelTouch]:
    """The touches before the win, in order; equal times by their stable id."""
    return in_order(one for one in touches if one.at < until)


def first(touches: Sequence[ModelTouch], until: datetime, _: Policy) -> ModelShares:
    """All to the earliest touch."""
    return _single("first", before(touches, until), FIRST)


def last(touches: Sequence[ModelTouch], until: datetime, _: Policy) -> ModelShares:
    """All to the latest touch before the win."""
    return _single("last", before(touches, until), LAST)


def _single(model: str, counted: Sequence[ModelTouch], end: str) -> ModelShares:
    place = _place(counted, end)
    if place is None:
        return _nothing(model)
    chosen = counted[place]
    said = f"{_NAMED[end]} was on {chosen.at:%Y-%m-%d} ({chosen.kind})"
    return ModelShares(model, {chosen.source: SHARE_ONE}, said + _tie(counted, chosen))


def _tie(counted: Sequence[ModelTouch], chosen: ModelTouch) -> str:
    """Say so when the stable id had to decide between different sources of one moment."""
    others = {one.source for one in counted if one.at == chosen.at} - {chosen.source}
    return (
        f"; {len(others) + 1} sources had a touch at that moment, the lowest id was taken"
        if others
        else ""
    )


def linear(touches: Sequence[ModelTouch], until: datetime, _: Policy) -> ModelShares:
    """The same to every source, however often it was there."""
    counted = before(touches, until)
    if not counted:
        return _nothing("linear")
    sources = dict.fromkeys(one.source for one in counted)
    said = f"{_several(len(sources), 'source')}, each counted once"
    return ModelShares("linear", split(SHARE_ONE, dict.fromkeys(sources, 1)), said)


def u_shape(touches: Sequence[ModelTouch], until: datetime, _: Policy) -> ModelShares:
    """40 first, 40 the lead's creation, 20 the rest."""
    return _by_moments("u", before(touches, until), U_SHAPE)


def w_shape(touches: Sequence[ModelTouch], until: datetime, _: Policy) -> ModelShares:
    """30 first, 30 the lead's creation, 30 the deal's creation, 10 the rest."""
    return _by_moments("w", before(touches, until), W_SHAPE)


def full_path(touches: Sequence[ModelTouch], until: datetime, _: Policy) -> ModelShares:
    """22.5 each to the first touch, the lead's and the deal's creation, and the last before the win; 10 the rest."""
    return _by_moments("full path", before(touches, until), FULL_PATH)


def _by_moments(model: str, counted: Sequence[ModelTouch], parts: Mapping[str, int]) -> ModelShares:
    """Give each key moment its part and the rest to the other touches, a source once.

    A moment that is missing, and a rest that nobody is in, give their parts to the others in
    proportion.
    """
    if not counted:
        return _nothing(model)
    at = {
        name: place
        for name in _ORDER
        if name in parts and (place := _place(counted, name)) is not None
    }
    weights: dict[str, Fraction] = {}
    for name, place in at.items():
        who = counted[place].source
        weights[who] = weights.get(who, Fraction(0)) + parts[name]
    others = dict.fromkeys(one.source for n, one in enumerate(counted) if n not in at.values())
    for who in others:
        weights[who] = weights.get(who, Fraction(0)) + Fraction(parts[REST], len(others))
    return ModelShares(
        model,
        split(SHARE_ONE, weights),
        _said_of_moments(counted, at, parts, has_rest=bool(others)),
    )


def _place(counted: Sequence[ModelTouch], moment: str) -> int | None:
    if moment == LAST:
        return latest(counted)
    if moment == FIRST:
        return 0 if counted else None
    return next((n for n, one in enumerate(counted) if moment in one.moments), None)


def _said_of_moments(
    counted: Sequence[ModelTouch],
    at: Mapping[str, int],
    parts: Mapping[str, int],
    *,
    has_rest: bool,
) -> str:
    said = [f"{_NAMED[name]} on {counted[place].at:%Y-%m-%d}" for name, place in at.items()]
    missing = [_NAMED[name] for name in _ORDER if name in parts and name not in at]
    missing += [] if has_rest else ["any other touch"]
    text = ", ".join(said)
    if missing:
        text += f"; there is not {', nor '.join(missing)}, so the others have its part"
    ends = {place for name, place in at.items() if name in {FIRST, LAST}}
    return text + "".join(dict.fromkeys(_tie(counted, counted[place]) for place in sorted(ends)))


def time_decay(touches: Sequence[ModelTouch], until: datetime, policy: Policy) -> ModelShares:
    """2^(-days before the win / half-life) for every touch of the look-back, added up by source."""
    window = timedelta(policy.model_look_back_days)
    counted = [one for one in before(touches, until) if until - one.at <= window]
    if not counted:
        return _nothing("time decay")
    weights: dict[str, Fraction] = {}
    for one in counted:
        weights[one.source] = weights.get(one.source, Fraction(0)) + _faded(until - one.at, policy)
    days = f"a touch counts half as much every {_several(policy.model_half_life_days, 'day')} before the win"
    said = f"{_several(len(counted), 'touch')} of the last {_several(policy.model_look_back_days, 'day')}; {days}"
    return ModelShares("time decay", split(SHARE_ONE, weights), said)


def _faded(age: timedelta, policy: Policy) -> Fraction:
    """Decimal, not float: the same bytes on every machine."""
    with localcontext(prec=40) as digits:
        micros = age // timedelta(microseconds=1)
        half_life = max(1, policy.model_half_life_days) * (
            timedelta(days=1) // timedelta(microseconds=1)
        )
        return Fraction(digits.power(Decimal(2), -Decimal(micros) / Decimal(half_life)))


def _nothing(model: str) -> ModelShares:
    return ModelShares(model, {}, "no dated touch before the win")


def _several(count: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"


MODELS: Mapping[str, Rule] = {
    "first": first,
    "last": last,
    "linear": linear,
    "u": u_shape,
    "w": w_shape,
    "full path": full_path,
    "time decay": time_decay,
}
