"""The kinds of review tasks: a row each, and every answer of every kind can be taken back."""

import pytest

from integration.review.review_kinds import TASK_KINDS
from mappings.kinds import ReviewKind, Verb


def test_every_kind_has_its_row() -> None:
    assert list(TASK_KINDS) == list(ReviewKind)


@pytest.mark.parametrize("kind", ReviewKind)
def test_every_answer_can_be_taken_back(kind: ReviewKind) -> None:
    row = TASK_KINDS[kind]

    assert row.accepted == (*row.verbs, Verb.REOPEN)


@pytest.mark.parametrize("kind", ReviewKind)
def test_details_are_stored_only_with_answers_of_the_kind(kind: ReviewKind) -> None:
    row = TASK_KINDS[kind]

    assert row.details.keys() <= row.verbs.keys()
