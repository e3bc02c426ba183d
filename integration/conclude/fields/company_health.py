"""Account health: what a customer's people, answers, tickets and figures say, as of any day."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integration.conclude.batch import Batch
from integration.conclude.fields.company_page import CustomerRecords
from integration.storage.reviews.health_decisions import LeftOutFactor
from mappings.rules.facts import CompanyFacts, ContactFacts, DealFacts, NpsAnswer, Ticket
from mappings.rules.findings import Move
from mappings.rules.job_changes import champions
from mappings.rules.policy import KEY_ROLES, Policy
from mappings.rules.success import (
    health,
    health_course,
    health_factors,
    health_override,
    nps,
    pulse,
)
from mappings.rules.success.health import Factor, Health
from mappings.rules.success.health_course import HealthChange
from mappings.rules.success.health_factors import Feed
from mappings.rules.success.health_override import Override

_ANSWERING = timedelta(days=180)
_NOBODY = Feed("nobody is known there")


@dataclass(frozen=True, slots=True)
class HealthOfToday:
    """A customer's health with its band, and the change against 30 days ago where it is known.

    `override` is the band that somebody set instead, while it holds; the score stays as it is.
    """

    health: Health
    change: HealthChange | None
    hubspot_sentiment: str
    hubspot_score: str = ""
    override: Override | None = None

    @property
    def band(self) -> str:
        """The band that everybody sees."""
        return health_override.band_shown(self.health, self.override)

    @property
    def because(self) -> str:
        """Why, in words; beside it what HubSpot's own properties say, which do not count."""
        sentences = [self.health.because]
        if self.override is not None:
            sentences.insert(0, health_override.because(self.health, self.override))
        if self.change is not None:
            sentences.append(self.change.because)
        if self.hubspot_sentiment:
            said = self.hubspot_sentiment.replace("_", " ")
            sentences.append(f'HubSpot\'s own sentiment says "{said}"; it is not counted.')
        if self.hubspot_score:
            said = self.hubspot_score
            sentences.append(f'HubSpot\'s own health score says "{said}"; it is not counted.')
        return " ".join(sentences)


def health_of(batch: Batch, account: "Account") -> HealthOfToday:
    """Score one customer's account."""
    company = account.company
    now = health_course.today(account.health_at, batch.now, batch.policy)
    change = None
    if now.is_known:
        then = account.health_at(batch.now - health_course.LOOKED_BACK)
        change = health_course.change(now, then)
    override = _override(account.records, company.id)
    return HealthOfToday(
        now, change, company.hubspot_sentiment, company.hubspot_health_score, override
    )


def _override(records: CustomerRecords, company_id: int) -> Override | None:
    decided = records.decisions.get(company_id)
    if decided is None or decided.override is None:
        return None
    stored = decided.override
    author = records.users.get(stored.author, "somebody")
    return Override(stored.band, stored.reason, author, stored.made_at.date(), stored.until)


def account_of(
    batch: Batch, company: CompanyFacts, records: CustomerRecords, moves: Iterable[Move]
) -> "Account":
    """One customer's facts; *moves* are those to and from it."""
    decided = records.decisions.get(company.id)
    return Account(
        company,
        records,
        tuple(moves),
        batch.policy,
        batch.portal_map.not_applicable,
        decided.left_out if decided else (),
    )


@dataclass(frozen=True, slots=True)
class Account:
    """One customer's facts, to be judged as of a day."""

    company: CompanyFacts
    records: CustomerRecords
    moves: Sequence[Move]
    policy: Policy
    not_applicable: Sequence[tuple[str, str]]
    left_out: Sequence[LeftOutFactor] = ()

    def health_at(self, at: datetime) -> Health:
        """The health as of a moment, by what had happened until then."""
        factors = {factor.name: factor for factor in self._factors(at)}
        for name, words in self._not_applicable(at):
            factors[name] = health_factors.not_applicable(name, words)
        return health.health(factors.values(), self.policy, abandoned=self._is_abandoned(at))

    def _not_applicable(self, at: datetime) -> Iterator[tuple[str, str]]:
        """Factors that do not apply in the whole account, and those that do not to this company."""
        yield from self.not_applicable
        for left_out in self.left_out:
            if left_out.until is None or at.date() <= left_out.until:
                yield left_out.factor, left_out.words

    def _factors(self, at: datetime) -> list[Factor]:
        feeds, people = self.records.feeds, self._people(at)
        answers = nps.newest(self._answers, at, self.records.person_of)
        return [
            health_factors.adoption(self.company.figures, at, self.policy, feeds.figures),
            health_factors.relationship(
                list(self._last_touches(at).values()),
                at,
                self.policy,
                champion_here=any(self._is_champion(contact, at) for contact in people),
                is_silent=self._is_silent(people, at),
                feed=feeds.touches if people else _NOBODY,
            ),
            self._sentiment(list(answers.values()), at),
            health_factors.support(self._tickets, at, feeds.tickets),
            health_factors.commercial(self.company.figures, at, self.policy, feeds.figures),
        ]

    def _sentiment(self, answers: Collection[NpsAnswer], at: datetime) -> Factor:
        """What the customer's people answered, and what its owner says."""
        feed = self.records.feeds.answers
        customer = health_factors.sentiment(answers, at, self.policy, feed)
        said = pulse.newest(self.records.pulses.get(self.company.id, ()), at)
        return health_factors.with_pulse(customer, said, at, self.policy)

    @property
    def _answers(self) -> Sequence[NpsAnswer]:
        return self.records.answers.get(self.company.id, ())

    @property
    def _tickets(self) -> Sequence[Ticket]:
        return self.records.tickets.get(self.company.id, ())

    @property
    def deals(self) -> Sequence[DealFacts]:
        """The company's deals."""
        return self.records.deals.get(self.company.id, ())

    def _is_silent(self, people: Iterable[ContactFacts], at: datetime) -> bool:
        """Whether there was activity with the people of somebody who bought long enough ago."""
        won = (deal.closed_at for deal in self.deals if deal.counts_as_won)
        since = min(filter(None, won), default=at)
        if at - since < timedelta(self.policy.relationship_zero_days):
            return False
        times = (contact.last_activity_at for contact in people)
        return any(active_at is not None and active_at <= at for active_at in times)

    def _people(self, at: datetime) -> list[ContactFacts]:
        """The company's people, without those who had left by then."""
        staff = self.records.staff.get(self.company.id, ())
        return [contact for contact in staff if not self._had_left(contact, at)]

    def _had_left(self, contact: ContactFacts, at: datetime) -> bool:
        person_id = self.records.person_of.get(contact.id, contact.id)
        own = [move for move in self.moves if move.person_id == person_id and move.moved_at <= at]
        latest = max(own, key=lambda move: move.moved_at, default=None)
        return latest is not None and latest.former_company_id == self.company.id

    def _last_touches(self, at: datetime) -> Mapping[int, datetime]:
        """When each of the company's people was last in touch with us, both ways."""
        last: dict[int, datetime] = {}
        for contact in self._people(at):
            moments = [*self.records.touched.get(contact.id, ())]
            if contact.last_reply_at is not None:
                moments.append(contact.last_reply_at)
            past = [moment for moment in moments if moment <= at]
            if past:
                last[contact.id] = max(past)
        return last

    def last_touch_at(self, at: datetime) -> datetime | None:
        """When somebody of the company was last in touch with us, both ways."""
        return max(self._last_touches(at).values(), default=None)

    def _is_champion(self, contact: ContactFacts, at: datetime) -> bool:
        strength, _ = champions.strength(
            {contact.id},
            self.company.id,
            at,
            deals=self.deals,
            answers=[answer for answer in self._answers if answer.contact_id == contact.id],
            roles=contact.buying_roles,
            policy=self.policy,
        )
        return strength >= self.policy.champion_at

    def _is_abandoned(self, at: datetime) -> bool:
        """Whether a champion left, however long ago, and nobody who counts is known instead."""
        has_lost_one = any(
            move.former_company_id == self.company.id
            and move.moved_at <= at
            and move.strength >= self.policy.champion_at
            for move in self.moves
        )
        return has_lost_one and not any(self._counts(person, at) for person in self._people(at))

    def _counts(self, contact: ContactFacts, at: datetime) -> bool:
        """Whether somebody can stand in for a champion: by standing, role, or an answer of late."""
        if self._is_champion(contact, at) or self._decides(contact):
            return True
        since = at - _ANSWERING
        touched_at = self._last_touches(at).get(contact.id)
        if touched_at is not None and touched_at >= since:
            return True
        own = (answer.at for answer in self._answers if answer.contact_id == contact.id)
        return any(since <= answered_at <= at for answered_at in own)

    def _decides(self, contact: ContactFacts) -> bool:
        roles = set(contact.buying_roles)
        for deal in self.deals:
            for on_deal in deal.contacts:
                if on_deal.contact_id == contact.id:
                    roles |= on_deal.roles
        return bool(roles & KEY_ROLES)
