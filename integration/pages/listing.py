"""The pages of lists: deals, people, companies and job changes, and the same rows as CSV."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import customers_view, figures, guard, wins_view, wording
from integration.pages.portal_pages import account_of
from integration.pages.texts import gettext as _
from integration.pages.texts import translated
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.reports.listings import list_reading, list_requests
from integration.reports.listings.list_parts import Column, Filter, Listing, Shows, Takes
from integration.reports.listings.list_reading import ListView
from integration.reports.listings.list_requests import ChosenFilter, Terms
from integration.reports.listings.listings import LISTINGS
from integration.storage.database import Row
from mappings import formats
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair
from mappings.records.spreadsheet_cells import guarded
from mappings.rules.ledger import money


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of each list, and each list as a file."""
    bp = Blueprint("lists", __name__, url_prefix="/portals/<int:portal_id>")
    for listing in LISTINGS.values():
        _add(bp, runtime, listing)
    return bp


def _add(bp: Blueprint, runtime: Runtime, listing: Listing) -> None:
    """Add the routes of one list, each with a name of its own for the table of permissions."""

    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            terms = terms_of(account_of(portal).account)
            try:
                view = list_reading.read(portal, listing, _asked(), terms)
            except Refused as refusal:
                return refused(refusal)
            above = _ABOVE[listing.name](portal, session) if listing.name in _ABOVE else None
        return _page(session, view, above)

    def save(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            terms = terms_of(account_of(portal).account)
            try:
                lines = _csv(listing, list_reading.every_row(portal, listing, _asked(), terms))
            except Refused as refusal:
                return refused(refusal)
        answer = Response(lines, mimetype="text/csv")
        name = f"{listing.name}-{portal_id}.csv"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    if not listing.has_own_page:
        bp.add_url_rule(f"/{listing.name}", listing.name, show)
    bp.add_url_rule(f"/{listing.name}.csv", f"{listing.name}_csv", save)


# What stands above the rows, by list; its template is called like the list.
_ABOVE: Mapping[str, Callable[[PortalContext, Session], Mapping[str, Any]]] = {
    "customers": customers_view.above,
    "wins": wins_view.above,
}


def _asked() -> dict[str, list[str]]:
    return request.args.to_dict(flat=False)


def terms_of(account: Mapping[str, Any]) -> Terms:
    """Return what values of a list are written by: the account's currency and time zone."""
    return Terms(str(account.get("currency") or ""), formats.zone(account.get("time_zone")))


def refused(refusal: Refused) -> Response:
    """Return a page that says why an address asks for no list."""
    said = translated(refusal.args[0])
    return guard.problem(400, _("This list cannot be shown"), f"{said}.")


@dataclass(frozen=True, slots=True)
class _Field:
    """A filter as its form shows it: its choices, and what of it is chosen."""

    filter: Filter
    choices: Mapping[str, str]
    chosen: Sequence[str]

    @property
    def takes(self) -> str:
        """How its value is read, as a word for the template."""
        return self.filter.takes.name.lower()


@dataclass(frozen=True, slots=True)
class _Heading:
    """A column's heading: the address that sorts by it, and how it is sorted now."""

    column: Column
    address: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class _Cell:
    """A value as a page shows it: its text, the record that it leads to, and what stands below."""

    text: str
    is_figure: bool = False
    object_type: str = ""
    record_id: int | None = None
    note: str = ""
    is_short: bool = False
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class ShownList:
    """What the template shows of a list."""

    title: str
    note: str
    headings: Sequence[_Heading]
    rows: Sequence[Sequence[_Cell]]
    chips: Sequence[tuple[str, str]]
    fields: Sequence[_Field]
    before: str
    after: str
    count: str
    sums: Sequence[str]
    is_incomplete: bool
    clear: str
    csv: str
    hidden: Sequence[tuple[str, str]] = field(default_factory=tuple)


def _page(session: Session, view: ListView, above: Mapping[str, Any] | None) -> str:
    listing = view.request.listing
    return render_template(
        "listing.html" if above is None else f"{listing.name}.html",
        session=session,
        above=above,
        shown=shown_list(session, view),
        may_export=session.may_use(f"lists.{listing.name}_csv"),
    )


def shown_list(session: Session, view: ListView) -> ShownList:
    """Return what a template shows of a list: its rows, and addresses of all it leads to."""
    listing, asked = view.request.listing, view.request
    pairs = [(entry.filter.name, text) for entry in asked.chosen for text in entry.texts]
    sort = [("sort", asked.sort)] if asked.sort != listing.order else []
    return ShownList(
        title=translated(listing.title),
        note=translated(listing.note),
        headings=[_heading(column, asked.sort, pairs) for column in listing.columns],
        rows=[[_cell(column, row, view) for column in listing.columns] for row in view.page.rows],
        chips=[_chip(entry, view, pairs, sort) for entry in asked.chosen],
        fields=[_field(entry, view) for entry in listing.filters],
        before=_with_place("before", view, pairs, sort),
        after=_with_place("after", view, pairs, sort),
        count=_counted(view),
        sums=[_sum(column, view) for column in listing.columns] if view.sums else (),
        is_incomplete=view.is_incomplete,
        clear=_query(sort),
        csv=url_for(f"lists.{listing.name}_csv", portal_id=session.portal_id)
        + _query([*pairs, *sort]),
        hidden=sort,
    )


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    """The end of an address; of none, the question mark alone leaves all filters out."""
    return f"?{urlencode(pairs)}"


def _heading(column: Column, sort: str, pairs: Sequence[tuple[str, str]]) -> _Heading:
    """A heading leads to its column's order; where rows have it already, to the other way."""
    if not column.order:
        return _Heading(column)
    if sort.removeprefix("-") != column.order:
        first = column.order if column.shows in _FROM_A else f"-{column.order}"
        return _Heading(column, _query([*pairs, ("sort", first)]))
    is_descending = sort.startswith("-")
    other = column.order if is_descending else f"-{column.order}"
    direction = "descending" if is_descending else "ascending"
    return _Heading(column, _query([*pairs, ("sort", other)]), direction)


# Names begin with A; of all else the most or the newest comes first.
_FROM_A = frozenset({Shows.RECORD, Shows.CONTACT, Shows.COMPANY, Shows.DEAL, Shows.TEXT})


def _chip(
    entry: ChosenFilter,
    view: ListView,
    pairs: Sequence[tuple[str, str]],
    sort: Sequence[tuple[str, str]],
) -> tuple[str, str]:
    """A filter that is on, in words, and the address without it."""
    rest = [pair for pair in pairs if pair[0] != entry.filter.name]
    label = translated(entry.filter.label)
    if entry.filter.takes is Takes.YES:
        return label, _query([*rest, *sort])
    values = ", ".join(_chosen_text(entry, text, view) for text in entry.texts)
    return _("%(filter)s: %(value)s", filter=label, value=values), _query([*rest, *sort])


def _chosen_text(entry: ChosenFilter, text: str, view: ListView) -> str:
    takes = entry.filter.takes
    if takes is Takes.CHOICE:
        choices = view.choices.get(entry.filter.name, entry.filter.choices)
        return translated(choices.get(text, text))
    if takes is Takes.OWNER:
        return _owner(int(text), view)
    if takes in {Takes.CONTACT, Takes.COMPANY}:
        kind = ObjectType.CONTACT if takes is Takes.CONTACT else ObjectType.COMPANY
        return view.names.get((kind, int(text)), text)
    if takes is Takes.MAJOR:
        return figures.amount(text, view.terms.currency)
    if takes is Takes.MONEY:
        return figures.money(int(str(entry.value)), view.terms.currency)
    is_day = takes in {Takes.DAY_FROM, Takes.DAY_TO, Takes.DATE_FROM, Takes.DATE_TO}
    return figures.day(text) if is_day else text


def _owner(owner_id: int | None, view: ListView) -> str:
    if owner_id is None:
        return ""
    return view.owners.get(owner_id) or _("Owner %(number)s", number=owner_id)


def _field(entry: Filter, view: ListView) -> _Field:
    chosen = next((own.texts for own in view.request.chosen if own.filter.name == entry.name), ())
    choices = dict(view.choices.get(entry.name, entry.choices))
    if entry.takes is Takes.OWNER:
        choices = {str(owner_id): name for owner_id, name in view.owners.items()}
    for text in chosen:
        if entry.takes in {Takes.CHOICE, Takes.OWNER}:
            choices.setdefault(text, text)
    return _Field(entry, choices, chosen)


def _with_place(
    side: str, view: ListView, pairs: Sequence[tuple[str, str]], sort: Sequence[tuple[str, str]]
) -> str:
    place = list_requests.place_text(getattr(view.page, side))
    return _query([*pairs, *sort, (side, place)]) if place else ""


def _counted(view: ListView) -> str:
    if view.count > list_reading.COUNTED:
        return _("More than %(count)s", count=figures.count(list_reading.COUNTED))
    return figures.count(view.count)


def _sum(column: Column, view: ListView) -> str:
    """What stands below a column: what all rows of the list add up to."""
    total = view.sums.get(column.name)
    if total is None:
        return ""
    if column.shows is Shows.MONEY:
        return figures.money(int(total), view.terms.currency)
    return figures.amount(total, view.terms.currency)


# Cells


def _cell(column: Column, row: Row, view: ListView) -> _Cell:
    value = row[column.name]
    note = _note(column, row, view)
    if column.shows is Shows.RECORD:
        kind = view.request.listing.object_type
        return _Cell(row["name"], object_type=kind, record_id=value, note=note)
    if column.shows in list_reading.RECORDS:
        kind = list_reading.RECORDS[column.shows]
        name = view.names.get((kind, value), "") if value else ""
        return _Cell(name, object_type=kind if value else "", record_id=value, note=note)
    is_short = column.shows in {Shows.DAY, Shows.DATE, Shows.CERTAINTY}
    text = _written(column, value, view)
    return _Cell(
        text, column.is_figure, note=note, is_short=is_short, is_long=column.shows is Shows.WIN
    )


def _written(column: Column, value: Any, view: ListView) -> str:  # noqa: ANN401 - a column of any type
    if value is None or value == "":
        return ""
    shows = column.shows
    if shows is Shows.LABEL:
        return translated(column.labels.get(value, str(value)))
    if shows is Shows.OWNER:
        return _owner(value, view)
    if shows is Shows.MONEY:
        return (
            figures.money(value, view.terms.currency)
            if value or column.name != "booked_minor"
            else ""
        )
    if shows is Shows.MAJOR:
        return figures.amount(value, view.terms.currency) if value else ""
    if shows is Shows.DAY:
        return figures.day(_day_of(value, view.terms.zone))
    if shows is Shows.DATE:
        return figures.day(_day_of(value, UTC))
    if shows is Shows.CERTAINTY:
        return figures.likelihood(value)
    if shows in _BY_VALUE:
        return _BY_VALUE[shows](value)
    return str(value)


_BY_VALUE: Mapping[Shows, Callable[[Any], str]] = {
    Shows.WIN: wording.win_named,
    Shows.NUMBER: figures.count,
    Shows.SHARE: figures.percent,
    Shows.POINTS: lambda value: figures.points(float(value)),
    Shows.CHANGE: lambda value: figures.points(float(value), signed=True),
    Shows.PERCENT: lambda value: figures.percent(Fraction(value, 100)),
}


def _day_of(value: date | datetime, zone: tzinfo) -> date:
    """The day of a time in the account's time zone."""
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


def _note(column: Column, row: Row, view: ListView) -> str:
    """What stands below a value: a stage by its label, a stored word by its."""
    value = row[column.note] if column.note else None
    if not value:
        return ""
    labels = view.choices.get(column.note) or column.note_labels
    return translated(labels.get(value, str(value)))


# CSV


def _csv(
    listing: Listing,
    rows: Iterator[tuple[Row, Mapping[RefPair, str], ListView]],
) -> Iterator[str]:
    """Yield a file's lines, ids beside names; what a spreadsheet would run stays text."""
    yield _line(_file_headings(listing))
    for row, names, view in rows:
        cells: list[str] = []
        for column in listing.columns:
            cells += _file_cells(column, row, names, view)
        yield _line(cells)


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([guarded(cell) for cell in cells])
    return written.getvalue()


def _file_headings(listing: Listing) -> list[str]:
    headings: list[str] = []
    for column in listing.columns:
        heading = translated(column.heading)
        if column.shows in _WITH_ID:
            headings += [_("%(heading)s ID", heading=heading), heading]
        else:
            headings.append(heading)
        if column.note:
            headings.append(translated(column.note_heading))
    return headings


_WITH_ID = frozenset({Shows.RECORD, Shows.CONTACT, Shows.COMPANY, Shows.DEAL, Shows.OWNER})


def _file_cells(
    column: Column, row: Row, names: Mapping[RefPair, str], view: ListView
) -> list[str]:
    value = row[column.name]
    cells = [_file_value(column, value, view)]
    if column.shows in _WITH_ID:
        cells.append(_file_name(column, row, names, view))
    if column.note:
        cells.append(_note(column, row, view))
    return cells


def _file_name(column: Column, row: Row, names: Mapping[RefPair, str], view: ListView) -> str:
    value = row[column.name]
    if column.shows is Shows.RECORD:
        return str(row["name"])
    if column.shows is Shows.OWNER:
        return _owner(value, view)
    kind = list_reading.RECORDS[column.shows]
    return names.get((kind, value), "") if value else ""


def _file_value(column: Column, value: Any, view: ListView) -> str:  # noqa: ANN401 - a column of any type
    if value is None:
        return ""
    if column.shows is Shows.MONEY:
        return money.major(value, view.terms.currency) if view.terms.currency else str(value)
    if column.shows is Shows.LABEL:
        return translated(column.labels.get(value, str(value)))
    if column.shows is Shows.DATE:
        return f"{_day_of(value, UTC)}"
    return f"{_day_of(value, view.terms.zone)}" if column.shows is Shows.DAY else str(value)
