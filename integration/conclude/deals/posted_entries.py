"""Posted entries: a page of deals' ledger rows as the rules know them, with people of today."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

from integration.conclude.batch import Batch
from integration.portal.occurrence import known_ids
from integration.storage.database import Row
from integration.storage.findings import (
    conclusion_rows,
    person_rows,
    removed_subjects,
    source_rows,
    stored_shapes,
)
from integration.storage.ledger import period_rows
from integration.storage.ledger.period_rows import Periods
from integration.storage.mirror import deal_rows, mirror
from mappings.kinds import ObjectType, SourceKind
from mappings.rules.attribution.credit import FIRST_ORDER
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Entry, Source
from mappings.rules.ledger import as_of_win, periods
from mappings.rules.ledger import entries as rules
from mappings.rules.ledger.periods import Calendar
from mappings.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Affected:
    """The records whose figures a change of credit concerns."""

    contacts: frozenset[int] = frozenset()
    companies: frozenset[int] = frozenset()
    deals: frozenset[int] = frozenset()

    def __or__(self, other: "Affected") -> "Affected":
        """Both together."""
        return Affected(
            self.contacts | other.contacts,
            self.companies | other.companies,
            self.deals | other.deals,
        )

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> "Affected":
        """Every record that these source rows name."""
        named = list(rows)
        contacts = known_ids(row["contact_id"] for row in named)
        companies = known_ids(row["company_id"] for row in named)
        deals = {row["deal_id"] for row in named}
        return cls(frozenset(contacts), frozenset(companies), frozenset(deals))


@dataclass(frozen=True, slots=True)
class _CreditedToday:
    """Who ledger rows credit today: contacts by subject, persons by contact, companies by id."""

    contact_of: Mapping[int, int | None]
    person_of: Mapping[int, int]
    company_of: Mapping[int, int]

    @classmethod
    def of(cls, batch: Batch, rows: Sequence[Row]) -> "_CreditedToday":
        subjects = known_ids(row["subject_id"] for row in rows)
        contact_of = source_rows.contacts_of(batch.tx, subjects)
        person_of = person_rows.persons_of(batch.tx, known_ids(contact_of.values()))
        companies = known_ids(row["company_id"] for row in rows)
        company_of = mirror.resolve(batch.tx, ObjectType.COMPANY, companies)
        return cls(contact_of, person_of, company_of)

    def entry(self, row: Row) -> Entry:
        """A ledger row as the rules know it."""
        contact_id = self.contact_of.get(row["subject_id"])
        person_id = None if contact_id is None else self.person_of.get(contact_id, contact_id)
        return replace(
            stored_shapes.entry_of(row),
            key=self._key(row, person_id),
            person_id=person_id,
            contact_id=contact_id,
        )

    def _key(self, row: Row, person_id: int | None) -> str:
        if row["kind"] == SourceKind.FIRST_ORDER:
            return FIRST_ORDER
        if person_id is None and row["subject_id"] is not None:
            person_id = removed_subjects.person_id_of(row["subject_id"])
        company_id = self.company_of.get(row["company_id"])
        return Source(row["kind"], 0, 0, 0, 0, person_id=person_id, company_id=company_id).key


@dataclass(frozen=True, slots=True)
class PostedEntries:
    """The ledger rows of a page of deals, by deal in the rules' terms and by entry id as stored.

    `companies_today` has today's id of each credited company, `merged_into` what each deal became;
    `merged_buyers` are deals whose company was merged into a credited one or that into it;
    `rejudge_orders` the newest order of a person to judge a deal anew. `calendar` has the account's
    months; those before `locked_before` are closed. `reevaluate`: no evidence
    can have come late yet. `judged_by` is the settings version that made each deal's shares,
    `history_version` the one that all are to be judged by, if there is any.
    """

    entries: Mapping[int, tuple[Entry, ...]]
    rows: Mapping[int, Row]
    companies_today: Mapping[int, int]
    merged_buyers: AbstractSet[int]
    merged_into: Mapping[int, int]
    rejudge_orders: Mapping[int, Row]
    locked_before: datetime | None
    calendar: Calendar
    reevaluate: bool
    policy: Policy
    judged_by: Mapping[int, int]
    history_version: int | None

    @classmethod
    def of(
        cls,
        batch: Batch,
        rows_of: Mapping[int, Sequence[Row]],
        deals: Mapping[int, DealFacts],
    ) -> "PostedEntries":
        """Read the rows of each deal; a subject that stands for nobody keeps a key of its own."""
        rows = list(chain.from_iterable(rows_of.values()))
        by_id = {row["entry_id"]: row for row in rows}
        today = _CreditedToday.of(batch, rows)
        books = _books(batch)
        return cls(
            {deal_id: tuple(map(today.entry, rows_of[deal_id])) for deal_id in rows_of},
            rows=by_id,
            companies_today=today.company_of,
            merged_buyers=_merged_buyers(batch, rows_of, deals, today.company_of),
            merged_into=mirror.resolve(batch.tx, ObjectType.DEAL, rows_of.keys()),
            rejudge_orders=period_rows.orders(batch.tx, rows_of.keys()),
            locked_before=periods.locked_before(books.log, books.calendar),
            calendar=books.calendar,
            # Until all that was there at the install is read and weighed, activities included,
            # evidence is still coming in: nothing was late, and nothing is final.
            reevaluate=not (batch.imported and batch.weighed),
            policy=batch.policy,
            judged_by=_judged_by(batch, rows_of) if books.history_version else {},
            history_version=books.history_version,
        )

    def of_deal(self, deal_id: int) -> tuple[Entry, ...]:
        """A deal's rows, oldest first."""
        return self.entries.get(deal_id, ())

    def booked(self, deal_id: int) -> rules.Booked:
        """What a deal's rows add up to."""
        return rules.booked(self.of_deal(deal_id))

    def is_booked(self, deal_id: int) -> bool:
        """Whether any row of a deal stands, neither reversed nor a reversal."""
        return bool(self.booked(deal_id).live)

    def has_open_order(self, deal_id: int) -> bool:
        """Whether a person wants the deal judged anew, and it was not yet."""
        order = self.rejudge_orders.get(deal_id)
        return order is not None and bool(order["is_open"])

    def awaits_settings(self, deal_id: int) -> bool:
        """Whether a settings version that is to judge all history has not judged this deal yet."""
        if self.history_version is None:
            return False
        return self.judged_by.get(deal_id, 0) < self.history_version

    def as_first_won(self, deal: DealFacts) -> DealFacts:
        """The deal as it was won the first time."""
        return as_of_win.as_first_won(deal, self.of_deal(deal.id))

    def evidence_ends(self, deal: DealFacts) -> datetime | None:
        """Until when evidence counts for a deal; None while nothing ends it.

        90 days after its first close by default, or a person's last order to judge it anew.
        """
        order = self.rejudge_orders.get(deal.id)
        ordered_at = None if order is None else order["at"]
        first_won = self.as_first_won(deal)
        return as_of_win.evidence_ends(first_won, self.policy, ordered_at=ordered_at)

    def may_grow(self, deal_id: int) -> bool:
        """Whether evidence of its time may be added to a deal: by the settings it was judged by."""
        if self.judged_by.get(deal_id) == self.policy.version:
            return True
        entries = [entry for entry in self.booked(deal_id).live if entry.share]
        return {entry.settings_version for entry in entries} == {self.policy.version}

    def sources_merged_into_buyer(self, deal: DealFacts) -> set[int]:
        """The companies with credit on a deal that have become the deal's own company since."""
        if deal.id not in self.merged_buyers:
            return set()
        entries = [entry for entry in self.booked(deal.id).live if entry.share]
        credited = known_ids(entry.company_id for entry in entries)
        return {
            company_id
            for company_id in credited
            if self.companies_today.get(company_id) == deal.company_id
        }


def _merged_buyers(
    batch: Batch,
    rows_of: Mapping[int, Sequence[Row]],
    deals: Mapping[int, DealFacts],
    companies_today: Mapping[int, int],
) -> set[int]:
    """The deals that belong to a credited company by a merge.

    One that somebody gave to that company after it was booked is its own purchase, judged anew.
    """
    booked_at = {
        deal.id: max(times)
        for deal in deals.values()
        if (times := _times_of_own(deal, rows_of.get(deal.id, ()), companies_today))
    }
    given_at = deal_rows.given_at(batch.tx, booked_at) if booked_at else {}
    return {
        deal_id
        for deal_id, at in booked_at.items()
        if deal_id not in given_at or given_at[deal_id] <= at
    }


def _times_of_own(
    deal: DealFacts, rows: Iterable[Row], companies_today: Mapping[int, int]
) -> list[datetime]:
    """When rows were booked that credit the company which is the deal's own today."""
    if deal.company_id is None:
        return []
    return [
        row["recorded_at"]
        for row in rows
        if companies_today.get(row["company_id"]) == deal.company_id
    ]


def _books(batch: Batch) -> Periods:
    """The log of closings; one that the calendar brings is written before any row is booked."""
    kept = period_rows.read(batch.tx)
    due = kept.due(batch.policy.books_close_day, batch.now)
    if due is None:
        return kept
    period_rows.log(batch.tx, due)
    return replace(kept, log=(*kept.log, due))


def _judged_by(batch: Batch, rows_of: Mapping[int, Sequence[Row]]) -> dict[int, int]:
    """The settings version that made each deal's shares; of a deal that was gone, by its rows."""
    booked_by = {
        deal_id: max(row["settings_version"] for row in rows)
        for deal_id, rows in rows_of.items()
        if rows
    }
    return booked_by | conclusion_rows.versions(batch.tx, ObjectType.DEAL, rows_of.keys())


def key_of(source: Source, subjects: Mapping[int, int]) -> str:
    """The stored name of a source: the rules' key with an opaque number in the person's place."""
    kind, _, company = source.key.split("|")
    removed = removed_subjects.subject_id_of(source)
    if removed is not None:
        return f"{kind}|s{removed:020d}|{company}"
    if source.person_id is None or source.contact_id is None:
        return source.key
    return f"{kind}|s{subjects[source.contact_id]:020d}|{company}"
