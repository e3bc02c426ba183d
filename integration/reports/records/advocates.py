"""Those with whom a tree of who brought whom begins: the people and companies that led to most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from integration.portal import record_names, settings
from integration.portal.context import PortalContext
from integration.storage.listings import leading
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair

_MOST = 20


@dataclass(frozen=True, slots=True)
class Advocates:
    """People and companies with their second-order revenue, the most first, in major units."""

    people: Sequence[tuple[int, Decimal]]
    companies: Sequence[tuple[int, Decimal]]
    currency: str
    names: Mapping[RefPair, str]


def top(portal: PortalContext) -> Advocates:
    """Return who led to most, as the fields in HubSpot say it."""
    with portal.transaction() as tx:
        people = leading.people(tx, limit=_MOST)
        companies = leading.companies(tx, limit=_MOST)
        refs = {(ObjectType.CONTACT.value, number) for number, _ in people}
        refs |= {(ObjectType.COMPANY.value, number) for number, _ in companies}
        home = settings.read(tx).map.home_currency
        return Advocates(people, companies, home, record_names.shown(tx, refs))
