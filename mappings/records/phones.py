"""Telephone numbers in the one form that compares: E.164, by the countries' numbering plans."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import CountryCodeSource, NumberParseException, PhoneNumber, ValidationResult

from mappings.records.values import Parsed

_LONGEST: Final = 250  # signs; several numbers with remarks fit, and the library reads no more
_DIGITS_OF_A_PHONE: Final = range(7, 16)
_REMEMBERED: Final = 1 << 14
_ODD: Final = "is not a telephone number"
COUNTRIES: Final = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""Countries with a numbering plan, as two letters."""
_EXTENSION = re.compile(
    r"[\s,;(]*"
    r"(?:;ext=|\b(?:ext(?:ension|n)?|extensi[oó]n|anexo|interno|poste|durchwahl|dw|доб)\b|x|#)"
    r"[.:\s]*\d{1,7}\)?\s*$",
    re.IGNORECASE,
)
# Whatever a language calls it, a word and a short number behind a whole one: ramal 12, 内線 12.
_REMARK_WITH_NUMBER = re.compile(r"[\s,;(]+[^\W\d_]{1,20}[.:]?\s*\d{1,6}\)?\s*$")
# Until 2019 a 1 stood between Mexico's code and a mobile's number; address books keep it.
_OLD_MEXICAN_MOBILE = re.compile(r"^\+521(?=\d{10}$)")
_BETWEEN_NUMBERS = re.compile(
    r"[;,|\n\r\t](?!ext=)|\s/\s|\b(?:or|oder|ou|und|and|et)\b|(?<=\d)[\s/]*(?=\+)"
)


def phones(text: str | None, country: str = "") -> Parsed[tuple[str, ...]]:
    """The numbers that a field holds, each once; see `phone`."""
    if not text or text.isspace():
        return Parsed()
    return _in_field(text, country) if len(text) <= _LONGEST else Parsed(odd=_ODD)


@lru_cache(maxsize=_REMEMBERED)  # a contact is read again with everybody who resembles it
def _in_field(written: str, country: str) -> Parsed[tuple[str, ...]]:
    numbers: list[str] = []
    for piece in _BETWEEN_NUMBERS.split(written):
        numbers += _parted(piece, country)
    return Parsed(tuple(dict.fromkeys(numbers))) if numbers else Parsed(odd=_ODD)


def _parted(piece: str, country: str) -> list[str]:
    """The numbers around a slash where each side is one; in 030/1234567 it ends the area code."""
    whole = phone(piece, country).value
    if "/" not in piece:
        return [whole] if whole else []
    sides = [phone(side, country).value for side in piece.split("/")]
    numbers = [number for number in sides if number]
    return [whole] if whole and len(numbers) < len(sides) else numbers


def phone(text: str | None, country: str = "") -> Parsed[str]:
    """A number as E.164 (`+447700900333`), when it is international or in the *country*'s own form.

    *country* is the portal's, as two letters. Any other number stays as its digits, without `+`:
    the local numbers of two countries can agree, so that it compares with nothing. An extension is
    dropped.
    """
    written = unicodedata.normalize("NFKC", text or "").strip()
    if not written:
        return Parsed()
    number = _number(written, country) if len(written) <= _LONGEST else None
    return Parsed(number) if number else Parsed(odd=_ODD)


def _number(written: str, country: str) -> str | None:
    # What stands before a plus says which number it is: "Tel. 2: +44 7700 900333".
    bare = _without_remark(_EXTENSION.sub("", written[max(0, written.find("+")) :]))
    digits = _digits(bare)
    is_international = "+" in bare or digits.startswith("00")
    dialled = f"+{digits.removeprefix('00')}" if is_international else digits
    dialled = _OLD_MEXICAN_MOBILE.sub("+52", dialled)
    # Words beside a number say whose it is; else they are part of it (1-800-FLOWERS).
    for attempt in (dialled, bare):
        number = _read(attempt, country)
        if number is not None:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    is_local = not is_international and len(digits) in _DIGITS_OF_A_PHONE
    return digits if is_local else None


def _without_remark(written: str) -> str:
    """A number without an extension that is named by some other word."""
    remark = _REMARK_WITH_NUMBER.search(written)
    before = written[: remark.start()] if remark else ""
    return before if len(_digits(before)) in _DIGITS_OF_A_PHONE else written


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(sign)) for sign in text if sign.isdigit())


def _read(dialled: str, country: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(dialled, country or None, keep_raw_input=True)
    except NumberParseException:
        return None
    return number if _can_be(number, dialled, country) else None


def _can_be(number: PhoneNumber, dialled: str, country: str) -> bool:
    """Whether a number can be somebody's and, written without its country, is this country's."""
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return False
    # One digit throughout stands where a form wanted a number.
    if len(set(str(number.national_number))) == 1:
        return False
    if number.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY:
        return True
    return phonenumbers.is_valid_number(number) or _has_trunk_prefix(dialled, country)


def _has_trunk_prefix(dialled: str, country: str) -> bool:
    """Whether a number begins as calls within the country do: new ranges are in no plan yet."""
    prefix = phonenumbers.ndd_prefix_for_region(country, strip_non_digits=True)
    return bool(prefix and dialled.startswith(prefix))
