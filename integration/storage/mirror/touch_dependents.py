"""Who has to be looked at again when touches change: persons, their deals and companies, and who was told of."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from integration.storage.database import Transaction
from integration.storage.mirror.mirror import DEALS, PEOPLE, SUMMARIES, mark_stages, resolve
from integration.storage.mirror.touches import TouchRow

# No rule looks further back from a deal's creation.
_BEFORE_DEAL = timedelta(days=400)
# Older life signs move no number of today.
_OF_TODAY = timedelta(days=400)


def changed(tx: Transaction, rows: Iterable[TouchRow]) -> None:
    """Ask conclude to look again at all that these touches, new or gone, may mean something for."""
    rows = list(rows)
    if not rows:
        return
    people = resolve(tx, "contact", (row.contact_id for row in rows if row.contact_id))
    firms = resolve(tx, "company", (row.company_id for row in rows if row.company_id is not None))
    alive = {
        people[row.contact_id]
        for row in rows
        if row.contact_id and (row.two_way or row.kind == "left_reply")
    }
    first, last = min(row.at for row in rows), max(row.at for row in rows)
    deals = _deals(tx, set(people.values()), set(firms.values()), first, last)
    deals |= {row.deal_id for row in rows if row.deal_id is not None}
    mark_stages(
        tx,
        {
            PEOPLE: {("person", one) for one in alive},
            DEALS: {("deal", one) for one in deals} | {("contact", one) for one in people.values()},
            SUMMARIES: {("company", one) for one in _employers(tx, alive) | set(firms.values())},
        },
    )


def _deals(
    tx: Transaction, contact_ids: set[int], company_ids: set[int], first: datetime, last: datetime
) -> set[int]:
    """Deals that could see touches of this time: of these companies, or with these people on them."""
    rows = tx.tuples(
        """SELECT deal_id FROM deal WHERE portal_id = :portal AND company_id = ANY(CAST(:companies AS bigint[]))
             AND created_at <= :last + CAST(:before AS interval) AND (closed_at IS NULL OR closed_at >= :first)
           UNION
           SELECT deal_id FROM association JOIN deal ON deal.portal_id = :portal AND deal_id = from_id
           WHERE association.portal_id = :portal AND from_type = 'deal' AND to_type = 'contact'
             AND to_id = ANY(CAST(:contacts AS bigint[]))
             AND created_at <= :last + CAST(:before AS interval) AND (closed_at IS NULL OR closed_at >= :first)""",
        companies=sorted(company_ids),
        contacts=sorted(contact_ids),
        first=first,
        last=last,
        before=_BEFORE_DEAL,
    )
    return {row[0] for row in rows}


def _employers(tx: Transaction, contact_ids: set[int]) -> set[int]:
    rows = tx.tuples(
        """SELECT DISTINCT to_id FROM association WHERE portal_id = :portal AND from_type = 'contact'
             AND to_type = 'company' AND from_id = ANY(CAST(:ids AS bigint[]))""",
        ids=sorted(contact_ids),
    )
    return {row[0] for row in rows}


_INTO_STALE = "INSERT INTO stale (portal_id, stage, object_type, record_id)"
_AGAIN = """ON CONFLICT (portal_id, stage, object_type, record_id)
  DO UPDATE SET since = clock_timestamp(), next_at = clock_timestamp(), attempts = 0, error = NULL"""


def everything(tx: Transaction, *, now: datetime, window: timedelta) -> None:
    """Ask conclude to look again at all that any touch may mean something for: the first pass is through.

    Asked contact by contact: there may be twenty touches for each, and an index tells whether there
    is one.
    """
    alive = f"SELECT FROM touch WHERE portal_id = :portal AND contact_id = person.contact_id AND {_SIGN}"
    told = f"SELECT FROM touch WHERE portal_id = :portal AND contact_id = person.contact_id AND {_TOLD}"
    merged = "SELECT FROM alias WHERE portal_id = :portal AND object_type = 'contact' AND new_id = person.contact_id"
    for stage, kind, found in ((PEOPLE, "person", alive), (DEALS, "contact", told)):
        tx.run(
            f"""{_INTO_STALE} SELECT :portal, {stage}, '{kind}', contact_id FROM person
                WHERE portal_id = :portal AND (EXISTS ({found}) OR EXISTS ({merged})) {_AGAIN}"""
        )
    tx.run(
        f"""{_INTO_STALE} SELECT :portal, {DEALS}, 'deal', deal_id FROM deal
            WHERE portal_id = :portal AND (closed_at IS NULL OR closed_at >= :oldest) AND (
              EXISTS (SELECT FROM touch WHERE portal_id = :portal AND company_id = deal.company_id AND {_IN_SIGHT})
              OR EXISTS (SELECT FROM association JOIN touch ON touch.portal_id = :portal AND contact_id = to_id
                WHERE association.portal_id = :portal AND from_type = 'deal' AND from_id = deal_id
                  AND to_type = 'contact' AND {_IN_SIGHT})
              OR EXISTS (SELECT FROM alias WHERE portal_id = :portal AND object_type = 'company'
                AND new_id = deal.company_id)) {_AGAIN}""",
        oldest=now - window,
        before=_BEFORE_DEAL,
    )
    tx.run(
        f"""{_INTO_STALE} SELECT DISTINCT :portal, {SUMMARIES}, 'company', to_id FROM association
            WHERE portal_id = :portal AND from_type = 'contact' AND to_type = 'company' AND EXISTS (
              SELECT FROM touch WHERE portal_id = :portal AND contact_id = from_id AND {_SIGN} AND at > :recent)
            {_AGAIN}""",
        recent=now - _OF_TODAY,
    )


_IN_SIGHT = (
    "at >= created_at - CAST(:before AS interval) AND (closed_at IS NULL OR at <= closed_at)"
)
# Word for word the conditions of the indexes that answer these questions.
_SIGN = "(two_way OR kind = 'left_reply')"
_TOLD = "(kind = 'note' OR (kind = 'reply' AND NOT inbound))"
