"""What was known when: a deal is judged by the evidence of its time, so that judging it years later says the same.

Evidence counts that the CRM dates within 90 days of the deal's first close. When *we* came to read
it does not matter. Later evidence counts by a person's order only, and then what was known by that
order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mappings.rules.facts import PPM, DealFacts
from mappings.rules.findings import Entry, Move, Referral, Source
from mappings.rules.job_changes import moves, signals
from mappings.rules.ledger.periods import belongs_at
from mappings.rules.policy import Policy
from mappings.rules.text.self_reported import Label

Heard = tuple[Label, int, datetime]
_TAKEN_BACK = frozenset({"reopened", "lost"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a deal: moves of people on it, recommendations, and what was heard."""

    moves: tuple[Move, ...]
    referrals: tuple[Referral, ...]
    heard: tuple[Heard, ...]


def evidence_ends(
    deal: DealFacts, policy: Policy, *, ordered_at: datetime | None = None
) -> datetime | None:
    """Until when evidence counts for a won deal; None while nothing ends it (not won, or no close date)."""
    if not deal.counts_as_won or deal.closed_at is None:
        return None
    ends = deal.closed_at + timedelta(policy.late_evidence_days)
    return ends if ordered_at is None else max(ends, ordered_at)


def as_first_won(deal: DealFacts, posted: Iterable[Entry]) -> DealFacts:
    """A deal that was won again, as it was won the first time: reopening starts no new time for evidence."""
    rows = tuple(posted)
    if deal.closed_at is None or not any(row.occasion in _TAKEN_BACK for row in rows):
        return deal
    first = min((belongs_at(row) for row in rows), default=deal.closed_at)
    return replace(deal, closed_at=first) if first < deal.closed_at else deal


def known_by(until: datetime | None, found: Evidence, policy: Policy) -> Evidence:
    """The evidence as it stood at *until*; what has no date was always known."""
    if until is None:
        return found
    return Evidence(
        tuple(one for move in found.moves if (one := move_by(until, move, policy)) is not None),
        tuple(one for one in found.referrals if one.at is None or one.at <= until),
        tuple(one for one in found.heard if one[2] <= until),
    )


def move_by(until: datetime, move: Move, policy: Policy) -> Move | None:
    """A move by the signals that were there at *until*; None without any. A person's word on it always counts."""
    early = tuple(one for one in move.signals if one.at is None or one.at <= until)
    confirmed = move.status == "auto" and move.confidence < policy.move_auto
    if len(early) == len(move.signals) or confirmed:
        return move
    if not early:
        return None
    whole = signals.combined(move.signals)
    moved = (
        signals.combined(early) * move.p_moved // whole if whole else 0
    )  # keeps what life at the old company took
    confidence = move.p_same * moved // PPM
    reasons = tuple(one for one in move.reasons if one.at is None or one.at <= until)
    status = moves.status_of(confidence, early, policy)
    return replace(
        move, signals=early, p_moved=moved, confidence=confidence, status=status, reasons=reasons
    )


def grown(kept: Sequence[Source], found: Sequence[Source]) -> tuple[Source, ...] | None:
    """A final judgement with what was known in time and is read only now; None when nothing was added.

    What once counted stays as it was: a name that became rarer, a contact taken off the deal later,
    a policy that changed are no reasons to touch a judgement whose time is over. Only a source that
    is new, or has more reasons than it had, counts as it is found.
    """
    before = {source.key: source for source in kept}
    added = {
        one.key: one for one in found if one.key not in before or _has_more(one, before[one.key])
    }
    if not added:
        return None
    return tuple({**before, **added}.values())


def _has_more(found: Source, kept: Source) -> bool:
    reasons = {(one.code, one.at) for one in kept.because}
    return found.raw > kept.raw and any((one.code, one.at) not in reasons for one in found.because)
