"""Value profiles: what the values of a property look like, by a sample of its filled records."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mappings.records import values
from mappings.records.property_labels import PropertyLabels
from mappings.rules.job_changes.departures import Meaning, meaning
from mappings.rules.text import self_reported
from mappings.rules.text.address_kinds import clean_email

_SAMPLES_SHOWN: Final = 3
_LONGEST_SHOWN: Final = 60
_MOST_NAME_WORDS: Final = 8
_ID_DIGITS: Final = 6
_HOST: Final = re.compile(
    r"(https?://|www\.)\S+|[\w-]+(\.[\w-]+)*\.[a-z]{2,}(/\S*)?", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"-?[\d\s.,]+%?")
_CODE: Final = re.compile(r"[\w.+#/:-]{3,80}")
_TICKS: Final = frozenset({Meaning.YES, Meaning.NO})
# Labels that say that a text is an answer, and names nobody.
_NOT_PEOPLE: Final = frozenset(
    {"search", "ads", "social", "event_own", "press_podcast", "outbound"}
)
_SAYS_NOTHING: Final = frozenset({"junk", "unknown"})


@dataclass(frozen=True, slots=True)
class ValueProfile:
    """Sampled values as people see them; `filled` records have one."""

    samples: tuple[str, ...]
    filled: int

    def share(self, fits: Callable[[str], bool]) -> float:
        """The part of the sample that fits; 0 without a sample."""
        return sum(map(fits, self.samples)) / len(self.samples) if self.samples else 0.0

    @property
    def distinct(self) -> float:
        """Different values a value: 1 where none repeats."""
        folded = {text.strip().casefold() for text in self.samples}
        return len(folded) / len(self.samples) if self.samples else 0.0

    def shown(self) -> str:
        """A few different values, as they can stand in a question."""
        texts = dict.fromkeys(" ".join(text.split())[:_LONGEST_SHOWN] for text in self.samples)
        return ", ".join(f"\u2018{text}\u2019" for text in list(texts)[:_SAMPLES_SHOWN])


Profiles = Mapping[tuple[str, str], ValueProfile]
"""By object type and property name."""


def profile_of(written: Iterable[str], labels: PropertyLabels, *, filled: int) -> ValueProfile:
    """The profile of sampled values; options count by their labels, each ticked one alone."""
    samples = tuple(text for value in written for text in labels.chosen(value) if text.strip())
    return ValueProfile(samples, filled)


def is_number(text: str) -> bool:
    """Whether a value counts or measures something."""
    return _NUMBER.fullmatch(text.strip()) is not None


def is_count(text: str) -> bool:
    """Whether a value is a number too small for a record's id."""
    return is_number(text) and sum(map(str.isdigit, text)) < _ID_DIGITS


def is_day(text: str) -> bool:
    """Whether a value is a date."""
    return not is_count(text) and values.moment(text).value is not None


def is_tick(text: str) -> bool:
    """Whether a value is a plain yes or no."""
    return meaning(text) in _TICKS


def is_host(text: str) -> bool:
    """Whether a value is a web address or a host."""
    return _HOST.fullmatch(text.strip()) is not None


def is_code(text: str) -> bool:
    """Whether a value can be a code: one word, no date and no tick."""
    return _CODE.fullmatch(text.strip()) is not None and not is_day(text) and not is_tick(text)


def names_somebody(text: str) -> bool:
    """Whether a value can be a person: an address, a record's id, or a few words."""
    if clean_email(text) or (is_number(text) and not is_count(text)):
        return True
    words = text.split()
    is_short = 0 < len(words) <= _MOST_NAME_WORDS and any(sign.isalpha() for sign in text)
    return is_short and not (is_host(text) or is_day(text) or is_tick(text) or is_answer(text))


def is_answer(text: str) -> bool:
    """Whether a value says where somebody heard of us, and names nobody."""
    labels = {label.label for label in self_reported.classify(text)}
    return bool(labels & _NOT_PEOPLE)


def tells_a_source(text: str) -> bool:
    """Whether a value is understood as an answer to "how did you hear about us"."""
    labels = {label.label for label in self_reported.classify(text)}
    return bool(labels - _SAYS_NOTHING)


def is_in_future(now: datetime) -> Callable[[str], bool]:
    """Whether a value is a day after *now*."""

    def fits(text: str) -> bool:
        at = values.moment(text).value
        return at is not None and at > now

    return fits
