"""Wishes: the settings that name a property, by what words and values it is recognised.

A row for each setting that no text source brings along. The words are in `mappings/field_words`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mappings.kinds import ObjectType
from mappings.records import text_sources
from mappings.records.text_sources import DAY, Guess

_NUMBER: Final = frozenset({"number"})


@dataclass(frozen=True, slots=True)
class Wish:
    """A setting, the object type whose property it names, and how that is recognised."""

    setting: str
    object_type: str
    guess: Guess


_OF_COMPANIES: Final = (
    Wish(
        "renewal_date_property",
        ObjectType.COMPANY,
        Guess("renewal", "when a customer's contract ends", DAY),
    ),
    Wish(
        "usage_property",
        ObjectType.COMPANY,
        Guess("usage", "how much a customer uses the product", _NUMBER),
    ),
    Wish(
        "milestone_property",
        ObjectType.COMPANY,
        Guess("milestone", "when a customer first got value", DAY),
    ),
    Wish(
        "goal_date_property",
        ObjectType.COMPANY,
        Guess("goal", "when a customer reached its goal", DAY),
    ),
    Wish(
        "recurring_property",
        ObjectType.COMPANY,
        Guess("recurring", "a customer's recurring value", _NUMBER),
    ),
)


def wishes() -> Iterator[Wish]:
    """Every setting that is recognised, in the order of the settings page."""
    for source in text_sources.known():
        if source.guess is not None:
            yield Wish(source.setting, source.object_type, source.guess)
    yield from _OF_COMPANIES
