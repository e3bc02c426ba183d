"""Mass moves: many change employer together, which is a takeover and no job change."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import chain, pairwise

from integration.conclude.batch import Batch
from integration.conclude.grouping import grouped
from integration.conclude.people.people_page import PeoplePage
from integration.conclude.people.person_groups import PersonGroups
from integration.portal.invalidation import Change
from integration.storage.findings import employer_changes
from integration.storage.findings.employer_changes import EmployerChange
from mappings.rules.facts import Directory
from mappings.rules.findings import Person
from mappings.rules.identity import companies, company_changes
from mappings.rules.job_changes.employments import timeline

CompanyPair = tuple[int, int]


def refresh(batch: Batch, page: PeoplePage, groups: PersonGroups) -> Directory:
    """Store changes of employer and the mass moves they make; return the companies of these.

    A mass move is made of everybody's changes: those of the page are stored before all are read.
    """
    now = {change for person in groups.affected for change in _employer_changes(person, page)}
    before = {change for change in page.employer_changes if change.person_id in groups.owners}
    gone, new = before - now, now - before
    employer_changes.replace_changes(batch.tx, gone=gone, new=new)
    _reconsider_companions(batch, page, groups, gone, new)
    left = {change.from_company_id for change in gone | new}
    return _with_mass_moves(batch, page, groups, left) if left else page.companies


def _employer_changes(person: Person, page: PeoplePage) -> Iterable[EmployerChange]:
    records = [page.contacts[contact_id] for contact_id in person.contact_ids]
    for old, new in pairwise(timeline(records, page.companies)):
        yield EmployerChange(person.id, old.company_id, new.company_id, new.since)


def _reconsider_companions(
    batch: Batch,
    page: PeoplePage,
    groups: PersonGroups,
    gone: Collection[EmployerChange],
    new: Collection[EmployerChange],
) -> None:
    """Whoever an import took the same way as somebody here, or did, is looked at again."""
    imported = _import_dates(page)
    changed = [*gone, *(change for change in new if change.at in imported)]
    if not changed:
        return
    pairs = {change.pair for change in changed}
    others = companions(changed, employer_changes.changes_between(batch.tx, pairs))
    here = {person.id for person in groups.affected}
    batch.changed(Change.MASS_MOVE_CHANGED, persons=others - here)


def _import_dates(page: PeoplePage) -> set[datetime]:
    """When imports changed the company of anybody here."""
    histories = [
        contact.history.get("associatedcompanyid", ()) for contact in page.contacts.values()
    ]
    versions = chain.from_iterable(histories)
    return {version.at for version in versions if version.source_type == company_changes.IMPORT}


def companions(changes: Iterable[EmployerChange], others: Iterable[EmployerChange]) -> set[int]:
    """The persons among *others* who went the same way as one of *changes*, at the same time."""
    dates = grouped((change.pair, change) for change in changes)
    return {
        other.person_id
        for other in others
        if any(_is_companion(other, change) for change in dates.get(other.pair, ()))
    }


def _is_companion(other: EmployerChange, change: EmployerChange) -> bool:
    return (
        other.person_id != change.person_id
        and abs(other.at - change.at) <= company_changes.ONE_EDIT
    )


def _with_mass_moves(
    batch: Batch, page: PeoplePage, groups: PersonGroups, left: Collection[int]
) -> Directory:
    before = employer_changes.mass_moves(batch.tx, left)
    now = _mass_moves(batch, left)
    employer_changes.replace_mass_moves(batch.tx, gone=before - now, new=now - before)
    here = {person.id for person in groups.affected}
    others = _persons_between(batch, before ^ now) - here
    batch.changed(Change.MASS_MOVE_CHANGED, persons=others)
    return replace(page.companies, migrations=(page.companies.migrations - before) | now)


def _mass_moves(batch: Batch, left: Collection[int]) -> set[CompanyPair]:
    """The pairs between which many moved, judged by all who left these companies."""
    leavers = employer_changes.leavers(batch.tx, left, batch.policy.migration_persons)
    former = {change.from_company_id for change in leavers}
    known = employer_changes.known_contacts(batch.tx, former)
    changes = [
        (change.person_id, change.from_company_id, change.to_company_id, change.at)
        for change in leavers
    ]
    return set(companies.mass_moves(changes, known, batch.policy))


def _persons_between(batch: Batch, pairs: Collection[CompanyPair]) -> set[int]:
    """Who went between companies where going was no job change, or is none any more."""
    if not pairs:
        return set()
    return {change.person_id for change in employer_changes.changes_between(batch.tx, pairs)}
