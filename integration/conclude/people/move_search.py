"""Moves: found in the histories of persons' records, and stored as differences."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from integration.conclude import overrides, review_tasks
from integration.conclude.batch import Batch
from integration.conclude.people import champion_strength, mass_moves
from integration.conclude.people.people_page import PeoplePage
from integration.conclude.people.person_groups import PersonGroups
from integration.storage.database import Row
from integration.storage.findings import employer_changes, move_rows, stored_shapes
from integration.storage.findings.employer_changes import EmployerChange
from mappings.kinds import ObjectType
from mappings.rules.facts import PPM, Directory
from mappings.rules.findings import Move, Person
from mappings.rules.job_changes import signals
from mappings.rules.job_changes.moves import MovesOfPerson, find_moves, not_alone

MoveKey = tuple[int, str]
MoveRow = Mapping[str, Any]


def find(
    batch: Batch, page: PeoplePage, persons: Sequence[Person], companies: Directory
) -> list[Move]:
    """Find these persons' moves, as people decided and with each mover's strength when leaving."""
    found = _found(batch, page, persons, companies)
    moves = overrides.moves(page.decisions, found, persons)
    return _with_strengths(batch, page, persons, moves) if moves else []


def _with_strengths(
    batch: Batch, page: PeoplePage, persons: Iterable[Person], moves: Sequence[Move]
) -> list[Move]:
    own = {person.id: person.contact_ids for person in persons}
    movers = {contact_id for move in moves for contact_id in own[move.person_id]}
    former = {move.former_company_id for move in moves if move.former_company_id}
    evidence = champion_strength.load(batch, movers, former)
    return [
        champion_strength.with_strength(
            move, own[move.person_id], page.contacts, evidence, batch.policy
        )
        for move in moves
    ]


def _found(
    batch: Batch, page: PeoplePage, persons: Iterable[Person], companies: Directory
) -> list[Move]:
    was_customer = page.was_customer if page.customers_since is not None else None

    def moves_of(person: Person) -> MovesOfPerson:
        return find_moves(
            person, page.contacts, companies, batch.policy, batch.now, was_customer=was_customer
        )

    by_key: dict[MoveKey, Move] = {}
    for _, result in batch.each_of(ObjectType.CONTACT, persons, moves_of):
        by_key.update({_key(move): move for move in result.moves})
    return _with_companions(batch, by_key.values())


def _with_companions(batch: Batch, found: Iterable[Move]) -> list[Move]:
    """The moves, those in doubt that the same import gave to others as well."""
    by_program = {_key(move): change for move in found if (change := _program_change(move))}
    if not by_program:
        return list(found)
    pairs = {change.pair for change in by_program.values()}
    others = employer_changes.changes_between(batch.tx, pairs)
    moves: list[Move] = []
    for move in found:
        change = by_program.get(_key(move))
        along = mass_moves.companions([change], others) if change else ()
        moves.append(not_alone(move, len(along), batch.policy) if along else move)
    return moves


def _program_change(move: Move) -> EmployerChange | None:
    """The change of employer that rests on an import's or another program's word."""
    dates = [signal.at for signal in move.signals if signal.kind in signals.BY_PROGRAM]
    if not dates or move.former_company_id is None or move.new_company_id is None:
        return None
    return EmployerChange(
        move.person_id, move.former_company_id, move.new_company_id, dates[0] or move.latest
    )


def _key(move: Move) -> MoveKey:
    return move.person_id, move.key


def store(batch: Batch, page: PeoplePage, groups: PersonGroups, moves: Iterable[Move]) -> set[int]:
    """Store the moves of a page's persons; return the companies that somebody left or came to."""
    rows = {_key(move): _row(move, batch) for move in moves}
    before = _before(page, groups)
    gone = {key: row for key, row in before.items() if key not in rows}
    new = {key: row for key, row in rows.items() if _differs(row, before.get(key))}
    if gone:
        move_rows.delete(batch.tx, gone.keys())
    if new:
        move_rows.store(batch.tx, list(new.values()))
    review_tasks.about_moves(batch, gone.values(), new.values())
    replaced = [before[key] for key in new if key in before]
    return _companies_of([*gone.values(), *replaced, *new.values()])


def _before(page: PeoplePage, groups: PersonGroups) -> dict[MoveKey, Row]:
    """The stored moves of affected persons, and of persons that lost a contact or are no more."""
    gone = page.person_of.keys() - page.contacts.keys()
    owners = groups.owners.union(page.person_of[contact_id] for contact_id in gone)
    return {
        (row["person_id"], row["move_key"]): row for row in page.moves if row["person_id"] in owners
    }


def _row(move: Move, batch: Batch) -> MoveRow:
    return {
        "person_id": move.person_id,
        "move_key": move.key,
        "former_contact_id": move.former_contact_id,
        "new_contact_id": move.new_contact_id,
        "former_company_id": move.former_company_id,
        "new_company_id": move.new_company_id,
        "earliest": move.earliest,
        "latest": move.latest,
        "confidence": move.confidence / PPM,
        "status": move.status,
        "body": move,
        "settings_version": batch.policy.version,
    }


def _differs(row: MoveRow, stored: Row | None) -> bool:
    """Whether the stored move says something else; its body is compared as it would be written."""
    if stored is None or row["settings_version"] != stored["settings_version"]:
        return True
    return stored_shapes.differs(row["body"], stored["body"])


def _companies_of(rows: Iterable[MoveRow]) -> set[int]:
    return {
        company_id
        for row in rows
        for company_id in (row["former_company_id"], row["new_company_id"])
        if company_id is not None
    }
