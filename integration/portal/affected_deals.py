"""Affected deals: those that are judged again because of a change."""

from collections.abc import Collection

from integration.portal.occurrence import Occurrence, by_type, refs
from integration.storage.findings import person_rows, source_rows
from integration.storage.ledger import period_rows
from integration.storage.mirror import deal_rows, mirror, touch_dependents
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair


def deals(occurrence: Occurrence) -> set[RefPair]:
    """The deals that changed."""
    return refs(ObjectType.DEAL, occurrence.deals)


# Deals of people


def deals_with_contacts(occurrence: Occurrence) -> set[RefPair]:
    """The deals the contacts are on."""
    return refs(ObjectType.DEAL, _linked_to(occurrence, ObjectType.CONTACT, occurrence.contacts))


def deals_resting_on_contacts(occurrence: Occurrence) -> set[RefPair]:
    """The deals that have one of the contacts among their sources."""
    return refs(ObjectType.DEAL, person_rows.deals_resting_on(occurrence.tx, occurrence.contacts))


def deals_in_sight(occurrence: Occurrence) -> set[RefPair]:
    """The deals whose evidence can include touches of this time."""
    return refs(ObjectType.DEAL, touch_dependents.deals(occurrence.tx, occurrence.touches))


def deals_of_referred(occurrence: Occurrence) -> set[RefPair]:
    """The deals of the referred: contacts, companies, or the deals themselves."""
    referred = by_type(occurrence.records)
    deal_ids = set(referred.get(ObjectType.DEAL, ()))
    for object_type in (ObjectType.CONTACT, ObjectType.COMPANY):
        deal_ids |= _linked_to(occurrence, object_type, referred.get(object_type, ()))
    return refs(ObjectType.DEAL, deal_ids)


def _linked_to(
    occurrence: Occurrence, object_type: ObjectType, record_ids: Collection[int]
) -> set[int]:
    links = mirror.links_to(occurrence.tx, ObjectType.DEAL, object_type, record_ids)
    return {link.from_id for link in links}


# Deals of companies


def deals_of_companies(occurrence: Occurrence) -> set[RefPair]:
    """The companies' own deals."""
    return _bought_by(occurrence, occurrence.companies)


def deals_of_companies_with_children(occurrence: Occurrence) -> set[RefPair]:
    """The deals of the companies and of those under them."""
    return _bought_by(occurrence, occurrence.companies_with_children)


def won_deals_of_companies(occurrence: Occurrence) -> set[RefPair]:
    """The companies' won deals."""
    return refs(ObjectType.DEAL, deal_rows.won_of(occurrence.tx, occurrence.companies))


def deals_from_companies(occurrence: Occurrence) -> set[RefPair]:
    """The deals that have one of the companies among their sources."""
    return refs(ObjectType.DEAL, source_rows.deals_from(occurrence.tx, occurrence.companies))


def deals_from_companies_with_children(occurrence: Occurrence) -> set[RefPair]:
    """The deals that have one of the companies, or of those under them, among their sources."""
    company_ids = occurrence.companies_with_children
    return refs(ObjectType.DEAL, source_rows.deals_from(occurrence.tx, company_ids))


def _bought_by(occurrence: Occurrence, company_ids: Collection[int]) -> set[RefPair]:
    deal_ids: set[int] = set()
    for rows in deal_rows.of_companies(occurrence.tx, company_ids).values():
        deal_ids |= {row["deal_id"] for row in rows}
    return refs(ObjectType.DEAL, deal_ids)


# Credit that flows from deal to deal


def deals_downstream(occurrence: Occurrence) -> set[RefPair]:
    """The deals that credit from the deals flows to, other than by inheritance."""
    return refs(ObjectType.DEAL, source_rows.downstream(occurrence.tx, occurrence.deals))


def deals_hanging_on_won(occurrence: Occurrence) -> set[RefPair]:
    """The open and lost deals, and those without a share, that may have come of the deals."""
    return refs(ObjectType.DEAL, source_rows.hanging_on(occurrence.tx, occurrence.deals))


def credit_notes(occurrence: Occurrence) -> set[RefPair]:
    """The credit notes that take money back from the deals."""
    return refs(ObjectType.DEAL, period_rows.notes_of(occurrence.tx, occurrence.deals, beside=()))


def credit_notes_beside(occurrence: Occurrence) -> set[RefPair]:
    """The credit notes of the deals' companies: beside its original it shows what a note names."""
    return refs(ObjectType.DEAL, period_rows.notes_of(occurrence.tx, (), beside=occurrence.deals))
