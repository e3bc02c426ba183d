"""python -m bench.importing RATE: one full import by the product's code, to see its memory."""

import dataclasses
import resource
import sys
import time

import orjson

from bench.ground import PORTAL
from integration.core import environment
from integration.ingest import backfill
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime, open_runtime
from integration.storage.queue import lanes


def main() -> None:
    """Import, then say what it took."""
    own = dataclasses.replace(environment.load(), hubspot_rate_per_10s=int(sys.argv[1]))
    with open_runtime(own, pool_size=8) as runtime:
        started, cpu = time.perf_counter(), time.process_time()
        calls = _import(runtime)
        said = {
            "seconds": time.perf_counter() - started,
            "cpu": time.process_time() - cpu,
            "calls": calls,
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    sys.stdout.write(orjson.dumps(said).decode() + "\n")


def _import(runtime: Runtime) -> int:
    with open_portal(runtime, PORTAL) as portal:
        backfill.begin(portal)
        more = True
        while more:
            with portal.transaction() as tx:
                lease = lanes.take(tx, PORTAL, "import")
            assert lease
            more = backfill.advance(portal, lease, seconds=20)
            with portal.transaction() as tx:
                lanes.release(tx, lease, again_after=None)
        return portal.connection.meter.total()


if __name__ == "__main__":
    main()
