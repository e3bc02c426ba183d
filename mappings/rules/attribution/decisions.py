"""What people decided, and how it overrules what was computed: it counts as certain until it ends or is replaced."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mappings.rules.facts import PPM
from mappings.rules.findings import Move, Person, Reason, Referral

# Which answers each kind of question takes. "reopen" takes an answer back: the question is asked
# again.
VERBS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "identity": ("same", "different", "reopen"),
        "move": ("confirm", "reject", "reopen"),
        "referral": ("pick", "reject", "reopen"),
        "suggestion": ("dismiss", "reopen"),
        "merge": ("same", "different", "reopen"),
        "rejudge": ("confirm", "reject", "reopen"),
    }
)
# Only a name can be meant otherwise than it was read; a code or a label cannot.
BY_NAME = frozenset({"ambiguous", "named_person", "field_name_and_company", "note_names_customer"})
_NOTHING: Mapping[str, Any] = MappingProxyType({})
Ends = tuple[int | None, int | None]


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
    """Which contacts are the same human, and which are not, by ordered pair; the newest answer wins.

    Two contacts that were merged in HubSpot afterwards are one record, and no pair.
    """
    found: dict[tuple[int, int], bool] = {}
    for one in _in_order(decisions, "identity"):
        low, high = min(one.contacts), max(one.contacts)
        found.pop((low, high), None)
        if one.verb != "reopen" and low != high:
            found[low, high] = one.verb == "same"
    return found


def settled_moves(
    moves: Sequence[Move], person: Person, decisions: Iterable[Decision], kept: Mapping[int, Move]
) -> list[Move]:
    """One person's moves as decided. A confirmed move stays when its evidence goes; *kept* has it by decision."""
    own = set(person.contact_ids)
    standing: dict[Ends, Decision] = {}
    for one in _in_order(decisions, "move"):
        ends = one.companies[0], one.companies[1]
        if not own.isdisjoint(one.contacts):
            standing.pop(ends, None)
            if one.verb != "reopen":
                standing[ends] = one
    found = [
        _decided(move, standing.get((move.former_company_id, move.new_company_id)))
        for move in moves
    ]
    seen = {(move.former_company_id, move.new_company_id) for move in moves}
    for ends, one in standing.items():
        if (
            ends not in seen
            and one.verb == "confirm"
            and one.id in kept
            and own.issuperset(one.contacts)
        ):
            former, new = one.contacts[0], one.contacts[-1]
            again = replace(
                kept[one.id],
                person_id=person.id,
                former_contact_id=former,
                new_contact_id=new,
                former_company_id=ends[0],
                new_company_id=ends[1],
            )
            found.append(_decided(again, one))
    return found


def _decided(move: Move, by: Decision | None) -> Move:
    if by is None:
        return move
    told = [one for one in move.reasons if one.code != "human_decision"]
    if by.verb == "reject":
        reason = Reason(
            "human_decision", "a person decided that this is no move", by.at, strength=PPM
        )
        return replace(move, status="rejected", reasons=(reason, *told))
    reason = Reason("human_decision", "a person confirmed the move", by.at, strength=PPM)
    sure = replace(
        move, status="confirmed", p_same=PPM, p_moved=PPM, confidence=PPM, reasons=(reason, *told)
    )
    if by.detail.get("company"):
        sure = replace(
            sure,
            new_company_id=by.detail["company"],
            kind="move" if sure.kind == "departure" else sure.kind,
        )
    if by.detail.get("date"):
        at = datetime.fromisoformat(by.detail["date"])
        sure = replace(sure, earliest=at, latest=at, moved_at=at)
    return sure


def named_by(referral: Referral) -> frozenset[int]:
    """The contacts that a referral's name can mean: one when it is clear, several when a person has to say."""
    own = () if referral.referrer_contact_id is None else (referral.referrer_contact_id,)
    if referral.status != "review":
        return frozenset(own)
    told = {
        one
        for reason in referral.reasons[:1]
        for one in reason.evidence
        if one.startswith("contact:")
    }
    return frozenset(own) | {int(one.removeprefix("contact:")) for one in told - {referral.target}}


def answers(decisions: Iterable[Decision]) -> list[Decision]:
    """The referral answers of one record that stand: a later one about some of the same people replaces an earlier."""
    found: list[Decision] = []
    for one in _in_order(decisions, "referral"):
        found = [other for other in found if not _overlap(other, one)]
        if one.verb != "reopen":
            found.append(one)
    return found


def _overlap(one: Decision, other: Decision) -> bool:
    return one.detail.get("target") == other.detail.get("target") and not set(
        one.contacts
    ).isdisjoint(other.contacts)


def settled_referrals(
    found: Sequence[Referral], decisions: Iterable[Decision], picked: Mapping[int, Referral]
) -> tuple[Referral, ...]:
    """What a record tells of referrals as decided; *picked* has the judged referral of each picked contact."""
    result = list(found)
    for one in answers(decisions):
        meant = [each for each in result if _is_meant(each, one)]
        result = [each for each in result if each not in meant]
        pick = one.detail.get("pick") if one.verb == "pick" else None
        if pick is None:
            result += [_rejected(each, one) for each in meant]
        elif pick in picked:
            result.append(_picked(picked[pick], one))
    return tuple(result)


def _is_meant(referral: Referral, by: Decision) -> bool:
    is_name = referral.how in BY_NAME or referral.status == "review"
    is_here = is_name and referral.target == by.detail.get("target")
    return is_here and not named_by(referral).isdisjoint(by.contacts)


def _rejected(referral: Referral, by: Decision) -> Referral:
    reason = Reason(
        "rejected", "a person decided that nobody of them is meant", by.at, strength=PPM
    )
    return replace(referral, status="rejected", reasons=(*referral.reasons, reason))


def _picked(referral: Referral, by: Decision) -> Referral:
    reason = Reason("human_decision", "a person decided who is meant", by.at, strength=PPM)
    return replace(referral, p=PPM, reasons=(*referral.reasons, reason))


def _in_order(decisions: Iterable[Decision], kind: str) -> list[Decision]:
    return sorted((one for one in decisions if one.kind == kind), key=lambda one: one.id)
