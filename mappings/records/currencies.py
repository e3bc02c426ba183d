"""How many digits each currency has after the point; unknown codes have no answer."""

from typing import Final

from mappings.rules.ledger import money

DIGITS: Final = money.DIGITS


def digits_of(currency: str | None) -> int | None:
    """Digits after the point, or None for a code that is no currency."""
    return DIGITS.get((currency or "").strip().upper())
