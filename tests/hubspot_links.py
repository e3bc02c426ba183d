"""Links as HubSpot has them and as we keep them, in one form that can be compared."""

from typing import TYPE_CHECKING

from mappings.records.what_is_read import ASSOCIATIONS

if TYPE_CHECKING:
    from tests.sandbox.crm import Portal
    from tests.world import Account

LinkEnds = tuple[str, int, str, int, int]
"""Both records of a link, and its association type."""


def in_hubspot(crm: "Portal") -> set[LinkEnds]:
    """Every link that HubSpot would tell us of."""
    links: set[LinkEnds] = set()
    for from_type, to_type in ASSOCIATIONS:
        for record in crm.all(from_type):
            for to_id, type_ids in crm.associated(from_type, record.id, to_type).items():
                links |= {(from_type, record.id, to_type, to_id, one) for one in type_ids}
    return links


def kept(account: "Account") -> set[LinkEnds]:
    """Every link that counts for us."""
    return {
        (row["from_type"], row["from_id"], row["to_type"], row["to_id"], row["type_id"])
        for row in account.kept("association")
    }
