"""What is stored with an answer, and the check that answers about one person agree."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from integration.core.errors import Refused
from integration.portal import record_choice
from integration.review.answers import Answer, start_of
from integration.storage.database import Row, Transaction
from integration.storage.findings import move_rows, stored_shapes
from integration.storage.reviews import decision_rows
from mappings.kinds import ObjectType, ReviewKind
from mappings.rules.attribution import decisions
from mappings.stored import shape_table

Json = dict[str, Any]
Pair = tuple[int, int]


def corrected_move(tx: Transaction, row: Row, answer: Answer) -> Json:
    """Return a copy of the confirmed move, and the company and date that the answer corrects.

    The copy lets the move stay when its evidence goes.
    """
    detail: Json = {}
    for move in move_rows.of_contacts(tx, row["body"]["contacts"]):
        if move["move_key"] == row["question"]:
            body = shape_table.body_of(stored_shapes.move_of(move))
            detail["move"] = stored_shapes.plain(body)
            break
    if answer.company is not None:
        _check_new_company(tx, row, answer.company)
        detail["company"] = answer.company
    if answer.day is not None:
        detail["date"] = start_of(answer.day)
    return detail


def _check_new_company(tx: Transaction, row: Row, company_id: int) -> None:
    # Between the choice and now it may have been merged or deleted.
    if record_choice.choose(tx, ObjectType.COMPANY, str(company_id)) != company_id:
        raise Refused(f"Company {company_id} was merged into another just now; look again")
    if company_id == row["body"]["companies"][0]:
        raise Refused("A move cannot lead to the company it came from; reject it instead")


def picked_contact(_: Transaction, row: Row, answer: Answer) -> Json:
    """Return the candidate that the answer picks; refuse any other contact."""
    candidates = row["body"]["contacts"]
    if answer.pick is None or answer.pick not in candidates:
        raise Refused(
            f"Contact {answer.pick} is none of the candidates of question {row['review_id']}:"
            f" {', '.join(map(str, candidates))}"
        )
    return {"pick": answer.pick}


def check_same_person(tx: Transaction, contact_ids: Collection[int], now: datetime) -> None:
    """Refuse an answer that contradicts others: A is B and B is C, but A is not C."""
    answers = _answers_around(tx, contact_ids, now)
    records: dict[int, set[int]] = {}  # of the person that a contact belongs to
    for (low, high), is_same in answers.items():
        if is_same:
            joined = records.get(low, {low}) | records.get(high, {high})
            records.update(dict.fromkeys(joined, joined))
    for (low, high), is_same in answers.items():
        if not is_same and high in records.get(low, ()):
            raise Refused(
                f"That contradicts other answers: contacts {low} and {high} were decided to be"
                f" different people, and by way of {', '.join(map(str, sorted(records[low])))}"
                " they would be one. Take one of those back first"
            )


def _answers_around(
    tx: Transaction, contact_ids: Collection[int], now: datetime
) -> dict[Pair, bool]:
    """Return the answers between contacts that answers connect with these, at any distance."""
    answers: dict[Pair, bool] = {}
    person, unread = set(contact_ids), set(contact_ids)
    while unread:
        rows = decision_rows.concerning(tx, (ReviewKind.IDENTITY,), ObjectType.CONTACT, unread, now)
        pairs = decisions.pairs(rows)
        answers |= pairs
        connected: set[int] = set()
        for pair, is_same in pairs.items():
            if is_same and not person.isdisjoint(pair):
                connected.update(pair)
        unread = connected - person
        person |= unread
    return {pair: is_same for pair, is_same in answers.items() if person.issuperset(pair)}
