"""Invalidation: when something changes, what rests on it is recomputed.

Whoever changes something says what changed (:func:`record`). What follows stands in
:mod:`integration.portal.invalidation_table`; the records wait in the queue of
:mod:`integration.storage.queue.recompute`.
"""

from dataclasses import replace
from datetime import datetime
from typing import Unpack

from integration.portal.invalidation_table import TABLE
from integration.portal.occurrence import Extent, Occurrence, Terms
from integration.portal.portal_changes import WHOLE_PORTAL, Change
from integration.storage.database import Transaction
from integration.storage.queue import recompute
from integration.storage.queue.recompute import Due, Selection

__all__ = ["Change", "due", "record"]


def record(
    tx: Transaction, change: Change, *, now: datetime | None = None, **extent: Unpack[Extent]
) -> None:
    """Say what changed: what follows is queued in this transaction."""
    recompute.add(tx, due(tx, change, now=now, **extent))


def due(
    tx: Transaction,
    change: Change,
    *,
    terms: Terms | None = None,
    now: datetime | None = None,
    **extent: Unpack[Extent],
) -> Due:
    """What follows from a change, found as the portal stands now and not queued yet.

    Changes found by concluding need the portal's *terms*, those of a whole portal the time.
    """
    occurrence = Occurrence(tx, terms, **extent)
    consequences = Due()
    if occurrence.is_about_nothing and change not in WHOLE_PORTAL:
        return consequences
    for row in TABLE[change]:
        if row.once_imported and not occurrence.known_terms.imported:
            continue
        if isinstance(row.records, Selection):
            consequences.ask(row.stage, _at(row.records, now))
        else:
            consequences.ask(row.stage, row.records(occurrence))
    return consequences


def _at(selection: Selection, now: datetime | None) -> Selection:
    """The selection with the time, if there is one to go by."""
    if now is None:
        return selection
    return replace(selection, values={**selection.values, "now": now})
