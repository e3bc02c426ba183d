"""The follow-ups page: what somebody has to come back to, by when, and the forms that close it."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import comment_access, guard, listing
from integration.pages.portal_pages import account_of
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, said
from integration.portal.context import PortalContext, open_portal
from integration.portal.permissions import Permission
from integration.portal.runtime import Runtime
from integration.reports.listings import list_addresses, list_reading
from integration.reports.listings.listings import CLOSED_BECAUSE, FOLLOW_UPS, WHY
from integration.storage.database import Row
from integration.storage.success import follow_up_task_rows
from integration.success import follow_up_tasks, follow_up_work
from integration.success.follow_up_work import Hand, NotTheirs
from mappings.rules.success.follow_ups import TAGS

_STILL = ("open", "overdue")
_SAID: Mapping[str, str] = {
    "closed": lazy_gettext("Closed."),
    "reopened": lazy_gettext("Open again."),
    "handed_over": lazy_gettext("Handed over."),
    "tasks": lazy_gettext("Saved. It counts for follow-ups that open from now on."),
    "tags": lazy_gettext("Saved. The reasons are those that you see."),
}
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_UNPROCESSABLE = 422


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of an account's follow-ups, and its forms."""
    bp = Blueprint("follow_ups", __name__, url_prefix="/portals/<int:portal_id>")
    _add_page(bp, runtime)
    _add_forms(bp, runtime)
    _add_tags(bp, runtime)
    _add_switch(bp, runtime)
    return bp


def _add_page(bp: Blueprint, runtime: Runtime) -> None:
    @bp.get("/follow-ups")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _page(portal, session)


def _add_forms(bp: Blueprint, runtime: Runtime) -> None:
    @bp.post("/follow-ups/<int:number>/close")
    def close(portal_id: int, number: int) -> ResponseReturnValue:
        tag, words = request.form.get("tag", ""), request.form.get("words", "")
        return _do(
            runtime,
            portal_id,
            "closed",
            lambda portal, hand: follow_up_work.close(portal, number, tag, words, hand=hand),
        )

    @bp.post("/follow-ups/<int:number>/reopen")
    def reopen(portal_id: int, number: int) -> ResponseReturnValue:
        return _do(
            runtime,
            portal_id,
            "reopened",
            lambda portal, hand: follow_up_work.reopen(portal, number, hand=hand),
        )

    @bp.post("/follow-ups/<int:number>/hand-over")
    def hand_over(portal_id: int, number: int) -> ResponseReturnValue:
        text = request.form.get("owner", "")
        owner_id = int(text) if _NUMBER.fullmatch(text) else None
        return _do(
            runtime,
            portal_id,
            "handed_over",
            lambda portal, hand: follow_up_work.hand_over(portal, number, owner_id, hand=hand),
        )


def _add_tags(bp: Blueprint, runtime: Runtime) -> None:
    @bp.post("/follow-ups/reasons")
    def add_tag(portal_id: int) -> ResponseReturnValue:
        label = request.form.get("label", "")
        return _do(
            runtime,
            portal_id,
            "tags",
            lambda portal, hand: follow_up_work.add_tag(portal, label, actor=hand.actor),
        )

    @bp.post("/follow-ups/reasons/<int:tag_id>/end")
    def retire_tag(portal_id: int, tag_id: int) -> ResponseReturnValue:
        return _do(
            runtime,
            portal_id,
            "tags",
            lambda portal, hand: follow_up_work.retire_tag(portal, tag_id, actor=hand.actor),
        )


def _add_switch(bp: Blueprint, runtime: Runtime) -> None:
    @bp.post("/follow-ups/tasks")
    def choose_tasks(portal_id: int) -> ResponseReturnValue:
        text = request.form.get("a_day", "")
        a_day = int(text) if _NUMBER.fullmatch(text) else 0
        makes = request.form.get("makes_tasks") == "yes"
        return _do(
            runtime,
            portal_id,
            "tasks",
            lambda portal, hand: follow_up_tasks.choose(
                portal, makes_tasks=makes, tasks_a_day=a_day, actor=hand.actor
            ),
        )


def _do(
    runtime: Runtime, portal_id: int, done: str, act: Callable[[PortalContext, Hand], None]
) -> ResponseReturnValue:
    """Do what a form asks, and go back to where it was pressed."""
    session = guard.session_of(runtime, portal_id)
    with open_portal(runtime, portal_id) as portal:
        account_of(portal)
        try:
            act(portal, _hand(session))
        except NotTheirs:
            abort(403, _("Your role works on your own follow-ups; this is somebody else's."))
        except Refused as refusal:
            return make_response(_page(portal, session, problem=refusal), _UNPROCESSABLE)
    return redirect(_back(portal_id, done), 303)


def _back(portal_id: int, done: str) -> str:
    """The view whose form it was; an address of elsewhere leads to the page as it begins."""
    here = f"/portals/{portal_id}/follow-ups"
    view = request.form.get("view", "")
    query = view if re.fullmatch(r"[\w=&%.~:+-]{0,500}", view) else ""
    return f"{here}?{query}&said={done}" if query else f"{here}?said={done}"


def _hand(session: Session) -> Hand:
    return Hand(session.actor, session.user_id, session.may(Permission.ANSWER))


def _page(
    portal: PortalContext, session: Session, *, problem: Refused | None = None
) -> ResponseReturnValue:
    terms = listing.terms_of(account_of(portal).account)
    asked = _asked()
    try:
        view = list_reading.read(portal, FOLLOW_UPS, asked, terms)
    except Refused as refusal:
        return listing.refused(refusal)
    with portal.transaction() as tx:
        own = follow_up_work.own_ids(tx, session.user_id)
        reasons = follow_up_work.offered(tx)
        tasks = follow_up_task_rows.setup(tx)
        troubles = follow_up_task_rows.troubles(tx, limit=3)
    may_all = session.may(Permission.ANSWER)
    may_own = session.may(Permission.ANSWER_OWN)
    return render_template(
        "follow_ups.html",
        session=session,
        view=view,
        shown=listing.shown_list(session, view),
        is_default=asked == {"state": list(_STILL)},
        tabs=_tabs(session.portal_id, own, asked),
        mine=own if may_own and not may_all else (),
        may_all=may_all,
        readable=_readable(portal, session, view.page.rows, own),
        may_export=session.may_use("lists.follow-ups_csv"),
        may_change_tags=session.may_use("follow_ups.add_tag"),
        tasks=tasks,
        task_troubles=troubles,
        usual_a_day=follow_up_tasks.USUAL_A_DAY,
        most_a_day=follow_up_tasks.MOST_A_DAY,
        may_make_tasks=follow_up_tasks.SCOPE in account_of(portal).scopes,
        own_tags=follow_up_work.own_tags(portal),
        reasons=reasons,
        given_reasons=TAGS.values(),
        why=WHY,
        because=CLOSED_BECAUSE,
        here=request.query_string.decode("ascii", "ignore") if request.method == "GET" else "",
        problem=f"{said(problem)}." if problem else "",
        said=_SAID.get(request.args.get("said", ""), ""),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What a person wrote with the answer that a follow-up is about."""

    number: int
    contact_id: int
    company_id: int | None


def _readable(
    portal: PortalContext, session: Session, rows: Sequence[Row], own: Collection[int]
) -> set[int]:
    """The follow-ups whose comments a visitor may read: as those of records, or as their own."""
    written = [row for row in rows if row["comment"] and row["contact_id"]]
    said_by = [_Said(row["follow_up_id"], row["contact_id"], row["company_id"]) for row in written]
    found = {one.number for one in comment_access.readable(portal, session, said_by)}
    if session.may(Permission.READ_COMMENTS):
        found |= {row["follow_up_id"] for row in written if row["owner_id"] in own}
    return found


def _asked() -> dict[str, list[str]]:
    """What the address asks for; without a filter what is still open."""
    args = request.args.to_dict(flat=False) if request.method == "GET" else {}
    args.pop("said", None)
    if not args.keys() - {"sort", "after", "before"}:
        args["state"] = list(_STILL)
    return args


def _tabs(
    portal_id: int, own: list[int], asked: Mapping[str, list[str]]
) -> list[tuple[str, str, bool]]:
    """Views of the list with their addresses, and which of them this is."""
    views: list[tuple[str, dict[str, list[str]]]] = [
        (_("Open"), {"state": list(_STILL)}),
        (_("Overdue"), {"state": ["overdue"]}),
        (_("Closed"), {"state": ["closed"]}),
    ]
    if own:
        mine = {"state": list(_STILL), "owner": [str(owner_id) for owner_id in own]}
        views.insert(1, (_("Mine"), mine))
    filters = {name: texts for name, texts in asked.items() if name in FOLLOW_UPS.filters_by_name}
    return [
        (label, list_addresses.address(portal_id, "follow-ups", **wanted), wanted == filters)
        for label, wanted in views
    ]
