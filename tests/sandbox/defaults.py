"""The properties every fresh portal has: the ones the product can meet, by object type."""

from __future__ import annotations

from .properties import Definition, Option

# name:type[:option|option...]  types: s string, n number, d date, t datetime, b bool, e
# enumeration, o owner, p phone options may go on in the next line after a |; a trailing ! is
# read-only, ~ is calculated (and read-only)
_TABLE: dict[str, str] = {
    "contact": """
email:s firstname:s lastname:s phone:p mobilephone:p company:s jobtitle:s job_function:s seniority:s hs_role:s
hs_seniority:s website:s city:s state:s country:s
hs_buying_role:e:BLOCKER|BUDGET_HOLDER|CHAMPION|DECISION_MAKER|END_USER|EXECUTIVE_SPONSOR|
INFLUENCER|LEGAL_AND_COMPLIANCE|OTHER
lifecyclestage:e:subscriber|lead|marketingqualifiedlead|salesqualifiedlead|opportunity|customer|evangelist|other
hs_lead_status:e:NEW|OPEN|IN_PROGRESS|OPEN_DEAL|UNQUALIFIED|ATTEMPTED_TO_CONTACT|CONNECTED|BAD_TIMING
hubspot_owner_id:o createdate:t! lastmodifieddate:t~ hs_object_id:n~ associatedcompanyid:n! hs_linkedin_url:s
work_email:s hs_email_domain:s~ hs_additional_emails:s!
hs_analytics_source:e:ORGANIC_SEARCH|PAID_SEARCH|EMAIL_MARKETING|SOCIAL_MEDIA|REFERRALS|
OTHER_CAMPAIGNS|DIRECT_TRAFFIC|OFFLINE|PAID_SOCIAL|AI_REFERRALS
hs_analytics_source_data_1:s! hs_analytics_source_data_2:s! hs_analytics_first_url:s! hs_latest_source:s!
hs_latest_source_data_1:s!
hs_latest_source_data_2:s! hs_latest_source_timestamp:t! hs_email_bounce:n! hs_email_hard_bounce_reason:s!
hs_email_hard_bounce_reason_enum:s! hs_email_optout:b hs_sales_email_last_replied:t! notes_last_contacted:t!
notes_last_updated:t! hs_last_sales_activity_timestamp:t! num_associated_deals:n~ recent_deal_amount:n~
recent_deal_close_date:t~ hs_job_change_detected_date:d hs_employment_change_detected_date:d hs_is_enriched:b!
hs_last_metered_enrichment_timestamp:t! hs_contact_enrichment_opt_out:b hs_enriched_email_bounce_detected:b!
hs_feedback_last_nps_rating:e!:PROMOTER|PASSIVE|DETRACTOR hs_feedback_last_nps_rating_number:n!
hs_feedback_last_nps_follow_up:s! hs_feedback_last_csat_survey_rating:n! hs_feedback_last_csat_survey_date:t!
hs_feedback_last_csat_survey_follow_up:s! hs_feedback_last_ces_survey_rating:n! hs_feedback_last_ces_survey_date:t!
hs_feedback_last_ces_survey_follow_up:s! hs_feedback_last_survey_date:t! hs_merged_object_ids:s!
hs_calculated_merged_vids:s! hs_is_merge_revertible:b!""",
    "company": """
name:s domain:s website:s hs_additional_domains:s! annualrevenue:n numberofemployees:n industry:s country:s
city:s phone:p
lifecyclestage:e:subscriber|lead|marketingqualifiedlead|salesqualifiedlead|opportunity|customer|evangelist|other
hubspot_owner_id:o hs_parent_company_id:n~ createdate:t hs_lastmodifieddate:t~ hs_createdate:t~ hs_object_id:n~
hs_analytics_source:s! hs_analytics_source_data_1:s! hs_analytics_source_data_2:s! hs_analytics_latest_source:s!
hs_merged_object_ids:s! num_associated_contacts:n~ num_associated_deals:n~ hs_num_child_companies:n~
hs_num_contacts_with_buying_roles:n~ hs_num_decision_makers:n~ hs_csm_sentiment:e:healthy|neutral|at_risk
hs_total_deal_value:n~ total_revenue:n~ linkedin_company_page:s closedate:t
type:e:PROSPECT|PARTNER|RESELLER|VENDOR|OTHER description:s""",
    "deal": """
dealname:s amount:n amount_in_home_currency:n~ deal_currency_code:c hs_exchange_rate:n~ closedate:t createdate:t
hs_createdate:t~ pipeline:s dealstage:s hs_is_closed:b~ hs_is_closed_won:b~ hs_is_closed_lost:b~ hs_closed_won_date:t~
hs_deal_stage_probability:n~ hs_projected_amount:n~ hs_projected_amount_in_home_currency:n~ hs_closed_amount:n~
hs_closed_amount_in_home_currency:n~ hs_arr:n! hs_mrr:n! hs_acv:n! hs_tcv:n! dealtype:e:newbusiness|existingbusiness
hubspot_owner_id:o hs_analytics_source:s! hs_analytics_source_data_1:s! hs_analytics_source_data_2:s!
hs_analytics_latest_source:s! hs_primary_associated_company:n~ num_associated_contacts:n~ hs_merged_object_ids:s!
hs_object_source:s! hs_object_source_label:s! hs_object_source_id:s! hs_lastmodifieddate:t~ hs_object_id:n~
description:s closed_lost_reason:s closed_won_reason:s""",
    "ticket": """
subject:s content:s hs_pipeline:s hs_pipeline_stage:s hs_ticket_priority:e:LOW|MEDIUM|HIGH|URGENT
hs_ticket_category:e:PRODUCT_ISSUE|BILLING_ISSUE|FEATURE_REQUEST|GENERAL_INQUIRY hubspot_owner_id:o createdate:t
closed_date:t! hs_last_closed_date:t! hs_lastmodifieddate:t~ hs_createdate:t~ hs_object_id:n~
hs_last_message_received_at:t! hs_last_message_sent_at:t! hs_feedback_last_ces_rating:n! nps_score:n!
hs_merged_object_ids:s!""",
    "feedback_submission": """
hs_survey_type:s! hs_value:n! hs_response_group:s! hs_content:s! hs_sentiment:s! hs_survey_channel:s! hs_survey_id:n!
hs_survey_name:s! hs_submission_name:s! hs_submission_timestamp:t! hs_ingestion_id:s! hs_submission_url:s!
hs_engagement_id:n! hs_visitor_id:n! hs_createdate:t~ hs_lastmodifieddate:t~ hs_object_id:n~""",
    "email": """
hs_timestamp:t hubspot_owner_id:o hs_email_direction:e:EMAIL|INCOMING_EMAIL|FORWARDED_EMAIL
hs_email_status:e:SENT|BOUNCED|FAILED|SCHEDULED|SENDING|RECEIVED hs_email_subject:s hs_email_text:s hs_email_html:s
hs_email_headers:s
hs_email_from_email:s! hs_email_to_email:s! hs_createdate:t~ hs_lastmodifieddate:t~ hs_object_id:n~""",
    "meeting": """
hs_timestamp:t hubspot_owner_id:o hs_meeting_title:s hs_meeting_body:s hs_internal_meeting_notes:s
hs_meeting_start_time:t hs_meeting_end_time:t hs_meeting_location:s
hs_meeting_outcome:e:SCHEDULED|COMPLETED|RESCHEDULED|NO_SHOW|CANCELED
hs_createdate:t~ hs_lastmodifieddate:t~ hs_object_id:n~""",
    "call": """
hs_timestamp:t hubspot_owner_id:o hs_call_title:s hs_call_body:s hs_call_direction:e:INBOUND|OUTBOUND
hs_call_disposition:s hs_call_duration:n hs_call_status:e:BUSY|CALLING_CRM_USER|CANCELED|COMPLETED|CONNECTING|FAILED|
IN_PROGRESS|MISSED|NO_ANSWER|QUEUED|RINGING
hs_createdate:t~ hs_lastmodifieddate:t~ hs_object_id:n~""",
    "task": """
hs_timestamp:t hubspot_owner_id:o hs_task_subject:s hs_task_body:s
hs_task_status:e:NOT_STARTED|IN_PROGRESS|WAITING|DEFERRED|COMPLETED hs_task_priority:e:NONE|LOW|MEDIUM|HIGH
hs_task_type:e:TODO|CALL|EMAIL hs_createdate:t~ hs_lastmodifieddate:t~ hs_object_id:n~""",
    "note": """
hs_timestamp:t hubspot_owner_id:o hs_note_body:s hs_createdate:t~ hs_lastmodifieddate:t~ hs_object_id:n~""",
}
# What of an e-mail only a portal's own consent shows.
CONTENT = frozenset({"hs_email_subject", "hs_email_text", "hs_email_html", "hs_email_headers"})
CONTENT_SCOPE = "sales-email-read"
_OTHER = "hs_timestamp:t hubspot_owner_id:o hs_body:s hs_createdate:t~ hs_lastmodifieddate:t~ hs_object_id:n~"
_KINDS = {
    "s": ("string", "text"),
    "n": ("number", "number"),
    "d": ("date", "date"),
    "t": ("datetime", "date"),
    "b": ("bool", "booleancheckbox"),
    "e": ("enumeration", "select"),
    "o": ("enumeration", "select"),
    "c": ("enumeration", "select"),
    "p": ("phone_number", "phonenumber"),
}
_LONG = frozenset(
    {
        "content",
        "description",
        "hs_content",
        "hs_email_text",
        "hs_body",
        "hs_note_body",
        "hs_meeting_body",
    }
)
_SEVERAL = frozenset({"hs_buying_role", "hs_ticket_category"})


def standard_group(object_type: str) -> str:
    """The group HubSpot's own properties are in."""
    return (
        f"{object_type}information"
        if object_type != "feedback_submission"
        else "feedback_submission_information"
    )


def _one(object_type: str, text: str) -> Definition:
    name, kind, *rest = text.split(":")
    calculated, read_only = kind.endswith("~"), kind[-1] in "~!"
    type_, field_type = _KINDS[kind[0]]
    if name in _LONG:
        field_type = "textarea"
    if name in _SEVERAL:
        field_type = "checkbox"
    options = (
        [Option(value.replace("_", " ").title(), value) for value in rest[0].split("|")]
        if rest
        else []
    )
    if type_ == "bool":
        options = [Option("True", "true"), Option("False", "false")]
    return Definition(
        name=name,
        label=name.replace("hs_", "").replace("_", " ").capitalize(),
        type=type_,
        field_type=field_type,
        group=standard_group(object_type),
        options=options,
        calculated=calculated,
        read_only=read_only,
        hubspot_defined=True,
        external="OWNER" if kind[0] == "o" else "CURRENCY" if kind[0] == "c" else "",
    )


def standard_definitions(object_type: str) -> dict[str, Definition]:
    """Fresh copies of HubSpot's own properties of one object type, by name."""
    words = _TABLE.get(object_type, _OTHER).replace("|\n", "|").split()
    made = (_one(object_type, word) for word in words)
    return {definition.name: definition for definition in made}


DEFAULT_ANSWER: dict[str, tuple[str, ...]] = {
    "contact": ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    "company": ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    "deal": (
        "amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id", "pipeline",
    ),
    "ticket": (
        "content", "createdate", "hs_lastmodifieddate", "hs_object_id", "hs_pipeline", "hs_pipeline_stage",
        "hs_ticket_category", "hs_ticket_priority", "subject",
    ),
}  # fmt: skip
ALWAYS: dict[str, tuple[str, ...]] = {
    "contact": ("createdate", "hs_object_id", "lastmodifieddate"),
    "company": ("createdate", "hs_lastmodifieddate", "hs_object_id"),
    "deal": ("createdate", "hs_lastmodifieddate", "hs_object_id"),
    "ticket": ("createdate", "hs_lastmodifieddate", "hs_object_id"),
}
OTHERS_ALWAYS = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")
