"""HubSpot's rate limits: a rolling ten-second window per app and portal, and search's own second."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Allowance:
    """Counts calls exactly. Refused calls do not use up the allowance, but count for the peak of what was tried."""

    limit: int = 110
    window: float = 10.0
    search_limit: int = 5
    peak: int = 0  # most calls accepted within any rolling window
    peak_tried: int = 0  # the same with the refused ones
    search_peak: int = 0
    _accepted: deque[float] = field(default_factory=deque)
    _tried: deque[float] = field(default_factory=deque)
    _searches: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> bool:
        """Count one call; False when it is one too many."""
        _forget(self._tried, now - self.window)
        self._tried.append(now)
        self.peak_tried = max(self.peak_tried, len(self._tried))
        _forget(self._accepted, now - self.window)
        if len(self._accepted) >= self.limit:
            return False
        self._accepted.append(now)
        self.peak = max(self.peak, len(self._accepted))
        return True

    def take_search(self, now: float) -> bool:
        """Count one search; False when it is the sixth within a second."""
        _forget(self._searches, now - 1.0)
        if len(self._searches) >= self.search_limit:
            return False
        self._searches.append(now)
        self.search_peak = max(self.search_peak, len(self._searches))
        return True

    @property
    def remaining(self) -> int:
        """What is left of the window, as of the last call."""
        return max(0, self.limit - len(self._accepted))


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
