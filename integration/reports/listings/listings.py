"""The listings that there are, one constant each."""

from collections.abc import Mapping
from typing import Final

from integration.reports.listings.list_parts import Column, Filter, Listing, Shows, Takes
from integration.storage.listings import lists
from mappings.kinds import ObjectType, SourceKind, Timing, source_label

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
_TIMINGS = {
    timing.value: timing.label for timing in (Timing.SOURCED, Timing.ASSISTED, Timing.PRESENT)
}

DEALS: Final = Listing(
    name="deals",
    title="Deals",
    things="deals",
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

LISTINGS: Final[Mapping[str, Listing]] = {listing.name: listing for listing in (DEALS,)}
