"""G5, G6, G7: an import's calls against the least, records a second, memory, allowance used."""

import contextlib
import dataclasses
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import orjson

from bench import rivals
from bench.figures import Report, Sample, alternate, ratios
from bench.ground import PORTAL, ROOT, Ground
from integration.storage.service import portals, tokens
from mappings.records.portal_map import load_portal_map
from mappings.records.what_is_read import ASSOCIATIONS

NO_LIMIT = 10**7
ALLOWED = 110


@dataclass(frozen=True, slots=True)
class Size:
    """How many records of each type a portal has."""

    contacts: int
    companies: int
    deals: int
    tickets: int = 0

    @property
    def records(self) -> int:
        return self.contacts + self.companies + self.deals + self.tickets

    def of(self, object_type: str) -> int:
        return {
            "contact": self.contacts,
            "company": self.companies,
            "deal": self.deals,
            "ticket": self.tickets,
        }.get(object_type, 0)


@dataclass(slots=True)
class StandIn:
    """A local HubSpot in its own process."""

    process: "subprocess.Popen[bytes]"
    url: str
    access: str
    refresh: str
    scopes: list[str]

    def counts(self) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        said: dict[str, Any] = orjson.loads(self.process.stdout.readline())
        return said


def run(ground: Ground, report: Report) -> None:
    """Measure each question on a portal of the size that answers it."""
    small = Size(1_000, 400, 500) if report.quick else Size(10_000, 4_000, 5_000)
    _speed(ground, report, small)
    _memory(ground, report)
    # Four lists of like length. A list's cursor is one call after the other, so that three lists at
    # 300 ms come to 93 % of the allowance at most, and a portal's longest list alone to 30 %.
    even = Size(1_000, 2_000, 2_000, 2_000) if report.quick else Size(5_000, 10_000, 10_000, 10_000)
    for latency in (0.0, 0.3):
        _allowance(ground, report, even, latency)


def _speed(ground: Ground, report: Report, size: Size) -> None:
    calls: list[int] = []
    with stand_in(size, limit=NO_LIMIT) as hubspot:

        def ours() -> Sample:
            before = sum(hubspot.counts()["calls"].values())
            said = run_import(ground, hubspot, rate=NO_LIMIT)
            calls.append(sum(hubspot.counts()["calls"].values()) - before)
            assert ground.sql("SELECT count(*) FROM record WHERE gone_at IS NULL") == [
                (size.records,)
            ]
            return Sample(size.records / said["seconds"], said["cpu"] / size.records)

        found = alternate(
            report.rounds,
            {
                "ours": ours,
                "library": lambda: rivals.library(hubspot.url, hubspot.access, ground.database_url),
                "floor": lambda: rivals.floor(hubspot.url, hubspot.access, ground.folder),
            },
        )
    least, needed = minimum(size)
    report.goal("G5", "import: calls against the least plus what history and labels need",
                [n / (least + sum(needed.values())) for n in calls], at_most=1.02)  # fmt: skip
    itemised = ", ".join(f"{count} for {what}" for what, count in needed.items())
    report.note(f"import of {size}: {calls[0]} calls; {least} to list the records, {itemised}")
    report.goal(
        "G6",
        "import: times the typed library and a row at a time",
        ratios(found["ours"], found["library"]),
        at_least=3,
    )
    report.goal(
        "G6",
        "import: share of a reader that only writes lines",
        ratios(found["ours"], found["floor"]),
    )
    for name, samples in found.items():
        report.goal("", f"  {name}: records/s", [sample.rate for sample in samples])
        report.goal("", f"  {name}: own CPU µs a record", [sample.cpu * 1e6 for sample in samples])
    report.note(
        "G6: Meltano's and Airbyte's connectors have no setting for HubSpot's address, so they are"
        " not run here; in their place stand the client library's get_all with an insert for each"
        " row, and a floor. The rivals read contacts without history; ours reads contacts with"
        " history, companies, deals and labelled links and keeps all"
    )


def _memory(ground: Ground, report: Report) -> None:
    few, many = (2_000, 20_000) if report.quick else (20_000, 200_000)
    peaks = {}
    for contacts in (few, many):
        with stand_in(Size(contacts, 100, 100), limit=NO_LIMIT) as hubspot:
            peaks[contacts] = run_import(ground, hubspot, rate=NO_LIMIT)["peak_mib"]
    report.goal("G6", f"import of {many:,} contacts: peak memory, MiB", peaks[many], at_most=150)
    report.goal(
        "G6", f"the same in units of an import of {few:,}", peaks[many] / peaks[few], at_most=1.15
    )


def _allowance(ground: Ground, report: Report, size: Size, latency: float) -> None:
    with stand_in(size, limit=ALLOWED, latency=latency) as hubspot:
        seen: list[tuple[float, int]] = []
        said = run_import(
            ground,
            hubspot,
            rate=ALLOWED,
            watch=lambda: seen.append((time.monotonic(), sum(hubspot.counts()["calls"].values()))),
        )
        counts = hubspot.counts()
    calls = sum(counts["calls"].values())
    # While work waits: neither the first calls, before anything is under way, nor the last, when
    # lists run out.
    middle = [(at, n) for at, n in seen if 0.1 * calls <= n <= 0.8 * calls]
    (start, first), (end, last) = middle[0], middle[-1]
    label = f"allowance, {latency * 1000:.0f} ms a call"
    report.goal(
        "G7", f"{label}: share used", (last - first) / (ALLOWED / 10 * (end - start)), at_least=0.95
    )
    report.goal("G7", f"{label}: refusals we caused", counts["refused"], at_most=0)
    report.note(
        f"{label}: {last - first} calls in {end - start:.1f} s while work waited;"
        f" all in all {calls} calls"
        f" in {said['seconds']:.1f} s, at most {counts['peak']} within any ten seconds"
    )


def minimum(size: Size) -> tuple[int, dict[str, int]]:
    """Calls to list every record a hundred at a time, and what else is asked for, by reason."""
    known = load_portal_map({})
    kinds = ("contact", "company", "deal", "ticket", "feedback_submission")
    least = sum(max(1, ceil(size.of(kind) / 100)) for kind in kinds)
    history = sum(
        ceil(size.of(kind) / 50) - ceil(size.of(kind) / 100)
        for kind in kinds
        if known.history_properties(kind)
    )
    links = {f"labels {a} to {b}": ceil(size.of(a) / 1000) for a, b in ASSOCIATIONS if size.of(a)}
    return least, {"history (pages of 50)": history, **links}


@contextlib.contextmanager
def stand_in(size: Size, *, limit: int, latency: float = 0.0) -> Iterator[StandIn]:
    """Run a local HubSpot of this size."""
    arguments = [f"--{name}={value}" for name, value in dataclasses.asdict(size).items()]
    arguments += [f"--limit={limit}", f"--latency={latency}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.stand_in", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    try:
        yield StandIn(process, **orjson.loads(process.stdout.readline()))
    finally:
        process.kill()
        process.communicate()


def run_import(
    ground: Ground, hubspot: StandIn, *, rate: int, watch: Callable[[], None] | None = None
) -> dict[str, Any]:
    """One import into an empty mirror, in a process of its own."""
    ground.empty()
    with ground.runtime(ground.settings()) as runtime, runtime.database.service() as tx:
        sealed = runtime.vault.seal(PORTAL, {"access": hubspot.access, "refresh": hubspot.refresh})
        portals.install(tx, PORTAL, scopes=hubspot.scopes, account={"currency": "EUR"}, user_id=1)
        tokens.save(tx, PORTAL, sealed, lifetime=1800)
    with ground.process(
        ["-m", "bench.importing", str(rate)], stdout=subprocess.PIPE, HUBSPOT_API_URL=hubspot.url
    ) as process:
        while watch and process.poll() is None:
            watch()
            time.sleep(0.1)
        said, _ = process.communicate()
    result: dict[str, Any] = orjson.loads(said)
    return result
