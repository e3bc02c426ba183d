"""Setting labels: what people read for the settings of a portal's map and policy."""

from collections.abc import Mapping

_LABELS: Mapping[str, str] = {
    "won_rule": "What counts as won",
    "deal_renewal_types": "Deal types of renewals",
    "staff_domains": "Your own domains",
    "extra_free_hosts": "More hosts of private mail",
    "left_options": "Options that say that somebody left",
    "referred_by_labels": "Association labels of referrers",
    "referred_by_type_ids": "The same labels by number",
    "heard_from_property": "How they heard of you",
    "deal_heard_from_property": "How the deal's people heard of you",
    "deal_referred_by_property": "Referred by, on deals",
    "deal_referral_code_property": "Referral code, on deals",
    "first_address_property": "Address of the first page",
    "told_properties": "More texts of contacts",
    "deal_told_properties": "More texts of deals",
    "provider_company_property": "Company by a job-change service",
    "recurring_property": "Recurring value",
    "recurring_on": "Recurring value stands on",
    "recurring_per": "Recurring value is",
    "term_months_property": "Months of a contract",
    "recurring_deal_property": "Deals that recur",
    "nps_property": "Answers from 0 to 10",
    "nps_date_property": "Day of the answer",
    "nps_comment_property": "Comment of the answer",
    "forgotten_addresses": "Addresses of forgotten people",
    "ticket_closed_stages": "Closed ticket stages",
}


def setting_label(name: str) -> str:
    """What people read for a setting: referred_by_property is "Referred by"."""
    if name in _LABELS:
        return _LABELS[name]
    words = name.removesuffix("_property").replace("_", " ")
    return words[:1].upper() + words[1:]
