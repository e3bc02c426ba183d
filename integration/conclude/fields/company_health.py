"""Account health: the factors of a customer, from its people, answers and tickets."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from integration.conclude.batch import Batch
from integration.conclude.fields.company_page import CustomerRecords
from mappings.rules.facts import ContactFacts
from mappings.rules.job_changes import champions
from mappings.rules.success import health
from mappings.rules.success.nps import CompanyNps

_ACTIVE = timedelta(days=90)


def health_of(
    batch: Batch,
    company_id: int,
    records: CustomerRecords,
    *,
    sentiment: CompanyNps | None,
    champion_left: bool,
) -> health.Health:
    """Score one customer's account."""
    staff = records.staff.get(company_id, ())
    seen = _past((contact.last_activity_at or contact.last_reply_at for contact in staff), batch)
    active = sum(batch.now - at <= _ACTIVE for at in seen)
    factors = [
        # Where nobody's activity is known, that nobody is active is not known either.
        _relationship(batch, company_id, records, active if seen else None),
        health.sentiment(sentiment),
        health.support(records.tickets.get(company_id, ()), batch.now),
    ]
    return health.health(factors, batch.policy, abandoned=champion_left and not active)


def _relationship(
    batch: Batch, company_id: int, records: CustomerRecords, active: int | None
) -> health.Factor:
    staff = records.staff.get(company_id, ())
    replies = _past((contact.last_reply_at for contact in staff), batch)
    has_champion = any(_is_champion(batch, contact, company_id, records) for contact in staff)
    return health.relationship(
        active_contacts=active,
        champion_here=has_champion if staff else None,
        last_touch_days=(batch.now - max(replies)).days if replies else None,
    )


def _past(moments: Iterable[datetime | None], batch: Batch) -> list[datetime]:
    """The known ones of these moments; a meeting that is planned has not been held."""
    return [at for at in moments if at is not None and at <= batch.now]


def _is_champion(
    batch: Batch, contact: ContactFacts, company_id: int, records: CustomerRecords
) -> bool:
    answers = records.answers.get(company_id, ())
    strength, _ = champions.strength(
        {contact.id},
        company_id,
        batch.now,
        deals=records.deals.get(company_id, ()),
        answers=[answer for answer in answers if answer.contact_id == contact.id],
        roles=contact.buying_roles,
        policy=batch.policy,
    )
    return strength >= batch.policy.champion_at
