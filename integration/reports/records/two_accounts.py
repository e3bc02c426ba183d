"""One relationship, two accounts: the person, the company they left, the one they came to."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from integration.reports.ledger_lines import HomeTerms
from integration.storage.database import Row, Transaction
from integration.storage.findings import move_rows, stored_shapes, timeline_rows
from integration.storage.findings.timeline_rows import DealOfTwo
from integration.storage.ledger import credit_rows
from integration.storage.mirror import mirror
from mappings.kinds import ObjectType, Status
from mappings.records.rows import RefPair
from mappings.rules.facts import PPM

_COUNTED = frozenset({Status.AUTO.value, "confirmed"})
_SHOWN = frozenset({*_COUNTED, Status.REVIEW.value})
_DEALS = 3  # of a company and a state that are drawn


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two companies, with the deals there that the person was on.

    `deals` are the largest of each state; `won` and `won_minor`, `open` and `open_minor` those of
    all, in the account's currency.
    """

    company_id: int
    deals: tuple[DealOfTwo, ...]

    @property
    def won(self) -> int:
        """How many deals were won."""
        return self._of("won").deals

    @property
    def won_minor(self) -> int:
        """Their sum."""
        return self._of("won").sum_minor

    @property
    def open(self) -> int:
        """How many deals are open."""
        return self._of("open").deals

    @property
    def open_minor(self) -> int:
        """Their sum."""
        return self._of("open").sum_minor

    def _of(self, state: str) -> DealOfTwo:
        nothing = DealOfTwo(self.company_id, 0, state, None, 0, 0)
        return next((deal for deal in self.deals if deal.state == state), nothing)


@dataclass(frozen=True, slots=True)
class TwoAccounts:
    """The latest job change of a person with both ends known.

    `credit_minor` is what is booked of the new company's won deals because of the former one and
    this person. `counts` is False for a job change that a person still has to confirm.
    """

    contact_id: int
    former: Side
    new: Side
    moved_on: date
    certainty: float
    counts: bool
    credit_minor: int

    @property
    def refs(self) -> Iterator[RefPair]:
        """The records that are drawn."""
        yield ObjectType.CONTACT.value, self.contact_id
        for side in (self.former, self.new):
            yield ObjectType.COMPANY.value, side.company_id
            for deal in side.deals:
                yield ObjectType.DEAL.value, deal.deal_id


def moves_of(tx: Transaction, person_id: int) -> list[Row]:
    """Return a person's job changes that count or are asked about, departures included."""
    return [row for row in move_rows.of_persons(tx, [person_id]) if row["status"] in _SHOWN]


def of_person(
    tx: Transaction,
    moves: Sequence[Row],
    contact_ids: Collection[int],
    subject_ids: Collection[int],
    home: HomeTerms,
) -> TwoAccounts | None:
    """Return the relationship that a person's latest job change carries on; None without one."""
    move = _latest(moves)
    if move is None:
        return None
    ends = [move["former_company_id"], move["new_company_id"]]
    today = mirror.resolve(tx, ObjectType.COMPANY, ends)
    former_id, new_id = (today[end] for end in ends)
    if former_id == new_id:
        return None
    deals = timeline_rows.deals_of_two(
        tx, contact_ids, (former_id, new_id), home.currency, most=_DEALS
    )
    found = stored_shapes.move_of(move)
    return TwoAccounts(
        contact_id=move["new_contact_id"],
        former=_side(former_id, deals),
        new=_side(new_id, deals),
        moved_on=home.calendar.day_of(found.moved_at),
        certainty=found.confidence / PPM,
        counts=move["status"] in _COUNTED,
        credit_minor=credit_rows.credit_at(tx, subject_ids, new_id, home.currency),
    )


def _side(company_id: int, deals: Sequence[DealOfTwo]) -> Side:
    return Side(company_id, tuple(deal for deal in deals if deal.company_id == company_id))


def _latest(rows: Sequence[Row]) -> Row | None:
    whole = [row for row in rows if row["former_company_id"] and row["new_company_id"]]
    # What counts is drawn before what is asked about.
    return max(
        whole,
        key=lambda row: (row["status"] in _COUNTED, row["latest"], row["move_key"]),
        default=None,
    )


def arrived_at(tx: Transaction, moves: Sequence[Row]) -> set[int]:
    """Return the companies that job changes lead to, as they are called today."""
    ends = {row["new_company_id"] for row in moves} - {None}
    return set(mirror.resolve(tx, ObjectType.COMPANY, ends).values()) | ends
