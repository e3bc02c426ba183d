"""Answers to set-up questions: each is a version of the settings that says who chose, and why."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from integration.admin import settings_effects
from integration.core.errors import Refused
from integration.portal import authors, settings
from integration.portal.context import PortalContext
from integration.portal.settings import PortalSettings, Saved
from integration.storage.database import Transaction
from integration.storage.queue import lanes, outbox
from integration.storage.service import portals, setup_question_rows
from integration.storage.service.setup_question_rows import StoredQuestion
from mappings.formats import moment
from mappings.records.portal_map import dump_portal_map
from mappings.records.setup_kinds import KINDS

AUTHOR = "second-order"


class AnsweredMeanwhile(Refused):
    """Somebody else answered the question first; nothing was changed."""


def questions(portal: PortalContext) -> list[StoredQuestion]:
    """Every question of the portal, open ones first; of a kind that this code knows."""
    with portal.transaction() as tx:
        stored = setup_question_rows.every(tx)
    return [question for question in stored if question.kind in KINDS]


def open_questions(portal: PortalContext) -> list[StoredQuestion]:
    """The questions that nobody has answered yet."""
    return [question for question in questions(portal) if question.is_open]


def answer(
    portal: PortalContext, kind: str, key: str, values: Sequence[str], *, actor: str
) -> Saved:
    """Choose *values* for an open question: a new version of the settings, and all follows it.

    Raises Refused for a question that is not there and values that it does not offer, and
    AnsweredMeanwhile.
    """
    with portal.confirmed() as tx:
        settings_effects.hold_lanes(tx)
        question = _open(tx, kind, key)
        _check_offered(question, values)
        return _choose(
            tx,
            portal,
            question,
            values,
            actor=actor,
            reason="Answered on the set-up page.",
            why="You chose this on the set-up page.",
        )


def take_overdue_proposals(portal: PortalContext) -> list[Saved]:
    """Choose the proposals of all questions whose time is over; return what changed by each."""
    with portal.transaction() as tx:
        settings_effects.hold_lanes(tx)
        return [
            _take_proposal(tx, portal, question) for question in setup_question_rows.overdue(tx)
        ]


def settle_by_hand(tx: Transaction, saved: Saved, *, actor: str) -> None:
    """Close the open questions that somebody answered by a change of the map or the policy."""
    before, after = _by_name(saved.before), _by_name(saved.after)
    changed = {name for name in after if before[name] != after[name]}
    for question in setup_question_rows.every(tx):
        kind = KINDS.get(question.kind)
        if question.is_open and kind and changed.intersection(kind.fields(question.key)):
            _close(tx, question, None, actor=actor, version=saved.after.version)


def _by_name(counting: PortalSettings) -> dict[str, Any]:
    policy = {part.name: getattr(counting.policy, part.name) for part in fields(counting.policy)}
    return dump_portal_map(counting.map) | policy


def _take_proposal(tx: Transaction, portal: PortalContext, question: StoredQuestion) -> Saved:
    asked = question.question
    because = f": {asked.because}" if asked.because else ""
    why = f"Taken as proposed, because nobody answered in time{because}."
    return _choose(tx, portal, question, asked.proposal, actor=AUTHOR, reason=why, why=why)


def _open(tx: Transaction, kind: str, key: str) -> StoredQuestion:
    question = setup_question_rows.find(tx, kind, key)
    if question is None or kind not in KINDS:
        raise Refused("This question is not asked any more; load the page again")
    if not question.is_open:
        raise AnsweredMeanwhile(
            f"Somebody answered this first: {authors.in_words(tx, question.answered_by or '')}"
            f" on {moment(question.answered_at)}. Nothing of yours was saved; what"
            " counts now can be changed in Settings"
        )
    return question


def _check_offered(question: StoredQuestion, values: Sequence[str]) -> None:
    asked = question.question
    offered = {candidate.value for candidate in asked.candidates}
    unknown = sorted(set(values) - offered)
    if unknown:
        raise Refused(f"{unknown[0][:80]} is none of the answers to choose from")
    if len(values) != 1 and not asked.takes_several:
        raise Refused("Choose one of the answers")


def _choose(
    tx: Transaction,
    portal: PortalContext,
    question: StoredQuestion,
    values: Sequence[str],
    *,
    actor: str,
    reason: str,
    why: str,
) -> Saved:
    """Put the chosen values into the settings, and close the question."""
    present = settings.read(tx)
    choice = KINDS[question.kind].choose(present.map, question.key, values)
    saved = settings.change(
        tx,
        expected_version=present.version,
        author=actor,
        reason=reason,
        portal_map=choice.portal_map,
        policy=choice.policy,
        why=why,
    )
    _close(tx, question, values, actor=actor, version=saved.after.version)
    if saved.is_changed:
        # Planned by the settings of before: every record is concluded, and planned, anew.
        outbox.discard(tx)
        settings_effects.record(tx, portal, saved, actor=actor, reason=reason)
    for kind in ("drain", "write"):
        lanes.want(tx, tx.portal_id, kind)
    return saved


def _close(
    tx: Transaction,
    question: StoredQuestion,
    values: Sequence[str] | None,
    *,
    actor: str,
    version: int,
) -> None:
    setup_question_rows.answer(
        tx, question.kind, question.key, values, by=actor, settings_version=version
    )
    portals.note(
        tx,
        actor,
        "answered a set-up question",
        kind=question.kind,
        key=question.key,
        answer="changed in Settings" if values is None else ", ".join(values),
        version=version,
    )
