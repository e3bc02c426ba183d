"""Pending mentions (`seek`): names in texts, by which a record is read again when they appear."""

from collections.abc import Collection, Mapping

from integration.storage.database import Transaction


def replace(tx: Transaction, owner_type: str, wanted: Mapping[int, Collection[str]]) -> None:
    """Make these the mentions of each record's text."""
    if not wanted:
        return
    rows = tx.tuples(
        """SELECT owner_id, value FROM seek WHERE portal_id = :portal AND owner_type = :type
             AND owner_id = ANY(CAST(:ids AS bigint[]))""",
        type=owner_type,
        ids=list(wanted),
    )
    before = set(rows)
    now = {(owner_id, value) for owner_id, values in wanted.items() for value in values}
    _delete(tx, owner_type, before - now)
    _insert(tx, owner_type, now - before)


def _delete(tx: Transaction, owner_type: str, mentions: Collection[tuple[int, str]]) -> None:
    if not mentions:
        return
    tx.run(
        """DELETE FROM seek
           USING unnest(CAST(:ids AS bigint[]), CAST(:values AS text[])) AS t(owner_id, value)
           WHERE seek.portal_id = :portal AND seek.owner_type = :type
             AND seek.owner_id = t.owner_id AND seek.value = t.value""",
        type=owner_type,
        ids=[owner_id for owner_id, _ in mentions],
        values=[value for _, value in mentions],
    )


def _insert(tx: Transaction, owner_type: str, mentions: Collection[tuple[int, str]]) -> None:
    if not mentions:
        return
    # In order, as everywhere: two transactions that insert the same rows cannot block each other.
    in_order = sorted(mentions)
    tx.run(
        """INSERT INTO seek (portal_id, owner_type, owner_id, value)
           SELECT :portal, :type, id, value
           FROM unnest(CAST(:ids AS bigint[]), CAST(:values AS text[])) AS t(id, value)
           ON CONFLICT DO NOTHING""",
        type=owner_type,
        ids=[owner_id for owner_id, _ in in_order],
        values=[value for _, value in in_order],
    )


def seekers(tx: Transaction, values: Collection[str]) -> set[tuple[str, int]]:
    """Return the records whose text mentions one of these names, addresses or codes."""
    if not values:
        return set()
    rows = tx.rows(
        """SELECT DISTINCT owner_type, owner_id FROM seek
           WHERE portal_id = :portal AND value = ANY(CAST(:values AS text[]))""",
        values=list(values),
    )
    return {(row["owner_type"], row["owner_id"]) for row in rows}
