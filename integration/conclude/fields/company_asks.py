"""Readiness of customers' people: whom to ask, judged with the company they are at."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from integration.conclude import record_facts
from integration.conclude.batch import Batch
from integration.conclude.fields.company_health import HealthOfToday
from integration.conclude.fields.company_page import CompanyPage
from integration.conclude.grouping import grouped
from integration.portal import contact_caps, held_back
from integration.portal.invalidation import Change
from integration.storage.findings import person_rows, recurring_rows, win_rows
from integration.storage.success import approach_rows, ask_rows, readiness_rows
from integration.storage.success.readiness_rows import Judged
from mappings.formats import day
from mappings.kinds import AskState
from mappings.rules.facts import CompanyFacts, ContactFacts, NpsAnswer, Reading
from mappings.rules.findings import Move
from mappings.rules.policy import KEY_ROLES
from mappings.rules.success import (
    contact_cap,
    customers,
    health_factors,
    nps,
    readiness,
    recurring_value,
    wins,
)
from mappings.rules.success.contact_cap import Approach
from mappings.rules.success.health import Health
from mappings.rules.success.readiness import Candidate, Known
from mappings.rules.success.recurring_value import ValueSpan
from mappings.rules.success.wins import Win


@dataclass(frozen=True, slots=True)
class AskEvidence:
    """What decides about the people of a page of companies, beside what health rests on.

    `members` are the records of each person; `answers`, `approaches`, `opted_out` and `declined_at`
    go by contact, `wins`, `at_company` and `values`, what each pays over time, by company.
    """

    person_of: Mapping[int, int]
    members: Mapping[int, Sequence[int]]
    answers: Mapping[int, Sequence[NpsAnswer]]
    wins: Mapping[int, Sequence[Win]]
    approaches: Mapping[int, Sequence[Approach]]
    at_company: Mapping[int, Sequence[Approach]]
    opted_out: Mapping[int, str]
    declined_at: Mapping[int, datetime]
    values: Mapping[int, Sequence[ValueSpan]]

    def recurring(self, company_id: int, at: datetime) -> int:
        """What a company pays a year at a moment, in the account's currency."""
        return recurring_value.value_at(self.values.get(company_id, ()), at)

    def own(self, contact_id: int) -> Sequence[int]:
        """All records of the person who has this one."""
        return self.members.get(self.person(contact_id), (contact_id,))

    def person(self, contact_id: int) -> int:
        """The person who has this record."""
        return self.person_of.get(contact_id, contact_id)


def load(batch: Batch, page: CompanyPage) -> AskEvidence:
    """Read what decides about these companies' people, with a bounded number of queries."""
    staff_ids = {contact.id for staff in page.records.staff.values() for contact in staff}
    person_of, members = person_rows.groups(batch.tx, staff_ids)
    everybody = {*staff_ids, *person_of}
    since = batch.now - contact_caps.LOOKED_BACK
    own = approach_rows.of_contacts(batch.tx, everybody, since=since)
    near = approach_rows.of_companies(batch.tx, page.records.staff, since=since)
    # Most people have one record, whose answers were read for health already.
    elsewhere = record_facts.answers(batch, everybody - staff_ids) if everybody - staff_ids else {}
    return AskEvidence(
        person_of=person_of,
        members=members,
        answers={**page.records.given, **elsewhere},
        wins=win_rows.of_companies(batch.tx, page.records.staff, batch.policy),
        approaches=grouped((approach.contact_id, approach) for approach in own),
        at_company=grouped((approach.company_id or 0, approach) for approach in near),
        opted_out=contact_caps.opt_outs(batch.tx, everybody),
        declined_at=ask_rows.declined(batch.tx, everybody),
        values=recurring_rows.of_companies(batch.tx, page.customers & page.companies.keys()),
    )


def of_company(
    batch: Batch,
    company: CompanyFacts,
    page: CompanyPage,
    evidence: AskEvidence,
    health: HealthOfToday,
) -> list[Judged]:
    """Judge everybody who knows us at a customer; of one that stopped buying nobody is judged."""
    since = _customer_since(batch, company, page)
    if since is None or not _is_active(batch, company, page, evidence):
        return []
    # Whoever set the band knows better: it decides here, too.
    seen = replace(health.health, band=health.band)
    account = _Account(batch, company, page, evidence, seen, since)
    staff = page.records.staff.get(company.id, ())
    return [account.judge(contact) for contact in staff if account.knows_us(contact)]


def drawn(batch: Batch, judged: Sequence[Judged], evidence: AskEvidence) -> dict[int, list[Judged]]:
    """The same by company; who is ready, and is held back by lot, is to be asked later."""
    ready = {
        one.person_id: evidence.own(one.contact_id)
        for one in judged
        if one.readiness.state == AskState.ASK_NOW
    }
    later = held_back.held_back(batch.tx, ready, batch.now)
    settled = [
        replace(one, readiness=readiness.held_back(one.readiness))
        if one.person_id in later and one.readiness.state == AskState.ASK_NOW
        else one
        for one in judged
    ]
    return grouped((one.company_id, one) for one in settled)


def store(
    batch: Batch, company_ids: Collection[int], judged: Mapping[int, Sequence[Judged]]
) -> None:
    """Store who is how ready; contacts that read differently are told."""
    rows = [one for at_company in judged.values() for one in at_company]
    told = readiness_rows.store(batch.tx, company_ids, rows)
    batch.changed(Change.READINESS_CHANGED, contacts=told)


def _customer_since(batch: Batch, company: CompanyFacts, page: CompanyPage) -> datetime | None:
    if batch.portal_map.customer_stage:
        return company.customer_since
    return customers.since_first_purchase(page.records.deals.get(company.id, ()))


def _is_active(
    batch: Batch, company: CompanyFacts, page: CompanyPage, evidence: AskEvidence
) -> bool:
    """Whether a company is a customer today: by the stage where that decides, else by purchases."""
    if batch.portal_map.customer_stage:
        return company.customer_since is not None
    deals = page.records.deals.get(company.id, ())
    recurring = evidence.recurring(company.id, batch.now)
    return customers.is_active(deals, recurring, batch.now, batch.policy)


@dataclass(frozen=True)
class _Account:
    """One customer, at which people are judged one by one; what they share is looked up once."""

    batch: Batch
    company: CompanyFacts
    page: CompanyPage
    evidence: AskEvidence
    health: Health
    since: datetime

    def knows_us(self, contact: ContactFacts) -> bool:
        """Whether somebody had to do with us: on a deal, by an answer, a touch, a role or an ask.

        Of a name that was imported, and of whom nothing else is known, nothing is said.
        """
        own = self.evidence.own(contact.id)
        return any(
            (
                contact.buying_roles,
                contact.last_reply_at,
                any(self.evidence.answers.get(contact_id) for contact_id in own),
                any(self.evidence.approaches.get(contact_id) for contact_id in own),
                contact_caps.first_said(self.evidence.opted_out, own),
                self.page.records.touched.get(contact.id),
                contact.id in self._on_deals,
            )
        )

    @cached_property
    def _on_deals(self) -> set[int]:
        deals = self.page.records.deals.get(self.company.id, ())
        return {on_deal.contact_id for deal in deals for on_deal in deal.contacts}

    def judge(self, contact: ContactFacts) -> Judged:
        """How ready one person is."""
        found = readiness.readiness(self._candidate(contact), self.batch.now, self.batch.policy)
        return Judged(self.company.id, contact.id, self.evidence.person(contact.id), found)

    def _candidate(self, contact: ContactFacts) -> Candidate:
        own = self.evidence.own(contact.id)
        answers = [answer for one in own for answer in self.evidence.answers.get(one, ())]
        known = self.evidence.wins.get(self.company.id, ())
        figures, now = self.company.figures, self.batch.now
        return Candidate(
            wins=wins.of_person(known, own),
            sentiment=readiness.sentiment_of(answers, self._sentiment, now, self.batch.policy),
            health=self._health,
            relationship=readiness.relationship_of(
                self._last_touch(contact, own), now, self.batch.policy
            ),
            health_band=self.health.band,
            customer_since=self.since,
            tickets=self.page.records.tickets.get(self.company.id, ()),
            own_answers=answers,
            key_answers=self._key_answers,
            renewal_on=_last(figures.renewal, now),
            price_rise_on=recurring_value.last_price_rise(
                self.evidence.values.get(self.company.id, ())
            ),
            left_words=self._left(own),
            declined_at=max(filter(None, map(self.evidence.declined_at.get, own)), default=None),
            rests=self._rests(own, answers),
        )

    @cached_property
    def _health(self) -> Known | None:
        if not self.health.is_known:
            return None
        band = self.health.band.replace("_", " ")
        return Known(self.health.score, f"their company's health is {band}")

    @cached_property
    def _sentiment(self) -> float | None:
        """The sentiment of the whole company, as health has it."""
        answers = self.page.records.answers.get(self.company.id, ())
        latest = nps.newest(answers, self.batch.now, self.page.records.person_of)
        own = list(latest.values())
        return health_factors.sentiment(own, self.batch.now, self.batch.policy).value

    @cached_property
    def _key_answers(self) -> list[NpsAnswer]:
        answers = self.page.records.answers.get(self.company.id, ())
        return [answer for answer in answers if answer.role in KEY_ROLES]

    def _last_touch(self, contact: ContactFacts, own: Sequence[int]) -> datetime | None:
        moments = [moment for one in own for moment in self.page.records.touched.get(one, ())]
        if contact.last_reply_at is not None:
            moments.append(contact.last_reply_at)
        return max((moment for moment in moments if moment <= self.batch.now), default=None)

    def _left(self, own: Sequence[int]) -> str:
        """That somebody is no longer there, in words; empty of who is."""
        persons = {self.evidence.person(contact_id) for contact_id in own}
        moves = [move for move in self.page.moves.get(self.company.id, ()) if _is(move, persons)]
        past = [move for move in moves if move.moved_at <= self.batch.now]
        latest = max(past, key=lambda move: (move.moved_at, move.key), default=None)
        if latest is None or latest.former_company_id != self.company.id:
            return ""
        return f"they left the company on {day(latest.moved_at)}"

    def _rests(
        self, own: Sequence[int], answers: Iterable[NpsAnswer]
    ) -> tuple[contact_cap.Rest, ...]:
        colleagues = [
            approach
            for approach in self.evidence.at_company.get(self.company.id, ())
            if approach.contact_id not in own
        ]
        return contact_cap.rests_from_asks(
            [approach for one in own for approach in self.evidence.approaches.get(one, ())],
            colleagues,
            self.batch.now,
            self.batch.policy,
            opted_out=contact_caps.first_said(self.evidence.opted_out, own),
            answered_at=[answer.at for answer in answers],
        )


def _is(move: Move, persons: Collection[int]) -> bool:
    return move.person_id in persons


def _last(readings: Sequence[Reading[datetime]], now: datetime) -> datetime | None:
    """What a property says, as far as it said so by now."""
    known = [reading for reading in readings if reading.at is None or reading.at <= now]
    return known[-1].value if known else None


def told(judged: Iterable[Judged]) -> dict[str, str]:
    """What the company itself says, by the best of its people; nothing where nobody was judged."""
    state = readiness.best([one.readiness.state for one in judged])
    return {} if state is None else {"second_order_ask": state.value}
