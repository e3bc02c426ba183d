"""What a person should decide: the open questions, one question, what was decided, and the buttons that answer."""

import datetime as dt
import re

import orjson
from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard
from integration.pages.portal_pages import found
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.review import answering
from integration.review.answering import Answer, TooLate
from mappings.rules.attribution.decisions import VERBS

KINDS = {
    "identity": "Same person",
    "move": "Job change",
    "referral": "Referrer",
    "suggestion": "Add to deal",
    "merge": "Merged companies",
    "rejudge": "Late evidence",
}
LABELS = {
    ("identity", "same"): "Same person",
    ("identity", "different"): "Different people",
    ("move", "confirm"): "Yes, this happened",
    ("move", "reject"): "No",
    ("referral", "pick"): "Picked",
    ("referral", "reject"): "Nobody of them",
    ("suggestion", "dismiss"): "Do not suggest again",
    ("merge", "same"): "One company all along",
    ("merge", "different"): "Two companies then",
    ("rejudge", "confirm"): "Judge the deal anew",
    ("rejudge", "reject"): "Leave it as booked",
}
_SAID = {
    "decided": "Kept. What it concerns is being concluded anew.",
    "doubted": "Asked. What is doubted counts until it is decided.",
    "separated": "Kept. The records are different people from now on, on our side.",
}


def blueprint(runtime: Runtime) -> Blueprint:
    """The review pages of one portal, and the same as JSON."""
    bp = Blueprint("review", __name__, url_prefix="/portals/<int:portal_id>")
    _pages(bp, runtime)
    _forms(bp, runtime)
    return bp


def _pages(bp: Blueprint, runtime: Runtime) -> None:
    """What can be looked at."""

    @bp.get("/review")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _list(portal, session)

    @bp.get("/review.json")
    def listed(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found(portal)
            told = answering.listing(portal, kind=_kind(), after=request.args.get("after"))
        return Response(orjson.dumps(told), mimetype="application/json")

    @bp.get("/review/decided")
    def decided(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found(portal)
            told = answering.history(
                portal, kind=_kind(), before=_number(request.args.get("before", ""))
            )
        return render_template(
            "decided.html", session=session, kinds=KINDS, kind=_kind(), labels=LABELS, **told
        )

    @bp.get("/review/decided.json")
    def decided_listed(portal_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found(portal)
            told = answering.history(
                portal, kind=_kind(), before=_number(request.args.get("before", ""))
            )
        return Response(orjson.dumps(told), mimetype="application/json")

    @bp.get("/review/<int:review_id>")
    def one(portal_id: int, review_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found(portal)
            return _one(portal, session, review_id)


def _forms(bp: Blueprint, runtime: Runtime) -> None:
    """What can be said."""

    @bp.post("/review/<int:review_id>")
    def decide(portal_id: int, review_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found(portal)
            try:
                answering.decide(portal, review_id, _answer(session))
            except Refused as refusal:
                status = 409 if isinstance(refusal, TooLate) else 422
                return make_response(_list(portal, session, problem=str(refusal)), status)
        return redirect(
            url_for("review.show", portal_id=portal_id, kind=_kind(), said="decided"), 303
        )

    @bp.post("/review/split")
    def split(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found(portal)
            try:
                answering.split(
                    portal,
                    _number(request.form.get("contact", "")) or 0,
                    _answer(session, verb="different"),
                )
            except Refused as refusal:
                return make_response(_list(portal, session, problem=str(refusal)), 422)
        return redirect(url_for("review.show", portal_id=portal_id, said="separated"), 303)

    @bp.post("/review/doubt")
    def doubt(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found(portal)
            try:
                answering.flag(
                    portal, _number(request.form.get("contact", "")) or 0, actor=session.actor
                )
            except Refused as refusal:
                return make_response(_list(portal, session, problem=str(refusal)), 422)
        return redirect(url_for("review.show", portal_id=portal_id, said="doubted"), 303)


def _list(portal: PortalContext, session: Session, *, problem: str | None = None) -> str:
    account = found(portal)
    after = request.args.get("after") if problem is None else None
    told = answering.listing(portal, kind=_kind(), after=after)
    return render_template(
        "review.html", session=session, portal=account, problem=problem, said=_SAID.get(request.args.get("said", "")),
        kinds=KINDS, kind=_kind(), labels=LABELS, is_first=not after, **told,
    )  # fmt: skip


def _one(portal: PortalContext, session: Session, review_id: int) -> Response:
    try:
        question = answering.find(portal, review_id)
    except Refused:
        return guard.problem(
            404, "No such question",
            "There is no question of this number in your account. It may have resolved itself: open Review for those"
            " that wait.", signed_in=session,
        )  # fmt: skip
    return make_response(
        render_template(
            "question.html",
            session=session,
            question=question,
            labels=LABELS,
            kinds=KINDS,
            kind=None,
        )
    )


def _kind() -> str | None:
    kind = request.values.get("kind", "")
    return kind if kind in VERBS else None


def _answer(session: Session, *, verb: str = "") -> Answer:
    """What a form says; nonsense in it is refused with a sentence."""
    form = request.form
    word, _, pick = (verb or form.get("verb", "")).partition(":")
    return Answer(
        word,
        session.actor,
        form.get("reason", ""),
        until=_day(form.get("until", "")),
        pick=_number(pick),
        company=_number(form.get("company", "")),
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
        raise Refused(f"{text.strip()[:40]} is no date; write it like 2027-03-31") from None
