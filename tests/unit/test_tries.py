"""A try counts against a row only when the row can be the reason that it failed."""

import contextlib
from collections.abc import Iterator
from typing import Any, cast

import pytest

from integration.conclude.batch import Batch
from integration.core.errors import NeedsOwner, RecordGone, Refused, Retryable
from integration.core.wake_ups import TookTooLong
from integration.hubspot.faults import OurMistake
from integration.portal import tries
from integration.storage.database import Transaction
from integration.storage.queue.lanes import LeaseLost

NOBODYS_FAULT = [
    Retryable("PostgreSQL's disk is full"),
    LeaseLost("somebody else has the lane"),
    NeedsOwner("the account has to be reconnected"),
    RecordGone("the whole route is gone"),
    OurMistake("a proxy answers in HubSpot's place"),
    MemoryError(),
]
THE_ROWS_OWN = [Refused("HubSpot does not know this id"), ValueError("no rule can read it")]


def given_back(trouble: BaseException | None) -> bool:
    """Whether a try that ends like this is given back."""
    taken_back: list[Transaction] = []

    @contextlib.contextmanager
    def begin() -> Iterator[Transaction]:
        yield cast("Transaction", None)

    with contextlib.suppress(Exception), tries.counted(begin, taken_back.append):
        if trouble:
            raise trouble
    return bool(taken_back)


@pytest.mark.parametrize("trouble", NOBODYS_FAULT, ids=repr)
def test_what_no_row_can_help_gives_the_try_back(trouble: BaseException) -> None:
    assert given_back(trouble)


@pytest.mark.parametrize("trouble", [*THE_ROWS_OWN, None], ids=repr)
def test_what_a_row_provokes_counts(trouble: BaseException | None) -> None:
    assert not given_back(trouble)


def test_a_try_that_cannot_be_given_back_does_not_hide_the_trouble() -> None:
    def begin() -> contextlib.AbstractContextManager[Transaction]:
        raise Retryable("PostgreSQL is still away")

    with pytest.raises(Retryable, match="disk"), tries.counted(begin, lambda _: None):
        raise Retryable("the disk is full")


@pytest.mark.parametrize("trouble", [MemoryError(), TookTooLong(), Retryable("away")], ids=repr)
def test_a_rule_that_is_broken_off_says_nothing_about_its_record(trouble: Exception) -> None:
    batch = _batch()

    def rule(_: object) -> None:
        raise trouble

    with pytest.raises(type(trouble)):
        list(batch.each([(("contact", 12), None)], rule))
    assert batch.failed == {}


def test_a_rule_that_fails_on_a_record_sets_that_record_aside() -> None:
    batch = _batch()
    records = [(("contact", number), number) for number in (0, 1, 2)]
    assert [found for _, found in batch.each(records, lambda number: 2 // number)] == [2, 1]
    assert list(batch.failed) == [("contact", 0)]


def _batch() -> Batch:
    """A page of work as far as applying rules needs one."""
    unused: Any = None
    return Batch(
        unused, unused, unused, unused, {}, imported=True, weighed=True, paused=frozenset()
    )
