"""Reconciling: what HubSpot has of a month's won deals beside what the books have of them."""

from dataclasses import dataclass
from datetime import datetime

from mappings.currencies import digits_of
from mappings.kinds import Mismatch


@dataclass(frozen=True, slots=True)
class HubSpotSide:
    """A deal as HubSpot has it now; amounts in minor units, None where it has none."""

    is_won: bool
    closed_at: datetime | None
    minor: int | None
    currency: str
    home_minor: int | None


@dataclass(frozen=True, slots=True)
class Booked:
    """What the books have of a deal's win in the month, both orders together."""

    minor: int
    home_minor: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """When a month begins and ends: in HubSpot's reports, and in the books."""

    since: datetime
    until: datetime
    books_since: datetime
    books_until: datetime

    def holds(self, at: datetime | None) -> bool:
        """Whether a close lies in the month as HubSpot's reports see it."""
        return at is not None and self.since <= at < self.until

    def holds_in_books(self, at: datetime | None) -> bool:
        """Whether it lies in the month of the books."""
        return at is not None and self.books_since <= at < self.books_until


def mismatch(
    hubspot: HubSpotSide | None, booked: Booked | None, span: Span, now: datetime
) -> Mismatch | None:
    """Why the two sides of a deal differ in this month; None where they agree.

    *hubspot* is None where the deal is gone, *booked* where nothing is booked of it in the month.
    """
    if booked is None:
        return None if hubspot is None else _not_booked(hubspot, span)
    if hubspot is None or not hubspot.is_won:
        return Mismatch.NOT_WON
    if not span.holds(hubspot.closed_at):
        return _elsewhere(hubspot.closed_at, span, now)
    if hubspot.minor != booked.minor:
        return Mismatch.AMOUNT
    if booked.home_minor is None:
        return Mismatch.NO_HOME
    if hubspot.home_minor not in {None, booked.home_minor}:
        return Mismatch.RATE
    return None


def _not_booked(hubspot: HubSpotSide, span: Span) -> Mismatch:
    if digits_of(hubspot.currency) is None:
        return Mismatch.NO_CURRENCY
    if not hubspot.minor:
        return Mismatch.NO_AMOUNT
    if not span.holds_in_books(hubspot.closed_at):
        return Mismatch.TIME_ZONE
    return Mismatch.NOT_BOOKED


def _elsewhere(closed_at: datetime | None, span: Span, now: datetime) -> Mismatch:
    """Why a deal that is booked in the month closes in another one in HubSpot."""
    if span.holds_in_books(closed_at):
        return Mismatch.TIME_ZONE
    if closed_at is not None and closed_at > now:
        return Mismatch.STILL_TO_COME
    return Mismatch.OTHER_MONTH
