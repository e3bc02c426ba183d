"""Wins (`win`): what went well for customers, as concluded from what is known of them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from integration.storage.database import Row, Transaction, as_json
from mappings.kinds import WinKind
from mappings.rules.policy import Policy
from mappings.rules.success import wins
from mappings.rules.success.wins import Win

_COLUMNS = "company_id, win_key, kind, contact_id, at, words"


def of_companies(
    tx: Transaction, company_ids: Collection[int], policy: Policy
) -> dict[int, list[Win]]:
    """Return every win of these companies, by company: the earliest first."""
    if not company_ids:
        return {}
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM win
            WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))
            ORDER BY company_id, at, win_key""",
        ids=list(company_ids),
    )
    return _by_company(rows, policy)


def between(
    tx: Transaction, since: datetime, until: datetime, policy: Policy
) -> dict[int, list[Win]]:
    """Return the wins of all companies from one moment to another, by company."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM win
            WHERE portal_id = :portal AND at BETWEEN :since AND :until
            ORDER BY company_id, at, win_key""",
        since=since,
        until=until,
    )
    return _by_company(rows, policy)


def count_since(tx: Transaction, since: datetime, until: datetime) -> dict[WinKind, int]:
    """Return how many wins of each kind there were between two moments, the most first."""
    rows = tx.tuples(
        """SELECT kind, count(*) FROM win WHERE portal_id = :portal AND at BETWEEN :since AND :until
           GROUP BY kind ORDER BY 2 DESC, 1""",
        since=since,
        until=until,
    )
    return {WinKind.of(kind): int(count) for kind, count in rows}


def is_any(tx: Transaction) -> bool:
    """Whether there is any win at all."""
    return bool(tx.value("SELECT EXISTS (SELECT FROM win WHERE portal_id = :portal)"))


def store(tx: Transaction, company_ids: Collection[int], desired: Iterable[Win]) -> int:
    """Make *desired* the wins of these companies; return how many rows that changed.

    A row that stays as it is is not written.
    """
    rows = as_json([_plain(win) for win in desired])
    gone = tx.run(
        """DELETE FROM win WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))
             AND NOT EXISTS (
               SELECT FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                 AS t(company_id bigint, win_key text)
               WHERE (t.company_id, t.win_key) = (win.company_id, win.win_key))""",
        ids=list(company_ids),
        rows=rows,
    )
    return gone + tx.run(
        f"""INSERT INTO win AS mine (portal_id, {_COLUMNS})
            SELECT :portal, {_COLUMNS} FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
              company_id bigint, win_key text, kind text, contact_id bigint, at timestamptz,
              words text)
            ON CONFLICT (portal_id, company_id, win_key) DO UPDATE SET kind = excluded.kind,
              contact_id = excluded.contact_id, at = excluded.at, words = excluded.words
              WHERE (mine.kind, mine.contact_id, mine.at, mine.words)
                IS DISTINCT FROM (excluded.kind, excluded.contact_id, excluded.at, excluded.words)
        """,
        rows=rows,
    )


def _plain(win: Win) -> dict[str, object]:
    return {
        "company_id": win.company_id,
        "win_key": win.source,
        "kind": win.kind,
        "contact_id": win.contact_id,
        "at": win.at.isoformat(),
        "words": win.words,
    }


def _by_company(rows: Sequence[Row], policy: Policy) -> dict[int, list[Win]]:
    by_company: dict[int, list[Win]] = {}
    for row in rows:
        by_company.setdefault(row["company_id"], []).append(_win(row, policy))
    return by_company


def _win(row: Row, policy: Policy) -> Win:
    kind = WinKind.of(row["kind"])
    weight = wins.weight(kind, policy)
    return Win(
        kind, row["company_id"], row["contact_id"], row["at"], row["win_key"], row["words"], weight
    )
