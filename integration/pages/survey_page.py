"""The page of our survey: one question and a comment, by a personal link, without scripts.

Looking at it never answers: programs that check mails open links, and only a form that was sent
counts.
"""

import time
from datetime import datetime
from typing import Any

from babel.dates import format_datetime
from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from integration.core.request_limits import RequestLimit, asking_address
from integration.pages.survey_texts import ENGLISH, TEXTS, SurveyTexts
from integration.portal.runtime import Runtime
from integration.success import surveys
from integration.success.surveys import NoSurvey, SurveyView, Thanks, TooLate
from mappings.rules.ledger.periods import Calendar
from mappings.rules.success.own_survey import Turn

SCORES = range(11)
_SCORES = {str(score): score for score in SCORES}
_SECONDS = 60
# An office shares an address; whoever tries links one after the other is far above.
_OF_AN_ADDRESS, _OF_A_LINK = 120, 20
_TOO_OFTEN, _NOT_FOUND, _REFUSED = 429, 404, 422


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of a personal link, and what its form is sent to."""
    bp = Blueprint("survey", __name__)
    by_address = RequestLimit(_OF_AN_ADDRESS, _SECONDS)
    by_link = RequestLimit(_OF_A_LINK, _SECONDS)

    @bp.app_template_filter("put")
    def put(text: str, **parts: object) -> str:
        """Put parts into a text of the survey, escaped; the text itself is ours."""
        return Markup(text).format(**parts)  # noqa: S704 - written by us

    @bp.before_request
    def refuse_too_many() -> ResponseReturnValue | None:
        now = time.monotonic()
        forwarded = request.headers.get("X-Forwarded-For", "")
        asking = asking_address(request.remote_addr, forwarded)
        token = str((request.view_args or {}).get("token", ""))
        if by_address.allows(asking, now) and by_link.allows(token, now):
            return None
        texts = _texts()
        answer = _page("survey_end.html", title=texts.often_title, text=texts.often)
        answer.headers["Retry-After"] = str(_SECONDS)
        return answer, _TOO_OFTEN

    @bp.get("/s/<token>")
    def show(token: str) -> ResponseReturnValue:
        try:
            view = surveys.open_link(runtime, token, is_counted=request.method == "GET")
        except NoSurvey:
            return _nowhere()
        return _form(view, token, chosen=request.args.get("score", ""))

    @bp.post("/s/<token>")
    def answer(token: str) -> ResponseReturnValue:
        comment = request.form.get("comment", "").replace("\r\n", "\n").strip()
        chosen = request.form.get("score", "")
        try:
            wrong = _wrong(chosen, comment)
            if wrong:
                view = surveys.open_link(runtime, token)
                page = _form(view, token, chosen=chosen, comment=comment, wrong=wrong)
                return page, _REFUSED
            thanks = surveys.answer(runtime, token, _SCORES[chosen], comment)
        except NoSurvey:
            return _nowhere()
        except TooLate as late:
            return _form(late.view, token)
        return _thanks(thanks)

    return bp


def _wrong(chosen: str, comment: str) -> str:
    """The name of the sentence that says what is wrong with a form; empty for a good one."""
    if chosen not in _SCORES:
        return "choose"
    return "too_long" if len(comment) > surveys.LONGEST_COMMENT else ""


def _form(
    view: SurveyView, token: str, *, chosen: str = "", comment: str = "", wrong: str = ""
) -> Response:
    texts = _texts()
    return _page(
        "survey.html",
        view=view,
        token=token,
        scores=SCORES,
        chosen=_SCORES.get(chosen),
        comment=comment,
        longest=surveys.LONGEST_COMMENT,
        wrong=getattr(texts, wrong) if wrong else "",
        is_over=view.turn is Turn.WAIT,
        until=_moment(view.until, view.calendar) if view.turn is Turn.CHANGE else "",
    )


def _thanks(thanks: Thanks) -> Response:
    texts = _texts()
    by_owner = thanks.group == "detractor" and thanks.owner
    said = texts.detractor_owner if by_owner else getattr(texts, thanks.group)
    return _page(
        "survey_thanks.html",
        thanks=thanks,
        said=said,
        is_promoter=thanks.group == "promoter",
        until=_moment(thanks.until, thanks.calendar),
    )


def _nowhere() -> tuple[Response, int]:
    """The same page for a link that was made up, is too old, or named somebody who is gone."""
    texts = _texts()
    page = _page("survey_end.html", title=texts.nobody_title, text=texts.nobody)
    return page, _NOT_FOUND


def _page(template: str, **more: Any) -> Response:  # noqa: ANN401 - what templates are given
    code = _language()
    page = render_template(
        template,
        texts=TEXTS[code],
        code=code,
        languages={code: texts.name for code, texts in TEXTS.items()},
        **more,
    )
    return make_response(page)


def _texts() -> SurveyTexts:
    return TEXTS[_language()]


def _language() -> str:
    """The language that was chosen on the page, else the best that the browser asks for."""
    chosen = request.values.get("lang", "")
    if chosen in TEXTS:
        return chosen
    return request.accept_languages.best_match(TEXTS, ENGLISH) or ENGLISH


def _moment(at: datetime | None, calendar: Calendar) -> str:
    """A day and a time in the account's time zone, as the reader's language writes it."""
    if at is None:
        return ""
    return format_datetime(at.astimezone(calendar.zone), "d MMMM y, HH:mm", locale=_language())
