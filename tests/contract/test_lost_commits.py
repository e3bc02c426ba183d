"""A commit whose answer was lost is no failure, and nobody takes it for another person's act."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from integration.admin import policies, uninstall
from integration.core.errors import Retryable
from integration.core.wake_ups import Queue
from integration.portal.context import PortalContext
from integration.reports import bookkeeping
from integration.review import answering
from integration.review.answers import Answer, TooLate
from integration.storage.database import Database
from tests.contract.conclude_world import HARBOR, MirrorPortal
from tests.contract.lossy_line import LossyLine, Moment
from tests.contract.review_world import ASKING, Office, namesakes, the_question

MAY = date(2026, 5, 1)
SAME = Answer("same", "Ana", "she told me")


@pytest.fixture
def office(database: Database, redis_url: str) -> Iterator[Office]:
    queue = Queue(redis_url)
    yield Office(database, queue=queue)
    queue.redis.close()


@pytest.fixture
def harbor(office: Office) -> MirrorPortal:
    portal = MirrorPortal(office, HARBOR)
    portal.install(policy=ASKING)
    namesakes(portal)
    portal.settle()
    return portal


@pytest.fixture
def line(postgres_url: str) -> Iterator[LossyLine]:
    opened = LossyLine(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def far(line: LossyLine, office: Office, harbor: MirrorPortal) -> Iterator[PortalContext]:
    """Harbor, seen from a process whose line to the database is bad."""
    database = Database(line.url)
    yield PortalContext(replace(office, database=database), HARBOR)  # type: ignore[arg-type]  # as much of a runtime as is used
    database.close()


def test_a_decision_whose_receipt_was_lost_is_done(
    far: PortalContext, line: LossyLine, harbor: MirrorPortal
) -> None:
    number = the_question(harbor, "identity")["id"]
    line.break_at_commit("after")

    told = answering.decide(far, number, SAME)

    assert line.broken == 1
    assert harbor.rows("SELECT decision_id, author FROM decision") == [
        {"decision_id": told["decision_id"], "author": "Ana"}
    ]


def test_a_decision_that_never_arrived_is_made_by_the_next_try(
    far: PortalContext, line: LossyLine, harbor: MirrorPortal
) -> None:
    number = the_question(harbor, "identity")["id"]
    line.break_at_commit("before", "after")

    answering.decide(far, number, SAME)

    assert line.broken == 2
    assert len(harbor.rows("SELECT decision_id FROM decision")) == 1


def test_an_answer_taken_back_is_taken_back_once(
    far: PortalContext, line: LossyLine, harbor: MirrorPortal
) -> None:
    number = the_question(harbor, "identity")["id"]
    made = answering.decide(far, number, SAME)["decision_id"]
    line.break_at_commit("after")

    answering.decide(far, number, Answer("reopen", "Ana", "I was wrong", seen=made))

    assert [
        row["verb"] for row in harbor.rows("SELECT verb FROM decision ORDER BY decision_id")
    ] == ["same", "reopen"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_is_not_tried_again_by_itself_says_truly_whether_it_was_kept(
    far: PortalContext, line: LossyLine, harbor: MirrorPortal, moment: Moment
) -> None:
    line.break_at_commit(moment)
    try:
        policies.change(far, {"rejudge_share": "60000"}, actor="Ana", reason="less")
        said = "done"
    except Retryable:
        said = "not done"
    kept = harbor.rows("SELECT author FROM settings_version WHERE version = 2")

    assert line.broken == 1
    assert (said, kept) == (
        ("done", [{"author": "Ana"}]) if moment == "after" else ("not done", [])
    )


def test_a_month_whose_closing_lost_its_receipt_is_closed_once(
    far: PortalContext, line: LossyLine, harbor: MirrorPortal
) -> None:
    line.break_at_commit("after")
    bookkeeping.close(far, MAY, actor="Ana", reason="reported")
    bookkeeping.close(far, MAY, actor="Ana", reason="reported")
    assert [row["action"] for row in harbor.rows("SELECT action FROM closing")] == ["close"]

    line.break_at_commit("after")
    bookkeeping.reopen(far, MAY, actor="Ana", reason="one is missing")
    bookkeeping.reopen(far, MAY, actor="Ana", reason="one is missing")
    assert [row["action"] for row in harbor.rows("SELECT action FROM closing ORDER BY closing_id")] == [
        "close", "reopen",
    ]  # fmt: skip


def test_a_deal_is_ordered_to_be_judged_anew_once(
    far: PortalContext, line: LossyLine, harbor: MirrorPortal
) -> None:
    line.break_at_commit("after")
    for _ in range(2):
        bookkeeping.rejudge(far, 5, actor="Ana", reason="new evidence")

    assert harbor.rows("SELECT deal_id, actor FROM rejudgement") == [{"deal_id": 5, "actor": "Ana"}]


def test_a_pause_is_told_as_it_is(
    far: PortalContext, line: LossyLine, harbor: MirrorPortal
) -> None:
    line.break_at_commit("after")
    uninstall.pause(far, actor="Ana")

    found = far.find()
    assert found is not None
    assert found.state == "paused"


def test_the_same_answer_sent_again_is_the_one_that_stands(harbor: MirrorPortal) -> None:
    """A browser that got no page sends its form once more, in another request."""
    number = the_question(harbor, "identity")["id"]
    first = answering.decide(harbor.context, number, SAME)
    assert answering.decide(harbor.context, number, SAME) == first

    for other in (
        replace(SAME, author="Bo"),
        replace(SAME, reason="I guess"),
        replace(SAME, verb="different"),
    ):
        with pytest.raises(TooLate, match="Ana answered this already"):
            answering.decide(harbor.context, number, other)
    assert len(harbor.rows("SELECT decision_id FROM decision")) == 1


def test_a_button_pressed_twice_at_once_is_one_answer(harbor: MirrorPortal) -> None:
    number = the_question(harbor, "identity")["id"]
    gate = threading.Barrier(4)
    told: list[int] = []

    def press() -> None:
        gate.wait()
        told.append(answering.decide(harbor.context, number, SAME)["decision_id"])

    presses = [threading.Thread(target=press) for _ in range(4)]
    for press_thread in presses:
        press_thread.start()
    for press_thread in presses:
        press_thread.join()

    assert len(told) == 4
    assert [row["decision_id"] for row in harbor.rows("SELECT decision_id FROM decision")] == list(
        set(told)
    )
