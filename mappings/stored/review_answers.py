"""Review questions and answers as they are stored: which records they are about, and the answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mappings.kinds import ReviewKind
from mappings.rules.findings import Reason


@dataclass(frozen=True, slots=True)
class WouldEarn:
    """One source that late evidence would credit; `share` in parts per million."""

    kind: str
    contact: int | None
    company: int | None
    share: int
    because: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is about. Which fields it has depends on its kind.

    `contacts` are the pair of an identity, former and new of a move, the candidates of a referral;
    `companies` former and new of a move, source and own of a merge. `owner` is the record that
    names a referrer of `target`. `mark` names the evidence that came late.
    """

    contacts: tuple[int, ...] = ()
    companies: tuple[int | None, ...] = ()
    deal: int | None = None
    company: int | None = None
    owner: str = ""
    target: str = ""
    mark: str = ""
    what: str = ""
    at: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    moved_at: datetime | None = None
    would: tuple[WouldEarn, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: the records it is about, and the contact, company or date it gives instead."""

    contacts: tuple[int, ...] = ()
    companies: tuple[int | None, ...] = ()
    deal: int | None = None
    owner: str = ""
    target: str = ""
    mark: str = ""
    pick: int | None = None
    company: int | None = None
    date: datetime | None = None
    split: bool = False


def is_complete(kind: str, about: Asked | Answered) -> bool:
    """Whether a question of this kind, or an answer to it, names all its records."""
    return _COMPLETE.get(kind, _is_whole_rejudge)(about)


_PAIR = 2


def _is_whole_rejudge(about: Asked | Answered) -> bool:
    return about.deal is not None and bool(about.mark)


_COMPLETE: Mapping[str, Callable[[Asked | Answered], bool]] = {
    ReviewKind.IDENTITY: lambda about: len(about.contacts) == _PAIR,
    ReviewKind.MOVE: lambda about: bool(about.contacts) and len(about.companies) == _PAIR,
    ReviewKind.REFERRAL: lambda about: bool(about.owner and about.target),
    ReviewKind.SUGGESTION: lambda about: bool(about.contacts) and about.deal is not None,
    ReviewKind.ARRIVAL: lambda about: bool(about.contacts) and about.deal is not None,
    ReviewKind.MERGE: lambda about: len(about.companies) == _PAIR and about.deal is not None,
    ReviewKind.REJUDGE: _is_whole_rejudge,
}


def named_records(kind: str, name: str) -> Mapping[str, Any]:
    """The fields of a question that its name holds; empty for a name of another form."""
    form = _NAMES.get(kind)
    match = form.fullmatch(name) if form else None
    return _FIELDS[kind](*match.groups()) if match else {}


_NAMES: Mapping[str, re.Pattern[str]] = {
    ReviewKind.IDENTITY: re.compile(r"(\d{1,18}):(\d{1,18})"),
    ReviewKind.MOVE: re.compile(r"(\d{1,18})>(\d{1,18}):(\d{1,18}|None)>(\d{1,18}|None)"),
    ReviewKind.REFERRAL: re.compile(r"(\w+:\d{1,18})\|(\w+:\d{1,18})\|(\d{1,18})"),
    ReviewKind.SUGGESTION: re.compile(r"(\d{1,18}):(\d{1,18})"),
    ReviewKind.ARRIVAL: re.compile(r"(\d{1,18}):(\d{1,18})"),
    ReviewKind.MERGE: re.compile(r"(\d{1,18}):(\d{1,18})"),
    ReviewKind.REJUDGE: re.compile(r"(\d{1,18}):(\w+)"),
}
_FIELDS: Mapping[str, Callable[..., Mapping[str, Any]]] = {
    ReviewKind.IDENTITY: lambda a, b: {"contacts": (int(a), int(b))},
    ReviewKind.MOVE: lambda former, new, left, joined: {
        "contacts": (int(former), int(new)),
        "companies": (_id(left), _id(joined)),
    },
    ReviewKind.REFERRAL: lambda owner, target, first: {
        "owner": owner,
        "target": target,
        "contacts": (int(first),) if int(first) else (),
    },
    ReviewKind.SUGGESTION: lambda deal, contact: {"deal": int(deal), "contacts": (int(contact),)},
    ReviewKind.ARRIVAL: lambda deal, contact: {"deal": int(deal), "contacts": (int(contact),)},
    ReviewKind.MERGE: lambda deal, source: {"deal": int(deal), "companies": (int(source), None)},
    ReviewKind.REJUDGE: lambda deal, mark: {"deal": int(deal), "mark": mark},
}


def _id(text: str) -> int | None:
    return None if text == "None" else int(text)
