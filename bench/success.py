"""G14: health, risk, asks and the board's numbers of 20,000 customers who gave 500,000 answers."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import psycopg

from bench import big_portal
from bench.figures import Report
from bench.ground import PORTAL, Ground
from bench.pages import counting
from integration.conclude import stages
from integration.portal.context import PortalContext, open_portal
from integration.reports import board, portfolio_sentiment
from integration.storage.database import Transaction
from integration.storage.queue import recompute
from integration.storage.queue.recompute import Due, Selection, Stage
from integration.success import ask_list
from integration.success.ask_list import AskFilter
from mappings.rules.ledger import report_period

_CUSTOMERS, _CONTACTS, _ANSWERS = 20_000, 100_000, 500_000
_QUICK = 20  # times fewer of all
_SEED = 20_261_201
_NEWEST = datetime(2026, 11, 29, tzinfo=UTC)
_FIVE_YEARS = 5 * 365
# Whole seconds for the whole account, thousandths for one.
_MOST_SECONDS, _MOST_MS = 15.0, 500.0
_SCORES = (0.02, 0.01, 0.01, 0.01, 0.02, 0.03, 0.05, 0.12, 0.19, 0.22, 0.32)


def run(ground: Ground, report: Report) -> None:
    """Conclude every customer, ask for each page's figures, and let one more answer arrive."""
    fewer = _QUICK if report.quick else 1
    sizes = big_portal.Sizes(
        _CONTACTS // fewer, _CUSTOMERS // fewer, 3 * _CUSTOMERS // fewer, _CONTACTS // 33 // fewer
    )
    big_portal.fill(ground.database_url, sizes)
    _put_in(ground.database_url, sizes, _ANSWERS // fewer)
    print(f"success: {_ANSWERS // fewer:,} answers are loaded", file=sys.stderr, flush=True)
    with ground.runtime(ground.settings()) as runtime, open_portal(runtime, PORTAL) as portal:
        _concluded(portal, report)
        _put_values(ground.database_url)
        _told(portal, report)
        _one(portal, report)


def _put_in(url: str, sizes: big_portal.Sizes, answers: int) -> None:
    """Answers of five years, and where each contact is."""
    dice = np.random.default_rng(_SEED)
    whose = dice.integers(0, sizes.contacts, answers).tolist()
    scores = dice.choice(11, answers, p=_SCORES).tolist()
    days = dice.integers(0, _FIVE_YEARS, answers).tolist()
    contacts = big_portal._CONTACTS_FROM  # noqa: SLF001 - the same portal
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO identity_key (portal_id, kind, value, contact_id)
               SELECT portal_id, 'at', properties ->> 'associatedcompanyid', record_id FROM record
               WHERE object_type = 'contact'"""
        )
        columns = "portal_id, source, answer_key, contact_id, score, at"
        with cursor.copy(f"COPY answer ({columns}) FROM STDIN".encode()) as out:
            for number, (place, score, day) in enumerate(zip(whose, scores, days, strict=True)):
                at = _NEWEST - timedelta(days=day)
                out.write_row((PORTAL, "survey:bench", f"a{number}", contacts + place, score, at))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _put_values(url: str) -> None:
    """What nine of ten pay a year, from the first day on, and otherwise after three years.

    After concluding, which takes values from a property that these companies do not have.
    """
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for since, until, factor in (("5 years", "2 years", 40), ("2 years", None, 45)):
            cursor.execute(
                """INSERT INTO recurring_value (portal_id, company_id, span_key, since, until,
                     year_minor, currency, home_minor, source)
                   SELECT portal_id, record_id, 'arr', %(now)s - %(since)s::interval,
                     %(now)s - %(until)s::interval, record_id %% 9000 * %(factor)s, %(currency)s,
                     record_id %% 9000 * %(factor)s, 'property'
                   FROM record WHERE object_type = 'company' AND record_id %% 10 > 0""",
                {
                    "now": _NEWEST, "since": since, "until": until, "factor": factor,
                    "currency": big_portal.CURRENCY,
                },
            )  # fmt: skip
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _concluded(portal: PortalContext, report: Report) -> None:
    """Health, risk, wins, readiness and sentiment of every customer and its people, as at night."""
    with portal.transaction() as tx:
        _make_due(tx, _EVERYBODY)
        due = tx.value("SELECT count(*) FROM stale WHERE portal_id = :portal")
    pages = list(_pages(portal))
    seconds = sum(spent for spent, _ in pages)
    most = max(queries for _, queries in pages)
    report.goal("", f"  records concluded: {due:,} in {len(pages)} pages, seconds", [seconds])
    report.goal("G14", "a record of a customer concluded, ms", [seconds / due * 1000], at_most=5)
    report.goal("", "  queries of a page at most", [most])


_EVERYBODY = Selection(
    """SELECT DISTINCT 'company' AS object_type, company_id AS record_id FROM deal
       WHERE portal_id = :portal AND is_won AND company_id IS NOT NULL
       UNION ALL
       SELECT 'contact', record_id FROM record
       WHERE portal_id = :portal AND object_type = 'contact'"""
)


def _make_due(tx: Transaction, selection: Selection) -> None:
    due = Due()
    due.ask(Stage.SUMMARIES, selection)
    recompute.add(tx, due)


def _pages(portal: PortalContext) -> Iterator[tuple[float, int]]:
    """The seconds and queries of each page, until nothing is due."""
    engine = portal.runtime.database._engine  # noqa: SLF001 - counts, as tests do
    while True:
        started = time.perf_counter()
        with counting(engine) as count:
            was_due = stages.conclude_page(portal, None)
            queries = count()
        if not was_due:
            return
        yield time.perf_counter() - started, queries


def _told(portal: PortalContext, report: Report) -> None:
    """What the pages about success show, worked out for the whole account."""
    year = report_period.full_year(portal.runtime.now().date())
    shown: dict[str, Callable[[], object]] = {
        "sentiment of all answers": partial(portfolio_sentiment.of, portal),
        "whom to ask today": partial(ask_list.read, portal, AskFilter()),
        "the board's numbers": partial(board.of, portal, year),
    }
    for name, work in shown.items():
        engine = portal.runtime.database._engine  # noqa: SLF001 - counts, as tests do
        with counting(engine) as count:
            work()
            queries = count()
        times = _times(work, max(report.rounds, 3))
        report.goal("G14", f"{name}, s; {queries} queries", times, at_most=_MOST_SECONDS)


def _one(portal: PortalContext, report: Report) -> None:
    """One more answer: its contact and company concluded anew."""
    with portal.transaction() as tx:
        contact_id = tx.value("SELECT min(contact_id) FROM person_answer WHERE portal_id = :portal")
    selection = Selection(f"SELECT 'contact' AS object_type, {int(contact_id)} AS record_id")
    spent: list[float] = []
    most = 0
    for _ in range(max(report.rounds, 5)):
        with portal.transaction() as tx:
            _make_due(tx, selection)
        pages = list(_pages(portal))
        spent.append(sum(seconds for seconds, _ in pages) * 1000)
        most = max(most, sum(queries for _, queries in pages))
    report.goal("G14", f"one answer concluded, ms; {most} queries", spent, at_most=_MOST_MS)


def _times(work: Callable[[], object], rounds: int) -> list[float]:
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return [statistics.median(found)]
