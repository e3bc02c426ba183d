"""Certainty: how sure it is that two records of one person are one human."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from mappings.rules.facts import PPM
from mappings.rules.findings import IdentityLink, Person

_Links = Mapping[int, Mapping[int, int]]


def same_human(person: Person, a: int, b: int) -> int:
    """The probability (ppm) that two records of a person are one human.

    It is that of their own pair, or the product along the surest path of pairs that joins them,
    whichever is more: what makes other records of the person sure says nothing of these two. Two
    records that no pair joins are 0.
    """
    ends = _by_end(person.links)
    reached = {a: PPM}
    settled: set[int] = set()
    while reached.keys() - settled:
        here = max(reached.keys() - settled, key=lambda record: (reached[record], -record))
        if here == b:
            break
        settled.add(here)
        for there, p in ends[here].items():
            reached[there] = max(reached.get(there, 0), reached[here] * p // PPM)
    return reached.get(b, 0)


def _by_end(links: Iterable[IdentityLink]) -> _Links:
    """The probability of each pair, by both its records."""
    ends: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for link in links:
        ends[link.a][link.b] = ends[link.b][link.a] = link.p
    return ends
