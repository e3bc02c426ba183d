"""Meetings, mails and notes around a town's deals: what people did, beside the records of those who did it.

They are dealt by dice of their own, so that a town's people, deals and truth are the same with and
without them.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from tests.sandbox import town_rates as rates
from tests.sandbox.town_causes import Causes, Referral
from tests.sandbox.town_deals import Deal
from tests.sandbox.town_state import FOREVER, District, Draft, Person, Seat

# Assumed: how much of life is logged.
DEALS_WITH_MEETINGS = 0.25
LEFT_WITH_REPLY = 0.1
INTRODUCED_BY_MAIL = 0.1
NOTED = 0.1
_GONE = (
    "{name} is no longer with {firm}. Please contact the front desk.",
    "Thank you for your message. I have left the company.",
    "{name} ist nicht mehr im Unternehmen.",
)
_AWAY = "I am out of office and will be back on Monday."


def keep_in_touch(district: District, causes: Causes, dice: random.Random) -> None:
    """Everything that was logged, in no order."""
    for deal in causes.market.deals:
        if deal.present and dice.random() < DEALS_WITH_MEETINGS:
            _meet(district, deal, dice)
    for person in district.people:
        _answer_by_machine(district, person, dice)
    for referral in causes.referrals:
        if dice.random() < INTRODUCED_BY_MAIL:
            _introduce(district, referral)
        elif dice.random() < NOTED:
            _note(district, referral, causes.market.deals)


def log(
    district: District,
    kind: str,
    day: float,
    seats: Iterable[Seat],
    values: dict[str, str],
    deal: Draft | None = None,
) -> None:
    """One activity with these people at their firms; HubSpot links a contact's company by itself."""
    made = district.draft(kind, day)
    made.put("hs_timestamp", district.at(day).strftime("%Y-%m-%dT%H:%M:%SZ"), day, "CRM_UI")
    for name, value in values.items():
        made.put(name, value, day, "CRM_UI")
    firms: dict[int, Draft] = {}
    for sit in seats:
        district.link(sit.draft, made, day)
        firms[sit.firm.id] = sit.firm.draft
    for firm in firms.values():
        district.link(firm, made, day)
    if deal is not None:
        district.link(deal, made, day)


def _meet(district: District, deal: Deal, dice: random.Random) -> None:
    """Meetings and mails of ours while the deal was open, with the people on it."""
    end = min(deal.closed, rates.DAYS - 1)
    for _ in range(dice.randrange(1, 5)):
        day = deal.opened + dice.random() * max(0.1, end - deal.opened)
        there = [sit for sit, since in deal.present if since <= day and sit.there(day)]
        if not there:
            continue
        if dice.random() < 0.5:
            outcome = dice.choice(("COMPLETED", "COMPLETED", "COMPLETED", "", "NO_SHOW"))
            log(district, "meeting", day, there, {"hs_meeting_outcome": outcome}, deal.draft)
        else:
            sent = {
                "hs_email_direction": "EMAIL",
                "hs_email_status": "SENT",
                "hs_email_subject": "Our offer",
            }
            log(district, "email", day, there[:1], sent, deal.draft)


def _answer_by_machine(district: District, person: Person, dice: random.Random) -> None:
    """Who left one record behind for another sometimes leaves a machine that says so."""
    for sit in person.seats:
        followed = any(
            other.draft is not sit.draft and other.since > sit.since for other in person.seats
        )
        if sit.hidden or sit.until == FOREVER or not followed or dice.random() >= LEFT_WITH_REPLY:
            continue
        day = min(sit.until + 1 + dice.random() * 20, rates.DAYS - 1)
        said = dice.choice(_GONE).format(name=f"{person.first} {person.last}", firm=sit.firm.name)
        _incoming(district, sit, day, "Automatic reply: our newsletter", said)
        if dice.random() < 0.5 and sit.since < day - 60:
            _incoming(district, sit, sit.since + 1 + dice.random() * 20, "Out of office", _AWAY)


def _incoming(
    district: District,
    sender: Seat,
    day: float,
    subject: str,
    text: str,
    others: Sequence[Seat] = (),
) -> None:
    values = {
        "hs_email_direction": "INCOMING_EMAIL", "hs_email_status": "RECEIVED", "hs_email_subject": subject,
        "hs_email_text": text, "hs_email_from_email": sender.draft.now.get("email", ""),
    }  # fmt: skip
    log(district, "email", day, [sender, *others], values)


def _introduce(district: District, referral: Referral) -> None:
    """The referrer writes to both of us, just when the referred one becomes known."""
    newcomer = _seat_of(district, referral)
    if newcomer is not None:
        subject = f"Introduction: {newcomer.person.first}"
        _incoming(
            district,
            referral.referrer,
            referral.day + 0.01,
            subject,
            "You two should talk.",
            [newcomer],
        )


def _note(district: District, referral: Referral, deals: Iterable[Deal]) -> None:
    """A rep writes down who sent them."""
    newcomer = _seat_of(district, referral)
    if newcomer is None:
        return
    by = referral.referrer
    body = f"<p>First call. {by.person.first} {by.person.last} at {by.firm.name} told them about us.</p>"
    deal = next(
        (one.draft for one in deals if any(sit is newcomer for sit, _ in one.present)), None
    )
    log(district, "note", referral.day + 0.5, [newcomer], {"hs_note_body": body}, deal)


def _seat_of(district: District, referral: Referral) -> Seat | None:
    return next(
        (
            sit
            for person in reversed(district.people)
            for sit in person.seats
            if sit.draft is referral.referred
        ),
        None,
    )
