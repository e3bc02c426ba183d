"""A company's page: customer since, health that adds up, deals, champions, and whom it brought."""

from flask import Request, render_template

from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import health_trend, pulse_page, record_frame
from integration.pages.person_view import KNOWN_FROM, SAID, story_place, written
from integration.portal.context import PortalContext
from integration.portal.permissions import Permission
from integration.reports.listings import list_addresses
from integration.reports.listings.listings import ALL_STATES, CLOSED_BECAUSE, WHY
from integration.reports.records import company_record
from integration.reports.records.company_record import HEALTH_STARTS_AT, CompanyRecord
from integration.reports.records.record_card import RecordCard
from integration.review.review_kinds import VERB_LABELS
from integration.success import follow_up_work, pulses
from mappings.kinds import ObjectType
from mappings.records.catalogue import ROLES
from mappings.rules.success.health import FACTORS


def page(
    portal: PortalContext,
    session: Session,
    company_id: int,
    asked: Request,
    *,
    problem: Refused | None = None,
) -> str | None:
    """Return the page; None for a company that this account never had.

    *problem* is what was wrong with a form on it, whose values then stay typed.
    """
    place = story_place(asked.args.get("after", ""))
    found = company_record.read(portal, company_id, place)
    if found is None:
        return None
    currency, number = found.terms.currency, found.card.record_id
    frame = record_frame.of(portal, session, found.card, currency)
    with portal.transaction() as tx:
        said_of_it = pulses.newest_first(tx, number)
        loops = follow_up_work.of_record(tx, ObjectType.COMPANY, [number], portal.runtime.now())
    return render_template(
        "company.html",
        **frame,
        record=found,
        names=found.names,
        currency=currency,
        labels=VERB_LABELS,
        roles=ROLES,
        starts_at=HEALTH_STARTS_AT,
        pulses=said_of_it,
        ask=record_frame.ask_of(portal, session, found.card),
        loops=loops,
        why_followed_up=WHY,
        closed_because=CLOSED_BECAUSE,
        all_loops=list_addresses.address(
            session.portal_id, "follow-ups", company=number, state=ALL_STATES
        ),
        pulse_values=pulse_page.VALUES,
        may_give_pulse=_is_there(found.card) and pulse_page.may_give(portal, session, number),
        known_from=KNOWN_FROM,
        said=SAID,
        next_entries=written(found.story.next),
        is_first_page=place is None,
        trend=health_trend.of(found.trend),
        problem=problem,
        typed=asked.form if problem else {},
        may_decide=_may_decide(session, found),
        may_leave_out=session.may(Permission.OVERRIDE),
        factors=FACTORS,
        today=portal.runtime.now().date(),
        all_deals=list_addresses.address(session.portal_id, "deals", company=number),
        all_brought=list_addresses.address(session.portal_id, "deals", from_company=number),
    )


def _is_there(card: RecordCard) -> bool:
    return card.is_kept and not card.gone_why


def _may_decide(session: Session, found: CompanyRecord) -> bool:
    """Whether this visitor may set the company's band: everybody's, or that of their own."""
    owner = found.card.owner
    is_own = owner is not None and not owner.is_archived and owner.user_id == session.user_id
    return session.may(Permission.OVERRIDE) or (session.may(Permission.OVERRIDE_OWN) and is_own)
