"""Prove that a rebuilding of the code moved nothing.

python -m tests.golden take FOLDER [--town shipped|FOLDER] [--scale 1.0]    before, and again after
python -m tests.golden compare BEFORE AFTER                                 status 0 when
byte-identical
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from tests.golden import comparing, taking


def main() -> int:
    """Take or compare; the status of a comparison is 0 when nothing differs."""
    given = _arguments()
    if given.act == "take":
        taking.take(given.into, given.town, scale=given.scale)
        return 0
    return (
        0
        if comparing.compare(given.before, given.after, Console(highlight=False, soft_wrap=True))
        else 1
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    acts = parser.add_subparsers(dest="act", required=True)
    take = acts.add_parser("take", help="import a town and write down what is said of it")
    take.add_argument("into", type=Path)
    take.add_argument("--town", default="shipped", help="shipped, or a folder with a CRM history")
    take.add_argument("--scale", type=float, default=1.0, help="size of the shipped town")
    compare = acts.add_parser("compare", help="compare two snapshots")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
