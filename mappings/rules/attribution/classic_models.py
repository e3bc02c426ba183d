"""Classic models for comparison: first, last, linear, U, W, full path and time decay.

Nothing here reaches the ledger: credit is shared by `credit.py`. Shapley and Markov, which need
many deals, are in `removal_effects.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

from mappings.formats import day
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
    """What one model gives each source: SHARE_ONE units that add up to one, or nothing.

    `reason` says in words what the model looked at.
    """

    model: str
    shares: Mapping[str, int]
    reason: str


Rule = Callable[[Sequence[ModelTouch], datetime, Policy], ModelShares]


def compare(
    touches: Sequence[ModelTouch], until: datetime, policy: Policy
) -> tuple[ModelShares, ...]:
    """What every model says of one deal; *until* is the win, or now while there is none."""
    return tuple(rule(touches, until, policy) for rule in MODELS.values())


def before(touches: Sequence[ModelTouch], until: datetime) -> list[ModelTouch]:
    """The touches before the win, in order; equal times by their stable id."""
    return in_order(touch for touch in touches if touch.at < until)


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
    said = f"{_NAMED[end]} was on {day(chosen.at)} ({chosen.kind})"
    return ModelShares(model, {chosen.source: SHARE_ONE}, said + _tie(counted, chosen))


def _tie(counted: Sequence[ModelTouch], chosen: ModelTouch) -> str:
    """Say so when the stable id had to decide between different sources of one moment."""
    others = {touch.source for touch in counted if touch.at == chosen.at} - {chosen.source}
    if not others:
        return ""
    return f"; {len(others) + 1} sources had a touch at that moment, the lowest id was taken"


def linear(touches: Sequence[ModelTouch], until: datetime, _: Policy) -> ModelShares:
    """The same to every source, however often it was there."""
    counted = before(touches, until)
    if not counted:
        return _nothing("linear")
    sources = dict.fromkeys(touch.source for touch in counted)
    said = f"{_several(len(sources), 'source')}, each counted once"
    return ModelShares("linear", split(SHARE_ONE, dict.fromkeys(sources, 1)), said)


def u_shape(touches: Sequence[ModelTouch], until: datetime, _: Policy) -> ModelShares:
    """40 first, 40 the lead's creation, 20 the rest."""
    return _by_moments("u", before(touches, until), U_SHAPE)


def w_shape(touches: Sequence[ModelTouch], until: datetime, _: Policy) -> ModelShares:
    """30 first, 30 the lead's creation, 30 the deal's creation, 10 the rest."""
    return _by_moments("w", before(touches, until), W_SHAPE)


def full_path(touches: Sequence[ModelTouch], until: datetime, _: Policy) -> ModelShares:
    """22.5 each to the first and last touch, the lead's and the deal's creation, 10 the rest."""
    return _by_moments("full path", before(touches, until), FULL_PATH)


def _by_moments(model: str, counted: Sequence[ModelTouch], parts: Mapping[str, int]) -> ModelShares:
    """Give each key moment its part and the rest to the other touches, a source once.

    A moment that is missing, and a rest that nobody is in, give their parts to the others in
    proportion.
    """
    if not counted:
        return _nothing(model)
    places = _places(counted, parts)
    weights: dict[str, Fraction] = {}
    for moment, place in places.items():
        source = counted[place].source
        weights[source] = weights.get(source, Fraction(0)) + parts[moment]
    at_moments = set(places.values())
    rest = dict.fromkeys(
        touch.source for place, touch in enumerate(counted) if place not in at_moments
    )
    for source in rest:
        weights[source] = weights.get(source, Fraction(0)) + Fraction(parts[REST], len(rest))
    said = _said_of_moments(counted, places, parts, has_rest=bool(rest))
    return ModelShares(model, split(SHARE_ONE, weights), said)


def _places(counted: Sequence[ModelTouch], parts: Mapping[str, int]) -> dict[str, int]:
    """The touch of each key moment that the model weighs, as its place in the journey."""
    places: dict[str, int] = {}
    for moment in _ORDER:
        place = _place(counted, moment) if moment in parts else None
        if place is not None:
            places[moment] = place
    return places


def _place(counted: Sequence[ModelTouch], moment: str) -> int | None:
    if moment == LAST:
        return latest(counted)
    if moment == FIRST:
        return 0 if counted else None
    with_moment = (place for place, touch in enumerate(counted) if moment in touch.moments)
    return next(with_moment, None)


def _said_of_moments(
    counted: Sequence[ModelTouch],
    places: Mapping[str, int],
    parts: Mapping[str, int],
    *,
    has_rest: bool,
) -> str:
    said = [f"{_NAMED[name]} on {day(counted[place].at)}" for name, place in places.items()]
    missing = [_NAMED[name] for name in _ORDER if name in parts and name not in places]
    if not has_rest:
        missing.append("any other touch")
    text = ", ".join(said)
    if missing:
        text += f"; there is not {', nor '.join(missing)}, so the others have its part"
    ends = {place for name, place in places.items() if name in {FIRST, LAST}}
    ties = dict.fromkeys(_tie(counted, counted[place]) for place in sorted(ends))
    return text + "".join(ties)


def time_decay(touches: Sequence[ModelTouch], until: datetime, policy: Policy) -> ModelShares:
    """2^(-days before the win / half-life) for every touch of the look-back, added up by source."""
    window = timedelta(policy.model_look_back_days)
    counted = [touch for touch in before(touches, until) if until - touch.at <= window]
    if not counted:
        return _nothing("time decay")
    weights: dict[str, Fraction] = {}
    for touch in counted:
        faded = _faded(until - touch.at, policy)
        weights[touch.source] = weights.get(touch.source, Fraction(0)) + faded
    look_back = _several(policy.model_look_back_days, "day")
    half_life = _several(policy.model_half_life_days, "day")
    said = (
        f"{_several(len(counted), 'touch')} of the last {look_back};"
        f" a touch counts half as much every {half_life} before the win"
    )
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
