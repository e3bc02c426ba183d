"""Churn risk of a page of customers: when they were customers, what is known, and the risk."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from integration.conclude import record_facts
from integration.conclude.batch import Batch
from integration.conclude.fields.company_page import CompanyPage
from integration.portal.portal_changes import Change
from integration.storage.findings import recurring_rows
from integration.storage.success import churn_rows
from mappings.kinds import ObjectType
from mappings.rules.facts import CompanyFacts, ContactFacts, DealFacts, NpsAnswer, Ticket
from mappings.rules.findings import Move
from mappings.rules.job_changes import champions
from mappings.rules.policy import KEY_ROLES, Policy
from mappings.rules.success import churn, churn_risk, nps, recurring_value
from mappings.rules.success.churn import CustomerSpell, Paid, Renewing
from mappings.rules.success.churn_risk import ChurnModel, ChurnRisk, RiskFactor
from mappings.rules.success.recurring_value import ValueSpan, ValueTag
from mappings.rules.text import job_titles

_LEFT_LATELY = timedelta(days=365)
_ACTIVE = timedelta(days=90)
_URGENT = "URGENT"
_EXECUTIVE_ROLE = "executive_sponsor"


@dataclass(frozen=True, slots=True)
class RiskPage:
    """What the risks of a page are worked out from, beside the page: spans and spells by company.

    `leavers` are contacts of champions who left, by id.
    """

    spans: Mapping[int, Sequence[ValueSpan]]
    spells: Mapping[int, Sequence[CustomerSpell]]
    leavers: Mapping[int, ContactFacts]
    model: ChurnModel


def load(batch: Batch, page: CompanyPage) -> RiskPage:
    """Read what these customers paid over time, who left them, and the model of the account."""
    customers = page.customers & page.companies.keys()
    spans = recurring_rows.of_companies(batch.tx, customers) if customers else {}
    left = {
        move.former_contact_id
        for moves in page.moves.values()
        for move in moves
        if move.strength >= batch.policy.champion_at
    }
    return RiskPage(
        spans=spans,
        spells=_spells_of(batch, page, spans),
        leavers=record_facts.contacts(batch, left) if left else {},
        model=model(batch) if customers else starting(batch),
    )


def model(batch: Batch) -> ChurnModel:
    """The newest re-fit, or else the policy's odds on the account's base rate."""
    fitted = churn_rows.latest_fit(batch.tx)
    return fitted if fitted is not None else starting(batch)


def starting(batch: Batch) -> ChurnModel:
    """The policy's odds on the base rate as it was last counted."""
    known = churn_rows.base(batch.tx)
    base_ppm, counted = known or (churn.base_rate(churn.Cohort()), churn.Cohort())
    return churn_risk.starting_model(
        base_ppm, batch.policy, customers=counted.customers, churned=counted.churned
    )


def _spells_of(
    batch: Batch, page: CompanyPage, spans: Mapping[int, Sequence[ValueSpan]]
) -> dict[int, tuple[CustomerSpell, ...]]:
    """When the page's living companies were customers."""
    bought = [company for company in page.companies.values() if company.id in page.customers]
    living = [company for company in bought if not company.archived]
    read = batch.each_of(
        ObjectType.COMPANY, living, lambda company: _spells(batch, company, page, spans)
    )
    return {company.id: spells for company, spells in read}


def _spells(
    batch: Batch, company: CompanyFacts, page: CompanyPage, spans: Mapping[int, Sequence[ValueSpan]]
) -> tuple[CustomerSpell, ...]:
    deals = page.records.deals.get(company.id, ())
    bought = [deal for deal in deals if deal.counts_as_won and (deal.amount_minor or 0) > 0]
    return churn.spells(
        [_paid(span, company, batch.now) for span in spans.get(company.id, ())],
        [deal.closed_at or deal.created_at for deal in bought],
        [_renewing(deal) for deal in deals if deal.is_renewal and not deal.archived],
        batch.now,
        batch.policy,
        unknown_since=_emptied_at(company),
    )


def _paid(span: ValueSpan, company: CompanyFacts, now: datetime) -> Paid:
    """A span as a time of being a customer; a pause lasts no longer than its contract."""
    if ValueTag.PAUSED not in span.tags or span.until is not None:
        return Paid(span.since, span.until)
    ends = company.figures.renewal[-1].value if company.figures.renewal else None
    is_over = ends is not None and span.since < ends <= now
    return Paid(span.since, ends if is_over else None)


def _renewing(deal: DealFacts) -> Renewing:
    closed_at = deal.closed_at if deal.is_closed or deal.is_won else None
    return Renewing(deal.created_at, closed_at)


def _emptied_at(company: CompanyFacts) -> datetime | None:
    """Since when the field that says what is paid has been empty; None where it is not."""
    readings = company.figures.recurring
    return readings[-1].at if readings and readings[-1].value is None else None


def settle_base(batch: Batch) -> None:
    """Count the account's base rate; where it is another, every customer's risk is due again.

    While a fitted model stands, no risk rests on it.
    """
    horizon = timedelta(batch.policy.churn_horizon_days)
    counted = churn_rows.cohort(batch.tx, batch.now - horizon, batch.now)
    base_ppm = churn.steady_rate(counted)
    known = churn_rows.base(batch.tx)
    if known is not None and known[0] == base_ppm:
        return
    churn_rows.keep_base(batch.tx, base_ppm, counted)
    if churn_rows.latest_fit(batch.tx) is None:
        batch.changed(Change.CHURN_MODEL_CHANGED)


def store(batch: Batch, company_ids: Collection[int], found: RiskPage) -> None:
    """Keep when these companies were customers; one that is gone or never bought was none."""
    readable = set(company_ids) - batch.broken(ObjectType.COMPANY)
    churn_rows.store(batch.tx, readable, found.spells)


def risk_of(
    batch: Batch, company: CompanyFacts, page: CompanyPage, found: RiskPage
) -> ChurnRisk | None:
    """The risk of one customer; None of a company that is no customer today."""
    if not any(spell.covers(batch.now) for spell in found.spells.get(company.id, ())):
        return None
    account = Account(company, page, found, batch.now, batch.policy)
    return churn_risk.risk(
        account.facts(), found.model, batch.now, batch.policy, renewal=account.renewal
    )


def plain(risk: ChurnRisk) -> dict[str, object]:
    """A risk as the reasons of a conclusion keep it."""
    return {
        "ppm": risk.ppm,
        "band": risk.band,
        "parts": [[part.factor.value, part.odds] for part in risk.parts],
        "unknown": [factor.value for factor in risk.unknown],
        "until": risk.until.isoformat() if risk.until else None,
        "days": risk.horizon_days,
        "base_ppm": risk.model.base_ppm,
        "version": risk.model.version,
    }


@dataclass(frozen=True, slots=True)
class Account:
    """One customer as of a moment: what is known then that makes a churn more or less likely."""

    company: CompanyFacts
    page: CompanyPage
    found: RiskPage
    at: datetime
    policy: Policy

    def facts(self) -> dict[RiskFactor, bool]:
        """Every fact that is known to be so or not."""
        known: dict[RiskFactor, bool] = {}
        known |= self._champions()
        known |= self._values()
        known |= self._answers()
        known |= self._touches()
        known |= self._tickets()
        return known

    @property
    def renewal(self) -> date | None:
        """The day on which the contract ends, as was known at the moment."""
        readings = [
            reading
            for reading in self.company.figures.renewal
            if reading.at is None or reading.at <= self.at
        ]
        value = readings[-1].value if readings else None
        return value.date() if value is not None else None

    def _champions(self) -> dict[RiskFactor, bool]:
        """Whether a champion left lately; not known where nobody ever was one."""
        left = [move for move in self._left() if self.at - _LEFT_LATELY <= move.moved_at]
        if left:
            return {
                RiskFactor.CHAMPION_LEFT: True,
                RiskFactor.EXECUTIVE_LEFT: any(self._was_executive(move) for move in left),
            }
        if self._left() or any(self._is_champion(contact) for contact in self._people()):
            return {RiskFactor.CHAMPION_LEFT: False, RiskFactor.EXECUTIVE_LEFT: False}
        return {}

    def _left(self) -> list[Move]:
        return [
            move
            for move in self.page.moves.get(self.company.id, ())
            if move.former_company_id == self.company.id
            and move.strength >= self.policy.champion_at
            and move.moved_at <= self.at
        ]

    def _was_executive(self, move: Move) -> bool:
        """Whether somebody led the company, by their role or by their title before they left."""
        contact = self.found.leavers.get(move.former_contact_id)
        if contact is None:
            return False
        roles = contact.buying_roles | self._deal_roles(contact)
        titles = [
            version.value
            for version in contact.history.get("jobtitle", ())
            if version.at <= move.moved_at
        ]
        title = titles[-1] if titles else contact.job_title
        return _EXECUTIVE_ROLE in roles or job_titles.is_executive(title)

    def _deal_roles(self, contact: ContactFacts) -> set[str]:
        on_deals = [person for deal in self._deals for person in deal.contacts]
        own = [person.roles for person in on_deals if person.contact_id == contact.id]
        return set[str]().union(*own)

    @property
    def _deals(self) -> Sequence[DealFacts]:
        return self.page.records.deals.get(self.company.id, ())

    def _people(self) -> list[ContactFacts]:
        """The company's people, without those who had left by then."""
        gone = {move.person_id for move in self._departed()}
        staff = self.page.records.staff.get(self.company.id, ())
        person_of = self.page.records.person_of
        return [person for person in staff if person_of.get(person.id, person.id) not in gone]

    def _departed(self) -> list[Move]:
        """The latest move of each person, where it led away."""
        latest: dict[int, Move] = {}
        moves = self.page.moves.get(self.company.id, ())
        for move in sorted(moves, key=lambda move: move.moved_at):
            if move.moved_at <= self.at:
                latest[move.person_id] = move
        return [move for move in latest.values() if move.former_company_id == self.company.id]

    def _is_champion(self, contact: ContactFacts) -> bool:
        strength, _ = champions.strength(
            {contact.id},
            self.company.id,
            self.at,
            deals=self._deals,
            answers=[answer for answer in self._given if answer.contact_id == contact.id],
            roles=contact.buying_roles,
            policy=self.policy,
        )
        return strength >= self.policy.champion_at

    def _values(self) -> dict[RiskFactor, bool]:
        """Whether it pays less, and whether its renewal is near; each only where it is known."""
        known: dict[RiskFactor, bool] = {}
        spans = self.found.spans.get(self.company.id, ())
        days = {span.since for span in spans} | {span.until for span in spans if span.until}
        values = [(day, recurring_value.value_at(spans, day)) for day in sorted(days)]
        if values:
            is_less = churn_risk.is_contraction(values, self.at, self.policy)
            known[RiskFactor.CONTRACTION] = is_less
        if self.renewal is not None:
            days_left = (self.renewal - self.at.date()).days
            known[RiskFactor.RENEWAL_NEAR] = 0 <= days_left <= self.policy.churn_renewal_days
        return known

    @property
    def _given(self) -> Sequence[NpsAnswer]:
        return self.page.records.answers.get(self.company.id, ())

    def _answers(self) -> dict[RiskFactor, bool]:
        latest = nps.latest(self._given, self.at, self.policy, self.page.records.person_of)
        known: dict[RiskFactor, bool] = {}
        if latest:
            known[RiskFactor.PROMOTER] = any(nps.sign(one.score) > 0 for one in latest.values())
        if any(answer.role in KEY_ROLES for answer in latest.values()):
            felt = nps.company(latest.values(), self.at, self.policy)
            known[RiskFactor.KEY_DETRACTOR] = felt is not None and felt.flagged
        return known

    def _touches(self) -> dict[RiskFactor, bool]:
        """How lately somebody was in touch; not known where nobody ever was, or none is read.

        Who left was in touch until then, and is no active contact any more.
        """
        people, departed = self._people(), self._departed()
        if self.page.records.feeds.touches.missing or not (people or departed):
            return {}
        here = [touched_at for person in people if (touched_at := self._last_touch(person))]
        last = [*here, *self._touches_before_leaving(departed)]
        active = sum(self.at - touched_at <= _ACTIVE for touched_at in here)
        silent_since = self.at - timedelta(self.policy.churn_silence_days)
        known = {RiskFactor.ACTIVE_CONTACTS: active >= self.policy.churn_contacts}
        if last or self._is_old_customer():
            known[RiskFactor.SILENCE] = max(last, default=silent_since) <= silent_since
        return known

    def _is_old_customer(self) -> bool:
        """Whether it bought so long ago that somebody should have been in touch since."""
        silent_since = self.at - timedelta(self.policy.churn_silence_days)
        spells = self.found.spells.get(self.company.id, ())
        return any(spell.since <= silent_since for spell in spells)

    def _touches_before_leaving(self, departed: Iterable[Move]) -> list[datetime]:
        """The last touch of each who left while they were there, as far as it is known."""
        left_at = {move.person_id: move.moved_at for move in departed}
        person_of = self.page.records.person_of
        found: list[datetime] = []
        for contact in self.page.records.staff.get(self.company.id, ()):
            until = left_at.get(person_of.get(contact.id, contact.id))
            touched_at = self._last_touch(contact, until) if until else None
            if touched_at is not None:
                found.append(touched_at)
        return found

    def _last_touch(self, contact: ContactFacts, until: datetime | None = None) -> datetime | None:
        end = min(until or self.at, self.at)
        moments = [*self.page.records.touched.get(contact.id, ())]
        if contact.last_reply_at is not None:
            moments.append(contact.last_reply_at)
        return max((moment for moment in moments if moment <= end), default=None)

    def _tickets(self) -> dict[RiskFactor, bool]:
        feed = self.page.records.feeds.tickets
        if feed.missing or feed.is_lost(self.at):
            return {}
        tickets = self.page.records.tickets.get(self.company.id, ())
        return {RiskFactor.OLD_URGENT_TICKET: any(self._is_pressing(one) for one in tickets)}

    def _is_pressing(self, ticket: Ticket) -> bool:
        is_open = ticket.closed_at is None or ticket.closed_at > self.at
        age = self.at - ticket.opened_at
        is_old = age > timedelta(self.policy.churn_ticket_days)
        return ticket.priority.upper() == _URGENT and is_open and is_old
