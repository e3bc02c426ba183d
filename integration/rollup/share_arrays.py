"""Shares of many deals at once: the rule `credit.shares` for a million deals.

Up to three sources the arithmetic is exact in 64 bits. With more, floating point decides what it
can beyond doubt. The rest, and every tie, is left to the caller: :func:`by_keys` decides it, with
the sources' keys and the rule itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from integration.rollup.arrays import Flags, Ints, run_starts
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
    """Share each deal among its rows by their raw in ppm; rows come back in their order.

    Rows whose raw is 0 get nothing. *cap* is the most that all sources get together, in ppm.
    """
    shares = np.zeros(len(deal), np.int64)
    rows = np.flatnonzero(raw > 0)
    rows = rows[np.argsort(deal[rows], kind="stable")]
    counts = np.diff(np.append(run_starts(deal[rows]), len(rows)))
    undecided = [np.empty(0, np.int64)]
    for is_chosen, method in ((counts <= _EXACT, _exactly), (counts > _EXACT, _nearly)):
        chosen = rows[np.repeat(is_chosen, counts)]
        if not len(chosen):
            continue
        group = _Groups(run_starts(deal[chosen]), counts[is_chosen])
        shares[chosen], is_open = method(raw[chosen], group, cap)
        undecided.append(deal[chosen[group.first]][is_open])
    return Shared(deal, shares, np.concatenate(undecided))


def by_keys(raws: Mapping[str, int], cap: int) -> dict[str, int]:
    """Share one deal by the rule: shares by source key, ties to the lower key."""
    derived, total = derived_share(list(raws.values()), cap), sum(raws.values())
    weights = {key: derived * raw / total for key, raw in raws.items()}
    shares = split(SHARE_ONE, {**weights, FIRST_ORDER: 1 - derived})
    del shares[FIRST_ORDER]
    return shares


@dataclass(frozen=True, slots=True)
class _Groups:
    """Rows grouped by deal: where each deal's rows begin, and how many there are."""

    first: Ints
    counts: Ints

    @property
    def owner(self) -> Ints:
        """The deal of each row, by its number among the groups."""
        return np.repeat(np.arange(len(self.first)), self.counts)


def _exactly(raw: Ints, groups: _Groups, cap: int) -> tuple[Ints, Flags]:
    """Shares by long division in base a million: floors and remainders over one denominator."""
    first, owner = groups.first, groups.owner
    # The product of up to three rests, brought to 18 digits.
    rest = np.multiply.reduceat(PPM - raw, first) * np.array([0, PPM**2, PPM, 1])[groups.counts]
    derived = np.minimum(_WHOLE - rest, cap * (_WHOLE // PPM))
    total = np.add.reduceat(raw, first)
    below = (total * PPM)[owner]
    floors, left = np.zeros(len(raw), np.int64), np.zeros(len(raw), np.int64)
    for digit in (derived // PPM**2, derived // PPM % PPM, derived % PPM):
        value = left * PPM + digit[owner] * raw
        floors, left = floors * PPM + value // below, value % below
    remainder = _WHOLE - derived
    return _round(groups, floors, left, remainder // PPM, remainder % PPM * total, doubt=0)


def _nearly(raw: Ints, groups: _Groups, cap: int) -> tuple[Ints, Flags]:
    """Shares by the machine's longest floating point; deals it cannot decide are undecided."""
    first, owner = groups.first, groups.owner
    long = raw.astype(np.longdouble)
    derived = np.minimum(1 - np.multiply.reduceat(1 - long / PPM, first), np.longdouble(cap) / PPM)
    exact = derived[owner] * long / np.add.reduceat(long, first)[owner] * SHARE_ONE
    remainder = (1 - derived) * SHARE_ONE
    floors, floor = np.floor(exact), np.floor(remainder)
    # More than all roundings above can add up to.
    doubt = float(np.finfo(np.longdouble).eps) * SHARE_ONE * 64
    shares, is_undecided = _round(
        groups,
        floors.astype(np.int64),
        exact - floors,
        floor.astype(np.int64),
        remainder - floor,
        doubt=doubt,
    )
    # Next to a whole number even the floor is in doubt.
    parts = np.concatenate((exact - floors, remainder - floor))
    deals = np.concatenate((owner, np.arange(len(first))))
    is_near_whole = (parts < doubt) | (parts > 1 - doubt)
    is_undecided[deals[is_near_whole]] = True
    return shares, is_undecided


def _round(
    groups: _Groups,
    floors: Ints,
    left: NDArray[Any],
    floor: Ints,
    rest: NDArray[Any],
    *,
    doubt: float,
) -> tuple[Ints, Flags]:
    """Give what the floors leave over to the largest remainders.

    *floors* and *left* are a row's share and its remainder, *floor* and *rest* those of a deal's
    first-order part, which takes part in the rounding. A deal is undecided where the last remainder
    that gets one and the first that gets none differ by no more than *doubt*.
    """
    first, owner = groups.first, groups.owner
    over = SHARE_ONE - np.add.reduceat(floors, first) - floor
    deals = np.concatenate((owner, np.arange(len(first))))
    parts = np.concatenate((left, rest))
    # Each deal's remainders in a run, the largest first; `place` is a remainder's place in its run.
    order = np.lexsort((-parts, deals))
    begins = run_starts(deals[order])
    ends = np.append(begins[1:], len(order))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.repeat(begins, ends - begins)
    is_given = place[: len(owner)] < over[owner]
    # Sure are deals with nothing to give, and deals where every remainder gets one.
    beyond = begins + over
    is_sure = (over <= 0) | (beyond >= ends)
    last_given = np.where(is_sure, begins, beyond - 1)
    first_not = np.where(is_sure, begins, np.minimum(beyond, len(order) - 1))
    is_alike = parts[order[last_given]] - parts[order[first_not]] <= doubt
    return floors + is_given, ~is_sure & is_alike
