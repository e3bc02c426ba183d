"""Caching results of pure functions of short texts: a page of records repeats them."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

A = TypeVar("A", str, str | None)
T = TypeVar("T")

# Characters. Longer texts are rare, and keeping them would cost memory for nothing.
_SHORT: Final = 320


def cached(size: int) -> Callable[[Callable[[A], T]], Callable[[A], T]]:
    """Keep the *size* latest results of a pure function of a text; they must be immutable."""

    def around(rule: Callable[[A], T]) -> Callable[[A], T]:
        latest = lru_cache(size)(rule)

        @wraps(rule)
        def recall(text: A) -> T:
            return latest(text) if text is None or len(text) <= _SHORT else rule(text)

        return recall

    return around
