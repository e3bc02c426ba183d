"""Finding: people, companies and deals by half a name, an address, a domain or a number."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from integration.portal import record_choice
from integration.portal.context import PortalContext
from integration.storage.database import Row, Transaction
from integration.storage.mirror import found_details, mirror, search_rows, unlisted_rows
from integration.storage.success import person_answers
from mappings.kinds import ObjectType
from mappings.rules.text import search_words
from mappings.rules.text.folding import fold_name
from mappings.rules.text.names import spoken

FOUND_TYPES: Final = (ObjectType.CONTACT, ObjectType.COMPANY, ObjectType.DEAL)
_RANKED = 200  # records of a type among which the best are shown
_SHORTEST_MISTYPED = 4  # letters of a word in which a slip is looked for
_LARGEST_ID = (1 << 63) - 1  # that the database can hold


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record that may be meant, with what tells it from its namesakes."""

    object_type: ObjectType
    record_id: int
    name: str
    details: Row


@dataclass(frozen=True, slots=True)
class Group:
    """The found records of one type, the likeliest first; `has_more` than are shown."""

    object_type: ObjectType
    records: Sequence[FoundRecord]
    has_more: bool


@dataclass(frozen=True, slots=True)
class FoundComment:
    """What somebody wrote with an answer, and where they were then."""

    contact_id: int
    company_id: int | None
    name: str
    score: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a question led to.

    `meant` is the one record that a number or an address names. `is_near` says that nothing has
    the words as they were written, and the groups what was perhaps meant. `is_incomplete`: records
    of before an upgrade are still being made findable.
    """

    text: str
    groups: Sequence[Group]
    meant: FoundRecord | None = None
    is_near: bool = False
    is_incomplete: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not self.groups


def find(
    portal: PortalContext, text: str, *, types: Sequence[ObjectType] = FOUND_TYPES, limit: int
) -> Finding:
    """Find at most *limit* records of each type.

    Raises Retryable where the database takes longer than a second.
    """
    asked = record_choice.cleaned(text)
    words = search_words.asked(asked)
    with portal.transaction() as tx:
        tx.run("SET LOCAL statement_timeout = '1s'")
        is_incomplete = bool(unlisted_rows.under_way(tx))
        named = _named(tx, asked, types)
        groups = _groups(tx, words, types, named, asked, limit)
        is_near = False
        if not groups and words:
            groups = _near(tx, words, types, asked, limit)
            is_near = bool(groups)
    meant = _only(named) if record_choice.is_number(asked) or len(named) == 1 else None
    return Finding(asked, groups, meant, is_near, is_incomplete)


def comments(portal: PortalContext, text: str, *, limit: int) -> list[FoundComment]:
    """Find what people wrote by its words, the newest first; only for who may read all of it.

    Of pages for others the caller leaves out what is not theirs. Raises Retryable as :func:`find`.
    """
    words = search_words.asked(record_choice.cleaned(text))
    if not words:
        return []
    with portal.transaction() as tx:
        tx.run("SET LOCAL statement_timeout = '1s'")
        beginnings = [[word] for word in words]
        kind = search_rows.COMMENTS
        ids = search_rows.beginning(tx, kind, beginnings, limit=_RANKED)
        written = person_answers.written_by(tx, ids)
        names = found_details.of(tx, ObjectType.CONTACT, {row["contact_id"] for row in written})
    found = [row for row in written if search_words.is_in(words, row["comment"])]
    return [
        FoundComment(
            row["contact_id"],
            row["company_id"],
            spoken(names[row["contact_id"]]["name"] or ""),
            row["score"],
            row["answered_at"],
            row["comment"],
        )
        for row in found
        if row["contact_id"] in names
    ][:limit]


def _named(
    tx: Transaction, asked: str, types: Sequence[ObjectType]
) -> Mapping[ObjectType, FoundRecord]:
    """The records that a number, or the address of a record's page, names after all merges."""
    if record_choice.is_number(asked) and 0 < int(asked) <= _LARGEST_ID:
        wanted = dict.fromkeys(types, int(asked))
    else:
        address = record_choice.in_address(asked)
        is_here = address is not None and address.portal_id == tx.portal_id
        wanted = {address.object_type: address.record_id} if address and is_here else {}
    found: dict[ObjectType, FoundRecord] = {}
    for object_type, record_id in wanted.items():
        if object_type not in types or record_id > _LARGEST_ID:
            continue
        current = mirror.resolve(tx, object_type, [record_id])[record_id]
        for row in found_details.of(tx, object_type, [current]).values():
            found[object_type] = _found(object_type, row)
    return found


def _only(named: Mapping[ObjectType, FoundRecord]) -> FoundRecord | None:
    return next(iter(named.values())) if len(named) == 1 else None


def _groups(
    tx: Transaction,
    words: Sequence[str],
    types: Sequence[ObjectType],
    named: Mapping[ObjectType, FoundRecord],
    asked: str,
    limit: int,
) -> list[Group]:
    groups = []
    for object_type in types:
        beginnings = [[word] for word in words]
        ids = (
            search_rows.beginning(tx, object_type, beginnings, limit=_RANKED) if beginnings else []
        )
        first = [named[object_type]] if object_type in named else []
        groups += _group(tx, object_type, ids, first, asked, limit)
    return groups


def _group(
    tx: Transaction,
    object_type: ObjectType,
    ids: Collection[int],
    first: Sequence[FoundRecord],
    asked: str,
    limit: int,
) -> list[Group]:
    rows = found_details.of(tx, object_type, ids)
    ranked = sorted(rows.values(), key=lambda row: _rank(row, asked))
    known = {record.record_id for record in first}
    records = [
        *first,
        *(_found(object_type, row) for row in ranked if row["record_id"] not in known),
    ]
    if not records:
        return []
    return [Group(object_type, records[:limit], len(records) > limit)]


def _rank(row: Row, asked: str) -> tuple[object, ...]:
    """Who is called so comes before who works where it is called so, who brought most first."""
    name, address = fold_name(row["name"] or ""), (row["address"] or "").lower()
    is_exact = fold_name(asked) == name or asked.lower() == address
    words = name.split()
    in_name = sum(any(word.startswith(part) for word in words) for part in fold_name(asked).split())
    return not is_exact, -in_name, -row["weight"], len(name), name, row["record_id"]


def _found(object_type: ObjectType, row: Row) -> FoundRecord:
    return FoundRecord(object_type, row["record_id"], spoken(row["name"] or ""), row)


def _near(
    tx: Transaction,
    words: Sequence[str],
    types: Sequence[ObjectType],
    asked: str,
    limit: int,
) -> list[Group]:
    """What has the words with one slip of the keyboard in each."""
    meant = [{word, *_slips(word)} for word in words]
    groups: list[Group] = []
    for object_type in types:
        known = search_rows.existing(tx, object_type, set().union(*meant))
        alternatives = [own & known for own in meant]
        if all(alternatives):
            ids = search_rows.beginning(tx, object_type, alternatives, limit=_RANKED)
            groups += _group(tx, object_type, ids, (), asked, limit)
    return groups


def _slips(word: str) -> Collection[str]:
    """What a word may have been before a slip; of short ones that could be anything."""
    return search_words.mistyped(word) if len(word) >= _SHORTEST_MISTYPED else ()
