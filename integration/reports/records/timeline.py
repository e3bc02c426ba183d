"""The story of a person or a company: what happened, when, how sure, and what we know it from."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from integration.reports.ledger_lines import HomeTerms
from integration.reports.listings.listings import KNOWN_FROM
from integration.review import reading
from integration.storage.database import Row, Transaction
from integration.storage.findings import stored_shapes, timeline_rows
from integration.storage.findings.timeline_rows import LAST, Happened, Place
from integration.storage.ledger import credit_rows
from integration.storage.mirror import deal_rows
from mappings.kinds import ObjectType, Status
from mappings.records.rows import RefPair
from mappings.rules.facts import PPM

Json = dict[str, Any]
PAGE = 50
"""So many entries stand on a page."""
_QUESTIONS = 20  # of which the open one about an entry is looked up
_WHO = {ObjectType.CONTACT.value: "person", ObjectType.COMPANY.value: "company"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    `what` is its kind: joined, won, answered, said, left, arrived, referred, was_referred, brought,
    win; a win says its `words`.
    `day` is in the account's time zone, None where nobody knows when it was. `certainty` is None
    where HubSpot's records say it themselves; `known_from` says from what. `minor` is money in the
    deal's currency, `credit_minor` what is booked for the story's person or company. `last_seen` is
    the day until which somebody who left was surely there.
    """

    at: datetime
    key: str
    what: str
    day: date | None = None
    contact_id: int | None = None
    company_id: int | None = None
    deal_id: int | None = None
    target: RefPair | None = None
    roles: tuple[str, ...] = ()
    minor: int | None = None
    currency: str = ""
    credit_minor: int | None = None
    score: int | None = None
    quote: str = ""
    words: str = ""
    certainty: float | None = None
    known_from: str = ""
    last_seen: date | None = None
    is_asked: bool = False
    review_id: int | None = None
    reasons: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        """Where the story goes on behind this entry."""
        return Place(self.at, self.key)

    @property
    def refs(self) -> Iterable[RefPair]:
        """The records that the entry names."""
        named = (
            (ObjectType.CONTACT.value, self.contact_id),
            (ObjectType.COMPANY.value, self.company_id),
            (ObjectType.DEAL.value, self.deal_id),
            self.target or ("", None),
        )
        return [(kind, number) for kind, number in named if number is not None]


@dataclass(frozen=True, slots=True)
class Story:
    """A page of a story, oldest first; `next` is where it goes on, None at its end."""

    entries: Sequence[Entry]
    next: Place | None


@dataclass(frozen=True, slots=True)
class Teller:
    """Whose story it is: the type of record, and the subjects or companies that get its credit."""

    object_type: str
    credited_ids: Collection[int]


def page(
    tx: Transaction,
    teller: Teller,
    told: Sequence[Happened],
    others: Iterable[Entry],
    after: Place | None,
    terms: HomeTerms,
) -> Story:
    """Put stored findings and *others*, which were worked out, into one page of a story.

    *told* are the first rows behind *after*, one more than a page where there are more.
    """
    known = [entry for entry in others if after is None or (entry.at, entry.key) > after]
    stubs = [Entry(row.at, row.key, row.what) for row in told]
    both = sorted([*stubs, *known], key=lambda entry: (entry.at, entry.key))
    shown = both[:PAGE]
    filled = _Filler.of(tx, teller, told, shown, terms)
    entries = [_dated(filled.entry(entry), terms) for entry in shown]
    return Story(entries, shown[-1].place if len(both) > PAGE else None)


def _dated(entry: Entry, terms: HomeTerms) -> Entry:
    return entry if entry.at >= LAST else replace(entry, day=terms.calendar.day_of(entry.at))


@dataclass(frozen=True, slots=True)
class _Filler:
    """What the entries of one page are filled from: their findings, deals, credit and questions."""

    told: Mapping[str, Happened]
    moves: Mapping[tuple[int, str], Row]
    referrals: Mapping[tuple[str, int, str], Row]
    deals: Mapping[int, Row]
    credit: Mapping[int, int]
    questions: Sequence[Json]
    terms: HomeTerms

    @classmethod
    def of(
        cls,
        tx: Transaction,
        teller: Teller,
        told: Sequence[Happened],
        shown: Sequence[Entry],
        terms: HomeTerms,
    ) -> "_Filler":
        """Read what the page's entries rest on, with a fixed number of queries."""
        keys = {entry.key for entry in shown}
        rows = {row.key: row for row in told if row.key in keys}
        moves = timeline_rows.moves(tx, _keys(rows.values(), "left", "arrived"))
        deal_ids = {row.deal_id for row in rows.values() if row.deal_id is not None}
        asked = {
            (ObjectType.CONTACT, row["new_contact_id"])
            for row in moves.values()
            if row["status"] == Status.REVIEW
        }
        return cls(
            told=rows,
            moves=moves,
            referrals=timeline_rows.referrals(
                tx, _referral_keys(rows.values(), "referred", "was_referred")
            ),
            deals=deal_rows.load(tx, deal_ids) if deal_ids else {},
            credit=credit_rows.credit_of(
                tx, _WHO[teller.object_type], teller.credited_ids, deal_ids, terms.currency
            ),
            questions=reading.open_about(tx, sorted(asked), limit=_QUESTIONS),
            terms=terms,
        )

    def entry(self, entry: Entry) -> Entry:
        """The entry with what its finding says; one that was worked out is whole."""
        row = self.told.get(entry.key)
        if row is None:
            return entry
        if row.what in {"won", "brought"}:
            return self._deal(entry, row)
        if row.what in {"left", "arrived"}:
            return self._move(entry, row)
        if row.what == "win":
            return _win(entry, row)
        return self._referral(entry, row)

    def _deal(self, entry: Entry, row: Happened) -> Entry:
        deal = self.deals.get(row.deal_id or 0)
        return replace(
            entry,
            deal_id=row.deal_id,
            company_id=deal["company_id"] if deal else row.company_id,
            roles=tuple(row.finding),
            minor=deal["amount_minor"] if deal else None,
            currency=(deal["currency"] or "") if deal else "",
            credit_minor=self.credit.get(row.deal_id or 0),
            known_from="deal",
        )

    def _move(self, entry: Entry, row: Happened) -> Entry:
        stored = self.moves[int(row.finding[0]), row.finding[1]]
        move = stored_shapes.move_of(stored)
        is_asked = stored["status"] == Status.REVIEW
        is_interval = row.what == "left" and move.earliest < move.latest
        return replace(
            entry,
            contact_id=stored["new_contact_id"],
            company_id=row.company_id,
            target=_other_end(stored, row.what),
            certainty=move.confidence / PPM,
            known_from="signs",
            last_seen=self.terms.calendar.day_of(move.earliest) if is_interval else None,
            is_asked=is_asked,
            review_id=self._question(stored) if is_asked else None,
            reasons=tuple(reason.text for reason in move.reasons),
        )

    def _question(self, move: Row) -> int | None:
        """The number of the open question about a move."""
        about = (ObjectType.CONTACT, move["new_contact_id"])
        for question in self.questions:
            records = {(ref["object_type"], ref["record_id"]) for ref in question["records"]}
            if question["kind"] == "move" and about in records:
                return int(question["id"])
        return None

    def _referral(self, entry: Entry, row: Happened) -> Entry:
        owner_type, owner_id, key = row.finding
        stored = self.referrals[owner_type, int(owner_id), key]
        referral = stored_shapes.referral_of(stored)
        kind, _, number = stored["target"].partition(":")
        return replace(
            entry,
            contact_id=stored["referrer_contact_id"],
            company_id=stored["referrer_company_id"],
            target=(kind, int(number)),
            certainty=referral.p / PPM,
            known_from=referral.how,
            is_asked=stored["status"] == Status.REVIEW,
            reasons=tuple(reason.text for reason in referral.reasons),
        )


def _win(entry: Entry, row: Happened) -> Entry:
    words, known_from, contact = row.finding
    return replace(
        entry,
        company_id=row.company_id,
        contact_id=int(contact) if contact else None,
        words=words,
        known_from=KNOWN_FROM.get(known_from, known_from),
    )


def _other_end(move: Row, what: str) -> RefPair | None:
    """Where somebody went who left, or came from who arrived."""
    company_id = move["new_company_id"] if what == "left" else move["former_company_id"]
    return (ObjectType.COMPANY.value, company_id) if company_id else None


def _keys(rows: Iterable[Happened], *kinds: str) -> set[tuple[int, str]]:
    return {(int(row.finding[0]), row.finding[1]) for row in rows if row.what in kinds}


def _referral_keys(rows: Iterable[Happened], *kinds: str) -> set[tuple[str, int, str]]:
    chosen = (row.finding for row in rows if row.what in kinds)
    return {(owner_type, int(owner_id), key) for owner_type, owner_id, key in chosen}
