"""Who is a customer: counted once while an account is imported, and asked where rules disagree."""

import functools
from collections.abc import Sequence
from typing import Final

from integration.ingest import fetching, sync
from integration.portal import invalidation, settings, setup_questions
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.mirror import customer_counts
from integration.storage.queue import import_runs
from integration.storage.queue.import_runs import Run, Stream
from integration.storage.queue.lanes import Lease
from integration.storage.service import portals
from mappings.kinds import ObjectType
from mappings.records.portal_map import PortalMap
from mappings.records.row_reader import history_of
from mappings.records.setup_kinds import (
    BY_DEALS,
    BY_STAGE_ALWAYS,
    BY_STAGE_REACHED,
    CUSTOMER_RULE,
)
from mappings.rules.facts import Version
from mappings.rules.success import customer_rule
from mappings.rules.success.customer_rule import CustomerCounts, StageDates
from mappings.stored.setup_shapes import Candidate, SetupQuestion

# HubSpot's own name of the stage, whatever its label.
STAGE: Final = "customer"
_STAGE_PROPERTY: Final = "lifecyclestage"
_NEEDED = frozenset({"records:company", "records:deal", "links:deal>company"})
# Histories are read 50 a call. So many companies, spread over all, say how stages were set; the
# dates of the others are read after the answer, if it wants them.
_MOST_READ: Final = 5_000
_AT_ONCE: Final = 500  # as many as one transaction stores well within a lease
_SHOWN_NAMES: Final = 3


def is_ready(streams: Sequence[Stream]) -> bool:
    """Whether all companies and deals have been read, and which deal is whose."""
    done = {stream.name for stream in streams if stream.done}
    return done >= _NEEDED


def settle(portal: PortalContext, lease: Lease, run: Run) -> None:
    """Count who is a customer, once an import; ask where stage and won deals disagree.

    Where somebody chose a stage already, or answered, nobody is asked.
    """
    with portal.transaction(lease) as tx:
        if import_runs.is_counted(tx, run):
            return
        portal_map = settings.read(tx).map
        installed = portals.find(tx, portal.portal_id)
        counts = customer_counts.counts(tx, portal_map, STAGE)
        is_asked = counts.is_disputed and not portal_map.customer_stage
        ids = customer_counts.at_stage(tx, STAGE) if is_asked else []
    if installed is None:
        return
    histories = _read_histories(portal, lease, _spread(ids))
    dates = customer_rule.stage_dates(histories, STAGE, installed.installed_at)
    with portal.transaction(lease) as tx:
        if is_asked:
            question = _question(tx, portal_map, counts, dates)
            setup_questions.ask(tx, CUSTOMER_RULE, STAGE, question)
        import_runs.note_counted(tx, run)


def _spread(ids: Sequence[int]) -> Sequence[int]:
    """At most so many of the companies as are read, from the oldest to the newest."""
    step = -(-len(ids) // _MOST_READ) or 1
    return ids[::step]


def _read_histories(
    portal: PortalContext, lease: Lease, ids: Sequence[int]
) -> list[tuple[Version, ...]]:
    """Read and store the stage's history of these companies, which an import does not read."""
    names, history = fetching.properties_to_read(portal, ObjectType.COMPANY)
    wanted = tuple(dict.fromkeys([*history, _STAGE_PROPERTY]))
    histories: list[tuple[Version, ...]] = []
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        records = portal.hubspot.read(ObjectType.COMPANY, some, names, wanted).records
        with portal.transaction(lease) as tx:
            changed = sync.store_records(tx, records, known_contacts=frozenset())
            invalidation.record(tx, Change.RECORD_CHANGED, records=changed)
        histories += [history_of(record, _STAGE_PROPERTY) for record in records]
    return histories


def _question(
    tx: Transaction, portal_map: PortalMap, counts: CustomerCounts, dates: StageDates
) -> SetupQuestion:
    staged = _names(tx, portal_map, counts.only_by_stage, by_stage=True)
    bought = _names(tx, portal_map, counts.by_deals - counts.by_both, by_stage=False)
    stage = functools.partial(Candidate, sample=staged, count=counts.by_stage, counted="companies")
    return SetupQuestion(
        text=(
            f"{counts.by_stage:,} companies are customers by lifecycle stage,"
            f" {counts.by_deals:,} by won deals, {counts.by_both:,} by both: which counts?"
        ),
        candidates=(
            stage(BY_STAGE_REACHED, "The lifecycle stage, from the day a company reached it"),
            stage(BY_STAGE_ALWAYS, "The lifecycle stage, always: its dates say nothing"),
            Candidate(
                BY_DEALS,
                "Won deals, from the day of the first one",
                bought,
                counts.by_deals,
                "companies",
            ),
        ),
        proposal=(BY_STAGE_REACHED if dates.are_believed else BY_STAGE_ALWAYS,),
        because=_because(counts, dates),
    )


def _names(tx: Transaction, portal_map: PortalMap, count: int, *, by_stage: bool) -> str:
    """Companies that count by this rule alone, in words."""
    names = customer_counts.examples(tx, portal_map, STAGE, by_stage=by_stage, limit=_SHOWN_NAMES)
    if not names:
        return ""
    lacks = "without a won deal" if by_stage else "without the stage"
    return f"{count:,} of them {lacks}, for instance {', '.join(names)}"


def _because(counts: CustomerCounts, dates: StageDates) -> str:
    """Why the stage, and why with or without its dates."""
    unused = (
        f"{counts.only_by_stage:,} of {counts.by_stage:,} companies at the stage have no won deal"
    )
    if dates.are_believed:
        told = dates.companies - dates.in_bulk - dates.undated
        return f"{unused}, and {told:,} of {dates.companies:,} reached it one by one, with a date"
    parts = (
        f"{number:,} of {dates.companies:,} {how}"
        for number, how in (
            (dates.in_bulk, "were put there in bulk"),
            (dates.undated, "have no date from before the install"),
        )
        if number
    )
    return f"{unused}, and {' and '.join(parts)}"
