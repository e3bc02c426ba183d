"""Credit notes: a deal of negative amount that takes money back from an earlier one, shared as that one was.

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
    "credit note", "credit memo", "refund", "chargeback", "reversal", "gutschrift", "erstattung", "storno", "avoir",
    "remboursement", "nota de credito", "abono", "reembolso", "estorno",
)  # fmt: skip
_LINKING = re.compile(r"^(?:for|of|zu|fur|sur|pour|para|de|do|da|del)\b")


def is_credit_note(deal: DealFacts) -> bool:
    """Whether a deal gives money back."""
    return deal.counts_as_won and (deal.amount_minor or 0) < 0


def original_of(note: DealFacts, others: Iterable[DealFacts]) -> int | None:
    """The deal that a credit note names; None when it names none, or a name that several bear."""
    named = named_in(note.name)
    if not named or not is_credit_note(note):
        return None
    fitting = {
        one.id
        for one in others
        if one.id != note.id
        and one.company_id == note.company_id
        and one.currency == note.currency
        and (one.amount_minor or 0) > 0
        and _since(one) <= _since(note)
        and (fold(one.name) == named or str(one.id) == named)
    }
    return fitting.pop() if len(fitting) == 1 else None


def _since(deal: DealFacts) -> datetime:
    return deal.closed_at or deal.created_at


def named_in(name: str) -> str:
    """What a credit note's name says beside that it is one; empty when it does not say that it is one."""
    folded = fold(name)
    for phrase in _PHRASES:
        if folded.startswith(phrase):
            return _LINKING.sub("", folded.removeprefix(phrase).strip()).strip()
        if folded.endswith(phrase):
            return folded.removesuffix(phrase).strip()
    return ""
