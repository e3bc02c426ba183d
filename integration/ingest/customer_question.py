"""Who is a customer: counted once, when an account is imported, and asked where rules disagree."""

import functools
from collections.abc import Mapping, Sequence
from typing import Final

from integration.ingest import fetching, sync
from integration.portal import invalidation, settings, setup_questions
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.mirror import customer_counts
from integration.storage.queue import import_runs, stream_troubles
from integration.storage.queue.import_runs import Run, Stream
from integration.storage.queue.lanes import Lease
from integration.storage.service import portals
from mappings.kinds import ObjectType
from mappings.records.portal_map import PortalMap
from mappings.records.property_labels import UNKNOWN, labels_of
from mappings.records.row_reader import history_of
from mappings.records.setup_kinds import (
    BY_DEALS,
    BY_STAGE_ALWAYS,
    BY_STAGE_REACHED,
    CUSTOMER_RULE,
)
from mappings.rules.facts import Version
from mappings.rules.success import customer_rule
from mappings.rules.success.customer_rule import STAGE, CustomerCounts, StageDates
from mappings.stored.setup_shapes import Candidate, SetupQuestion

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
    """Count who is a customer, once an account; ask where stage and won deals disagree.

    Where somebody chose a stage already, nobody is asked. While HubSpot refuses to show companies
    or deals there is nothing to count: a later pass does.
    """
    with portal.transaction(lease) as tx:
        if import_runs.is_counted(tx) or _NEEDED & stream_troubles.refused(tx).keys():
            return
        portal_map = settings.read(tx).map
        companies = customer_counts.by_stage(tx)
    if not portal_map.customer_stage:
        _ask_if_disputed(portal, lease, portal_map, _stage(portal, companies))
    with portal.transaction(lease) as tx:
        import_runs.note_counted(tx, run)


def _stage(portal: PortalContext, companies: Mapping[str, int]) -> str:
    """The stage of customers; what an account's own stages are called is asked of HubSpot."""
    if not companies or STAGE in companies:
        return STAGE
    definitions = portal.hubspot.properties(ObjectType.COMPANY)
    labels = {definition.get("name"): labels_of(definition) for definition in definitions}
    return customer_rule.customer_stage(companies, labels.get(_STAGE_PROPERTY, UNKNOWN).options)


def _ask_if_disputed(
    portal: PortalContext, lease: Lease, portal_map: PortalMap, stage: str
) -> None:
    with portal.transaction(lease) as tx:
        counts = customer_counts.counts(tx, portal_map, stage)
        ids = customer_counts.at_stage(tx, stage) if counts.is_disputed else []
        installed = portals.find(tx, portal.portal_id)
    if not counts.is_disputed or installed is None:
        return
    histories = _read_histories(portal, lease, _spread(ids))
    dates = customer_rule.stage_dates(histories, stage, installed.installed_at)
    with portal.transaction(lease) as tx:
        # Somebody may have chosen while histories were read.
        if not settings.read(tx).map.customer_stage:
            question = _question(tx, portal_map, stage, counts, dates)
            setup_questions.ask(tx, CUSTOMER_RULE, stage, question)


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
    tx: Transaction,
    portal_map: PortalMap,
    stage_name: str,
    counts: CustomerCounts,
    dates: StageDates,
) -> SetupQuestion:
    staged, bought = (
        customer_counts.examples(tx, portal_map, stage_name, by_stage=by_stage, limit=_SHOWN_NAMES)
        for by_stage in (True, False)
    )
    stage = functools.partial(
        Candidate,
        sample=_lacking(counts.only_by_stage, "a won deal", staged),
        count=counts.by_stage,
        counted="companies",
    )
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
                _lacking(counts.by_deals - counts.by_both, "the stage", bought),
                counts.by_deals,
                "companies",
            ),
        ),
        proposal=(BY_STAGE_REACHED if dates.are_believed else BY_STAGE_ALWAYS,),
        because=_because(counts, dates),
    )


def _lacking(number: int, what: str, names: Sequence[str]) -> str:
    """How many of the companies lack what the other rule asks for, and some of their names."""
    return f"{number:,} of them without {what}, for instance {', '.join(names)}" if names else ""


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
