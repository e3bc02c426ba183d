"""Posted entries: a page of deals' ledger rows, read in the rules' terms, with persons and companies of today."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from integration.conclude.batch import Batch
from integration.storage.database import Row
from integration.storage.findings import person_rows, source_rows, stored_shapes
from integration.storage.ledger import period_rows
from integration.storage.mirror import mirror
from mappings.rules.attribution.credit import FIRST_ORDER
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Entry, Source
from mappings.rules.ledger import as_of_win, periods
from mappings.rules.ledger import entries as rules


@dataclass(frozen=True, slots=True)
class Affected:
    """Whose numbers a change of credit concerns."""

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
        """Everybody in these source rows."""
        found = list(rows)
        return cls(
            frozenset(row["contact_id"] for row in found if row["contact_id"] is not None),
            frozenset(row["company_id"] for row in found if row["company_id"] is not None),
            frozenset(row["deal_id"] for row in found),
        )


@dataclass(frozen=True, slots=True)
class PostedEntries:
    """The rows of a page of deals, once as stored and once in the rules' terms: persons and companies of today.

    `firms` says what each credited company is today, `merged` what each deal became, `orders` what
    people ordered.
    """

    entries: Mapping[int, tuple[Entry, ...]]
    rows: Mapping[int, Row]
    firms: Mapping[int, int]
    merged: Mapping[int, int]
    orders: Mapping[int, Row]
    locked_before: datetime | None
    reevaluate: bool

    @classmethod
    def of(cls, batch: Batch, rows: Mapping[int, Sequence[Row]]) -> "PostedEntries":
        """Read rows; a subject that stands for nobody any more keeps its own key."""
        flat = [row for found in rows.values() for row in found]
        whom = source_rows.contacts_of(
            batch.tx, {row["subject_id"] for row in flat if row["subject_id"] is not None}
        )
        person_of = person_rows.persons_of(
            batch.tx, {one for one in whom.values() if one is not None}
        )
        firms = mirror.resolve(
            batch.tx,
            "company",
            {row["company_id"] for row in flat if row["company_id"] is not None},
        )
        entries = {
            deal: tuple(_entry(row, whom.get(row["subject_id"]), person_of, firms) for row in found)
            for deal, found in rows.items()
        }
        return cls(
            entries,
            {row["entry_id"]: row for row in flat},
            firms,
            mirror.resolve(batch.tx, "deal", rows.keys()),
            period_rows.orders(batch.tx, rows.keys()),
            _locked_before(batch),
            # Until the first import is through, evidence is still coming in; nothing can have been
            # late.
            reevaluate=not batch.imported,
        )

    def booked(self, deal_id: int) -> rules.Booked:
        """What a deal's rows add up to."""
        return rules.booked(self.entries.get(deal_id, ()))

    def is_ordered(self, deal_id: int) -> bool:
        """Whether a person wants the deal judged anew, and it was not yet."""
        return deal_id in self.orders and bool(self.orders[deal_id]["is_open"])

    def as_first_won(self, deal: DealFacts) -> DealFacts:
        """The deal as it was won the first time."""
        return as_of_win.as_first_won(deal, self.entries.get(deal.id, ()))

    def evidence_ends(self, batch: Batch, deal: DealFacts) -> datetime | None:
        """Until when evidence counts for a deal: 90 days after its first close, or a person's last order."""
        order = self.orders.get(deal.id)
        return as_of_win.evidence_ends(
            self.as_first_won(deal),
            batch.policy,
            ordered_at=order["at"] if order is not None else None,
        )

    def may_grow(self, batch: Batch, deal_id: int) -> bool:
        """Whether evidence of its time may be added to a deal: not by other settings than those it was judged by."""
        live = self.booked(deal_id).live
        return {row.settings_version for row in live if row.share} == {batch.policy.version}

    def consolidated(self, deal: DealFacts) -> set[int]:
        """The companies with credit on a deal that have become its own company since."""
        live = self.booked(deal.id).live if deal.company_id is not None else ()
        return {
            row.company_id
            for row in live
            if row.company_id is not None
            and row.share
            and self.firms.get(row.company_id) == deal.company_id
        }


def _locked_before(batch: Batch) -> datetime | None:
    """Until when the books are closed; a closing that the calendar brings is written down before any row is booked."""
    kept = period_rows.read(batch.tx)
    due = periods.due(kept.log, batch.policy.books_close_day, kept.opened_at, batch.now)
    if due is None:
        return periods.locked_before(kept.log)
    period_rows.log(batch.tx, due)
    return periods.locked_before((*kept.log, due))


def _entry(
    row: Row, contact: int | None, person_of: Mapping[int, int], firms: Mapping[int, int]
) -> Entry:
    person = person_of.get(contact, contact) if contact is not None else None
    return replace(
        stored_shapes.entry_of(row),
        key=_key(row, person, firms),
        person_id=person,
        contact_id=contact,
    )


def _key(row: Row, person: int | None, firms: Mapping[int, int]) -> str:
    if row["kind"] == FIRST_ORDER:
        return FIRST_ORDER
    if row["subject_id"] is not None and person is None:
        person = -row["subject_id"]  # as codec.removed_source says
    company = firms.get(row["company_id"] or 0)
    return Source(row["kind"], 0, 0, 0, 0, person_id=person, company_id=company).key


def key_of(source: Source, subjects: Mapping[int, int]) -> str:
    """The stored name of a source: the rules' key with an opaque number in the person's place."""
    kind, _, company = source.key.split("|")
    if source.person_id is not None and source.person_id < 0:
        return f"{kind}|s{-source.person_id:020d}|{company}"
    if source.person_id is None or source.contact_id is None:
        return source.key
    return f"{kind}|s{subjects[source.contact_id]:020d}|{company}"
