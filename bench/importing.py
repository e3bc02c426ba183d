"""python -m bench.importing RATE: one full import by the product's own code, in a process whose memory is its own."""

import dataclasses
import resource
import sys
import time

import orjson

from bench.ground import PORTAL
from integration import backfill, settings
from integration.runtime import Runtime, open_runtime
from integration.scope import portal_scope
from integration.storage import lanes


def main() -> None:
    """Import, then say what it took."""
    own = dataclasses.replace(settings.load(), hubspot_rate_per_10s=int(sys.argv[1]))
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
    with portal_scope(runtime, PORTAL) as scope:
        backfill.begin(scope)
        more = True
        while more:
            with scope.transaction() as tx:
                lease = lanes.take(tx, PORTAL, "import")
            assert lease
            more = backfill.advance(scope, lease, seconds=20)
            with scope.transaction() as tx:
                lanes.release(tx, lease, again_after=None)
        return scope.door.meter.total()


if __name__ == "__main__":
    main()
