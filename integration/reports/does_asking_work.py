"""Does asking work? Each time that people were held back at random, with what it showed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.portal import record_names, settings
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.ledger import period_rows
from integration.storage.program import hold_back_rows
from integration.storage.program.hold_back_rows import HoldBack
from mappings.rules.ledger import hold_out
from mappings.rules.ledger.hold_out import Arm, HoldOut, TrialPerson
from mappings.rules.ledger.periods import Calendar

SHOWN = 50
"""People held back now that are shown."""
USUAL = (0.02, 0.05, 0.10)
"""Shares of people who refer unasked, for which the sizes needed are told."""
EFFECTS = (0.05, 0.10, 0.20)
"""What asking may add to them."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One time of holding back, how many were drawn to each side, and what it showed."""

    hold_back: HoldBack
    asked: int
    held_back: int
    found: HoldOut


@dataclass(frozen=True, slots=True)
class DoesAskingWork:
    """All times, the newest first; `shown` is one of them. `settings_version` made its figures.

    `held_now` are people who are held back now: contact, name and since when. Only admins see it.
    """

    all_times: Sequence[HoldBack]
    shown: Trial | None
    currency: str
    calendar: Calendar
    settings_version: int
    held_now: Sequence[tuple[int, str, datetime]] = ()

    @property
    def running(self) -> HoldBack | None:
        """The one that is under way."""
        return next((time for time in self.all_times if time.ended_at is None), None)


@dataclass(frozen=True, slots=True)
class Size:
    """How many have to become ready for each effect, where so many refer unasked."""

    usual: float
    needed: Sequence[int | None]


def read(portal: PortalContext, hold_back_id: int | None = None) -> DoesAskingWork:
    """Return what a time of holding back showed; without a number the newest."""
    now = portal.runtime.now()
    with portal.transaction() as tx:
        known = settings.read(tx)
        all_times = hold_back_rows.every(tx)
        chosen = [time for time in all_times if hold_back_id in {None, time.hold_back_id}]
        shown = None
        if chosen:
            home = known.map.home_currency
            rows = hold_back_rows.people(tx, chosen[0].hold_back_id, home, hold_out.FOLLOWED)
            people = [TrialPerson(**{**row, "arm": Arm(row["arm"])}) for row in rows]
            sides = [person.arm for person in people]
            shown = Trial(
                chosen[0],
                sides.count(Arm.ASKED),
                sides.count(Arm.HELD_BACK),
                hold_out.compare(people, now),
            )
        return DoesAskingWork(
            all_times,
            shown,
            known.map.home_currency,
            period_rows.read(tx).calendar,
            known.version,
            _held_now(tx),
        )


def _held_now(tx: Transaction) -> list[tuple[int, str, datetime]]:
    """Whom the lot holds back now, by name, and since when; the newest of them."""
    held = hold_back_rows.held_now(tx, limit=SHOWN)
    names = record_names.shown(tx, {("contact", contact_id) for contact_id, _ in held})
    return [(contact_id, names["contact", contact_id], since) for contact_id, since in held]


def sizes(share: int) -> list[Size]:
    """Return how many have to become ready, for some usual shares and effects."""
    return [
        Size(usual, [hold_out.people_needed(usual, effect, share) for effect in EFFECTS])
        for usual in USUAL
    ]
