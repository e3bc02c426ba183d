"""Money: text to minor units and back, and conversion at a frozen rate."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from fractions import Fraction

from mappings import formats
from mappings.currencies import DIGITS

LARGEST = 10**15
"""Minor units: beyond any deal, and small enough that sums fit the database. More is refused."""


def digits(currency: str) -> int:
    """Decimal digits of a currency.

    Raises ValueError for an unknown one: it is never taken for the home currency.
    """
    places = DIGITS.get(currency.strip().upper())
    if places is None:
        raise ValueError(f"unknown currency {currency!r}")
    return places


def minor(text: str, currency: str) -> int | None:
    """HubSpot's decimal text in minor units, half even; None for empty text.

    Raises ValueError for what is no finite decimal number, thousands separators included.
    """
    if not text.strip():
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation as error:
        raise ValueError(f"not an amount: {text[:40]!r}") from error
    if not value.is_finite():
        raise ValueError(f"not an amount: {text[:40]!r}")
    # Before scaling: 1e400 would become 400 digits.
    if value and value.adjusted() > len(str(LARGEST)):
        raise ValueError(f"not an amount: {text[:40]!r} is too large")
    with localcontext() as exact:
        exact.prec = 100
        units = int(value.scaleb(digits(currency)).to_integral_value(ROUND_HALF_EVEN))
    if abs(units) > LARGEST:
        raise ValueError(f"not an amount: {text[:40]!r} is too large")
    return units


def major(amount_minor: int, currency: str) -> str:
    """Minor units as plain decimal text, as the CRM stores it."""
    return str(Decimal(amount_minor).scaleb(-digits(currency)))


def shown(amount_minor: int, currency: str) -> str:
    """Minor units for people. Raises ValueError for an unknown currency."""
    digits(currency)
    return formats.money(amount_minor, currency)


def convert(amount_minor: int, currency: str, rate: str, home: str) -> int:
    """An amount in the home currency's minor units at a decimal *rate* (home a unit), half even."""
    factor = Fraction(rate) * Fraction(10) ** (digits(home) - digits(currency))
    return round(amount_minor * factor)


def refusal(amount: str, currency: str) -> str | None:
    """Why the CRM's amount cannot be booked, and what to do, in a sentence; None when it can."""
    if not currency.strip():
        return (
            "The deal has no currency, and the account none of its own: choose one, then the credit"
            " is booked."
        )
    try:
        digits(currency)
    except ValueError:
        return (
            f"{currency.strip()[:10]!r} is no currency of ISO 4217, so nothing is booked: choose"
            " the deal's currency again. It is not taken for the account's own."
        )
    if not amount.strip():
        return "The deal has no amount yet: the credit is booked when one arrives."
    try:
        units = minor(amount, currency)
    except ValueError as error:
        return f"Nothing is booked, {error}: correct the deal's amount."
    return None if units else "The amount is zero: the credit is booked when there is one."
