"""List reading: a page of a list with names beside ids, its count, and all its rows for a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from integration.portal import record_names
from integration.portal.context import PortalContext
from integration.reports.listings import list_requests
from integration.reports.listings.list_parts import Listing, Shows, Takes
from integration.reports.listings.list_requests import Account, ChosenFilter, ListRequest, Terms
from integration.storage.database import Row, Transaction
from integration.storage.listings import choice_rows, list_pages
from integration.storage.listings.list_pages import Page
from integration.storage.mirror import unlisted_rows
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair

COUNTED: Final = 10_000
"""So many rows are counted; of more a page says that there are more."""
SHOWN: Final = 50
_IN_A_FILE: Final = 1000
RECORDS: Final[Mapping[Shows | Takes, ObjectType]] = {
    Shows.CONTACT: ObjectType.CONTACT,
    Shows.COMPANY: ObjectType.COMPANY,
    Shows.DEAL: ObjectType.DEAL,
    Takes.CONTACT: ObjectType.CONTACT,
    Takes.COMPANY: ObjectType.COMPANY,
}
"""The type of the record that a column shows, or that a filter takes."""


@dataclass(frozen=True, slots=True)
class ListView:
    """A page of a list: what was asked, its rows, and what records and owners are called.

    `count` is over `COUNTED` where there are more; nothing is added up then.
    `is_incomplete`: records of before an upgrade are still being listed.
    """

    request: ListRequest
    page: Page
    count: int
    names: Mapping[RefPair, str]
    owners: Mapping[int, str]
    choices: Mapping[str, Mapping[str, str]]
    terms: Terms
    sums: Row
    is_incomplete: bool


def read(
    portal: PortalContext,
    listing: Listing,
    args: Mapping[str, Sequence[str]],
    terms: Terms,
) -> ListView:
    """Read a page of a list as its address asks. Raises Refused for what there is not."""
    with portal.transaction() as tx:
        account = _account(tx, listing, terms)
        request = list_requests.read(listing, args, account)
        page = list_pages.page(tx, listing.stored, request.wanted, limit=SHOWN)
        count = list_pages.count(tx, listing.stored, request.wanted.conditions, most=COUNTED)
        names = record_names.shown(tx, _refs(listing, page.rows, request.chosen))
        return ListView(
            request,
            page,
            count,
            names,
            owners=choice_rows.owners(tx),
            choices=account.choices,
            terms=terms,
            sums=_sums(tx, listing, request, count),
            is_incomplete=listing.object_type in unlisted_rows.under_way(tx),
        )


def every_row(
    portal: PortalContext,
    listing: Listing,
    args: Mapping[str, Sequence[str]],
    terms: Terms,
) -> Iterator[tuple[Row, Mapping[RefPair, str], ListView]]:
    """Yield all rows that an address asks for, with the names that they need.

    The address is read at once, so that a refusal comes before the first row.
    """
    view = read(portal, listing, args, terms)
    return _rows_of(portal, view)


def _rows_of(
    portal: PortalContext, view: ListView
) -> Iterator[tuple[Row, Mapping[RefPair, str], ListView]]:
    listing, wanted = view.request.listing, view.request.wanted
    place = None
    while True:
        with portal.transaction() as tx:  # short ones: a reader may be slow
            rows, place = list_pages.after(tx, listing.stored, wanted, place, limit=_IN_A_FILE)
            names = record_names.shown(tx, _refs(listing, rows, ()))
        for row in rows:
            yield row, names, view
        if place is None:
            return


def _sums(tx: Transaction, listing: Listing, request: ListRequest, count: int) -> Row:
    """The sums of all rows, also of those on other pages."""
    if not listing.stored.sums or not 0 < count <= COUNTED:
        return {}
    return list_pages.sums(tx, listing.stored, request.wanted.conditions)


def _account(tx: Transaction, listing: Listing, terms: Terms) -> Account:
    has_stages = any(entry.in_use for entry in listing.filters)
    choices = {**choice_rows.stages(tx), "team": choice_rows.teams(tx)} if has_stages else {}
    return Account(
        terms,
        choices,
        is_used=lambda name, text: choice_rows.is_used(tx, name, text),
    )


def _refs(listing: Listing, rows: Sequence[Row], chosen: Sequence[ChosenFilter]) -> set[RefPair]:
    """The records that a page names."""
    refs: set[RefPair] = set()
    for column in listing.columns:
        kind = RECORDS.get(column.shows)
        if kind is not None:
            refs |= {(kind, row[column.name]) for row in rows if row[column.name]}
    for entry in chosen:
        kind = RECORDS.get(entry.filter.takes)
        if kind is not None and isinstance(entry.value, int):
            refs.add((kind, entry.value))
    return refs
