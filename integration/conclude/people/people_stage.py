"""Stage one: who is who among changed contacts and those that resemble them, and who went where.

A page is loaded, decided and stored. Three things cannot be loaded with it, since they rest on what
is stored or decided before: blocks and name frequencies on the stored keys of all contacts (see
`identity_keys`), mass moves on everybody's stored changes of employer, and champion strength on
deals and answers, which are read of movers alone: most people never moved.
"""

from collections.abc import Collection

from integration.conclude.batch import Batch
from integration.conclude.people import mass_moves, move_search, people_page, person_groups
from integration.conclude.people.people_page import PeoplePage
from integration.conclude.people.person_groups import PersonGroups
from integration.portal.invalidation import Change


def refresh(batch: Batch, contact_ids: Collection[int]) -> None:
    """Regroup contacts into persons, find these persons' moves, and say what changed with them."""
    page = people_page.load(batch, contact_ids)
    groups = person_groups.group(page, batch.policy)
    person_groups.store(batch, page, groups)
    companies = mass_moves.refresh(batch, page, groups)
    moves = move_search.find(batch, page, groups.affected, companies)
    changed = move_search.store(batch, page, groups, moves)
    _record(batch, page, groups, changed)


def _record(
    batch: Batch, page: PeoplePage, groups: PersonGroups, companies: Collection[int]
) -> None:
    gone = page.claimed - page.contacts.keys()
    batch.changed(Change.PERSON_SPLIT, contacts=groups.split)
    batch.changed(Change.PERSON_REGROUPED, contacts=groups.affected_contacts | gone)
    batch.changed(Change.MOVE_CHANGED, companies=companies)
