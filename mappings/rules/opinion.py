"""Opinions: where the phrases are silent, a language model may be asked; it is off, and nothing needs it.

No model comes with the product. Whoever adds one asks it before a page is concluded (rules do no input or output),
hands over what it said through `Model`, and switches `ask_language_model` on in the portal's settings.
"""

from collections.abc import Mapping
from typing import Protocol

from mappings.rules.hearsay import LABELS, NOBODY, Known, Label, classify

HIGHEST = 700_000
"""A model alone is never surer than this (ppm)."""
_LEAST = 500_000
_NEVER = frozenset({"junk", "unknown", "referral_company"})


class Model(Protocol):
    """Something that has an opinion about an answer."""

    def suggest(self, text: str) -> Mapping[str, int]:
        """Labels with a confidence in ppm; what is no label of ours is not heard."""
        ...


def with_opinion(text: str, model: Model | None, known: Known = NOBODY) -> tuple[Label, ...]:
    """What an answer says by the phrases, else by a model's capped opinion, else unknown."""
    found = classify(text, known)
    if model is None or found[0].label != "unknown":
        return found
    suggested = {
        label: min(p, HIGHEST) for label, p in model.suggest(text).items() if label in LABELS and label not in _NEVER
    }
    heard = [Label(label, p, "by a model's opinion") for label, p in suggested.items() if p >= _LEAST]
    return tuple(sorted(heard, key=lambda one: (-one.confidence, one.label))) or found
