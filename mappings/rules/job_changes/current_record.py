"""Current record: which of a person's contact records stands for where they are now."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from mappings.kinds import MoveKind
from mappings.rules.facts import ContactFacts, Directory
from mappings.rules.findings import Move
from mappings.rules.identity.record_profile import employer


def current_record(
    records: Mapping[int, ContactFacts], moves: Iterable[Move], known: Directory
) -> int | None:
    """The record to which the latest of the moves that count led; None if there is no record.

    Else the newest that still works and has an employer. What changes from day to day, such as the
    last activity, does not decide: the person's figures would go to and fro.
    """
    led_to = [
        move for move in moves if move.kind != MoveKind.DEPARTURE and move.new_contact_id in records
    ]
    if led_to:
        return max(led_to, key=lambda move: (move.moved_at, move.key)).new_contact_id
    return max(records, key=lambda record_id: _standing(records[record_id], known), default=None)


def _standing(record: ContactFacts, known: Directory) -> tuple[bool, bool, datetime, int]:
    still_works = record.bounced_at is None and record.left_reply_at is None
    return still_works, employer(record, known) is not None, record.created_at, record.id
