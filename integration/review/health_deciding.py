"""Deciding on the health of a customer: a band that holds for a while, a factor that is none there.

Each deed has its author, a reason and, a band always, an end. What it replaces stays readable.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from integration.core.errors import RecordGone, Refused
from integration.portal import invalidation, settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.mirror import deal_rows, mirror
from integration.storage.queue import lanes
from integration.storage.reviews import health_decisions
from integration.storage.service import portals
from mappings.kinds import ObjectType
from mappings.rules.success import health_override
from mappings.rules.success.health import FACTORS
from mappings.rules.success.health_override import LONGEST_REASON


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody wants to hold: *value* is a band or a factor, *words* say why."""

    company_id: int
    value: str
    words: str
    until: date | None
    author: str


def set_band(portal: PortalContext, deed: Deed) -> None:
    """Set a customer's band until a day; one that was set before is replaced.

    Refused, with nothing changed: no reason, no end or one too far away, no customer.
    """
    now = portal.runtime.now()
    with portal.confirmed() as tx:
        company_id = _customer(tx, deed.company_id)
        policy = settings.read(tx).policy
        trouble = health_override.trouble(deed.value, deed.words, deed.until, now.date(), policy)
        if trouble:
            raise Refused(trouble)
        stands = health_decisions.of_company(tx, company_id, now.date()).override
        values = {
            "company_id": company_id,
            "band": deed.value,
            "reason": deed.words.strip(),
            "author": deed.author,
            "until": deed.until,
        }
        if stands and all(getattr(stands, name) == value for name, value in values.items()):
            return  # a button pressed twice
        health_decisions.set_band(tx, {**values, "made_at": now})
        _conclude_again(tx, deed.author, "set the health band of a customer", company_id)
    portal.runtime.queue.wake(portal.portal_id)


def withdraw_band(portal: PortalContext, company_id: int, *, author: str) -> None:
    """Take the band back that stands. Refused where none does."""
    now = portal.runtime.now()
    with portal.confirmed() as tx:
        company_id = _today(tx, company_id)
        stands = health_decisions.of_company(tx, company_id, now.date()).override
        if stands is None or not health_decisions.withdraw(
            tx, stands.override_id, author=author, at=now
        ):
            raise Refused("Nobody's band holds for this company any more: nothing was changed")
        _conclude_again(tx, author, "took the health band of a customer back", company_id)
    portal.runtime.queue.wake(portal.portal_id)


def leave_out(portal: PortalContext, deed: Deed) -> None:
    """Measure a customer without a factor, for good or until a day. Refused without words."""
    now = portal.runtime.now()
    with portal.confirmed() as tx:
        company_id = _customer(tx, deed.company_id)
        _check_left_out(deed, now.date())
        values = {
            "company_id": company_id,
            "factor": deed.value,
            "words": deed.words.strip(),
            "author": deed.author,
            "made_at": now,
            "until": deed.until,
        }
        health_decisions.leave_out(tx, values)
        _conclude_again(tx, deed.author, "left a factor of a customer's health out", company_id)
    portal.runtime.queue.wake(portal.portal_id)


def count_again(portal: PortalContext, company_id: int, factor: str, *, author: str) -> None:
    """Count a factor of a customer again. Refused where it was not left out."""
    with portal.confirmed() as tx:
        company_id = _today(tx, company_id)
        if not health_decisions.count_again(tx, _all_ids(tx, company_id), factor):
            raise Refused("This factor is not left out for this company: nothing was changed")
        _conclude_again(tx, author, "counts a factor of a customer's health again", company_id)
    portal.runtime.queue.wake(portal.portal_id)


def _check_left_out(deed: Deed, today: date) -> None:
    if deed.value not in FACTORS:
        raise Refused(f"Choose a factor: {', '.join(FACTORS)}")
    if not deed.words.strip():
        raise Refused("Say why it does not apply to this company: every explanation quotes it")
    if len(deed.words) > LONGEST_REASON:
        raise Refused(f"A reason has at most {LONGEST_REASON} characters")
    if deed.until is not None and deed.until < today:
        raise Refused("It would have ended already: choose a day from today on, or none")


def _customer(tx: Transaction, company_id: int) -> int:
    """The company's id of today. Refused for one that never bought."""
    company_id = _today(tx, company_id)
    if not deal_rows.buyers(tx, [company_id]):
        raise Refused("Health is said of customers only: this company never bought")
    return company_id


def _today(tx: Transaction, company_id: int) -> int:
    """The company's id of today. Raises RecordGone for one that is not, or no longer, there."""
    today = mirror.resolve(tx, ObjectType.COMPANY, [company_id])[company_id]
    record = mirror.load(tx, ObjectType.COMPANY, [today]).get(today)
    if record is None or record.gone_at is not None:
        raise RecordGone(f"Company {company_id} is not in HubSpot any more")
    return today


def _all_ids(tx: Transaction, company_id: int) -> Collection[int]:
    former = mirror.former_ids(tx, ObjectType.COMPANY, [company_id]).get(company_id, set())
    return {company_id, *former}


def _conclude_again(tx: Transaction, author: str, action: str, company_id: int) -> None:
    # The audit trail holds no reason: that is erased with whom it names.
    portals.note(tx, author, action, company=company_id)
    invalidation.record(tx, Change.HEALTH_DECIDED, companies={company_id})
    lanes.want(tx, tx.portal_id, "drain")
