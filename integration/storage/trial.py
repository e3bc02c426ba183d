"""A trial: temporary copies of the tables that concluding writes, gone when the transaction ends.

PostgreSQL looks for a table among the temporary ones first, so that the same statements read and
write the copies. Nothing of the portal is locked or changed, however long a trial takes. What is
only read is not copied: the mirror, touches, answers and decisions.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from integration.storage.database import Transaction

COPIED: Final = (
    "alias",
    "all_in",
    "ask_trial",
    "closing",
    "churn_base",
    "churn_fit",
    "company_key",
    "conclusion",
    "credit_note",
    "customer",
    "customer_spell",
    "deal",
    "edge",
    "follow_up",
    "history_judgement",
    "identity_key",
    "ledger",
    "listed_company",
    "listed_contact",
    "migration",
    "move",
    "passage",
    "person",
    "person_answer",
    "portal",
    "recurring_value",
    "readiness",
    "referral",
    "rejudgement",
    "review",
    "review_ref",
    "seek",
    "settings_version",
    "source",
    "subject",
    "told",
    "win",
)
# Copied without rows: in a trial no work waits, no import is under way, nothing is planned yet, and
# nobody looks for anything.
EMPTY: Final = ("deal_balance", "import_run", "outbox", "search_word", "stale")
_TURN = 7_300_002  # the first half of an advisory lock's number; the second is the portal
_SCHEMA = "public"


@contextlib.contextmanager
def rolled_back(tx: Transaction) -> Iterator[Transaction]:
    """Work on copies; whatever is done to them is undone at the end."""
    driver: Any = tx.connection.connection.driver_connection
    threshold = driver.prepare_threshold
    # A prepared statement would go on to the tables that it was prepared for.
    driver.prepare_threshold = None
    savepoint = tx.connection.begin_nested()
    try:
        for table in (*COPIED, *EMPTY):
            _shadow(tx, table, with_rows=table in COPIED)
        yield tx
    finally:
        savepoint.rollback()
        driver.prepare_threshold = threshold


def take_turn(tx: Transaction) -> bool:
    """Whether no other trial of this portal is under way; until the transaction ends, ours is."""
    return bool(
        tx.value(
            "SELECT pg_try_advisory_xact_lock(:turn, hashint8(:portal))",
            turn=_TURN,
        )
    )


def _shadow(tx: Transaction, table: str, *, with_rows: bool) -> None:
    like = "INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING INDEXES"
    tx.run(f"CREATE TEMP TABLE {table} (LIKE {_SCHEMA}.{table} {like}) ON COMMIT DROP")
    if not with_rows:
        return
    tx.run(
        f"""INSERT INTO pg_temp.{table} OVERRIDING SYSTEM VALUE
            SELECT * FROM {_SCHEMA}.{table} WHERE portal_id = :portal"""
    )
    _go_on_counting(tx, table)
    tx.run(f"ANALYZE pg_temp.{table}")


def _go_on_counting(tx: Transaction, table: str) -> None:
    """New rows get numbers behind the copied ones."""
    column = tx.value(
        """SELECT attname FROM pg_attribute
           WHERE attrelid = CAST(:table AS regclass) AND attidentity <> ''""",
        table=f"pg_temp.{table}",
    )
    if column is not None:
        tx.run(
            f"""SELECT setval(pg_get_serial_sequence('pg_temp.{table}', '{column}'),
                  greatest(max({column}), 1)) FROM pg_temp.{table}"""
        )
