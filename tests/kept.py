"""What we keep of one portal, in the words of the field: how tests look into the database without speaking SQL."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import psycopg
from psycopg.abc import Buffer
from psycopg.types.datetime import TimestamptzLoader

from integration.storage.database import Database

Row = dict[str, Any]
NEVER = datetime.max.replace(tzinfo=UTC)


class _Endless(TimestamptzLoader):
    """Reads the infinity with which rows say "never again", for which Python has no word."""

    def load(self, data: Buffer) -> datetime:
        """The last moment there is, in its place."""
        return NEVER if bytes(data) == b"infinity" else super().load(data)


class Kept:
    """One portal's rows as its own transactions see them; whoever is a portal in tests is one of these."""

    portal_id: int

    @property
    def database(self) -> Database:
        """Where the rows are."""
        raise NotImplementedError

    def rows(self, statement: str, **values: object) -> list[Row]:
        """Rows of any statement; for tests that are about SQL, or want what has no word yet."""
        with self.database.portal(self.portal_id) as tx:
            return [dict(row) for row in tx.rows(statement, **values)]

    def kept(self, table: str, **these: object) -> list[Row]:
        """All rows of a table, or only *these*, in the order of their first columns."""
        chosen = " AND ".join(f"{column} = %({column})s" for column in these) or "true"
        with self.database.portal(self.portal_id) as tx:
            driver = cast("psycopg.Connection[Any]", tx.connection.connection.driver_connection)
            cursor = driver.cursor()
            cursor.adapters.register_loader("timestamptz", _Endless)
            cursor.execute(f"SELECT * FROM {table} WHERE {chosen} ORDER BY 1, 2, 3", these)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def values(self, table: str, column: str, **these: object) -> list[Any]:
        """One column of them."""
        return [row[column] for row in self.kept(table, **these)]

    def state(self) -> str:
        """The portal's own: active, paused, uninstalled."""
        (found,) = self.values("portal", "state")
        return str(found)

    def ledger(self, deal_id: int | None = None) -> list[Row]:
        """The entries as they were appended, of all deals or one."""
        rows = self.kept("ledger") if deal_id is None else self.kept("ledger", deal_id=deal_id)
        return sorted(rows, key=lambda row: int(row["entry_id"]))

    def booked(self, deal_id: int | None = None) -> int:
        """The sum of all entries, reversals included, of all deals or one: minor units."""
        return sum(row["amount_minor"] for row in self.ledger(deal_id))

    def derived(self, deal_id: int | None = None) -> int:
        """The same without what nobody led to."""
        return sum(
            row["amount_minor"] for row in self.ledger(deal_id) if row["kind"] != "first_order"
        )

    def booked_by(self, column: str) -> Mapping[Any, int]:
        """Sums by kind, by deal_id, …"""
        sums: dict[Any, int] = {}
        for row in self.ledger():
            sums[row[column]] = sums.get(row[column], 0) + row["amount_minor"]
        return sums

    def sources(self, deal_id: int) -> list[Row]:
        """Who led to the deal, as worked out."""
        return self.kept("source", deal_id=deal_id)

    def persons(self) -> dict[int, int]:
        """The person of each contact record."""
        return {row["contact_id"]: row["person_id"] for row in self.kept("person")}

    def moves(self) -> list[Row]:
        """Job changes, with their status."""
        return self.kept("move")

    def decisions(self) -> list[Row]:
        """What people answered, oldest first."""
        return sorted(self.kept("decision"), key=lambda row: int(row["decision_id"]))

    def events(self, **these: object) -> list[Row]:
        """What deliveries were split into: all, or those of a state or a source."""
        return self.kept("event", **these)

    def imports(self) -> list[Row]:
        """Imports and reconciliations, oldest first."""
        return sorted(self.kept("import_run"), key=lambda row: int(row["run_id"]))

    def conclusion(self, kind: str, record_id: int) -> Row:
        """What was concluded about a record."""
        (found,) = self.kept("conclusion", object_type=kind, record_id=record_id)
        return found

    def troubles(self) -> list[str]:
        """What lanes stumbled over and have not done since."""
        return [row["trouble"] for row in self.kept("lane") if row["failures"]]

    def paused_properties(self) -> list[Row]:
        """Fields that are not written, each with the sentence that says what to do."""
        return [row for row in self.kept("property_state") if row["paused_at"] is not None]
