"""Columns of a file of survey answers: which is what, and what each row says."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, tzinfo
from typing import Final

from mappings.records import addresses, identifiers
from mappings.records.answer_column_names import NAMES
from mappings.records.inbound_bodies import LONGEST_COMMENT

TOP: Final = 10
_LONGEST_KEY: Final = 150
_DIGITS: Final = re.compile(r"\s*(\d{1,2})(?:\.0+)?\s*", re.ASCII)
_PARTS: Final = re.compile(
    r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})"
    r"(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([AaPp])\.?[Mm])?)?",
    re.ASCII,
)
_EPOCH: Final = re.compile(r"\d{10}|\d{13}", re.ASCII)
_NOON: Final = time(12)
_WORDS: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what, by its place from 0; None: there is none.

    `is_day_first` says how 03/04/2026 is read; None: the file has dates that can be read both ways
    and nothing that tells.
    """

    score: int | None = None
    contact: int | None = None
    email: int | None = None
    token: int | None = None
    at: int | None = None
    comment: int | None = None
    key: int | None = None
    is_day_first: bool | None = None


ROLES: Final = tuple(part.name for part in fields(Columns) if part.name != "is_day_first")


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What a row says: an answer by whom its cells name."""

    key: str
    score: int
    at: datetime
    contact_id: int | None
    email: str | None
    token: str
    comment: str


class RowRefused(ValueError):
    """A row that holds no answer; the message is the reason."""


def guess(head: Sequence[str], sample: Sequence[Sequence[str]]) -> Columns:
    """Return which column is what, by what it is called and by what stands in it."""
    found: dict[str, int | None] = {}
    taken: set[int] = set()
    for role in ROLES:
        place = _best(role, head, sample, taken)
        found[role] = place
        if place is not None:
            taken.add(place)
    is_day_first = day_first(_column(sample, found["at"]))
    return Columns(**found, is_day_first=is_day_first)


def day_first(texts: Sequence[str]) -> bool | None:
    """Whether dates begin with the day, by points or a number above 12; None: nothing tells."""
    read = [match for text in texts if (match := _PARTS.match(text.strip()))]
    doubtful = [match for match in read if len(match[1]) < 4]  # noqa: PLR2004 - digits of a year
    if not doubtful:
        return True
    if any(map(_begins_with_day, doubtful)):
        return True
    return False if any(int(match[2]) > 12 for match in doubtful) else None  # noqa: PLR2004


def _begins_with_day(date: re.Match[str]) -> bool:
    """Points between numbers are how those write who begin with the day."""
    return "." in date[0].split()[0] or int(date[1]) > 12  # noqa: PLR2004 - months


def missing(columns: Columns) -> str:
    """Say what has to be chosen before rows can be read; empty when nothing lacks."""
    if columns.score is None:
        return "Say which column holds the score, from 0 to 10"
    if columns.at is None:
        return "Say which column holds the day of the answer"
    if columns.contact is None and columns.email is None and columns.token is None:
        return "Say which column tells who answered: a contact's ID, an e-mail address or a token"
    if columns.is_day_first is None:
        return "Say whether dates begin with the day or with the month"
    chosen = [getattr(columns, role) for role in ROLES if getattr(columns, role) is not None]
    if len(set(chosen)) < len(chosen):
        return "A column is chosen twice: choose another for one of them"
    return ""


def read(cells: Sequence[str], columns: Columns, *, width: int, zone: tzinfo) -> RowAnswer:
    """Read a row; raises RowRefused with the reason.

    Formulas are text like any other. A day without a time is its noon in *zone*.
    """
    if len(cells) > width:
        raise RowRefused(f"has {len(cells)} cells where the head has {width}")
    score = _score(_cell(cells, columns.score))
    at = _moment(_cell(cells, columns.at), is_day_first=bool(columns.is_day_first), zone=zone)
    contact_id, email, token = _person(cells, columns)
    comment = _cell(cells, columns.comment)
    if len(comment) > LONGEST_COMMENT:
        raise RowRefused(f"the comment is longer than {LONGEST_COMMENT} characters")
    who = token or contact_id or email
    key = _cell(cells, columns.key)[:_LONGEST_KEY]
    # Without an id of the tool's, the same person and time are the same answer.
    made_up = hashlib.sha256(f"{who}|{at.isoformat()}".encode()).hexdigest()[:32]
    return RowAnswer(key or f"row:{made_up}", score, at, contact_id, email, token, comment)


def _score(text: str) -> int:
    if not text:
        raise RowRefused("the score is empty")
    found = _DIGITS.fullmatch(text)
    if found is None or int(found[1]) > TOP:
        raise RowRefused(
            "the score is no whole number from 0 to 10; other scales are never converted"
        )
    return int(found[1])


def _person(cells: Sequence[str], columns: Columns) -> tuple[int | None, str | None, str]:
    written, address = _cell(cells, columns.contact), _cell(cells, columns.email)
    contact_id = identifiers.read(written)
    email = addresses.email(address).value if address else None
    token = _cell(cells, columns.token)
    if contact_id or email or token:
        return contact_id, email, token
    if written:
        raise RowRefused("the contact's ID is no number")
    raise RowRefused("the e-mail address is none" if address else "nobody is named")


def _moment(text: str, *, is_day_first: bool, zone: tzinfo) -> datetime:
    if not text:
        raise RowRefused("the day is empty")
    try:
        return _date(text, is_day_first=is_day_first, zone=zone).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise RowRefused("the day cannot be read as a date") from None


def _date(text: str, *, is_day_first: bool, zone: tzinfo) -> datetime:
    if _EPOCH.fullmatch(text):
        seconds = int(text) / (1000 if len(text) > 10 else 1)  # noqa: PLR2004 - digits of seconds
        return datetime.fromtimestamp(seconds, UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _by_parts(text, is_day_first=is_day_first, zone=zone)
    is_day = len(text) <= len("2026-01-01")
    found = datetime.combine(found.date(), _NOON) if is_day else found
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _by_parts(text: str, *, is_day_first: bool, zone: tzinfo) -> datetime:
    match = _PARTS.fullmatch(text)
    if match is None:
        raise ValueError(text)
    first, second, third = (int(match[number]) for number in (1, 2, 3))
    if len(match[1]) == 4:  # noqa: PLR2004 - digits of a year
        year, month, day = first, second, third
    elif is_day_first:
        day, month, year = first, second, third
    else:
        month, day, year = first, second, third
    year += 2000 if year < 100 else 0  # noqa: PLR2004 - a year of two digits
    return datetime.combine(datetime(year, month, day), _clock(match), zone)  # noqa: DTZ001


def _clock(match: re.Match[str]) -> time:
    if match[4] is None:
        return _NOON
    hour = int(match[4])
    if match[7]:
        hour = hour % 12 + (12 if match[7] in "Pp" else 0)
    return time(hour, int(match[5]), int(match[6] or 0))


def _best(
    role: str, head: Sequence[str], sample: Sequence[Sequence[str]], taken: set[int]
) -> int | None:
    """The free column that is called most like the role, and holds what it has to."""
    ranked = []
    for place, title in enumerate(head):
        rank = _rank(role, title)
        if place not in taken and rank is not None and _holds(role, _column(sample, place)):
            ranked.append((rank, place))
    if ranked:
        return min(ranked)[1]
    return _only_with_addresses(sample, len(head), taken) if role == "email" else None


def _rank(role: str, title: str) -> int | None:
    """How well a title names a role, 0 best; None: it does not."""
    words = " ".join(_WORDS.findall(title.casefold())) or title.strip()
    names = NAMES[role]
    if words in names:
        return names.index(words)
    inside = [place for place, name in enumerate(names) if f" {name} " in f" {words} "]
    # Of short names, such as "id" or "data", a part says nothing.
    parts = [place for place in inside if len(names[place]) > 3]  # noqa: PLR2004 - letters
    return len(names) + parts[0] if parts else None


def _holds(role: str, texts: Sequence[str]) -> bool:
    """Whether most cells that are filled can be what the role asks for."""
    filled = [text for text in texts if text]
    check = {"score": _is_score, "email": _is_address, "contact": _is_id, "at": _is_day}.get(role)
    if check is None or not filled:
        return True
    return sum(map(check, filled)) * 2 > len(filled)


def _is_score(text: str) -> bool:
    return _DIGITS.fullmatch(text) is not None


def _is_address(text: str) -> bool:
    return "@" in text


def _is_id(text: str) -> bool:
    return identifiers.read(text) is not None


def _is_day(text: str) -> bool:
    try:
        _date(text, is_day_first=True, zone=UTC)
    except (ValueError, OverflowError, OSError):
        return _PARTS.fullmatch(text) is not None
    return True


def _only_with_addresses(
    sample: Sequence[Sequence[str]], width: int, taken: set[int]
) -> int | None:
    """The one column in which addresses stand, whatever it is called."""
    found = []
    for place in set(range(width)) - taken:
        filled = [text for text in _column(sample, place) if text]
        if filled and all(map(_is_address, filled)):
            found.append(place)
    return found[0] if len(found) == 1 else None


def _column(sample: Sequence[Sequence[str]], place: int | None) -> list[str]:
    return [] if place is None else [_cell(cells, place) for cells in sample]


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place].strip() if place is not None and place < len(cells) else ""
