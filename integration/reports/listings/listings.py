"""The listings that there are, one constant each."""

from collections.abc import Mapping
from typing import Final

from integration.reports.listings.list_parts import Column, Filter, Listing, Shows, Takes
from integration.storage.listings import lists
from mappings.kinds import (
    PERSON,
    MoveKind,
    ObjectType,
    SourceKind,
    Status,
    Timing,
    WinKind,
    source_label,
)
from mappings.rules.success.follow_ups import SAME_PERSON, TAGS, TASK_DONE

_SOURCES: Mapping[str, str] = {
    word: source_label(word)
    for word in (
        SourceKind.MOVED_CHAMPION,
        SourceKind.REFERRAL,
        SourceKind.WORD_OF_MOUTH,
        "several",
        "none",
    )
}
_KINDS = {word: label for word, label in _SOURCES.items() if word not in {"several", "none"}}
STATES = {"won": "Won", "open": "Open", "lost": "Lost", "left_out": "In a pipeline left out"}
ROLES = {
    "moved_champion": "Moved champion",
    "champion": "Champion",
    "referrer": "Referrer",
    "promoter": "Promoter",
}
BANDS = {"healthy": "Healthy", "watch": "Watch", "at_risk": "At risk", "unknown": "Health unknown"}
OTHERWISE = {
    "healthy": "otherwise healthy",
    "watch": "otherwise watch",
    "at_risk": "otherwise at risk",
    "unknown": "otherwise unknown",
}
_TIMINGS = {
    timing.value: timing.label for timing in (Timing.SOURCED, Timing.ASSISTED, Timing.PRESENT)
}

DEALS: Final = Listing(
    name="deals",
    title="Deals",
    note="Every deal that was looked at, with what a customer had to do with it",
    object_type=ObjectType.DEAL,
    stored=lists.DEALS,
    columns=(
        Column("deal_id", "Deal", Shows.RECORD, "name"),
        Column("company_id", "Company", Shows.COMPANY),
        Column("state", "State", Shows.LABEL, labels=STATES, note="stage", note_heading="Stage"),
        Column("closed_at", "Closed", Shows.DAY, "closed"),
        Column("value_minor", "Amount", Shows.MONEY, "amount"),
        Column("booked_minor", "Second-order", Shows.MONEY, "booked"),
        Column(
            "source",
            "Source",
            Shows.LABEL,
            "sources",
            labels=_SOURCES,
            note="timing",
            note_heading="Timing",
            note_labels=_TIMINGS,
        ),
        Column("advocate_id", "Brought by", Shows.CONTACT),
        Column("certainty", "How sure", Shows.CERTAINTY, "certainty"),
        Column("owner_id", "Owner", Shows.OWNER),
    ),
    filters=(
        Filter("state", "State", Takes.CHOICE, STATES),
        Filter("source", "Source", Takes.CHOICE, _SOURCES),
        Filter("kind", "With a source of kind", Takes.CHOICE, _KINDS),
        Filter("timing", "Timing", Takes.CHOICE, _TIMINGS),
        Filter("pipeline", "Pipeline", Takes.CHOICE, in_use=True),
        Filter("stage", "Stage", Takes.CHOICE, in_use=True),
        Filter("owner", "Owner", Takes.OWNER),
        Filter("team", "Team", Takes.CHOICE, in_use=True),
        Filter("closed_from", "Closed from", Takes.DAY_FROM),
        Filter("closed_to", "Closed until", Takes.DAY_TO),
        Filter("created_from", "Created from", Takes.DAY_FROM),
        Filter("created_to", "Created until", Takes.DAY_TO),
        Filter("booked_from", "Booked from", Takes.DATE_FROM),
        Filter("booked_to", "Booked until", Takes.DATE_TO),
        Filter("amount_from", "Amount from", Takes.MONEY),
        Filter("amount_to", "Amount up to", Takes.MONEY),
        Filter("order", "Order", Takes.NUMBER),
        Filter("company", "Buyer", Takes.COMPANY),
        Filter("from_company", "Led to by customer", Takes.COMPANY),
        Filter("advocate", "Brought by", Takes.CONTACT),
        Filter("booked", "Only with second-order revenue", Takes.YES),
        Filter("no_amount", "Only without an amount", Takes.YES),
        Filter("no_owner", "Only without an owner", Takes.YES),
    ),
    order="-closed",
)

_ANSWERS = {"promoter": "Promoter", "passive": "Passive", "detractor": "Detractor"}

PEOPLE: Final = Listing(
    name="people",
    title="People",
    note="Champions, referrers, promoters, and whoever brought revenue",
    object_type=ObjectType.CONTACT,
    stored=lists.PEOPLE,
    columns=(
        Column("contact_id", "Person", Shows.RECORD, "name", note="email", note_heading="E-mail"),
        Column("company_id", "Company", Shows.COMPANY),
        Column("role", "Role", Shows.LABEL, labels=ROLES),
        Column("revenue", "Second-order revenue", Shows.MAJOR, "revenue"),
        Column("referrals", "Referrals", Shows.NUMBER, "referrals"),
        Column("moved_on", "Moved", Shows.DATE, "moved"),
        Column("nps", "NPS answer", Shows.NUMBER, "nps"),
        Column("owner_id", "Owner", Shows.OWNER),
    ),
    filters=(
        Filter("role", "Role", Takes.CHOICE, ROLES),
        Filter("answer", "NPS answer", Takes.CHOICE, _ANSWERS),
        Filter("owner", "Owner", Takes.OWNER),
        Filter("moved_from", "Moved from", Takes.DATE_FROM),
        Filter("moved_to", "Moved until", Takes.DATE_TO),
        Filter("revenue_from", "Second-order revenue from", Takes.MAJOR),
        Filter("company", "Company", Takes.COMPANY),
        Filter("booked", "Only with second-order revenue", Takes.YES),
        Filter("referred", "Only who referred somebody", Takes.YES),
        Filter("no_owner", "Only without an owner", Takes.YES),
    ),
    order="-revenue",
)

COMPANIES: Final = Listing(
    name="companies",
    title="Companies",
    note="Customers, and companies that led to deals of others",
    object_type=ObjectType.COMPANY,
    stored=lists.COMPANIES,
    columns=(
        Column("company_id", "Company", Shows.RECORD, "name", note="domain", note_heading="Domain"),
        Column("band", "Health", Shows.LABEL, "health", labels=BANDS),
        Column("revenue", "Second-order revenue", Shows.MAJOR, "revenue"),
        Column("deals", "Deals it led to", Shows.NUMBER, "deals"),
        Column("pipeline", "Second-order pipeline", Shows.MAJOR, "pipeline"),
        Column("all_in", "All-in value", Shows.MAJOR, "all_in"),
        Column("champions_left", "Champions left", Shows.NUMBER, "left"),
        Column("churn_risk", "Churn risk", Shows.SHARE, "risk"),
        Column("owner_id", "Owner", Shows.OWNER),
    ),
    filters=(
        Filter("band", "Health", Takes.CHOICE, BANDS),
        Filter("owner", "Owner", Takes.OWNER),
        Filter("revenue_from", "Second-order revenue from", Takes.MAJOR),
        Filter("booked", "Only with second-order revenue", Takes.YES),
        Filter("left", "Only where champions left", Takes.YES),
        Filter("at_stake", "Only with a churn risk", Takes.YES),
        Filter("no_owner", "Only without an owner", Takes.YES),
    ),
    order="-revenue",
)

CUSTOMERS: Final = Listing(
    name="customers",
    title="Customers and their health",
    note="Every company that bought: how it is, what of that is known, and who was last in touch",
    object_type=ObjectType.COMPANY,
    stored=lists.CUSTOMERS,
    columns=(
        Column("company_id", "Company", Shows.RECORD, "name"),
        Column(
            "band",
            "Band",
            Shows.LABEL,
            labels=BANDS,
            note="otherwise",
            note_heading="Without the band that was set",
            note_labels=OTHERWISE,
        ),
        Column("health", "Health", Shows.POINTS, "health"),
        Column("change", "In 30 days", Shows.CHANGE, "change"),
        Column("coverage", "Known", Shows.PERCENT, "coverage"),
        Column("churn_risk", "Churn risk", Shows.SHARE),
        Column("touched_at", "Last in touch", Shows.DAY, "touched"),
        Column("recurring_minor", "A year", Shows.MONEY, "recurring"),
        Column("bought_minor", "Bought", Shows.MONEY, "bought"),
        Column("owner_id", "Owner", Shows.OWNER),
    ),
    filters=(
        Filter("band", "Band", Takes.CHOICE, BANDS),
        Filter("owner", "Owner", Takes.OWNER),
        Filter("recurring_from", "Recurring value from", Takes.MONEY),
        Filter("active", "Only active ones", Takes.YES),
        Filter("falling", "Only falling ones", Takes.YES),
        Filter("untouched", "Only without a recent touch", Takes.YES),
        Filter("touched", "Only with a recent touch", Takes.YES),
        Filter("flagged", "Only where somebody who decides is a detractor", Takes.YES),
        Filter("set_by_hand", "Only with a band that was set by hand", Takes.YES),
        Filter("no_owner", "Only without an owner", Takes.YES),
    ),
    order="health",
)

_MOVE_STATES = {
    **{status.value: status.label for status in Status},
    "confirmed": "Confirmed by a person",
}
_MOVE_KINDS = {kind.value: kind.label for kind in MoveKind}

MOVES: Final = Listing(
    name="moves",
    title="Job changes",
    note="Changes of employer that were noticed, also those that are not sure enough to count",
    object_type=PERSON,
    stored=lists.MOVES,
    columns=(
        Column("new_contact_id", "Person", Shows.CONTACT),
        Column("former_company_id", "From", Shows.COMPANY),
        Column("new_company_id", "To", Shows.COMPANY),
        Column("moved_at", "When", Shows.DATE, "moved"),
        Column("kind", "What", Shows.LABEL, labels=_MOVE_KINDS),
        Column("certainty", "How sure", Shows.CERTAINTY, "certainty"),
        Column("status", "Status", Shows.LABEL, labels=_MOVE_STATES),
    ),
    filters=(
        Filter("status", "Status", Takes.CHOICE, _MOVE_STATES),
        Filter("kind", "What", Takes.CHOICE, _MOVE_KINDS),
        Filter("moved_from", "Moved from", Takes.DATE_FROM),
        Filter("moved_to", "Moved until", Takes.DATE_TO),
        Filter("from_company", "From company", Takes.COMPANY),
        Filter("to_company", "To company", Takes.COMPANY),
        Filter("person", "Person", Takes.CONTACT),
    ),
    order="-moved",
)

STATES_OF_FOLLOW_UPS = {"open": "Open", "overdue": "Overdue", "closed": "Closed"}
ALL_STATES = tuple(STATES_OF_FOLLOW_UPS)
WHY = {
    "detractor": "Answer of a detractor",
    "passive": "Neutral answer",
    "gap": "Gap between pulse and answers",
}
CLOSED_BECAUSE = {
    **TAGS,
    SAME_PERSON: "Goes on as another of the same person",
    TASK_DONE: "Task completed in HubSpot",
}

FOLLOW_UPS: Final = Listing(
    name="follow-ups",
    title="Follow-ups",
    note="Neutral and detractor answers, and gaps between pulse and answers: somebody comes back"
    " to each",
    object_type=PERSON,
    stored=lists.FOLLOW_UPS,
    columns=(
        Column("due_on", "Due", Shows.DATE, "due"),
        Column("contact_id", "Person", Shows.CONTACT),
        Column("company_id", "Company", Shows.COMPANY),
        Column("group_of", "Why", Shows.LABEL, labels=WHY),
        Column("score", "Answer", Shows.NUMBER, "score"),
        Column("later_score", "Answer since", Shows.NUMBER),
        Column("gap", "Steps apart", Shows.NUMBER),
        Column("opened_at", "Opened", Shows.DAY, "opened"),
        Column("owner_id", "Owner", Shows.OWNER),
        Column("state", "State", Shows.LABEL, labels=STATES_OF_FOLLOW_UPS),
        Column("closed_at", "Closed", Shows.DAY, "closed"),
        Column("tag", "Reason", Shows.LABEL, labels=CLOSED_BECAUSE),
    ),
    filters=(
        Filter("state", "State", Takes.CHOICE, STATES_OF_FOLLOW_UPS),
        Filter("why", "Why", Takes.CHOICE, WHY),
        Filter("owner", "Owner", Takes.OWNER),
        Filter("tag", "Reason", Takes.CHOICE, CLOSED_BECAUSE),
        Filter("opened_from", "Opened from", Takes.DAY_FROM),
        Filter("opened_to", "Opened until", Takes.DAY_TO),
        Filter("company", "Company", Takes.COMPANY),
        Filter("person", "Person", Takes.CONTACT),
        Filter("no_owner", "Only without an owner", Takes.YES),
    ),
    order="due",
    has_own_page=True,
)

KNOWN_FROM = {
    "deal": "A won deal",
    "answer": "A survey answer",
    "ticket": "A ticket",
    "property": "A date in HubSpot",
    "usage": "Figures of usage",
    "success": "A product or a workflow",
}
_WIN_KINDS = {kind.value: kind.label for kind in WinKind}

WINS: Final = Listing(
    name="wins",
    title="Wins",
    note="What went well for customers: the moment to say so, and to ask",
    object_type=ObjectType.COMPANY,
    stored=lists.WINS,
    columns=(
        Column("at", "When", Shows.DAY, "at"),
        Column("company_id", "Company", Shows.COMPANY),
        Column(
            "kind",
            "Win",
            Shows.LABEL,
            labels=_WIN_KINDS,
            note="known_from",
            note_heading="Known from",
            note_labels=KNOWN_FROM,
        ),
        Column("words", "What", Shows.WIN),
        Column("contact_id", "Person", Shows.CONTACT),
        Column("deal_id", "Deal", Shows.DEAL),
        Column("owner_id", "Owner", Shows.OWNER),
    ),
    filters=(
        Filter("kind", "Win", Takes.CHOICE, _WIN_KINDS),
        Filter("owner", "Owner", Takes.OWNER),
        Filter("since", "Since", Takes.DAY_FROM),
        Filter("until", "Until", Takes.DAY_TO),
        Filter("company", "Company", Takes.COMPANY),
        Filter("person", "Person", Takes.CONTACT),
        Filter("no_owner", "Only without an owner", Takes.YES),
    ),
    order="-at",
)

LISTINGS: Final[Mapping[str, Listing]] = {
    listing.name: listing
    for listing in (DEALS, PEOPLE, COMPANIES, CUSTOMERS, MOVES, FOLLOW_UPS, WINS)
}
