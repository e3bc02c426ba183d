"""What is booked of a deal now, in a form that is the same byte for byte however it came about."""

from collections.abc import Iterable
from dataclasses import dataclass

from mappings.rules.findings import Entry
from mappings.rules.ledger.entries import booked


@dataclass(frozen=True, slots=True)
class BookedDeal:
    """What is booked of one credit of a deal now."""

    deal_id: int
    key: str
    kind: str
    person_id: int | None
    contact_id: int | None
    company_id: int | None
    order: int
    share: int
    amount_minor: int
    currency: str
    home_minor: int | None
    home_currency: str | None
    rate: str | None
    evidence: tuple[str, ...]
    reason: str


def booked_deals(posted: Iterable[Entry]) -> tuple[BookedDeal, ...]:
    """Reduce the rows of one deal to its credits; empty when no money is booked.

    How and when a credit was booked is left out: docs/rules.md promises the same result however a
    deal was lived through.
    """
    found = booked(posted)
    if not any(found.amounts.values()):
        return ()
    known_home = {row.key for row in found.live if row.home_amount_minor is not None}
    return tuple(
        BookedDeal(
            head.deal_id, key, head.kind, head.person_id, head.contact_id, head.company_id, head.order,
            found.shares[key], found.amounts[key], head.currency, found.homes[key] if key in known_home else None,
            head.home_currency, head.rate, head.evidence, head.reason,
        )
        for key, head in sorted(found.heads.items())
    )  # fmt: skip
