"""Readers: mirrored records as the facts that rules start from, without their odd values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from mappings.kinds import ObjectType
from mappings.records import addresses, phones, values
from mappings.records.portal_map import SINCE_ALWAYS, WON_BY_STAGES, PortalMap
from mappings.records.property_labels import PropertyLabels
from mappings.records.row_reader import PRIMARY, FieldReader, Odd, history_of, linked, links_to
from mappings.records.rows import Link, Record
from mappings.rules.facts import (
    SELF_REPORTED,
    AccountFigures,
    CompanyFacts,
    ContactFacts,
    DealContact,
    DealFacts,
    MappedText,
    Reading,
    RecurringAmount,
    TextKind,
    Ticket,
    Version,
)
from mappings.rules.identity.name_variants import Named
from mappings.rules.job_changes import departures
from mappings.rules.referrals import personal_links
from mappings.rules.success import recurring_value
from mappings.rules.success.recurring_value import ValueSource
from mappings.rules.text.address_kinds import clean_email
from mappings.rules.text.folding import LONGEST

T = TypeVar("T")
_EVER = datetime(1970, 1, 1, tzinfo=UTC)  # before anything in a CRM


def contact_facts(
    record: Record, portal_map: PortalMap, odd: list[Odd] | None = None
) -> ContactFacts:
    """The facts of one contact."""
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
        city=read.text("city"),
        state=read.text("state"),
        country=read.text("country"),
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
    """The part of a contact that its name comes from; the record needs no other properties."""
    read = FieldReader(record, None)
    return Named(read.text("firstname"), read.text("lastname"), _profile(read), _emails(read))


def company_facts(
    record: Record, portal_map: PortalMap, odd: list[Odd] | None = None
) -> CompanyFacts:
    """The facts of one company."""
    read = FieldReader(record, odd)
    return CompanyFacts(
        id=record.id,
        name=read.text("name"),
        domains=_domains(read),
        parent_id=_parent(read),
        created_at=read.moment("createdate") or record.created_at,
        former_names=_former_names(read),
        merged_ids=_others(record, values.record_ids(record.get("hs_merged_object_ids"))),
        figures=_figures(read, portal_map),
        hubspot_sentiment=read.text("hs_csm_sentiment"),
        hubspot_health_score=read.text(portal_map.health_score_property),
        customer_since=_customer_since(record, read, portal_map),
        is_agency=read.text("type") in portal_map.agency_types,
        archived=record.archived,
        owner_id=read.id("hubspot_owner_id"),
    )


def _domains(read: FieldReader) -> frozenset[str]:
    others = values.several(read.record.get("hs_additional_domains"))
    written = (read.record.get("domain"), *others)
    domains = (read.keep("domain", addresses.domain(text)) for text in written)
    return frozenset(filter(None, domains))


def _former_names(read: FieldReader) -> tuple[str, ...]:
    name = read.text("name")
    names = (version.value.strip() for version in history_of(read.record, "name"))
    return tuple(dict.fromkeys(former for former in names if former and former != name))


def _figures(read: FieldReader, portal_map: PortalMap) -> AccountFigures:
    """What the mapped properties said of a customer, and since when."""
    mapped = portal_map.figure_properties()
    currency = portal_map.home_currency

    def amount(text: str) -> int | None:
        return values.minor_units(text, currency).value

    return AccountFigures(
        usage=_readings(read, mapped.get("usage_property"), _quantity),
        milestone=_readings(read, mapped.get("milestone_property"), _moment),
        goal=_readings(read, mapped.get("goal_date_property"), _moment),
        onboarding=_readings(read, mapped.get("onboarding_date_property"), _moment),
        renewal=_readings(read, mapped.get("renewal_date_property"), _moment),
        recurring=_readings(read, mapped.get("recurring_property"), amount),
    )


def _readings(
    read: FieldReader, name: str | None, value_of: Callable[[str], T | None]
) -> tuple[Reading[T], ...]:
    """All a property said, oldest first; nothing where none is mapped or it was always empty."""
    if name is None:
        return ()
    versions = history_of(read.record, name)
    readings = [Reading(value_of(version.value), version.at) for version in versions]
    now = read.text(name)
    # A value that was read without its history is as new as the record.
    if now and (not versions or versions[-1].value.strip() != now):
        readings.append(Reading(value_of(now), read.record.updated_at if versions else None))
    return tuple(readings)


def _quantity(text: str) -> float | None:
    number = values.number(text).value
    return None if number is None else float(number)


def _moment(text: str) -> datetime | None:
    return values.moment(text).value


def _customer_since(record: Record, read: FieldReader, portal_map: PortalMap) -> datetime | None:
    """Since when the company is in the stage of customers; without history since its creation."""
    stage = portal_map.customer_stage
    if not stage:
        return None
    is_there = read.text("lifecyclestage") == stage
    if portal_map.customer_stage_since == SINCE_ALWAYS:
        return _EVER if is_there else None
    stages = history_of(record, "lifecyclestage")
    reached = [version.at for version in stages if version.value.strip() == stage]
    if reached:
        return min(reached)
    return (read.moment("createdate") or record.created_at) if is_there else None


def deal_facts(record: Record, portal_map: PortalMap, odd: list[Odd] | None = None) -> DealFacts:
    """The facts of one deal; an amount without a currency we know is not known yet."""
    read = FieldReader(record, odd)
    home = portal_map.home_currency or None
    # Portals with one currency have no currency property on deals: there it is the account's own.
    currency = read.text("deal_currency_code").upper() or home
    is_replaced = read.text("dealstage") in portal_map.replaced_stages
    is_won = is_replaced or _is_won(read, portal_map)
    is_closed = is_won or read.flag("hs_is_closed") or read.flag("hs_is_closed_lost")
    deal_type = read.text("dealtype")
    probability = _probability(read)
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
        open_probability=0 if is_closed else probability,
        pipeline_included=_is_included(read.text("pipeline"), portal_map),
        company_id=_deal_company(read),
        contacts=_deal_contacts(record, portal_map),
        is_replaced=is_replaced,
        is_renewal=deal_type.lower() in map(str.lower, portal_map.deal_renewal_types),
        archived=record.archived,
        owner_id=read.id("hubspot_owner_id"),
        texts=_texts(read, portal_map),
        recurring=_recurring(read, portal_map, currency),
        term_months=_term_months(read, portal_map),
    )


def _recurring(
    read: FieldReader, portal_map: PortalMap, currency: str | None
) -> RecurringAmount | None:
    """What a deal brings in a year, by the best that says so; None for a one-off."""
    if portal_map.recurring_on == ObjectType.DEAL:
        mapped = read.money(portal_map.recurring_property, currency)
        if mapped and mapped > 0:
            year = mapped * portal_map.recurs_in_a_year
            return RecurringAmount(year, ValueSource.PROPERTY)
    line_items = read.money("hs_arr", currency)
    if line_items and line_items > 0:
        return RecurringAmount(line_items, ValueSource.LINE_ITEMS)
    return _recurring_by_term(read, portal_map, currency)


def _recurring_by_term(
    read: FieldReader, portal_map: PortalMap, currency: str | None
) -> RecurringAmount | None:
    """What a deal with a term brings in a year, unless a property says it is a one-off."""
    months, flag = _term_months(read, portal_map), portal_map.recurring_deal_property
    if not months or (flag and not read.flag(flag)):
        return None
    # What is odd about the amount was noted where the deal's own was read.
    amount = values.minor_units(read.record.get(portal_map.amount_property), currency).value
    if not amount or amount < 0:
        return None
    return RecurringAmount(recurring_value.a_year(amount, months), ValueSource.TERM)


def _term_months(read: FieldReader, portal_map: PortalMap) -> int | None:
    """How many months a deal's contract runs; None where nothing says so, or nothing sensible."""
    name = portal_map.term_months_property
    number = read.keep(name, values.number(read.record.get(name))) if name else None
    if number is None or number != int(number):
        return None
    return recurring_value.usable_term(int(number))


def _probability(read: FieldReader) -> int:
    """The win probability of the deal's stage (ppm)."""
    name = "hs_deal_stage_probability"
    return read.keep(name, values.parts_per_million(read.record.get(name))) or 0


def _is_included(pipeline: str, portal_map: PortalMap) -> bool:
    return not portal_map.included_pipelines or pipeline in portal_map.included_pipelines


def _texts(read: FieldReader, portal_map: PortalMap) -> tuple[MappedText, ...]:
    """The texts of the portal's text sources on this record."""
    texts = []
    for source, name in portal_map.mapped_texts(read.record.object_type):
        written = read.text(name)
        if written:
            labels = portal_map.labels_of(read.record.object_type, name)
            said = _said(source.kind, written, labels, name, portal_map.left_options)
            texts += [source.text(text, _since(read, source.kind, name), name) for text in said]
    return tuple(texts)


def _said(
    kind: TextKind, written: str, labels: PropertyLabels, name: str, left_options: Sequence[str]
) -> Iterable[str]:
    """What a value says to people: its options by their labels, each alone where it names somebody.

    An answer is one text, whatever was ticked in it.
    """
    if kind is TextKind.LEFT and labels.options and left_options:
        chosen_values = labels.values_in(written)
        return [
            labels.options.get(value, value) for value in chosen_values if value in left_options
        ]
    chosen = labels.chosen(written)
    if kind in SELF_REPORTED:
        return ("; ".join(chosen),)
    if kind is TextKind.LEFT:
        return [text for text in chosen if _says_left(text, labels, name)]
    if kind is TextKind.CODE:
        # A dropdown may show a code or whose it is; a text that is no code leads nowhere.
        return [
            code
            for text in dict.fromkeys((*chosen, *labels.values_in(written)))
            for code in _codes_of(text)
        ]
    return chosen


def _codes_of(text: str) -> Sequence[str]:
    """A code, or the codes of personal links in the address of a page that somebody came to."""
    return tuple(personal_links.codes_in(text)) or (text,)


def _says_left(text: str, labels: PropertyLabels, name: str) -> bool:
    """Whether a value of a "left the company" property says so; a day does."""
    if values.day(text).value is not None:
        return True
    asks = departures.asks_for_departure(labels.label)
    question = name if asks is None else labels.label
    return departures.says_left(text[:LONGEST], question, is_option=bool(labels.options))


def _since(read: FieldReader, kind: TextKind, name: str) -> datetime | None:
    """Since when a property has its text; a date in "left the company" is the day itself."""
    day = values.moment(read.text(name)).value if kind is TextKind.LEFT else None
    return day or read.since(name)


def ticket(record: Record, portal_map: PortalMap, odd: list[Odd] | None = None) -> Ticket:
    """One support ticket; closed by its date, or by standing in a stage that means closed."""
    read = FieldReader(record, odd)
    closed_at = read.moment("closed_date")
    if closed_at is None and read.text("hs_pipeline_stage") in portal_map.ticket_closed_stages:
        closed_at = read.moment("hs_lastmodifieddate") or record.updated_at
    companies = linked(record, ObjectType.COMPANY)
    rating = read.text(portal_map.ticket_rating_property)
    return Ticket(
        id=record.id,
        opened_at=read.created_at(),
        company_id=companies[0] if companies else None,
        contact_ids=linked(record, ObjectType.CONTACT),
        closed_at=closed_at,
        priority=read.text("hs_ticket_priority").upper(),
        rating=rating,
        # Without a date of its own it would seem closed anew whenever somebody changes it.
        rated_well=read.moment("closed_date") is not None
        and rating in portal_map.ticket_good_ratings,
    )


def _emails(read: FieldReader) -> tuple[str, ...]:
    primary = read.keep("email", addresses.email(read.record.get("email")))
    others = addresses.emails(read.record.get("hs_additional_emails"))
    # The rules compare addresses without tags: ana+news@ and ana@ are one mailbox.
    return tuple(dict.fromkeys(clean_email(email) for email in (primary, *others) if email))


def _profile(read: FieldReader) -> str:
    written = read.record.get("hs_linkedin_url")
    return (read.keep("hs_linkedin_url", addresses.profile(written)) or "") if written else ""


_NO_ROLES: frozenset[str] = frozenset()


def _roles(written: str) -> frozenset[str]:
    # HubSpot writes them in capitals, mapped labels and the rules in small letters.
    return frozenset(map(str.lower, values.several(written))) if written else _NO_ROLES


def _phones(read: FieldReader, name: str, country: str) -> tuple[str, ...]:
    written = read.record.get(name)
    return (read.keep(name, phones.phones(written, country)) or ()) if written else ()


def _mobiles(read: FieldReader, country: str) -> tuple[str, ...]:
    # Only international ones: a mobile is strong evidence, and local numbers of two countries can
    # agree.
    numbers = _phones(read, "mobilephone", country)
    return tuple(number for number in numbers if number.startswith("+"))


def _history(record: Record) -> dict[str, tuple[Version, ...]]:
    """The versions of each property that has any; addresses in the form of companies' domains."""
    history = {name: versions for name in record.history if (versions := history_of(record, name))}
    if "email" in history:
        history["email"] = tuple(map(_cleaned, history["email"]))
    return history


def _cleaned(version: Version) -> Version:
    value = addresses.email(version.value).value
    return version if not value or value == version.value else replace(version, value=value)


def _bounced_at(read: FieldReader) -> datetime | None:
    """The day of a hard bounce, which only the history of its reason has."""
    names = ("hs_email_hard_bounce_reason_enum", "hs_email_hard_bounce_reason")
    dates = (read.since(name) for name in names)
    return next(filter(None, dates), None)


def _merges(read: FieldReader) -> tuple[tuple[int, ...], datetime | None]:
    """The ids of records that were merged into this one, and when the latest was."""
    record = read.record
    dated, undated = record.get("hs_calculated_merged_vids"), record.get("hs_merged_object_ids")
    if not dated and not undated:
        return (), None
    times = (values.moment(part.partition(":")[2]).value for part in values.several(dated))
    ids = (*values.record_ids(undated), *values.record_ids(dated))
    return _others(record, ids), max(filter(None, times), default=None)


def _others(record: Record, ids: Iterable[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(other_id for other_id in ids if other_id != record.id))


def _companies(record: Record) -> tuple[int, ...]:
    """Associated companies, primary first."""
    links = links_to(record, ObjectType.COMPANY)
    ids = sorted(link.to_id for link in links)
    primary = [link.to_id for link in links if link.type_id in PRIMARY]
    named = values.record_id(record.get("associatedcompanyid")).value
    # The property outlives its company; only a link says that there is one.
    if not primary and named in ids:
        primary = [named]
    return tuple(dict.fromkeys((*primary, *ids)))


def _parent(read: FieldReader) -> int | None:
    parent = read.id("hs_parent_company_id")
    # A company that names itself as its parent has none.
    return None if parent == read.record.id else parent


def _is_won(read: FieldReader, portal_map: PortalMap) -> bool:
    if portal_map.won_rule == WON_BY_STAGES:
        return read.text("dealstage") in portal_map.won_stages
    return read.flag("hs_is_closed_won")


def _deal_company(read: FieldReader) -> int | None:
    links = links_to(read.record, ObjectType.COMPANY)
    primary = [link.to_id for link in links if link.type_id in PRIMARY]
    if primary:
        return primary[0]
    linked_ids = {link.to_id for link in links}
    named = read.id("hs_primary_associated_company")
    # The property outlives its company; only a link says that there is one.
    return named if named in linked_ids else min(linked_ids, default=None)


def _deal_contacts(record: Record, portal_map: PortalMap) -> tuple[DealContact, ...]:
    roles = {label.lower(): role for label, role in portal_map.role_labels}
    grouped: dict[int, list[Link]] = {}
    for link in links_to(record, ObjectType.CONTACT):
        grouped.setdefault(link.to_id, []).append(link)
    return tuple(
        _deal_contact(contact_id, grouped[contact_id], roles) for contact_id in sorted(grouped)
    )


def _deal_contact(contact_id: int, links: Sequence[Link], roles: Mapping[str, str]) -> DealContact:
    labels = tuple(dict.fromkeys(link.label for link in links if link.label))
    # The unlabelled link stands beside every label, and is there since the contact is: a label may
    # come later.
    plain = [link for link in links if not link.label] or links
    seen = [link.seen_at for link in plain if link.seen_at is not None]
    return DealContact(
        contact_id=contact_id,
        at=min(seen, default=None),
        roles=frozenset(roles[label.lower()] for label in labels if label.lower() in roles),
        labels=labels,
    )
