"""The navigation of an account's pages: one table of rows, and what of it a visitor sees."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask, current_app, request, url_for

from integration.admin.sign_in import Session
from integration.pages.texts import lazy_gettext


@dataclass(frozen=True, slots=True)
class Row:
    """A page that the navigation leads to; it is left out for whoever may not see it."""

    endpoint: str
    label: str


@dataclass(frozen=True, slots=True)
class Group:
    """A part of the navigation under its heading."""

    heading: str
    rows: tuple[Row, ...]


# In the order in which they stand on a page.
GROUPS: tuple[Group, ...] = (
    Group(
        lazy_gettext("Results"),
        (
            Row("portal.home", lazy_gettext("Overview")),
            Row("reports.show", lazy_gettext("Reports")),
            Row("board.show", lazy_gettext("Board numbers")),
            Row("reconciliation.show", lazy_gettext("Reconciliation")),
        ),
    ),
    Group(
        lazy_gettext("Customers"),
        (
            Row("asks.show", lazy_gettext("Whom to ask")),
            Row("lists.customers", lazy_gettext("Health")),
            Row("sentiment.show", lazy_gettext("Sentiment")),
            Row("follow_ups.show", lazy_gettext("Follow-ups")),
            Row("lists.wins", lazy_gettext("Wins")),
            Row("program.show", lazy_gettext("Referral program")),
        ),
    ),
    Group(
        lazy_gettext("Records"),
        (
            Row("lists.deals", lazy_gettext("Deals")),
            Row("lists.people", lazy_gettext("People")),
            Row("lists.companies", lazy_gettext("Companies")),
            Row("lists.moves", lazy_gettext("Job changes")),
            Row("tree.show", lazy_gettext("Who brought whom")),
            Row("review.show", lazy_gettext("Review")),
        ),
    ),
    Group(
        lazy_gettext("Account"),
        (
            Row("digests.show", lazy_gettext("Digests")),
            Row("portal.health", lazy_gettext("Sync health")),
            Row("users.show", lazy_gettext("Users")),
            Row("settings.show", lazy_gettext("Settings")),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A row as it stands on a page; *current* is what aria-current says of it."""

    label: str
    address: str
    current: str


def register(app: Flask) -> None:
    """Give the templates ``navigation(session)``."""
    app.jinja_env.globals["navigation"] = links


def links(session: Session, *, is_problem: bool = False) -> dict[str, list[Link]]:
    """Return the links this visitor sees, by heading; none is current on a page about trouble."""
    here = None if is_problem else request.endpoint
    current = _row_of(here)
    shown = {
        str(group.heading): [_link(row, session, here, current) for row in _open_to(session, group)]
        for group in GROUPS
    }
    return {heading: rows for heading, rows in shown.items() if rows}


def _open_to(session: Session, group: Group) -> Iterator[Row]:
    for row in group.rows:
        if row.endpoint in current_app.view_functions and session.may_use(row.endpoint):
            yield row


def _row_of(here: str | None) -> Row | None:
    """The row that a page belongs to: its own, or else the first one of its blueprint."""
    rows = [row for group in GROUPS for row in group.rows]
    own = [row for row in rows if row.endpoint == here]
    room = [row for row in rows if here and _blueprint(row.endpoint) == _blueprint(here)]
    return next(iter([*own, *room]), None)


def _blueprint(endpoint: str) -> str:
    return endpoint.partition(".")[0]


def _link(row: Row, session: Session, here: str | None, current: Row | None) -> Link:
    said = ""
    if row is current:
        said = "page" if row.endpoint == here else "true"
    address = url_for(row.endpoint, portal_id=session.portal_id)
    return Link(str(row.label), address, said)
