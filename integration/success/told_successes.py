"""Told successes: one use case by which a page, a workflow action or a program tells of one."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import ValidationError

from integration.core.errors import Refused
from integration.portal import invalidation, success_items
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.mirror.success_rows import SentItem
from integration.storage.queue import lanes
from mappings.kinds import ObjectType
from mappings.records import usage_items
from mappings.records.events import describe

WORKFLOW: Final = "workflow"
"""What tells through a workflow of HubSpot's."""


def record_success(portal: PortalContext, said: Mapping[str, Any], *, source: str) -> bool:
    """Take one item as `POST /webhooks/usage` does; return whether its company is known already.

    *source* is who tells: the same id from another source is another item. One of an unknown
    company waits for it. Raises Refused, in words, for what is no item, and where too many wait.
    """
    try:
        item = usage_items.item(said).not_after(now := portal.runtime.now())
    except ValidationError as error:
        raise Refused(describe(error)) from error
    with portal.transaction() as tx:
        sent = SentItem(source, item, now)
        kept = success_items.keep(tx, [sent], keys=portal.runtime.forget_keys)
        if kept.refused:
            raise Refused(success_items.TOO_MANY_WAIT)
        companies = refs(ObjectType.COMPANY, kept.companies)
        invalidation.record(tx, Change.OUTSIDE_REPORTED, records=companies)
        lanes.want(tx, portal.portal_id, "drain")
    portal.runtime.queue.wake(portal.portal_id)
    return bool(kept.companies)
