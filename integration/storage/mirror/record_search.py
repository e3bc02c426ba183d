"""Searching the mirror by what people call a record: its name, and its address or domain."""

from collections.abc import Mapping
from typing import NamedTuple

from integration.storage.database import Transaction
from mappings.kinds import ObjectType

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

    One reading of all records of the type: for a person's question, not for a rule. Of a number
    of records, *of_first*, that are called so, the reading is content.
    """
    name, note = _CALLED[object_type]
    rows = tx.tuples(
        f"""SELECT record_id, name, note, is_exact FROM (
              SELECT record_id, coalesce({name}, '') AS name, coalesce({note}, '') AS note,
                coalesce(lower({name}) = lower(:text), false)
                  OR coalesce(lower({note}) = lower(:text), false) AS is_exact
              FROM record
              WHERE portal_id = :portal AND object_type = :type AND gone_at IS NULL
                AND (position(lower(:text) IN lower({name})) > 0
                  OR position(lower(:text) IN lower({note})) > 0)
              LIMIT :of_first) AS called
            ORDER BY is_exact DESC, length(name), lower(name), record_id LIMIT :limit""",
        type=object_type,
        text=text,
        limit=limit,
        of_first=of_first,
    )
    return [Found(*row) for row in rows]
