"""Model labels: what a language model may add where no phrase fits an answer.

No model comes with the product, and none is needed. Whoever has one hands it to `labelling.ask` in
`integration.conclude.referrals` as a `Model`, and switches `ask_language_model` on in the portal's
settings. Its labels are kept, so that classifying again gives the same.
"""

from collections.abc import Mapping
from typing import Protocol

from mappings.rules.text.self_reported import LABELS, Label

HIGHEST = 700_000
"""The highest confidence (ppm) of a model's label."""
_LEAST = 500_000
# No labels of a model's: two say that there is nothing to label, one needs the portal's customers.
_NEVER = frozenset({"junk", "unknown", "referral_company"})


class Model(Protocol):
    """Something that labels an answer."""

    def suggest(self, text: str) -> Mapping[str, int]:
        """Labels with a confidence in ppm; what is no label of ours is ignored."""
        ...


def capped(suggested: Mapping[str, int]) -> dict[str, int]:
    """A model's labels that are ours and sure enough, at most as sure as a model may be."""
    known = {label: p for label, p in suggested.items() if label in LABELS and label not in _NEVER}
    return {label: min(p, HIGHEST) for label, p in sorted(known.items()) if p >= _LEAST}


def completed(by_phrases: tuple[Label, ...], by_model: Mapping[str, int]) -> tuple[Label, ...]:
    """The labels by phrases; a model's only where no phrase fits."""
    if not by_phrases or by_phrases[0].label != "unknown" or not by_model:
        return by_phrases
    labels = [Label(label, p, by_phrases[0].quote) for label, p in capped(by_model).items()]
    labels.sort(key=lambda label: (-label.confidence, label.label))
    return tuple(labels) or by_phrases
