"""Shares of many deals at once, in arrays of integers: `mappings.rules.attribution.credit.shares` for a million deals.

Up to three sources the arithmetic is exact in 64 bits. With more, floating point decides what it
can decide beyond doubt; the rest, and every tie, is left to the caller, who knows the keys and has
the rule itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from integration.rollup.edge_arrays import Flags, Ints
from mappings.rules.attribution.credit import FIRST_ORDER, derived_share, split
from mappings.rules.facts import PPM
from mappings.rules.findings import SHARE_ONE

_EXACT = 3  # sources whose product of rests has 18 digits
_WHOLE = 10**18


@dataclass(frozen=True, slots=True)
class Shared:
    """A share for each row; rows of `undecided` deals have none yet."""

    deal: Ints
    share: Ints
    undecided: Ints


def share(deal: Ints, raw: Ints, cap: int) -> Shared:
    """Share each deal among its rows, by their raw in ppm, each at most once a human; rows come back in their order.

    Rows without force get nothing. What must be told apart by keys, see :func:`by_keys`.
    """
    result = np.zeros(len(deal), np.int64)
    rows = np.flatnonzero(raw > 0)
    rows = rows[np.argsort(deal[rows], kind="stable")]
    begins = _starts(deal[rows])
    counts = np.diff(np.append(begins, len(rows)))
    undecided = []
    for chosen, count in ((counts <= _EXACT, _exactly), (counts > _EXACT, _nearly)):
        some = np.repeat(chosen, counts)
        if some.any():
            mine, first = rows[some], _starts(deal[rows[some]])
            owners = np.repeat(np.arange(len(first)), counts[chosen])
            found, open_ones = count(raw[mine], owners, first, counts[chosen], cap)
            result[mine] = found
            undecided.append(deal[mine[first]][open_ones])
    return Shared(deal, result, np.concatenate(undecided) if undecided else np.empty(0, np.int64))


def by_keys(raws: Mapping[str, int], cap: int) -> dict[str, int]:
    """The rule's own way for one deal: shares by source key, ties to the lower one."""
    derived, total = derived_share(list(raws.values()), cap), sum(raws.values())
    found = split(
        SHARE_ONE,
        {**{key: derived * raw / total for key, raw in raws.items()}, FIRST_ORDER: 1 - derived},
    )
    del found[FIRST_ORDER]
    return found


def _starts(values: Ints) -> Ints:
    if not len(values):
        return np.empty(0, np.int64)
    return np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))


def _exactly(raw: Ints, owner: Ints, first: Ints, counts: Ints, cap: int) -> tuple[Ints, Flags]:
    """Long division in base a million: floors and what is left of each, over the same denominator."""
    rest = np.multiply.reduceat(PPM - raw, first) * np.array([0, PPM**2, PPM, 1])[counts]
    derived = np.minimum(_WHOLE - rest, cap * (_WHOLE // PPM))
    total = np.add.reduceat(raw, first)
    below = (total * PPM)[owner]
    floors, left = np.zeros(len(raw), np.int64), np.zeros(len(raw), np.int64)
    for digit in (derived // PPM**2, derived // PPM % PPM, derived % PPM):
        value = left * PPM + digit[owner] * raw
        floors, left = floors * PPM + value // below, value % below
    remainder = _WHOLE - derived
    return _finished(owner, first, floors, left, remainder // PPM, remainder % PPM * total, 0)


def _nearly(raw: Ints, owner: Ints, first: Ints, _counts: Ints, cap: int) -> tuple[Ints, Flags]:
    """The same in the machine's longest floating point, with what that cannot tell."""
    long = raw.astype(np.longdouble)
    derived = np.minimum(1 - np.multiply.reduceat(1 - long / PPM, first), np.longdouble(cap) / PPM)
    exact = derived[owner] * long / np.add.reduceat(long, first)[owner] * SHARE_ONE
    remainder = (1 - derived) * SHARE_ONE
    floors, floor = np.floor(exact), np.floor(remainder)
    doubt = float(np.finfo(np.longdouble).eps) * SHARE_ONE * 64
    found, undecided = _finished(
        owner,
        first,
        floors.astype(np.int64),
        exact - floors,
        floor.astype(np.int64),
        remainder - floor,
        doubt,
    )
    parts = np.concatenate((exact - floors, remainder - floor))
    near = (parts < doubt) | (parts > 1 - doubt)
    whose = np.concatenate((owner, np.arange(len(first))))
    undecided[whose[near]] = True
    return found, undecided


def _finished(
    owner: Ints,
    first: Ints,
    floors: Ints,
    left: NDArray[Any],
    floor: Ints,
    rest: NDArray[Any],
    doubt: float,
) -> tuple[Ints, Flags]:
    """Give what the floors leave over to the largest remainders; say where two of those are alike at the cut."""
    over = SHARE_ONE - np.add.reduceat(floors, first) - floor
    whose = np.concatenate((owner, np.arange(len(first))))
    parts = np.concatenate((left, rest))
    order = np.lexsort((-parts, whose))
    place = np.empty(len(order), np.int64)
    begins = _starts(whose[order])
    place[order] = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
    last, beyond = begins + np.maximum(over, 1) - 1, begins + over
    ends = np.append(begins[1:], len(order))
    sure = (over <= 0) | (beyond >= ends)
    at_cut = (
        np.where(sure, begins, last),
        np.where(sure, begins, np.minimum(beyond, len(order) - 1)),
    )
    alike = parts[order[at_cut[0]]] - parts[order[at_cut[1]]] <= doubt
    given = place[: len(owner)] < over[owner]
    return floors + given, ~sure & alike
