"""What really happened in a town, and its form on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

MOVED_CHAMPION = "moved_champion"
REFERRAL = "referral"
WORD_OF_MOUTH = "word_of_mouth"
SEVERAL = "several"
NONE = "none"
# A mover works there but is not on the deal: nobody can say, so nobody is scored.
NOT_SCORED = "mover_at_company_not_on_deal"


@dataclass(frozen=True, slots=True)
class Move:
    """A person who left one company for another; both records are the same when it was changed in place."""

    person: str
    former_contact: int
    new_contact: int
    former_company: int
    new_company: int
    joined: date
    mode: str
    kind: str
    from_customer: bool
    name_form: str = ""  # how the later record writes the person's name, where the town says
    observed: date | None = (
        None  # since when the CRM shows them at the new company, where the town says
    )
    left: date | None = None  # when they left the old one, where the town says


@dataclass(frozen=True, slots=True)
class NonMove:
    """Two records, or one that changed, that look like a move and are none."""

    first_contact: int
    second_contact: int
    kind: str


@dataclass(frozen=True, slots=True)
class Source:
    """Why a deal exists: by whom, and which company may count it."""

    kind: str
    contact: int | None
    company: int | None


@dataclass(frozen=True, slots=True)
class DealTruth:
    """A deal with its real sources; *note* says what it only looks like."""

    deal: int
    company: int
    won: bool
    amount: int | None
    currency: str
    sources: tuple[Source, ...] = ()
    note: str = ""
    says_person: bool | None = None
    person: str = ""  # the mover behind it, or who only looks like one

    @property
    def tag(self) -> str:
        """The tag a perfect reader would write."""
        kinds = {source.kind for source in self.sources}
        if not kinds:
            return NONE
        return kinds.pop() if len(kinds) == 1 else SEVERAL


@dataclass(frozen=True, slots=True)
class Truth:
    """All that happened. Without ``knows_referrals`` only moves are known as sources of deals."""

    moves: tuple[Move, ...] = ()
    silent_moves: int = 0
    non_moves: tuple[NonMove, ...] = ()
    deals: tuple[DealTruth, ...] = ()
    people: dict[int, str] = field(default_factory=dict)
    employers: dict[int, tuple[int, ...]] = field(default_factory=dict)
    customers: tuple[int, ...] = ()
    knows_referrals: bool = True
    left: tuple[
        tuple[str, int], ...
    ] = ()  # person and company, where nothing but silence tells of it

    def second_order_by_company(self) -> dict[int, dict[str, int]]:
        """Won money by the company that caused it, in minor units by currency; 0 is the word-of-mouth pool."""
        sums: dict[int, dict[str, int]] = {}
        for deal in self.deals:
            for company, part in parts_of(deal):
                by_currency = sums.setdefault(company, {})
                by_currency[deal.currency] = by_currency.get(deal.currency, 0) + part
        return sums

    def second_order_total(self) -> dict[str, int]:
        """Won money of all derived deals, by currency."""
        total: dict[str, int] = {}
        for deal in self.deals:
            if deal.won and deal.amount and deal.sources:
                total[deal.currency] = total.get(deal.currency, 0) + deal.amount
        return total


def parts_of(deal: DealTruth) -> list[tuple[int, int]]:
    """Share a won deal evenly among its sources' companies, losing no cent."""
    if not (deal.won and deal.amount and deal.sources):
        return []
    whole, rest = divmod(deal.amount, len(deal.sources))
    return [
        (source.company or 0, whole + (1 if place < rest else 0))
        for place, source in enumerate(deal.sources)
    ]


def merged(truths: Iterable[Truth]) -> Truth:
    """One truth of several districts."""
    all_of = list(truths)
    return Truth(
        moves=tuple(move for truth in all_of for move in truth.moves),
        silent_moves=sum(truth.silent_moves for truth in all_of),
        non_moves=tuple(pair for truth in all_of for pair in truth.non_moves),
        deals=tuple(deal for truth in all_of for deal in truth.deals),
        people={contact: person for truth in all_of for contact, person in truth.people.items()},
        employers={
            contact: firms for truth in all_of for contact, firms in truth.employers.items()
        },
        customers=tuple(company for truth in all_of for company in truth.customers),
        knows_referrals=all(truth.knows_referrals for truth in all_of),
        left=tuple(each for truth in all_of for each in truth.left),
    )


def write(truth: Truth, path: Path) -> None:
    """Keep the truth beside the town."""
    path.write_text(json.dumps(asdict(truth), default=str, sort_keys=True), encoding="utf-8")


def read(path: Path) -> Truth:
    """The truth as *write* kept it."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Truth(
        moves=tuple(_move(row) for row in kept["moves"]),
        silent_moves=kept["silent_moves"],
        non_moves=tuple(NonMove(**row) for row in kept["non_moves"]),
        deals=tuple(
            DealTruth(**{**row, "sources": tuple(Source(**source) for source in row["sources"])})
            for row in kept["deals"]
        ),
        people={int(contact): person for contact, person in kept["people"].items()},
        employers={int(contact): tuple(firms) for contact, firms in kept["employers"].items()},
        customers=tuple(kept["customers"]),
        knows_referrals=kept["knows_referrals"],
        left=tuple((person, company) for person, company in kept["left"]),
    )


def _move(row: Mapping[str, Any]) -> Move:
    days = {
        name: date.fromisoformat(row[name]) if row.get(name) else None
        for name in ("joined", "observed", "left")
    }
    return Move(**{**row, **days})
