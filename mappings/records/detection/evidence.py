"""Evidence: what a property's words and values say for and against what it seems to tell."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from mappings.records.detection import profiles
from mappings.records.detection.profiles import ValueProfile
from mappings.records.property_labels import PropertyLabels
from mappings.records.text_sources import Guess
from mappings.rules.job_changes import departures
from mappings.rules.job_changes.departures import Meaning
from mappings.rules.text import field_words

# Points. A clear name alone is enough to be taken, a hint needs values that fit, and a word or
# values against it outweigh a hint. Words of a name that contradict it leave nothing of a hint.
_CLEAR, _HINT, _BOTH_SAY, _RATHER, _NOT = 6, 3, 1, 3, -6
_VALUES_FIT, _VALUES_CONTRADICT, _EMPTY = 2, -6, -1
_HUBSPOTS_OWN = -2
_OUT_OF_USE = -4
_OPPOSITE = -3
# Codes: one that came twice was used; where each came once it may be everybody's own.
_REPEATS, _NEVER_REPEATS = 5, 2
_MOST, _SOME, _FEW = 0.6, 0.3, 0.05
_ENOUGH: Final = 5
_ENOUGH_CODES: Final = 20


class Evidence(NamedTuple):
    """One reason: points for (or against), and a sentence's end about the property."""

    points: int
    because: str


def of_words(guess: Guess, name: str, label: str) -> Iterator[Evidence]:
    """What a property's name and label say."""
    said = [_strength(guess, text) for text in (label, name)]
    if not max(said):
        return
    is_clear = max(said) == _CLEAR
    yield Evidence(max(said), "its name says so" if is_clear else "its name hints at it")
    if min(said) == _CLEAR:
        yield Evidence(_BOTH_SAY, "both its label and its name do")
    both = f"{label} / {name}"
    if field_words.says(f"rather {guess.asks}", both):
        yield Evidence(_RATHER, "its name singles it out")
    if _tells_something_else(guess.asks, both):
        yield Evidence(_NOT, "its name says that it tells something else")
    if field_words.says("not any", both):
        yield Evidence(_OUT_OF_USE, "its name says that it is out of use")


def _strength(guess: Guess, text: str) -> int:
    heading = f"asks {guess.asks}"
    if guess.words and field_words.fits(guess.words, text):
        return _CLEAR
    if field_words.says_clearly(heading, text):
        return _CLEAR
    hint = _HINT if field_words.says(heading, text) or _speaks_of_leaving(guess, text) else 0
    other, points = _ALSO.get(guess.asks, ("", 0))
    return max(hint, points if field_words.says_clearly(f"asks {other}", text) else 0)


def _speaks_of_leaving(guess: Guess, text: str) -> bool:
    return guess.asks == "left" and departures.asks_for_departure(text) is True


def _tells_something_else(asks: str, text: str) -> bool:
    against = _NOT_HEADINGS.get(asks, f"not {asks}")
    if field_words.says(against, text):
        return True
    rival = _RIVALS.get(asks)
    is_rivals = rival is not None and field_words.says_clearly(f"asks {rival}", text)
    return is_rivals and not field_words.says_clearly(f"asks {asks}", text)


# A "referral code" may be the code somebody used or the one they give to others; who is still
# there is the opposite of who left.
_ALSO: Final = {
    "used_code": ("code", _CLEAR - 1),
    "own_code": ("code", _HINT),
    "left": ("still", _CLEAR),
}
_NOT_HEADINGS: Final = {"used_code": "not code", "own_code": "not code"}
_RIVALS: Final = {"used_code": "own_code", "own_code": "used_code"}


def of_definition(definition: Mapping[str, Any]) -> Iterator[Evidence]:
    """What else a definition says: the portal's own properties go before HubSpot's."""
    if definition.get("hubspotDefined"):
        yield Evidence(_HUBSPOTS_OWN, "it is one of HubSpot's own")


def of_values(guess: Guess, profile: ValueProfile | None, now: datetime) -> Iterator[Evidence]:
    """What the sampled values say; nothing where none were read."""
    if profile is None:
        return
    if not profile.filled:
        yield Evidence(_EMPTY, "no record has a value")
        return
    judge = _JUDGES.get(guess.asks)
    if judge is not None and profile.samples:
        yield from judge(profile, now)


def of_options(
    guess: Guess, labels: PropertyLabels, kind: str, question: str
) -> Iterator[Evidence]:
    """What a choice's options say of who left: one has to say so."""
    if guess.asks != "left" or kind not in {"enumeration", "bool"}:
        return
    if departures.asks_for_departure(question) is False:
        yield Evidence(_OPPOSITE, "it asks who is still there: its \u201cno\u201d would mean left")
    if kind != "enumeration":
        return
    meant = {departures.meaning(text) for text in labels.options.values()}
    if meant.isdisjoint({Meaning.LEFT, Meaning.YES, Meaning.NO}):
        yield Evidence(_VALUES_CONTRADICT, "none of its options says that somebody left")
    elif Meaning.LEFT in meant:
        yield Evidence(1, "one of its options says that somebody left")


Judge = Callable[[ValueProfile, datetime], Iterator[Evidence]]


def _of_people(profile: ValueProfile, _now: datetime) -> Iterator[Evidence]:
    if profile.share(profiles.names_somebody) >= _MOST:
        yield Evidence(_VALUES_FIT, "its values name people")
    else:
        yield Evidence(_VALUES_CONTRADICT, "its values name nobody")


def _of_answers(profile: ValueProfile, _now: datetime) -> Iterator[Evidence]:
    if profile.share(_is_no_text) >= _MOST:
        yield Evidence(_VALUES_CONTRADICT, "its values are no answers")
    elif profile.share(profiles.tells_a_source) >= _SOME:
        yield Evidence(_VALUES_FIT, "its values are answers")


def _is_no_text(text: str) -> bool:
    kinds = (profiles.is_number, profiles.is_day, profiles.is_tick)
    return any(is_kind(text) for is_kind in kinds)


def _of_used_codes(profile: ValueProfile, _now: datetime) -> Iterator[Evidence]:
    yield from _of_codes(profile)
    if _repeats(profile):
        yield Evidence(_REPEATS, "the same values come again and again")
    elif profile.distinct == 1 and len(profile.samples) >= _ENOUGH_CODES:
        yield Evidence(-_NEVER_REPEATS, "no value comes twice")


def _of_own_codes(profile: ValueProfile, _now: datetime) -> Iterator[Evidence]:
    yield from _of_codes(profile)
    if _repeats(profile):
        yield Evidence(-2 * _REPEATS, "the same values come again and again")
    elif profile.distinct == 1 and len(profile.samples) >= _ENOUGH:
        yield Evidence(_NEVER_REPEATS, "no value comes twice")


def _repeats(profile: ValueProfile) -> bool:
    # One typed twice by mistake is no rule, and no own code is.
    repeated = len(profile.samples) - round(profile.distinct * len(profile.samples))
    return repeated > max(1, _FEW * len(profile.samples))


def _of_codes(profile: ValueProfile) -> Iterator[Evidence]:
    if profile.share(profiles.is_code) >= _MOST:
        yield Evidence(_VALUES_FIT, "its values are codes")
    else:
        yield Evidence(_VALUES_CONTRADICT, "its values are no codes")


def _of_employers(profile: ValueProfile, _now: datetime) -> Iterator[Evidence]:
    if profile.share(_is_no_text) >= _MOST:
        yield Evidence(_VALUES_CONTRADICT, "its values are no companies")
    else:
        yield Evidence(_VALUES_FIT, "its values can be companies")


def _of_coming_days(profile: ValueProfile, now: datetime) -> Iterator[Evidence]:
    coming = profile.share(profiles.is_in_future(now))
    if coming >= _SOME:
        yield Evidence(_VALUES_FIT, "its days lie ahead")
    elif coming == 0 and len(profile.samples) >= _ENOUGH:
        yield Evidence(_VALUES_CONTRADICT // 2, "all of its days are over")


def _of_past_days(profile: ValueProfile, now: datetime) -> Iterator[Evidence]:
    coming = profile.share(profiles.is_in_future(now))
    if coming > _MOST:
        yield Evidence(_VALUES_CONTRADICT // 2, "its days lie ahead")
    else:
        yield Evidence(_VALUES_FIT, "its days are over")


def _of_amounts(profile: ValueProfile, _now: datetime) -> Iterator[Evidence]:
    if profile.share(_is_zero) >= _MOST:
        yield Evidence(_VALUES_CONTRADICT // 2, "most of its values are 0")


def _is_zero(text: str) -> bool:
    digits = [sign for sign in text if sign.isdigit()]
    return bool(digits) and set(digits) == {"0"}


def _of_departures(profile: ValueProfile, _now: datetime) -> Iterator[Evidence]:
    if profile.share(profiles.is_count) >= _MOST and profile.share(profiles.is_tick) < _MOST:
        yield Evidence(_VALUES_CONTRADICT, "its values are numbers")


_JUDGES: Final[Mapping[str, Judge]] = {
    "referred_by": _of_people,
    "heard_from": _of_answers,
    "used_code": _of_used_codes,
    "own_code": _of_own_codes,
    "left": _of_departures,
    "new_company": _of_employers,
    "service_company": _of_employers,
    "renewal": _of_coming_days,
    "milestone": _of_past_days,
    "goal": _of_past_days,
    "recurring": _of_amounts,
    "usage": _of_amounts,
}
