"""Reading activities: meetings, calls, e-mails and notes become touches, page by page and as they change.

The first pass begins when the import is through and concluded, so that first results come as early
as without it. Of millions of activities only touches of the last three years are kept, and of their
texts the few a rule reads.
"""

import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from integration.core import logs
from integration.core.forget_keys import ForgetKeys
from integration.hubspot.answer_shapes import Page
from integration.hubspot.faults import Forbidden
from integration.portal import forgotten, invalidation, settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.mirror import mirror, touch_texts, touches
from integration.storage.mirror.touches import ActivityKey, TouchRow
from integration.storage.queue import activity_cursors, lanes
from integration.storage.queue.activity_cursors import ActivityCursor
from integration.storage.queue.lanes import Lease
from mappings.records import activity_records
from mappings.records.activity_records import NEAR, TYPES, Activity
from mappings.records.rows import Record

# So many ids are asked about at once: HubSpot's own limit of one association call.
LINKS_PER_CALL = 1000
_log = logs.get(__name__)
Near = Mapping[str, Sequence[int]]


@dataclass(slots=True)
class Seen:
    """What HubSpot said of some activities: what they are and with whom; the rest of *keys* is nothing to keep."""

    keys: set[ActivityKey] = field(default_factory=set)
    found: list[tuple[Activity, Near]] = field(default_factory=list)


def begin(tx: Transaction) -> None:
    """Have a portal's activities read, unless its newest settings say that they are not."""
    if settings.read(tx).map.reads_activities:
        activity_cursors.begin(tx, TYPES)


def advance(portal: PortalContext, lease: Lease, *, seconds: float) -> bool:
    """Go on with the pass over activities for about *seconds*; say whether there is more to do right now.

    While the import is read or concluded there is not; whoever finds the portal idle calls again
    (see wake).
    """
    if not portal.map.reads_activities:
        with portal.transaction(lease) as tx:
            return touches.any_left(tx) and touches.drop(tx)
    with portal.transaction(lease) as tx:
        left = (
            []
            if activity_cursors.must_wait(tx)
            else [step for step in activity_cursors.every(tx) if not step.done]
        )
    if left:
        end = time.monotonic() + seconds
        _read(portal, lease, left, lambda: time.monotonic() < end)
    return _finish(portal, lease)


def wake(portal: PortalContext) -> None:
    """The portal is idle: let the pass over its activities go on, if there is one."""
    with portal.transaction() as tx:
        pending = activity_cursors.is_pending(tx) and not activity_cursors.must_wait(tx)
        if pending:
            lanes.want(tx, portal.portal_id, "import")
    if pending:
        portal.runtime.queue.wake(portal.portal_id, "import")


def types(portal: PortalContext) -> tuple[str, ...]:
    """The types whose changes are asked for: all that we may read, once their lists were read to the end."""
    if not portal.map.reads_activities:
        return ()
    with portal.transaction() as tx:
        return tuple(
            step.activity_type
            for step in activity_cursors.every(tx)
            if step.done and not step.is_refused
        )


def read_again(tx: Transaction, activity_type: str) -> None:
    """Read a type's whole list once more: so much has changed that this is the surer way."""
    activity_cursors.restart(tx, activity_type)


def prune(tx: Transaction, *, now: datetime) -> None:
    """Let go of touches that are older than the window, so many a day."""
    touches.prune(tx, before=now - touches.WINDOW)


def look(portal: PortalContext, refs: Mapping[str, Collection[int]]) -> Seen:
    """Ask HubSpot about these activities; no transaction is open meanwhile. Other types are not asked about."""
    seen = Seen()
    for kind in TYPES:
        ids = sorted(refs.get(kind, ()))
        if ids and portal.map.reads_activities:
            with allowed:
                seen.found += _look_at(portal, kind, ids)
                seen.keys |= {(kind, one) for one in ids}
    return seen


def _look_at(portal: PortalContext, kind: str, ids: Sequence[int]) -> list[tuple[Activity, Near]]:
    records = portal.hubspot.read(kind, ids, activity_records.READ[kind]).records
    near: dict[int, dict[str, list[int]]] = {record.id: {} for record in records}
    for other in NEAR if near else ():
        for one, links in portal.hubspot.associations(kind, other, sorted(near)).items():
            near.setdefault(one, {})[other] = [link.to_id for link in links]
    return _understood(portal, [(record, near[record.id]) for record in records])


# What a portal does not let us read is not read: no activity is worth a pause of everything else.
allowed = contextlib.suppress(Forbidden)


def store(tx: Transaction, seen: Seen, *, keys: ForgetKeys, now: datetime) -> None:
    """Bring touches in step with what was seen; ask conclude to look at what changed, once touches count."""
    if not seen.keys:
        return
    kept = [(one, near) for one, near in seen.found if one.at >= now - touches.WINDOW]
    contacts = {contact for _, near in kept for contact in near.get("contact", ())}
    known = forgotten.still_known(tx, contacts, keys=keys) if contacts else set()
    rows = _rows(tx, kept, known)
    named = {row.key for row in rows}
    texts = {
        (one.type, one.id): (one.at, one.text)
        for one, near in kept
        if one.text and (one.type, one.id) in named
    }
    # What names somebody who asked to be forgotten is nobody's text any more.
    for one, near in kept:
        if not known.issuperset(near.get("contact", ())):
            texts.pop((one.type, one.id), None)
    changed = touches.replace(tx, seen.keys, rows)
    reworded = touch_texts.keep(tx, seen.keys, texts)
    if activity_cursors.are_read(tx):
        changed += [row for row in rows if row.key in reworded]
        invalidation.record(tx, Change.TOUCHES_CHANGED, touches=changed)


def _read(
    portal: PortalContext,
    lease: Lease,
    steps: Sequence[ActivityCursor],
    has_time: Callable[[], bool],
) -> None:
    """Read every type's list side by side; the first trouble is raised when all have stopped."""
    with ThreadPoolExecutor(len(TYPES), thread_name_prefix="touches") as pool:
        running = [pool.submit(_read_type, portal, lease, step, has_time) for step in steps]
    for one in running:
        one.result()


def _read_type(
    portal: PortalContext, lease: Lease, step: ActivityCursor, has_time: Callable[[], bool]
) -> None:
    """Page after page of one type: each is stored with the cursor behind it, so a killed process costs one page."""
    cursor: str | None = step.cursor
    while has_time():
        page = _page(portal, step.activity_type, cursor)
        if page is None:
            with portal.transaction(lease) as tx:
                activity_cursors.refuse(tx, step.activity_type)
            return
        keys = {(step.activity_type, record.id) for record in page.records}
        seen = Seen(keys, _understood(portal, [(record, record.inline) for record in page.records]))
        cursor = page.next_after
        with portal.transaction(lease) as tx:
            store(tx, seen, keys=portal.runtime.forget_keys, now=portal.runtime.now())
            activity_cursors.advance(
                tx,
                step.activity_type,
                cursor=cursor,
                done=cursor is None,
                records=len(page.records),
                calls=1,
            )
        if cursor is None:
            return


def _page(portal: PortalContext, kind: str, cursor: str | None) -> Page | None:
    """One page of a type's list; None when the portal does not let us read the type."""
    with allowed:
        return portal.hubspot.page(kind, cursor, activity_records.READ[kind], associations=NEAR)
    return None


def _finish(portal: PortalContext, lease: Lease) -> bool:
    """When every list was read to its end for the first time, all that touches may concern is looked at again."""
    with portal.transaction(lease) as tx:
        steps = activity_cursors.every(tx)
        if any(not step.done for step in steps):
            return not activity_cursors.must_wait(tx)
        if all(step.told for step in steps):
            return False
        invalidation.record(tx, Change.TOUCHES_READ, now=portal.runtime.now())
        activity_cursors.mark_told(tx)
        lanes.want(tx, portal.portal_id, "drain")
    portal.runtime.queue.wake(portal.portal_id, "drain")
    _log.info(
        "activities read", portal_id=portal.portal_id, records=sum(step.records for step in steps)
    )
    return False


def _understood(
    portal: PortalContext, told: Sequence[tuple[Record, Near]]
) -> list[tuple[Activity, Near]]:
    """What these records mean; the text of mail that a machine wrote is asked for, all of a page in one call."""
    found = [
        (one, near)
        for record, near in told
        if (one := activity_records.activity(record)) is not None
    ]
    written = [one.id for one, near in found if one.is_machine_written and near.get("contact")]
    if not written:
        return found
    texts = {
        one.id: activity_records.mail_text(one)
        for one in portal.hubspot.read("email", written, activity_records.TEXT).records
    }
    return [(activity_records.with_text(one, texts.get(one.id, "")), near) for one, near in found]


def _rows(
    tx: Transaction, kept: Sequence[tuple[Activity, Near]], known: set[int]
) -> list[TouchRow]:
    """A touch for each contact of each activity, at the company it was with them, as far as it shows."""
    firms = _employers(tx, known)
    senders = _senders(tx, kept)
    rows: list[TouchRow] = []
    for one, near in kept:
        who = sorted({*near.get("contact", ())} & known)[: touches.MOST_CONTACTS]
        where, deals = sorted(set(near.get("company", ()))), sorted(set(near.get("deal", ())))
        if not who and (where or deals) and one.kind == "note":
            who = [touches.NOBODY]
        for contact in who:
            kind, inbound, two_way = _part(one, contact, who, senders)
            company = _company(where, firms.get(contact, ()))
            rows.append(
                TouchRow(
                    one.type,
                    one.id,
                    contact,
                    one.at,
                    kind,
                    company,
                    deals[0] if deals else None,
                    inbound,
                    two_way,
                )
            )
    return rows


def _part(
    one: Activity, contact: int, who: Sequence[int], senders: Mapping[int, frozenset[str]]
) -> tuple[str, bool, bool]:
    """Each one's part in an activity: of an incoming mail's people only who wrote it was in touch with us."""
    alone = len(who) == 1
    wrote = one.sender in senders.get(contact, ()) if one.sender else alone
    if one.kind == "left_reply":
        return ("left_reply" if wrote or alone else "auto_reply"), False, False
    if one.kind == "reply" and not alone and one.sender:
        return one.kind, wrote, wrote
    return one.kind, one.inbound, one.two_way


def _senders(tx: Transaction, kept: Iterable[tuple[Activity, Near]]) -> dict[int, frozenset[str]]:
    """The addresses of contacts who may have written a mail that several are on."""
    asked = {
        contact
        for one, near in kept
        if one.sender and len(near.get("contact", ())) > 1
        for contact in list(near["contact"])[: touches.MOST_CONTACTS]
    }
    return {
        one: frozenset(activity_records.addresses_of(record.properties))
        for one, record in mirror.load(tx, "contact", asked).items()
    }


def _employers(tx: Transaction, contact_ids: Collection[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for link in mirror.links_from(tx, "contact", contact_ids, "company"):
        found.setdefault(link.from_id, []).append(link.to_id)
    return found


def _company(told: Sequence[int], own: Sequence[int]) -> int | None:
    """The company the activity names; of several the contact's own; when it names none, the contact's present one."""
    if len(told) == 1:
        return told[0]
    both = sorted(set(told) & set(own)) if told else sorted(set(own))
    if both:
        return both[0]
    return told[0] if told else None
