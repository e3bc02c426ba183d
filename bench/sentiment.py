"""G15: sentiment of 500,000 answers and the base rate of churn, in a portal of 20,000 companies."""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta

from bench import big_portal
from bench.figures import Report
from bench.ground import PORTAL, Ground
from integration.conclude.fields import churn_learning
from integration.portal.context import PortalContext
from integration.reports import back_test_report, portfolio_sentiment
from integration.storage.success import churn_rows
from mappings.rules.policy import DEFAULT

_CONTACTS, _SMALL = 200_000, 20_000
_ANSWERS_EACH = 2.5
_MOST_SECONDS = 5.0
_ROUNDS = 5
# Of every contact some answers in three years; each company is a customer, every twelfth stopped.
_ANSWERS = """INSERT INTO person_answer (portal_id, contact_id, answer_id, person_id, company_id,
    score, answered_at, decides)
  SELECT :portal, person.contact_id, 'a' || n, person.person_id,
    50000000 + person.contact_id % :companies,
    CAST(hashint8(person.contact_id * 7 + n) & 2147483647 AS bigint) % 11,
    now() - (hashint8(person.contact_id * 31 + n) & 1023) * interval '25 hours',
    person.contact_id % 10 = 0
  FROM person CROSS JOIN generate_series(1, 3) AS n
  WHERE person.portal_id = :portal AND (n < 3 OR person.contact_id % 2 = 0)"""
_SPELLS = """INSERT INTO customer_spell (portal_id, company_id, since, until, ending)
  SELECT :portal, company_id, min(closed_at),
    CASE WHEN company_id % 12 = 0 THEN now() - (company_id % 700) * interval '1 day' END,
    CASE WHEN company_id % 12 = 0 THEN 'value_ended' END
  FROM deal WHERE portal_id = :portal AND is_won AND closed_at < now() - interval '800 days'
    AND company_id IS NOT NULL
  GROUP BY company_id"""


def run(ground: Ground, report: Report) -> None:
    """Ask for the figures again and again, warm."""
    contacts = _SMALL if report.quick else report.asked or _CONTACTS
    sizes = big_portal.Sizes.of(contacts)
    big_portal.fill(ground.database_url, sizes)
    settings = ground.settings(HUBSPOT_API_URL="http://127.0.0.1:9")
    with ground.runtime(settings) as runtime:
        portal = PortalContext(runtime, PORTAL)
        with portal.transaction() as tx:
            answers = tx.run(_ANSWERS, companies=sizes.companies)
            spells = tx.run(_SPELLS)
            tx.run("ANALYZE person_answer")
            tx.run("ANALYZE customer_spell")
        print(f"sentiment: {answers:,} answers, {spells:,} customers", file=sys.stderr, flush=True)
        _measure(
            report, f"sentiment of {answers:,} answers", lambda: portfolio_sentiment.of(portal)
        )
        _measure(report, f"base rate of {spells:,} customers", lambda: _base(portal))
        if report.quick:
            return
        _measure(report, "back-test page, judged before", lambda: back_test_report.of(portal))
        started = time.perf_counter()
        churn_learning.learn(portal)
        report.goal("G15", "a night's re-fit, seconds", time.perf_counter() - started)


def _base(portal: PortalContext) -> object:
    now = portal.runtime.now()
    with portal.transaction() as tx:
        return churn_rows.cohort(tx, now - timedelta(DEFAULT.churn_horizon_days), now)


def _measure(report: Report, name: str, ask: Callable[[], object]) -> None:
    times: list[float] = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        ask()
        times.append(time.perf_counter() - started)
    middle = statistics.median(times)
    report.goal("G15", f"{name}, seconds", middle, at_most=_MOST_SECONDS)
    print(f"{name}: {middle:.3f} s", file=sys.stderr, flush=True)
