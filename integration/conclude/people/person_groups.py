"""Persons: a page's contacts grouped by linkage, and stored where that differs from before."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from integration.conclude import review_tasks
from integration.conclude.batch import Batch
from integration.conclude.grouping import grouped
from integration.conclude.people.people_page import PeoplePage
from integration.storage.findings import person_rows
from mappings.rules.findings import IdentityLink, Person
from mappings.rules.identity import linkage
from mappings.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class PersonGroups:
    """The persons of a page, and what is new about them.

    `person_of` goes by contact; `regrouped` are the contacts that are another person than before.
    `affected` are the persons with a contact of the page, or whose contacts are not those they
    were. `owners` are their ids, and those of the persons that their contacts were until now: whose
    stored moves and changes of employer are replaced. `split` are contacts beside the page that are
    no longer with somebody they were grouped with: they were not compared with all they resemble,
    and may belong elsewhere now.
    """

    person_of: Mapping[int, Person]
    reviews: Collection[IdentityLink]
    regrouped: frozenset[int]
    affected: tuple[Person, ...]
    owners: frozenset[int]
    split: frozenset[int]

    @property
    def affected_contacts(self) -> set[int]:
        """All contacts of the affected persons."""
        return {contact_id for person in self.affected for contact_id in person.contact_ids}


def group(page: PeoplePage, policy: Policy) -> PersonGroups:
    """Decide who is who among a page's contacts."""
    linked = linkage.group_people(page.contacts.values(), page.frequencies, policy, page.pairs)
    person_of = {
        contact_id: person for person in linked.persons for contact_id in person.contact_ids
    }
    regrouped = {
        contact_id
        for contact_id, person in person_of.items()
        if page.person_of.get(contact_id) != person.id
    }
    affected = tuple(_affected(linked.persons, regrouped, page))
    return PersonGroups(
        person_of=person_of,
        reviews=linked.reviews,
        regrouped=frozenset(regrouped),
        affected=affected,
        owners=frozenset(_owners(affected, page)),
        split=frozenset(_split(regrouped - page.claimed, person_of, page)),
    )


def _affected(
    persons: Iterable[Person], regrouped: Collection[int], page: PeoplePage
) -> Iterable[Person]:
    sizes = Counter(page.person_of.values())
    new = page.claimed.union(regrouped)
    for person in persons:
        is_resized = len(person.contact_ids) != sizes[person.id]
        if is_resized or not new.isdisjoint(person.contact_ids):
            yield person


def _owners(affected: Iterable[Person], page: PeoplePage) -> Iterable[int]:
    for person in affected:
        yield person.id
        for contact_id in person.contact_ids:
            if contact_id in page.person_of:
                yield page.person_of[contact_id]


def _split(
    contact_ids: Iterable[int], person_of: Mapping[int, Person], page: PeoplePage
) -> Iterable[int]:
    """Those of these contacts that were grouped with somebody, and are no longer."""
    members = grouped((person, contact) for contact, person in page.person_of.items())
    for contact_id in contact_ids:
        former = page.person_of.get(contact_id)
        companions = members[former] if former is not None else ()
        if not set(companions).issubset(person_of[contact_id].contact_ids):
            yield contact_id


def store(batch: Batch, page: PeoplePage, groups: PersonGroups) -> None:
    """Store who is another person now, or has another reason, and ask about doubtful pairs."""
    person_rows.store_persons(
        batch.tx,
        _rows(page, groups),
        gone=page.person_of.keys() - groups.person_of.keys(),
    )
    review_tasks.about_people(batch, groups.reviews, page.claimed, groups.regrouped, page.contacts)


def _rows(page: PeoplePage, groups: PersonGroups) -> list[dict[str, object]]:
    doubtful = grouped((contact, link) for link in groups.reviews for contact in (link.a, link.b))
    changed = groups.regrouped.union(page.claimed & groups.person_of.keys())
    return [
        _row(contact_id, groups.person_of[contact_id], doubtful.get(contact_id, ()))
        for contact_id in sorted(changed)
    ]


def _row(contact_id: int, person: Person, doubtful: Iterable[IdentityLink]) -> dict[str, object]:
    own = [link for link in person.links if contact_id in {link.a, link.b}]
    return {"contact_id": contact_id, "person_id": person.id, "because": [*own, *doubtful]}
