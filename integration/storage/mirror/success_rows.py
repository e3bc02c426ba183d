"""What products tell: figures (`usage`) and events (`success_event`), and items that wait.

An item waits (`awaited_company`) while nobody knows the company that it names.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from integration.storage.database import AS_WRITTEN, Row, Transaction, as_json
from mappings.kinds import ObjectType
from mappings.records.usage_items import UsageItem, UsageKind


class SentItem(NamedTuple):
    """An item with the tool that sent it, and when it came."""

    source: str
    item: UsageItem
    received_at: datetime


def known_companies(tx: Transaction, company_ids: Collection[int]) -> dict[int, int]:
    """Map each id that is, or was, a company's here to the id of today, also of a deleted one."""
    if not company_ids:
        return {}
    rows = tx.tuples(
        f"""SELECT wanted.id, coalesce(moved.new_id, wanted.id)
            FROM unnest(CAST(:ids AS bigint[])) AS wanted(id)
            LEFT JOIN LATERAL (SELECT new_id FROM alias
              WHERE portal_id = :portal AND object_type = 'company'
                AND old_id = wanted.id {AS_WRITTEN}) AS moved ON true
            WHERE moved.new_id IS NOT NULL OR EXISTS (
              SELECT FROM record WHERE portal_id = :portal AND object_type = 'company'
                AND record_id = wanted.id)""",
        ids=list(company_ids),
    )
    return dict(rows)


def companies_at(tx: Transaction, domains: Collection[str]) -> dict[str, int]:
    """Map domains to the company that has each; of several the oldest id."""
    if not domains:
        return {}
    rows = tx.tuples(
        """SELECT value, min(company_id) FROM company_key
           WHERE portal_id = :portal AND kind = 'domain'
             AND value = ANY(CAST(:domains AS text[])) GROUP BY value""",
        domains=list(domains),
    )
    return dict(rows)


def contacts_at(tx: Transaction, emails: Collection[str]) -> dict[str, int]:
    """Map addresses to the contact that has each."""
    if not emails:
        return {}
    rows = tx.tuples(
        """SELECT value, min(contact_id) FROM identity_key
           WHERE portal_id = :portal AND kind = 'mail'
             AND value = ANY(CAST(:emails AS text[])) GROUP BY value""",
        emails=list(emails),
    )
    return dict(rows)


def keep_figures(tx: Transaction, figures: Iterable[UsageItem]) -> None:
    """Store figures of known companies; of two for one moment the later in order counts."""
    rows = {
        (figure.company_id, figure.metric, figure.at): {
            "company_id": figure.company_id,
            "metric": figure.metric,
            "at": figure.at.isoformat(),
            "value": figure.value,
        }
        for figure in figures
    }
    if rows:
        tx.run(
            """INSERT INTO usage AS mine (portal_id, company_id, metric, at, value)
               SELECT :portal, company_id, metric, at, value
               FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
                 company_id bigint, metric text, at timestamptz, value double precision)
               ON CONFLICT (portal_id, company_id, metric, at)
               DO UPDATE SET value = excluded.value WHERE mine.value <> excluded.value""",
            rows=as_json(list(rows.values())),
        )


def keep_events(tx: Transaction, sent: Iterable[SentItem]) -> None:
    """Store events of known companies, the first of each key; one taken back before stays so."""
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for event in sent:
        rows.setdefault((event.source, event.item.key), _event_row(event))
    if rows:
        tx.run(
            """INSERT INTO success_event AS mine (portal_id, source, event_key, kind, company_id,
                 contact_id, at, words, received_at)
               SELECT :portal, source, event_key, kind, company_id, contact_id, at, words,
                 received_at
               FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
                 source text, event_key text, kind text, company_id bigint, contact_id bigint,
                 at timestamptz, words text, received_at timestamptz)
               ON CONFLICT (portal_id, source, event_key) DO UPDATE SET kind = excluded.kind,
                 company_id = excluded.company_id, contact_id = excluded.contact_id,
                 at = excluded.at, words = excluded.words, received_at = excluded.received_at
                 WHERE mine.kind = 'withdrawn'""",
            rows=as_json(list(rows.values())),
        )


def withdraw(tx: Transaction, sent: Iterable[SentItem]) -> set[int]:
    """Mark events as taken back, also those still to come; return their companies."""
    rows = {
        (withdrawal.source, withdrawal.item.key): {
            "source": withdrawal.source,
            "event_key": withdrawal.item.key,
            "at": withdrawal.item.at.isoformat(),
            "received_at": withdrawal.received_at.isoformat(),
        }
        for withdrawal in sent
    }
    if not rows:
        return set()
    found = tx.tuples(
        f"""INSERT INTO success_event AS mine (portal_id, source, event_key, kind, at,
              withdrawn_at, received_at)
            SELECT :portal, source, event_key, '{UsageKind.WITHDRAWN}', at, at, received_at
            FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
              source text, event_key text, at timestamptz, received_at timestamptz)
            ON CONFLICT (portal_id, source, event_key)
            DO UPDATE SET withdrawn_at = least(mine.withdrawn_at, excluded.withdrawn_at)
            RETURNING company_id""",
        rows=as_json(list(rows.values())),
    )
    return {row[0] for row in found if row[0] is not None}


def of_companies(tx: Transaction, company_ids: Collection[int]) -> dict[int, list[Row]]:
    """Return the events of each company that were not taken back, the earliest first."""
    if not company_ids:
        return {}
    rows = tx.rows(
        f"""WITH mine AS MATERIALIZED ({_MEANS})
            SELECT mine.id AS company_id, told.source, told.event_key, told.kind,
              coalesce(person.new_id, told.contact_id) AS contact_id, told.at, told.words
            FROM mine CROSS JOIN LATERAL (
              SELECT * FROM success_event WHERE portal_id = :portal AND company_id = mine.old_id
                AND withdrawn_at IS NULL {AS_WRITTEN}) AS told
            LEFT JOIN alias AS person ON person.portal_id = :portal
              AND person.object_type = 'contact' AND person.old_id = told.contact_id
            ORDER BY told.at, told.source, told.event_key""",
        ids=list(company_ids),
    )
    by_company: dict[int, list[Row]] = {}
    for row in rows:
        by_company.setdefault(row["company_id"], []).append(row)
    return by_company


def wait_for(tx: Transaction, sent: Iterable[SentItem]) -> None:
    """Keep items until the companies that they name appear."""
    rows = {
        (waiting.source, waiting.item.key): {
            "company_ref": waiting.item.company_ref,
            "source": waiting.source,
            "item_key": waiting.item.key,
            "item": waiting.item.plain(),
            "received_at": waiting.received_at.isoformat(),
        }
        for waiting in sent
    }
    if rows:
        tx.run(
            """INSERT INTO awaited_company
                 (portal_id, company_ref, source, item_key, item, received_at)
               SELECT :portal, company_ref, source, item_key, item, received_at
               FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
                 company_ref text, source text, item_key text, item jsonb, received_at timestamptz)
               ON CONFLICT DO NOTHING""",
            rows=as_json(list(rows.values())),
        )


def waiting_items(tx: Transaction, *, at_most: int) -> int:
    """Count the items that wait, up to a number."""
    return int(
        tx.value(
            """SELECT count(*) FROM (
                 SELECT FROM awaited_company WHERE portal_id = :portal LIMIT :most) AS them""",
            most=at_most,
        )
    )


def take_waiting(tx: Transaction, company_refs: Collection[str]) -> list[SentItem]:
    """Return the items that waited for these companies, the oldest first; they wait no more."""
    if not company_refs:
        return []
    rows = tx.rows(
        """DELETE FROM awaited_company
           WHERE portal_id = :portal AND company_ref = ANY(CAST(:refs AS text[]))
           RETURNING source, item, received_at""",
        refs=list(company_refs),
    )
    sent = [SentItem(row["source"], UsageItem.of(row["item"]), row["received_at"]) for row in rows]
    return sorted(sent, key=lambda waited: (waited.received_at, waited.source, waited.item.key))


def expire(tx: Transaction, *, days: int) -> int:
    """Delete what waited too long, withdrawals of what never came too; return how many items."""
    tx.run(
        """DELETE FROM success_event WHERE portal_id = :portal AND kind = 'withdrawn'
             AND company_id IS NULL
             AND received_at < clock_timestamp() - make_interval(days => :days)""",
        days=days,
    )
    return tx.run(
        """DELETE FROM awaited_company WHERE portal_id = :portal
             AND received_at < clock_timestamp() - make_interval(days => :days)""",
        days=days,
    )


def has_awaited(tx: Transaction) -> bool:
    """Whether any item waits."""
    return bool(tx.value("SELECT EXISTS (SELECT FROM awaited_company WHERE portal_id = :portal)"))


def awaited(tx: Transaction, *, limit: int) -> Sequence[Row]:
    """Return the companies that items wait for, with how many and since when; most items first."""
    return tx.rows(
        """SELECT company_ref, count(*) AS items, min(received_at) AS since,
             max(received_at) AS latest
           FROM awaited_company WHERE portal_id = :portal
           GROUP BY company_ref ORDER BY 2 DESC, 1 LIMIT :limit""",
        limit=limit,
    )


def weekly_highs(
    tx: Transaction, company_ids: Collection[int]
) -> dict[int, dict[str, list[tuple[datetime, float]]]]:
    """Return the highest figure of each week and when its last one was, by company and metric."""
    if not company_ids:
        return {}
    rows = tx.tuples(
        f"""WITH mine AS MATERIALIZED ({_MEANS})
            SELECT mine.id, said.metric, max(said.at) AS at, max(said.value)
            FROM mine CROSS JOIN LATERAL (
              SELECT metric, at, value FROM usage
              WHERE portal_id = :portal AND company_id = mine.old_id {AS_WRITTEN}) AS said
            -- Weeks from Monday on: 1970 began on a Thursday.
            GROUP BY mine.id, said.metric,
              floor((date_part('epoch', said.at) - 345600) / 604800)
            ORDER BY mine.id, said.metric, at""",
        ids=list(company_ids),
    )
    highs: dict[int, dict[str, list[tuple[datetime, float]]]] = {}
    for company_id, metric, at, value in rows:
        highs.setdefault(company_id, {}).setdefault(metric, []).append((at, value))
    return highs


def readings(
    tx: Transaction, company_ids: Collection[int], metric: str, *, since: datetime
) -> dict[int, list[tuple[datetime, float]]]:
    """Return one metric's figures since a moment, and the last before it, by company in order."""
    if not company_ids:
        return {}
    rows = tx.tuples(
        f"""WITH mine AS MATERIALIZED ({_MEANS})
            SELECT DISTINCT mine.id, said.at, said.value FROM mine CROSS JOIN LATERAL (
              (SELECT at, value FROM usage WHERE portal_id = :portal
                 AND company_id = mine.old_id AND metric = :metric AND at >= :since)
              UNION ALL
              (SELECT at, value FROM usage WHERE portal_id = :portal
                 AND company_id = mine.old_id AND metric = :metric AND at < :since
               ORDER BY at DESC LIMIT 1)) AS said
            ORDER BY mine.id, said.at, said.value""",
        ids=list(company_ids),
        metric=metric,
        since=since,
    )
    by_company: dict[int, list[tuple[datetime, float]]] = {}
    for company_id, at, value in rows:
        by_company.setdefault(company_id, []).append((at, value))
    return by_company


def metrics(tx: Transaction) -> Mapping[str, datetime]:
    """Return the metrics that products sent, each with the time of its latest figure."""
    rows = tx.tuples(
        """WITH RECURSIVE named(metric) AS (
             (SELECT metric FROM usage WHERE portal_id = :portal ORDER BY metric LIMIT 1)
             UNION ALL
             -- From one metric to the next by the index, however many figures there are.
             SELECT (SELECT metric FROM usage WHERE portal_id = :portal
                       AND metric > named.metric ORDER BY metric LIMIT 1)
             FROM named WHERE named.metric IS NOT NULL)
           SELECT metric, (SELECT max(at) FROM usage
             WHERE portal_id = :portal AND usage.metric = named.metric)
           FROM named WHERE metric IS NOT NULL ORDER BY metric"""
    )
    return dict(rows)


# Every id that means one of the asked companies, with the id of today.
_MEANS = f"""SELECT id AS old_id, id FROM unnest(CAST(:ids AS bigint[])) AS id
             UNION SELECT old_id, new_id FROM alias
             WHERE portal_id = :portal AND object_type = '{ObjectType.COMPANY}'
               AND new_id = ANY(CAST(:ids AS bigint[]))"""


def _event_row(event: SentItem) -> dict[str, object]:
    item = event.item
    return {
        "source": event.source,
        "event_key": item.key,
        "kind": item.kind,
        "company_id": item.company_id,
        "contact_id": item.contact_id,
        "at": item.at.isoformat(),
        "words": item.name,
        "received_at": event.received_at.isoformat(),
    }
