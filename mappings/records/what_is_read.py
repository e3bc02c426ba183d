"""What is read of a portal's records: properties, their history and links, each with its purpose.

docs/what-we-read.md and the page /privacy are made of these tables: what has no row is not read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Purpose:
    """Properties that are read for one purpose, and the sentence that justifies it."""

    names: tuple[str, ...]
    because: str


def _names(purposes: Sequence[Purpose]) -> tuple[str, ...]:
    return tuple(name for purpose in purposes for name in purpose.names)


# Read on every record of the type, beside what the portal's map adds.
PURPOSES: Final[Mapping[str, tuple[Purpose, ...]]] = MappingProxyType(
    {
        "contact": (
            Purpose(
                (
                    "email",
                    "hs_additional_emails",
                    "firstname",
                    "lastname",
                    "phone",
                    "mobilephone",
                    "hs_linkedin_url",
                ),
                "They tell which records are one person.",
            ),
            Purpose(
                ("city", "state", "country"),
                "Two records of one name are more likely one person in the same place, and less"
                " likely in two.",
            ),
            Purpose(
                ("company", "jobtitle", "associatedcompanyid"),
                "They tell where somebody works, and who left for another company.",
            ),
            Purpose(
                ("hs_buying_role",),
                "It tells who weighed in on a deal, and is a champion when they leave.",
            ),
            Purpose(
                (
                    "hs_email_hard_bounce_reason",
                    "hs_email_hard_bounce_reason_enum",
                    "hs_job_change_detected_date",
                    "hs_employment_change_detected_date",
                ),
                "An address that no longer exists, and what HubSpot itself noticed, point to a job"
                " change.",
            ),
            Purpose(
                (
                    "hs_sales_email_last_replied",
                    "notes_last_contacted",
                    "hs_last_sales_activity_timestamp",
                ),
                "They tell when somebody was last in touch.",
            ),
            Purpose(
                (
                    "hs_feedback_last_nps_rating_number",
                    "hs_feedback_last_nps_follow_up",
                    "hs_feedback_last_survey_date",
                ),
                "They are the latest survey answer, for NPS.",
            ),
            Purpose(
                ("hs_email_optout",),
                "Who opted out of e-mail gets no survey, and is asked for nothing.",
            ),
            Purpose(
                ("hubspot_owner_id",),
                "It tells whose record it is. No result rests on it yet.",
            ),
            Purpose(
                (
                    "hs_merged_object_ids",
                    "hs_calculated_merged_vids",
                    "createdate",
                    "lastmodifieddate",
                ),
                "They keep our copy in step, also when records are merged.",
            ),
        ),
        "company": (
            Purpose(
                ("name", "domain", "hs_additional_domains", "hs_parent_company_id"),
                "They tell companies apart, and whose addresses are whose.",
            ),
            Purpose(
                ("lifecyclestage",),
                "It tells who is a customer, if you choose so in Settings.",
            ),
            Purpose(
                ("hs_csm_sentiment",),
                "It is the success manager's own view of a customer, quoted beside health.",
            ),
            Purpose(
                ("hubspot_owner_id",),
                "It tells whose customer it is, and who asks its people.",
            ),
            Purpose(
                ("hs_merged_object_ids", "createdate", "hs_lastmodifieddate"),
                "They keep our copy in step, also when records are merged.",
            ),
        ),
        "deal": (
            Purpose(
                ("dealname", "dealtype", "hs_primary_associated_company"),
                "They tell which deal it is, and whose.",
            ),
            Purpose(
                (
                    "amount",
                    "amount_in_home_currency",
                    "deal_currency_code",
                    "hs_exchange_rate",
                ),
                "They are the money that is shared out among those who led to the deal.",
            ),
            Purpose(
                ("hs_arr",),
                "It is what the deal's recurring line items bring in a year.",
            ),
            Purpose(
                (
                    "closedate",
                    "pipeline",
                    "dealstage",
                    "hs_is_closed",
                    "hs_is_closed_won",
                    "hs_is_closed_lost",
                    "hs_deal_stage_probability",
                ),
                "They tell when a deal was won or lost, and how likely an open one is.",
            ),
            Purpose(
                ("hubspot_owner_id",),
                "It tells whose record it is. No result rests on it yet.",
            ),
            Purpose(
                ("hs_merged_object_ids", "createdate", "hs_lastmodifieddate"),
                "They keep our copy in step, also when records are merged.",
            ),
        ),
        "ticket": (
            Purpose(
                ("hs_pipeline_stage", "hs_ticket_priority", "closed_date"),
                "Open tickets count in a customer's health.",
            ),
            Purpose(
                ("hs_merged_object_ids", "createdate", "hs_lastmodifieddate"),
                "They keep our copy in step, also when records are merged.",
            ),
        ),
        "feedback_submission": (
            Purpose(
                ("hs_survey_type", "hs_value", "hs_content", "hs_submission_timestamp"),
                "They are a survey answer, with its comment, for NPS.",
            ),
            Purpose(
                ("hs_createdate", "hs_lastmodifieddate"),
                "They keep our copy in step.",
            ),
        ),
    }
)
READ: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {kind: _names(purposes) for kind, purposes in PURPOSES.items()}
)

# Read with every value they ever had: changes of these are job changes, and of the last two only
# the history has the day.
HISTORY_PURPOSES: Final[Mapping[str, tuple[Purpose, ...]]] = MappingProxyType(
    {
        "contact": (
            Purpose(
                ("email", "hs_additional_emails", "company", "jobtitle", "associatedcompanyid"),
                "A change of address, employer or title is how a job change shows, with its day.",
            ),
            Purpose(
                ("hs_email_hard_bounce_reason_enum",),
                "Its day tells since when an address no longer exists.",
            ),
            Purpose(
                ("hs_feedback_last_nps_rating_number",),
                "Each earlier value is a survey answer of its day.",
            ),
        )
    }
)
HISTORY: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {kind: _names(purposes) for kind, purposes in HISTORY_PURPOSES.items()}
)


@dataclass(frozen=True, slots=True)
class LinkPurpose:
    """A pair of object types whose associations are read, with their labels, and why."""

    from_type: str
    to_type: str
    because: str


# From the side that needs fewer calls.
LINK_PURPOSES: Final = (
    LinkPurpose("contact", "company", "They tell where somebody works or worked."),
    LinkPurpose("contact", "contact", "Their labels tell who referred whom."),
    LinkPurpose("deal", "contact", "They tell who was on a deal; their labels, in which role."),
    LinkPurpose("deal", "company", "They tell who buys."),
    LinkPurpose("company", "company", "They tell which company belongs to which."),
    LinkPurpose("ticket", "company", "They tell whose ticket it is."),
    LinkPurpose("ticket", "contact", "They tell whose ticket it is."),
    LinkPurpose("feedback_submission", "contact", "They tell who answered."),
    LinkPurpose(
        "feedback_submission", "company", "They tell for which customer somebody answered."
    ),
)
ASSOCIATIONS: Final = tuple((link.from_type, link.to_type) for link in LINK_PURPOSES)
