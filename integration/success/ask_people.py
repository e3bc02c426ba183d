"""Acquaintances of people who are to be asked: who of them knows somebody on an open deal."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from integration.conclude import company_directory, record_facts
from integration.conclude.batch import Batch
from integration.portal import record_names
from integration.storage.database import Row
from integration.storage.findings import person_rows
from integration.storage.success import ask_list_rows
from mappings.rules.attribution.reasons import Names
from mappings.rules.findings import Employment
from mappings.rules.job_changes.employments import employments
from mappings.rules.success import acquaintances
from mappings.rules.success.acquaintances import Target, Tie

_LOOKED_BACK = timedelta(days=730)
_Colleagues = tuple[Row, int, datetime]
"""A pair of people, a company where both were at one time, and since when."""


def targets(batch: Batch, contact_ids: Collection[int]) -> dict[int, list[Target]]:
    """Return whom on open deals of prospects these contacts know, the best first."""
    home = batch.portal_map.home_currency
    met = ask_list_rows.met(batch.tx, contact_ids, batch.now - _LOOKED_BACK, home)
    shared = ask_list_rows.shared_employers(batch.tx, contact_ids, home)
    # One meeting says more than many years in one house.
    who_met = {_pair(row) for row in met}
    together = list(_together(batch, [row for row in shared if _pair(row) not in who_met]))
    named = _names(batch, [*met, *(row for row, _, _ in together)], together)
    found: dict[int, list[Target]] = {}
    for row in met:
        found.setdefault(row["asked_id"], []).append(_target(row, named, Tie.MET, row["at"]))
    for row, company_id, at in together:
        target = _target(row, named, Tie.WORKED_TOGETHER, at, named.company(company_id))
        found.setdefault(row["asked_id"], []).append(target)
    return {
        contact_id: acquaintances.ordered(own, batch.policy) for contact_id, own in found.items()
    }


def _pair(row: Row) -> tuple[int, int]:
    return row["asked_id"], row["contact_id"]


def _together(batch: Batch, pairs: Sequence[Row]) -> Iterator[_Colleagues]:
    """The pairs that were at one company at one time, by the dates of both careers."""
    if not pairs:
        return
    careers = _careers(batch, {contact_id for row in pairs for contact_id in _pair(row)})
    for row in pairs:
        mine, theirs = (careers.get(contact_id, ()) for contact_id in _pair(row))
        # The longest time together, of several companies.
        spells = sorted(acquaintances.together(mine, theirs), key=lambda spell: spell[::-1])
        for company_id, at in spells[:1]:
            yield row, company_id, at


def _careers(batch: Batch, contact_ids: Collection[int]) -> dict[int, tuple[Employment, ...]]:
    """The employments of each contact's person, all records together."""
    person_of, members = person_rows.groups(batch.tx, contact_ids)
    contacts = record_facts.living_contacts(batch, {*contact_ids, *person_of})
    known = company_directory.directory(batch, contacts.values())
    by_person = {
        person_id: employments([contacts[one] for one in own if one in contacts], known)
        for person_id, own in members.items()
    }
    return {
        contact_id: by_person.get(person_of.get(contact_id, 0), ()) for contact_id in contact_ids
    }


def _names(batch: Batch, rows: Iterable[Row], together: Iterable[_Colleagues]) -> Names:
    rows = list(rows)
    companies = [row["company_id"] for row in rows] + [company for _, company, _ in together]
    contacts = [row["contact_id"] for row in rows]
    return record_names.names(batch.tx, contacts=contacts, companies=companies)


def _target(row: Row, named: Names, tie: Tie, at: datetime, where: str = "") -> Target:
    return Target(
        contact_id=row["contact_id"],
        name=named.contact(row["contact_id"]),
        company=named.company(row["company_id"]),
        deal_id=row["deal_id"],
        deal_minor=int(row["minor"]),
        tie=tie,
        at=at,
        where=where,
    )
