"""G1, G2: the receiver against the bare, the minimal and the naive route of the same server."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence

from bench import deliveries, load, routes
from bench.figures import Report, Sample, alternate, cpu_ratios, ratios
from bench.ground import Ground, sign, wait_for
from bench.machine import descendants_cpu
from integration.core.servers import free_port

TARGETS = {
    "ours": "wsgi:app",
    "bare": "bench.routes:bare",
    "minimal": "bench.routes:minimal",
    "naive": "bench.routes:naive",
}
PORTALS = 40
# For each size of delivery: the reachable share of the bare route, and how often the naive one. A
# tenth of a route that does not even read the body is 13.5 % of one that reads its 32 kB.
AIMS = {1: (0.15, 2.0), 100: (0.135, 5.0)}


def run(ground: Ground, report: Report) -> None:
    """Measure all four routes in turn, with deliveries of one and of a hundred events."""
    seconds = 1 if report.quick else 2
    routes.tables(ground.database_url)
    report.note(
        f"receiver: load by {load.name()}, {load.CONNECTIONS} connections, {seconds} s a round,"
        f" {PORTALS} portals"
    )
    with contextlib.ExitStack() as stack:
        ports = {name: _serve(stack, ground, target) for name, target in TARGETS.items()}
        for size, (of_bare, of_naive) in AIMS.items():
            found = alternate(
                report.rounds,
                {name: _contestant(ground, port, size, seconds) for name, port in ports.items()},
            )
            _report(report, size, found, of_bare=of_bare, of_naive=of_naive)


def _report(
    report: Report,
    size: int,
    found: Mapping[str, Sequence[Sample]],
    *,
    of_bare: float,
    of_naive: float,
) -> None:
    """Put the ratios of one size of delivery beside their aims."""
    ours = found["ours"]
    label = f"{size} event{'s' if size > 1 else ''} a delivery"
    report.goal(
        "G1",
        f"share of the minimal route, {label}",
        ratios(ours, found["minimal"]),
        at_least=0.55,
    )
    report.goal(
        "G1",
        f"share of the bare route, {label}",
        ratios(ours, found["bare"]),
        at_least=of_bare,
    )
    report.goal(
        "G1",
        f"CPU against the minimal route, {label}",
        cpu_ratios(ours, found["minimal"]),
        at_most=2,
    )
    report.goal(
        "G2",
        f"times the naive route, {label}",
        ratios(ours, found["naive"]),
        at_least=of_naive,
    )
    for name, samples in found.items():
        report.goal("", f"  {name}: deliveries/s", [sample.rate for sample in samples])
        report.goal("", f"  {name}: CPU µs a delivery", [sample.cpu * 1e6 for sample in samples])
    median_cpu = sorted(sample.cpu for sample in ours)[len(ours) // 2]
    report.kept[f"receiver events/s of one core, {size}"] = size / median_cpu


def _serve(stack: contextlib.ExitStack, ground: Ground, target: str) -> int:
    port = free_port()
    stack.enter_context(
        ground.process(
            ["-m", "bench.serving", target], PORT=str(port), PUBLIC_URL=f"http://127.0.0.1:{port}"
        )
    )
    wait_for(port)
    return port


def _contestant(ground: Ground, port: int, size: int, seconds: float) -> Callable[[], Sample]:
    def once() -> Sample:
        ground.sql("TRUNCATE inbox, bench_raw, bench_event")
        uri = f"http://127.0.0.1:{port}{routes.PATH}"
        bodies = [deliveries.body(size, portal=1000 + n, start=n * size) for n in range(PORTALS)]
        calls = [(sign(body, uri), body) for body in bodies]
        before, started = descendants_cpu(), time.monotonic()
        rate, failed = load.blast(port, routes.PATH, calls, seconds=seconds, folder=ground.folder)
        spent = time.monotonic() - started
        assert not failed, f"{failed} deliveries were not answered 2xx on port {port}"
        return Sample(rate, (descendants_cpu() - before) / (rate * spent))

    return once
