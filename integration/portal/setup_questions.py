"""Set-up questions are asked and withdrawn here, by whoever finds that an admin must decide."""

from collections.abc import Collection

from integration.storage.database import Transaction
from integration.storage.queue import lanes
from integration.storage.service import portals, setup_question_rows
from mappings.records.setup_kinds import KINDS
from mappings.stored.setup_shapes import SetupQuestion


def ask(tx: Transaction, kind: str, key: str, question: SetupQuestion) -> bool:
    """Ask an admin; return whether the question is new.

    *key* tells questions of one kind apart. A question that is still open gets the new text,
    candidates and proposal, and keeps its time. What was answered is not asked again.
    """
    waits = KINDS[kind].waits
    seconds = waits.total_seconds() if waits else None
    is_new = setup_question_rows.ask(
        tx, kind, key, question, blocks=waits is not None, due_seconds=seconds
    )
    if is_new:
        portals.note(tx, "second-order", "asked a set-up question", kind=kind, key=key)
    return is_new


def withdraw(tx: Transaction, kind: str, keys: Collection[str]) -> None:
    """Take open questions back that need no answer any more; what waited for them goes on."""
    setup_question_rows.withdraw(tx, kind, keys)
    lanes.want(tx, tx.portal_id, "write")
