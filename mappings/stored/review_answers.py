"""Questions and answers as they are kept: the records they are about, and what an answer says."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    """What is kept with an answer: what it is about, and whom, what or when it says instead."""

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
    """Whether it is known what a question of this kind, or an answer to it, is about."""
    contacts, companies = len(about.contacts), len(about.companies)
    match kind:
        case "identity":
            return contacts == _PAIR
        case "move":
            return contacts > 0 and companies == _PAIR
        case "referral":
            return bool(about.owner and about.target)
        case "suggestion":
            return contacts > 0 and about.deal is not None
        case "merge":
            return companies == _PAIR and about.deal is not None
        case _:
            return about.deal is not None and bool(about.mark)


_PAIR = 2


def told_by_name(kind: str, name: str) -> Mapping[str, Any]:
    """What the name of a question says it is about; nothing for a name of another form."""
    form = _NAMES.get(kind)
    match = form.fullmatch(name) if form else None
    return _TOLD[kind](*match.groups()) if match else {}


_NAMES = {
    "identity": re.compile(r"(\d{1,18}):(\d{1,18})"),
    "move": re.compile(r"(\d{1,18})>(\d{1,18}):(\d{1,18}|None)>(\d{1,18}|None)"),
    "referral": re.compile(r"(\w+:\d{1,18})\|(\w+:\d{1,18})\|(\d{1,18})"),
    "suggestion": re.compile(r"(\d{1,18}):(\d{1,18})"),
    "merge": re.compile(r"(\d{1,18}):(\d{1,18})"),
    "rejudge": re.compile(r"(\d{1,18}):(\w+)"),
}
_TOLD: Mapping[str, Callable[..., Mapping[str, Any]]] = {
    "identity": lambda a, b: {"contacts": (int(a), int(b))},
    "move": lambda former, new, left, joined: {
        "contacts": (int(former), int(new)),
        "companies": (_id(left), _id(joined)),
    },
    "referral": lambda owner, target, first: {
        "owner": owner,
        "target": target,
        "contacts": (int(first),) if int(first) else (),
    },
    "suggestion": lambda deal, contact: {"deal": int(deal), "contacts": (int(contact),)},
    "merge": lambda deal, source: {"deal": int(deal), "companies": (int(source), None)},
    "rejudge": lambda deal, mark: {"deal": int(deal), "mark": mark},
}


def _id(text: str) -> int | None:
    return None if text == "None" else int(text)
