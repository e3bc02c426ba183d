"""Overrides of health: a band that a person set, with a reason and an end; the score stays."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from mappings.formats import day
from mappings.rules.policy import Policy
from mappings.rules.success.health import Health

BANDS: Final = ("healthy", "watch", "at_risk")
"""The bands that a person can set."""
LONGEST_REASON: Final = 1000
_WORDS: Final = {"at_risk": "at risk"}


@dataclass(frozen=True, slots=True)
class Override:
    """A band that somebody set instead of the one worked out, and until when it holds.

    *until* is its last day. A removed person's name takes the reason with it, never the override.
    """

    band: str
    reason: str
    author: str
    since: date
    until: date

    def holds(self, on: date) -> bool:
        """Whether it counts on a day."""
        return on <= self.until


def band_shown(health: Health, override: Override | None) -> str:
    """The band that everybody sees: that of the override, while there is one."""
    return override.band if override else health.band


def because(health: Health, override: Override) -> str:
    """Who set which band until when, why, and what it would be without."""
    reason = f': "{override.reason}"' if override.reason else ""
    return (
        f"Set to {in_words(override.band)} by {override.author} until {day(override.until)}"
        f"{reason}. Without that it would be {in_words(health.band)}."
    )


def in_words(band: str) -> str:
    """A band as a sentence says it."""
    return _WORDS.get(band, band)


def trouble(band: str, reason: str, until: date | None, today: date, policy: Policy) -> str:
    """What is wrong with an override that somebody wants to set, as a sentence; empty if nothing.

    One without an end is refused, and one that ends too late: nobody would look again.
    """
    latest = last_day(today, policy)
    if band not in BANDS:
        return "Choose a band: healthy, watch or at risk"
    if not reason.strip():
        return "Say why: others will see this band and have to know"
    if len(reason) > LONGEST_REASON:
        return f"A reason has at most {LONGEST_REASON} characters"
    if until is None:
        return f"Say until when it holds: {day(latest)} at the latest, for an override must end"
    if until < today:
        return f"It would have ended on {day(until)} already: choose a day from today on"
    if until > latest:
        return (
            f"An override holds for at most {policy.override_days} days: {day(latest)} at the"
            " latest. Set it again then, if it is still true"
        )
    return ""


def last_day(today: date, policy: Policy) -> date:
    """The last day on which an override of today can hold."""
    return today + timedelta(max(1, policy.override_days))
