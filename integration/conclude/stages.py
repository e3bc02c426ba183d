"""Conclude thinks: mirror rows in; persons, moves, sources, ledger rows, conclusions and planned patches out.

Work waits in the table `stale`, in three stages. One :func:`step` takes a page of the lowest stage
in one transaction, loads all it needs with a bounded number of queries, applies the pure rules, and
writes differences. Running a step twice changes nothing; a record that a rule cannot digest is set
aside with the reason and its neighbours go on.
"""

import contextlib
import gc
from collections.abc import Collection, Iterator, Mapping, Sequence

from integration.conclude import (
    company_directory,
    company_fields,
    contact_fields,
    deal_columns,
    deal_conclusions,
    people,
    referral_search,
)
from integration.conclude.batch import Batch, open_batch
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.findings import answer_labels
from integration.storage.findings import person_rows as rows
from integration.storage.mirror import mirror
from integration.storage.queue import page_context, recompute, time_dependent
from integration.storage.queue.lanes import Lease
from integration.storage.queue.page_context import PageContext
from integration.storage.queue.recompute import Claim
from mappings.rules.text import self_reported

_COLLECT_AFTER = 50_000  # new objects
LIMITS: Mapping[int, int] = {mirror.PEOPLE: 500, mirror.DEALS: 500, mirror.SUMMARIES: 400}
# What can be thought while records still arrive; a deal judged by half of its evidence would be
# judged again.
WHILE_IMPORTING = frozenset({mirror.PEOPLE})


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


def refresh_dated(tx: Transaction) -> int:
    """Mark records whose numbers depend on today's date, for a nightly run; return how many.

    Texts that an older classifier read are read again, too.
    """
    found = time_dependent.records(tx)
    mirror.mark_stale(tx, mirror.SUMMARIES, {ref for ref in found if ref[0] != "deal"})
    mirror.mark_stale(tx, mirror.DEALS, {ref for ref in found if ref[0] == "deal"})
    mirror.mark_stale(tx, mirror.DEALS, answer_labels.read_by_older(tx, self_reported.VERSION))
    return len(found)


def refresh_all(tx: Transaction) -> None:
    """Mark everything, after a change of settings: reprocessing is the same operation as processing."""
    time_dependent.mark_everything(tx)


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


def _due(found: PageContext) -> int | None:
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
        learned = people.learn(work, contacts)
        if is_all:
            persons |= learned
        else:
            mirror.mark_stale(work.tx, mirror.PEOPLE, {("person", one) for one in learned})
    if persons:
        people.refresh(work, persons)
    for kind in ("ticket", "feedback_submission"):
        if others := _ids(claims, kind):
            _hand_on(work, kind, others)


def _hand_on(work: Batch, object_type: str, record_ids: Collection[int]) -> None:
    """Tickets and answers concern the people and companies they are linked to; an answer may make a champion."""
    whom = mirror.links_from(work.tx, object_type, record_ids, "contact")
    where = mirror.links_from(work.tx, object_type, record_ids, "company")
    persons, _ = rows.groups(work.tx, {link.to_id for link in whom})
    contacts = {link.to_id for link in whom} | persons.keys()
    mirror.mark_stale(
        work.tx,
        mirror.SUMMARIES,
        {("contact", one) for one in contacts} | {("company", link.to_id) for link in where},
    )
    if object_type == "feedback_submission":
        people.mark_movers(work, {link.to_id for link in whom})
        people.mark_employers(work, contacts)


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


_STAGES = {mirror.PEOPLE: _people, mirror.DEALS: _deals, mirror.SUMMARIES: _summaries}
