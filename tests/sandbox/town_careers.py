"""People take jobs, leave them, and turn up in the CRM again, in the ways real careers were seen to."""

from __future__ import annotations

from tests.sandbox import town_names as names
from tests.sandbox import town_rates as rates
from tests.sandbox.town_state import (
    AUTO,
    District,
    Firm,
    Seat,
    employ,
    new_person,
    new_record,
    seat,
    work_address,
)
from tests.sandbox.truth_facts import Move


def settle_people(district: District, count: int) -> None:
    """*count* people come into the CRM; some of them leave and come back elsewhere."""
    for _ in range(count):
        person = new_person(district)
        moves = (
            names.weighted(district.dice, rates.MOVES_PER_MOVER)
            if district.dice.random() < rates.MOVER_SHARE
            else 0
        )
        person.settled = moves == 0
        first_seen = district.dice.random() * rates.DAYS * (0.42 if moves else 0.98)
        firm = district.pick_firm()
        sit = seat(
            district, person, firm, new_record(district, person, firm, first_seen), first_seen
        )
        for _ in range(moves):
            if (after := _move(district, sit)) is None:
                break
            sit = after
        if not moves and district.dice.random() < rates.SILENT_MOVE_SHARE:
            _leave_silently(district, sit)


def _leave_silently(district: District, sit: Seat) -> None:
    """They go, and the CRM hears at most a bounce."""
    left = sit.since + 30 + names.by_deciles(district.dice, rates.TENURE_DECILES)
    if left > rates.DAYS - 30:
        return
    sit.person.settled = False
    sit.until = left
    district.silent_moves += 1
    if district.dice.random() < rates.BOUNCE_AFTER_MOVE:
        _bounce(district, sit, left)
    _detect(district, sit, left)


def _detect(district: District, sit: Seat, left: float) -> None:
    """HubSpot's enrichment notices, some time later."""
    day = left + 15 + district.dice.random() * 90
    if district.dice.random() < rates.JOB_CHANGE_DETECTED and day < rates.DAYS:
        sit.draft.put(
            "hs_job_change_detected_date", district.on(day).isoformat(), day, "DATA_ENRICHMENT"
        )


def _bounce(district: District, sit: Seat, left: float) -> None:
    day = left + 20 + district.dice.random() * 230
    if day < rates.DAYS:
        sit.draft.put("hs_email_hard_bounce_reason_enum", "UNKNOWN_USER", day, "EMAIL")
        sit.draft.put("hard_bounced_on", district.on(day).isoformat(), day, "EMAIL")


def _move(district: District, sit: Seat) -> Seat | None:
    """The next job; None when it began too late to be seen."""
    dice, person = district.dice, sit.person
    left = sit.since + names.by_deciles(dice, rates.TENURE_DECILES) * (0.3 + 0.7 * dice.random())
    kind = names.weighted(dice, rates.MOVE_KINDS)
    joined = left + (dice.random() * 120 if dice.random() < 0.15 else 0)
    joined += 60 + dice.random() * 300 if kind == "skipped_move" else 0
    seen = joined + names.by_deciles(dice, rates.SEEN_LAG_DECILES)
    if left > rates.DAYS - 1:
        return None
    sit.until = left
    if seen > rates.DAYS - 5:
        district.silent_moves += 1
        return None
    earlier = [past.firm for past in person.seats[:-1] if past.firm is not sit.firm]
    if kind == "boomerang" and not earlier:
        kind = "move"
    firm = (
        dice.choice(earlier)
        if kind == "boomerang"
        else district.pick_firm(*(past.firm for past in person.seats))
    )
    person.rung += dice.random() < 0.35
    mode = names.weighted(dice, rates.MODES)
    after = _show(district, sit, firm, mode, seen)
    after.moved_from = sit.firm
    district.moves.append(
        Move(
            person.key,
            sit.draft.id,
            after.draft.id,
            sit.firm.id,
            firm.id,
            district.on(joined),
            mode,
            kind,
            from_customer=False,
        )
    )  # whether the former company was a customer is known once deals exist: see town_deals
    return after


def _show(district: District, sit: Seat, firm: Firm, mode: str, day: float) -> Seat:
    person = sit.person
    if mode == "new_record":
        draft = new_record(district, person, firm, day)
    elif mode == "freemail_record":
        address = names.free_address(
            district.dice, person.first, person.last, district.portal.addresses
        )
        draft = new_record(district, person, firm, day, address=address, private=True)
    else:
        draft = sit.draft
        change_in_place(district, sit, firm, day, merged=mode == "merged")
    if draft is not sit.draft:
        _old_record(district, sit, day)
    return seat(district, person, firm, draft, day)


def _old_record(district: District, sit: Seat, seen: float) -> None:
    dice = district.dice
    if dice.random() < rates.BOUNCE_AFTER_MOVE:
        _bounce(district, sit, sit.until)
    if dice.random() < rates.LEFT_COMPANY_FIELD:
        sit.draft.put("left_company", "true", seen + dice.random() * 5, "CRM_UI")
    _detect(district, sit, sit.until)


def change_in_place(
    district: District, sit: Seat, firm: Firm, day: float, *, merged: bool = False
) -> None:
    """The same record gets another address, usually another company, often another title."""
    dice, draft, source = district.dice, sit.draft, district.writer()
    old = draft.now["email"]
    draft.put("email", work_address(district, sit.person, firm), day, source)
    if merged:
        kept = draft.now.get("hs_additional_emails", "")
        draft.put("hs_additional_emails", f"{kept};{old}" if kept else old, day, "MERGE_OBJECTS")
    if dice.random() < rates.IN_PLACE_COMPANY_TEXT:
        draft.put("company", names.company_text(dice, firm.name), day, source)
    if dice.random() < rates.IN_PLACE_TITLE:
        draft.put("jobtitle", sit.person.title, day, source)
    if dice.random() < rates.IN_PLACE_COMPANY_AT_ONCE:
        employ(district, draft, firm, day, "CRM_UI")
    else:
        employ(district, draft, firm, min(day + 0.5 + dice.random() * 2, rates.DAYS - 0.02), AUTO)
    if dice.random() < rates.LEFT_COMPANY_FIELD:
        draft.put("new_company", firm.name, day, "CRM_UI")
