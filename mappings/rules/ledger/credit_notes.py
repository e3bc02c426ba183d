"""Credit notes: deals of negative amount that take money back from an earlier one, shared alike.

HubSpot has no such thing. A won deal with a negative amount is a credit note; its original is the
deal that its name names, of the same company, won before: "Credit note: Platform licence" or
"Refund 12345678". Without an original it is judged like any deal.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from mappings.rules.facts import DealFacts
from mappings.rules.text.names import fold

_PHRASES = (
    "credit note", "credit memo", "refund", "chargeback", "reversal",
    "gutschrift", "erstattung", "storno", "avoir", "remboursement",
    "nota de credito", "abono", "reembolso", "estorno",
)  # fmt: skip
_LINKING = re.compile(r"^(?:for|of|zu|fur|sur|pour|para|de|do|da|del)\b")


def is_credit_note(deal: DealFacts) -> bool:
    """Whether a deal gives money back."""
    return deal.counts_as_won and (deal.amount_minor or 0) < 0


def original_of(note: DealFacts, others: Iterable[DealFacts]) -> int | None:
    """The deal that a credit note names; None when it names none, or a name that several bear."""
    name = named_in(note.name)
    if not name or not is_credit_note(note):
        return None
    originals = {
        deal.id
        for deal in others
        if _can_be_original(deal, note) and name in {fold(deal.name), str(deal.id)}
    }
    return originals.pop() if len(originals) == 1 else None


def _can_be_original(deal: DealFacts, note: DealFacts) -> bool:
    """Whether the same company won a deal before the note, in the same currency."""
    if deal.id == note.id or (deal.amount_minor or 0) <= 0:
        return False
    is_alike = (deal.company_id, deal.currency) == (note.company_id, note.currency)
    return is_alike and _since(deal) <= _since(note)


def _since(deal: DealFacts) -> datetime:
    return deal.closed_at or deal.created_at


def named_in(name: str) -> str:
    """What a credit note is of, by its name; empty when the name says of no credit note."""
    folded = fold(name)
    for phrase in _PHRASES:
        if folded.startswith(phrase):
            return _LINKING.sub("", folded.removeprefix(phrase).strip()).strip()
        if folded.endswith(phrase):
            return folded.removesuffix(phrase).strip()
    return ""
