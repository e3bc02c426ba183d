"""Records that were mirrored by an older version: made findable and listable in slices."""

import time

from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.listings import kept_columns
from integration.storage.mirror import search_rows, unlisted_rows
from integration.storage.queue.lanes import Lease
from mappings.kinds import ObjectType
from mappings.records.portal_map import PortalMap
from mappings.rules.text import search_words

_SLICE = 2000


def advance(portal: PortalContext, lease: Lease | None, *, seconds: float) -> bool:
    """List records for so long; return whether there are more.

    Each slice is a short transaction of its own. Doing it twice changes nothing.
    """
    end = time.monotonic() + seconds
    with portal.transaction() as tx:
        waiting = unlisted_rows.under_way(tx)
    while waiting and time.monotonic() < end:
        portal_map = portal.map
        with portal.transaction(lease) as tx:
            # Deals first: figures lead to their list.
            object_type = max(waiting)
            _list(tx, object_type, waiting[object_type], portal_map)
            waiting = unlisted_rows.under_way(tx)
    return bool(waiting)


def _list(tx: Transaction, object_type: str, last_id: int, portal_map: PortalMap) -> None:
    records = unlisted_rows.after(tx, object_type, last_id, limit=_SLICE)
    words = {
        record_id: search_words.words_of(object_type, properties)
        for record_id, properties in records.items()
    }
    search_rows.keep(tx, object_type, words)
    if object_type == ObjectType.DEAL:
        pipelines = portal_map.included_pipelines
        kept_columns.keep_deals(tx, list(records), portal_map.home_currency, pipelines)
    elif object_type == ObjectType.CONTACT:
        kept_columns.keep_contacts(tx, list(records))
    else:
        kept_columns.keep_companies(tx, list(records))
    unlisted_rows.note(tx, object_type, max(records) if len(records) == _SLICE else None)
