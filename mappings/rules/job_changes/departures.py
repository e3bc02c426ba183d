"""Departures: whether what stands in a "left the company" property says that somebody left.

An option says so only by its label, a tick by what its property asks: "No" to "Still employed?"
means left, "No" to "Left the company?" does not.
"""

from enum import Enum, auto
from functools import lru_cache

from mappings.rules.text import field_words
from mappings.rules.text.phrase_matching import Hit, outer


class Meaning(Enum):
    """What a few words say of somebody's employment; YES and NO depend on what was asked."""

    LEFT = auto()
    THERE = auto()
    YES = auto()
    NO = auto()
    NOTHING = auto()
    """That it is not known, or undecided."""


@lru_cache(1 << 12)
def meaning(words: str) -> Meaning | None:
    """What an option's label or a property's name says; None where no phrase fits."""
    said = _core(words)
    if {hit.label for hit in said} & {"says nothing"}:
        return Meaning.NOTHING
    denials = field_words.found("denies", words)
    if said:
        return _of_core(said, is_denied=bool(denials))
    if field_words.says("says yes", words):
        return Meaning.YES
    if field_words.says("says no", words):
        return Meaning.NO
    # "No longer with us": a denial that ends something needs no word for what has ended.
    return Meaning.LEFT if any(hit.weak for hit in denials) else None


def asks_for_departure(question: str) -> bool | None:
    """Whether "yes" to a property's name means left, still there (False), or neither (None)."""
    asked = meaning(question)
    return {Meaning.LEFT: True, Meaning.THERE: False}.get(asked) if asked else None


@lru_cache(1 << 12)
def says_left(said: str, question: str, *, is_option: bool) -> bool:
    """Whether a value of a property with this name says that the person left.

    Of an option nothing is guessed. Free words in a field for departures were written to note one,
    unless they say otherwise.
    """
    meant = meaning(said)
    if meant in {Meaning.YES, Meaning.NO}:
        # A person mapped it as the property that says who left: without a word, yes means that.
        asks_left = asks_for_departure(question) is not False
        return (meant is Meaning.YES) == asks_left
    if meant is None:
        return not is_option and any(sign.isalnum() for sign in said)
    return meant is Meaning.LEFT


def _core(words: str) -> list[Hit]:
    """The words that say left, there or nothing, without those inside a longer phrase."""
    headings = ("says left", "says there", "says nothing")
    return outer([hit for heading in headings for hit in field_words.found(heading, words)])


def _of_core(said: list[Hit], *, is_denied: bool) -> Meaning | None:
    """What clear words say, or else weak ones; None where they contradict each other."""
    clear = [hit for hit in said if not hit.weak] or said
    labels = {hit.label for hit in clear}
    if len(labels) > 1:
        return None
    says_it_left = ("says left" in labels) != is_denied
    return Meaning.LEFT if says_it_left else Meaning.THERE
