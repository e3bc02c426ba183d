"""Changes: what can happen in a portal that outdates a conclusion."""

from enum import StrEnum


class Change(StrEnum):
    """What can change, with the records that it is recorded with."""

    # What comes from outside
    RECORD_CHANGED = "a record or its links read differently, or it is gone or back"  # records
    RECORDS_MERGED = "records live on under another id"  # records: the old ids, still linked
    OUTSIDE_REPORTED = "a survey tool or the product reported something"  # records
    SURVEY_CHANGED = "our survey was switched on or off, or has other links"  # the whole portal
    CODE_CHANGED = "somebody got a code of the referral program, or it was revoked"  # records
    PROGRAM_CHANGED = "links of the referral program lead elsewhere, or nowhere"  # contacts
    PULSE_GIVEN = "somebody said how it goes with a company"  # companies
    TOUCHES_CHANGED = "touches are new, gone or worded otherwise"  # touches
    TOUCHES_READ = "all activities were read for the first time"  # the whole portal, with the time
    PERSON_APPROACHED = (
        "people were approached, answered an ask, or said they want none"  # contacts
    )
    INTRODUCTION_NOTED = "somebody was introduced when a customer was asked, or was not"  # contacts
    PERSON_FORGOTTEN = "a person is to be forgotten"  # contacts: all their ids, not yet erased
    NAME_ERASED = "a forgotten person's name is erased from explanations"  # deals
    DECISION_MADE = "a question was answered or opened again"  # contacts, records or deals
    HEALTH_DECIDED = "somebody set or took back a band, or left out a factor"  # companies
    DEAL_REJUDGED = "somebody ordered a deal to be judged by what is known now"  # deals
    SETTINGS_CHANGED = "the portal's words or its policy changed"  # the whole portal
    DAY_PASSED = "a day passed"  # the whole portal
    TIME_ZONE_CHANGED = "the account is in another time zone"  # the whole portal
    PROPERTIES_MADE = "properties of ours were made in HubSpot"  # the whole portal
    CHURN_MODEL_CHANGED = "risks are worked out by another rate or odds"  # the whole portal
    FEED_CHANGED = "something is no longer read, or is again"  # the whole portal
    ROLL_UP_DIFFERS = "orders or all-in values, all worked out anew, differ"  # deals, companies
    # What stage one finds
    COMPANY_CHANGED = "a company reads differently, or means another"  # companies
    COMPANIES_MERGED = "deals of a merged company are its survivor's"  # deals
    COMPANY_KEYS_CHANGED = "a company is called, reached or related otherwise"  # companies, keys
    COMPANY_STAFF_CHANGED = "somebody came to a company or left, or its name is new"  # companies
    CUSTOMER_STATUS_CHANGED = "a company is a customer, or since when, differs"  # companies
    DEAL_CHANGED = "a deal reads differently"  # deals; contacts on them
    DEAL_FIGURES_CHANGED = "a deal's company, dates, state or amount changed"  # deals, companies
    ACQUISITION_CHANGED = "the deal that made a company a customer is another"  # companies
    CONTACT_CHANGED = "a contact's keys were brought up to date"  # contacts
    CONTACT_NAMED = "a text can mean a contact by these keys"  # keys
    EMPLOYER_CHANGED = "a contact is no longer found at a company"  # contacts
    PERSON_REGROUPED = "a person's records were grouped, and their moves found"  # contacts
    PERSON_SPLIT = "a contact is no longer with somebody it was grouped with"  # contacts
    MOVE_CHANGED = "a person came from or went to a company, or did not"  # companies
    MASS_MOVE_CHANGED = "many went together from one company to another, or not any more"  # persons
    TICKET_CHANGED = "a ticket reads differently"  # records
    ANSWER_CHANGED = "a survey answer reads differently"  # records
    # What stage two finds
    READING_CHANGED = "a text is understood differently"  # contacts, deals
    REFERRAL_CHANGED = "a referral differs"  # records: the referred; contacts: who referred them
    CREDIT_CHANGED = "sources, ledger rows or paths of credit changed"  # deals, contacts, companies
    DEAL_JUDGED = "a deal's sources were judged"  # deals
    READINESS_CHANGED = (
        "somebody is to be asked, or not any more, or for another reason"  # contacts
    )
    ORDER_CHANGED = "a deal's order is another"  # deals
    INHERITANCE_CHANGED = "what later deals of a customer inherit changed"  # deals: the later ones


# They concern all records of a portal, so none are named.
WHOLE_PORTAL = frozenset(
    {
        Change.TOUCHES_READ,
        Change.SETTINGS_CHANGED,
        Change.DAY_PASSED,
        Change.TIME_ZONE_CHANGED,
        Change.PROPERTIES_MADE,
        Change.CHURN_MODEL_CHANGED,
        Change.FEED_CHANGED,
        Change.SURVEY_CHANGED,
    }
)
