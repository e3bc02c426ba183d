"""A person's page: who they are now, their story, their two accounts, and what they led to."""

from collections.abc import Mapping
from datetime import datetime

from flask import Request, render_template

from integration.admin.sign_in import Session
from integration.pages import comment_access, record_frame, relationship_picture
from integration.pages.texts import lazy_gettext
from integration.portal.context import PortalContext
from integration.reports import referral_program
from integration.reports.listings import list_addresses
from integration.reports.listings.listings import ALL_STATES, CLOSED_BECAUSE, WHY
from integration.reports.records import person_record
from integration.reports.records.person_record import PersonRecord
from integration.review.review_kinds import VERB_LABELS
from integration.storage.findings.timeline_rows import Place
from integration.success import follow_up_work
from mappings.kinds import ObjectType, RewardKind
from mappings.records.rows import RefPair
from mappings.rules.attribution.reasons import HOW

_LONGEST_KEY = 400
# What an entry of a story is known from; how a referral is known has words of the rules.
KNOWN_FROM: Mapping[str, str] = {
    **HOW,
    "field": lazy_gettext("a field that names the employer"),
    "address": lazy_gettext("the e-mail address"),
    "user": lazy_gettext("the company that a user chose"),
    "association": lazy_gettext("the company that the record is linked to"),
    "text": lazy_gettext("the name of a company on the record"),
    "deal": lazy_gettext("the deal"),
    "signs": lazy_gettext("signs of a job change"),
    "survey": lazy_gettext("a survey"),
}
SAID: Mapping[str, str] = {
    "moved_self": lazy_gettext("used it at an earlier job"),
    "referral_person": lazy_gettext("a person recommended us"),
    "referral_company": lazy_gettext("a company recommended us"),
    "wom_generic": lazy_gettext("somebody recommended us"),
    "wom_event_talk": lazy_gettext("heard at an event"),
    "community": lazy_gettext("heard in a community"),
    "review_site": lazy_gettext("a review site"),
    "partner": lazy_gettext("a partner"),
    "employee": lazy_gettext("somebody who works for us"),
    "event_own": lazy_gettext("an event of ours"),
    "search": lazy_gettext("a search"),
    "ads": lazy_gettext("an ad"),
    "social": lazy_gettext("social media"),
    "press_podcast": lazy_gettext("press or a podcast"),
    "ai_assistant": lazy_gettext("an AI assistant"),
    "outbound": lazy_gettext("we got in touch"),
    "existing_relationship": lazy_gettext("knew us already"),
    "negative_wom": lazy_gettext("a warning of us: it earns no credit"),
}


def page(portal: PortalContext, session: Session, contact_id: int, asked: Request) -> str | None:
    """Return the page of the human behind a contact; None for one that never was here."""
    place = story_place(asked.args.get("after", ""))
    found = person_record.read(portal, contact_id, place)
    if found is None:
        return None
    currency = found.terms.currency
    frame = record_frame.of(portal, session, found.card, currency)
    with portal.transaction() as tx:
        loops = follow_up_work.of_record(
            tx, ObjectType.CONTACT, found.record_ids, portal.runtime.now()
        )
    return render_template(
        "person.html",
        **frame,
        record=found,
        names=found.names,
        currency=currency,
        labels=VERB_LABELS,
        ask=record_frame.ask_of(portal, session, found.card),
        loops=loops,
        why_followed_up=WHY,
        closed_because=CLOSED_BECAUSE,
        all_loops=list_addresses.address(
            session.portal_id, "follow-ups", person=found.card.record_id, state=ALL_STATES
        ),
        known_from=KNOWN_FROM,
        said=SAID,
        next_entries=written(found.story.next),
        is_first_page=place is None,
        link=referral_program.of_person(portal, found.record_ids),
        link_base=f"{portal.runtime.settings.public_url}/r/",
        reward_kinds=list(RewardKind),
        all_brought=list_addresses.address(
            session.portal_id, "deals", advocate=found.card.record_id, booked="yes"
        ),
        reads_comments=comment_access.may_read(portal, session, _refs(found)),
        **_pictures(found),
    )


def _refs(found: PersonRecord) -> list[RefPair]:
    """The records by whose owner a person's comments may be read."""
    contacts = [(ObjectType.CONTACT.value, contact_id) for contact_id in found.record_ids]
    employer = [(ObjectType.COMPANY.value, found.employer_id)] if found.employer_id else []
    return [*contacts, *employer]


def _pictures(found: PersonRecord) -> dict[str, object]:
    two, names, currency = found.two, found.names, found.terms.currency
    if two is None:
        return {"sentence": ""}
    return {
        "sentence": relationship_picture.sentence(two, names, currency),
        "wide": relationship_picture.side_by_side(two, names, currency),
        "narrow": relationship_picture.stacked(two, names, currency),
    }


def story_place(text: str) -> Place | None:
    """Where a story goes on by the address; one that was made up begins at the start."""
    moment, _, key = text.partition("~")
    if not key or len(key) > _LONGEST_KEY or "\x00" in key:
        return None
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return Place(at, key) if at.tzinfo else None


def written(place: Place | None) -> str | None:
    """A place as it stands in an address."""
    return f"{place.at.isoformat()}~{place.key}" if place else None
