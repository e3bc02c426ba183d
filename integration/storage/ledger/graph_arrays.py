"""The roll-up's input and output as blobs of integers: deals, shares, edges, all-in values.

A row is a few big-endian 64-bit integers; PostgreSQL strings them together, so that a million
rows are a few dozen values to the client. Each function names its integers.
"""

from collections.abc import Mapping, Sequence

from psycopg import Connection

from integration.storage.database import Row, Transaction

# So many blobs, each far below PostgreSQL's largest value.
_PARTS = 64
# Arrays of integers have no null: 0 stands for no company (the pool), -1 for an unknown raw share.
# Ids and shares of the database are positive.
# A body that other code wrote may lack it, or hold something else: then the frozen share stands.
_RAW = """CASE WHEN jsonb_typeof(body -> 'raw') = 'number' AND body ->> 'raw' ~ '^[0-9]{1,18}$'
  THEN CAST(body ->> 'raw' AS bigint) END"""
_PATIENCE = (
    "SET LOCAL statement_timeout = '600s'; SET LOCAL idle_in_transaction_session_timeout = '600s'"
)


def won_deals(tx: Transaction, home: str) -> list[bytes]:
    """Return won deals as integers.

    They are: id, company (0 without), home amount (0 unknown), close in µs since 2000, order.
    """
    return _blobs(
        tx,
        """SELECT string_agg(int8send(deal_id) || int8send(coalesce(company_id, 0))
             || int8send(coalesce(
                  home_minor, CASE WHEN currency = %(home)s THEN amount_minor END, 0))
             || timestamptz_send(coalesce(closed_at, created_at)) || int8send(deal_order),
             ''::bytea)
           FROM deal WHERE portal_id = %(portal)s AND is_won GROUP BY deal_id %% %(parts)s""",
        home=home,
    )


def shares(tx: Transaction) -> list[bytes]:
    """Return the frozen shares of deals: deal, source company (0 for the pool), share."""
    return _blobs(
        tx,
        """SELECT string_agg(int8send(deal_id) || int8send(coalesce(company_id, 0))
             || int8send(share), ''::bytea)
           FROM source WHERE portal_id = %(portal)s GROUP BY deal_id %% %(parts)s""",
    )


def raws(tx: Transaction) -> list[bytes]:
    """Return what shares are made of: deal, source company (0: the pool), share, raw (-1: unknown).

    Rows without force are left out.
    """
    return _blobs(
        tx,
        f"""SELECT string_agg(int8send(deal_id) || int8send(coalesce(company_id, 0))
              || int8send(share) || int8send(coalesce({_RAW}, -1)), ''::bytea)
            FROM source WHERE portal_id = %(portal)s AND {_RAW} IS DISTINCT FROM 0
            GROUP BY deal_id %% %(parts)s""",
    )


def kept_edges(tx: Transaction) -> list[bytes]:
    """Return the stored edges: source deal, target deal, share, 1 when inherited."""
    return _blobs(
        tx,
        """SELECT string_agg(int8send(from_deal_id) || int8send(to_deal_id) || int8send(share)
             || int8send(CAST(inherited AS int)), ''::bytea)
           FROM edge WHERE portal_id = %(portal)s GROUP BY to_deal_id %% %(parts)s""",
    )


def _blobs(tx: Transaction, statement: str, **values: object) -> list[bytes]:
    with _driver(tx).cursor(binary=True) as cursor:
        cursor.execute(statement.encode(), {"portal": tx.portal_id, "parts": _PARTS, **values})
        return [row[0] for row in cursor]


def allow_minutes(tx: Transaction) -> None:
    """Let this transaction take minutes."""
    _driver(tx).execute(_PATIENCE)


def load_computed(tx: Transaction, rows: bytes) -> None:
    """Load computed values into a temporary table beside the stored ones.

    *rows* are COPY's binary rows of `all_in` without the portal.
    """
    driver = _driver(tx)
    driver.execute(
        """CREATE TEMP TABLE worked_out (company_id bigint, direct_minor bigint, by_order bigint[],
             self_return_minor bigint, inherited_minor bigint) ON COMMIT DROP"""
    )
    with (
        driver.cursor() as cursor,
        cursor.copy("COPY worked_out FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.write(_SIGNATURE + rows + _TRAILER)
    driver.execute("ANALYZE worked_out (company_id)")


_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_DIFFERS = """(mine.direct_minor, mine.by_order, mine.self_return_minor, mine.inherited_minor)
  IS DISTINCT FROM (now.direct_minor, now.by_order, now.self_return_minor, now.inherited_minor)"""


def differing(tx: Transaction) -> list[int]:
    """Return the companies whose stored value differs from the computed one."""
    rows = tx.tuples(
        f"""SELECT company_id FROM worked_out AS now
            FULL JOIN (SELECT * FROM all_in WHERE portal_id = :portal) AS mine USING (company_id)
            WHERE {_DIFFERS} ORDER BY company_id"""
    )
    return [row[0] for row in rows]


def replace(tx: Transaction) -> None:
    """Store the computed values where they differ."""
    tx.run(
        """DELETE FROM all_in AS mine WHERE portal_id = :portal
             AND NOT EXISTS (
               SELECT FROM worked_out AS now WHERE now.company_id = mine.company_id)"""
    )
    tx.run(
        f"""INSERT INTO all_in
              (portal_id, company_id, direct_minor, by_order, self_return_minor, inherited_minor)
            SELECT :portal, company_id, now.direct_minor, now.by_order, now.self_return_minor,
              now.inherited_minor
            FROM worked_out AS now
            LEFT JOIN (SELECT * FROM all_in WHERE portal_id = :portal) AS mine USING (company_id)
            WHERE {_DIFFERS}
            ON CONFLICT (portal_id, company_id) DO UPDATE SET direct_minor = excluded.direct_minor,
              by_order = excluded.by_order, self_return_minor = excluded.self_return_minor,
              inherited_minor = excluded.inherited_minor"""
    )


def keys_of(tx: Transaction, deal_ids: Sequence[int]) -> dict[int, list[Row]]:
    """Return a few deals' sources with the keys that break ties.

    They are: key, company (0 for the pool), raw.
    """
    rows = tx.rows(
        f"""SELECT deal_id, source_key, coalesce(company_id, 0) AS company_id, {_RAW} AS raw
            FROM source WHERE portal_id = :portal AND deal_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(deal_ids),
    )
    by_deal: dict[int, list[Row]] = {}
    for row in rows:
        by_deal.setdefault(row["deal_id"], []).append(row)
    return by_deal


def kept_of(tx: Transaction, company_ids: Sequence[int]) -> Mapping[int, Row]:
    """Return stored and computed values of some companies side by side."""
    rows = tx.rows(
        """SELECT company_id,
             mine.direct_minor
               + coalesce((SELECT sum(n) FROM unnest(mine.by_order) AS n), 0) AS kept,
             now.direct_minor
               + coalesce((SELECT sum(n) FROM unnest(now.by_order) AS n), 0) AS worked_out
           FROM (SELECT * FROM worked_out WHERE company_id = ANY(CAST(:ids AS bigint[]))) AS now
           FULL JOIN (
             SELECT * FROM all_in
             WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))) AS mine
           USING (company_id)""",
        ids=list(company_ids),
    )
    return {row["company_id"]: row for row in rows}


def _driver(tx: Transaction) -> Connection:
    """Return the driver's connection of the same transaction: it has binary values and COPY."""
    connection = tx.connection.connection.driver_connection
    assert isinstance(connection, Connection)  # noqa: S101 - SQLAlchemy types it as anything
    return connection
