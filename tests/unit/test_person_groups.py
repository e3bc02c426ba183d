"""Persons of a page: who is affected when records are grouped, and who may belong elsewhere now."""

from collections.abc import Collection, Mapping

from integration.conclude.people import person_groups
from integration.conclude.people.people_page import PeoplePage
from integration.conclude.people.person_groups import PersonGroups
from mappings.rules.facts import ContactFacts
from mappings.rules.identity import linkage
from mappings.rules.policy import Policy
from tests.unit.rules_builders import a_contact, a_portal, the_companies

PRIYA = "priya@acme.example"


def grouped(
    contacts: Collection[ContactFacts],
    claimed: Collection[int],
    person_of: Mapping[int, int],
    *,
    differ: Collection[tuple[int, int]] = (),
) -> PersonGroups:
    """The page's persons; of the pairs that *differ* a person said that they are not one human."""
    page = PeoplePage(
        claimed=frozenset(claimed),
        contacts={contact.id: contact for contact in contacts},
        person_of=person_of,
        companies=the_companies(),
        pairs=linkage.pairs_to_weigh(contacts, frozenset(), Policy()),
        frequencies=a_portal(decisions=dict.fromkeys(differ, False)),
        decisions=[],
        employer_changes=frozenset(),
        moves=(),
        customers_since=None,
    )
    return person_groups.group(page, Policy())


def ids(groups: PersonGroups) -> list[tuple[int, ...]]:
    return [person.contact_ids for person in groups.affected]


def test_a_new_record_of_a_known_person_regroups_itself_alone() -> None:
    found = grouped([a_contact(1, email=PRIYA), a_contact(2, email=PRIYA)], {2}, {1: 1})

    assert ids(found) == [(1, 2)]
    assert found.regrouped == {2}
    assert found.owners == {1}
    assert found.split == set()


def test_somebody_who_is_compared_and_found_to_be_another_is_not_affected() -> None:
    found = grouped([a_contact(1, email=PRIYA), a_contact(2, "Bo Berg")], {2}, {1: 1})

    assert ids(found) == [(2,)]
    assert found.regrouped == {2}


def test_a_person_that_lost_a_record_is_affected() -> None:
    found = grouped([a_contact(1, email=PRIYA)], {2}, {1: 1, 2: 1})

    assert ids(found) == [(1,)]
    assert found.regrouped == set()


def test_the_stored_rows_of_a_dissolved_person_are_replaced() -> None:
    found = grouped([a_contact(1, email=PRIYA), a_contact(2, email=PRIYA)], {1}, {1: 1, 2: 2})

    assert ids(found) == [(1, 2)]
    assert found.owners == {1, 2}


def test_a_record_beside_the_page_that_lost_its_company_is_looked_at_on_its_own() -> None:
    contacts = [a_contact(1, email=PRIYA), a_contact(2, email=PRIYA)]

    found = grouped(contacts, {1}, {1: 1, 2: 1}, differ=[(1, 2)])

    assert ids(found) == [(1,), (2,)]
    assert found.split == {2}
