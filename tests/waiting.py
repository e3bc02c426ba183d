"""How tests wait: it ends at once when the thing is there, and only the giving-up is late, for machines are busy."""

import time
from collections.abc import Callable

# Seconds. What comes at all comes within a tenth of it, beside other work on two cores.
PATIENCE = 300.0


def wait_until(
    holds: Callable[[], bool],
    otherwise: Callable[[], str],
    *,
    unless: Callable[[], bool] = lambda: False,
    every: float = 0.1,
    seconds: float = PATIENCE,
) -> None:
    """Ask *every* so many seconds until it *holds*; fail, and say *otherwise*, when time is over or *unless* holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not unless():
        if holds():
            return
        time.sleep(every)
    raise AssertionError(otherwise())
