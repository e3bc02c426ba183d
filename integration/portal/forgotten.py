"""Forgetting a person: everything that names them goes, every total stays."""

import hashlib
import hmac
from collections.abc import Iterable

from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.findings import move_rows, person_rows, source_rows
from integration.storage.mirror import mirror, survey_answers
from integration.storage.queue import lanes
from integration.storage.service import erasure, portals


def forget(portal: PortalContext, contact_id: int) -> int:
    """Erase a contact now; return how many deals are explained anew without the name."""
    with portal.transaction() as tx:
        deals = erase(tx, contact_id, secret=portal.runtime.settings.secret_key)
        lanes.want(tx, portal.portal_id, "drain")
    portal.runtime.queue.wake(portal.portal_id)
    return deals


def erase(tx: Transaction, contact_id: int, *, secret: str) -> int:
    """Erase a contact inside *tx*. The audit line holds no id: an id is personal data, too."""
    neighbours = mirror.neighbours(tx, "contact", [contact_id])
    marks = _concerned(
        tx, {contact_id, *mirror.former_ids(tx, "contact", [contact_id]).get(contact_id, ())}
    )
    deals = erasure.contact(tx, contact_id, mark(secret, tx.portal_id, contact_id))
    mirror.mark_stale(tx, mirror.DEALS, {("deal", deal_id) for deal_id in deals})
    mirror.mark_stale(
        tx, mirror.SUMMARIES, {ref for ref in neighbours if ref[0] in {"company", "contact"}}
    )
    mirror.mark_stages(tx, marks)
    portals.note(tx, "second-order", "forgot a person")
    return len(deals)


def _concerned(tx: Transaction, ids: set[int]) -> dict[int, set[tuple[str, int]]]:
    """Who else reads differently without them: their other records, who referred them or was, what they left."""
    others, _ = person_rows.groups(tx, ids)
    told = [
        *source_rows.referrals_by(tx, contact_ids=ids),
        *source_rows.referrals_told_by(tx, "contact", ids),
        *source_rows.referrals_to(tx, {f"contact:{one}" for one in ids}),
    ]
    referrers, _ = person_rows.groups(tx, {row["referrer_contact_id"] for row in told} - {None})
    left = move_rows.of_persons(tx, set(others.values()))
    ends = {row[side] for row in left for side in ("former_company_id", "new_company_id")} - {None}
    ends |= survey_answers.companies_of(tx, others.keys() | ids)
    return {
        mirror.PEOPLE: {("contact", one) for one in others.keys() - ids},
        mirror.DEALS: {(row["owner_type"], row["owner_id"]) for row in told}
        - {("contact", one) for one in ids},
        mirror.SUMMARIES: {("contact", one) for one in referrers.keys() - ids}
        | {("company", one) for one in ends},
    }


def mark(secret: str, portal_id: int, contact_id: int) -> bytes:
    """What is remembered of an erased contact: a keyed hash of its record id, useless without our key."""
    return hmac.digest(
        hashlib.sha256(secret.encode()).digest(),
        f"forgotten:{portal_id}:{contact_id}".encode(),
        "sha256",
    )


def still_known(tx: Transaction, contact_ids: Iterable[int], *, secret: str) -> set[int]:
    """Return those of *contact_ids* that nobody asked us to forget."""
    wanted = set(contact_ids)
    marks = erasure.suppressed(tx)
    if not marks:
        return wanted
    return {each for each in wanted if mark(secret, tx.portal_id, each) not in marks}
