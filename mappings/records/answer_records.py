"""Survey answers: from feedback submissions, or from what contacts carry of them."""

from datetime import datetime
from typing import Final

from mappings.kinds import ObjectType
from mappings.records import values
from mappings.records.row_reader import FieldReader, Odd, history_of, linked
from mappings.records.rows import Record
from mappings.rules.facts import NpsAnswer

RATING: Final = "hs_feedback_last_nps_rating_number"


def survey_answer(record: Record, odd: list[Odd] | None = None) -> NpsAnswer | None:
    """The NPS answer in a feedback submission; None for other surveys and without a contact."""
    read = FieldReader(record, odd)
    people = linked(record, ObjectType.CONTACT)
    if read.text("hs_survey_type").upper() != "NPS" or not people:
        return None
    score = read.keep("hs_value", values.whole(record.get("hs_value"), 0, 10))
    at = read.moment("hs_submission_timestamp") or read.moment("hs_createdate") or record.created_at
    if score is None or at is None:
        return None
    companies = linked(record, ObjectType.COMPANY)
    return NpsAnswer(
        contact_id=people[0],
        score=score,
        at=at,
        company_id=companies[0] if companies else None,
        comment=read.text("hs_content"),
        id=f"{ObjectType.FEEDBACK}:{record.id}",
    )


def contact_answers(record: Record, odd: list[Odd] | None = None) -> tuple[NpsAnswer, ...]:
    """The NPS answers in a contact's own properties: all there is without Service Hub.

    Each version of the last rating is an answer of its day. Without history
    there is one, dated by the last survey of any kind, or none without a date.
    """
    read = FieldReader(record, odd)
    ratings = [(version.value, version.at) for version in history_of(record, RATING)]
    day = read.moment("hs_feedback_last_survey_date")
    if not ratings and day is not None:
        ratings = [(record.get(RATING), day)]
    answers = []
    for rating in ratings:
        text, at = rating
        score = read.keep(RATING, values.whole(text, 0, 10))
        if score is None:
            continue
        # A contact carries the comment of its latest answer only.
        comment = read.text("hs_feedback_last_nps_follow_up") if rating == ratings[-1] else ""
        name = f"{ObjectType.CONTACT}:{record.id}:{at:%Y%m%dT%H%M%S}"
        answers.append(NpsAnswer(record.id, score, at, employer_at(record, at), comment, id=name))
    return tuple(answers)


def employer_at(record: Record, at: datetime) -> int | None:
    """The contact's primary company at that time, by its history or else its present value."""
    versions = history_of(record, "associatedcompanyid")
    before = [version for version in versions if version.at <= at]
    if before:
        return values.record_id(before[-1].value).value
    if versions:
        return None
    named = values.record_id(record.get("associatedcompanyid")).value
    return named or next(iter(linked(record, ObjectType.COMPANY)), None)
