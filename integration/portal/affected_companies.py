"""Affected companies: those whose own figures a change concerns."""

from collections.abc import Collection

from integration.portal.occurrence import Occurrence, refs
from integration.storage.findings import move_rows, person_rows, source_rows
from integration.storage.mirror import deal_rows, mirror, survey_answers, touch_dependents
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair
from mappings.rules.attribution.orders import deepest


def companies(occurrence: Occurrence) -> set[RefPair]:
    """The companies that changed."""
    return refs(ObjectType.COMPANY, occurrence.companies)


def linked_companies(occurrence: Occurrence) -> set[RefPair]:
    """The companies that the records are linked to."""
    return refs(ObjectType.COMPANY, occurrence.linked(ObjectType.COMPANY))


def touched_companies(occurrence: Occurrence) -> set[RefPair]:
    """The companies the touches were with, and the employers of who gave a life sign."""
    employers = touch_dependents.employers(occurrence.tx, occurrence.living_contacts)
    company_ids = touch_dependents.companies(occurrence.tx, occurrence.touches)
    return refs(ObjectType.COMPANY, employers | company_ids)


# Customers whose people these are


def employers(occurrence: Occurrence) -> set[RefPair]:
    """The customers at which the persons of these contacts are, by any of their records."""
    person_of, _ = person_rows.groups(occurrence.tx, occurrence.contacts)
    return _customers_of(occurrence, {*occurrence.contacts, *person_of})


def customers_of_contacts(occurrence: Occurrence) -> set[RefPair]:
    """The customers that the contacts are people of, or were when they answered."""
    return _customers_of(occurrence, occurrence.contacts)


def customers_of_linked(occurrence: Occurrence) -> set[RefPair]:
    """The customers that the linked persons are people of, or were when they answered."""
    return _customers_of(occurrence, occurrence.linked_persons)


def _customers_of(occurrence: Occurrence, contact_ids: Collection[int]) -> set[RefPair]:
    links = mirror.links_from(occurrence.tx, ObjectType.CONTACT, contact_ids, ObjectType.COMPANY)
    employers = {link.to_id for link in links}
    employers |= survey_answers.companies_of(occurrence.tx, contact_ids)
    # Only customers' people and answers are weighed.
    return refs(ObjectType.COMPANY, deal_rows.buyers(occurrence.tx, employers))


# Companies that deals came of


def source_companies(occurrence: Occurrence) -> set[RefPair]:
    """The companies that led to the deals."""
    company_ids: set[int] = set()
    for sources in source_rows.of_deals(occurrence.tx, occurrence.deals).values():
        company_ids |= {source["company_id"] for source in sources} - {None}
    return refs(ObjectType.COMPANY, company_ids)


def companies_upstream(occurrence: Occurrence) -> set[RefPair]:
    """The companies in whose all-in value the deals' money is, up every path of credit."""
    return _upstream(occurrence, deepest(occurrence.known_terms.policy) - 1)


def companies_upstream_of_credit(occurrence: Occurrence) -> set[RefPair]:
    """The companies up every path from the deals, one deal further."""
    return _upstream(occurrence, occurrence.known_terms.policy.max_order)


def _upstream(occurrence: Occurrence, depth: int) -> set[RefPair]:
    if not occurrence.deals:
        return set()
    company_ids = source_rows.upstream_companies(occurrence.tx, occurrence.deals, depth=depth)
    return refs(ObjectType.COMPANY, company_ids)


# A person who is forgotten; found before they are


def companies_of_forgotten(occurrence: Occurrence) -> set[RefPair]:
    """The companies the forgotten person moved from or to, and those their answers count for."""
    person_of, _ = person_rows.groups(occurrence.tx, occurrence.contacts)
    company_ids = survey_answers.companies_of(occurrence.tx, occurrence.same_persons)
    for move in move_rows.of_persons(occurrence.tx, set(person_of.values())):
        company_ids |= {move["former_company_id"], move["new_company_id"]} - {None}
    return refs(ObjectType.COMPANY, company_ids)
