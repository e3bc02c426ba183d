"""Open review tasks and decisions, a page at a time, as pages and scripts read them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from integration.core.errors import Refused
from integration.portal import authors
from integration.portal.context import PortalContext
from integration.review import task_view
from integration.review.review_kinds import check_kind
from integration.storage.database import Row, Transaction
from integration.storage.reviews import decision_rows, task_rows
from integration.storage.reviews.task_rows import Place
from mappings.records.rows import RefPair

Json = dict[str, Any]
PAGE = 50
LARGEST_ID = (1 << 63) - 1  # that the database can hold


def open_tasks(
    portal: PortalContext, *, kind: str | None = None, after: str | None = None, limit: int = PAGE
) -> Json:
    """Return a page of open tasks, most money first; `next` is where the following page begins."""
    check_kind(kind)
    now = portal.runtime.now()
    with portal.transaction() as tx:
        rows = task_rows.page(tx, kind=kind, after=_place(after), limit=limit + 1, now=now)
        shown = rows[:limit]
        names = task_view.names(tx, [row["body"] for row in shown])
        return {
            "open": task_rows.counts(tx, now),
            "questions": [task_view.task(row, names) for row in shown],
            "next": _cursor(shown[-1]) if len(rows) > limit else None,
        }


def most_at_stake(tx: Transaction, now: datetime, *, limit: int) -> Json:
    """Return how many tasks are open, by kind, and those with the most money at stake."""
    rows = task_rows.page(tx, kind=None, after=None, limit=limit, now=now)
    names = task_view.names(tx, [row["body"] for row in rows])
    return {
        "open": task_rows.counts(tx, now),
        "questions": [task_view.task(row, names) for row in rows],
    }


def decisions(
    portal: PortalContext, *, kind: str | None = None, before: int | None = None, limit: int = PAGE
) -> Json:
    """Return a page of decisions, newest first; `next` is where the following page begins."""
    check_kind(kind)
    with portal.transaction() as tx:
        rows = decision_rows.history(tx, kind=kind, before=before, limit=limit + 1)
        shown = rows[:limit]
        return {
            "decisions": _views(tx, shown, portal.runtime.now()),
            "next": shown[-1]["decision_id"] if len(rows) > limit else None,
        }


def decisions_about(tx: Transaction, object_type: str, record_id: int, now: datetime) -> list[Json]:
    """Return what people decided about a record, newest first."""
    return _views(tx, decision_rows.of_record(tx, object_type, record_id), now)


def decided_about(
    tx: Transaction, refs: Collection[RefPair], now: datetime, *, limit: int
) -> list[Json]:
    """Return what people decided about any of these records, each decision once, newest first."""
    return _views(tx, decision_rows.of_records(tx, refs, limit=limit), now)


def open_about(tx: Transaction, refs: Collection[RefPair], *, limit: int) -> list[Json]:
    """Return the open questions about any of these records, most money first."""
    rows = task_rows.open_about(tx, refs, limit=limit)
    names = task_view.names(tx, [row["body"] for row in rows])
    return [task_view.task(row, names) for row in rows]


def _views(tx: Transaction, rows: Sequence[Row], now: datetime) -> list[Json]:
    names = task_view.names(tx, [row["detail"] for row in rows])
    people = authors.all_in_words(tx, [row["author"] for row in rows])
    return [
        {**task_view.decision(row, names, now), "author_name": people[row["author"]]}
        for row in rows
    ]


def task(portal: PortalContext, review_id: int) -> Json:
    """Return one task with its newest answer; refuse a number that the portal does not have."""
    with portal.transaction() as tx:
        row = task_row(tx, review_id)
        answer = decision_rows.newest(tx, row["kind"], row["question"])
        names = task_view.names(tx, [row["body"]])
        return {
            **task_view.task(row, names),
            "answer": task_view.answer(answer, portal.runtime.now()) if answer else None,
        }


def task_row(tx: Transaction, review_id: int) -> Row:
    """Return one task as it is stored; refuse a number that the portal does not have."""
    row = task_rows.find(tx, review_id) if 0 < review_id <= LARGEST_ID else None
    if row is None:
        raise Refused(
            f"There is no question {review_id} in portal {tx.portal_id}: it may have resolved"
            f" itself. `second-order review {tx.portal_id}` lists the open ones"
        )
    return row


def _place(after: str | None) -> Place | None:
    if not after:
        return None
    refusal = Refused("That is no place in this list; begin with its first page")
    try:
        stake, confidence, review_id = (int(part) for part in after.split("."))
    except ValueError:
        raise refusal from None
    if max(abs(stake), abs(confidence), abs(review_id)) > LARGEST_ID:
        raise refusal
    return stake, confidence, review_id


def _cursor(row: Row) -> str:
    return f"{row['stake_minor']}.{row['confidence']}.{row['review_id']}"
