"""What HubSpot does by itself when a survey is answered or a ticket is closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .calculated import stage_of
from .records import Record, Source, iso

if TYPE_CHECKING:
    from .portal import Portal


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered survey: NPS 0-10, CSAT and CES on their own scales."""

    survey: str
    score: int
    text: str
    name: str


def nps_group(score: int) -> str:
    """Promoter, passive or detractor, in HubSpot's capitals."""
    return "PROMOTER" if score >= 9 else "PASSIVE" if score >= 7 else "DETRACTOR"


def answer(
    portal: Portal, contact: Record, given: Answer, ms: int, source: Source
) -> Record | None:
    """Write the last answer onto the contact and, with Service Hub, make a feedback submission."""
    portal.update("contact", contact.id, _on_contact(given, ms), at=ms, source=source)
    if not portal.service_hub:
        return None
    values = {
        "hs_survey_type": given.survey,
        "hs_value": str(given.score),
        "hs_content": given.text,
        "hs_survey_name": given.name,
        "hs_submission_name": f"{given.name}: {given.score}",
        "hs_survey_channel": "EMAIL",
        "hs_survey_id": "1",
        "hs_submission_timestamp": iso(ms),
    }
    if given.survey == "NPS":
        values["hs_response_group"] = nps_group(given.score)
    made = portal.create("feedback_submission", values, at=ms, source=source)
    portal.associate("contact", contact.id, "feedback_submission", made.id, at=ms, source=source)
    return made


def _on_contact(given: Answer, ms: int) -> dict[str, str]:
    common = {"hs_feedback_last_survey_date": iso(ms)}
    if given.survey == "NPS":
        return common | {
            "hs_feedback_last_nps_rating": nps_group(given.score),
            "hs_feedback_last_nps_rating_number": str(given.score),
            "hs_feedback_last_nps_follow_up": given.text,
        }
    kind = given.survey.lower()
    if kind not in {"csat", "ces"}:
        return common
    return common | {
        f"hs_feedback_last_{kind}_survey_rating": str(given.score),
        f"hs_feedback_last_{kind}_survey_date": iso(ms),
        f"hs_feedback_last_{kind}_survey_follow_up": given.text,
    }


def follow_ticket(portal: Portal, ticket: Record, ms: int) -> None:
    """A closed ticket has a closed date, a reopened one has none."""
    stage = stage_of(portal, ticket)
    closed = iso(ms) if stage is not None and stage.closed else ""
    values = {"closed_date": closed} | ({"hs_last_closed_date": closed} if closed else {})
    portal.update("ticket", ticket.id, values, at=ms, source=("CALCULATED", None))
