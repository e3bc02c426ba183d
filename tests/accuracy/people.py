"""Identity against the truth: are the records of one human, and only those, one person?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from tests.accuracy.calibration import Case, Halves
from tests.accuracy.halves import Half, half_of
from tests.accuracy.reading import Pair
from tests.accuracy.tables import Grid


@dataclass(frozen=True, slots=True)
class Grouped:
    """Pairs and records rightly and wrongly grouped. B-cubed sums are over records: each counts once."""

    right: int
    claimed: int
    true: int
    records: int
    b_precision: float
    b_recall: float

    @property
    def precision(self) -> float | None:
        return self.right / self.claimed if self.claimed else None

    @property
    def recall(self) -> float | None:
        return self.right / self.true if self.true else None


def pairs_of(groups: Mapping[int, object]) -> set[Pair]:
    """All pairs of records that share a group."""
    members: dict[object, list[int]] = defaultdict(list)
    for contact, group in groups.items():
        members[group].append(contact)
    return {pair for ids in members.values() for pair in combinations(sorted(ids), 2)}


def score(people: Mapping[int, str], persons: Mapping[int, int], half: Half | None) -> Grouped:
    """Score a grouping over the records of one half; a record the app never grouped stands alone.

    A wrong pair belongs to the half of its lower record's human, so that the two halves add up to
    the whole.
    """
    told = {contact: persons.get(contact, -contact) for contact in people}
    claimed = {pair for pair in pairs_of(told) if _in(half, people[pair[0]])}
    true = {pair for pair in pairs_of(people) if _in(half, people[pair[0]])}
    ours, real = _members(told), _members(people)
    records, b_precision, b_recall = 0, 0.0, 0.0
    for contact, person in people.items():
        if _in(half, person):
            together, kin = ours[told[contact]], real[person]
            both = len(together & kin)
            records, b_precision, b_recall = (
                records + 1,
                b_precision + both / len(together),
                b_recall + both / len(kin),
            )
    return Grouped(
        len(claimed & true), len(claimed), len(true), records,
        b_precision / records if records else 0.0, b_recall / records if records else 0.0,
    )  # fmt: skip


def _in(half: Half | None, person: str) -> bool:
    return half is None or half_of(person) is half


def _members(groups: Mapping[int, object]) -> dict[object, set[int]]:
    found: dict[object, set[int]] = defaultdict(set)
    for contact, group in groups.items():
        found[group].add(contact)
    return found


def overview(
    title: str, people: Mapping[int, str], claims: Iterable[tuple[str, Mapping[int, int]]]
) -> Grid:
    """Pairwise and B-cubed figures of several groupings."""
    rows = []
    for name, persons in claims:
        checking, fitting = (score(people, persons, half) for half in reversed(Half))
        rows.append((
            name, checking.precision, checking.recall, f"{checking.right}/{checking.claimed}",
            f"{checking.right}/{checking.true}", checking.b_precision, checking.b_recall, checking.records,
            fitting.precision, fitting.recall,
        ))  # fmt: skip
    columns = (
        "same human", "pair precision", "pair recall", "right of claimed", "found of true", "B³ precision", "B³ recall",
        "records", "fitting P", "fitting R",
    )  # fmt: skip
    return Grid(title, columns, tuple(rows))


def groups_of(pairs: Iterable[Pair]) -> dict[int, int]:
    """Groups that chains of pairs make: what a rule without a check across a group would believe."""
    parent: dict[int, int] = {}

    def top(one: int) -> int:
        while parent.setdefault(one, one) != one:
            one = parent[one]
        return one

    for a, b in pairs:
        parent[max(top(a), top(b))] = min(top(a), top(b))
    return {one: top(one) for one in list(parent)}


def confidences(people: Mapping[int, str], pairs: Mapping[Pair, float]) -> Halves:
    """How sure the app was of pairs of records, and whether they are one human.

    A pair belongs to the half of its lower record's human.
    """
    checking, fitting = (_cases(people, pairs, half) for half in reversed(Half))
    return checking, fitting


def _cases(people: Mapping[int, str], pairs: Mapping[Pair, float], half: Half) -> list[Case]:
    return [
        (p, people[a] == people[b])
        for (a, b), p in sorted(pairs.items())
        if a in people and b in people and half.holds(people[min(a, b)])
    ]
