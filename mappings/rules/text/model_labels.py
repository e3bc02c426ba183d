"""Model labels: where no phrase fits, a language model may be asked; it is off, and nothing needs it.

No model comes with the product. Whoever has one hands it to `integration.conclude.labelling.ask` as
a `Model`, and switches `ask_language_model` on in the portal's settings. What it said is kept, so
that judging again says the same.
"""

from collections.abc import Mapping
from typing import Protocol

from mappings.rules.text.self_reported import LABELS, Label

HIGHEST = 700_000
"""A model alone is never surer than this (ppm)."""
_LEAST = 500_000
_NEVER = frozenset({"junk", "unknown", "referral_company"})


class Model(Protocol):
    """Something that labels an answer."""

    def suggest(self, text: str) -> Mapping[str, int]:
        """Labels with a confidence in ppm; what is no label of ours is ignored."""
        ...


def capped(suggested: Mapping[str, int]) -> dict[str, int]:
    """A model's labels as far as they are ours and sure enough, with the certainty it may have."""
    known = {label: p for label, p in suggested.items() if label in LABELS and label not in _NEVER}
    return {label: min(p, HIGHEST) for label, p in sorted(known.items()) if p >= _LEAST}


def completed(by_phrases: tuple[Label, ...], by_model: Mapping[str, int]) -> tuple[Label, ...]:
    """What an answer says by the phrases; a model's labels only where no phrase fits."""
    if not by_phrases or by_phrases[0].label != "unknown" or not by_model:
        return by_phrases
    labels = [Label(label, p, by_phrases[0].quote) for label, p in capped(by_model).items()]
    labels.sort(key=lambda label: (-label.confidence, label.label))
    return tuple(labels) or by_phrases
