"""Request limits: how often one address or one link may ask, counted in this process."""

import ipaddress
import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class RequestLimit:
    """So many requests of one key in so many seconds; several web processes count each alone.

    What was counted is dropped when its time is over, so that it never grows beyond one window.
    """

    most: int
    seconds: int
    _window: int = -1
    _counts: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def allows(self, key: str, now: float) -> bool:
        """Count a request; whether it is still within the limit."""
        with self._lock:
            window = int(now // self.seconds)
            if window != self._window:
                self._window = window
                self._counts.clear()
            self._counts[key] = self._counts.get(key, 0) + 1
            return self._counts[key] <= self.most


def asking_address(remote: str | None, forwarded_for: str) -> str:
    """Return the address that asks; behind a proxy of our own the last one that it names.

    A stranger who is not behind it may claim what it likes: only a private neighbour is believed.
    """
    address = remote or ""
    if not _is_private(address):
        return address
    return forwarded_for.rpartition(",")[2].strip()[:64] or address


def _is_private(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return True  # a socket of this machine
