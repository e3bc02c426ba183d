"""The review pages: open tasks, one task, what was decided, and the forms that answer."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence

import orjson
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
from integration.pages import guard
from integration.pages.portal_pages import account_of
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext
from integration.portal import record_choice
from integration.portal.context import PortalContext, open_portal
from integration.portal.permissions import Permission
from integration.portal.record_choice import Ambiguous, Candidate
from integration.portal.runtime import Runtime
from integration.review import answering, reading
from integration.review.answers import Answer, TooLate
from integration.review.review_kinds import TASK_KINDS, VERB_LABELS
from integration.storage.mirror import owner_rows
from mappings.kinds import ObjectType, ReviewKind, Verb
from mappings.records.rows import RefPair

_KIND_LABELS = {kind.value: kind.label for kind in ReviewKind}
_DONE = {
    "decided": lazy_gettext("Kept. What it concerns is being worked out again."),
    "doubted": lazy_gettext("Asked. What is doubted counts until it is decided."),
    "separated": lazy_gettext("Kept. The records are different people from now on, on our side."),
}


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the review pages of one portal, and the same as JSON."""
    bp = Blueprint("review", __name__, url_prefix="/portals/<int:portal_id>")
    _add_pages(bp, runtime)
    _add_json(bp, runtime)
    _add_forms(bp, runtime)
    return bp


def _add_pages(bp: Blueprint, runtime: Runtime) -> None:
    @bp.get("/review")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _open_page(portal, session)

    @bp.get("/review/decided")
    def decided(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            decisions = _decisions(portal)
        return render_template(
            "decided.html",
            session=session,
            kinds=_KIND_LABELS,
            kind=_kind(),
            labels=VERB_LABELS,
            **decisions,
        )

    @bp.get("/review/<int:review_id>")
    def question(portal_id: int, review_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            return _task_page(portal, session, review_id)


def _add_json(bp: Blueprint, runtime: Runtime) -> None:
    @bp.get("/review.json")
    def open_json(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            tasks = reading.open_tasks(portal, kind=_kind(), after=request.args.get("after"))
        return Response(orjson.dumps(tasks), mimetype="application/json")

    @bp.get("/review/decided.json")
    def decided_json(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            decisions = _decisions(portal)
        return Response(orjson.dumps(decisions), mimetype="application/json")


def _add_forms(bp: Blueprint, runtime: Runtime) -> None:
    @bp.post("/review/<int:review_id>")
    def decide(portal_id: int, review_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            try:
                _check_may_answer(portal, session, review_id)
                verb = request.form.get("verb", "")
                answer = _answer(session, verb, company=_chosen(portal, ObjectType.COMPANY))
                answering.decide(portal, review_id, answer)
            except Refused as refusal:
                return _refused_answer(portal, session, review_id, refusal)
        return _done("decided", portal_id, kind=_kind())

    @bp.post("/review/split")
    def split(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            try:
                contact = _chosen(portal, ObjectType.CONTACT) or 0
                answering.split(portal, contact, _answer(session, Verb.DIFFERENT))
            except Refused as refusal:
                return _refused(portal, session, refusal)
        return _done("separated", portal_id)

    @bp.post("/review/doubt")
    def flag(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            try:
                contact = _chosen(portal, ObjectType.CONTACT) or 0
                answering.flag(portal, contact, actor=session.actor)
            except Refused as refusal:
                return _refused(portal, session, refusal)
        return _done("doubted", portal_id)


def _refused(portal: PortalContext, session: Session, refusal: Refused) -> Response:
    return make_response(_open_page(portal, session, problem=refusal), 422)


def _refused_answer(
    portal: PortalContext, session: Session, review_id: int, refusal: Refused
) -> Response:
    """Show the question again with what was typed, and what is wrong with it."""
    try:
        task = reading.task(portal, review_id)
    except Refused:
        return _refused(portal, session, refusal)
    _mark_answerable(portal, session, [task])
    page = _question_page(session, task, problem=refusal)
    return make_response(page, 409 if isinstance(refusal, TooLate) else 422)


def _done(what: str, portal_id: int, *, kind: str | None = None) -> ResponseReturnValue:
    return redirect(url_for("review.show", portal_id=portal_id, kind=kind, said=what), 303)


def _open_page(portal: PortalContext, session: Session, *, problem: Refused | None = None) -> str:
    account = account_of(portal)
    # A refused form shows the first page: its own address has no place in the list.
    after = request.args.get("after") if problem is None else None
    tasks = reading.open_tasks(portal, kind=_kind(), after=after)
    _mark_answerable(portal, session, tasks["questions"])
    return render_template(
        "review.html",
        session=session,
        portal=account,
        problem=problem,
        typed=_typed(problem),
        choices=_choices(problem),
        done=_DONE.get(request.args.get("said", "")),
        kinds=_KIND_LABELS,
        kind=_kind(),
        labels=VERB_LABELS,
        is_first=not after,
        **tasks,
    )


def _task_page(portal: PortalContext, session: Session, review_id: int) -> Response:
    try:
        task = reading.task(portal, review_id)
    except Refused:
        return guard.problem(
            404,
            _("No such question"),
            _(
                "There is no question of this number in your account. It may have resolved"
                " itself: open Review for those that wait."
            ),
        )
    _mark_answerable(portal, session, [task])
    return make_response(_question_page(session, task))


def _question_page(session: Session, task: reading.Json, *, problem: Refused | None = None) -> str:
    return render_template(
        "question.html",
        session=session,
        question=task,
        labels=VERB_LABELS,
        kinds=_KIND_LABELS,
        problem=problem,
        typed=_typed(problem),
        choices=_choices(problem),
    )


def _mark_answerable(
    portal: PortalContext, session: Session, questions: Sequence[reading.Json]
) -> None:
    """Mark which questions this visitor may answer: all, those about their own records, or none."""
    own: set[RefPair] = set()
    if not session.may(Permission.ANSWER) and session.may(Permission.ANSWER_OWN):
        about = [record for question in questions for record in _records(question)]
        with portal.transaction() as tx:
            own = owner_rows.owned_by(tx, session.user_id, about)
    for question in questions:
        is_own = not own.isdisjoint(_records(question))
        question["may_answer"] = session.may(Permission.ANSWER) or is_own


def _records(question: reading.Json) -> list[RefPair]:
    return [(record["object_type"], record["record_id"]) for record in question["records"]]


def _check_may_answer(portal: PortalContext, session: Session, review_id: int) -> None:
    """Refuse a question about nobody's record of this user, where the role has only those."""
    if session.may(Permission.ANSWER):
        return
    task = reading.task(portal, review_id)
    _mark_answerable(portal, session, [task])
    if not task["may_answer"]:
        abort(403, _("Your role answers questions about your own records; this is about others'."))


def _typed(problem: Refused | None) -> Mapping[str, str]:
    """What a refused form holds, so that nobody types it again."""
    return request.form if problem is not None else {}


def _choices(problem: Refused | None) -> Sequence[Candidate]:
    """The records among which a person has to choose."""
    return problem.candidates if isinstance(problem, Ambiguous) else ()


def _decisions(portal: PortalContext) -> reading.Json:
    before = _number(request.args.get("before", ""))
    return reading.decisions(portal, kind=_kind(), before=before)


def _kind() -> str | None:
    kind = request.values.get("kind", "")
    return kind if kind in TASK_KINDS else None


def _chosen(portal: PortalContext, object_type: ObjectType) -> int | None:
    """The record that a form means by a name, a number or an address; None for an empty field."""
    text = request.form.get(object_type, "")
    if text == request.form.get(f"{object_type}_asked"):  # another text is a choice of its own
        text = request.form.get(f"{object_type}_choice", "") or text
    if not text.strip():
        return None
    with portal.transaction() as tx:
        return record_choice.choose(tx, object_type, text)


def _answer(session: Session, verb_and_pick: str, *, company: int | None = None) -> Answer:
    """Read the answer in a form; "pick:12" picks contact 12."""
    form = request.form
    verb, _, pick = verb_and_pick.partition(":")
    return Answer(
        verb,
        session.actor,
        form.get("reason", ""),
        until=_day(form.get("until", "")),
        pick=_number(pick),
        company=company,
        day=_day(form.get("date", "")),
        seen=_number(form.get("seen", "")) or 0,
        actor=session.actor,
    )


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\s*[0-9]{1,18}\s*", text) else None


def _day(text: str) -> dt.date | None:
    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise Refused(
            _("%(value)s is no date; write it like 2027-03-31", value=text.strip()[:40])
        ) from None
