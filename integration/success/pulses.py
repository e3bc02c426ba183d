"""Pulses given by people: who may say how it goes with a company, and what was said of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from integration.core.errors import RecordGone, Refused
from integration.portal import authors, invalidation
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.ledger import period_rows
from integration.storage.mirror import mirror, owner_rows
from integration.storage.queue import lanes
from integration.storage.reviews import pulse_rows
from mappings.kinds import ObjectType
from mappings.rules.success.pulse import HIGHEST, LOWEST, Pulse
from mappings.rules.text.names import spoken

SHOWN = 12


@dataclass(frozen=True, slots=True)
class PulseLine:
    """A pulse as a page shows it, with who gave it."""

    month: date
    value: int
    words: str
    author: str


def give(portal: PortalContext, company_id: int, value: int, words: str, *, user_id: int) -> None:
    """Store how it goes with a company this month, and let it count.

    Raises RecordGone for a company that is not there, Refused for a value that is no pulse.
    """
    if not LOWEST <= value <= HIGHEST:
        raise Refused(f"A pulse is a number from {LOWEST} to {HIGHEST}; nothing was saved")
    now = portal.runtime.now()
    with portal.confirmed() as tx:
        current_id = _living(tx, company_id)
        month = pulse_rows.month_of(period_rows.read(tx).calendar.day_of(now))
        said = spoken(words)[: pulse_rows.LONGEST_WORDS]
        pulse_rows.keep(tx, Pulse(current_id, month, value, now, said, user_id))
        invalidation.record(tx, Change.PULSE_GIVEN, companies={current_id})
        lanes.want(tx, tx.portal_id, "drain")
    portal.runtime.queue.wake(portal.portal_id)


def is_owner(portal: PortalContext, company_id: int, user_id: int) -> bool:
    """Whether a company belongs to this user in HubSpot; RecordGone where there is none."""
    with portal.transaction() as tx:
        ref = (ObjectType.COMPANY.value, _living(tx, company_id))
        return ref in owner_rows.owned_by(tx, user_id, [ref])


def newest_first(tx: Transaction, company_id: int) -> Sequence[PulseLine]:
    """Return what was said of a company in the last months, the newest first."""
    given = list(pulse_rows.of_companies(tx, [company_id]).get(company_id, ()))
    shown = given[: -SHOWN - 1 : -1]
    names = authors.all_in_words(tx, {_author(pulse) for pulse in shown})
    return [
        PulseLine(pulse.month, pulse.value, pulse.words, names[_author(pulse)]) for pulse in shown
    ]


def _author(pulse: Pulse) -> str:
    return f"user:{pulse.user_id}" if pulse.user_id else ""


def _living(tx: Transaction, company_id: int) -> int:
    current_id = mirror.resolve(tx, ObjectType.COMPANY, [company_id])[company_id]
    record = mirror.load(tx, ObjectType.COMPANY, [current_id]).get(current_id)
    if record is None or record.gone_why:
        raise RecordGone(f"Company {company_id} is not in HubSpot any more; nothing was saved")
    return current_id
