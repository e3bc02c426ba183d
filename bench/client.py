"""G4: our client layer, in calls of 100 records, against urllib3 with orjson and a library."""

import time
from collections.abc import Callable

import hubspot
import orjson
import urllib3
from hubspot.crm.contacts import BatchInputSimplePublicObjectBatchInput

from bench import canned
from bench.figures import Report, Sample, alternate, cpu_ratios
from bench.ground import Ground
from integration.hubspot.gateway import HubSpot
from integration.hubspot.wire import Wire

_HEADERS = {"Authorization": "Bearer bench", "Content-Type": "application/json"}
_PATCH = {f"own_{number}": f"a value of some length {number}" for number in range(10)}


def run(_ground: Ground, report: Report) -> None:
    """Measure reading a page and writing a batch: processor time, for the network is a loopback."""
    calls = 20 if report.quick else 50
    with canned.serve() as url:
        for what, contestants in (("page", _pages(url)), ("batch update", _updates(url))):
            found = alternate(
                report.rounds, {name: _timed(call, calls) for name, call in contestants.items()}
            )
            report.goal(
                "G4",
                f"client, {what}: CPU against urllib3+orjson",
                cpu_ratios(found["ours"], found["floor"]),
                **({"at_most": 1.5} if what == "page" else {}),
            )
            report.goal(
                "G4",
                f"client, {what}: CPU against the typed library",
                cpu_ratios(found["ours"], found["library"]),
                at_most=0.1,
            )
            for name, samples in found.items():
                report.goal(
                    "",
                    f"  {name}, {what}: CPU ms a call",
                    [sample.cpu * 1000 for sample in samples],
                )
    report.note(
        f"client: {calls} calls a round of 100 records with 30 properties;"
        " batch updates send 10 properties a record"
    )


def _timed(call: Callable[[], object], times: int) -> Callable[[], Sample]:
    call()  # connected and imported before anything is timed

    def once() -> Sample:
        cpu, started = time.process_time(), time.perf_counter()
        for _ in range(times):
            call()
        return Sample(times / (time.perf_counter() - started), (time.process_time() - cpu) / times)

    return once


def _ours(url: str) -> HubSpot:
    return HubSpot(Wire(url, lambda refused=None: refused or "bench", lambda _kind: None))


def _pages(url: str) -> dict[str, Callable[[], object]]:
    ours, pool = _ours(url), urllib3.PoolManager(retries=False)
    names = ",".join(canned.PROPERTIES)
    library = hubspot.HubSpot(access_token="bench", host=url).crm.contacts.basic_api  # noqa: S106 - of nobody

    def floor() -> object:
        path = f"{url}/crm/objects/2026-03/contacts?limit=100&properties={names}"
        return orjson.loads(pool.request("GET", path, headers=_HEADERS).data)

    return {
        "ours": lambda: ours.page("contact", None, canned.PROPERTIES),
        "floor": floor,
        "library": lambda: library.get_page(limit=100, properties=list(canned.PROPERTIES)),
    }


def _updates(url: str) -> dict[str, Callable[[], object]]:
    ours, pool = _ours(url), urllib3.PoolManager(retries=False)
    library = hubspot.HubSpot(access_token="bench", host=url).crm.contacts.batch_api  # noqa: S106 - of nobody
    patches = dict.fromkeys(range(1, canned.RECORDS + 1), _PATCH)
    inputs = {"inputs": [{"id": str(number), "properties": _PATCH} for number in patches]}

    def floor() -> object:
        path = f"{url}/crm/objects/2026-03/contacts/batch/update"
        return orjson.loads(
            pool.request("POST", path, body=orjson.dumps(inputs), headers=_HEADERS).data
        )

    return {
        "ours": lambda: ours.update("contact", patches),
        "floor": floor,
        "library": lambda: library.update(BatchInputSimplePublicObjectBatchInput(**inputs)),
    }
