"""Those with whom a tree of who brought whom begins: the people and companies that led to most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from integration.portal import record_names, settings
from integration.portal.context import PortalContext
from integration.storage.database import Row
from integration.storage.ledger import leader_rows
from integration.storage.ledger.total_rows import Wins
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair

_MOST = 20


@dataclass(frozen=True, slots=True)
class Advocate:
    """Somebody who led to deals: a contact, a company, or a removed person (`record_id` None)."""

    object_type: str
    record_id: int | None
    minor: int
    deals: int


@dataclass(frozen=True, slots=True)
class Advocates:
    """People and companies, the most booked money first, in the account's currency."""

    people: Sequence[Advocate]
    companies: Sequence[Advocate]
    currency: str
    names: Mapping[RefPair, str]


def top(portal: PortalContext) -> Advocates:
    """Return who led to most, of all time."""
    with portal.transaction() as tx:
        home = settings.read(tx).map.home_currency
        people = leader_rows.people(tx, home, Wins(), limit=_MOST)
        companies = leader_rows.companies(tx, home, Wins(), limit=_MOST)
        found = [_advocate(ObjectType.CONTACT, row, "contact_id") for row in people]
        firms = [_advocate(ObjectType.COMPANY, row, "id") for row in companies]
        refs = {(line.object_type, line.record_id) for line in (*found, *firms) if line.record_id}
        return Advocates(found, firms, home, record_names.shown(tx, refs))


def _advocate(object_type: ObjectType, row: Row, column: str) -> Advocate:
    return Advocate(object_type.value, row[column], int(row["minor"]), row["deals"])
