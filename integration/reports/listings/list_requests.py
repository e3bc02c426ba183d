"""List requests: an address read as filters, an order and a place; what is made up is refused."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation

from integration.core.errors import Refused
from integration.reports.listings.list_parts import Filter, Listing, Takes
from integration.storage.listings.list_pages import Place, Wanted
from mappings.currencies import digits_of

_SORT, _AFTER, _BEFORE = "sort", "after", "before"
_ID = re.compile(r"[0-9]{1,18}", re.ASCII)
_KEY = re.compile(r"-?[0-9]{1,18}|-?[1-8][0-9]{18}", re.ASCII)
_LONGEST = 100  # characters of an address that a sentence repeats
_LARGEST_MAJOR = Decimal(10) ** 12
_LONGEST_VALUE = 1000


@dataclass(frozen=True, slots=True)
class Terms:
    """What values are read and written by: the account's currency and time zone."""

    currency: str
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Account:
    """What an address is read by: the terms, and the account's own choices.

    *choices* has the labels of stages and pipelines by filter; *is_used* tells whether the list
    has a row with another value.
    """

    terms: Terms
    choices: Mapping[str, Mapping[str, str]]
    is_used: Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class ChosenFilter:
    """A filter that is on: its texts as they stand in the address, and its value for the list."""

    filter: Filter
    texts: Sequence[str]
    value: object


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What an address asks of a list."""

    listing: Listing
    chosen: Sequence[ChosenFilter]
    sort: str
    wanted: Wanted


def read(listing: Listing, args: Mapping[str, Sequence[str]], account: Account) -> ListRequest:
    """Read an address. Raises Refused for a filter, value, order or place that there is not."""
    chosen: list[ChosenFilter] = []
    for name, texts in args.items():
        if name in {_SORT, _AFTER, _BEFORE}:
            continue
        written = [text.strip() for text in texts if text.strip()]
        entry = _filter_of(listing, name)
        if written:
            chosen.append(ChosenFilter(entry, written, _value(entry, written, account)))
    sort = _first(args, _SORT) or listing.order
    wanted = Wanted(
        {entry.filter.name: entry.value for entry in chosen},
        order=_order_of(listing, sort),
        is_descending=sort.startswith("-"),
        after=_place(listing, sort, _first(args, _AFTER)),
        before=_place(listing, sort, _first(args, _BEFORE)),
    )
    if wanted.after and wanted.before:
        raise Refused("A list goes on behind a row or before one: leave out “after” or “before”")
    return ListRequest(listing, chosen, sort, wanted)


def place_text(place: Place | None) -> str:
    """Return a place as it stands in an address; empty without one."""
    return f"{place.key}~{place.value}" if place else ""


def _first(args: Mapping[str, Sequence[str]], name: str) -> str:
    texts = args.get(name) or ("",)
    return texts[0]


def _filter_of(listing: Listing, name: str) -> Filter:
    entry = listing.filters_by_name.get(name)
    if entry is None:
        raise Refused(
            f"This list has no filter “{name[:_LONGEST]}”. Its filters are"
            f" {', '.join(listing.filters_by_name)}"
        )
    return entry


def _order_of(listing: Listing, sort: str) -> str:
    order = sort.removeprefix("-")
    if order not in listing.stored.orders:
        raise Refused(
            f"This list is not sorted by “{order[:_LONGEST]}”. It can be by"
            f" {', '.join(listing.stored.orders)}"
        )
    return order


def _is_time(text: str) -> bool:
    return text == "-infinity" or datetime.fromisoformat(text).tzinfo is not None


def _is_date(text: str) -> bool:
    return text == "-infinity" or bool(date.fromisoformat(text))


def _is_integer(text: str) -> bool:
    return -(1 << 63) <= int(text) < 1 << 63 and text.isascii()


def _is_number(text: str) -> bool:
    return Decimal(text).is_finite() and text.isascii()


# Whether a text can be cast to an order's type; what is no number or time raises ValueError.
_IS_OF_TYPE: Mapping[str, Callable[[str], bool]] = {
    "timestamptz": _is_time,
    "date": _is_date,
    "bigint": _is_integer,
    "int": _is_integer,
    "numeric": _is_number,
    "double precision": _is_number,
    "text": lambda text: "\x00" not in text,
}


def _place(listing: Listing, sort: str, text: str) -> Place | None:
    if not text:
        return None
    key, _, value = text.partition("~")
    kind = listing.stored.orders[_order_of(listing, sort)].kind
    if not (_KEY.fullmatch(key) and len(value) <= _LONGEST_VALUE and _is_of_type(kind, value)):
        raise Refused(f"“{_cut(text)}” is no place in this list: open its first page")
    return Place(value, int(key))


def _is_of_type(kind: str, value: str) -> bool:
    try:
        return _IS_OF_TYPE[kind](value)
    except (ValueError, InvalidOperation):
        return False


def _value(entry: Filter, texts: Sequence[str], account: Account) -> object:
    if entry.takes is Takes.CHOICE:
        return [_choice(entry, text, account) for text in texts]
    if entry.takes is Takes.OWNER:
        return [_record_id(entry, text, account) for text in texts]
    if len(texts) > 1:
        raise Refused(f"The filter “{entry.name}” takes one value, and has several")
    return _READERS[entry.takes](entry, texts[0], account)


def _choice(entry: Filter, text: str, account: Account) -> str:
    choices = account.choices.get(entry.name, entry.choices)
    if text in choices or (entry.in_use and account.is_used(entry.name, text)):
        return text
    if entry.in_use:
        raise Refused(
            f"This account has no {entry.name} “{_cut(text)}”: choose one on the list's page"
        )
    raise Refused(
        f"The filter “{entry.name}” cannot be “{_cut(text)}”: choose one of {', '.join(choices)}"
    )


def _record_id(entry: Filter, text: str, _account: Account) -> int:
    if not _ID.fullmatch(text):
        raise _unread(entry, text, "HubSpot's number of the record, like 4100")
    return int(text)


def _day(entry: Filter, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _unread(entry, text, "a date like 2027-03-31") from None
    if not date(1900, 1, 1) <= day <= date(2999, 12, 31):
        raise _unread(entry, text, "a date between 1900 and 2999")
    return day


def _start_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _money(entry: Filter, text: str, account: Account) -> int:
    """An amount in the account's currency, in its smallest unit."""
    digits = digits_of(account.terms.currency)
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise _unread(entry, text, "an amount like 25000 or 99.50") from None
    if not amount.is_finite() or abs(amount) > _LARGEST_MAJOR:
        raise _unread(entry, text, "an amount like 25000 or 99.50")
    return int(amount.scaleb(digits or 0).to_integral_value())


def _major(entry: Filter, text: str, account: Account) -> Decimal:
    """An amount as fields have it, in whole units and fractions."""
    return Decimal(_money(entry, text, account)).scaleb(-(digits_of(account.terms.currency) or 0))


def _number(entry: Filter, text: str, _account: Account) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise _unread(entry, text, "a whole number")
    return int(text)


def _yes(entry: Filter, text: str, _account: Account) -> bool:
    if text != "yes":
        raise _unread(entry, text, "“yes”, or left out")
    return True


_READERS: Mapping[Takes, Callable[[Filter, str, Account], object]] = {
    Takes.CONTACT: _record_id,
    Takes.COMPANY: _record_id,
    Takes.DAY_FROM: lambda entry, text, account: _start_of(_day(entry, text), account.terms.zone),
    # The day that is named counts whole.
    Takes.DAY_TO: lambda entry, text, account: _start_of(
        _day(entry, text) + timedelta(days=1), account.terms.zone
    ),
    Takes.DATE_FROM: lambda entry, text, _account: _day(entry, text),
    Takes.DATE_TO: lambda entry, text, _account: _day(entry, text),
    Takes.MONEY: _money,
    Takes.MAJOR: _major,
    Takes.NUMBER: _number,
    Takes.YES: _yes,
}


def _unread(entry: Filter, text: str, wanted: str) -> Refused:
    return Refused(f"The filter “{entry.name}” cannot be “{_cut(text)}”: it takes {wanted}")


def _cut(text: str) -> str:
    return text.replace("\x00", "\ufffd")[:_LONGEST]
