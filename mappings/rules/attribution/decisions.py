"""Decisions of people: they count as certain, before what is computed, until one replaces them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mappings.kinds import MoveKind, ReviewKind, Status, Verb
from mappings.rules.facts import PPM
from mappings.rules.findings import Move, Person, Reason, Referral

# Only a name can be meant otherwise than it was read; a code or a label cannot.
BY_NAME = frozenset({"ambiguous", "named_person", "field_name_and_company", "note_names_customer"})
_BY_A_PERSON = "human_decision"
_CONFIRMED = "confirmed"  # sure, but not by the rules alone
_NOTHING: Mapping[str, Any] = MappingProxyType({})
Ends = tuple[int | None, int | None]  # the former and the new company of a move


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer of a person, with the ids that its records have today.

    `contacts` and `companies` are in the order of the kind: the pair of an identity, former and new
    of a move, the candidates of a referral. An answer that has ended must not be handed to the
    functions below.
    """

    id: int
    kind: str
    verb: str
    at: datetime
    contacts: tuple[int, ...] = ()
    companies: tuple[int | None, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


def pairs(decisions: Iterable[Decision]) -> dict[tuple[int, int], bool]:
    """Which pairs of contacts are one human (True) or two (False); the newest answer wins.

    Two contacts that were merged in HubSpot afterwards are one record, and no pair.
    """
    decided: dict[tuple[int, int], bool] = {}
    for decision in _in_order(decisions, ReviewKind.IDENTITY):
        low, high = min(decision.contacts), max(decision.contacts)
        decided.pop((low, high), None)
        if decision.verb != Verb.REOPEN and low != high:
            decided[low, high] = decision.verb == Verb.SAME
    return decided


def settled_moves(
    moves: Sequence[Move], person: Person, decisions: Iterable[Decision], kept: Mapping[int, Move]
) -> list[Move]:
    """One person's moves as decided.

    A confirmed move stays when its evidence goes; *kept* has the move that was confirmed, by
    decision.
    """
    own = frozenset(person.contact_ids)
    standing = _standing(decisions, own)
    settled = [_decided(move, standing.get(_ends(move))) for move in moves]
    known = {_ends(move) for move in moves}
    for ends, decision in standing.items():
        is_lost = ends not in known and decision.id in kept and own.issuperset(decision.contacts)
        if is_lost and decision.verb == Verb.CONFIRM:
            settled.append(_decided(_followed(kept[decision.id], person, decision), decision))
    return settled


def _standing(decisions: Iterable[Decision], own: frozenset[int]) -> dict[Ends, Decision]:
    """The answer that stands on each move of a person, the newest last."""
    standing: dict[Ends, Decision] = {}
    for decision in _in_order(decisions, ReviewKind.MOVE):
        if own.isdisjoint(decision.contacts):
            continue
        former_company_id, new_company_id = decision.companies[0], decision.companies[1]
        standing.pop((former_company_id, new_company_id), None)
        if decision.verb != Verb.REOPEN:
            standing[former_company_id, new_company_id] = decision
    return standing


def _ends(move: Move) -> Ends:
    return move.former_company_id, move.new_company_id


def _followed(move: Move, person: Person, decision: Decision) -> Move:
    """A confirmed move under the ids that its person, contacts and companies have today."""
    return replace(
        move,
        person_id=person.id,
        former_contact_id=decision.contacts[0],
        new_contact_id=decision.contacts[-1],
        former_company_id=decision.companies[0],
        new_company_id=decision.companies[1],
    )


def _decided(move: Move, decision: Decision | None) -> Move:
    if decision is None:
        return move
    computed = [reason for reason in move.reasons if reason.code != _BY_A_PERSON]
    if decision.verb == Verb.REJECT:
        reason = _decided_by(decision, "a person decided that this is no move")
        return replace(move, status=Status.REJECTED, reasons=(reason, *computed))
    reason = _decided_by(decision, "a person confirmed the move")
    confirmed = replace(
        move,
        status=_CONFIRMED,
        p_same=PPM,
        p_moved=PPM,
        confidence=PPM,
        reasons=(reason, *computed),
    )
    return _corrected(confirmed, decision.detail)


def _corrected(move: Move, detail: Mapping[str, Any]) -> Move:
    """A confirmed move with the company and the day that the person gave."""
    if detail.get("company"):
        is_departure = move.kind == MoveKind.DEPARTURE
        move = replace(
            move,
            new_company_id=detail["company"],
            kind=MoveKind.MOVE if is_departure else move.kind,
        )
    if detail.get("date"):
        at = datetime.fromisoformat(detail["date"])
        move = replace(move, earliest=at, latest=at, moved_at=at)
    return move


def _decided_by(decision: Decision, text: str) -> Reason:
    return Reason(_BY_A_PERSON, text, decision.at, strength=PPM)


def named_by(referral: Referral) -> frozenset[int]:
    """The contacts that a referral's name can mean.

    One when it is clear, several when a person has to say which.
    """
    referrer_id = referral.referrer_contact_id
    own = frozenset(() if referrer_id is None else (referrer_id,))
    if referral.status != Status.REVIEW:
        return own
    records = {record for reason in referral.reasons[:1] for record in reason.evidence}
    return own | {
        int(record.removeprefix("contact:"))
        for record in records - {referral.target}
        if record.startswith("contact:")
    }


def answers(decisions: Iterable[Decision]) -> list[Decision]:
    """The referral answers of one record that stand.

    A later answer about some of the same people replaces an earlier one.
    """
    standing: list[Decision] = []
    for decision in _in_order(decisions, ReviewKind.REFERRAL):
        standing = [earlier for earlier in standing if not _overlap(earlier, decision)]
        if decision.verb != Verb.REOPEN:
            standing.append(decision)
    return standing


def _overlap(earlier: Decision, later: Decision) -> bool:
    is_one_target = earlier.detail.get("target") == later.detail.get("target")
    return is_one_target and not set(earlier.contacts).isdisjoint(later.contacts)


def settled_referrals(
    found: Sequence[Referral], decisions: Iterable[Decision], picked: Mapping[int, Referral]
) -> tuple[Referral, ...]:
    """A record's referrals as decided; *picked* has the judged referral of each picked contact."""
    settled = list(found)
    for decision in answers(decisions):
        meant = [referral for referral in settled if _is_meant(referral, decision)]
        settled = [referral for referral in settled if referral not in meant]
        pick = decision.detail.get("pick") if decision.verb == Verb.PICK else None
        if pick is None:
            settled += [_rejected(referral, decision) for referral in meant]
        elif pick in picked:
            settled.append(_picked(picked[pick], decision))
    return tuple(settled)


def _is_meant(referral: Referral, decision: Decision) -> bool:
    is_name = referral.how in BY_NAME or referral.status == Status.REVIEW
    is_here = is_name and referral.target == decision.detail.get("target")
    return is_here and not named_by(referral).isdisjoint(decision.contacts)


def _rejected(referral: Referral, decision: Decision) -> Referral:
    text = "a person decided that nobody of them is meant"
    reason = Reason("rejected", text, decision.at, strength=PPM)
    return replace(referral, status=Status.REJECTED, reasons=(*referral.reasons, reason))


def _picked(referral: Referral, decision: Decision) -> Referral:
    reason = _decided_by(decision, "a person decided who is meant")
    return replace(referral, p=PPM, reasons=(*referral.reasons, reason))


def _in_order(decisions: Iterable[Decision], kind: ReviewKind) -> list[Decision]:
    of_kind = (decision for decision in decisions if decision.kind == kind)
    return sorted(of_kind, key=lambda decision: decision.id)
