"""Samples of a property that is to hold answers from 0 to 10: another scale is refused by name."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from mappings.records import values
from mappings.rules.success import answer_scale

_SHOWN: Final = 3
_LONGEST: Final = 30
# So many in a hundred may be slips of somebody's hand; each of those is left out alone.
_SLIPS: Final = 10


def problem(texts: Sequence[str]) -> str:
    """Say why these values are no answers from 0 to 10; empty where nothing speaks against it."""
    filled = [text.strip() for text in texts if text.strip()]
    odd = [text for text in filled if values.whole(text, 0, 10).value is None]
    if len(odd) * 100 > len(filled) * _SLIPS:
        return (
            f"Its values are no whole numbers from 0 to 10, as in {_shown(odd)}; answers on other"
            " scales are never converted."
        )
    scores = (values.whole(text, 0, 10).value for text in filled)
    scale = answer_scale.suspicion(Counter(score for score in scores if score is not None))
    if not scale:
        return ""
    return (
        f"Its values look like a scale from {scale}, as in {_shown(filled)}; answers on other"
        " scales are never converted. If the question was asked from 0 to 10, upload them as a"
        " file, where you can say so."
    )


def _shown(texts: Sequence[str]) -> str:
    different = list(dict.fromkeys(texts))[:_SHOWN]
    return ", ".join(f"“{text[:_LONGEST]}”" for text in different)
