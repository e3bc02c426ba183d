"""Moves: who left which company for which, how sure that is and why, and what is no move."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mappings.formats import day
from mappings.kinds import MoveKind, Status
from mappings.rules.facts import PPM, ContactFacts, Directory
from mappings.rules.findings import Move, Person, Reason, Signal
from mappings.rules.identity import companies, company_changes
from mappings.rules.identity.certainty import same_human
from mappings.rules.job_changes import signals
from mappings.rules.job_changes.employments import RecordEmployment, timeline
from mappings.rules.job_changes.signals import company_name
from mappings.rules.policy import Policy
from mappings.rules.text import job_titles
from mappings.rules.text.address_kinds import is_contractor
from mappings.rules.text.names import spoken


@dataclass(frozen=True, slots=True)
class NotAMove:
    """A change of employer in the records that is no move, and the reason why."""

    person_id: int
    former_contact_id: int
    new_contact_id: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class MovesOfPerson:
    """The moves of one person, and their changes of employer that are none."""

    moves: tuple[Move, ...] = ()
    rejected: tuple[NotAMove, ...] = ()


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

    Moves after *now* are left out, so that a replay knows only what could be known then. Without
    *was_customer* a self-reported former job is no evidence, since it does not name the company.
    """
    records = [contacts[contact_id] for contact_id in person.contact_ids if contact_id in contacts]
    spans = [span for span in timeline(records, known) if span.since <= now]
    moves: list[Move] = []
    rejected: list[NotAMove] = []
    for place, new in enumerate(spans):
        earlier = spans[:place]
        old, why_not = _former(earlier, new, known, policy)
        if old is None:
            continue
        if why_not is not None:
            rejected.append(NotAMove(person.id, old.contact.id, new.contact.id, why_not))
            continue
        evidence = _evidence(old, new, known, policy, was_customer)
        # A typed company name alone changed: that is no signal of anything.
        if evidence:
            move = _move(person, old, new, evidence, known, policy)
            moves.append(_boomerang(move) if _is_return(new, earlier, known) else move)
    departed = _departure(person, spans, known, policy)
    return MovesOfPerson((*moves, *departed), tuple(rejected))


def _evidence(
    old: RecordEmployment,
    new: RecordEmployment,
    known: Directory,
    policy: Policy,
    was_customer: WasCustomer | None,
) -> tuple[Signal, ...]:
    between = signals.between(old, new, known, policy)
    if was_customer is None or not was_customer(old.company_id, new.since):
        return between
    return (*between, *signals.self_reported(old, new, known, policy))


def _is_return(
    new: RecordEmployment, earlier: Iterable[RecordEmployment], known: Directory
) -> bool:
    return any(companies.same_company(known, span.company_id, new.company_id) for span in earlier)


def _former(
    earlier: Sequence[RecordEmployment], new: RecordEmployment, known: Directory, policy: Policy
) -> tuple[RecordEmployment | None, Reason | None]:
    """The employment that the person left, or the latest one and why it was not left.

    That is the latest one, unless it is a mere contractor's seat, or a job that goes on beside the
    new one: then the person left the one before, if any.
    """
    latest: tuple[RecordEmployment | None, Reason | None] = (None, None)
    for old in reversed([span for span in earlier if not _is_contractor_seat(span)]):
        why_not = not_a_move(old, new, known, policy)
        if latest[0] is None:
            latest = old, why_not
        if why_not is None:
            return old, None
        if why_not.code not in _GOES_ON:
            break
    return latest


# Reasons by which an employment goes on beside the new one: the one before it may have ended.
_GOES_ON = frozenset({"both_active", "additional_role"})


def _is_contractor_seat(span: RecordEmployment) -> bool:
    return any(is_contractor(email) for email in span.contact.emails[:1])


def not_a_move(
    old: RecordEmployment, new: RecordEmployment, known: Directory, policy: Policy
) -> Reason | None:
    """The reason why going from *old* to *new* is no job change, or None."""
    same = companies.same_company(known, old.company_id, new.company_id)
    if same:
        return Reason("same_company", same)
    former, name = company_name(known, old.company_id), company_name(known, new.company_id)
    if (old.company_id, new.company_id) in known.migrations:
        text = f"a crowd went from {former} to {name}: an acquisition or a new domain"
        return Reason("domain_migration", text)
    if _is_contractor_seat(new):
        return Reason("contractor", f"the address at {name} is an outsider's")
    # One record, or no activity since: nothing says that the old employment goes on.
    if old.contact.id == new.contact.id or old.last_seen is None or old.last_seen <= new.since:
        return None
    if job_titles.is_additional(new.contact.job_title):
        text = f"a seat at {name} beside the job, {new.contact.job_title.strip()}"
        return Reason("additional_role", spoken(text), old.last_seen)
    if old.last_seen - new.since > timedelta(policy.both_active_days):
        text = f"still active at {former} on {day(old.last_seen)}"
        return Reason("both_active", text, old.last_seen)
    return None


def _move(
    person: Person,
    old: RecordEmployment,
    new: RecordEmployment,
    evidence: tuple[Signal, ...],
    known: Directory,
    policy: Policy,
) -> Move:
    p_moved = signals.combined(evidence)
    if _contradicted(old, new, known, policy):
        p_moved = p_moved * policy.contradiction_factor // PPM
    p_same = same_human(person, old.contact.id, new.contact.id)
    confidence = p_same * p_moved // PPM
    seen = _first_seen(old, new)
    earliest = min(old.last_seen or old.since, seen)
    # A bounce or a noticed departure says when the old job ended, not when the new one began.
    dates = [signal.at for signal in evidence if signal.kind == "mapped_company_field"]
    reasons = [signal.reason for signal in evidence]
    return Move(
        person_id=person.id,
        former_company_id=old.company_id,
        new_company_id=new.company_id,
        former_contact_id=old.contact.id,
        new_contact_id=new.contact.id,
        earliest=earliest,
        latest=seen,
        moved_at=min([seen, *(at for at in dates if at and at >= earliest)]),
        p_same=p_same,
        p_moved=p_moved,
        confidence=confidence,
        status=status_of(confidence, evidence, policy),
        kind=MoveKind.MOVE,
        signals=evidence,
        reasons=tuple(sorted(reasons, key=lambda reason: (-reason.strength, reason.code))),
    )


def _first_seen(old: RecordEmployment, new: RecordEmployment) -> datetime:
    """When the person was first seen at the new company: its record, or what happened before it.

    Reps make a record after a first call or meeting and log that with its own day. Of a record that
    was elsewhere before, nothing says where its activity was.
    """
    record, first = new.contact, new.contact.first_touch_at
    is_made_for_it = new.since <= record.created_at + company_changes.ONE_EDIT
    if record.id == old.contact.id or first is None or not is_made_for_it:
        return new.since
    return min(new.since, max(first, old.last_seen or old.since))


def _contradicted(
    old: RecordEmployment, new: RecordEmployment, known: Directory, policy: Policy
) -> bool:
    """Whether the person was still active at the old company a while after the supposed move."""
    last = old.last_seen
    if old.contact.id == new.contact.id:
        # Only a reply says from which address it came; a call or a meeting may be at either.
        address = next(iter(old.contact.emails), "")
        stayed = companies.same_company(known, companies.of_email(known, address), old.company_id)
        last = old.contact.last_reply_at if stayed else None
    return last is not None and last > new.since + timedelta(policy.old_alive_days)


def status_of(confidence: int, evidence: tuple[Signal, ...], policy: Policy) -> Status:
    """Whether a move counts, a person is asked, or it is only kept."""
    if confidence < policy.move_review:
        return Status.STORED
    if not signals.conclusive(evidence, policy):
        return Status.REVIEW if signals.worth_asking(evidence) else Status.STORED
    return Status.AUTO if confidence >= policy.move_auto else Status.REVIEW


def not_alone(move: Move, others: int, policy: Policy) -> Move:
    """The move when the same import took *others* the same way: a takeover, or several who moved.

    A person is asked, unless other evidence is enough.
    """
    own = tuple(signal for signal in move.signals if signal.kind not in signals.BY_PROGRAM)
    confidence = move.p_same * signals.combined(own) // PPM
    if move.status != Status.AUTO or status_of(confidence, own, policy) == Status.AUTO:
        return move
    text = f"the same import took {others} more the same way: that may be a takeover or a new name"
    reasons = (*move.reasons, Reason("not_alone", text, move.latest))
    return replace(move, status=Status.REVIEW, reasons=reasons)


def _boomerang(move: Move) -> Move:
    """The move as a return: a new employment, and no new account won through the person."""
    reason = Reason("boomerang", "the person had worked there before", strength=0)
    return replace(move, kind=MoveKind.BOOMERANG, reasons=(*move.reasons, reason))


def _departure(
    person: Person, spans: Sequence[RecordEmployment], known: Directory, policy: Policy
) -> Iterator[Move]:
    """The move of a person who left the last known company for one that is not known."""
    if not spans:
        return
    last = spans[-1]
    evidence = tuple(signals.departed(last, known, policy))
    if not evidence:
        return
    p_moved = signals.combined(evidence)
    dates = [signal.at for signal in evidence if signal.at]
    left_at = max(min(dates, default=last.since), last.since)
    yield Move(
        person_id=person.id,
        former_company_id=last.company_id,
        new_company_id=None,
        former_contact_id=last.contact.id,
        new_contact_id=last.contact.id,
        earliest=min(last.last_seen or last.since, left_at),
        latest=left_at,
        moved_at=left_at,
        p_same=PPM,
        p_moved=p_moved,
        confidence=p_moved,
        status=status_of(p_moved, evidence, policy),
        kind=MoveKind.DEPARTURE,
        signals=evidence,
        reasons=tuple(signal.reason for signal in evidence),
    )
