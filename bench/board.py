"""G16: the board's numbers and their rows, of 20,000 companies with five years of contracts."""

import statistics
import sys
import time
from collections.abc import Callable

from bench import big_portal
from bench.figures import Report
from bench.ground import PORTAL, Ground
from integration.portal.context import PortalContext
from integration.reports import board, board_figures, board_periods, board_rows_shown
from integration.reports.board_rows_shown import Group

_CONTACTS, _SMALL = 200_000, 20_000
_MOST_SECONDS = 5.0
_ROUNDS = 5
# Each company renews every year for a little more or less; every twelfth stopped some time ago.
_SPANS = """INSERT INTO recurring_value (portal_id, company_id, span_key, since, until, year_minor,
    currency, home_minor, source, tags)
  SELECT :portal, company_id, 'deal:' || year, now() - (5 - year) * interval '365 days',
    now() - (4 - year) * interval '365 days' + interval '100 days', minor, 'EUR', minor, 'term',
    '{}'
  FROM (SELECT DISTINCT company_id FROM deal
        WHERE portal_id = :portal AND is_won AND amount_minor > 0) AS customer
  CROSS JOIN generate_series(0, 4) AS year
  CROSS JOIN LATERAL (SELECT 500000 + (hashint8(company_id * 7 + year) & 262143) AS minor) AS paid
  WHERE company_id % 12 <> 0 OR year < 4"""
_ANSWERS = """INSERT INTO person_answer (portal_id, contact_id, answer_id, person_id, company_id,
    score, answered_at, decides)
  SELECT :portal, contact_id, 'a', person_id, NULL,
    CAST(hashint8(contact_id * 7) & 2147483647 AS bigint) % 11,
    now() - (hashint8(contact_id * 31) & 1023) * interval '25 hours', false
  FROM person WHERE portal_id = :portal"""
_COSTS = """INSERT INTO cost (portal_id, month, source, part, minor, currency, entered_minor,
    entered_currency, entered_by)
  SELECT :portal, month, source, part, 100000, 'EUR', 100000, 'EUR', 'bench'
  FROM generate_series(date '2020-01-01', date '2026-12-01', interval '1 month') AS month
  CROSS JOIN unnest(ARRAY['shared', 'referral', 'first_order']) AS source
  CROSS JOIN unnest(ARRAY['market', 'people']) AS part"""


def run(ground: Ground, report: Report) -> None:
    """Ask for the figures and for a page of rows again and again, warm."""
    contacts = _SMALL if report.quick else report.asked or _CONTACTS
    sizes = big_portal.Sizes.of(contacts)
    big_portal.fill(ground.database_url, sizes)
    settings = ground.settings(HUBSPOT_API_URL="http://127.0.0.1:9")
    with ground.runtime(settings) as runtime:
        portal = PortalContext(runtime, PORTAL)
        with portal.transaction() as tx:
            spans = tx.run(_SPANS)
            answers = tx.run(_ANSWERS)
            tx.run(_COSTS)
            tx.run("ANALYZE recurring_value")
            tx.run("ANALYZE person_answer")
        said = f"{spans:,} spans of {sizes.companies:,} companies, {answers:,} answers"
        print(f"board: {said}", file=sys.stderr, flush=True)
        period = board_periods.usual(portal)
        _measure(report, f"board numbers of {said}", lambda: _figures(portal))
        _measure(
            report,
            "a page of the cohort's companies",
            lambda: board_rows_shown.page(portal, period, Group.COHORT, ""),
        )


def _figures(portal: PortalContext) -> object:
    return board_figures.of(board.of(portal, board_periods.usual(portal)))


def _measure(report: Report, name: str, ask: Callable[[], object]) -> None:
    times: list[float] = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        ask()
        times.append(time.perf_counter() - started)
    middle = statistics.median(times)
    report.goal("G16", f"{name}, seconds", middle, at_most=_MOST_SECONDS)
    print(f"{name}: {middle:.3f} s", file=sys.stderr, flush=True)
