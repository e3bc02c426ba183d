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
from mappings.records.portal_map import PortalMap
from mappings.rules.attribution.orders import deepest
from mappings.rules.facts import TELLS_OF_REFERRALS
from mappings.rules.text import self_reported

# The keys of people that a text can name them by.
_NAMING = frozenset({"mail", "name", "code"})

Finder = Callable[[Occurrence], set[Ref]]


# The records themselves


def themselves(it: Occurrence) -> set[Ref]:
    """The records that changed."""
    return set(it.records)


def contacts(it: Occurrence) -> set[Ref]:
    """The contacts that changed."""
    return refs("contact", it.contacts)


def companies(it: Occurrence) -> set[Ref]:
    """The companies that changed."""
    return refs("company", it.companies)


def deals(it: Occurrence) -> set[Ref]:
    """The deals that changed."""
    return refs("deal", it.deals)


def persons_of_contacts(it: Occurrence) -> set[Ref]:
    """The contacts that changed, to be grouped and moved without being read again."""
    return refs("person", it.contacts)


def all_contacts_of_persons(it: Occurrence) -> set[Ref]:
    """The contacts that changed, with those that are the same persons."""
    return refs("contact", it.same_persons)


# Merged records


def survivors(it: Occurrence) -> set[Ref]:
    """What the records are called today."""
    today = mirror.resolve_several(it.tx, it.records)
    return {(object_type, today[object_type, record_id]) for object_type, record_id in it.records}


def neighbours(it: Occurrence) -> set[Ref]:
    """All that the records are linked to."""
    several = by_type(it.records)
    found: set[Ref] = set()
    for object_type, ids in several.items():
        found |= mirror.neighbours(it.tx, object_type, ids)
    return found


# Persons and their moves


def first_contacts(it: Occurrence) -> set[Ref]:
    """One contact of each person: with it the whole person is looked at."""
    return refs("contact", (ids[0] for ids in person_rows.members(it.tx, it.persons).values()))


def movers_among_contacts(it: Occurrence) -> set[Ref]:
    """Those of the contacts' persons that moved."""
    _, members = person_rows.groups(it.tx, it.contacts)
    return _moved(it, members)


def movers_among_linked(it: Occurrence) -> set[Ref]:
    """Those of the linked contacts' persons that moved."""
    return _moved(it, person_rows.persons_of(it.tx, it.linked_contacts).values())


def persons_of_today(it: Occurrence) -> set[Ref]:
    """The contacts, under the ids they had and those they have."""
    today = mirror.resolve(it.tx, "contact", it.contacts)
    return refs("person", {*it.contacts, *today.values()})


def deals_with_contacts(it: Occurrence) -> set[Ref]:
    """The deals the contacts are on."""
    links = mirror.links_to(it.tx, "deal", "contact", it.contacts)
    return refs("deal", (link.from_id for link in links))


def deals_resting_on_contacts(it: Occurrence) -> set[Ref]:
    """The deals that have one of the contacts among their sources."""
    return refs("deal", person_rows.deals_resting_on(it.tx, it.contacts))


def tellers(it: Occurrence) -> set[Ref]:
    """Those of the contacts that told how they came to us, or tell it now."""
    read = source_rows.tellers(it.tx, it.contacts)
    return refs(
        "contact",
        read | person_rows.with_texts(it.tx, it.contacts, _text_names(it.known_terms.portal_map)),
    )


def told_of_contacts(it: Occurrence) -> set[Ref]:
    """The records that tell of referrals by the contacts."""
    return _owners(source_rows.referrals_by(it.tx, contact_ids=it.contacts))


def customers_of_contacts(it: Occurrence) -> set[Ref]:
    """The customers that the contacts are people of, or were when they answered."""
    return _customers_of(it, it.contacts)


# Names in texts


def texts_with_keys(it: Occurrence) -> set[Ref]:
    """The records whose text names somebody by one of the keys."""
    return pending_mentions.seekers(
        it.tx, {f"{kind}:{value}" for kind, value in it.keys if kind in _NAMING}
    )


def texts_with_companies(it: Occurrence) -> set[Ref]:
    """The records whose text seems to name one of the companies, or somebody there."""
    return pending_mentions.seekers(it.tx, _spoken_words(it))


# Companies


def staff_by_keys(it: Occurrence) -> set[Ref]:
    """The people of the companies and of those under them, by keys of today and changed ones."""
    return refs("person", people_of(it.tx, it.companies_with_children, it.keys))


def movers_of_companies(it: Occurrence) -> set[Ref]:
    """The persons who came to or left one of the companies."""
    return refs("person", it.movers)


def contacts_of_movers(it: Occurrence) -> set[Ref]:
    """All contacts of the persons who came to or left one of the companies."""
    members = person_rows.members(it.tx, it.movers)
    return refs("contact", (contact_id for ids in members.values() for contact_id in ids))


def staff(it: Occurrence) -> set[Ref]:
    """Who is, or was, at one of the companies."""
    return refs("contact", it.staff)


def deals_of_companies(it: Occurrence) -> set[Ref]:
    """The companies' own deals."""
    return _deals_of(it, it.companies)


def deals_of_companies_with_children(it: Occurrence) -> set[Ref]:
    """The deals of the companies and of those under them."""
    return _deals_of(it, it.companies_with_children)


def won_deals_of_companies(it: Occurrence) -> set[Ref]:
    """The companies' won deals."""
    return refs("deal", deal_rows.won_of(it.tx, it.companies))


def deals_from_companies(it: Occurrence) -> set[Ref]:
    """The deals that have one of the companies among their sources."""
    return refs("deal", source_rows.deals_from(it.tx, it.companies))


def deals_from_companies_with_children(it: Occurrence) -> set[Ref]:
    """The deals that have one of the companies, or of those under them, among their sources."""
    return refs("deal", source_rows.deals_from(it.tx, it.companies_with_children))


def told_of_companies(it: Occurrence) -> set[Ref]:
    """The records that tell of referrals by or to the companies."""
    return _told_of(it, it.companies)


def told_of_companies_with_children(it: Occurrence) -> set[Ref]:
    """The records that tell of referrals by or to the companies and those under them."""
    return _told_of(it, it.companies_with_children)


def told_by_companies(it: Occurrence) -> set[Ref]:
    """The records that tell of referrals by the companies."""
    return _owners(source_rows.referrals_by(it.tx, company_ids=it.companies))


def told_of_staff(it: Occurrence) -> set[Ref]:
    """The records that tell of referrals by the companies' people."""
    return _owners(source_rows.referrals_by(it.tx, contact_ids=it.staff))


def telling_staff(it: Occurrence) -> set[Ref]:
    """The companies' people that told of a referral."""
    return refs(
        "contact",
        (row["owner_id"] for row in source_rows.referrals_told_by(it.tx, "contact", it.staff)),
    )


def texts_with_staff(it: Occurrence) -> set[Ref]:
    """The records whose text names the companies or their people."""
    held = {key for keys in person_rows.keys_of(it.tx, it.staff).values() for key in keys}
    names = {f"{kind}:{value}" for kind, value in held if kind in _NAMING}
    return pending_mentions.seekers(it.tx, names | _spoken_words(it))


# Tickets and survey answers


def linked_persons(it: Occurrence) -> set[Ref]:
    """The contacts that the records are linked to, with those that are the same persons."""
    return refs("contact", _linked_persons(it))


def linked_companies(it: Occurrence) -> set[Ref]:
    """The companies that the records are linked to."""
    return refs("company", it.linked("company"))


def customers_of_linked(it: Occurrence) -> set[Ref]:
    """The customers that the linked contacts are people of, or were."""
    return _customers_of(it, _linked_persons(it))


# Deals and the credit that flows between them


def source_companies(it: Occurrence) -> set[Ref]:
    """The companies that led to the deals."""
    rows = (row for several in source_rows.of_deals(it.tx, it.deals).values() for row in several)
    return refs("company", (row["company_id"] for row in rows if row["company_id"] is not None))


def companies_upstream(it: Occurrence) -> set[Ref]:
    """The companies in whose all-in value the deals' money is, up every path of credit."""
    return _upstream(it, deepest(it.known_terms.policy) - 1)


def companies_upstream_of_credit(it: Occurrence) -> set[Ref]:
    """The companies up every path from the deals, one deal further."""
    return _upstream(it, it.known_terms.policy.max_order)


def deals_downstream(it: Occurrence) -> set[Ref]:
    """The deals that credit from the deals flows to, other than by inheritance."""
    return refs("deal", source_rows.downstream(it.tx, it.deals))


def deals_hanging_on_won(it: Occurrence) -> set[Ref]:
    """The open and lost deals, and those without a share, that may have come of the deals."""
    return refs("deal", source_rows.hanging_on(it.tx, it.deals))


def credit_notes(it: Occurrence) -> set[Ref]:
    """The credit notes that take money back from the deals."""
    return refs("deal", period_rows.notes_of(it.tx, it.deals, beside=()))


def credit_notes_beside(it: Occurrence) -> set[Ref]:
    """The credit notes of the deals' companies: which deal a note names is seen only beside it."""
    return refs("deal", period_rows.notes_of(it.tx, (), beside=it.deals))


def deals_of_referred(it: Occurrence) -> set[Ref]:
    """The deals of the referred: contacts, companies, or the deals themselves."""
    several = by_type(it.records)
    found = set(several.get("deal", ()))
    for object_type in ("contact", "company"):
        links = mirror.links_to(it.tx, "deal", object_type, several.get(object_type, ()))
        found |= {link.from_id for link in links}
    return refs("deal", found)


# Touches


def living_persons(it: Occurrence) -> set[Ref]:
    """The persons whose touches tell where they work."""
    return refs("person", it.living_contacts)


def deals_in_sight(it: Occurrence) -> set[Ref]:
    """The deals that could see touches of this time."""
    return refs("deal", touched.deals(it.tx, it.touches))


def touched_contacts(it: Occurrence) -> set[Ref]:
    """The contacts the touches were with: a note may say who recommended us to them."""
    return refs("contact", touched.contacts(it.tx, it.touches))


def touched_companies(it: Occurrence) -> set[Ref]:
    """The companies the touches were with, and the employers of who gave a life sign."""
    employers = touched.employers(it.tx, it.living_contacts)
    return refs("company", employers | touched.companies(it.tx, it.touches))


# Time


def read_by_older(it: Occurrence) -> set[Ref]:
    """The records whose texts an older classifier read last."""
    return answer_labels.read_by_older(it.tx, self_reported.VERSION)


# A person who is forgotten; asked before they are


def neighbours_of_forgotten(it: Occurrence) -> set[Ref]:
    """The people and companies the forgotten was linked to."""
    found = mirror.neighbours(it.tx, "contact", it.contacts)
    return {ref for ref in found if ref[0] in {"contact", "company"}}


def other_contacts(it: Occurrence) -> set[Ref]:
    """The forgotten person's other records."""
    return refs("contact", it.same_persons - set(it.contacts))


def tellers_of_forgotten(it: Occurrence) -> set[Ref]:
    """The records that tell of referrals by or to the forgotten."""
    return _owners(_referrals_around(it)) - refs("contact", it.contacts)


def referrers_of_forgotten(it: Occurrence) -> set[Ref]:
    """Who referred the forgotten, with all their records."""
    referrers = {row["referrer_contact_id"] for row in _referrals_around(it)} - {None}
    person_of, _ = person_rows.groups(it.tx, referrers)
    return refs("contact", person_of.keys() - set(it.contacts))


def companies_of_forgotten(it: Occurrence) -> set[Ref]:
    """Where the forgotten came from or went to, and whose answers theirs were counted among."""
    person_of, _ = person_rows.groups(it.tx, it.contacts)
    left = move_rows.of_persons(it.tx, set(person_of.values()))
    ends = {row[side] for row in left for side in ("former_company_id", "new_company_id")} - {None}
    return refs("company", ends | survey_answers.companies_of(it.tx, it.same_persons))


def _moved(it: Occurrence, person_ids: Iterable[int]) -> set[Ref]:
    return refs(
        "person", (row["person_id"] for row in move_rows.of_persons(it.tx, set(person_ids)))
    )


def _linked_persons(it: Occurrence) -> set[int]:
    person_of, _ = person_rows.groups(it.tx, it.linked_contacts)
    return {*it.linked_contacts, *person_of}


def _customers_of(it: Occurrence, contact_ids: Collection[int]) -> set[Ref]:
    links = mirror.links_from(it.tx, "contact", contact_ids, "company")
    employers = {link.to_id for link in links} | survey_answers.companies_of(it.tx, contact_ids)
    # Only customers' people and answers are weighed.
    return refs("company", deal_rows.buyers(it.tx, employers))


def _text_names(words: PortalMap) -> list[str]:
    return [name for _, name in words.mapped_texts("contact", *TELLS_OF_REFERRALS)]


def _spoken_words(it: Occurrence) -> set[str]:
    """The first word of each company's name: a text may say no more of it."""
    keys = (
        key for several in company_keys.keys_of(it.tx, it.companies).values() for key in several
    )
    return {f"firm:{value.split()[0]}" for kind, value in keys if kind == "name"}


def _deals_of(it: Occurrence, company_ids: Collection[int]) -> set[Ref]:
    by_company = deal_rows.of_companies(it.tx, company_ids)
    return refs("deal", (row["deal_id"] for rows in by_company.values() for row in rows))


def _told_of(it: Occurrence, company_ids: Collection[int]) -> set[Ref]:
    by_them = source_rows.referrals_by(it.tx, company_ids=company_ids)
    to_them = source_rows.referrals_to(
        it.tx, {f"company:{company_id}" for company_id in company_ids}
    )
    return _owners([*by_them, *to_them])


def _owners(referrals: Iterable[Row]) -> set[Ref]:
    return {(row["owner_type"], row["owner_id"]) for row in referrals}


def _upstream(it: Occurrence, depth: int) -> set[Ref]:
    if not it.deals:
        return set()
    return refs("company", source_rows.upstream_companies(it.tx, it.deals, depth=depth))


def _referrals_around(it: Occurrence) -> list[Row]:
    return [
        *source_rows.referrals_by(it.tx, contact_ids=it.contacts),
        *source_rows.referrals_told_by(it.tx, "contact", it.contacts),
        *source_rows.referrals_to(it.tx, {f"contact:{contact_id}" for contact_id in it.contacts}),
    ]
