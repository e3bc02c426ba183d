"""Searching the mirror by what people call a record: its name, and its address or domain."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from integration.storage.database import Transaction
from integration.storage.mirror import search_rows, unlisted_rows
from mappings.kinds import ObjectType
from mappings.rules.text import search_words

# Of each type: how it is called, and what else tells it from others of its name.
_CALLED: Mapping[str, tuple[str, str]] = {
    ObjectType.COMPANY: ("properties ->> 'name'", "properties ->> 'domain'"),
    ObjectType.CONTACT: (
        "trim(concat_ws(' ', properties ->> 'firstname', properties ->> 'lastname'))",
        "properties ->> 'email'",
    ),
    ObjectType.DEAL: ("properties ->> 'dealname'", "left(properties ->> 'closedate', 10)"),
}

_LOOKED_AT_WHILE_TYPING = 300
_MOST_BY_WORDS = 1000


class Found(NamedTuple):
    """A record that is called so: exactly, or with the text as a part of it."""

    record_id: int
    name: str
    note: str
    is_exact: bool


def offers(tx: Transaction, object_type: str, text: str, *, limit: int) -> list[Found]:
    """Return what :func:`search` does, of the first few hundred records that are called so.

    For a list that changes while somebody types: after a second the database gives up, and
    Retryable is raised.
    """
    tx.run("SET LOCAL statement_timeout = '1s'")
    return search(tx, object_type, text, limit=limit, of_first=_LOOKED_AT_WHILE_TYPING)


def search(
    tx: Transaction, object_type: str, text: str, *, limit: int, of_first: int | None = None
) -> list[Found]:
    """Return living records whose name or note has *text* in it, exact ones first.

    They are found by their words; only where none begins so all records of the type are read: for
    a person's question, not for a rule. Of a number of records, *of_first*, that are called so,
    that reading is content.
    """
    by_words = _by_words(tx, object_type, text)
    found = _called(tx, object_type, text, limit=limit, ids=by_words) if by_words else []
    return found or _called(tx, object_type, text, limit=limit, of_first=of_first)


def _by_words(tx: Transaction, object_type: str, text: str) -> list[int]:
    """The records with words that begin so; none where they are too many, or not all are known."""
    words = [[word] for word in search_words.asked(text)]
    if not words or unlisted_rows.under_way(tx):
        return []
    ids = search_rows.beginning(tx, object_type, words, limit=_MOST_BY_WORDS)
    return ids if len(ids) < _MOST_BY_WORDS else []


def _called(
    tx: Transaction,
    object_type: str,
    text: str,
    *,
    limit: int,
    ids: Collection[int] | None = None,
    of_first: int | None = None,
) -> list[Found]:
    name, note = _CALLED[object_type]
    among = "" if ids is None else "AND record_id = ANY(CAST(:ids AS bigint[]))"
    rows = tx.tuples(
        f"""SELECT record_id, name, note, is_exact FROM (
              SELECT record_id, coalesce({name}, '') AS name, coalesce({note}, '') AS note,
                coalesce(lower({name}) = lower(:text), false)
                  OR coalesce(lower({note}) = lower(:text), false) AS is_exact
              FROM record
              WHERE portal_id = :portal AND object_type = :type AND gone_at IS NULL {among}
                AND (position(lower(:text) IN lower({name})) > 0
                  OR position(lower(:text) IN lower({note})) > 0)
              LIMIT :of_first) AS called
            ORDER BY is_exact DESC, length(name), lower(name), record_id LIMIT :limit""",
        type=object_type,
        text=text,
        limit=limit,
        ids=list(ids or ()),
        of_first=of_first,
    )
    return [Found(*row) for row in rows]
