"""Who stands out in lists: by second-order revenue as HubSpot's fields say it, and by role."""

from collections.abc import Collection
from decimal import Decimal

from integration.storage.database import Transaction


def people(tx: Transaction, *, limit: int) -> list[tuple[int, Decimal]]:
    """Return contacts with the most second-order revenue, in major units of the account's money."""
    rows = tx.tuples(
        """SELECT contact_id, revenue FROM listed_contact WHERE portal_id = :portal AND revenue > 0
           ORDER BY revenue DESC, contact_id DESC LIMIT :limit""",
        limit=limit,
    )
    return [(contact_id, revenue) for contact_id, revenue in rows]


def companies(tx: Transaction, *, limit: int) -> list[tuple[int, Decimal]]:
    """Return companies with the most second-order revenue, in major units likewise."""
    rows = tx.tuples(
        """SELECT company_id, revenue FROM listed_company WHERE portal_id = :portal AND revenue > 0
           ORDER BY revenue DESC, company_id DESC LIMIT :limit""",
        limit=limit,
    )
    return [(company_id, revenue) for company_id, revenue in rows]


def in_role_at(
    tx: Transaction, company_id: int, roles: Collection[str], *, limit: int
) -> list[tuple[int, str]]:
    """Return contacts of a company whose role for us is one of these, most revenue first."""
    rows = tx.tuples(
        """SELECT contact_id, role FROM listed_contact
           WHERE portal_id = :portal AND company_id = :company
             AND role = ANY(CAST(:roles AS text[]))
           ORDER BY revenue DESC, contact_id LIMIT :limit""",
        company=company_id,
        roles=list(roles),
        limit=limit,
    )
    return [(contact_id, role) for contact_id, role in rows]
