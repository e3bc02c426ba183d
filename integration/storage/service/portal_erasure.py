"""Erasing a portal: its rows go in slices, each a short transaction of its own."""

from collections.abc import Iterator, Sequence

from integration.storage.database import Transaction
from integration.storage.service import erasure

BEING_ERASED = "The app was uninstalled; what is left here is being erased."
ERASED = "The app was uninstalled, and everything kept here was erased."
# The line that says there was such a portal stays, emptied.
_KEPT = frozenset({"portal"})
# First what lets anybody in or makes anybody work; then rows that point to others, by name;
# last what they point to, and the trail of who did what.
_FIRST = ("token", "browser_session", "inlet_key", "lane", "inbox", "outbox", "stale")
_LAST = (
    "review", "decision", "import_run", "person", "subject", "deal", "record", "alias",
    "settings_version", "audit",
)  # fmt: skip


def begin(tx: Transaction, *, days: int) -> bool:
    """Begin to erase this portal if it was uninstalled *days* ago; return whether it was."""
    begun = tx.run(
        """UPDATE portal SET erasing_since = clock_timestamp(), paused_reason = :reason
           WHERE portal_id = :portal AND state = 'uninstalled' AND erasing_since IS NULL
             AND uninstalled_at < clock_timestamp() - make_interval(days => :days)""",
        reason=BEING_ERASED,
        days=days,
    )
    return begun == 1


def is_under_way(tx: Transaction) -> bool:
    """Whether this portal is being erased; that cannot change until the transaction ends."""
    return bool(
        tx.value(
            "SELECT erasing_since IS NOT NULL FROM portal WHERE portal_id = :portal FOR UPDATE"
        )
    )


def hold(tx: Transaction) -> bool:
    """Take the portal for one slice; False when it is not being erased or another has it."""
    portal_id = tx.value(
        """SELECT portal_id FROM portal
           WHERE portal_id = :portal AND state = 'uninstalled' AND erasing_since IS NOT NULL
           FOR UPDATE SKIP LOCKED"""
    )
    return portal_id is not None


def erase_slice(tx: Transaction, *, rows: int) -> bool:
    """Delete at most *rows* rows of this portal; return whether nothing is left."""
    left = rows
    for table in _in_order(erasure.tables(tx)):
        # ctid: of a table's rows as many as there is room for, without a sort.
        left -= tx.run(
            f"""DELETE FROM {table} WHERE portal_id = :portal AND ctid = ANY(ARRAY(
                  SELECT ctid FROM {table} WHERE portal_id = :portal LIMIT :left))""",
            left=left,
        )
        if left <= 0:
            return False
    return True


def finish(tx: Transaction) -> None:
    """Empty the portal's own row, which stays: as if it had never been imported."""
    tx.run(
        """UPDATE portal SET account = '{}', scopes = '{}', installed_by = NULL,
             settings_version = 0, provisioned_at = NULL, imported_at = NULL, last_sync_at = NULL,
             last_reconciled_at = NULL, caught_up_at = NULL, erasing_since = NULL,
             paused_reason = :reason
           WHERE portal_id = :portal""",
        reason=ERASED,
    )


def _in_order(tables: Sequence[str]) -> Iterator[str]:
    """Return each table once, also tables that were added since this order was written."""
    there = [table for table in tables if table not in _KEPT]
    others = [table for table in there if table not in {*_FIRST, *_LAST}]
    yield from (table for table in (*_FIRST, *others, *_LAST) if table in there)
