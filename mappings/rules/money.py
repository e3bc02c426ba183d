"""Money: how many digits each currency has, text to minor units, and conversion at a frozen rate."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from fractions import Fraction

from mappings.rules.names import words

NO_DIGITS = words("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF")
THREE_DIGITS = words("BHD IQD JOD KWD LYD OMR TND")
TWO_DIGITS = words(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
    CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
    HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP
    MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS
    VED VES WST XCD YER ZAR ZMW ZWG
    """
)
LARGEST = 10**18
"""Beyond any deal; a bigger number is a typing mistake."""


def digits(currency: str) -> int:
    """Decimal digits of a currency; an unknown one is refused, never assumed to be the home currency."""
    code = currency.upper()
    if code in TWO_DIGITS:
        return 2
    if code in NO_DIGITS:
        return 0
    if code in THREE_DIGITS:
        return 3
    raise ValueError(f"unknown currency {currency!r}")


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
    if not value.is_finite() or value.adjusted() > len(str(LARGEST)):
        raise ValueError(f"not an amount: {text[:40]!r}")
    return int(value.scaleb(digits(currency)).to_integral_value(ROUND_HALF_EVEN))


def major(amount_minor: int, currency: str) -> str:
    """Minor units as plain decimal text, as the CRM stores it."""
    return str(Decimal(amount_minor).scaleb(-digits(currency)))


def shown(amount_minor: int, currency: str) -> str:
    """Minor units for people: thousands separated, the currency behind."""
    places = digits(currency)
    return f"{Decimal(amount_minor).scaleb(-places):,.{places}f} {currency.upper()}"


def convert(amount_minor: int, currency: str, rate: str, home: str) -> int:
    """*amount_minor* in the home currency's minor units at a decimal *rate* (home per unit), half even."""
    factor = Fraction(rate) * Fraction(10) ** (digits(home) - digits(currency))
    return round(amount_minor * factor)
