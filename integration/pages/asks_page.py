"""The page of people to ask today, and its forms: asked, what became of it, do not ask."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import ask_messages, asks_file, guard, languages
from integration.pages.portal_pages import account_of
from integration.pages.report_files import csv_file
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext
from integration.portal import record_choice
from integration.portal.context import PortalContext, open_portal
from integration.portal.permissions import Permission
from integration.portal.record_choice import Ambiguous
from integration.portal.record_names import shown
from integration.portal.runtime import Runtime
from integration.storage.mirror import lookups, owner_rows
from integration.success import ask_list, ask_reminders, asking
from integration.success.ask_list import AskFilter, AskLine, AskList
from integration.success.ask_reminders import OpenReminder
from integration.success.asking import TooLate, Wanted
from mappings.kinds import AskKind, AskOutcome, AskState, GateKind, ObjectType
from mappings.records.rows import RefPair

_MOST_REMINDERS: Final = 50
_DONE: Final = {
    "asked": lazy_gettext("Noted. They rest now; note here what became of it."),
    "concluded": lazy_gettext("Noted."),
    "taken_back": lazy_gettext("Taken back."),
    "left_alone": lazy_gettext("Noted. They are asked for nothing, and get no survey."),
    "done": lazy_gettext("Done."),
    "again": lazy_gettext("Noted. They may be asked again."),
}


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of whom to ask, its file, and what people note there."""
    bp = Blueprint("asks", __name__, url_prefix="/portals/<int:portal_id>/asks")
    _add_pages(bp, runtime)
    _add_forms(bp, runtime)
    _add_forms_of_people(bp, runtime)
    return bp


def _add_pages(bp: Blueprint, runtime: Runtime) -> None:
    @bp.get("")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            return _page(portal, session)

    @bp.get("/people.csv")
    def save(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            found = ask_list.whole(portal, _wanted(portal, session))
        return csv_file(asks_file.lines(found), f"people-to-ask-{portal_id}")


def _add_forms(bp: Blueprint, runtime: Runtime) -> None:
    @bp.post("")
    def note(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            try:
                wanted = _asked()
                _check_own(portal, session, (ObjectType.COMPANY, wanted.company_id))
                asking.ask(portal, wanted, actor=session.actor)
            except Refused as refusal:
                return _refused(portal, session, refusal)
        return _done("asked", portal_id)

    @bp.post("/<int:ask_id>")
    def conclude(portal_id: int, ask_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            try:
                _check_own_ask(portal, session, ask_id)
                outcome = _outcome()
                whom = _whom(portal) if outcome == AskOutcome.INTRODUCED else None
                asking.conclude(
                    portal, ask_id, outcome, actor=session.actor, introduced_contact_id=whom
                )
            except Refused as refusal:
                return _refused(portal, session, refusal)
        return _done("concluded", portal_id)

    @bp.post("/<int:ask_id>/back")
    def take_back(portal_id: int, ask_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            _check_own_ask(portal, session, ask_id)
            asking.take_back(portal, ask_id, actor=session.actor)
        return _done("taken_back", portal_id)


def _add_forms_of_people(bp: Blueprint, runtime: Runtime) -> None:
    @bp.post("/people/<int:contact_id>/leave")
    def leave_alone(portal_id: int, contact_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            try:
                _check_own(portal, session, (ObjectType.CONTACT, contact_id))
                asking.opt_out(portal, contact_id, actor=session.actor)
            except Refused as refusal:
                return _refused(portal, session, refusal)
        return _done("left_alone", portal_id)

    @bp.post("/people/<int:contact_id>/again")
    def may_ask_again(portal_id: int, contact_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            try:
                _check_own(portal, session, (ObjectType.CONTACT, contact_id))
                asking.withdraw_opt_out(portal, contact_id, actor=session.actor)
            except Refused as refusal:
                return _refused(portal, session, refusal)
        return _done("again", portal_id)

    @bp.post("/reminders/<key>")
    def done(portal_id: int, key: str) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            try:
                company_id = ask_reminders.company_of(portal, key)
                _check_own(portal, session, (ObjectType.COMPANY, company_id))
                if request.form.get("back"):
                    ask_reminders.take_back(portal, key)
                else:
                    ask_reminders.note_done(portal, key, actor=session.actor)
            except Refused as refusal:
                return _refused(portal, session, refusal)
        said = "taken_back" if request.form.get("back") else "done"
        return redirect(url_for("asks.show", portal_id=portal_id, said=said, key=key), 303)


def _done(what: str, portal_id: int) -> ResponseReturnValue:
    return redirect(url_for("asks.show", portal_id=portal_id, said=what), 303)


def _refused(portal: PortalContext, session: Session, refusal: Refused) -> Response:
    page = _page(portal, session, problem=refusal)
    return make_response(page, 409 if isinstance(refusal, TooLate) else 422)


def _page(portal: PortalContext, session: Session, *, problem: Refused | None = None) -> str:
    wanted = _wanted(portal, session)
    found = ask_list.read(portal, wanted)
    due = ask_reminders.read(portal, wanted.owners)[:_MOST_REMINDERS]
    return render_template(
        "asks.html",
        session=session,
        found=found,
        wanted=wanted,
        problem=problem,
        choices=problem.candidates if isinstance(problem, Ambiguous) else (),
        typed=request.form if problem is not None else {},
        problem_ask=(request.view_args or {}).get("ask_id"),
        done=_DONE.get(request.args.get("said", "")),
        names=_names(portal, found, due),
        reminders=due,
        notes=_notes(portal, due),
        done_key=request.args.get("key", "") if request.args.get("said") == "done" else "",
        messages=[(line, *_message(line)) for line in found.lines],
        states=list(AskState),
        kinds=list(AskKind),
        gates=[gate for gate in GateKind if gate in found.reasons.get(wanted.state, {})],
        owner=request.args.get("owner", ""),
        is_own_only=not session.may(Permission.ASK_FOR_ALL),
        part_labels=_PARTS,
        languages=languages.LANGUAGES,
    )


_PARTS: Final[Mapping[str, str]] = {
    "win": lazy_gettext("Win"),
    "sentiment": lazy_gettext("Sentiment"),
    "health": lazy_gettext("Health"),
    "relationship": lazy_gettext("Relationship"),
}


def _message(line: AskLine) -> tuple[str, str]:
    """The language of a message, as the address says or as fits, and the message."""
    asked_for = request.args.get("in", "")
    code = asked_for if asked_for in languages.LANGUAGES else ask_messages.language_of(line)
    return code, ask_messages.message(line, code)


def _notes(portal: PortalContext, due: Sequence[OpenReminder]) -> Mapping[str, str]:
    """What to write in answer to each reminder."""
    contact_ids = {one.reminder.contact_id for one in due}
    with portal.transaction() as tx:
        first_names = lookups.values_of(tx, ObjectType.CONTACT, contact_ids, "firstname")
    return {
        one.reminder.key: ask_messages.note(
            one.reminder.kind, one.reminder.outcome, first_names.get(one.reminder.contact_id, "")
        )
        for one in due
    }


def _names(
    portal: PortalContext, found: AskList, due: Sequence[OpenReminder]
) -> Mapping[RefPair, str]:
    """The names of everybody who was asked, whom they introduced, and who reminders are about."""
    refs: set[RefPair] = set()
    for one in due:
        refs.add((ObjectType.CONTACT, one.reminder.contact_id))
        refs.add((ObjectType.COMPANY, one.reminder.company_id))
    for open_ask in found.asked:
        refs.add((ObjectType.COMPANY, open_ask.ask.company_id))
        refs |= {
            (ObjectType.CONTACT, contact_id)
            for contact_id in (open_ask.ask.contact_id, open_ask.ask.introduced_contact_id)
            if contact_id
        }
    with portal.transaction() as tx:
        return shown(tx, refs)


def _wanted(portal: PortalContext, session: Session) -> AskFilter:
    """What the address narrows the list to; sellers see the people of their own customers."""
    args = request.args
    return AskFilter(
        owners=_owners(portal, session, args.get("owner", "")),
        state=AskState.of(args.get("state")) or AskState.ASK_NOW,
        kind=AskKind.of(args.get("kind")),
        gate=GateKind.of(args.get("gate")),
        after=_after(args.get("after", "")),
    )


def _owners(portal: PortalContext, session: Session, word: str) -> frozenset[int] | None:
    number = _number(word)
    chosen = None if number is None else frozenset({number})
    if session.may(Permission.ASK_FOR_ALL) and word != "mine":
        return chosen
    with portal.transaction() as tx:
        own = ask_list.own_owners(tx, session.user_id)
    return own & chosen if chosen else own


def _after(text: str) -> tuple[int, int]:
    company, _dot, contact = map(_number, text.partition("."))
    return company or 0, contact or 0


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _asked() -> Wanted:
    """What a form says that somebody was asked for."""
    contact_id, company_id, target_id = (
        _number(request.form.get(name, "")) for name in ("contact", "company", "target")
    )
    kind = AskKind.of(request.form.get("kind"))
    if kind is None or contact_id is None or company_id is None:
        raise Refused(_("The form names nobody to ask: load the list again"))
    return Wanted(contact_id, company_id, kind, target_id)


def _outcome() -> AskOutcome:
    outcome = AskOutcome.of(request.form.get("outcome"))
    if outcome is None:
        raise Refused(_("Choose what became of it"))
    return outcome


def _whom(portal: PortalContext) -> int:
    """The contact that a form means by a name, a number or an address."""
    text = request.form.get("contact", "")
    if text == request.form.get("contact_asked"):  # another text is a choice of its own
        text = request.form.get("contact_choice", "") or text
    with portal.transaction() as tx:
        contact_id = record_choice.choose(tx, ObjectType.CONTACT, text)
    if contact_id is None:
        raise Refused(_("Say whom they introduced: choose the contact"))
    return contact_id


def _check_own_ask(portal: PortalContext, session: Session, ask_id: int) -> None:
    company_id = asking.company_of(portal, ask_id)
    if company_id is not None:
        _check_own(portal, session, (ObjectType.COMPANY, company_id))


def _check_own(portal: PortalContext, session: Session, record: RefPair) -> None:
    """Refuse whoever may note asks of their own customers only, and this is another's."""
    if session.may(Permission.ASK_FOR_ALL):
        return
    with portal.transaction() as tx:
        concerned = asking.with_companies(tx, record)
        own = owner_rows.owned_by(tx, session.user_id, concerned)
    if not own and concerned:
        abort(403, _("Your role asks people at your own customers; this is another's customer."))
