"""Report requests: what to add up, by what, of which deals and days, as an address says it.

`measure=booked&by=source&by=month&from=2026-01&to=2026-06&owner=88&compare=before` is read here for
pages, JSON, files, saved reports and commands alike, and written here for links.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeVar

from marshmallow import Schema, ValidationError, fields, post_load

from mappings.currencies import DIGITS
from mappings.kinds import Dimension, Measure, Preset

_Word = TypeVar("_Word", bound=StrEnum)
NOTHING: Final = "none"
"""Stands in a filter for records that have no such value."""
BEFORE: Final = "before"
MOST_GROUPINGS: Final = 2
_MOST_VALUES = 100
_LONGEST = 300
_PROPERTY_OF: Final[Mapping[str, Dimension]] = {
    "deal": Dimension.DEAL_PROPERTY,
    "company": Dimension.COMPANY_PROPERTY,
}
_PLAIN = tuple(kind for kind in Dimension if kind not in _PROPERTY_OF.values())
PERIODIC: Final = frozenset({Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR})
"""Dimensions that are days: they are filtered by the period."""
_FILTERS = tuple(kind for kind in _PLAIN if kind not in PERIODIC)


@dataclass(frozen=True, slots=True, order=True)
class Grouping:
    """What rows are of: a dimension, or a property of the deal or of the company that bought."""

    dimension: Dimension
    property_name: str = ""

    @property
    def word(self) -> str:
        """What an address calls it: month, company.industry."""
        if not self.property_name:
            return self.dimension.value
        owner = next(word for word, kind in _PROPERTY_OF.items() if kind is self.dimension)
        return f"{owner}.{self.property_name}"


Filters = Mapping[Grouping, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What a report is asked for.

    The period is from the day `first` to the day `last`, both included, in the account's time zone;
    None is open on that side. A `preset` is a period that moves on with the days. Amounts are in
    the account's currency, at the rates of each close; with `currency`, in that of the deals which
    have it. `compare`: beside the period before.
    """

    measures: tuple[Measure, ...] = (Measure.BOOKED,)
    by: tuple[Grouping, ...] = ()
    filters: Filters = field(default_factory=dict)
    first: date | None = None
    last: date | None = None
    preset: Preset | None = None
    compare: bool = False
    currency: str = ""


def read(pairs: Iterable[tuple[str, str]]) -> ReportRequest:
    """Read a request from an address's names and values; raise ValueError with a sentence."""
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        # The database keeps no text with a NUL sign, so no value has one.
        written = value.replace("\x00", "\ufffd").strip()[:_LONGEST]
        given.setdefault(name.strip(), []).append(written)
    filters = {}
    for name in [name for name in given if name not in _WORDS]:
        filters[_filter(name)] = _values(name, given.pop(name))
    kept = {name: values for name, values in given.items() if any(values)}
    try:
        request: ReportRequest = _SCHEMA.load({**kept, "filters": filters})
    except ValidationError as error:
        raise ValueError(_first_sentence(error.messages)) from error
    return request


def pairs(request: ReportRequest) -> list[tuple[str, str]]:
    """The names and values of a request's address, in one order however it was written."""
    found = [("measure", measure.value) for measure in request.measures]
    found += [("by", grouping.word) for grouping in request.by]
    found += [("period", request.preset.value)] if request.preset else []
    found += [("from", f"{request.first}")] if request.first else []
    found += [("to", f"{request.last}")] if request.last else []
    found += [("compare", BEFORE)] if request.compare else []
    found += [("currency", request.currency)] if request.currency else []
    for grouping in sorted(request.filters):
        found += [(grouping.word, value) for value in request.filters[grouping]]
    return found


def grouping_named(word: str) -> Grouping:
    """What an address means by a word; raise ValueError with the nearest word that there is."""
    owner, dot, name = word.partition(".")
    if dot and owner in _PROPERTY_OF and name:
        return Grouping(_PROPERTY_OF[owner], name)
    return Grouping(_member(word, _PLAIN, "nothing that a report can be by"))


def _filter(name: str) -> Grouping:
    if "." in name:
        return grouping_named(name)
    known = [kind.value for kind in _FILTERS]
    if name not in known:
        _refuse(name, [*known, *sorted(_WORDS)], "nothing that a report is asked for by")
    return Grouping(_member(name, _FILTERS, "no filter"))


def _values(name: str, values: Sequence[str]) -> tuple[str, ...]:
    if len(values) > _MOST_VALUES:
        raise ValueError(f"{name} has {len(values)} values; {_MOST_VALUES} are the most.")
    return tuple(sorted({value or NOTHING for value in values}))


def _refuse(word: str, allowed: Iterable[str], what: str) -> NoReturn:
    names = list(allowed)
    nearest = get_close_matches(word.lower(), names, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"there are {', '.join(names)}."
    raise ValueError(f"{word[:50]!r} is {what}: {hint}")


def _member(word: str, allowed: Sequence[_Word], what: str) -> _Word:
    by_word = {member.value: member for member in allowed}
    if word not in by_word:
        _refuse(word, by_word, what)
    return by_word[word]


def _first_sentence(messages: Any) -> str:  # noqa: ANN401 - marshmallow nests them at will
    while not isinstance(messages, str):
        messages = next(iter(messages.values() if isinstance(messages, dict) else messages))
    return messages


def _days(text: str) -> tuple[date, date]:
    """The first and the last day of what is written: a day, a month, a quarter or a year."""
    for pattern, days_of in _PERIODS:
        found = pattern.fullmatch(text)
        if found:
            try:
                return days_of(*map(int, found.groups()))
            except ValueError:
                break
    raise ValueError(
        f"{text[:50]!r} is no day: write 2026-05-31, or 2026-05, 2026-Q2, 2026 for all of its days."
    )


def _of_months(year: int, first: int, last: int) -> tuple[date, date]:
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def _of_day(year: int, month: int, day: int) -> tuple[date, date]:
    return date(year, month, day), date(year, month, day)


def _of_month(year: int, month: int) -> tuple[date, date]:
    return _of_months(year, month, month)


def _of_quarter(year: int, quarter: int) -> tuple[date, date]:
    return _of_months(year, 3 * quarter - 2, 3 * quarter)


def _of_year(year: int) -> tuple[date, date]:
    return _of_months(year, 1, 12)


_PERIODS: Final[Sequence[tuple[re.Pattern[str], Callable[..., tuple[date, date]]]]] = (
    (re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII), _of_day),
    (re.compile(r"(\d{4})-(\d{2})", re.ASCII), _of_month),
    (re.compile(r"(\d{4})-Q(\d)", re.ASCII | re.IGNORECASE), _of_quarter),
    (re.compile(r"(\d{4})", re.ASCII), _of_year),
)


class _Several(fields.Field[tuple[Any, ...]]):
    """A word that may stand in an address several times, also with commas between."""

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401 - marshmallow's signature
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,  # noqa: ANN401 - as above
    ) -> tuple[Any, ...]:
        del attr, data, kwargs
        words = [word.strip() for text in value for word in text.split(",")]
        try:
            found = tuple(dict.fromkeys(self.read(word) for word in words if word))
            return self.checked(found)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def read(self, word: str) -> Any:  # noqa: ANN401 - of any kind
        raise NotImplementedError

    def checked(self, found: tuple[Any, ...]) -> tuple[Any, ...]:
        return found


class _Measures(_Several):
    def read(self, word: str) -> Measure:
        return _member(word, tuple(Measure), "no measure")


class _Groupings(_Several):
    def read(self, word: str) -> Grouping:
        return grouping_named(word)

    def checked(self, found: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(found) > MOST_GROUPINGS:
            words = ", ".join(grouping.word for grouping in found)
            raise ValueError(f"A report is by {MOST_GROUPINGS} things at most, not by {words}.")
        if len(PERIODIC & {grouping.dimension for grouping in found}) > 1:
            raise ValueError("Choose one of month, quarter and year: each row is in one period.")
        return found


class _Once(_Several):
    """A word that may stand in an address once."""

    def checked(self, found: tuple[Any, ...]) -> Any:  # noqa: ANN401 - the one value
        if len(found) > 1:
            raise ValueError(f"{self.data_key or self.name} is given several times; give it once.")
        return found[0] if found else self.load_default


class _FirstDay(_Once):
    def read(self, word: str) -> date:
        return _days(word)[0]


class _LastDay(_Once):
    def read(self, word: str) -> date:
        return _days(word)[1]


class _Preset(_Once):
    def read(self, word: str) -> Preset:
        return _member(word, tuple(Preset), "no period")


class _Compare(_Once):
    def read(self, word: str) -> bool:
        if word != BEFORE:
            _refuse(word, [BEFORE], "nothing that a report is compared with")
        return True


class _Currency(_Once):
    def read(self, word: str) -> str:
        code = word.upper()
        if code not in DIGITS:
            raise ValueError(f"{word[:20]!r} is no currency of ISO 4217.")
        return code


class _RequestSchema(Schema):
    measures = _Measures(data_key="measure", load_default=(Measure.BOOKED,))
    by = _Groupings(load_default=())
    filters = fields.Raw(load_default=dict)
    first = _FirstDay(data_key="from", load_default=None)
    last = _LastDay(data_key="to", load_default=None)
    preset = _Preset(data_key="period", load_default=None)
    compare = _Compare(load_default=False)
    currency = _Currency(load_default="")

    @post_load
    def build(self, data: dict[str, Any], **_more: object) -> ReportRequest:
        first, last = data["first"], data["last"]
        if first and last and last < first:
            raise ValidationError(f"The period ends on {last}, before it begins on {first}.")
        if data["preset"] and (first or last):
            raise ValidationError("Say either a period, or from when to when.")
        is_closed = (first and last) or data["preset"] not in {None, Preset.ALL_TIME}
        if data["compare"] and not is_closed:
            raise ValidationError("Say from when to when: only then is there a period before.")
        return ReportRequest(**data)


_SCHEMA: Final = _RequestSchema()
_WORDS: Final = frozenset(
    schema_field.data_key or name
    for name, schema_field in _SCHEMA.fields.items()
    if name != "filters"
)
