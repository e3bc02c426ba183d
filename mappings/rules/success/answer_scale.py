"""The scale of answers: what looks like another one than 0 to 10 is asked about, never guessed."""

from collections.abc import Mapping
from typing import Final

# Fewer answers tell nothing: all of a handful of people may say 5.
ENOUGH: Final = 20
_OTHER_TOPS: Final = (5, 7)


def suspicion(counts: Mapping[int, int]) -> str:
    """Say which other scale these scores look like, as in "1 to 5"; empty: none.

    Of people who answer from 0 to 10 some say 8 or more; a column in which nobody of many ever did
    is most likely another question's.
    """
    if sum(counts.values()) < ENOUGH:
        return ""
    lowest, highest = min(*counts, 1), max(counts)
    fitting = [top for top in _OTHER_TOPS if highest <= top]
    return f"{lowest} to {fitting[0]}" if fitting else ""
