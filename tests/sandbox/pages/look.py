"""How records look to a person: titles, values in words, lists, associations and history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from tests.sandbox import crm
from tests.sandbox.records import PLURALS, TYPE_IDS

OURS = "second_order"
SHOWN = ("contact", "company", "deal", "ticket", "feedback_submission")
KIND_OF_ID = {type_id: kind for kind, type_id in TYPE_IDS.items()}
PER_PAGE = 50
LINKS_SHOWN = 25
HISTORY_SHOWN = 60
_HOME_MONEY = frozenset(
    {"amount_in_home_currency", "annualrevenue", "total_revenue", "recent_deal_amount"}
)
_MONEY = _HOME_MONEY | {"amount", "hs_arr", "hs_mrr"}
_COLUMNS: dict[str, tuple[str, ...]] = {
    "contact": (
        "email",
        "company",
        "jobtitle",
        "second_order_role",
        "second_order_moved_from",
        "second_order_revenue",
    ),
    "company": (
        "domain",
        "lifecyclestage",
        "second_order_revenue",
        "second_order_deals",
        "second_order_health_band",
    ),
    "deal": ("dealstage", "amount", "closedate", "second_order_source", "second_order_source_name"),
    "ticket": ("hs_pipeline_stage", "hs_ticket_priority", "createdate"),
    "feedback_submission": ("hs_survey_type", "hs_value", "hs_content", "hs_submission_timestamp"),
}
# HubSpot's own words for its properties, where a name alone reads badly.
_LABELS = {
    "firstname": "First name",
    "lastname": "Last name",
    "jobtitle": "Job title",
    "mobilephone": "Mobile phone",
    "company": "Company name",
    "lifecyclestage": "Lifecycle stage",
    "hubspot_owner_id": "Owner",
    "createdate": "Create date",
    "lastmodifieddate": "Last modified",
    "hs_lastmodifieddate": "Last modified",
    "hs_createdate": "HubSpot create date",
    "hs_object_id": "Record ID",
    "associatedcompanyid": "Primary company",
    "hs_primary_associated_company": "Primary company",
    "hs_linkedin_url": "LinkedIn URL",
    "numberofemployees": "Number of employees",
    "dealname": "Deal name",
    "dealstage": "Deal stage",
    "closedate": "Close date",
    "dealtype": "Deal type",
    "deal_currency_code": "Currency",
    "hs_arr": "Annual recurring revenue",
    "hs_mrr": "Monthly recurring revenue",
}
_SEARCHED = ("firstname", "lastname", "email", "company", "name", "domain", "dealname", "subject")
# What says at a glance that the app concluded something; "none" and nothing are no conclusion.
_MARK = {
    "contact": "second_order_role",
    "company": "second_order_revenue",
    "deal": "second_order_source",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A property of a record as a page shows it."""

    name: str
    label: str
    text: str
    description: str = ""
    long: bool = False


@dataclass(frozen=True, slots=True)
class Linked:
    """An associated record with the labels of the association."""

    kind: str
    id: int
    title: str
    labels: tuple[str, ...]
    mark: str


@dataclass(frozen=True, slots=True)
class LinkedType:
    """All associations to one type of record; *more* are not shown."""

    kind: str
    heading: str
    links: tuple[Linked, ...]
    count: int

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.links)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list."""

    rows: tuple[crm.Record, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Change:
    """A line of property history."""

    at: datetime
    name: str
    label: str
    text: str
    source: str
    ours: bool


def plural(kind: str) -> str:
    """Contacts, Companies, Deals, Tickets."""
    return PLURALS[kind].replace("_", " ").capitalize()


def label(portal: crm.Portal, kind: str, name: str) -> str:
    """A property's name for people."""
    definition = portal.definitions[kind].get(name)
    return _LABELS.get(name) or (definition.label if definition else name)


def columns(kind: str) -> tuple[str, ...]:
    """The properties a list shows beside the title."""
    return _COLUMNS[kind]


def title(record: crm.Record) -> str:
    """What people call a record; never empty."""
    name = f"{record.get('firstname')} {record.get('lastname')}".strip() or record.get("email")
    for found in (
        record.get("dealname"),
        record.get("subject"),
        record.get("name"),
        name,
        record.get("domain"),
    ):
        if found.strip():
            return found
    if record.type == "feedback_submission":
        return (
            f"{record.get('hs_survey_type')} {record.get('hs_value')}".strip()
            or f"Answer {record.id}"
        )
    return f"{record.type.replace('_', ' ').capitalize()} {record.id}"


def listing(portal: crm.Portal, kind: str, query: str, page: int, *, marked: bool) -> Listing:
    """A page of records, newest first, that contain *query*; *marked* ones only if asked for."""
    found = sorted(portal.all(kind), key=lambda record: (-record.created, -record.id))
    if marked:
        found = [record for record in found if mark(portal, record)]
    if wanted := query.strip().casefold():
        found = [record for record in found if wanted in _haystack(record)]
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(max(page, 1), pages)
    return Listing(tuple(found[(page - 1) * PER_PAGE : page * PER_PAGE]), len(found), page, pages)


def _haystack(record: crm.Record) -> str:
    return " ".join([str(record.id), *(record.get(name) for name in _SEARCHED)]).casefold()


def mark(portal: crm.Portal, record: crm.Record) -> str:
    """The app's short conclusion about a record in words, "" without one."""
    name = _MARK.get(record.type)
    value = record.get(name) if name else ""
    if name is None or value in ("", "none", "0", "0.00"):
        return ""
    return show(portal, record, name)


def show(portal: crm.Portal, record: crm.Record, name: str) -> str:
    """A property in words: options by label, owners and stages by name, money with its currency."""
    value = portal.value(record, name)
    if not value:
        return ""
    definition = portal.definitions[record.type].get(name)
    if name in ("dealstage", "hs_pipeline_stage"):
        stage = portal.stage(record.type, value)
        return stage.label if stage else value
    if name in ("pipeline", "hs_pipeline"):
        pipeline = portal.pipelines.get(record.type, {}).get(value)
        return pipeline.label if pipeline else value
    if name == "hubspot_owner_id":
        return _owner(portal, value)
    if (
        name in ("associatedcompanyid", "hs_parent_company_id", "hs_primary_associated_company")
        and value.isdigit()
    ):
        company = portal.get("company", int(value))
        return title(company) if company else value
    return _worded(portal, record, value, definition, money=name in _MONEY)


def _worded(
    portal: crm.Portal,
    record: crm.Record,
    value: str,
    definition: crm.Definition | None,
    *,
    money: bool,
) -> str:
    if definition is None:
        return value
    if definition.options:
        labels = {option.value: option.label for option in definition.options}
        return ", ".join(labels.get(part, part) for part in value.split(";"))
    if definition.type in ("date", "datetime"):
        return _moment(value)
    if definition.type == "number":
        return _number(portal, record, value, definition, money=money)
    return value


def _owner(portal: crm.Portal, value: str) -> str:
    owner = portal.owners.get(int(value)) if value.isdigit() else None
    return f"{owner.first_name} {owner.last_name}".strip() or owner.email if owner else value


def _moment(value: str) -> str:
    try:
        at = (
            datetime.fromtimestamp(int(value) / 1000, UTC)
            if value.lstrip("-").isdigit()
            else datetime.fromisoformat(value)
        )
    except (ValueError, OverflowError, OSError):
        return value
    return (
        f"{at:%d %b %Y}"
        if (at.hour, at.minute, at.second) == (0, 0, 0)
        else f"{at:%d %b %Y, %H:%M}"
    )


def _number(
    portal: crm.Portal, record: crm.Record, value: str, definition: crm.Definition, *, money: bool
) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    if not number.is_finite() or abs(number) >= Decimal(10) ** 18:
        return value
    hint = definition.extras.get("numberDisplayHint")
    if hint in ("percentage", "probability"):
        return f"{(number * 100).quantize(Decimal('0.1')).normalize():f} %"
    if money or hint == "currency" or definition.extras.get("showCurrencySymbol"):
        home = definition.name in _HOME_MONEY
        currency = portal.currency if home else record.get("deal_currency_code") or portal.currency
        return f"{number:,.2f} {currency}"
    return f"{number:,f}" if hint == "formatted" else value


def ours(portal: crm.Portal, record: crm.Record) -> list[Shown]:
    """The box of our property group: filled ones in the order of the group."""
    mine = [
        one
        for one in portal.definitions[record.type].values()
        if one.group == OURS and one.archived is None
    ]
    return [shown for one in mine if (shown := _shown(portal, record, one)).text]


def knows_ours(portal: crm.Portal, kind: str) -> bool:
    """Were our properties created here?"""
    return any(one.group == OURS for one in portal.definitions[kind].values())


def others(portal: crm.Portal, record: crm.Record) -> list[Shown]:
    """All other filled properties, calculated ones included, own names first."""
    definitions = [
        one
        for one in portal.definitions[record.type].values()
        if one.group != OURS and one.archived is None
    ]
    known = {one.name for one in portal.definitions[record.type].values()}
    stray = [
        Shown(name, name, value)
        for name, value in sorted(record.values.items())
        if name not in known
    ]
    return [shown for one in definitions if (shown := _shown(portal, record, one)).text] + stray


def _shown(portal: crm.Portal, record: crm.Record, definition: crm.Definition) -> Shown:
    text = show(portal, record, definition.name)
    long = definition.field_type == "textarea" or len(text) > 60
    return Shown(
        definition.name,
        label(portal, record.type, definition.name),
        text,
        definition.description,
        long,
    )


def links(portal: crm.Portal, record: crm.Record, *, everything: str = "") -> list[LinkedType]:
    """Associations by type; *everything* names the type that is shown to the end."""
    found = []
    for kind in SHOWN:
        linked = portal.associated(record.type, record.id, kind)
        known = portal.labels.pair(record.type, kind)
        if not linked and portal.labels.plain(record.type, kind) is None:
            continue
        ids = list(linked) if everything == kind else list(linked)[:LINKS_SHOWN]
        rows = []
        for one in ids:
            other = portal.records[kind][one]
            labels = tuple(
                str(known[number].label) for number in sorted(linked[one]) if known[number].label
            )
            rows.append(Linked(kind, one, title(other), labels, mark(portal, other)))
        found.append(LinkedType(kind, plural(kind), tuple(rows), len(linked)))
    return found


def stamp(portal: crm.Portal, record: crm.Record, linked: list[LinkedType]) -> int:
    """When anything of ours on the record or beside it was last written; 0 for never."""
    shown = [record, *(portal.records[one.kind][one.id] for group in linked for one in group.links)]
    return max((_last_of_ours(portal, one) for one in shown), default=0)


def _last_of_ours(portal: crm.Portal, record: crm.Record) -> int:
    definitions = portal.definitions[record.type]
    return max(
        (
            past[0][0]
            for name, past in record.history.items()
            if past and name in definitions and _is_ours(definitions, name)
        ),
        default=0,
    )


def _is_ours(definitions: dict[str, crm.Definition], name: str) -> bool:
    return name in definitions and definitions[name].group == OURS


def history(portal: crm.Portal, record: crm.Record, only: str = "") -> tuple[list[Change], int]:
    """The newest changes, of one property or of all, and how many there are."""
    changes = sorted(_changes(portal, record, only), key=lambda change: change.at, reverse=True)
    return (changes if only else changes[:HISTORY_SHOWN]), len(changes)


def _changes(portal: crm.Portal, record: crm.Record, only: str) -> Iterator[Change]:
    definitions = portal.definitions[record.type]
    for name, past in record.history.items():
        if only and name != only:
            continue
        called = label(portal, record.type, name)
        for ms, value, source, source_id in past:
            said = f"{source} {source_id}" if source_id else source
            yield Change(crm.moment(ms), name, called, value, said, _is_ours(definitions, name))
