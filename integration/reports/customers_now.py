"""Customers as a whole: how many are how well, with their money, and who was in touch of late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from integration.portal import settings
from integration.portal.context import PortalContext
from integration.storage.listings import choice_rows, customer_rows
from integration.storage.listings.customer_rows import BandSum
from mappings.rules.ledger.comparison import Rate
from mappings.rules.success.health import UNKNOWN_BAND
from mappings.rules.success.health_override import BANDS


@dataclass(frozen=True, slots=True)
class OwnerShare:
    """Of an owner's active customers those with whom somebody was in touch of late."""

    owner_id: int | None
    touched: Rate


@dataclass(frozen=True, slots=True)
class CustomersNow:
    """Active customers by band, the best first, and the share that was in touch, as of now.

    `customers` counts all that ever bought. `currency` is empty while it is not known.
    """

    customers: int
    bands: Sequence[BandSum]
    touched: Rate
    owners: Sequence[OwnerShare]
    names: Mapping[int, str]
    currency: str
    touch_days: int
    active_days: int

    @property
    def active(self) -> int:
        """How many are active."""
        return self.touched.of

    @property
    def untouched(self) -> int:
        """With how many nobody was in touch."""
        return self.touched.of - self.touched.part


def read(portal: PortalContext) -> CustomersNow:
    """Read the customers of an account as of now."""
    with portal.transaction() as tx:
        counting = settings.read(tx)
        by_band = {line.band: line for line in customer_rows.sums(tx)}
        owners = customer_rows.touched(tx)
        return CustomersNow(
            customers=customer_rows.count(tx),
            bands=[by_band.get(band, BandSum(band, 0, 0, 0)) for band in (*BANDS, UNKNOWN_BAND)],
            touched=Rate(
                sum(line.touched for line in owners), sum(line.customers for line in owners)
            ),
            owners=[
                OwnerShare(line.owner_id, Rate(line.touched, line.customers)) for line in owners
            ],
            names=choice_rows.owners(tx),
            currency=counting.map.home_currency,
            touch_days=counting.policy.touch_days,
            active_days=counting.policy.active_days,
        )
