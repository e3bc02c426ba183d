"""Evidence as of the win: a deal judged years later is judged by what was known in its time.

Evidence counts that the CRM dates within 90 days of the deal's first close; when we read it does
not matter. Later evidence counts by a person's order only, and then what was known by that order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mappings.kinds import EntryOccasion, Status
from mappings.rules.attribution.sources import HeardLabel
from mappings.rules.facts import PPM, DealFacts
from mappings.rules.findings import Entry, Move, Reason, Referral, Signal, Source
from mappings.rules.job_changes import moves, signals
from mappings.rules.ledger.periods import belongs_at
from mappings.rules.policy import Policy

_TAKEN_BACK = frozenset({EntryOccasion.REOPENED, EntryOccasion.LOST})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a deal: moves of people on it, recommendations, and labels of answers."""

    moves: tuple[Move, ...]
    referrals: tuple[Referral, ...]
    labels: tuple[HeardLabel, ...]


def evidence_ends(
    deal: DealFacts, policy: Policy, *, ordered_at: datetime | None = None
) -> datetime | None:
    """Until when evidence counts; None while nothing ends it (not won, or no close date)."""
    if not deal.counts_as_won or deal.closed_at is None:
        return None
    ends = deal.closed_at + timedelta(policy.late_evidence_days)
    return ends if ordered_at is None else max(ends, ordered_at)


def as_first_won(deal: DealFacts, posted: Iterable[Entry]) -> DealFacts:
    """A deal won again as it was won first: reopening starts no new time for evidence."""
    rows = tuple(posted)
    if deal.closed_at is None or not any(row.occasion in _TAKEN_BACK for row in rows):
        return deal
    first = min((belongs_at(row) for row in rows), default=deal.closed_at)
    return replace(deal, closed_at=first) if first < deal.closed_at else deal


def known_by(until: datetime | None, evidence: Evidence, policy: Policy) -> Evidence:
    """The evidence as it stood at *until*; what has no date was always known."""
    if until is None:
        return evidence
    known_moves = (move_by(until, move, policy) for move in evidence.moves)
    return Evidence(
        tuple(move for move in known_moves if move is not None),
        tuple(referral for referral in evidence.referrals if _is_early(referral, until)),
        tuple(label for label in evidence.labels if label.at <= until),
    )


def _is_early(finding: Referral | Signal | Reason, until: datetime) -> bool:
    return finding.at is None or finding.at <= until


def move_by(until: datetime, move: Move, policy: Policy) -> Move | None:
    """A move by the signals that were there at *until*; None without any.

    A person's word on a move always counts.
    """
    early = tuple(signal for signal in move.signals if _is_early(signal, until))
    is_confirmed = move.status == Status.AUTO and move.confidence < policy.move_auto
    if len(early) == len(move.signals) or is_confirmed:
        return move
    if not early:
        return None
    # In proportion, so that what life at the old company took stays taken.
    whole = signals.combined(move.signals)
    p_moved = signals.combined(early) * move.p_moved // whole if whole else 0
    confidence = move.p_same * p_moved // PPM
    status = moves.status_of(confidence, early, policy)
    # What is asked about with all its evidence is no surer with less of it.
    is_doubted = move.status == Status.REVIEW and status == Status.AUTO
    return replace(
        move,
        signals=early,
        p_moved=p_moved,
        confidence=confidence,
        status=Status.REVIEW if is_doubted else status,
        reasons=tuple(reason for reason in move.reasons if _is_early(reason, until)),
    )


def with_late_readings(
    kept: Sequence[Source], found: Sequence[Source]
) -> tuple[Source, ...] | None:
    """A final judgement with what was known in time and is read only now; None when nothing is new.

    What once counted stays as it was: a name that became rarer, a contact taken off the deal later,
    a policy that changed are no reasons to touch a judgement whose time is over. Only a source that
    is new, or has more reasons than it had, counts as it is found.
    """
    before = {source.key: source for source in kept}
    added = {source.key: source for source in found if _is_new(source, before.get(source.key))}
    return tuple({**before, **added}.values()) if added else None


def _is_new(found: Source, kept: Source | None) -> bool:
    if kept is None:
        return True
    known = {(reason.code, reason.at) for reason in kept.because}
    reasons = {(reason.code, reason.at) for reason in found.because}
    return found.raw > kept.raw and not reasons <= known
