"""A process in which several threads want an access token at once: python -m tests.token_seekers PORTAL THREADS [die].

Prints how many different tokens they got. With "die" the process is killed between HubSpot's answer
and the commit.
"""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

from integration.portal.connection import TokenProvider
from integration.portal.runtime import open_runtime
from integration.storage.database import Transaction
from integration.storage.service import tokens


def main() -> None:
    """Ask for a token in every thread."""
    portal_id, threads = int(sys.argv[1]), int(sys.argv[2])
    if "die" in sys.argv:
        tokens.save = _die
    with open_runtime(pool_size=threads) as runtime, ThreadPoolExecutor(threads) as pool:
        keys = [TokenProvider(runtime, portal_id) for _ in range(threads)]
        got = list(pool.map(lambda key: key(), keys))
    print(len(got), *sorted(set(got)))  # noqa: T201 - the answer


def _die(tx: Transaction, portal_id: int, sealed: bytes, *, lifetime: float) -> None:
    del tx, portal_id, sealed, lifetime
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
