"""Choosing: the property that a setting names is taken when it wins clearly, else asked about."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Any, Final

from mappings.records.detection import evidence
from mappings.records.detection.evidence import Evidence
from mappings.records.detection.profiles import Profiles, ValueProfile
from mappings.records.detection.wishes import Wish
from mappings.records.property_labels import labels_of

# A clear name alone reaches the first; the lead is what one more reason of weight gives.
TAKEN_FROM, LEAD, ASKED_FROM = 5, 2, 3
# What seems to tell two things is taken for neither, unless it tells one of them much better.
_LEAD_OVER_ANOTHER_SETTING: Final = 3
_HARDLY_FILLED = Evidence(-2, "hardly any record has a value")
_HARDLY: Final = 20
# HubSpot's own enumeration of web referral traffic is about pages, not persons.
_NEVER: Final = frozenset(
    {"hs_analytics_source", "hs_latest_source", "hs_analytics_first_referrer"}
)

Definitions = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class PropertyCandidate:
    """A property that may tell what a setting wants, with the reasons for and against it."""

    name: str
    label: str
    reasons: tuple[Evidence, ...]
    profile: ValueProfile | None = None

    @property
    def points(self) -> int:
        """How well it fits."""
        return sum(reason.points for reason in self.reasons)

    def why(self) -> str:
        """Its reasons in words, strongest first."""
        return _worded(self.reasons)

    def why_for(self) -> str:
        """Those of its reasons that speak for it."""
        return _worded(reason for reason in self.reasons if reason.points > 0)


def _worded(reasons: Iterable[Evidence]) -> str:
    ordered = sorted(reasons, key=lambda reason: -abs(reason.points))
    return ", ".join(reason.because for reason in ordered)


@dataclass(frozen=True, slots=True)
class Choice:
    """What became of one setting: `taken`, or asked about where `asked` has candidates, or none."""

    wish: Wish
    taken: PropertyCandidate | None = None
    asked: tuple[PropertyCandidate, ...] = ()
    passed_over: tuple[PropertyCandidate, ...] = ()

    @property
    def looked_at(self) -> tuple[PropertyCandidate, ...]:
        """Every property that seemed to tell it."""
        return (*([self.taken] if self.taken else []), *self.asked, *self.passed_over)


def choose(
    wishes: Iterable[Wish], definitions: Definitions, profiles: Profiles, now: datetime
) -> tuple[Choice, ...]:
    """Decide for each setting; without profiles by names and options alone."""
    rankings = [_Ranking(wish, _candidates(wish, definitions, profiles, now)) for wish in wishes]
    for one, other in combinations(rankings, 2):
        if one.wish.object_type == other.wish.object_type:
            _separate(one, other)
    return tuple(_decided(ranking) for ranking in rankings)


def worth_sampling(
    wishes: Iterable[Wish], definitions: Definitions, now: datetime
) -> tuple[tuple[str, str], ...]:
    """The properties whose values can decide: by object type and name, each once."""
    seen = {
        (wish.object_type, candidate.name): None
        for wish in wishes
        for candidate in _candidates(wish, definitions, {}, now)
    }
    return tuple(seen)


@dataclass(slots=True)
class _Ranking:
    """The candidates of a wish, best first; `contested` ones seem to tell something else, too."""

    wish: Wish
    candidates: list[PropertyCandidate]
    contested: bool = False


def _candidates(
    wish: Wish, definitions: Definitions, profiles: Profiles, now: datetime
) -> list[PropertyCandidate]:
    usable = filter(_is_usable, definitions.get(wish.object_type, ()))
    fitting = [_weighed(wish, definition, profiles, now) for definition in usable]
    weighed = _hardly_filled_marked([candidate for candidate in fitting if candidate])
    likely = [candidate for candidate in weighed if candidate.points >= ASKED_FROM]
    return sorted(likely, key=lambda candidate: (-candidate.points, candidate.name))


def _weighed(
    wish: Wish, definition: Mapping[str, Any], profiles: Profiles, now: datetime
) -> PropertyCandidate | None:
    """A property with its evidence; None where its type or its name has nothing to do with it."""
    guess, name = wish.guess, str(definition["name"])
    labels, kind = labels_of(definition), str(definition.get("type"))
    if kind not in guess.types:
        return None
    words = tuple(evidence.of_words(guess, name, labels.label))
    if not words:
        return None
    profile = profiles.get((wish.object_type, name))
    question = f"{labels.label} {name}"
    reasons = (
        *words,
        *evidence.of_definition(definition),
        *evidence.of_options(guess, labels, kind, question),
        *evidence.of_values(guess, profile, now),
    )
    return PropertyCandidate(name, labels.label or name, reasons, profile)


def _hardly_filled_marked(candidates: Sequence[PropertyCandidate]) -> Iterator[PropertyCandidate]:
    filled = [candidate.profile.filled for candidate in candidates if candidate.profile]
    most = max(filled, default=0)
    for candidate in candidates:
        profile = candidate.profile
        if most and profile and profile.filled * _HARDLY <= most:
            yield replace(candidate, reasons=(*candidate.reasons, _HARDLY_FILLED))
        else:
            yield candidate


def _separate(one: _Ranking, other: _Ranking) -> None:
    """Give a property that seems to tell two things to the one that it tells better."""
    if not one.candidates or not other.candidates:
        return
    first, second = one.candidates[0], other.candidates[0]
    if first.name != second.name:
        return
    better, worse = (one, other) if first.points >= second.points else (other, one)
    lead = abs(first.points - second.points)
    better.contested = better.contested or lead < _LEAD_OVER_ANOTHER_SETTING
    worse.candidates = worse.candidates[1:]


def _decided(ranking: _Ranking) -> Choice:
    if not ranking.candidates:
        return Choice(ranking.wish)
    best, *others = ranking.candidates
    rivals = tuple(rival for rival in others if best.points - rival.points < LEAD)
    if best.points < TAKEN_FROM or rivals or ranking.contested:
        beaten = tuple(rival for rival in others if rival not in rivals)
        return Choice(ranking.wish, asked=(best, *rivals), passed_over=beaten)
    return Choice(ranking.wish, taken=best, passed_over=tuple(others))


def _is_usable(definition: Mapping[str, Any]) -> bool:
    name = definition.get("name")
    if not name or name in _NEVER or str(name).startswith("second_order_"):
        return False
    return not definition.get("archived") and not definition.get("hidden")
