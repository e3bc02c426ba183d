"""The set-up page: questions about the portal's own words, each with samples and a proposal."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin import operations, setup_answers
from integration.admin.setup_answers import AnsweredMeanwhile
from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard
from integration.pages.portal_pages import account_of
from integration.pages.texts import gettext as _
from integration.portal import holds
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.storage.service.setup_question_rows import StoredQuestion
from mappings.records.setup_kinds import KINDS


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the set-up page and the form that answers one question."""
    bp = Blueprint("setup", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/setup")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _page(portal, session)

    @bp.post("/setup")
    def answer(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        form = request.form
        kind, key, values = form.get("kind", ""), form.get("key", ""), form.getlist("value")
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            try:
                operations.answer_setup_question(portal, kind, key, values, actor=session.actor)
            except Refused as refusal:
                status = 409 if isinstance(refusal, AnsweredMeanwhile) else 422
                return make_response(_page(portal, session, problem=str(refusal)), status)
        return redirect(url_for("setup.show", portal_id=portal_id, said="answered"), 303)

    return bp


def _page(portal: PortalContext, session: Session, *, problem: str = "") -> str:
    account = account_of(portal)
    questions = setup_answers.questions(portal)
    with portal.transaction() as tx:
        hold = holds.current(tx)
    return render_template(
        "setup.html",
        session=session,
        portal=account,
        groups=_by_kind([question for question in questions if question.is_open]),
        answered=[_answered(question) for question in questions if not question.is_open],
        hold=hold,
        problem=problem,
        was_answered=request.args.get("said") == "answered",
    )


def _by_kind(questions: Sequence[StoredQuestion]) -> Mapping[str, list[StoredQuestion]]:
    """Open questions under the title of their kind; kinds that block come first."""
    order = list(KINDS)
    # Sorting keeps the order of questions of one kind.
    ordered = sorted(questions, key=lambda asked: (not asked.blocks, order.index(asked.kind)))
    return {
        KINDS[kind].title: list(asked) for kind, asked in groupby(ordered, lambda one: one.kind)
    }


def _answered(stored: StoredQuestion) -> dict[str, Any]:
    return {
        "title": KINDS[stored.kind].title,
        "text": stored.question.text,
        "answer": _in_words(stored),
        "by": stored.answered_by or "",
        "at": stored.answered_at,
        "version": stored.settings_version,
    }


def _in_words(stored: StoredQuestion) -> str:
    if stored.answer is None:
        return _("Changed in Settings")
    labels = {choice.value: choice.label for choice in stored.question.candidates}
    chosen = (labels.get(value) or value for value in stored.answer)
    return ", ".join(filter(None, chosen)) or _("None of these")
