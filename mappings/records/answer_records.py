"""Survey answers: from feedback submissions, or from what contacts carry of them."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class AnswerProperties:
    """The properties of a contact that hold an answer: its score, and its day and comment."""

    score: str
    day: str | None
    comment: str | None


FEEDBACK: Final = AnswerProperties(
    RATING, "hs_feedback_last_survey_date", "hs_feedback_last_nps_follow_up"
)


def contact_answers(record: Record, odd: list[Odd] | None = None) -> tuple[NpsAnswer, ...]:
    """The NPS answers in a contact's own properties: all there is without Service Hub.

    Each version of the last rating is an answer of its day. Without history
    there is one, dated by the last survey of any kind, or none without a date.
    """
    read = FieldReader(record, odd)
    versions = _versions(record, FEEDBACK.score)
    day = read.moment(str(FEEDBACK.day))
    if not versions and day is not None:
        versions = [(record.get(FEEDBACK.score), day)]
    return _answers(read, record, FEEDBACK, versions)


def mapped_answers(
    record: Record, mapped: AnswerProperties, odd: list[Odd] | None = None
) -> tuple[NpsAnswer, ...]:
    """The NPS answers in properties that the account maps.

    Each version of the score is an answer of the day when it was written; of the last one the
    property with the day counts, if there is one, and a day that had not come yet when the score
    was written is that of writing. Without history and a day nothing tells when it was given.
    """
    read = FieldReader(record, odd)
    versions = _versions(record, mapped.score)
    day = read.moment(mapped.day) if mapped.day else None
    if versions and day is not None:
        score, written = versions[-1]
        versions[-1] = (score, min(day, written))
    elif day is not None and record.get(mapped.score):
        versions = [(record.get(mapped.score), min(day, record.updated_at or day))]
    return _answers(read, record, mapped, versions)


def _versions(record: Record, name: str) -> list[tuple[str, datetime]]:
    """The values of a property, oldest first; that it was emptied is no answer."""
    return [(version.value, version.at) for version in history_of(record, name) if version.value]


def _answers(
    read: FieldReader,
    record: Record,
    properties: AnswerProperties,
    versions: list[tuple[str, datetime]],
) -> tuple[NpsAnswer, ...]:
    # Answers of HubSpot's own property are named as they were before others could be mapped.
    kind = "" if properties is FEEDBACK else f"{properties.score}:"
    answers = []
    for version in versions:
        text, at = version
        score = read.keep(properties.score, values.whole(text, 0, 10))
        if score is None:
            continue
        # A contact carries the comment of its latest answer only.
        is_latest = version == versions[-1] and properties.comment
        comment = read.text(str(properties.comment)) if is_latest else ""
        name = f"{ObjectType.CONTACT}:{record.id}:{kind}{at:%Y%m%dT%H%M%S}"
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
