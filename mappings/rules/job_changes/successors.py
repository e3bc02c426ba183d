"""Successors: who took over at the old company what a person did there for us."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mappings.rules.facts import PPM, ContactFacts, Directory
from mappings.rules.findings import Move, Reason
from mappings.rules.identity import companies
from mappings.rules.identity.record_profile import employer, is_role_record
from mappings.rules.policy import KEY_ROLES, Policy
from mappings.rules.text import job_titles
from mappings.rules.text.names import spoken


@dataclass(frozen=True, slots=True)
class Successor:
    """A contact who holds the role since, from when, and why we think so."""

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
    """The one who took over the role of a person that left, or None when nobody new fits it.

    *mover* are the person's own records, *others* any records that may be at the old company. Who counts was first
    seen there around the departure (from `successor_before_days` before to `successor_after_days` after) and has the
    same buying role, title or job family; the closest fit wins, then the earliest.
    """
    if move.former_company_id is None:
        return None
    own = {one.id for one in mover}
    former = [one for one in mover if one.id == move.former_contact_id]
    found = [
        (rank, one.created_at, one.id, one)
        for one in others
        if one.id not in own
        and _arrived(one, move, known, policy)
        and (rank := _fit(former, one, move)) is not None
    ]
    if not found:
        return None
    rank, at, _, one = min(found, key=lambda each: each[:3])
    how = ("the same buying role", "the same title", "the same kind of work")[rank]
    text = f"{spoken(one.name) or 'a contact'} is at the old company since {at:%Y-%m-%d} with {how}"
    return Successor(
        one.id, at, Reason("replaced_by", text, at, (f"contact:{one.id}",), PPM - rank * 250_000)
    )


def _arrived(one: ContactFacts, move: Move, known: Directory, policy: Policy) -> bool:
    if one.archived or is_role_record(one):
        return False
    before, after = timedelta(policy.successor_before_days), timedelta(policy.successor_after_days)
    in_time = move.earliest - before <= one.created_at <= move.latest + after
    return in_time and bool(
        companies.same_company(known, employer(one, known), move.former_company_id)
    )


def _fit(former: Iterable[ContactFacts], one: ContactFacts, move: Move) -> int | None:
    """How closely a colleague's role is the leaver's: 0 buying role, 1 title, 2 job family; None when it is another."""
    for left in former:
        title = _title_then(left, move.latest)
        if left.buying_roles & one.buying_roles & KEY_ROLES:
            return 0
        if job_titles.same_title(title, one.job_title):
            return 1
        if (kind := job_titles.family(title)) and kind == job_titles.family(one.job_title):
            return 2
    return None


def _title_then(contact: ContactFacts, left_by: datetime) -> str:
    """The title a record had before its person left; a record that went along bears the new one by now."""
    before = [
        version.value for version in contact.history.get("jobtitle", ()) if version.at < left_by
    ]
    return before[-1] if before else contact.job_title
