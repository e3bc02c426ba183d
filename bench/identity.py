"""Identity and moves for a whole portal from scratch, and for one changed contact."""

import time

from bench import crowd
from bench.figures import Report
from bench.ground import PORTAL, Ground
from bench.one_deal import counted, install
from integration.conclude import stages
from integration.portal import invalidation
from integration.portal.context import PortalContext, open_portal
from integration.portal.invalidation import Change
from integration.storage.mirror import mirror
from integration.storage.queue import page_context
from integration.storage.queue.recompute import Stage

_CHANGED = 20
_USUAL, _QUICK = 20_000, 3_000


def run(ground: Ground, report: Report) -> None:
    """Group everybody, then change single contacts; also at a tenth of the size, to compare."""
    most = report.asked or (_QUICK if report.quick else _USUAL)
    for size in (most // 10, most):
        ground.empty()
        crowd.load(ground.database_url, crowd.grow(size))
        with ground.runtime(ground.settings()) as runtime:
            install(runtime)
            with open_portal(runtime, PORTAL) as portal:
                spent = _people(portal)
                report.goal(
                    "", f"identity and moves of {size:,} contacts, contacts/s", size / spent
                )
                with counted(runtime) as asked:
                    changes = _changes(portal, size, asked)
        report.goal(
            "", f"  one changed contact of {size:,}, ms", [seconds * 1000 for seconds, _ in changes]
        )
        report.goal("", "  queries for that", [float(count) for _, count in changes])
        persons, moves, several = ground.sql(
            "SELECT count(DISTINCT person_id), (SELECT count(*) FROM move),"
            " count(*) - count(DISTINCT person_id)"
            " FROM person"
        )[0]
        report.note(
            f"{size:,} contacts: {spent:.0f} s; {persons:,} persons, {several:,} further records,"
            f" {moves:,} moves"
        )


def _people(portal: PortalContext) -> float:
    """Seconds until nobody is left to group; what rests on persons waits."""
    started = time.perf_counter()
    while _stage(portal) == Stage.PEOPLE:
        stages.conclude_page(portal, None)
    return time.perf_counter() - started


def _stage(portal: PortalContext) -> int | None:
    with portal.transaction() as tx:
        return page_context.read(tx).stage


def _changes(portal: PortalContext, size: int, asked: list[str]) -> list[tuple[float, int]]:
    """Seconds and queries until one contact whose address changed is grouped and moved again."""
    found = []
    for number in range(1, size, size // _CHANGED):
        with portal.transaction() as tx:
            old = mirror.load(tx, "contact", [number])[number]
            mail = f"new{number}@firm{number % 7 + 1}.com"
            told = {**old.properties, "email": mail}
            history = {
                "email": [
                    {"value": mail, "timestamp": crowd.NOW.isoformat(), "sourceType": "CRM_UI"}
                ]
            }
            history["email"] += old.history.get("email", [])
            mirror.store(
                tx,
                [
                    mirror.MirroredRecord(
                        "contact", number, told, history, old.created_at, crowd.NOW
                    )
                ],
            )
            invalidation.record(tx, Change.RECORD_CHANGED, records={("contact", number)})
        before, started = len(asked), time.perf_counter()
        _people(portal)
        found.append((time.perf_counter() - started, len(asked) - before))
    return found
