"""Credit notes among the deals of a page: whose money they give back, and by which shares."""

from collections.abc import Mapping, Sequence

from integration.conclude import record_facts
from integration.conclude.batch import Batch
from integration.storage.database import Row
from integration.storage.findings import source_rows
from integration.storage.ledger import period_rows
from integration.storage.mirror import deal_rows
from mappings.rules.facts import DealFacts
from mappings.rules.ledger import credit_notes


def of_page(batch: Batch, deals: Mapping[int, DealFacts]) -> dict[int, Sequence[Row]]:
    """The judged sources of each credit note's original, by credit note; which belongs to which is written down."""
    notes = [deal for deal in deals.values() if credit_notes.is_credit_note(deal)]
    found = _originals(batch, notes) if notes else {}
    period_rows.link_notes(batch.tx, deals.keys(), found)
    rows = source_rows.of_deals(batch.tx, found.values())
    return {note: rows.get(original, ()) for note, original in found.items()}


def _originals(batch: Batch, notes: Sequence[DealFacts]) -> dict[int, int]:
    firms = {
        note.company_id
        for note in notes
        if note.company_id is not None and credit_notes.named_in(note.name)
    }
    bought = (
        [row for rows in deal_rows.of_companies(batch.tx, firms).values() for row in rows]
        if firms
        else []
    )
    ids = {row["deal_id"] for row in bought if row["is_won"] and (row["amount_minor"] or 0) > 0}
    others = record_facts.deals(batch, ids).values() if ids else ()
    found = ((note.id, credit_notes.original_of(note, others)) for note in notes)
    return {note: original for note, original in found if original is not None}
