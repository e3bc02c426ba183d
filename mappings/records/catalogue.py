"""Properties that we own in HubSpot: the one list of install, writeback and documents."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from mappings.kinds import AskState, ObjectType, SourceKind, Timing
from mappings.records.properties import (
    GROUP_LABEL,
    GROUP_NAME,
    OwnProperty,
    choice,
    day,
    home_money,
    moment,
    money,
    number,
    paragraph,
    percent,
    text,
)

# HubSpot's name of an object type in paths, and its type id in notifications.
PLURAL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "contact": "contacts",
        "company": "companies",
        "deal": "deals",
        "ticket": "tickets",
        "feedback_submission": "feedback_submissions",
        "meeting": "meetings",
        "call": "calls",
        "email": "emails",
        "note": "notes",
        "task": "tasks",
    }
)
TYPE_ID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "contact": "0-1",
        "company": "0-2",
        "deal": "0-3",
        "ticket": "0-5",
        "feedback_submission": "0-19",
        "note": "0-46",
        "meeting": "0-47",
        "call": "0-48",
        "email": "0-49",
    }
)
WRITTEN_TYPES: Final = tuple(
    kind.value for kind in (ObjectType.CONTACT, ObjectType.COMPANY, ObjectType.DEAL)
)

_DERIVED = (SourceKind.MOVED_CHAMPION, SourceKind.REFERRAL, SourceKind.WORD_OF_MOUTH)
_SOURCES = {
    SourceKind.MOVED_CHAMPION.value: SourceKind.MOVED_CHAMPION.label,
    SourceKind.REFERRAL.value: SourceKind.REFERRAL.label,
    SourceKind.WORD_OF_MOUTH.value: SourceKind.WORD_OF_MOUTH.label,
    "several": "Several sources",
    "none": "None",
}
_TIMINGS = {
    timing.value: timing.label for timing in (Timing.SOURCED, Timing.ASSISTED, Timing.PRESENT)
}
ROLES: Final[Mapping[str, str]] = {
    "champion": "Champion",
    "moved_champion": "Moved champion",
    "referrer": "Referrer",
    "promoter": "Promoter",
    "none": "None",
}
_GROUPS = {
    "promoter": "Promoter (9-10)",
    "passive": "Passive (7-8)",
    "detractor": "Detractor (0-6)",
}
_ASK_STATES = {state.value: state.label for state in AskState}
_BANDS = {"healthy": "Healthy", "watch": "Watch", "at_risk": "At risk", "unknown": "Unknown"}

_DEAL = (
    choice(
        ObjectType.DEAL,
        "second_order_source",
        "Second-order source",
        "Where this deal really came from: a champion who changed jobs, a customer's referral, word"
        " of mouth, or several of them. None means that no customer led to it.",
        _SOURCES,
    ),
    percent(
        ObjectType.DEAL,
        "second_order_share",
        "Second-order share",
        "How much of this deal exists because of earlier customers, between 0 and 1.",
    ),
    money(
        ObjectType.DEAL,
        "second_order_amount",
        "Second-order amount",
        "The part of the amount that earlier customers brought, in the deal's currency. Of"
        " several currencies, reports add up the amount in account currency.",
    ),
    home_money(
        ObjectType.DEAL,
        "second_order_amount_home",
        "Second-order amount (account currency)",
        "What is booked of a won deal for earlier customers, in the account's currency at the rate"
        " of the close. Reports add this up; empty while nothing is booked.",
    ),
    home_money(
        ObjectType.DEAL,
        "second_order_amount_moved",
        "Second-order amount: moved champions",
        "The part of it that champions who changed jobs brought, in the account's currency.",
    ),
    home_money(
        ObjectType.DEAL,
        "second_order_amount_referral",
        "Second-order amount: referrals",
        "The part of it that referrals brought, in the account's currency.",
    ),
    home_money(
        ObjectType.DEAL,
        "second_order_amount_word_of_mouth",
        "Second-order amount: word of mouth",
        "The part of it that word of mouth brought, in the account's currency.",
    ),
    day(
        ObjectType.DEAL,
        "second_order_booked_on",
        "Second-order booked on",
        "The day of the win in the books, in the account's time zone: its months are those of the"
        " ledger. Empty while nothing is booked.",
    ),
    choice(
        ObjectType.DEAL,
        "second_order_timing",
        "Second-order timing",
        "How the strongest source took part: sourced is there when the deal began, assisted helps"
        " it on later, present is on the deal without a role.",
        _TIMINGS,
    ),
    percent(
        ObjectType.DEAL,
        "second_order_confidence",
        "Second-order confidence",
        "How sure we are of the strongest source, between 0 and 1.",
    ),
    paragraph(
        ObjectType.DEAL,
        "second_order_because",
        "Second-order reasons",
        "Why we think so, in words, strongest reason first.",
    ),
    text(
        ObjectType.DEAL,
        "second_order_source_name",
        "Sourced by",
        "The person and customer with the largest credit, for example a former user at her new"
        " employer. Of word of mouth: who said it, as far as known, and who heard it.",
    ),
    text(
        ObjectType.DEAL,
        "second_order_source_record",
        "Sourced by (record)",
        "The same person as a record, written contact:ID, so that workflows can use it.",
    ),
    number(
        ObjectType.DEAL,
        "second_order_order",
        "Second-order: order",
        "2: it came because of a customer that no other customer brought; 3: one step further; the"
        " shortest of its paths.",
    ),
)

_CONTACT = (
    choice(
        ObjectType.CONTACT,
        "second_order_role",
        "Second-order role",
        "The highest role this person has for us: champion, champion who moved, referrer,"
        " promoter.",
        ROLES,
    ),
    money(
        ObjectType.CONTACT,
        "second_order_revenue",
        "Second-order revenue",
        "Won revenue this person brought beyond their own purchases, in the account's currency: on"
        " the person's current record, and 0 on the others, so that it can be added up.",
    ),
    text(
        ObjectType.CONTACT,
        "second_order_same_person",
        "Second-order: same person as",
        "On a person's other records: the current one, written contact:ID.",
    ),
    number(
        ObjectType.CONTACT,
        "second_order_referrals",
        "Referrals made",
        "How many people or companies they sent.",
    ),
    text(
        ObjectType.CONTACT,
        "second_order_moved_from",
        "Moved from",
        "The customer they worked at before.",
    ),
    day(
        ObjectType.CONTACT,
        "second_order_moved_at",
        "Moved on",
        "When they changed jobs, as far as it shows.",
    ),
    percent(
        ObjectType.CONTACT,
        "second_order_move_confidence",
        "Move confidence",
        "How sure we are of the job change, between 0 and 1.",
    ),
    number(
        ObjectType.CONTACT,
        "second_order_nps",
        "NPS answer",
        "Their latest answer, 0 to 10, of the last year.",
    ),
    choice(
        ObjectType.CONTACT,
        "second_order_nps_group",
        "NPS group",
        "Promoter, passive or detractor by the latest answer.",
        _GROUPS,
    ),
    moment(
        ObjectType.CONTACT,
        "second_order_nps_at",
        "NPS answered at",
        "When they gave the latest answer.",
    ),
    text(
        ObjectType.CONTACT,
        "second_order_survey_link",
        "Second-order survey link",
        "The person's own address of our survey, for your e-mails. Empty while they should be left"
        " in peace: send to contacts with whom it is known.",
    ),
    choice(
        ObjectType.CONTACT,
        "second_order_ask",
        "Second-order ask",
        "Whether to ask them for a referral: now, not yet, not again for a while, or never. Empty"
        " of people who are at no active customer, or had nothing to do with you.",
        _ASK_STATES,
    ),
    paragraph(
        ObjectType.CONTACT,
        "second_order_ask_because",
        "Second-order ask: reasons",
        "What speaks for asking them, or what is in the way, and until when.",
    ),
    text(
        ObjectType.CONTACT,
        "second_order_referral_link",
        "Personal referral link",
        "Their own link to recommend us by, for any e-mail. There while the referral program is on,"
        " for whom a link was made.",
    ),
)

_COMPANY = (
    money(
        ObjectType.COMPANY,
        "second_order_revenue",
        "Second-order revenue",
        "Won revenue that came because of this customer and not from it, in the account's"
        " currency.",
    ),
    money(
        ObjectType.COMPANY,
        "second_order_pipeline",
        "Second-order pipeline",
        "Open deals that came because of this customer, weighted by their probability.",
    ),
    money(
        ObjectType.COMPANY,
        "second_order_all_in_value",
        "All-in lifetime value",
        "What it bought itself plus all that followed from it. Overlaps between customers: never"
        " add it up.",
    ),
    number(
        ObjectType.COMPANY,
        "second_order_deals",
        "Second-order deals",
        "Won deals of others that came because of this customer.",
    ),
    number(
        ObjectType.COMPANY,
        "second_order_nps",
        "Company NPS",
        "From -100 to 100; empty with under 5 answers.",
    ),
    number(
        ObjectType.COMPANY,
        "second_order_nps_answers",
        "NPS answers",
        "How many people answered in the last year.",
    ),
    number(
        ObjectType.COMPANY,
        "second_order_health",
        "Health",
        "0 to 100; high is good. Empty while less than half of what it should rest on is known.",
    ),
    choice(
        ObjectType.COMPANY,
        "second_order_health_band",
        "Health band",
        "Healthy, watch or at risk; unknown when too little is known to say.",
        _BANDS,
    ),
    paragraph(
        ObjectType.COMPANY,
        "second_order_health_because",
        "Health: reasons",
        "What drives the score, from 50 on, and what is missing.",
    ),
    percent(
        ObjectType.COMPANY,
        "second_order_health_coverage",
        "Health coverage",
        "How much of what health should rest on is known, between 0 and 1.",
    ),
    number(
        ObjectType.COMPANY,
        "second_order_health_change",
        "Health change",
        "Points against 30 days ago; empty where the same was not known then.",
    ),
    number("company", "second_order_champions_left", "Champions left", "In the last 365 days."),
    choice(
        ObjectType.COMPANY,
        "second_order_ask",
        "Second-order ask",
        "As on contacts, by the best of its people: whether there is somebody to ask now.",
        _ASK_STATES,
    ),
    percent(
        ObjectType.COMPANY,
        "second_order_churn_risk",
        "Churn risk",
        "Of customers, until their renewal or for 180 days; empty where too little is known.",
    ),
    paragraph(
        ObjectType.COMPANY,
        "second_order_churn_risk_because",
        "Churn risk: reasons",
        "Band and reasons, strongest first, and what is not known.",
    ),
)

_UPDATED = tuple(
    moment(
        object_type,
        "second_order_updated_at",
        "Second-order updated at",
        "When a value of this group last changed on this record.",
    )
    for object_type in WRITTEN_TYPES
)

# Made only where an admin switched the referral program on.
OF_PROGRAM: Final = frozenset({"second_order_referral_link"})
PROPERTIES: Final[tuple[OwnProperty, ...]] = (*_DEAL, *_CONTACT, *_COMPANY, *_UPDATED)


def own_properties(object_type: str) -> tuple[OwnProperty, ...]:
    """The properties we create on one object type, in the order they are shown."""
    return tuple(prop for prop in PROPERTIES if prop.object_type == object_type)


def own_names(object_type: str) -> frozenset[str]:
    """The only property names we may ever write on this object type."""
    return frozenset(prop.name for prop in own_properties(object_type))


def group_definition() -> dict[str, object]:
    """The body HubSpot wants when our property group is created."""
    return {"name": GROUP_NAME, "label": GROUP_LABEL, "displayOrder": -1}
