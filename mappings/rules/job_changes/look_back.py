"""The look-back window of moves: how many job changes with a deal it leaves out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# So many of them left out, and the window is not what this account's business goes by.
_ASKED_FROM_PERCENT: Final = 10


@dataclass(frozen=True, slots=True)
class LookBack:
    """Of each move with a deal at the new company, the days until the first one that fits.

    It is negative for a deal that was open when the person came.
    """

    days_to_deal: Sequence[float]

    def left_out(self, window_days: int) -> int:
        """How many moves a window of so many days leaves out: their deals came later."""
        return sum(days > window_days for days in self.days_to_deal)

    def is_disputed(self, window_days: int) -> bool:
        """Whether the window leaves so many out that somebody must say if it is right."""
        left_out = self.left_out(window_days)
        return 0 < len(self.days_to_deal) * _ASKED_FROM_PERCENT <= left_out * 100
