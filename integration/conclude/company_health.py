"""Account health: the factors of a customer, from its people, answers and tickets."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from integration.conclude.batch import Batch
from integration.conclude.company_page import CompanyPage
from mappings.rules.facts import ContactFacts
from mappings.rules.job_changes import champions
from mappings.rules.success import health
from mappings.rules.success.nps import CompanyNps

_ACTIVE = timedelta(days=90)


def health_of(
    batch: Batch,
    company_id: int,
    page: CompanyPage,
    *,
    sentiment: CompanyNps | None,
    champion_left: bool,
) -> health.Health:
    """Score one customer's account."""
    staff = page.staff.get(company_id, ())
    seen = _past((contact.last_activity_at or contact.last_reply_at for contact in staff), batch)
    replies = _past((contact.last_reply_at for contact in staff), batch)
    active = sum(batch.now - at <= _ACTIVE for at in seen)
    champion_here = any(_is_champion(batch, contact, company_id, page) for contact in staff)
    relationship = health.relationship(
        # Nobody's activity is known: that is no sign that nobody is active.
        active_contacts=active if seen else None,
        champion_here=champion_here if staff else None,
        last_touch_days=(batch.now - max(replies)).days if replies else None,
    )
    support = health.support(page.tickets.get(company_id, ()), batch.now)
    return health.health(
        [relationship, health.sentiment(sentiment), support],
        batch.policy,
        abandoned=champion_left and not active,
    )


def _past(moments: Iterable[datetime | None], batch: Batch) -> list[datetime]:
    """The known ones of these moments; a meeting that is planned has not been held."""
    return [at for at in moments if at is not None and at <= batch.now]


def _is_champion(batch: Batch, contact: ContactFacts, company_id: int, page: CompanyPage) -> bool:
    answers = page.answers.get(company_id, ())
    strength, _ = champions.strength(
        {contact.id},
        company_id,
        batch.now,
        deals=page.deals.get(company_id, ()),
        answers=[answer for answer in answers if answer.contact_id == contact.id],
        roles=contact.buying_roles,
        policy=batch.policy,
    )
    return strength >= batch.policy.champion_at
