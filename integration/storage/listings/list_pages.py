"""Pages of lists by key: rows before or behind a place in an order, and a count with an end.

Each list is one table of columns, conditions and orders. What is asked for is named by the keys
of these tables; only values come from outside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integration.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class Order:
    """What rows are sorted by: an expression that is never null, and its type."""

    expression: str
    kind: str


@dataclass(frozen=True, slots=True)
class List:
    """A list: where its rows are, which always count, and what can be asked of them.

    *conditions* name their value as `:name`; *key* is an id that no two rows share. *sums* are
    columns that can be added up.
    """

    rows: str
    key: str
    columns: Sequence[str]
    always: str
    conditions: Mapping[str, str]
    orders: Mapping[str, Order]
    key_expression: str = ""
    sums: Sequence[str] = ()

    @property
    def sorted_key(self) -> str:
        """The key as statements sort by it: a column, or what is worked out of columns."""
        return self.key_expression or self.key


@dataclass(frozen=True, slots=True)
class Place:
    """A place in an order: the value of the row that stands there, as text, and its key."""

    value: str
    key: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows, in which order, and where to begin: behind a place or before one."""

    conditions: Mapping[str, object]
    order: str
    is_descending: bool = True
    after: Place | None = None
    before: Place | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the wanted order; places to go on from, None where there are no more."""

    rows: Sequence[Row]
    before: Place | None
    after: Place | None


def page(tx: Transaction, listed: List, wanted: Wanted, *, limit: int) -> Page:
    """Return *limit* rows beside a place, or the first ones."""
    is_backwards = wanted.before is not None
    rows = list(_read(tx, listed, wanted, limit=limit + 1))
    is_more = len(rows) > limit
    rows = rows[:limit]
    if is_backwards:
        rows.reverse()
    if not rows:
        return Page((), None, None)
    has_before = is_more if is_backwards else wanted.after is not None
    has_after = True if is_backwards else is_more
    return Page(
        rows,
        before=_place(rows[0], listed) if has_before else None,
        after=_place(rows[-1], listed) if has_after else None,
    )


def after(
    tx: Transaction, listed: List, wanted: Wanted, place: Place | None, *, limit: int
) -> tuple[Sequence[Row], Place | None]:
    """Return the rows behind a place, of all that are wanted, and where to go on, if anywhere."""
    part = Wanted(wanted.conditions, wanted.order, wanted.is_descending, after=place)
    rows = _read(tx, listed, part, limit=limit)
    return rows, _place(rows[-1], listed) if len(rows) == limit else None


def count(tx: Transaction, listed: List, conditions: Mapping[str, object], *, most: int) -> int:
    """Count rows, of more than *most* only that there are more: *most* + 1."""
    where, values = _where(listed, conditions)
    number: int = tx.value(
        f"""SELECT count(*) FROM (
              SELECT FROM {listed.rows} WHERE {where} LIMIT :most_and_one) AS row""",
        most_and_one=most + 1,
        **values,
    )
    return number


def sums(tx: Transaction, listed: List, conditions: Mapping[str, object]) -> Row:
    """Add up what can be of all rows; a column that no row has a value in is None."""
    where, values = _where(listed, conditions)
    columns = ", ".join(listed.columns)
    totals = ", ".join(f"CAST(sum({name}) AS text) AS {name}" for name in listed.sums)
    found = tx.one(
        f"SELECT {totals} FROM (SELECT {columns} FROM {listed.rows} WHERE {where}) AS row",
        **values,
    )
    return found or {}


def _read(tx: Transaction, listed: List, wanted: Wanted, *, limit: int) -> Sequence[Row]:
    where, values = _where(listed, wanted.conditions)
    order = listed.orders[wanted.order]
    place = wanted.before or wanted.after
    is_down = wanted.is_descending == (wanted.before is None)
    side = "<" if is_down else ">"
    direction = "DESC" if is_down else "ASC"
    if place is not None:
        where += (
            f" AND ({order.expression}, {listed.sorted_key})"
            f" {side} (CAST(:place_value AS {order.kind}), :place_key)"
        )
        values |= {"place_value": place.value, "place_key": place.key}
    columns = ", ".join(listed.columns)
    return tx.rows(
        f"""SELECT {columns}, {listed.sorted_key} AS {listed.key},
              CAST({order.expression} AS text) AS place_value
            FROM {listed.rows} WHERE {where}
            ORDER BY {order.expression} {direction}, {listed.sorted_key} {direction}
            LIMIT :limit""",
        limit=limit,
        **values,
    )


def _where(listed: List, conditions: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
    wanted = [listed.conditions[name] for name in conditions]
    where = " AND ".join(f"({condition})" for condition in (listed.always, *wanted))
    return where, dict(conditions)


def _place(row: Row, listed: List) -> Place:
    return Place(row["place_value"], row[listed.key])
