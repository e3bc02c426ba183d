"""Invalidation: when this changes, these are recomputed. One table, as changes take effect in turn.

Whoever changes something says what changed (:func:`record`); what has to be concluded again because
of it stands here and nowhere else. :mod:`integration.portal.affected_records` says how the records
are found; they wait in the queue of :mod:`integration.storage.queue.recompute`. A stage that looks
at a record and finds that it reads differently records a change of its own: a row reaches one step,
no further.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Unpack

from integration.portal import affected_records
from integration.portal.affected_records import Finder
from integration.portal.occurrence import Extent, Occurrence, Terms
from integration.storage.database import Transaction
from integration.storage.mirror import touch_dependents
from integration.storage.queue import recompute, time_dependent
from integration.storage.queue.recompute import Due, Selection, Stage


class Change(StrEnum):
    """What can change, with the records that it is recorded with."""

    # What we are told
    RECORD_CHANGED = "a record or its links read differently, or it is gone or back"  # records
    RECORDS_MERGED = "records live on under another id"  # records: the old ids, still linked
    OUTSIDE_TOLD = "a survey tool or the product told something"  # records
    TOUCHES_CHANGED = "touches are new, gone or worded otherwise"  # touches
    TOUCHES_READ = "all activities were read for the first time"  # the whole portal, with the time
    PERSON_FORGOTTEN = "a person is to be forgotten"  # contacts: all their ids, not yet erased
    NAME_ERASED = "a forgotten person's name is erased from explanations"  # deals
    DECISION_MADE = "a question was answered or opened again"  # contacts, records or deals
    DEAL_REJUDGED = "somebody ordered a deal to be judged by what is known now"  # deals
    SETTINGS_CHANGED = "the portal's words or its policy changed"  # the whole portal
    DAY_PASSED = "a day passed"  # the whole portal
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
    CROWD_CHANGED = "a crowd went from one company to another, or it is none any more"  # persons
    TICKET_CHANGED = "a ticket reads differently"  # records
    ANSWER_CHANGED = "a survey answer reads differently"  # records
    # What stage two finds
    READING_CHANGED = "a text is understood differently"  # contacts, deals
    REFERRAL_CHANGED = "a referral differs"  # records: the referred; contacts: who referred them
    CREDIT_CHANGED = "sources, ledger rows or paths of credit changed"  # deals, contacts, companies
    DEAL_JUDGED = "a deal's sources were judged"  # deals
    ORDER_CHANGED = "a deal's order is another"  # deals
    INHERITANCE_CHANGED = "what later deals of a customer inherit changed"  # deals: the later ones


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
    Change.OUTSIDE_TOLD: (
        Row(_PEOPLE, affected_records.themselves,
            "answers and usage are read with the record they are about"),
    ),
    Change.TOUCHES_CHANGED: (
        Row(_PEOPLE, affected_records.living_persons,
            "a life sign says where somebody works, an automatic reply that they left"),
        Row(_DEALS, affected_records.deals_in_sight,
            "evidence of a deal is weighed by who was in touch with us"),
        Row(_DEALS, affected_records.touched_contacts, "notes and first mails tell of referrals"),
        Row(_SUMMARIES, affected_records.touched_companies,
            "health counts how lately somebody was in touch"),
    ),
    Change.TOUCHES_READ: (
        Row(_PEOPLE, touch_dependents.ALL_LIVING_PERSONS,
            "as for changed touches; until now their absence meant nothing"),
        Row(_DEALS, touch_dependents.ALL_CONTACTS_TOLD_OF, "as for changed touches"),
        Row(_DEALS, touch_dependents.ALL_DEALS_IN_SIGHT, "as for changed touches"),
        Row(_SUMMARIES, touch_dependents.ALL_EMPLOYERS_OF_LIVING, "as for changed touches"),
    ),
    Change.PERSON_FORGOTTEN: (
        Row(_PEOPLE, affected_records.other_contacts,
            "the person's other records are grouped without this one"),
        Row(_DEALS, affected_records.tellers_of_forgotten, "what is told of them is read anew"),
        Row(_SUMMARIES, affected_records.referrers_of_forgotten,
            "who referred them counts one referral less"),
        Row(_SUMMARIES, affected_records.companies_of_forgotten,
            "their move and their answer are gone"),
        Row(_SUMMARIES, affected_records.neighbours_of_forgotten,
            "they are no longer among a company's people"),
    ),
    Change.NAME_ERASED: (
        Row(_DEALS, affected_records.deals, "a deal is explained without the name"),
    ),
    Change.DECISION_MADE: (
        Row(_PEOPLE, affected_records.persons_of_today,
            "who is who, and whether they moved, is asked of people first"),
        Row(_DEALS, affected_records.survivors,
            "the record that tells of the referral is read as decided"),
        Row(_DEALS, affected_records.deals, "the deal is judged as decided"),
    ),
    Change.DEAL_REJUDGED: (
        Row(_DEALS, affected_records.deals, "the deal is judged by what is known now"),
    ),
    Change.SETTINGS_CHANGED: (
        Row(_PEOPLE, recompute.EVERYTHING, "reprocessing is the same operation as processing"),
    ),
    Change.DAY_PASSED: (
        Row(_DEALS, time_dependent.DEALS,
            "evidence loses freshness, and money booked ahead reaches its month"),
        Row(_DEALS, affected_records.read_by_older,
            "a newer classifier reads the texts that an older one read"),
        Row(_SUMMARIES, time_dependent.CUSTOMERS, "health and departures look back from today"),
        Row(_SUMMARIES, time_dependent.ANSWERERS, "an answer grows too old to be shown"),
    ),
    Change.ROLL_UP_DIFFERS: (
        Row(_DEALS, affected_records.deals, "the order is worked out from the deal's sources"),
        Row(_SUMMARIES, affected_records.companies,
            "the all-in value is worked out from the deals below the company"),
    ),
    Change.COMPANY_CHANGED: (
        Row(_SUMMARIES, affected_records.companies, "its own fields are summed up"),
    ),
    Change.COMPANIES_MERGED: (
        Row(_DEALS, affected_records.deals,
            "a deal's company may be its source now: that is first-order"),
    ),
    Change.COMPANY_KEYS_CHANGED: (
        Row(_PEOPLE, affected_records.staff_by_keys,
            "an address or a typed name means another company: that is where people work"),
        Row(_DEALS, affected_records.deals_of_companies_with_children,
            "what a company brings to itself is first-order", once_imported=True),
        Row(_DEALS, affected_records.deals_from_companies_with_children,
            "sources are quoted by the company's name", once_imported=True),
        Row(_DEALS, affected_records.told_of_companies_with_children,
            "a referral may name another company", once_imported=True),
        Row(_SUMMARIES, affected_records.contacts_of_movers,
            "where somebody moved from is quoted by name", once_imported=True),
    ),
    Change.COMPANY_STAFF_CHANGED: (
        Row(_DEALS, affected_records.texts_with_companies,
            "a first name beside a company's name means somebody there"),
    ),
    Change.CUSTOMER_STATUS_CHANGED: (
        Row(_PEOPLE, affected_records.movers_of_companies,
            "a champion is who knew us as a customer"),
        Row(_DEALS, affected_records.deals_of_companies,
            "what comes to a company that is a customer already is expansion", once_imported=True),
        Row(_DEALS, affected_records.telling_staff,
            "the same for what its people tell of themselves", once_imported=True),
        Row(_DEALS, affected_records.told_of_staff,
            "whether a customer recommended us shows in the referral", once_imported=True),
        Row(_DEALS, affected_records.told_of_companies,
            "the same for the company itself", once_imported=True),
        Row(_DEALS, affected_records.texts_with_staff,
            "a text that names a company counts if it was a customer then", once_imported=True),
        Row(_SUMMARIES, affected_records.staff,
            "somebody is a champion or a promoter at a customer", once_imported=True),
    ),
    Change.DEAL_CHANGED: (
        Row(_PEOPLE, affected_records.movers_among_contacts,
            "what somebody was worth when leaving shows in their deals"),
        Row(_DEALS, affected_records.deals, "its sources are judged"),
        Row(_SUMMARIES, affected_records.all_contacts_of_persons,
            "a person's role and revenue rest on their deals"),
    ),
    Change.DEAL_FIGURES_CHANGED: (
        Row(_DEALS, affected_records.deals_from_companies,
            "credit hangs on the source company's latest won deal"),
        Row(_DEALS, affected_records.told_by_companies,
            "whether the referrer was a customer then shows in its deals"),
        Row(_SUMMARIES, affected_records.companies, "what a company bought is summed up"),
        Row(_SUMMARIES, affected_records.source_companies,
            "what a source has in the pipeline is counted from these deals"),
        Row(_SUMMARIES, affected_records.companies_upstream,
            "all-in values reach up every path, inherited credit included"),
    ),
    Change.ACQUISITION_CHANGED: (
        Row(_DEALS, affected_records.won_deals_of_companies,
            "later deals inherit from the first, whichever that is now"),
    ),
    Change.CONTACT_CHANGED: (
        Row(_PEOPLE, affected_records.persons_of_contacts,
            "persons are grouped when the keys of all contacts are known"),
    ),
    Change.CONTACT_NAMED: (
        Row(_DEALS, affected_records.texts_with_keys, "a text that names a contact is read again"),
    ),
    Change.EMPLOYER_CHANGED: (
        Row(_SUMMARIES, affected_records.customers_of_contacts,
            "their answers counted where it no longer shows that they worked"),
    ),
    Change.PERSON_REGROUPED: (
        Row(_DEALS, affected_records.deals_with_contacts,
            "who stands for us on a deal is a person, not a record"),
        Row(_DEALS, affected_records.deals_resting_on_contacts,
            "a source that is another person now is judged anew"),
        Row(_DEALS, affected_records.tellers, "who told of us may be somebody we know"),
        Row(_DEALS, affected_records.told_of_contacts, "a referral belongs to a person"),
        Row(_SUMMARIES, affected_records.contacts, "role, revenue and move are a person's"),
        Row(_SUMMARIES, affected_records.customers_of_contacts,
            "a customer's answers are counted by person"),
    ),
    Change.PERSON_SPLIT: (
        Row(_PEOPLE, affected_records.contacts, "it may belong to somebody else now"),
    ),
    Change.MOVE_CHANGED: (
        Row(_SUMMARIES, affected_records.companies, "who left a company and who came is counted"),
    ),
    Change.CROWD_CHANGED: (
        Row(_PEOPLE, affected_records.first_contacts,
            "whoever goes with a crowd was moved: it is no job change"),
    ),
    Change.TICKET_CHANGED: (
        Row(_SUMMARIES, affected_records.linked_companies, "open tickets weigh on health"),
    ),
    Change.ANSWER_CHANGED: (
        Row(_PEOPLE, affected_records.movers_among_linked,
            "whether somebody was a promoter when leaving shows in their answers"),
        Row(_SUMMARIES, affected_records.linked_persons,
            "the latest answer is shown on all of a person's records"),
        Row(_SUMMARIES, affected_records.linked_companies,
            "a company's score is made of its answers"),
        Row(_SUMMARIES, affected_records.customers_of_linked,
            "and of the answers of those who were its people then"),
    ),
    Change.READING_CHANGED: (
        Row(_DEALS, affected_records.deals_with_contacts,
            "what the people of a deal say is evidence of it"),
        Row(_DEALS, affected_records.deals, "so is what the deal itself says"),
    ),
    Change.REFERRAL_CHANGED: (
        Row(_DEALS, affected_records.deals_of_referred,
            "a referral is a source of the deals of the referred"),
        Row(_SUMMARIES, affected_records.all_contacts_of_persons,
            "referrals made are counted by person"),
    ),
    Change.CREDIT_CHANGED: (
        Row(_DEALS, affected_records.credit_notes, "a credit note is shared like its original"),
        Row(_SUMMARIES, affected_records.all_contacts_of_persons,
            "a person's revenue is the sum of their credit"),
        Row(_SUMMARIES, affected_records.companies, "so is a company's"),
        Row(_SUMMARIES, affected_records.companies_upstream_of_credit,
            "and its all-in value holds the deals further down"),
    ),
    Change.DEAL_JUDGED: (
        Row(_DEALS, affected_records.credit_notes_beside,
            "a note that was read before its original waits for it"),
    ),
    Change.ORDER_CHANGED: (
        Row(_DEALS, affected_records.deals_downstream,
            "an order is one more than that of the deal it came of"),
        Row(_DEALS, affected_records.deals_hanging_on_won,
            "so is that of an open or lost deal, to which no credit flows yet"),
    ),
    Change.INHERITANCE_CHANGED: (
        Row(_DEALS, affected_records.deals,
            "deals without evidence of their own inherit the first deal's"),
    ),
}  # fmt: skip

# They are about all records of a portal, so none are named.
WHOLE_PORTAL = frozenset({Change.TOUCHES_READ, Change.SETTINGS_CHANGED, Change.DAY_PASSED})


def record(
    tx: Transaction,
    change: Change,
    *,
    now: datetime | None = None,
    **extent: Unpack[Extent],
) -> None:
    """Say what changed: what follows is queued in this transaction."""
    recompute.add(tx, due(tx, change, now=now, **extent))


def due(
    tx: Transaction,
    change: Change,
    *,
    terms: Terms | None = None,
    now: datetime | None = None,
    **extent: Unpack[Extent],
) -> Due:
    """What follows from a change, found as the portal stands now and not queued yet.

    Changes found by concluding need the portal's *terms*, those of a whole portal the time.
    """
    occurrence = Occurrence(tx, terms, **extent)
    found = Due()
    if occurrence.is_about_nothing and change not in WHOLE_PORTAL:
        return found
    for row in TABLE[change]:
        if row.once_imported and not occurrence.known_terms.imported:
            continue
        if isinstance(row.records, Selection):
            values = row.records.values if now is None else {**row.records.values, "now": now}
            found.ask(row.stage, replace(row.records, values=values))
        else:
            found.ask(row.stage, row.records(occurrence))
    return found
