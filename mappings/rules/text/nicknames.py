"""Short and pet forms of given names: by files per language, and by how people make them.

The files' own README.txt explains how a line is written. They belong to the package and are read
once.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from mappings.caching import cached
from mappings.rules.text.folding import fold

_FOLDER = "mappings.given_names"
_WITHOUT_SHORT_FORMS = "others.txt"
_README = "README.txt"

SHORTEST = 3
"""Letters that a shortened name must keep: fewer agree by chance."""

_ENDINGS = ("ie", "ey", "y", "i")


@cache
def known_names() -> frozenset[str]:
    """Every given name and short form of the files, folded."""
    return frozenset(_families()).union(*_lines(_WITHOUT_SHORT_FORMS))


@cache
def _families() -> Mapping[str, frozenset[str]]:
    """The full names that each name may stand for, of all languages."""
    families: dict[str, set[str]] = {}
    for file in resources.files(_FOLDER).iterdir():
        if not file.name.endswith(".txt") or file.name in {_README, _WITHOUT_SHORT_FORMS}:
            continue
        for full, *short in _lines(file.name):
            for name in (full, *short):
                families.setdefault(name, set()).add(full)
    return {name: frozenset(fulls) for name, fulls in families.items()}


def _lines(file: str) -> Iterator[list[str]]:
    """The names of each line, folded, as they stand there."""
    text = resources.files(_FOLDER).joinpath(file).read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield fold(line).split()


@cached(1 << 14)
def given_forms(name: str) -> frozenset[str]:
    """The full given names that *name* may stand for, itself included; Eddy also as Eddie."""
    full_names = _families().get(name, frozenset()) | {name}
    for ending, other in (("y", "ie"), ("ie", "y"), ("i", "y"), ("i", "ie")):
        if name.endswith(ending):
            full_names |= _families().get(name.removesuffix(ending) + other, frozenset())
    return full_names


@cached(1 << 13)
def kin(name: str) -> frozenset[str]:
    """All names of the files that can be short for, or in full, what *name* may stand for."""
    full_names = given_forms(name)
    return frozenset(
        other for other, fulls in _families().items() if not fulls.isdisjoint(full_names)
    )


def is_nickname(a: str, b: str) -> bool:
    """Whether two different folded given names can be one person's, by the tables."""
    return a != b and bool(given_forms(a) & given_forms(b))


def is_short(a: str, b: str) -> bool:
    """Whether one given name begins the other, with or without a pet ending: Wen, Jenni, Ronny."""
    return a != b and a[:SHORTEST] == b[:SHORTEST] and (_begins(a, b) or _begins(b, a))


def _begins(short: str, full: str) -> bool:
    if len(short) >= SHORTEST and full.startswith(short):
        return True
    stem = next((short.removesuffix(end) for end in _ENDINGS if short.endswith(end)), "")
    if len(stem) > 1 and stem[-1] == stem[-2]:
        stem = stem[:-1]
    return len(stem) >= SHORTEST and full.startswith(stem)
