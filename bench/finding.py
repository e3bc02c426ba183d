"""G13: half a name among a million contacts, lists of 200,000 deals, and what both cost an import."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import event

from bench import big_portal
from bench.figures import Report
from bench.ground import PORTAL, Ground
from integration.portal.context import PortalContext, open_portal
from integration.reports import finding
from integration.reports.listings.listings import LISTINGS
from integration.storage.listings import list_pages
from integration.storage.listings.list_pages import Wanted
from integration.storage.mirror import mirror, record_search
from integration.storage.mirror.mirror import MirroredRecord
from mappings.kinds import ObjectType

_SMALL = 20_000  # contacts of a quick run
_MOST_MS = 100.0
_SHOWN = 8
_FIRST_NEW = 90_000_000
_PAGE, _PAGES = 500, 20
# What people type: a rare name, half of two names, letters, an address, slips, nothing that is.
_QUESTIONS = (
    "thornwood", "jose tho", "lopez mar", "m", "j t", "aldbeck", "gmbh", "renewal", "10000123",
    "jose.lopez@aldbeck-gmbh.example", "thornwod", "marai lopze", "qqqzzz",
)  # fmt: skip


def run(ground: Ground, report: Report) -> None:
    """Ask, list, and store, in one big portal."""
    contacts = _SMALL if report.quick else report.asked or 1_000_000
    big_portal.fill(ground.database_url, big_portal.Sizes.of(contacts))
    print(f"finding: {contacts:,} contacts are loaded", file=sys.stderr, flush=True)
    with ground.runtime(ground.settings()) as runtime, open_portal(runtime, PORTAL) as portal:
        _questions(portal, report, contacts)
        _lists(portal, report)
        _stored(portal, report)


def _questions(portal: PortalContext, report: Report, contacts: int) -> None:
    rounds = max(report.rounds, 5)
    asked: dict[str, list[float]] = {}
    for text in _QUESTIONS:
        ask = partial(finding.find, portal, text, limit=_SHOWN)
        times = asked[text] = _times(ask, rounds)
        queries = _queries(portal, ask)
        name = f"find “{text}” among {contacts:,} contacts, ms; {queries} queries"
        report.goal("G13", name, times, at_most=_MOST_MS)
    scanned = _times(lambda: _scan(portal), 3)
    ours = statistics.median(asked["thornwood"])
    report.goal(
        "", "  a scan of all contacts takes so often as long", [ms / ours for ms in scanned]
    )


def _scan(portal: PortalContext) -> None:
    """The way to find a part of a name without an index."""
    with portal.transaction() as tx:
        record_search.search(tx, ObjectType.CONTACT, "thornwood", limit=_SHOWN)


def _lists(portal: PortalContext, report: Report) -> None:
    for listing in LISTINGS.values():
        times: list[float] = []
        for order in listing.stored.orders:
            times += _times(partial(_first_page, portal, listing.name, order), 3)
        report.goal(
            "G13", f"a page of {listing.name} in each order, ms", times, at_most=_MOST_MS * 3
        )


def _first_page(portal: PortalContext, name: str, order: str) -> None:
    stored = LISTINGS[name].stored
    with portal.transaction() as tx:
        list_pages.page(tx, stored, Wanted({}, order), limit=50)
        list_pages.count(tx, stored, {}, most=10_000)


def _stored(portal: PortalContext, report: Report) -> None:
    """New records, stored as contacts that are found by words, and as tickets that are not."""
    found, unfound = [], []
    for number in range(_PAGES):
        found.append(_store(portal, _records(ObjectType.CONTACT, number)))
        unfound.append(_store(portal, _records(ObjectType.TICKET, number)))
    ratios = [a / b for a, b in zip(found, unfound, strict=True)]
    report.goal("", f"  storing {_PAGE} new contacts, with their words, ms", found)
    report.goal("", "  so often as long as without words", ratios)


def _store(portal: PortalContext, records: list[MirroredRecord]) -> float:
    with portal.transaction() as tx:
        started = time.perf_counter()
        mirror.store(tx, records)
        return (time.perf_counter() - started) * 1000


def _records(object_type: ObjectType, number: int) -> list[MirroredRecord]:
    names = [
        {
            "firstname": f"Ana{n % 37}",
            "lastname": f"Novak{n}",
            "email": f"ana.novak{n}@firm{number}.example",
            "company": f"Firm {number}",
        }
        for n in range(_PAGE)
    ]
    at = datetime(2026, 1, 1, tzinfo=UTC)
    first = _FIRST_NEW + number * _PAGE
    return [
        MirroredRecord(object_type, first + n, properties, {}, at, at)
        for n, properties in enumerate(names)
    ]


def _times(work: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each round, but for the first, which finds nothing in memory."""
    times = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return times[1:]


def _queries(portal: PortalContext, work: Callable[[], object]) -> int:
    """The statements that are sent, those that begin a transaction included."""
    with _counted(portal) as sent:
        work()
    return len(sent)


@contextmanager
def _counted(portal: PortalContext) -> Iterator[list[str]]:
    sent: list[str] = []

    def heard(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    engine = portal.runtime.database._engine  # noqa: SLF001 - counted where it is sent
    event.listen(engine, "before_cursor_execute", heard)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", heard)
