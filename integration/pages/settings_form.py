"""The form of a portal's settings: its fields by heading, and reading and showing their values."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from marshmallow import ValidationError

from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, marked, translated
from mappings.records import text_sources
from mappings.records.portal_map import WITHOUT_EFFECT, PortalMap, dump_portal_map
from mappings.rules.success.health import FACTORS

_LONGEST_FIELD = 20_000
_LONGEST_TYPE_ID = 9  # digits that fit the column
CHOICES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "won_rule": (
        ("closed_won_flag", lazy_gettext("HubSpot's own won flag")),
        ("stages", lazy_gettext("The stages listed below")),
    ),
    "customer_stage_since": (
        ("reached", lazy_gettext("From the day it reached the stage")),
        ("always", lazy_gettext("Always: the stage was set in bulk, its dates say nothing")),
    ),
    "activities": (
        (
            "read",
            lazy_gettext("Read when and with whom; texts only of notes and automatic replies"),
        ),
        ("ignored", lazy_gettext("Do not read, and forget what was read")),
    ),
    "forgotten_addresses": (
        ("left", lazy_gettext("Nothing of their addresses is remembered")),
        ("hashed", lazy_gettext("A keyed hash is remembered for three years")),
    ),
    "recurring_on": (
        ("company", lazy_gettext("A property of companies")),
        ("deal", lazy_gettext("A property of deals")),
    ),
    "recurring_per": (
        ("", lazy_gettext("As its name says, else per year")),
        ("year", lazy_gettext("Per year")),
        ("month", lazy_gettext("Per month")),
    ),
}
# Stands in a group for all of its text sources.
_TEXTS = "text sources"
_GROUPS: Mapping[str, tuple[str, ...]] = {
    marked("Revenue"): (
        "won_rule",
        "won_stages",
        "replaced_stages",
        "included_pipelines",
        "amount_property",
        "deal_renewal_types",
        "home_currency",
    ),
    text_sources.REFERRALS: (_TEXTS, "referred_by_labels", "referred_by_type_ids"),
    text_sources.JOB_CHANGES: (
        "buying_role_property",
        "role_labels",
        _TEXTS,
        "left_options",
        "staff_domains",
        "extra_free_hosts",
        "home_country",
        "agency_types",
        "activities",
    ),
    marked("Customers"): ("customer_stage", "customer_stage_since"),
    marked("Health"): (
        "usage_property",
        "usage_metric",
        "milestone_property",
        "renewal_date_property",
        "health_score_property",
        "ticket_closed_stages",
        "not_applicable",
    ),
    marked("Survey answers"): ("nps_property", "nps_date_property", "nps_comment_property"),
    marked("People who were forgotten"): ("forgotten_addresses",),
    marked("Wins"): (
        "goal_date_property",
        "onboarding_date_property",
        "ticket_rating_property",
        "ticket_good_ratings",
    ),
    marked("Recurring value"): (
        "recurring_property",
        "recurring_on",
        "recurring_per",
        "term_months_property",
        "recurring_deal_property",
    ),
}
# Lists of two texts each.
_PAIRS = frozenset({"role_labels", "not_applicable"})
_HINTS: Mapping[str, str] = {
    "included_pipelines": lazy_gettext("Pipeline ids that count; empty means all."),
    "won_stages": lazy_gettext("Stage ids; only used when won is decided by stages."),
    "replaced_stages": lazy_gettext(
        "Stage ids: another contract took a won deal's place, which is no loss."
    ),
    "amount_property": lazy_gettext("Deal property that holds the amount."),
    "buying_role_property": lazy_gettext("Contact property with the buying role."),
    "role_labels": lazy_gettext("One a line: association label = role."),
    "deal_renewal_types": lazy_gettext("Deal types that are renewals, not new business."),
    "customer_stage": lazy_gettext(
        "Lifecycle stage that makes a company a customer; empty: its first won deal does."
    ),
    "customer_stage_since": lazy_gettext("From when a company in that stage counts as a customer."),
    "left_options": lazy_gettext(
        "Values of its options that mean the person left; empty: those whose label says so."
    ),
    "staff_domains": lazy_gettext("Mail domains of your own people; they are never referrers."),
    "extra_free_hosts": lazy_gettext("Further free-mail hosts, not employers."),
    "referred_by_labels": lazy_gettext("Association labels that name the referrer."),
    "referred_by_type_ids": lazy_gettext("The same labels by their HubSpot type ids."),
    "agency_types": lazy_gettext("Company types that are agencies or partners."),
    "activities": lazy_gettext("Meetings, calls, e-mails and notes of the last three years."),
    "home_currency": lazy_gettext("Three letters, such as EUR."),
    "home_country": lazy_gettext(
        "Two letters, such as GB: where phone numbers without a country code are."
    ),
    "usage_property": lazy_gettext("Company property that says how much the product is used."),
    "usage_metric": lazy_gettext(
        "Metric that your product sends as its use, where no property says it."
    ),
    "milestone_property": lazy_gettext(
        "Company property with the day on which the customer first got value."
    ),
    "nps_property": lazy_gettext(
        "Contact property with answers of another survey, from 0 to 10; each earlier value is an"
        " answer of its day. Other scales are refused."
    ),
    "nps_date_property": lazy_gettext("Contact property with the day of that answer."),
    "nps_comment_property": lazy_gettext("Contact property with what they wrote."),
    "forgotten_addresses": lazy_gettext(
        "With a hash, answers that come from their addresses are refused; a hash is still personal"
        " data, so choose it if your privacy officer agrees."
    ),
    "goal_date_property": lazy_gettext(
        "Company property with the day on which the customer reached its goal."
    ),
    "onboarding_date_property": lazy_gettext(
        "Company property with the day on which the onboarding was completed."
    ),
    "ticket_rating_property": lazy_gettext(
        "Ticket property in which customers rate how their ticket was solved."
    ),
    "ticket_good_ratings": lazy_gettext(
        "One a line: its values that are good; without them no ticket is a win."
    ),
    "renewal_date_property": lazy_gettext(
        "Company property with the day on which the contract ends."
    ),
    "recurring_property": lazy_gettext(
        "Property with the recurring value; without it, recurring line items of won deals count,"
        " then won deals with a term."
    ),
    "recurring_on": lazy_gettext("What kind of record the recurring value stands on."),
    "recurring_per": lazy_gettext("Whether that value is a year's or a month's."),
    "term_months_property": lazy_gettext(
        "Deal property with the months that a contract runs; a won deal with it recurs."
    ),
    "recurring_deal_property": lazy_gettext(
        "Deal property that must say yes for a deal with a term to recur; empty: any does."
    ),
    "health_score_property": lazy_gettext(
        "Company property with a health score of HubSpot's own; it is shown beside ours and not"
        " counted."
    ),
    "ticket_closed_stages": lazy_gettext("Ticket stages that mean closed."),
    "not_applicable": lazy_gettext(
        "One a line: factor = why it does not apply to this account, as in adoption ="
        " we have no product usage. Health is then measured without it, and says so."
        " Factors: %(factors)s.",
        factors=", ".join(FACTORS),
    ),
}


def values_of(form: Mapping[str, str], seen: PortalMap) -> dict[str, Any]:
    """Return the settings that a form asks for; a field that it leaves out stays as in *seen*.

    Raises marshmallow's ValidationError for a field that cannot be read.
    """
    values = {name: _read(name, form[name]) for name in fields() if name in form}
    return {**dump_portal_map(seen), **values}


def as_text(name: str, value: object) -> str:
    """Return a map's value as its form field shows it: a list has a line for each item."""
    if value is None:
        return ""
    if not isinstance(value, list):
        return str(value)
    if name in _PAIRS:
        return "\n".join(f"{one} = {other}" for one, other in value)
    return "\n".join(map(str, value))


def fields() -> list[str]:
    """Return the fields of a map that change a result."""
    return [name for name in _defaults() if name not in WITHOUT_EFFECT]


def list_fields() -> list[str]:
    """Return the fields that hold a list."""
    return [name for name, value in _defaults().items() if isinstance(value, list)]


def groups(names: Iterable[str]) -> dict[str, list[str]]:
    """Return fields by heading; under "More" those that no heading names."""
    known = set(names)
    placed = {
        translated(title): [name for name in _group(title) if name in known] for title in _GROUPS
    }
    rest = known.difference(*placed.values())
    return {**placed, _("More"): sorted(rest)} if rest else placed


def _group(title: str) -> Iterator[str]:
    for name in _GROUPS[title]:
        if name == _TEXTS:
            yield from (row.setting for row in text_sources.known() if row.group == title)
        else:
            yield name


def hints() -> dict[str, str]:
    """Return the hint of each field."""
    return {**_HINTS, **{row.setting: row.hint for row in text_sources.known()}}


def _defaults() -> dict[str, Any]:
    return dump_portal_map(PortalMap())


def _read(name: str, text: str) -> object:
    """Read one field. A list is read by line; an empty property field means no property."""
    if len(text) > _LONGEST_FIELD:
        raise ValidationError({name: [_("is too long")]})
    if "\x00" in text:
        raise ValidationError({name: [_("holds a character that cannot be kept")]})
    default = _defaults()[name]
    if isinstance(default, list):
        return _read_lines(name, text)
    is_optional = default is None or name.endswith("_property")
    return text.strip() or (None if is_optional else "")


def _read_lines(name: str, text: str) -> list[object]:
    lines = [line.strip() for line in text.replace("\r", "\n").split("\n")]
    read_line = _LINES.get(name, str)
    return [read_line(line) for line in lines if line]


def _role_label(line: str) -> list[str]:
    """Read "label = role"; a label may hold an equals sign itself."""
    label, _, role = line.rpartition("=")
    return [label.strip(), role.strip()]


def _declaration(line: str) -> list[str]:
    """Read "factor = words"; the words may hold an equals sign themselves."""
    factor, _, words = line.partition("=")
    return [factor.strip().lower(), words.strip()]


def _type_id(line: str) -> int | str:
    # What is no number stays text, so that marshmallow refuses the field with its own message.
    is_id = line.isascii() and line.isdigit() and len(line) <= _LONGEST_TYPE_ID
    return int(line) if is_id else line


# How a line is read, for lists of anything but text.
_LINES: Mapping[str, Callable[[str], object]] = {
    "role_labels": _role_label,
    "not_applicable": _declaration,
    "referred_by_type_ids": _type_id,
}
