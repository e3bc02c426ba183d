"""The time all processes share: the database's, asked once a minute and carried on in between."""

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from integration.core.errors import Retryable

# Two machines' quartz drifts apart by some milliseconds in a minute; rows lie further apart.
ASK_EVERY = 60.0


class SharedClock:
    """The database's time, whatever this machine's own clock says.

    While the database is away it goes on from the last answer; a process that never reached it
    goes by its own clock.
    """

    def __init__(
        self, ask: Callable[[], datetime], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._known: tuple[datetime, float] | None = None
        self._ask_again = 0.0

    def now(self) -> datetime:
        """Return the time, in UTC; at most one caller a minute waits for the database."""
        tick = self._monotonic()
        if tick >= self._ask_again:
            # Before asking: a database that is away must not make every thread wait for it.
            self._ask_again = tick + ASK_EVERY
            self._look()
        if self._known is None:
            return datetime.now(UTC)
        known_at, known_tick = self._known
        return known_at + timedelta(seconds=self._monotonic() - known_tick)

    def set(self, at: datetime) -> None:
        """Take over a time that the database has just given, as on each new connection."""
        tick = self._monotonic()
        self._known = at, tick
        self._ask_again = tick + ASK_EVERY

    def _look(self) -> None:
        with contextlib.suppress(Retryable):
            self.set(self._ask())
