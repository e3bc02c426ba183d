"""G9: one changed deal in a portal of any size: how much is worked out again, and that rightly."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import sqlalchemy

from bench import portfolio
from bench.figures import Report
from bench.ground import PORTAL, Ground
from integration.conclude import stages
from integration.conclude.batch import Batch, open_batch
from integration.conclude.fields import company_values
from integration.portal import invalidation
from integration.portal.context import PortalContext, open_portal
from integration.portal.invalidation import Change
from integration.portal.runtime import Runtime
from integration.rollup import roll_up
from integration.storage.database import Row
from integration.storage.findings import source_rows
from integration.storage.ledger import graph_arrays as rows
from integration.storage.mirror import deal_rows, mirror
from integration.storage.queue import page_context
from integration.storage.service import portals, settings_versions
from mappings.records.portal_map import PortalMap, dump_portal_map
from mappings.records.rows import Link
from mappings.rules.findings import Source

_SAMPLE = 12
_VALUES = 200


def keep(portal: PortalContext) -> None:
    """Install the portal, and keep the values of all its companies."""
    install(portal.runtime)
    with portal.transaction() as tx:
        rows.allow_minutes(tx)
        roll_up.write(tx, roll_up.roll_up(tx, *roll_up.policy_of(tx)))


def run(ground: Ground, report: Report, size: int, whole: float) -> None:
    """Change single deals, at first only their values, then through the whole of conclude."""
    with ground.runtime(ground.settings()) as runtime, open_portal(runtime, PORTAL) as portal:
        keep(portal)
        ground.sql("ANALYZE all_in")
        with counted(runtime) as asked:
            values = _values(portal, asked)
        seconds = [spent for spent, _, _ in values]
        report.goal(
            "G9",
            f"one changed deal of {size:,}: share of the whole roll-up",
            statistics.median(seconds) / whole,
            **({"at_most": 0.001} if size >= 1_000_000 else {}),
        )
        report.goal("", "  values worked out again, ms", [spent * 1000 for spent in seconds])
        report.goal("", "  queries for that", [float(count) for _, count, _ in values])
        report.goal("", "  companies above a deal", [float(count) for _, _, count in values])
        with counted(runtime) as asked:
            lived = _lived(portal, asked)
        report.goal("", "  all of conclude for the deal, ms", [spent * 1000 for spent, _ in lived])
        report.goal("", "  queries for that", [float(count) for _, count in lived])
        found = roll_up.check(portal)
        assert found.agrees, (
            found.companies_differ[:5],
            found.deals_differ[:5],
            dict(found.totals),
        )
        report.note(
            f"{size:,} deals: after {len(lived)} changed deals all {found.companies:,} values,"
            f" {found.edges:,} edges and {found.deals:,} orders are those of a full roll-up"
            f" ({found.seconds:.1f} s), to the minor unit"
        )


_CHANGE = """UPDATE deal SET home_minor = home_minor + 100
             WHERE portal_id = :portal AND deal_id = :id RETURNING company_id"""


def _values(portal: PortalContext, asked: list[str]) -> list[tuple[float, int, int]]:
    """Seconds, queries and companies for the values above single deals, one transaction each."""
    chance = np.random.default_rng(1)
    with portal.transaction() as tx:
        last = (
            tx.value("SELECT max(deal_id) FROM deal WHERE portal_id = :portal")
            - portfolio.FIRST_DEAL
        )
    found = []
    for number in chance.integers(0, last + 1, _VALUES).tolist():
        with portal.transaction() as tx:
            work = open_batch(tx, page_context.read(tx), portal.runtime.now())
            deal = number + portfolio.FIRST_DEAL
            owner = tx.value(_CHANGE, id=deal)
            before, started = len(asked), time.perf_counter()
            above = source_rows.upstream_companies(tx, [deal], depth=work.policy.max_order - 1)
            _revalue(work, above | {owner})
            found.append((time.perf_counter() - started, len(asked) - before, len(above)))
    return found


def _revalue(batch: Batch, company_ids: set[int]) -> None:
    values = company_values.all_in_of(batch, deal_rows.of_companies(batch.tx, company_ids))
    company_values.store(batch, company_ids, values.values())


def _lived(portal: PortalContext, asked: list[str]) -> list[tuple[float, int]]:
    """Seconds and queries for a changed amount, from the mirror to the outbox."""
    deals = _mirrored(portal)
    _settle(portal)
    found = []
    for number, deal in enumerate(deals):
        with portal.transaction() as tx:
            old = mirror.load(tx, "deal", [deal])[deal]
            told = {**old.properties, "amount": f"{12_345 + number}.67"}
            mirror.store(
                tx,
                [
                    mirror.MirroredRecord(
                        "deal", deal, told, old.history, old.created_at, old.updated_at
                    )
                ],
            )
            invalidation.record(tx, Change.RECORD_CHANGED, records={("deal", deal)})
        before, started = len(asked), time.perf_counter()
        _settle(portal)
        found.append((time.perf_counter() - started, len(asked) - before))
    return found


def _mirrored(portal: PortalContext) -> list[int]:
    """Give a few derived deals, and companies above them, the rows that conclude reads."""
    with portal.transaction() as tx:
        chosen = tx.rows(
            """SELECT deal_id, company_id, amount_minor, created_at, closed_at
               FROM deal WHERE portal_id = :portal AND deal_id IN (
                 SELECT DISTINCT to_deal_id FROM edge WHERE portal_id = :portal AND NOT inherited
                                   AND to_deal_id % 97 = 0 LIMIT :some) ORDER BY deal_id""",
            some=_SAMPLE,
        )
        ids = [row["deal_id"] for row in chosen]
        above = source_rows.upstream_companies(tx, ids, depth=9) | {
            row["company_id"] for row in chosen
        }
        mirror.store(tx, [*(_deal(row) for row in chosen), *(_company(one) for one in above)])
        mirror.add_links(
            tx,
            [Link("deal", r["deal_id"], "company", r["company_id"], 5) for r in chosen],
        )
        shares = tx.rows(
            """SELECT deal_id, company_id, sum(share) AS share FROM source
               WHERE portal_id = :portal AND deal_id = ANY(CAST(:ids AS bigint[])) AND share > 0
               GROUP BY 1, 2""",
            ids=ids,
        )
        tx.run(
            "DELETE FROM source"
            " WHERE portal_id = :portal AND deal_id = ANY(CAST(:ids AS bigint[]))",
            ids=ids,
        )
        source_rows.change_sources(
            tx,
            gone=(),
            new=[_source(row["deal_id"], row["company_id"], int(row["share"])) for row in shares],
        )
        invalidation.record(tx, Change.RECORD_CHANGED, records={("deal", one) for one in ids})
    return ids


def _deal(found: Row) -> mirror.MirroredRecord:
    told = {
        "dealname": f"deal {found['deal_id']}",
        "deal_currency_code": "USD",
        "amount": f"{found['amount_minor'] / 100:.2f}",
        "createdate": found["created_at"].isoformat(),
        "closedate": found["closed_at"].isoformat(),
        "hs_is_closed_won": "true",
        "hs_is_closed": "true",
    }
    return mirror.MirroredRecord(
        "deal", found["deal_id"], told, {}, found["created_at"], found["closed_at"]
    )


def _company(company: int) -> mirror.MirroredRecord:
    at = datetime(2016, 1, 1, tzinfo=UTC)
    return mirror.MirroredRecord(
        "company", company, {"name": f"Firm {company}"}, {}, at, at + timedelta(days=1)
    )


def _source(deal: int, company: int, share: int) -> dict[str, object]:
    """A company's referral whose words were erased since: its share is frozen."""
    source = Source("referral", 850_000, 600_000, 10**6, 510_000, company_id=company)
    return {
        "deal_id": deal,
        "source_key": source.key,
        "kind": source.kind,
        "contact_id": None,
        "company_id": company,
        "share": share,
        "confidence": 0.6,
        "at": None,
        "body": source,
        "settings_version": 1,
    }


def install(runtime: Runtime) -> None:
    with runtime.database.service() as tx:
        portals.install(tx, PORTAL, scopes=["oauth"], account={}, user_id=None)
        portals.stamp(tx, PORTAL, "imported_at")
    with runtime.database.portal(PORTAL) as tx:
        words = dump_portal_map(PortalMap(home_currency="USD"))
        settings_versions.append(tx, {"map": words, "policy": {}}, author="bench", reason="bench")


def _settle(portal: PortalContext) -> None:
    while stages.conclude_page(portal, None):
        pass


@contextmanager
def counted(runtime: Runtime) -> Iterator[list[str]]:
    """Every statement that is sent meanwhile."""
    found: list[str] = []

    def heard(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    engine = runtime.database._engine  # noqa: SLF001 - what is sent is counted where it is sent
    sqlalchemy.event.listen(engine, "before_cursor_execute", heard)
    try:
        yield found
    finally:
        sqlalchemy.event.remove(engine, "before_cursor_execute", heard)
