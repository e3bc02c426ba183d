"""Survey answers: from feedback submissions, or from what contacts carry of them."""

from datetime import datetime
from typing import Final

from mappings.records import values
from mappings.records.row_reader import FieldReader, Odd, history_of, linked
from mappings.records.rows import Record
from mappings.rules.facts import NpsAnswer

RATING: Final = "hs_feedback_last_nps_rating_number"


def survey_answer(record: Record, odd: list[Odd] | None = None) -> NpsAnswer | None:
    """The NPS answer in a feedback submission; None for other surveys and for answers by nobody we know."""
    read = FieldReader(record, odd)
    people = linked(record, "contact")
    if read.text("hs_survey_type").upper() != "NPS" or not people:
        return None
    score = read.keep("hs_value", values.whole(record.get("hs_value"), 0, 10))
    at = read.moment("hs_submission_timestamp") or read.moment("hs_createdate") or record.created_at
    if score is None or at is None:
        return None
    companies = linked(record, "company")
    return NpsAnswer(
        contact_id=people[0],
        score=score,
        at=at,
        company_id=companies[0] if companies else None,
        comment=read.text("hs_content"),
        id=f"feedback_submission:{record.id}",
    )


def contact_answers(record: Record, odd: list[Odd] | None = None) -> tuple[NpsAnswer, ...]:
    """The NPS answers a contact's own properties tell: all there is without Service Hub.

    Each version of the last rating is an answer of its day. Without history
    there is one, dated by the last survey of any kind, or none without a date.
    """
    read = FieldReader(record, odd)
    told = [(version.value, version.at) for version in history_of(record, RATING)]
    day = read.moment("hs_feedback_last_survey_date")
    if not told and day is not None:
        told = [(record.get(RATING), day)]
    found = []
    for text, at in told:
        score = read.keep(RATING, values.whole(text, 0, 10))
        if score is not None:
            newest = (text, at) == told[-1]
            comment = read.text("hs_feedback_last_nps_follow_up") if newest else ""
            name = f"contact:{record.id}:{at:%Y%m%dT%H%M%S}"
            found.append(NpsAnswer(record.id, score, at, employer_at(record, at), comment, id=name))
    return tuple(found)


def employer_at(record: Record, at: datetime) -> int | None:
    """The contact's primary company at that time, as far as its history or its present state tells."""
    versions = history_of(record, "associatedcompanyid")
    before = [version for version in versions if version.at <= at]
    if before:
        return values.record_id(before[-1].value).value
    if versions:
        return None
    companies = linked(record, "company")
    return values.record_id(record.get("associatedcompanyid")).value or (
        companies[0] if companies else None
    )
