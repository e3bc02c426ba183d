"""Days of health: what five years of 20,000 customers take, are read in, and cost a night.

The customers' facts are made up by number: three people each, a two-way touch every ten days, two
won deals, an answer in fifty days, a ticket that was solved.
"""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import LiteralString

import psycopg

from bench.figures import Report
from bench.ground import PORTAL, Ground
from integration.conclude.fields import kept_days
from integration.portal.context import PortalContext, open_portal
from integration.reports import customers_now, customers_over_time
from integration.storage.success import health_day_rows

_CUSTOMERS, _QUICK = 20_000, 400
_BACKFILLED = 25  # customers, as far back as facts tell
_MONTHS = 60
_FIRST = 5_000_000


def run(ground: Ground, report: Report) -> None:
    """Measure what is kept, then a night."""
    number = _QUICK if report.quick else report.asked or _CUSTOMERS
    _install(ground)
    _keep_five_years(ground, number)
    with ground.runtime(ground.settings()) as runtime, open_portal(runtime, PORTAL) as portal:
        _read(ground, portal, report, number)
        ground.sql("TRUNCATE health_month, customer")
        _tell_facts(ground, number)
        _backfill(ground, portal, report)
        _nights(ground, portal, report, number)


def _install(ground: Ground) -> None:
    _run(
        ground,
        """INSERT INTO portal (portal_id, state, scopes, account, imported_at)
            VALUES (%(portal)s, 'active', '{oauth,tickets}', '{"currency": "USD"}', now())
            ON CONFLICT (portal_id) DO UPDATE SET imported_at = now(), scopes = excluded.scopes""",
    )


def _keep_five_years(ground: Ground, number: int) -> None:
    """Days as they are kept, with values that nothing can compress."""
    print(f"health: five years of {number:,} customers", file=sys.stderr, flush=True)
    _keep_customers(ground, number)
    _run(
        ground,
        """INSERT INTO health_month (portal_id, month, company_id, facts, touches, tenths, bands,
              coverage, factors, touched_at, is_active)
            SELECT %(portal)s, month, %(first)s + n, n, n,
              ARRAY(SELECT CAST(300 + random() * 600 + n * 0 AS smallint)
                FROM generate_series(1, days)),
              (SELECT string_agg(substr('hwru', 1 + (n * 7 + day) %% 4, 1), '')
                FROM generate_series(1, days) AS day),
              decode(repeat(lpad(to_hex(40 + n %% 60), 2, '0'), days), 'hex'),
              decode(repeat(lpad(to_hex(CAST(random() * 100 AS int)), 2, '0'), days * 5), 'hex'),
              month + interval '9 days', n %% 3 <> 0
            FROM generate_series(1, %(number)s) AS n CROSS JOIN (
              SELECT CAST(month AS date) AS month,
                CAST(extract(day FROM month + interval '1 month - 1 day') AS int) AS days
              FROM generate_series(date_trunc('month', now()) - make_interval(months => %(months)s),
                date_trunc('month', now()), interval '1 month') AS month) AS months""",
        number,
    )
    ground.sql("VACUUM ANALYZE health_month")


def _keep_customers(ground: Ground, number: int) -> None:
    _run(
        ground,
        """INSERT INTO customer (portal_id, company_id, name, owner_id, band, worked_out, health,
              coverage, change, touched_at, is_touched, is_active, is_flagged, recurring_minor,
              bought_minor)
            SELECT %(portal)s, %(first)s + n, 'Firm ' || n, n %% 40, 'watch', 'watch', 40 + n %% 30, 70,
              n %% 9 - 4, now() - n %% 60 * interval '1 day', n %% 60 <= 30, n %% 3 <> 0, false,
              n * 100, n * 10
            FROM generate_series(1, %(number)s) AS n""",
        number,
    )
    ground.sql("VACUUM ANALYZE customer")


def _read(ground: Ground, portal: PortalContext, report: Report, number: int) -> None:
    ((size,),) = ground.sql("SELECT pg_total_relation_size('health_month')")
    report.goal(
        "", f"five years of {number:,} customers on disk, MB", [int(str(size)) / 1e6],
        at_most=0.04 * number,
    )  # fmt: skip
    today = portal.runtime.now().date()
    one = _times(lambda: _of_one(portal))
    report.goal("", "five years of one customer, ms", one, at_most=50)
    of_day = _times(partial(customers_over_time.on, portal, today - timedelta(500)))
    report.goal("", "a day of all, 30 days before, and who moved, ms", of_day, at_most=1_000)
    months = _times(partial(customers_over_time.months, portal))
    report.goal("", "the ends of twelve months, ms", months, at_most=1_500)
    now = _times(partial(customers_now.read, portal))
    report.goal("", "bands, money and touch of today, ms", now, at_most=100)


def _of_one(portal: PortalContext) -> None:
    with portal.transaction() as tx:
        found = health_day_rows.of_companies(tx, [_FIRST + 7])
    assert len(found[_FIRST + 7]) == _MONTHS


def _times(ask: Callable[[], object], rounds: int = 5) -> list[float]:
    times: list[float] = []
    for _ in range(rounds):
        started = time.perf_counter()
        ask()
        times.append((time.perf_counter() - started) * 1e3)
    return times


def _tell_facts(ground: Ground, number: int) -> None:
    """The mirror of customers who bought forty days ago; the first ones long before."""
    print(f"health: facts of {number:,} customers", file=sys.stderr, flush=True)
    _keep_customers(ground, number)
    with psycopg.connect(ground.database_url, autocommit=True) as connection:
        for statement in _FACTS:
            connection.execute(statement, _named(number))


_FACTS: Sequence[LiteralString] = (
    """CREATE TEMP TABLE made_up AS SELECT n, now() - CASE WHEN n <= %(few)s THEN 1100 ELSE 40 END
         * interval '1 day' AS bought_at FROM generate_series(1, %(number)s) AS n""",
    """CREATE TEMP TABLE staff AS SELECT n, %(first)s + n AS company, p,
         %(first)s + n * 10 + p AS id, bought_at FROM made_up CROSS JOIN generate_series(0, 2) AS p
    """,
    """INSERT INTO record (portal_id, object_type, record_id, properties, created_at)
         SELECT %(portal)s, 'company', %(first)s + n, jsonb_build_object('name', 'Firm ' || n),
           bought_at FROM made_up
         UNION ALL SELECT %(portal)s, 'contact', id,
           jsonb_build_object('firstname', 'Ana', 'email', n || '@x.example'), bought_at FROM staff
         UNION ALL SELECT %(portal)s, 'deal', id, jsonb_build_object('amount', '900',
           'hs_is_closed_won', 'true', 'hs_is_closed', 'true', 'deal_currency_code', 'USD',
           'createdate', bought_at, 'closedate', bought_at), bought_at FROM staff WHERE p < 2
         UNION ALL SELECT %(portal)s, 'ticket', %(first)s + n, jsonb_build_object(
           'createdate', now() - interval '30 days', 'closed_date', now() - interval '9 days'),
           now() - interval '30 days' FROM made_up""",
    """INSERT INTO association (portal_id, from_type, from_id, to_type, to_id, category, type_id)
         SELECT %(portal)s, *, 'HUBSPOT_DEFINED', 1 FROM (
           SELECT 'contact', id, 'company', company FROM staff
           UNION ALL SELECT 'deal', id, 'company', company FROM staff WHERE p < 2
           UNION ALL SELECT 'deal', id, 'contact', id FROM staff WHERE p < 2
           UNION ALL SELECT 'ticket', %(first)s + n, 'company', %(first)s + n FROM made_up
         ) AS link""",
    """INSERT INTO deal (portal_id, deal_id, company_id, created_at, closed_at, is_won, is_open,
         amount_minor, currency, home_minor, home_currency, name, state)
         SELECT %(portal)s, id, company, bought_at, bought_at, true, false, 90000, 'USD', 90000,
           'USD', 'Deal', 'won' FROM staff WHERE p < 2""",
    """INSERT INTO touch (portal_id, contact_id, at, activity_id, activity_type, kind, company_id,
         two_way)
         SELECT %(portal)s, %(first)s + n * 10 + t %% 3, now() - t * interval '10 days',
           n * 200 + t, 'meeting', 'meeting', %(first)s + n, true
         FROM made_up CROSS JOIN generate_series(1, 100) AS t""",
    """INSERT INTO answer (portal_id, source, answer_key, contact_id, score, at)
         SELECT %(portal)s, 'bench', n, %(first)s + n * 10, n %% 11, now() - interval '50 days'
         FROM made_up""",
    """INSERT INTO touch_step (portal_id, activity_type, done, told, weighed)
         VALUES (%(portal)s, 'meeting', true, true, true)""",
    "VACUUM ANALYZE",
)


def _named(number: int) -> dict[str, int]:
    return {
        "portal": PORTAL,
        "first": _FIRST,
        "number": number,
        "few": _BACKFILLED,
        "months": _MONTHS - 1,
    }


def _run(ground: Ground, statement: LiteralString, number: int = 0) -> None:
    with psycopg.connect(ground.database_url, autocommit=True) as connection:
        connection.execute(statement, _named(number))


def _backfill(ground: Ground, portal: PortalContext, report: Report) -> None:
    """The first customers alone, as far back as facts tell."""
    _run(ground, "DELETE FROM customer WHERE company_id > %(first)s + %(few)s")
    seconds = _pass(portal)
    ((days,),) = ground.sql("SELECT sum(length(bands)) FROM health_month")
    report.note(f"  {days} days of {_BACKFILLED} customers were worked out after an install")
    report.goal("", "a customer's years after an install, s", [seconds / _BACKFILLED], at_most=1.0)


def _nights(ground: Ground, portal: PortalContext, report: Report, number: int) -> None:
    ground.sql("TRUNCATE customer")
    _keep_customers(ground, number)
    ground.sql("UPDATE health_pass SET is_done = false, after_company = 0")
    first = _pass(portal)
    report.goal("", f"forty days of {number:,} customers, s", [first])
    # As of yesterday's night: the last day is still to be appended.
    ground.sql(
        """UPDATE health_month SET bands = left(bands, -1), tenths = trim_array(tenths, 1),
             coverage = substr(coverage, 1, length(coverage) - 1),
             factors = substr(factors, 1, length(factors) - 5)
           WHERE month = (SELECT max(month) FROM health_month) AND length(bands) > 1"""
    )
    ground.sql("UPDATE health_pass SET is_done = false, after_company = 0")
    night = _pass(portal)
    report.goal("", f"a night of {number:,} customers, s", [night], at_most=0.03 * number)


def _pass(portal: PortalContext) -> float:
    started = time.perf_counter()
    while kept_days.advance(portal, None, seconds=2.0):
        pass
    return time.perf_counter() - started
