"""Mirror rows to the facts the rules start from; what cannot be read is left out and said so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from mappings.records import addresses, phones, values
from mappings.records.portal_map import SINCE_ALWAYS, PortalMap
from mappings.records.row_reader import PRIMARY, FieldReader, Odd, history_of, linked, links_to
from mappings.records.rows import Link, Record
from mappings.rules.facts import (
    CompanyFacts,
    ContactFacts,
    DealContact,
    DealFacts,
    MappedText,
    TextKind,
    Ticket,
    Version,
)
from mappings.rules.identity.name_variants import Named
from mappings.rules.text.address_kinds import clean_email

_EVER = datetime(1970, 1, 1, tzinfo=UTC)  # before anything a CRM can tell


def contact_facts(
    record: Record, portal_map: PortalMap, odd: list[Odd] | None = None
) -> ContactFacts:
    """What the CRM says about one contact."""
    read = FieldReader(record, odd)
    merged_ids, merged_at = _merges(read)
    return ContactFacts(
        id=record.id,
        created_at=read.created_at(),
        emails=_emails(read),
        first_name=read.text("firstname"),
        last_name=read.text("lastname"),
        company_text=read.text("company"),
        job_title=read.text("jobtitle"),
        profile=_profile(read),
        phones=_phones(read, "phone", portal_map.home_country),
        mobiles=_mobiles(read, portal_map.home_country),
        archived=record.archived,
        company_ids=_companies(record),
        history=_history(record),
        merged_ids=merged_ids,
        merged_at=merged_at,
        bounced_at=_bounced_at(read),
        last_activity_at=read.latest(
            "notes_last_contacted",
            "hs_last_sales_activity_timestamp",
            "hs_sales_email_last_replied",
        ),
        last_reply_at=read.moment("hs_sales_email_last_replied"),
        job_change_at=read.latest(
            "hs_job_change_detected_date", "hs_employment_change_detected_date"
        ),
        texts=_texts(read, portal_map),
        buying_roles=_roles(record.get(portal_map.buying_role_property)),
        owner_id=read.id("hubspot_owner_id"),
        opted_out=read.flag("hs_email_optout"),
    )


def named(record: Record) -> Named:
    """As much of a contact as its name is read from; the record needs no other properties."""
    read = FieldReader(record, None)
    return Named(read.text("firstname"), read.text("lastname"), _profile(read), _emails(read))


def company_facts(
    record: Record, portal_map: PortalMap, odd: list[Odd] | None = None
) -> CompanyFacts:
    """What the CRM says about one company; a company without a domain simply has none."""
    read = FieldReader(record, odd)
    written = [record.get("domain"), *values.several(record.get("hs_additional_domains"))]
    domains = (read.keep("domain", addresses.domain(one)) for one in written)
    name = read.text("name")
    named_before = (version.value.strip() for version in history_of(record, "name"))
    recurring = portal_map.recurring_property if portal_map.recurring_on == "company" else None
    return CompanyFacts(
        id=record.id,
        name=name,
        domains=frozenset(domain for domain in domains if domain),
        parent_id=_parent(read),
        created_at=read.moment("createdate") or record.created_at,
        former_names=tuple(dict.fromkeys(one for one in named_before if one and one != name)),
        merged_ids=_others(record, values.record_ids(record.get("hs_merged_object_ids"))),
        recurring_minor=read.money(recurring, portal_map.home_currency) if recurring else None,
        customer_since=_customer_since(record, read, portal_map),
        is_agency=read.text("type") in portal_map.agency_types,
        archived=record.archived,
        owner_id=read.id("hubspot_owner_id"),
    )


def _customer_since(record: Record, read: FieldReader, portal_map: PortalMap) -> datetime | None:
    """Since when the company has been in the stage that makes a customer; its creation when no history tells."""
    stage = portal_map.customer_stage
    if not stage:
        return None
    is_there = read.text("lifecyclestage") == stage
    if portal_map.customer_stage_since == SINCE_ALWAYS:
        return _EVER if is_there else None
    reached = [
        version.at
        for version in history_of(record, "lifecyclestage")
        if version.value.strip() == stage
    ]
    if reached:
        return min(reached)
    return (read.moment("createdate") or record.created_at) if is_there else None


def deal_facts(record: Record, portal_map: PortalMap, odd: list[Odd] | None = None) -> DealFacts:
    """What the CRM says about one deal; an amount without a currency we know is not known yet."""
    read = FieldReader(record, odd)
    home = portal_map.home_currency or None
    # Portals with one currency have no currency property on deals: there the account's own is
    # meant.
    currency = read.text("deal_currency_code").upper() or home
    is_replaced = read.text("dealstage") in portal_map.replaced_stages
    is_won = is_replaced or _is_won(read, portal_map)
    is_closed = is_won or read.flag("hs_is_closed") or read.flag("hs_is_closed_lost")
    pipeline = read.text("pipeline")
    deal_type = read.text("dealtype")
    probability = read.keep(
        "hs_deal_stage_probability",
        values.parts_per_million(record.get("hs_deal_stage_probability")),
    )
    return DealFacts(
        id=record.id,
        created_at=read.created_at(),
        name=read.text("dealname"),
        amount_minor=read.money(portal_map.amount_property, currency),
        currency=currency,
        home_amount_minor=read.money("amount_in_home_currency", home),
        home_currency=home,
        rate=read.maybe_text("hs_exchange_rate"),
        closed_at=read.moment("closedate") if is_closed else None,
        is_won=is_won,
        is_closed=is_closed,
        open_probability=0 if is_closed else probability or 0,
        pipeline_included=not portal_map.included_pipelines
        or pipeline in portal_map.included_pipelines,
        company_id=_deal_company(read),
        contacts=_deal_contacts(record, portal_map),
        is_replaced=is_replaced,
        is_renewal=deal_type.lower() in {one.lower() for one in portal_map.deal_renewal_types},
        archived=record.archived,
        owner_id=read.id("hubspot_owner_id"),
        texts=_texts(read, portal_map),
    )


def _texts(read: FieldReader, portal_map: PortalMap) -> tuple[MappedText, ...]:
    """What the portal's text sources say on this record."""
    found = []
    for source, name in portal_map.mapped_texts(read.record.object_type):
        written = read.text(name)
        if written and not (source.kind is TextKind.LEFT and written.lower() in _NOT_LEFT):
            found.append(source.text(written, _since(read, source.kind, name), name))
    return tuple(found)


# What a tick that is not set, or somebody who is asked, says.
_NOT_LEFT = frozenset({"false", "no", "0"})


def _since(read: FieldReader, kind: TextKind, name: str) -> datetime | None:
    """Since when a text stands there; when somebody left, a mapped date is the day itself."""
    day = values.moment(read.text(name)).value if kind is TextKind.LEFT else None
    return day or read.since(name)


def ticket(record: Record, portal_map: PortalMap, odd: list[Odd] | None = None) -> Ticket:
    """One support ticket; closed by its date, or by standing in a stage that means closed."""
    read = FieldReader(record, odd)
    closed_at = read.moment("closed_date")
    if closed_at is None and read.text("hs_pipeline_stage") in portal_map.ticket_closed_stages:
        closed_at = read.moment("hs_lastmodifieddate") or record.updated_at
    companies = linked(record, "company")
    return Ticket(
        id=record.id,
        opened_at=read.created_at(),
        company_id=companies[0] if companies else None,
        contact_ids=linked(record, "contact"),
        closed_at=closed_at,
        priority=read.text("hs_ticket_priority").upper(),
    )


def _emails(read: FieldReader) -> tuple[str, ...]:
    primary = read.keep("email", addresses.email(read.record.get("email")))
    others = addresses.emails(read.record.get("hs_additional_emails"))
    # The rules compare addresses without tags: ana+news@ and ana@ are one mailbox.
    return tuple(dict.fromkeys(clean_email(one) for one in (primary, *others) if one))


def _profile(read: FieldReader) -> str:
    said = read.record.get("hs_linkedin_url")
    return (read.keep("hs_linkedin_url", addresses.profile(said)) or "") if said else ""


_NO_ROLES: frozenset[str] = frozenset()


def _roles(said: str) -> frozenset[str]:
    return frozenset(values.several(said)) if said else _NO_ROLES


def _phones(read: FieldReader, name: str, country: str) -> tuple[str, ...]:
    said = read.record.get(name)
    return (read.keep(name, phones.phones(said, country)) or ()) if said else ()


def _mobiles(read: FieldReader, country: str) -> tuple[str, ...]:
    """Only international ones: local numbers of two countries can agree, and a mobile is a person's."""
    numbers = _phones(read, "mobilephone", country)
    return tuple(number for number in numbers if number.startswith("+"))


def _history(record: Record) -> dict[str, tuple[Version, ...]]:
    """All histories; addresses in the form in which companies' domains are, so that the two can be compared."""
    found = {name: versions for name in record.history if (versions := history_of(record, name))}
    if "email" in found:
        found["email"] = tuple(_cleaned(version) for version in found["email"])
    return found


def _cleaned(version: Version) -> Version:
    value = addresses.email(version.value).value
    return version if not value or value == version.value else replace(version, value=value)


def _bounced_at(read: FieldReader) -> datetime | None:
    """HubSpot keeps the reason of a hard bounce and not its day; the history has it where we read it."""
    names = ("hs_email_hard_bounce_reason_enum", "hs_email_hard_bounce_reason")
    told = [name for name in names if read.text(name)]
    return next((at for name in told if (at := read.since(name))), None)


def _merges(read: FieldReader) -> tuple[tuple[int, ...], datetime | None]:
    record = read.record
    told = record.get("hs_calculated_merged_vids")
    if not told and not record.get("hs_merged_object_ids"):
        return (), None
    times = [
        at
        for part in values.several(told)
        if (at := values.moment(part.partition(":")[2]).value) is not None
    ]
    ids = (*values.record_ids(record.get("hs_merged_object_ids")), *values.record_ids(told))
    return _others(record, ids), max(times, default=None)


def _others(record: Record, ids: Iterable[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(one for one in ids if one != record.id))


def _companies(record: Record) -> tuple[int, ...]:
    """Associated companies, primary first."""
    links = links_to(record, "company")
    said = record.get("associatedcompanyid")
    primary = values.record_id(said).value if said else None
    ids = [link.to_id for link in links if link.type_id in PRIMARY]
    if primary is not None and not ids:
        ids = [primary]
    ids += sorted(link.to_id for link in links)
    return tuple(dict.fromkeys(ids))


def _parent(read: FieldReader) -> int | None:
    parent = read.id("hs_parent_company_id")
    # A company that names itself as its parent has none.
    return None if parent == read.record.id else parent


def _is_won(read: FieldReader, portal_map: PortalMap) -> bool:
    if portal_map.won_rule == "stages":
        return read.text("dealstage") in portal_map.won_stages
    return read.flag("hs_is_closed_won")


def _deal_company(read: FieldReader) -> int | None:
    links = links_to(read.record, "company")
    primary = [link.to_id for link in links if link.type_id in PRIMARY]
    if primary:
        return primary[0]
    named = read.id("hs_primary_associated_company")
    return named or min((link.to_id for link in links), default=None)


def _deal_contacts(record: Record, portal_map: PortalMap) -> tuple[DealContact, ...]:
    roles = {label.lower(): role for label, role in portal_map.role_labels}
    grouped: dict[int, list[Link]] = {}
    for link in links_to(record, "contact"):
        grouped.setdefault(link.to_id, []).append(link)
    return tuple(
        _deal_contact(contact_id, grouped[contact_id], roles) for contact_id in sorted(grouped)
    )


def _deal_contact(contact_id: int, links: Sequence[Link], roles: Mapping[str, str]) -> DealContact:
    labels = tuple(dict.fromkeys(link.label for link in links if link.label))
    seen = [link.seen_at for link in links if link.seen_at is not None]
    return DealContact(
        contact_id=contact_id,
        at=min(seen, default=None),
        roles=frozenset(roles[label.lower()] for label in labels if label.lower() in roles),
        labels=labels,
    )
