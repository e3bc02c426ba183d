"""python -m bench [PART …] [--quick]: print figures beside their aims.

Ends non-zero when an aim is missed.
"""

import argparse
import importlib
import sys
import time

from bench import machine
from bench.figures import Figure, Report
from bench.ground import prepare

# In this order: a later part compares itself with an earlier one.
PARTS = (
    "receiver",
    "drain",
    "client",
    "imports",
    "starting",
    "identity",
    "orders",
    "pages",
    "finding",
    "sentiment",
    "success",
    "board",
    "health",
)


def main() -> int:
    """Run the wanted parts, each on empty servers of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"one or more of {', '.join(PARTS)}; all without any",
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer and shorter rounds: to see that it runs"
    )
    parser.add_argument(
        "--size", type=int, help="deals (or contacts) of the largest portal: 1000000 is a full run"
    )
    given = parser.parse_args()
    unknown = set(given.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    report = Report(
        quick=given.quick, size=given.size or (10_000 if given.quick else 100_000), asked=given.size
    )
    report.note(f"machine: {machine.describe()}")
    noise = []
    for part in PARTS:
        if given.parts and part not in given.parts:
            continue
        started = time.monotonic()
        noise += [machine.fixed_work() for _ in range(5)]
        with prepare() as ground:
            importlib.import_module(f"bench.{part}").run(ground, report)
        noise += [machine.fixed_work() for _ in range(5)]
        print(f"{part}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    found = Figure.of([value * 1000 for value in noise])
    spread = (found.high - found.low) / found.median
    report.note(
        f"noise: the same arithmetic took {found} ms, a spread of {spread:.0%};"
        " smaller differences mean nothing"
    )
    return min(1, report.show())


if __name__ == "__main__":
    sys.exit(main())
