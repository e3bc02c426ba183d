"""Touched records: the persons, deals and companies that touches may mean something for."""

from collections.abc import Collection
from datetime import timedelta

from integration.storage.database import AS_WRITTEN, Transaction
from integration.storage.mirror.mirror import resolve
from integration.storage.mirror.touches import WINDOW, TouchRow
from integration.storage.queue.recompute import Selection

# No rule looks further back from a deal's creation.
_BEFORE_DEAL = timedelta(days=400)
# Older life signs move no number of today.
_OF_TODAY = timedelta(days=400)


def contacts(tx: Transaction, touches: Collection[TouchRow]) -> set[int]:
    """Return the contacts these touches were with, as they are called today."""
    found = (touch.contact_id for touch in touches if touch.contact_id)
    return set(resolve(tx, "contact", found).values())


def companies(tx: Transaction, touches: Collection[TouchRow]) -> set[int]:
    """Return the companies these touches were with, as they are called today."""
    found = (touch.company_id for touch in touches if touch.company_id is not None)
    return set(resolve(tx, "company", found).values())


def life_signs(touches: Collection[TouchRow]) -> list[TouchRow]:
    """Return the touches that tell where a contact works, or no longer does."""
    return [touch for touch in touches if touch.two_way or touch.kind == "left_reply"]


def deals(tx: Transaction, touches: Collection[TouchRow]) -> set[int]:
    """Return the deals of these companies or people that could see touches of this time."""
    if not touches:
        return set()
    rows = tx.tuples(
        """SELECT deal_id FROM deal
           WHERE portal_id = :portal AND company_id = ANY(CAST(:companies AS bigint[]))
             AND created_at <= :last + CAST(:before AS interval)
             AND (closed_at IS NULL OR closed_at >= :first)
           UNION
           SELECT deal_id FROM association
             JOIN deal ON deal.portal_id = :portal AND deal_id = from_id
           WHERE association.portal_id = :portal AND from_type = 'deal' AND to_type = 'contact'
             AND to_id = ANY(CAST(:contacts AS bigint[]))
             AND created_at <= :last + CAST(:before AS interval)
             AND (closed_at IS NULL OR closed_at >= :first)""",
        companies=sorted(companies(tx, touches)),
        contacts=sorted(contacts(tx, touches)),
        first=min(touch.at for touch in touches),
        last=max(touch.at for touch in touches),
        before=_BEFORE_DEAL,
    )
    named = {touch.deal_id for touch in touches if touch.deal_id is not None}
    return {row[0] for row in rows} | named


def employers(tx: Transaction, contact_ids: Collection[int]) -> set[int]:
    """Return the companies that these contacts are linked to."""
    rows = tx.tuples(
        """SELECT DISTINCT to_id FROM association
           WHERE portal_id = :portal AND from_type = 'contact'
             AND to_type = 'company' AND from_id = ANY(CAST(:ids AS bigint[]))""",
        ids=sorted(contact_ids),
    )
    return {row[0] for row in rows}


_IN_SIGHT = """at >= created_at - CAST(:before AS interval)
  AND (closed_at IS NULL OR at <= closed_at)"""
# Word for word the conditions of the indexes that answer these questions.
_SIGN = "(two_way OR kind = 'left_reply')"
_TOLD = "(kind = 'note' OR (kind = 'reply' AND NOT inbound))"


def _persons(object_type: str, condition: str) -> Selection:
    return Selection(
        f"""SELECT '{object_type}' AS object_type, contact_id AS record_id FROM person
            WHERE portal_id = :portal AND (
              EXISTS (SELECT FROM touch
                WHERE portal_id = :portal AND contact_id = person.contact_id AND {condition})
              OR EXISTS (SELECT FROM alias
                WHERE portal_id = :portal AND object_type = 'contact'
                  AND new_id = person.contact_id))"""
    )


# When the first pass is through, all touches are new. What they mean something for is asked contact
# by contact: there may be twenty touches for each, and an index tells whether there is one.

# Every person with a life sign, or whose records were merged.
ALL_LIVING_PERSONS = _persons("person", _SIGN)
# Every contact that a note or our own mail may tell of, or whose records were merged.
ALL_CONTACTS_TOLD_OF = _persons("contact", _TOLD)
# Every deal that could see a touch, or whose company was merged.
ALL_DEALS_IN_SIGHT = Selection(
    f"""SELECT 'deal' AS object_type, deal_id AS record_id FROM deal
        WHERE portal_id = :portal
          AND (closed_at IS NULL
               OR closed_at >= CAST(:now AS timestamptz) - CAST(:window AS interval)) AND (
          EXISTS (SELECT FROM touch
            WHERE portal_id = :portal AND company_id = deal.company_id AND {_IN_SIGHT})
          OR EXISTS (SELECT FROM (
              SELECT to_id FROM association WHERE association.portal_id = :portal
                AND from_type = 'deal' AND from_id = deal_id AND to_type = 'contact'
              {AS_WRITTEN}) AS linked
            CROSS JOIN LATERAL (SELECT FROM touch
              WHERE touch.portal_id = :portal AND contact_id = to_id AND {_IN_SIGHT}
              {AS_WRITTEN}) AS seen)
          OR EXISTS (SELECT FROM alias WHERE portal_id = :portal AND object_type = 'company'
            AND new_id = deal.company_id))""",
    {"window": WINDOW, "before": _BEFORE_DEAL},
)
# Every company with a contact that gave a life sign of late.
ALL_EMPLOYERS_OF_LIVING = Selection(
    f"""SELECT DISTINCT 'company' AS object_type, to_id AS record_id FROM association
        WHERE portal_id = :portal AND from_type = 'contact' AND to_type = 'company' AND EXISTS (
          SELECT FROM touch WHERE portal_id = :portal AND contact_id = from_id AND {_SIGN}
            AND at > CAST(:now AS timestamptz) - CAST(:of_today AS interval))""",
    {"of_today": _OF_TODAY},
)
