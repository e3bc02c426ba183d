"""Conclude thinks: mirror rows in; persons, moves, sources, ledger rows, conclusions and planned patches out.

Work waits in the recompute queue, in three stages. One :func:`step` takes a page of the lowest
stage in one transaction, loads all it needs with a bounded number of queries, applies the pure
rules, and writes differences; what it found to have changed, it records for the invalidation table.
Running a step twice changes nothing; a record that a rule cannot digest is set aside with the
reason and its neighbours go on.
"""

import contextlib
import gc
from collections.abc import Iterator, Mapping, Sequence

from integration.conclude import (
    company_directory,
    company_fields,
    contact_fields,
    deal_columns,
    deal_conclusions,
    identity_keys,
    people,
    referral_search,
)
from integration.conclude.batch import Batch, open_batch
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.queue import page_context, recompute
from integration.storage.queue.lanes import Lease
from integration.storage.queue.page_context import PageContext
from integration.storage.queue.recompute import Claim, Stage

_COLLECT_AFTER = 50_000  # new objects
LIMITS: Mapping[Stage, int] = {Stage.PEOPLE: 500, Stage.DEALS: 500, Stage.SUMMARIES: 400}
# What can be thought while records still arrive; a deal judged by half of its evidence would be
# judged again.
WHILE_IMPORTING = frozenset({Stage.PEOPLE})


def conclude_page(portal: PortalContext, lease: Lease | None, *, limit: int | None = None) -> bool:
    """Conclude one page of what is due; say whether there was any.

    Everything happens in one transaction: a process that dies leaves the page as it was.
    """
    with _rarely_collected(), portal.transaction(lease) as tx:
        found = page_context.read(tx)
        stage = _due(found)
        if stage is None:
            return False
        size = limit or LIMITS[stage]
        claims = recompute.claim(tx, stage, size)
        if not claims:
            return False
        work = open_batch(tx, found, portal.runtime.now())
        _STAGES[stage](work, claims, len(claims) < size)
        failed = {one: work.failed[one.ref] for one in claims if one.ref in work.failed}
        recompute.add(tx, work.due)
        recompute.settle(tx, [one for one in claims if one not in failed])
        if failed:
            recompute.set_aside(tx, failed)
    return True


def conclude_one_record(portal: PortalContext, lease: Lease | None) -> bool:
    """Conclude one record, its try counted beforehand: for a lane whose last holder was killed at work, or fell."""
    with portal.transaction(lease) as tx:
        stage = _due(page_context.read(tx))
        claims = recompute.claim(tx, stage, 1) if stage is not None else ()
        if not claims:
            return False
        if claims[0].attempts >= recompute.MAX_ATTEMPTS:
            recompute.set_aside(
                tx, {claims[0]: "thinking about it failed or ended the process three times"}
            )
            return True
        recompute.count_try(tx, claims[0])
    return conclude_page(portal, lease, limit=1)


@contextlib.contextmanager
def _rarely_collected() -> Iterator[None]:
    """Look for garbage in cycles less often: a page makes many thousand values and hardly a cycle.

    With Python's own setting the looking takes a fifth of a page's time.
    """
    usual = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _due(found: PageContext) -> Stage | None:
    """The stage to work at: the lowest with due records, unless it has to wait for the import."""
    return None if found.running == "import" and found.stage not in WHILE_IMPORTING else found.stage


def _ids(claims: Sequence[Claim], object_type: str) -> list[int]:
    return [one.record_id for one in claims if one.object_type == object_type]


def _people(work: Batch, claims: Sequence[Claim], is_all: bool) -> None:
    if companies := _ids(claims, "company"):
        company_directory.refresh(work, companies)
    if found := _ids(claims, "deal"):
        deal_columns.refresh(work, found)
    persons = set(_ids(claims, "person"))
    if contacts := _ids(claims, "contact"):
        learned = identity_keys.refresh(work, contacts)
        if is_all:
            persons |= learned
        else:
            work.changed(Change.CONTACT_CHANGED, contacts=learned)
    if persons:
        people.refresh(work, persons)
    for object_type, change in _HANDED_ON.items():
        work.changed(change, records=refs(object_type, _ids(claims, object_type)))


# Nothing is concluded from these alone, only from what they are linked to.
_HANDED_ON = {"ticket": Change.TICKET_CHANGED, "feedback_submission": Change.ANSWER_CHANGED}


def _deals(work: Batch, claims: Sequence[Claim], _is_all: bool) -> None:
    if contacts := _ids(claims, "contact"):
        referral_search.of_contacts(work, contacts)
    if found := _ids(claims, "deal"):
        deal_conclusions.refresh(work, found)


def _summaries(work: Batch, claims: Sequence[Claim], _is_all: bool) -> None:
    if companies := _ids(claims, "company"):
        company_fields.refresh(work, companies)
    if contacts := _ids(claims, "contact"):
        contact_fields.refresh(work, contacts)


_STAGES = {Stage.PEOPLE: _people, Stage.DEALS: _deals, Stage.SUMMARIES: _summaries}
