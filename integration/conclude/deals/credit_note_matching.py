"""Credit notes among the deals of a page: whose money they give back, and by which shares."""

from collections.abc import Mapping, Sequence
from itertools import chain

from integration.conclude import record_facts
from integration.conclude.batch import Batch
from integration.portal.occurrence import known_ids
from integration.storage.database import Row
from integration.storage.findings import source_rows
from integration.storage.ledger import period_rows
from integration.storage.mirror import deal_rows
from mappings.rules.facts import DealFacts
from mappings.rules.ledger import credit_notes


def original_sources(batch: Batch, deals: Mapping[int, DealFacts]) -> dict[int, Sequence[Row]]:
    """The stored sources of each credit note's original, by credit note.

    Which deals are credit notes, and of what, is written down on the way.
    """
    notes = [deal for deal in deals.values() if credit_notes.is_credit_note(deal)]
    originals = _originals(batch, notes) if notes else {}
    period_rows.link_notes(batch.tx, deals.keys(), originals)
    sources = source_rows.of_deals(batch.tx, originals.values())
    return {note_id: sources.get(original_id, ()) for note_id, original_id in originals.items()}


def _originals(batch: Batch, notes: Sequence[DealFacts]) -> dict[int, int]:
    """The original of each note that names one, by note."""
    candidates = _paid_deals_beside(batch, notes)
    originals: dict[int, int] = {}
    for note in notes:
        original_id = credit_notes.original_of(note, candidates)
        if original_id is not None:
            originals[note.id] = original_id
    return originals


def _paid_deals_beside(batch: Batch, notes: Sequence[DealFacts]) -> Sequence[DealFacts]:
    """The won deals with an amount of the companies whose credit notes name a deal."""
    naming = [note for note in notes if credit_notes.named_in(note.name)]
    company_ids = known_ids(note.company_id for note in naming)
    if not company_ids:
        return ()
    rows = chain.from_iterable(deal_rows.of_companies(batch.tx, company_ids).values())
    deal_ids = {row["deal_id"] for row in rows if _is_paid(row)}
    return list(record_facts.deals(batch, deal_ids).values()) if deal_ids else ()


def _is_paid(row: Row) -> bool:
    return row["is_won"] and (row["amount_minor"] or 0) > 0
