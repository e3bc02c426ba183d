"""The invalidation table: when this changes, these records are recomputed, and why.

Whatever has to be concluded again because of a change stands here and nowhere else. A stage that
looks at a record and finds that it reads differently records a change of its own: a row reaches one
step, no further.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from integration.portal import (
    affected_companies,
    affected_deals,
    affected_people,
    affected_records,
    affected_referrals,
)
from integration.portal.occurrence import Occurrence
from integration.portal.portal_changes import Change
from integration.storage.mirror import touch_dependents
from integration.storage.queue import recompute, time_dependent
from integration.storage.queue.recompute import Selection, Stage
from mappings.records.rows import RefPair

Finder = Callable[[Occurrence], set[RefPair]]


@dataclass(frozen=True, slots=True)
class Row:
    """One consequence: which records are looked at again in which stage, and why.

    `once_imported` rows begin with the end of the first import: until then nothing was concluded
    that could be outdated.
    """

    stage: Stage
    records: Finder | Selection
    because: str
    once_imported: bool = False


_PEOPLE, _DEALS, _SUMMARIES = Stage.PEOPLE, Stage.DEALS, Stage.SUMMARIES

TABLE: Mapping[Change, tuple[Row, ...]] = {
    Change.RECORD_CHANGED: (
        Row(_PEOPLE, affected_records.themselves,
            "what a record says is read from the first stage on"),
    ),
    Change.RECORDS_MERGED: (
        Row(_PEOPLE, affected_records.themselves,
            "what was concluded under an old id is taken back"),
        Row(_PEOPLE, affected_records.survivors, "the survivor speaks for all of them"),
        Row(_PEOPLE, affected_records.neighbours,
            "what was linked to an old id is linked to the survivor"),
    ),
    Change.OUTSIDE_REPORTED: (
        Row(_PEOPLE, affected_records.themselves,
            "answers and usage are read with the record they are about"),
    ),
    Change.SURVEY_CHANGED: (
        Row(_SUMMARIES, time_dependent.SURVEYED, "their links come, go or read differently"),
    ),
    Change.CODE_CHANGED: (
        Row(_PEOPLE, affected_records.themselves,
            "whose code it is, and their link, are read with the contact"),
    ),
    Change.PROGRAM_CHANGED: (
        Row(_SUMMARIES, affected_people.contacts, "their links read differently, or go"),
    ),
    Change.PULSE_GIVEN: (
        Row(_SUMMARIES, affected_companies.companies,
            "it is held against what the customer says"),
    ),
    Change.TOUCHES_CHANGED: (
        Row(_PEOPLE, affected_people.living_persons,
            "a life sign says where somebody works, an automatic reply that they left"),
        Row(_DEALS, affected_deals.deals_in_sight,
            "evidence of a deal is weighed by who was in touch with us"),
        Row(_DEALS, affected_people.touched_contacts,
            "a note or a first mail can say who recommended us"),
        Row(_SUMMARIES, affected_companies.touched_companies,
            "health counts how lately somebody was in touch"),
    ),
    Change.TOUCHES_READ: (
        Row(_PEOPLE, touch_dependents.ALL_LIVING_PERSONS,
            "as for changed touches; until now their absence meant nothing"),
        Row(_DEALS, touch_dependents.ALL_CONTACTS_TOLD_OF, "as for changed touches"),
        Row(_DEALS, touch_dependents.ALL_DEALS_IN_SIGHT, "as for changed touches"),
        Row(_SUMMARIES, touch_dependents.ALL_EMPLOYERS_OF_LIVING, "as for changed touches"),
        Row(_SUMMARIES, time_dependent.CUSTOMERS, "silence with a customer is known from now on"),
    ),
    Change.PERSON_APPROACHED: (
        Row(_SUMMARIES, affected_companies.employers,
            "who was approached rests, and so do their colleagues"),
        Row(_SUMMARIES, affected_people.all_contacts, "whoever got a survey gets no other for now"),
    ),
    Change.INTRODUCTION_NOTED: (
        Row(_DEALS, affected_people.contacts, "who introduced them recommended us"),
    ),
    Change.PERSON_FORGOTTEN: (
        Row(_PEOPLE, affected_people.other_contacts,
            "the person's other records are grouped without this one"),
        Row(_DEALS, affected_referrals.around_forgotten, "what others report of them is read anew"),
        Row(_SUMMARIES, affected_people.referrers_of_forgotten,
            "who referred them counts one referral less"),
        Row(_SUMMARIES, affected_companies.companies_of_forgotten,
            "their move and their answer are gone"),
        Row(_SUMMARIES, affected_records.neighbours_of_forgotten,
            "they are no longer among a company's people"),
    ),
    Change.NAME_ERASED: (
        Row(_DEALS, affected_deals.deals, "a deal is explained without the name"),
    ),
    Change.DECISION_MADE: (
        Row(_PEOPLE, affected_people.persons_of_today,
            "who is who, and whether they moved, is asked of people first"),
        Row(_DEALS, affected_records.survivors,
            "the record that reports the referral is read as decided"),
        Row(_DEALS, affected_deals.deals, "the deal is judged as decided"),
    ),
    Change.HEALTH_DECIDED: (
        Row(_SUMMARIES, affected_companies.companies,
            "the band that everybody sees is the one that was set"),
    ),
    Change.DEAL_REJUDGED: (
        Row(_DEALS, affected_deals.deals, "the deal is judged by what is known now"),
    ),
    Change.SETTINGS_CHANGED: (
        Row(_PEOPLE, recompute.EVERYTHING, "reprocessing is the same operation as processing"),
    ),
    Change.PROPERTIES_MADE: (
        Row(_PEOPLE, recompute.EVERYTHING, "what they are to say was never written"),
    ),
    Change.TIME_ZONE_CHANGED: (
        Row(_DEALS, time_dependent.WON_DEALS, "a booking has its day in the account's time zone"),
    ),
    Change.DAY_PASSED: (
        Row(_DEALS, time_dependent.DEALS,
            "evidence loses freshness, and money booked ahead reaches its month"),
        Row(_DEALS, affected_referrals.read_by_older_classifier,
            "a newer classifier reads the texts that an older one read"),
        Row(_SUMMARIES, time_dependent.CUSTOMERS,
            "health and departures look back from today"),
        Row(_SUMMARIES, time_dependent.ANSWERERS, "an answer grows too old to be shown"),
        Row(_SUMMARIES, time_dependent.RESTING, "whoever rested may be surveyed again"),
    ),
    Change.CHURN_MODEL_CHANGED: (
        Row(_SUMMARIES, time_dependent.CUSTOMERS,
            "every customer's risk rests on the account's base rate and odds"),
    ),
    Change.FEED_CHANGED: (
        Row(_SUMMARIES, time_dependent.CUSTOMERS,
            "in health, what was last known ages from the day it was last read"),
    ),
    Change.ROLL_UP_DIFFERS: (
        Row(_DEALS, affected_deals.deals, "the order is worked out from the deal's sources"),
        Row(_SUMMARIES, affected_companies.companies,
            "the all-in value is worked out from the deals below the company"),
    ),
    Change.COMPANY_CHANGED: (
        Row(_SUMMARIES, affected_companies.companies, "its own fields are summed up"),
    ),
    Change.COMPANIES_MERGED: (
        Row(_DEALS, affected_deals.deals,
            "a deal's company may be its source now: that is first-order"),
    ),
    Change.COMPANY_KEYS_CHANGED: (
        Row(_PEOPLE, affected_people.staff_by_keys,
            "an address or a typed name means another company: that is where people work"),
        Row(_DEALS, affected_deals.deals_of_companies_with_children,
            "what a company brings to itself is first-order", once_imported=True),
        Row(_DEALS, affected_deals.deals_from_companies_with_children,
            "sources are quoted by the company's name", once_imported=True),
        Row(_DEALS, affected_referrals.around_companies_with_children,
            "a referral may name another company", once_imported=True),
        Row(_SUMMARIES, affected_people.contacts_of_movers,
            "where somebody moved from is quoted by name", once_imported=True),
    ),
    Change.COMPANY_STAFF_CHANGED: (
        Row(_DEALS, affected_referrals.mentioning_companies,
            "a first name beside a company's name means somebody there"),
    ),
    Change.CUSTOMER_STATUS_CHANGED: (
        Row(_PEOPLE, affected_people.movers_of_companies,
            "a champion is who knew us as a customer"),
        Row(_DEALS, affected_deals.deals_of_companies,
            "what comes to a company that is a customer already is expansion", once_imported=True),
        Row(_DEALS, affected_referrals.reporting_staff,
            "the same for what its people report of themselves", once_imported=True),
        Row(_DEALS, affected_referrals.with_staff_as_referrers,
            "whether a customer recommended us shows in the referral", once_imported=True),
        Row(_DEALS, affected_referrals.around_companies,
            "the same for the company itself", once_imported=True),
        Row(_DEALS, affected_referrals.mentioning_staff,
            "a text that names a company counts if it was a customer then", once_imported=True),
        Row(_SUMMARIES, affected_people.staff,
            "somebody is a champion or a promoter at a customer", once_imported=True),
    ),
    Change.DEAL_CHANGED: (
        Row(_PEOPLE, affected_people.movers_among_contacts,
            "what somebody was worth when leaving shows in their deals"),
        Row(_DEALS, affected_deals.deals, "its sources are judged"),
        Row(_SUMMARIES, affected_people.all_contacts,
            "a person's role and revenue rest on their deals"),
    ),
    Change.DEAL_FIGURES_CHANGED: (
        Row(_DEALS, affected_deals.deals_from_companies,
            "credit hangs on the source company's latest won deal"),
        Row(_DEALS, affected_referrals.with_companies_as_referrers,
            "whether the referrer was a customer then shows in its deals"),
        Row(_SUMMARIES, affected_companies.companies, "what a company bought is summed up"),
        Row(_SUMMARIES, affected_companies.source_companies,
            "what a source has in the pipeline is counted from these deals"),
        Row(_SUMMARIES, affected_companies.companies_upstream,
            "all-in values reach up every path, inherited credit included"),
    ),
    Change.ACQUISITION_CHANGED: (
        Row(_DEALS, affected_deals.won_deals_of_companies,
            "later deals inherit from the first, whichever that is now"),
    ),
    Change.CONTACT_CHANGED: (
        Row(_PEOPLE, affected_people.persons,
            "persons are grouped when the keys of all contacts are known"),
    ),
    Change.CONTACT_NAMED: (
        Row(_DEALS, affected_referrals.mentioning_keys,
            "a text that names a contact is read again"),
    ),
    Change.EMPLOYER_CHANGED: (
        Row(_SUMMARIES, affected_companies.customers_of_contacts,
            "their answers counted where it no longer shows that they worked"),
    ),
    Change.PERSON_REGROUPED: (
        Row(_DEALS, affected_deals.deals_with_contacts,
            "who stands for us on a deal is a person, not a record"),
        Row(_DEALS, affected_deals.deals_resting_on_contacts,
            "a source that is another person now is judged anew"),
        Row(_DEALS, affected_referrals.reporting_contacts,
            "who recommended us may be somebody we know"),
        Row(_DEALS, affected_referrals.with_contacts_as_referrers,
            "a referral belongs to a person"),
        Row(_SUMMARIES, affected_people.contacts, "role, revenue and move are a person's"),
        Row(_SUMMARIES, affected_companies.customers_of_contacts,
            "a customer's answers are counted by person"),
    ),
    Change.PERSON_SPLIT: (
        Row(_PEOPLE, affected_people.contacts, "it may belong to somebody else now"),
    ),
    Change.MOVE_CHANGED: (
        Row(_SUMMARIES, affected_companies.companies,
            "who left a company and who came is counted"),
    ),
    Change.MASS_MOVE_CHANGED: (
        Row(_PEOPLE, affected_people.first_contacts,
            "who goes in a mass move was moved: it is no job change"),
    ),
    Change.TICKET_CHANGED: (
        Row(_SUMMARIES, affected_companies.linked_companies, "open tickets weigh on health"),
        Row(_SUMMARIES, affected_companies.customers_of_linked,
            "one that names no company is its people's"),
    ),
    Change.ANSWER_CHANGED: (
        Row(_PEOPLE, affected_people.movers_among_linked,
            "whether somebody was a promoter when leaving shows in their answers"),
        Row(_SUMMARIES, affected_people.linked_contacts,
            "the latest answer is shown on all of a person's records"),
        Row(_SUMMARIES, affected_companies.linked_companies,
            "a company's score is made of its answers"),
        Row(_SUMMARIES, affected_companies.customers_of_linked,
            "and of the answers of those who were its people then"),
    ),
    Change.READING_CHANGED: (
        Row(_DEALS, affected_deals.deals_with_contacts,
            "what the people of a deal say is evidence of it"),
        Row(_DEALS, affected_deals.deals, "so is what the deal itself says"),
    ),
    Change.REFERRAL_CHANGED: (
        Row(_DEALS, affected_deals.deals_of_referred,
            "a referral is a source of the deals of the referred"),
        Row(_SUMMARIES, affected_people.all_contacts, "referrals made are counted by person"),
    ),
    Change.CREDIT_CHANGED: (
        Row(_DEALS, affected_deals.credit_notes, "a credit note is shared like its original"),
        Row(_SUMMARIES, affected_people.all_contacts,
            "a person's revenue is the sum of their credit"),
        Row(_SUMMARIES, affected_companies.companies, "so is a company's"),
        Row(_SUMMARIES, affected_companies.companies_upstream_of_credit,
            "and its all-in value holds the deals further down"),
    ),
    Change.READINESS_CHANGED: (
        Row(_SUMMARIES, affected_people.all_contacts,
            "whether to ask somebody is shown on all of their records"),
    ),
    Change.DEAL_JUDGED: (
        Row(_DEALS, affected_deals.credit_notes_beside,
            "a note that was read before its original waits for it"),
    ),
    Change.ORDER_CHANGED: (
        Row(_DEALS, affected_deals.deals_downstream,
            "an order is one more than that of the deal it came of"),
        Row(_DEALS, affected_deals.deals_hanging_on_won,
            "so is that of an open or lost deal, to which no credit flows yet"),
    ),
    Change.INHERITANCE_CHANGED: (
        Row(_DEALS, affected_deals.deals,
            "deals without evidence of their own inherit the first deal's"),
    ),
}  # fmt: skip
