"""Moves: who left which company for which, how sure that is and why, with what looks like a move and is none."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mappings.rules.facts import PPM, ContactFacts, Directory
from mappings.rules.findings import Move, Person, Reason, Signal
from mappings.rules.identity import companies
from mappings.rules.job_changes import signals
from mappings.rules.job_changes.employments import RecordEmployment, timeline
from mappings.rules.job_changes.signals import company_name
from mappings.rules.policy import Policy
from mappings.rules.text import job_titles
from mappings.rules.text.address_kinds import is_contractor
from mappings.rules.text.names import spoken


@dataclass(frozen=True, slots=True)
class NotAMove:
    """Something that looks like a move, and the reason why it is none."""

    person_id: int
    former_contact_id: int
    new_contact_id: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class MovesOfPerson:
    """What was found about one person."""

    moves: tuple[Move, ...] = ()
    rejected: tuple[NotAMove, ...] = field(default=())


WasCustomer = Callable[[int, datetime], bool]
"""Whether a company was a customer at a time."""


def find_moves(
    person: Person,
    contacts: Mapping[int, ContactFacts],
    known: Directory,
    policy: Policy,
    now: datetime,
    *,
    was_customer: WasCustomer | None = None,
) -> MovesOfPerson:
    """Find a person's moves from all their records and the records' histories.

    Moves that lie after *now* are left out, so that a replay sees what could be known then. Without
    *was_customer* what people tell of a former job is no evidence, since it says nothing of where
    that was.
    """
    records = [contacts[one] for one in person.contact_ids if one in contacts]
    stints = [stint for stint in timeline(records, known) if stint.since <= now]
    moves: list[Move] = []
    rejected: list[NotAMove] = []
    for at, new in enumerate(stints):
        old, why_not = _former(stints[:at], new, known, policy)
        if old is None:
            continue
        if why_not is not None:
            rejected.append(NotAMove(person.id, old.contact.id, new.contact.id, why_not))
            continue
        found = signals.between(old, new, known, policy)
        if was_customer is not None and was_customer(old.company_id, new.since):
            found = (*found, *signals.told_themselves(old, new, known, policy))
        if not found:  # a typed company name alone changed: too little to speak of
            continue
        move = _move(person, old, new, found, policy)
        earlier = any(
            companies.same_company(known, s.company_id, new.company_id) for s in stints[:at]
        )
        moves.append(_boomerang(move) if earlier else move)
    departed = _departure(person, stints, known, policy)
    return MovesOfPerson((*moves, *departed), tuple(rejected))


def _former(
    earlier: Sequence[RecordEmployment], new: RecordEmployment, known: Directory, policy: Policy
) -> tuple[RecordEmployment | None, Reason | None]:
    """The stint the person left, or the latest one and why it was not left.

    That is the latest one, unless it is a mere contractor's seat, or a job that goes on beside the
    new one: then the person left the one before, if any.
    """
    first: tuple[RecordEmployment | None, Reason | None] = (None, None)
    for old in reversed([stint for stint in earlier if not _is_contractor_seat(stint)]):
        why_not = not_a_move(old, new, known, policy)
        if first[0] is None:
            first = old, why_not
        if why_not is None:
            return old, None
        if why_not.code not in {"both_active", "additional_role"}:
            break
    return first


def _is_contractor_seat(stint: RecordEmployment) -> bool:
    return any(is_contractor(email) for email in stint.contact.emails[:1])


def not_a_move(
    old: RecordEmployment, new: RecordEmployment, known: Directory, policy: Policy
) -> Reason | None:
    """The reason why going from *old* to *new* is no job change, or None."""
    same = companies.same_company(known, old.company_id, new.company_id)
    if same:
        return Reason("same_company", same)
    if (old.company_id, new.company_id) in known.migrations:
        names = f"{company_name(known, old.company_id)} to {company_name(known, new.company_id)}"
        return Reason(
            "domain_migration", f"a crowd went from {names}: an acquisition or a new domain"
        )
    if _is_contractor_seat(new):
        return Reason(
            "contractor", f"the address at {company_name(known, new.company_id)} is an outsider's"
        )
    if old.contact.id == new.contact.id or old.last_seen is None or old.last_seen <= new.since:
        return None
    if job_titles.is_additional(new.contact.job_title):
        text = f"a seat at {company_name(known, new.company_id)} beside the job, {new.contact.job_title.strip()}"
        return Reason("additional_role", spoken(text), old.last_seen)
    if old.last_seen - new.since > timedelta(policy.both_active_days):
        text = f"still active at {company_name(known, old.company_id)} on {old.last_seen:%Y-%m-%d}"
        return Reason("both_active", text, old.last_seen)
    return None


def _move(
    person: Person,
    old: RecordEmployment,
    new: RecordEmployment,
    found: tuple[Signal, ...],
    policy: Policy,
) -> Move:
    moved = signals.combined(found)
    if _contradicted(old, new, policy):
        moved = moved * policy.contradiction_factor // PPM
    p_same = _p_same(person, old.contact.id, new.contact.id)
    confidence = p_same * moved // PPM
    earliest = min(old.last_seen or old.since, new.since)
    # A bounce or a noticed departure says when the old job ended, not when the new one began.
    dates = [s.at for s in found if s.kind == "mapped_company_field" and s.at and s.at >= earliest]
    return Move(
        person.id,
        old.company_id,
        new.company_id,
        old.contact.id,
        new.contact.id,
        earliest,
        new.since,
        min([new.since, *dates]),
        p_same,
        moved,
        confidence,
        status_of(confidence, found, policy),
        "move",
        found,
        tuple(
            sorted((signal.reason for signal in found), key=lambda one: (-one.strength, one.code))
        ),
    )


def _contradicted(old: RecordEmployment, new: RecordEmployment, policy: Policy) -> bool:
    """Whether the person still showed up at the old company a while after the supposed move."""
    overlap = timedelta(policy.old_alive_days)
    return (
        old.contact.id != new.contact.id
        and old.last_seen is not None
        and old.last_seen > new.since + overlap
    )


def status_of(confidence: int, found: tuple[Signal, ...], policy: Policy) -> str:
    """Whether to act on a move, ask a person, or only remember it."""
    if not signals.conclusive(found, policy) or confidence < policy.move_review:
        return "stored"
    return "auto" if confidence >= policy.move_auto else "review"


def _p_same(person: Person, a: int, b: int) -> int:
    """How sure it is that two records are this one person: by their own link, else by the group's weakest."""
    if a == b:
        return PPM
    for link in person.links:
        if {link.a, link.b} == {a, b}:
            return max(link.p, person.p_same) if link.decision == "link" else person.p_same
    return person.p_same


def _boomerang(move: Move) -> Move:
    """A return opens a new spell; it is no new account won through the person."""
    reason = Reason("boomerang", "the person had worked there before", strength=0)
    return replace(move, kind="boomerang", reasons=(*move.reasons, reason))


def _departure(
    person: Person, stints: Sequence[RecordEmployment], known: Directory, policy: Policy
) -> Iterable[Move]:
    """The person left the last known company and nobody knows where to."""
    if not stints:
        return
    last = stints[-1]
    found = tuple(signals.departed(last, known, policy))
    if found:
        moved = signals.combined(found)
        at = min((signal.at for signal in found if signal.at), default=last.since)
        at = max(at, last.since)
        yield Move(
            person.id,
            last.company_id,
            None,
            last.contact.id,
            last.contact.id,
            min(last.last_seen or last.since, at),
            at,
            at,
            PPM,
            moved,
            moved,
            status_of(moved, found, policy),
            "departure",
            found,
            tuple(signal.reason for signal in found),
        )
