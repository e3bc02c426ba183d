"""The roll-up of one portal in a process of its own, to see its memory: prints a line of JSON.

Database to database: deals and touches are read, shared, hung, walked and the values of all
companies written.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.ground import PORTAL
from integration.rollup import roll_up, value_arrays
from integration.storage.database import Database
from integration.storage.ledger import graph_arrays as rows
from mappings.rules.policy import DEFAULT


def main() -> None:
    """Roll up once; leave the arrays in the folder that the last argument names, if any."""
    database = Database(sys.argv[1])
    policy = replace(DEFAULT, inheritance_months=int(sys.argv[2]))
    started = time.perf_counter()
    with database.portal(PORTAL) as tx:
        rows.allow_minutes(tx)
        found = roll_up.roll_up(tx, policy, "USD", anew=True)
        rolled = time.perf_counter()
        roll_up.write(tx, found)
    done, before = time.perf_counter(), time.process_time()
    walked = value_arrays.all_in_values(found.deals, found.attached.edges, policy)
    spent = time.process_time() - before
    database.close()
    result = {
        "seconds": done - started,
        "write": done - rolled,
        "walk": spent,
        "MiB": _peak(),
        "edges": len(found.attached.edges.source),
        "refused": len(found.refused),
        "deepest": int(found.attached.orders.max(initial=0)),
        "total": int(walked.by_order.sum()),
        "returned": int(walked.self_return.sum()),
        "companies": len(walked.companies),
    }
    if len(sys.argv) > 3:
        edges = found.attached.edges
        for name, values in (
            ("company", found.deals.company),
            ("amount", found.deals.amount),
            ("source", edges.source),
            ("target", edges.target),
            ("share", edges.share),
        ):
            np.save(f"{sys.argv[3]}/{name}.npy", values)
    print(json.dumps(result))


def _peak() -> float:
    """MiB at most. Not from getrusage, whose figure begins with the process that forked this."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    main()
