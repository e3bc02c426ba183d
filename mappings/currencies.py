"""Currencies: how many digits each has after the point, and its sign where that is unmistakable."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_TWO = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD "
    "BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD "
    "EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS "
    "INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT "
    "MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
    "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP "
    "SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER "
    "ZAR ZMW ZWG ZWL"
)
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
DIGITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        code: places
        for places, codes in ((2, _TWO), (0, _NONE), (3, _THREE), (4, _FOUR))
        for code in codes.split()
    }
)
"""Decimal digits of each currency (ISO 4217). What is not here is no currency, and is refused."""
SIGNS: Final[Mapping[str, str]] = MappingProxyType({"EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"})
"""Of the currencies that people write by a sign. Other dollars and crowns go by their code."""


def digits_of(currency: str | None) -> int | None:
    """Digits after the point, or None for a code that is no currency."""
    return DIGITS.get((currency or "").strip().upper())
