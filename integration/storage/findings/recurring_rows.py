"""Recurring value of customers over time (`recurring_value`): what each pays a year, since when."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from integration.storage.database import Transaction, as_json
from mappings.rules.success.recurring_value import ValueSource, ValueSpan, ValueTag

_COLUMNS = "span_key, since, until, year_minor, currency, home_minor, source, tags"
_TYPES = """company_id bigint, span_key text, since timestamptz, until timestamptz,
  year_minor bigint, currency text, home_minor bigint, source text, tags text[]"""


def store(
    tx: Transaction, company_ids: Collection[int], found: Mapping[int, Iterable[ValueSpan]]
) -> None:
    """Write the spans of these companies as differences; one that is not *found* has none."""
    rows = [_row(company_id, span) for company_id, spans in found.items() for span in spans]
    tx.run(
        f"""WITH found AS (
              SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t({_TYPES})),
            gone AS (
              DELETE FROM recurring_value AS old
              WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))
                AND NOT EXISTS (SELECT FROM found WHERE found.company_id = old.company_id
                  AND found.span_key = old.span_key AND found.since = old.since))
            INSERT INTO recurring_value AS mine (portal_id, company_id, {_COLUMNS})
            SELECT :portal, company_id, {_COLUMNS} FROM found
            ON CONFLICT (portal_id, company_id, span_key, since) DO UPDATE
              SET until = excluded.until, year_minor = excluded.year_minor,
                currency = excluded.currency, home_minor = excluded.home_minor,
                source = excluded.source, tags = excluded.tags
              WHERE (mine.until, mine.year_minor, mine.currency, mine.home_minor, mine.source,
                  mine.tags) IS DISTINCT FROM (excluded.until, excluded.year_minor,
                  excluded.currency, excluded.home_minor, excluded.source, excluded.tags)""",
        ids=list(company_ids),
        rows=as_json(rows),
    )


def _row(company_id: int, span: ValueSpan) -> dict[str, object]:
    return {
        "company_id": company_id,
        "span_key": span.key,
        "since": span.since,
        "until": span.until,
        "year_minor": span.year_minor,
        "currency": span.currency,
        "home_minor": span.home_minor,
        "source": span.source,
        "tags": span.tags,
    }


def of_companies(tx: Transaction, company_ids: Collection[int]) -> dict[int, list[ValueSpan]]:
    """Return the spans of these companies, the earliest first."""
    rows = tx.tuples(
        f"""SELECT company_id, {_COLUMNS} FROM recurring_value
            WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))
            ORDER BY company_id, since, span_key""",
        ids=list(company_ids),
    )
    return _by_company(rows)


def between(tx: Transaction, since: datetime, until: datetime) -> dict[int, list[ValueSpan]]:
    """Return every company's spans that touch a time, both ends included, the earliest first."""
    rows = tx.tuples(
        f"""SELECT company_id, {_COLUMNS} FROM recurring_value
            WHERE portal_id = :portal AND since <= :until
              AND (recurring_value.until IS NULL OR recurring_value.until > :since)
            ORDER BY company_id, since, span_key""",
        since=since,
        until=until,
    )
    return _by_company(rows)


def _by_company(rows: Iterable[tuple[Any, ...]]) -> dict[int, list[ValueSpan]]:
    found: dict[int, list[ValueSpan]] = {}
    for company_id, key, since, until, year_minor, currency, home_minor, source, tags in rows:
        money = (year_minor, currency, home_minor)
        known = tuple(map(ValueTag, tags))
        span = ValueSpan(key, since, until, *money, ValueSource(source), known)
        found.setdefault(company_id, []).append(span)
    return found


def values_at(tx: Transaction, at: datetime) -> dict[int, int]:
    """Return what each company pays a year at a moment, in the account's smallest unit.

    Companies that pay nothing then are left out.
    """
    rows = tx.tuples(
        """SELECT company_id, sum(home_minor) FROM recurring_value
           WHERE portal_id = :portal AND since <= :at AND (until IS NULL OR until > :at)
           GROUP BY company_id HAVING sum(home_minor) > 0""",
        at=at,
    )
    return {company_id: int(minor) for company_id, minor in rows}
