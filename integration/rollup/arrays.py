"""Arrays of integers: places of ids, runs of equal values, and edges by the node they belong to."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def places(known: Ints, wanted: Ints) -> Ints:
    """Where each wanted id is among the known ones, -1 where it is not."""
    if not len(known):
        return np.full(len(wanted), -1)
    order = np.argsort(known)
    place = order[np.minimum(insertion_places(known[order], wanted), len(known) - 1)]
    return np.where(known[place] == wanted, place, -1)


def insertion_places(ordered: Ints, wanted: Ints) -> Ints:
    """Where each wanted number would stand among ordered values."""
    # Asked in order, so that memory is read in order.
    order = np.argsort(wanted)
    place = np.empty(len(wanted), np.int64)
    place[order] = np.searchsorted(ordered, wanted[order])
    return place


def run_starts(values: Ints) -> Ints:
    """Where runs of equal values begin."""
    if not len(values):
        return np.empty(0, np.int64)
    return np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))


def edge_starts(ends: Ints, node_count: int) -> Ints:
    """Where each node's edges begin, for edges ordered by the given end; last, where all end."""
    return np.concatenate(([0], np.cumsum(np.bincount(ends, minlength=node_count))))


def edges_of(starts: Ints, nodes: Ints) -> tuple[Ints, Ints]:
    """The places of every edge of every node, and for each the place of its node in *nodes*."""
    counts = starts[nodes + 1] - starts[nodes]
    node_places = np.repeat(np.arange(len(nodes)), counts)
    within_node = np.arange(len(node_places)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(starts[nodes], counts) + within_node, node_places
