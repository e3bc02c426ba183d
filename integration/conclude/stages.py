"""Stages: due records are concluded a page at a time: first people, then deals, then summaries.

:func:`conclude_page` takes a page of the lowest stage in one transaction, loads all it needs with a
bounded number of queries, applies the pure rules, and writes differences: persons, moves, sources,
ledger entries, conclusions and patches. What changed is recorded for the invalidation table.
Concluding a page twice changes nothing; a record on which a rule fails is set aside with the
reason, and its neighbours go on.
"""

import contextlib
import gc
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from integration.conclude import company_directory
from integration.conclude.batch import Batch, open_batch
from integration.conclude.deals import deal_columns, deal_conclusions
from integration.conclude.fields import company_fields, company_risk, contact_fields
from integration.conclude.people import identity_keys, people_stage
from integration.conclude.referrals import referral_search
from integration.portal import tries
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.database import Transaction
from integration.storage.queue import page_context, recompute
from integration.storage.queue.lanes import Lease
from integration.storage.queue.page_context import PageContext
from integration.storage.queue.recompute import Claim, Stage
from mappings.kinds import PERSON, ObjectType

_COLLECT_AFTER = 50_000  # new objects
_POISON = "thinking about it alone failed or ended the process three times"
LIMITS: Mapping[Stage, int] = {Stage.PEOPLE: 500, Stage.DEALS: 500, Stage.SUMMARIES: 400}
# What can be thought while records still arrive; a deal judged by half of its evidence would be
# judged again.
WHILE_IMPORTING = frozenset({Stage.PEOPLE})


def conclude_page(portal: PortalContext, lease: Lease | None, *, limit: int | None = None) -> bool:
    """Conclude one page of what is due; say whether there was any.

    Everything happens in one transaction: a process that dies leaves the page as it was.
    """
    with portal.transaction(lease) as tx:
        return conclude_within(tx, portal.runtime.now(), limit=limit)


def conclude_within(tx: Transaction, now: datetime, *, limit: int | None = None) -> bool:
    """As :func:`conclude_page`, within a transaction that the caller ends."""
    with _rarely_collected():
        context = page_context.read(tx)
        stage = _due(context)
        if stage is None:
            return False
        size = limit or LIMITS[stage]
        claims = recompute.claim(tx, stage, size)
        if not claims:
            return False
        batch = open_batch(tx, context, now)
        _STAGES[stage](batch, claims, len(claims) < size)
        _settle(batch, claims)
    return True


def conclude_one_record(portal: PortalContext, lease: Lease | None) -> bool:
    """Conclude one record, its try counted beforehand; say whether there was any.

    So it goes when the lane's last holder died at work, or stumbled several times: only record by
    record shows which record does it. What is not the record's fault gives its try back.
    """
    with portal.transaction(lease) as tx:
        stage = _due(page_context.read(tx))
        claims = recompute.claim(tx, stage, 1) if stage is not None else ()
        if not claims:
            return False
        claim = claims[0]
        if claim.is_worn:
            recompute.set_aside(tx, {claim: _POISON})
            return True
        recompute.count_try(tx, claim)
    with (
        tries.counted(portal.transaction, lambda tx: recompute.give_back(tx, claim)),
        portal.transaction(lease) as tx,
    ):
        batch = open_batch(tx, page_context.read(tx), portal.runtime.now())
        # Persons with new keys wait for the contacts that are due beside this one.
        is_all = False
        _STAGES[claim.stage](batch, [claim], is_all)
        _settle(batch, [claim], counted=True)
    return True


def _settle(batch: Batch, claims: Sequence[Claim], *, counted: bool = False) -> None:
    """Queue what follows, and take the claims off the queue; failed ones are set aside."""
    failed = {claim: batch.failed[claim.ref] for claim in claims if claim.ref in batch.failed}
    recompute.add(batch.tx, batch.due)
    recompute.settle(batch.tx, [claim for claim in claims if claim not in failed])
    if failed:
        recompute.set_aside(batch.tx, failed, counted=counted)


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


def _due(context: PageContext) -> Stage | None:
    """The stage to work at: the lowest with due records, unless it has to wait for the import."""
    must_wait = context.is_reading and context.stage not in WHILE_IMPORTING
    return None if must_wait else context.stage


def _ids(claims: Sequence[Claim], object_type: str) -> list[int]:
    return [claim.record_id for claim in claims if claim.object_type == object_type]


def _people(batch: Batch, claims: Sequence[Claim], is_all: bool) -> None:
    """Companies and deals first: contacts are judged by what both say."""
    if company_ids := _ids(claims, ObjectType.COMPANY):
        company_directory.refresh(batch, company_ids)
    if deal_ids := _ids(claims, ObjectType.DEAL):
        deal_columns.refresh(batch, deal_ids)
    if persons := _persons(batch, claims, is_all):
        people_stage.refresh(batch, persons)
    for object_type, change in _HANDED_ON.items():
        batch.changed(change, records=refs(object_type, _ids(claims, object_type)))


def _persons(batch: Batch, claims: Sequence[Claim], is_all: bool) -> set[int]:
    """The contacts to group now; with new keys they wait until no other contact needs its own."""
    persons = set(_ids(claims, PERSON))
    contact_ids = _ids(claims, ObjectType.CONTACT)
    keyed = identity_keys.refresh(batch, contact_ids) if contact_ids else set()
    if is_all:
        return persons | keyed
    batch.changed(Change.CONTACT_CHANGED, contacts=keyed)
    return persons


# Nothing is concluded from these alone, only from what they are linked to.
_HANDED_ON = {
    ObjectType.TICKET: Change.TICKET_CHANGED,
    ObjectType.FEEDBACK: Change.ANSWER_CHANGED,
}


def _deals(batch: Batch, claims: Sequence[Claim], _is_all: bool) -> None:
    if contact_ids := _ids(claims, ObjectType.CONTACT):
        referral_search.of_contacts(batch, contact_ids)
    if deal_ids := _ids(claims, ObjectType.DEAL):
        deal_conclusions.refresh(batch, deal_ids)


def _summaries(batch: Batch, claims: Sequence[Claim], is_all: bool) -> None:
    if company_ids := _ids(claims, ObjectType.COMPANY):
        company_fields.refresh(batch, company_ids)
    if contact_ids := _ids(claims, ObjectType.CONTACT):
        contact_fields.refresh(batch, contact_ids)
    if is_all:
        company_risk.settle_base(batch)


_STAGES = {Stage.PEOPLE: _people, Stage.DEALS: _deals, Stage.SUMMARIES: _summaries}
