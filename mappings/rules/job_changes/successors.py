"""Successors: who took over a person's role at the company that they left."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mappings.formats import day
from mappings.rules.facts import PPM, ContactFacts, Directory
from mappings.rules.findings import Move, Reason
from mappings.rules.identity import companies
from mappings.rules.identity.record_profile import employer, is_role_record
from mappings.rules.policy import KEY_ROLES, Policy
from mappings.rules.text import job_titles
from mappings.rules.text.names import spoken


@dataclass(frozen=True, slots=True)
class Successor:
    """The contact who holds the role now, since when, and why it is them."""

    contact_id: int
    at: datetime
    reason: Reason


def replaced_by(
    move: Move,
    mover: Collection[ContactFacts],
    others: Iterable[ContactFacts],
    known: Directory,
    policy: Policy,
) -> Successor | None:
    """The successor of a person who left, or None when nobody new fits the role.

    *mover* are the person's own records, *others* any records that may be at the old company. A
    successor was first seen there around the departure (from `successor_before_days` before to
    `successor_after_days` after) and has the same buying role, title or job family; the closest fit
    wins, then the earliest.
    """
    if move.former_company_id is None:
        return None
    own = {contact.id for contact in mover}
    former = [contact for contact in mover if contact.id == move.former_contact_id]
    candidates: list[tuple[int, datetime, int, ContactFacts]] = []
    for colleague in others:
        if colleague.id in own or not _arrived(colleague, move, known, policy):
            continue
        rank = _fit(former, colleague, move)
        if rank is not None:
            candidates.append((rank, colleague.created_at, colleague.id, colleague))
    if not candidates:
        return None
    rank, _, _, successor = min(candidates, key=lambda candidate: candidate[:3])
    return _successor(successor, rank)


_FITS = ("the same buying role", "the same title", "the same kind of work")
"""How a successor fits, the closest first."""


def _successor(contact: ContactFacts, rank: int) -> Successor:
    at, name = contact.created_at, spoken(contact.name) or "a contact"
    text = f"{name} is at the old company since {day(at)} with {_FITS[rank]}"
    evidence = (f"contact:{contact.id}",)
    return Successor(
        contact.id, at, Reason("replaced_by", text, at, evidence, PPM - rank * 250_000)
    )


def _arrived(contact: ContactFacts, move: Move, known: Directory, policy: Policy) -> bool:
    """Whether a record appeared at the old company around the departure."""
    if contact.archived or is_role_record(contact):
        return False
    before, after = timedelta(policy.successor_before_days), timedelta(policy.successor_after_days)
    if not move.earliest - before <= contact.created_at <= move.latest + after:
        return False
    company_id = employer(contact, known)
    return bool(companies.same_company(known, company_id, move.former_company_id))


def _fit(former: Iterable[ContactFacts], colleague: ContactFacts, move: Move) -> int | None:
    """The rank in `_FITS` of a colleague for the leaver's role; None when it is another role."""
    for left in former:
        title = _title_then(left, move.latest)
        if left.buying_roles & colleague.buying_roles & KEY_ROLES:
            return 0
        if job_titles.same_title(title, colleague.job_title):
            return 1
        family = job_titles.family(title)
        if family and family == job_titles.family(colleague.job_title):
            return 2
    return None


def _title_then(contact: ContactFacts, left_by: datetime) -> str:
    """The title a record had before its person left: by now it may show the new job's."""
    versions = contact.history.get("jobtitle", ())
    before = [version.value for version in versions if version.at < left_by]
    return before[-1] if before else contact.job_title
