"""G3: the drain against one RQ job per event, and against the raw insert of rows that are ready."""

import contextlib
import os
import time
from collections.abc import Iterator

import psycopg
import redis
import rq

from bench import deliveries, jobs, routes
from bench.figures import Report, Sample, alternate, ratios
from bench.ground import PORTAL, Ground
from bench.machine import descendants_cpu
from integration.ingest import intake
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.storage.queue import lanes
from integration.storage.queue.lanes import Lease
from integration.storage.service import portals

EVENTS_A_BODY = 100
_COLUMNS = (
    "portal_id, source, dedupe_key, kind, object_type, object_id, payload, occurred_at, received_at"
)


def run(ground: Ground, report: Report) -> None:
    """Measure all three in turn on the same events."""
    bodies, few = (40, 100) if report.quick else (200, 300)
    routes.tables(ground.database_url)
    with ground.runtime(ground.settings()) as runtime, _lane(runtime) as (portal, lease):
        found = alternate(
            report.rounds,
            {
                "drain": lambda: _drain(ground, portal, lease, bodies),
                "raw insert": lambda: _raw(ground, bodies),
                "job per event": lambda: _jobs(ground, few),
            },
        )
    report.note(
        f"drain: {bodies} deliveries of {EVENTS_A_BODY} events; the rival runs {few} jobs, an event"
        " and a commit each, in one SimpleWorker; the raw insert copies finished rows into the same"
        " table, without reading or judging"
    )
    report.goal(
        "G3",
        "drain: times one RQ job per event",
        ratios(found["drain"], found["job per event"]),
        at_least=100,
    )
    report.goal("G3", "drain: share of the raw insert", ratios(found["drain"], found["raw insert"]))
    for name, samples in found.items():
        report.goal("", f"  {name}: events/s", [sample.rate for sample in samples])
        report.goal("", f"  {name}: CPU µs an event", [sample.cpu * 1e6 for sample in samples])
    heard = report.kept.get(f"receiver events/s of one core, {EVENTS_A_BODY}")
    if heard:
        report.goal(
            "G3", "drain: times what one core receives", [s.rate / heard for s in found["drain"]]
        )


@contextlib.contextmanager
def _lane(runtime: Runtime) -> Iterator[tuple[PortalContext, Lease]]:
    with runtime.database.service() as tx:
        portals.install(tx, PORTAL, scopes=["crm.objects.contacts.read"], account={}, user_id=1)
    with open_portal(runtime, PORTAL) as portal:
        with portal.transaction() as tx:
            lease = lanes.take(tx, PORTAL, "drain")
        assert lease
        yield portal, lease


def _drain(ground: Ground, portal: PortalContext, lease: Lease, bodies: int) -> Sample:
    ground.sql("TRUNCATE inbox, event, tally")
    with psycopg.connect(ground.database_url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO inbox (portal_id, body) VALUES (%s, %s)",
            [(PORTAL, body) for body in _bodies(bodies)],
        )
    before, cpu, started = time.process_time(), descendants_cpu(), time.perf_counter()
    while intake.split(portal, lease):
        pass
    spent = time.perf_counter() - started
    used = time.process_time() - before + descendants_cpu() - cpu
    events = bodies * EVENTS_A_BODY
    assert ground.sql("SELECT count(*) FROM event WHERE state = 'waiting'") == [(events,)]
    return Sample(events / spent, used / events)


def _bodies(count: int) -> list[bytes]:
    return [
        deliveries.body(EVENTS_A_BODY, portal=PORTAL, start=n * EVENTS_A_BODY) for n in range(count)
    ]


def _raw(ground: Ground, bodies: int) -> Sample:
    """The least that storing can cost: finished rows, one COPY, no repeats expected."""
    lines = "".join(
        f"{PORTAL}\thubspot\t{PORTAL}:2400022:contact.propertyChange::{n}:::::email:{n}"
        f"\tproperty_change\tcontact\t{n % 5000}"
        '\t{"refs":[["contact",1]],"property":"email"}\t2026-01-01T00:00:00Z\t2026-01-01T00:00:00Z\n'
        for n in range(bodies * EVENTS_A_BODY)
    ).encode()
    ground.sql("TRUNCATE inbox, event, tally")
    before, cpu = time.process_time(), descendants_cpu()
    with psycopg.connect(ground.database_url) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        with cursor.copy(f"COPY event ({_COLUMNS}) FROM STDIN".encode()) as copy:
            copy.write(lines)
        connection.commit()
        spent = time.perf_counter() - started
    used = time.process_time() - before + descendants_cpu() - cpu
    events = bodies * EVENTS_A_BODY
    return Sample(events / spent, used / events)


def _jobs(ground: Ground, count: int) -> Sample:
    os.environ["DATABASE_URL"] = ground.database_url
    ground.sql("TRUNCATE bench_event")
    with redis.Redis.from_url(ground.redis_url) as connection:
        queue = rq.Queue("bench", connection=connection)
        queue.empty()  # type: ignore[no-untyped-call]
        for number in range(count):
            queue.enqueue(jobs.store, number, time.time_ns(), '{"objectId": 1}', result_ttl=0)
        worker = rq.SimpleWorker([queue], connection=connection)
        before, cpu, started = time.process_time(), descendants_cpu(), time.perf_counter()
        worker.work(burst=True, logging_level="ERROR")
        spent = time.perf_counter() - started
        used = time.process_time() - before + descendants_cpu() - cpu
    assert ground.sql("SELECT count(*) FROM bench_event") == [(count,)]
    return Sample(count / spent, used / count)
