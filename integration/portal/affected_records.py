"""Affected records: how the invalidation table finds whom a change concerns. Nothing is changed."""

from collections.abc import Callable, Collection, Iterable

from integration.portal.occurrence import Occurrence, by_type, people_of, refs
from integration.storage.database import Row
from integration.storage.findings import (
    answer_labels,
    move_rows,
    pending_mentions,
    person_rows,
    source_rows,
)
from integration.storage.ledger import period_rows
from integration.storage.mirror import company_keys, deal_rows, mirror, survey_answers
from integration.storage.mirror import touch_dependents as touched
from integration.storage.queue.recompute import Ref
from mappings.kinds import PERSON, ObjectType
from mappings.records.portal_map import PortalMap
from mappings.rules.attribution.orders import deepest
from mappings.rules.facts import TELLS_OF_REFERRALS
from mappings.rules.text import self_reported

# The keys of people that a text can name them by.
_NAMING = frozenset({"mail", "name", "code"})

Finder = Callable[[Occurrence], set[Ref]]


# The records themselves


def themselves(occurrence: Occurrence) -> set[Ref]:
    """The records that changed."""
    return set(occurrence.records)


def contacts(occurrence: Occurrence) -> set[Ref]:
    """The contacts that changed."""
    return refs(ObjectType.CONTACT, occurrence.contacts)


def companies(occurrence: Occurrence) -> set[Ref]:
    """The companies that changed."""
    return refs(ObjectType.COMPANY, occurrence.companies)


def deals(occurrence: Occurrence) -> set[Ref]:
    """The deals that changed."""
    return refs(ObjectType.DEAL, occurrence.deals)


def persons_of_contacts(occurrence: Occurrence) -> set[Ref]:
    """The contacts that changed, to be grouped and moved without being read again."""
    return refs(PERSON, occurrence.contacts)


def all_contacts_of_persons(occurrence: Occurrence) -> set[Ref]:
    """The contacts that changed, with those that are the same persons."""
    return refs(ObjectType.CONTACT, occurrence.same_persons)


# Merged records


def survivors(occurrence: Occurrence) -> set[Ref]:
    """What the records are called today."""
    today = mirror.resolve_several(occurrence.tx, occurrence.records)
    return {
        (object_type, today[object_type, record_id])
        for object_type, record_id in occurrence.records
    }


def neighbours(occurrence: Occurrence) -> set[Ref]:
    """All that the records are linked to."""
    several = by_type(occurrence.records)
    found: set[Ref] = set()
    for object_type, ids in several.items():
        found |= mirror.neighbours(occurrence.tx, object_type, ids)
    return found


# Persons and their moves


def first_contacts(occurrence: Occurrence) -> set[Ref]:
    """One contact of each person: with it the whole person is looked at."""
    return refs(
        ObjectType.CONTACT,
        (ids[0] for ids in person_rows.members(occurrence.tx, occurrence.persons).values()),
    )


def movers_among_contacts(occurrence: Occurrence) -> set[Ref]:
    """Those of the contacts' persons that moved."""
    _, members = person_rows.groups(occurrence.tx, occurrence.contacts)
    return _moved(occurrence, members)


def movers_among_linked(occurrence: Occurrence) -> set[Ref]:
    """Those of the linked contacts' persons that moved."""
    return _moved(
        occurrence, person_rows.persons_of(occurrence.tx, occurrence.linked_contacts).values()
    )


def persons_of_today(occurrence: Occurrence) -> set[Ref]:
    """The contacts, under the ids they had and those they have."""
    today = mirror.resolve(occurrence.tx, ObjectType.CONTACT, occurrence.contacts)
    return refs(PERSON, {*occurrence.contacts, *today.values()})


def deals_with_contacts(occurrence: Occurrence) -> set[Ref]:
    """The deals the contacts are on."""
    links = mirror.links_to(occurrence.tx, ObjectType.DEAL, ObjectType.CONTACT, occurrence.contacts)
    return refs(ObjectType.DEAL, (link.from_id for link in links))


def deals_resting_on_contacts(occurrence: Occurrence) -> set[Ref]:
    """The deals that have one of the contacts among their sources."""
    return refs(ObjectType.DEAL, person_rows.deals_resting_on(occurrence.tx, occurrence.contacts))


def tellers(occurrence: Occurrence) -> set[Ref]:
    """Those of the contacts that told how they came to us, or tell it now."""
    read = source_rows.tellers(occurrence.tx, occurrence.contacts)
    return refs(
        ObjectType.CONTACT,
        read
        | person_rows.with_texts(
            occurrence.tx, occurrence.contacts, _text_names(occurrence.known_terms.portal_map)
        ),
    )


def told_of_contacts(occurrence: Occurrence) -> set[Ref]:
    """The records that tell of referrals by the contacts."""
    return _owners(source_rows.referrals_by(occurrence.tx, contact_ids=occurrence.contacts))


def customers_of_contacts(occurrence: Occurrence) -> set[Ref]:
    """The customers that the contacts are people of, or were when they answered."""
    return _customers_of(occurrence, occurrence.contacts)


# Names in texts


def texts_with_keys(occurrence: Occurrence) -> set[Ref]:
    """The records whose text names somebody by one of the keys."""
    return pending_mentions.seekers(
        occurrence.tx, {f"{kind}:{value}" for kind, value in occurrence.keys if kind in _NAMING}
    )


def texts_with_companies(occurrence: Occurrence) -> set[Ref]:
    """The records whose text seems to name one of the companies, or somebody there."""
    return pending_mentions.seekers(occurrence.tx, _spoken_words(occurrence))


# Companies


def staff_by_keys(occurrence: Occurrence) -> set[Ref]:
    """The people of the companies and of those under them, by keys of today and changed ones."""
    return refs(
        PERSON, people_of(occurrence.tx, occurrence.companies_with_children, occurrence.keys)
    )


def movers_of_companies(occurrence: Occurrence) -> set[Ref]:
    """The persons who came to or left one of the companies."""
    return refs(PERSON, occurrence.movers)


def contacts_of_movers(occurrence: Occurrence) -> set[Ref]:
    """All contacts of the persons who came to or left one of the companies."""
    members = person_rows.members(occurrence.tx, occurrence.movers)
    return refs(ObjectType.CONTACT, (contact_id for ids in members.values() for contact_id in ids))


def staff(occurrence: Occurrence) -> set[Ref]:
    """Who is, or was, at one of the companies."""
    return refs(ObjectType.CONTACT, occurrence.staff)


def deals_of_companies(occurrence: Occurrence) -> set[Ref]:
    """The companies' own deals."""
    return _deals_of(occurrence, occurrence.companies)


def deals_of_companies_with_children(occurrence: Occurrence) -> set[Ref]:
    """The deals of the companies and of those under them."""
    return _deals_of(occurrence, occurrence.companies_with_children)


def won_deals_of_companies(occurrence: Occurrence) -> set[Ref]:
    """The companies' won deals."""
    return refs(ObjectType.DEAL, deal_rows.won_of(occurrence.tx, occurrence.companies))


def deals_from_companies(occurrence: Occurrence) -> set[Ref]:
    """The deals that have one of the companies among their sources."""
    return refs(ObjectType.DEAL, source_rows.deals_from(occurrence.tx, occurrence.companies))


def deals_from_companies_with_children(occurrence: Occurrence) -> set[Ref]:
    """The deals that have one of the companies, or of those under them, among their sources."""
    return refs(
        ObjectType.DEAL, source_rows.deals_from(occurrence.tx, occurrence.companies_with_children)
    )


def told_of_companies(occurrence: Occurrence) -> set[Ref]:
    """The records that tell of referrals by or to the companies."""
    return _told_of(occurrence, occurrence.companies)


def told_of_companies_with_children(occurrence: Occurrence) -> set[Ref]:
    """The records that tell of referrals by or to the companies and those under them."""
    return _told_of(occurrence, occurrence.companies_with_children)


def told_by_companies(occurrence: Occurrence) -> set[Ref]:
    """The records that tell of referrals by the companies."""
    return _owners(source_rows.referrals_by(occurrence.tx, company_ids=occurrence.companies))


def told_of_staff(occurrence: Occurrence) -> set[Ref]:
    """The records that tell of referrals by the companies' people."""
    return _owners(source_rows.referrals_by(occurrence.tx, contact_ids=occurrence.staff))


def telling_staff(occurrence: Occurrence) -> set[Ref]:
    """The companies' people that told of a referral."""
    return refs(
        ObjectType.CONTACT,
        (
            row["owner_id"]
            for row in source_rows.referrals_told_by(
                occurrence.tx, ObjectType.CONTACT, occurrence.staff
            )
        ),
    )


def texts_with_staff(occurrence: Occurrence) -> set[Ref]:
    """The records whose text names the companies or their people."""
    held = {
        key
        for keys in person_rows.keys_of(occurrence.tx, occurrence.staff).values()
        for key in keys
    }
    names = {f"{kind}:{value}" for kind, value in held if kind in _NAMING}
    return pending_mentions.seekers(occurrence.tx, names | _spoken_words(occurrence))


# Tickets and survey answers


def linked_persons(occurrence: Occurrence) -> set[Ref]:
    """The contacts that the records are linked to, with those that are the same persons."""
    return refs(ObjectType.CONTACT, _linked_persons(occurrence))


def linked_companies(occurrence: Occurrence) -> set[Ref]:
    """The companies that the records are linked to."""
    return refs(ObjectType.COMPANY, occurrence.linked(ObjectType.COMPANY))


def customers_of_linked(occurrence: Occurrence) -> set[Ref]:
    """The customers that the linked contacts are people of, or were."""
    return _customers_of(occurrence, _linked_persons(occurrence))


# Deals and the credit that flows between them


def source_companies(occurrence: Occurrence) -> set[Ref]:
    """The companies that led to the deals."""
    rows = (
        row
        for several in source_rows.of_deals(occurrence.tx, occurrence.deals).values()
        for row in several
    )
    return refs(
        ObjectType.COMPANY, (row["company_id"] for row in rows if row["company_id"] is not None)
    )


def companies_upstream(occurrence: Occurrence) -> set[Ref]:
    """The companies in whose all-in value the deals' money is, up every path of credit."""
    return _upstream(occurrence, deepest(occurrence.known_terms.policy) - 1)


def companies_upstream_of_credit(occurrence: Occurrence) -> set[Ref]:
    """The companies up every path from the deals, one deal further."""
    return _upstream(occurrence, occurrence.known_terms.policy.max_order)


def deals_downstream(occurrence: Occurrence) -> set[Ref]:
    """The deals that credit from the deals flows to, other than by inheritance."""
    return refs(ObjectType.DEAL, source_rows.downstream(occurrence.tx, occurrence.deals))


def deals_hanging_on_won(occurrence: Occurrence) -> set[Ref]:
    """The open and lost deals, and those without a share, that may have come of the deals."""
    return refs(ObjectType.DEAL, source_rows.hanging_on(occurrence.tx, occurrence.deals))


def credit_notes(occurrence: Occurrence) -> set[Ref]:
    """The credit notes that take money back from the deals."""
    return refs(ObjectType.DEAL, period_rows.notes_of(occurrence.tx, occurrence.deals, beside=()))


def credit_notes_beside(occurrence: Occurrence) -> set[Ref]:
    """The credit notes of the deals' companies: which deal a note names is seen only beside it."""
    return refs(ObjectType.DEAL, period_rows.notes_of(occurrence.tx, (), beside=occurrence.deals))


def deals_of_referred(occurrence: Occurrence) -> set[Ref]:
    """The deals of the referred: contacts, companies, or the deals themselves."""
    several = by_type(occurrence.records)
    found = set(several.get(ObjectType.DEAL, ()))
    for object_type in (ObjectType.CONTACT, ObjectType.COMPANY):
        links = mirror.links_to(
            occurrence.tx, ObjectType.DEAL, object_type, several.get(object_type, ())
        )
        found |= {link.from_id for link in links}
    return refs(ObjectType.DEAL, found)


# Touches


def living_persons(occurrence: Occurrence) -> set[Ref]:
    """The persons whose touches tell where they work."""
    return refs(PERSON, occurrence.living_contacts)


def deals_in_sight(occurrence: Occurrence) -> set[Ref]:
    """The deals that could see touches of this time."""
    return refs(ObjectType.DEAL, touched.deals(occurrence.tx, occurrence.touches))


def touched_contacts(occurrence: Occurrence) -> set[Ref]:
    """The contacts the touches were with: a note may say who recommended us to them."""
    return refs(ObjectType.CONTACT, touched.contacts(occurrence.tx, occurrence.touches))


def touched_companies(occurrence: Occurrence) -> set[Ref]:
    """The companies the touches were with, and the employers of who gave a life sign."""
    employers = touched.employers(occurrence.tx, occurrence.living_contacts)
    return refs(
        ObjectType.COMPANY, employers | touched.companies(occurrence.tx, occurrence.touches)
    )


# Time


def read_by_older(occurrence: Occurrence) -> set[Ref]:
    """The records whose texts an older classifier read last."""
    return answer_labels.read_by_older(occurrence.tx, self_reported.VERSION)


# A person who is forgotten; asked before they are


def neighbours_of_forgotten(occurrence: Occurrence) -> set[Ref]:
    """The people and companies the forgotten was linked to."""
    found = mirror.neighbours(occurrence.tx, ObjectType.CONTACT, occurrence.contacts)
    return {ref for ref in found if ref[0] in {ObjectType.CONTACT, ObjectType.COMPANY}}


def other_contacts(occurrence: Occurrence) -> set[Ref]:
    """The forgotten person's other records."""
    return refs(ObjectType.CONTACT, occurrence.same_persons - set(occurrence.contacts))


def tellers_of_forgotten(occurrence: Occurrence) -> set[Ref]:
    """The records that tell of referrals by or to the forgotten."""
    return _owners(_referrals_around(occurrence)) - refs(ObjectType.CONTACT, occurrence.contacts)


def referrers_of_forgotten(occurrence: Occurrence) -> set[Ref]:
    """Who referred the forgotten, with all their records."""
    referrers = {row["referrer_contact_id"] for row in _referrals_around(occurrence)} - {None}
    person_of, _ = person_rows.groups(occurrence.tx, referrers)
    return refs(ObjectType.CONTACT, person_of.keys() - set(occurrence.contacts))


def companies_of_forgotten(occurrence: Occurrence) -> set[Ref]:
    """Where the forgotten came from or went to, and whose answers theirs were counted among."""
    person_of, _ = person_rows.groups(occurrence.tx, occurrence.contacts)
    left = move_rows.of_persons(occurrence.tx, set(person_of.values()))
    ends = {row[side] for row in left for side in ("former_company_id", "new_company_id")} - {None}
    return refs(
        ObjectType.COMPANY,
        ends | survey_answers.companies_of(occurrence.tx, occurrence.same_persons),
    )


def _moved(occurrence: Occurrence, person_ids: Iterable[int]) -> set[Ref]:
    return refs(
        PERSON, (row["person_id"] for row in move_rows.of_persons(occurrence.tx, set(person_ids)))
    )


def _linked_persons(occurrence: Occurrence) -> set[int]:
    person_of, _ = person_rows.groups(occurrence.tx, occurrence.linked_contacts)
    return {*occurrence.linked_contacts, *person_of}


def _customers_of(occurrence: Occurrence, contact_ids: Collection[int]) -> set[Ref]:
    links = mirror.links_from(occurrence.tx, ObjectType.CONTACT, contact_ids, ObjectType.COMPANY)
    employers = {link.to_id for link in links} | survey_answers.companies_of(
        occurrence.tx, contact_ids
    )
    # Only customers' people and answers are weighed.
    return refs(ObjectType.COMPANY, deal_rows.buyers(occurrence.tx, employers))


def _text_names(words: PortalMap) -> list[str]:
    return [name for _, name in words.mapped_texts(ObjectType.CONTACT, *TELLS_OF_REFERRALS)]


def _spoken_words(occurrence: Occurrence) -> set[str]:
    """The first word of each company's name: a text may say no more of it."""
    keys = (
        key
        for several in company_keys.keys_of(occurrence.tx, occurrence.companies).values()
        for key in several
    )
    return {f"firm:{value.split()[0]}" for kind, value in keys if kind == "name"}


def _deals_of(occurrence: Occurrence, company_ids: Collection[int]) -> set[Ref]:
    by_company = deal_rows.of_companies(occurrence.tx, company_ids)
    return refs(ObjectType.DEAL, (row["deal_id"] for rows in by_company.values() for row in rows))


def _told_of(occurrence: Occurrence, company_ids: Collection[int]) -> set[Ref]:
    by_them = source_rows.referrals_by(occurrence.tx, company_ids=company_ids)
    to_them = source_rows.referrals_to(
        occurrence.tx, {f"company:{company_id}" for company_id in company_ids}
    )
    return _owners([*by_them, *to_them])


def _owners(referrals: Iterable[Row]) -> set[Ref]:
    return {(row["owner_type"], row["owner_id"]) for row in referrals}


def _upstream(occurrence: Occurrence, depth: int) -> set[Ref]:
    if not occurrence.deals:
        return set()
    return refs(
        ObjectType.COMPANY,
        source_rows.upstream_companies(occurrence.tx, occurrence.deals, depth=depth),
    )


def _referrals_around(occurrence: Occurrence) -> list[Row]:
    return [
        *source_rows.referrals_by(occurrence.tx, contact_ids=occurrence.contacts),
        *source_rows.referrals_told_by(occurrence.tx, ObjectType.CONTACT, occurrence.contacts),
        *source_rows.referrals_to(
            occurrence.tx, {f"contact:{contact_id}" for contact_id in occurrence.contacts}
        ),
    ]
