"""What life leaves on records: survey answers, tickets, last contacts, renewal dates, lifecycle stages."""

from __future__ import annotations

from datetime import date, timedelta

from tests.sandbox import town_names as names
from tests.sandbox import town_rates as rates
from tests.sandbox import town_words as words
from tests.sandbox.town_rows import PRIMARY, REFERRED_BY, Link
from tests.sandbox.town_state import District, Draft, Firm, Seat

GROUPS = ((9, "PROMOTER"), (7, "PASSIVE"), (0, "DETRACTOR"))


def leave_traces(district: District, referrers: set[int]) -> None:
    """Everything that happens around the story; *referrers* are records whose people recommended us."""
    _survey(district, referrers)
    for firm in district.firms:
        if firm.wins:
            _support(district, firm)
            _renewal(district, firm)
        stage = "customer" if firm.wins else district.dice.choice(("lead", "opportunity"))
        firm.draft.put("lifecyclestage", stage, min(firm.wins, default=firm.opened), "CALCULATED")
    for person in district.people:
        for sit in person.seats:
            _last_contact(district, sit)
    _oddities(district)


def group_of(score: int) -> str:
    """Promoter, passive or detractor."""
    return next(group for least, group in GROUPS if score >= least)


def _survey(district: District, referrers: set[int]) -> None:
    """Customers' people answer; who refers others is happier than most."""
    dice = district.dice
    asked = [
        (sit, firm) for firm in district.firms if firm.wins for sit in firm.seats if not sit.hidden
    ]
    for sit, firm in (
        dice.choices(asked, k=round(district.contacts() * rates.ANSWERS_PER_CONTACT))
        if asked
        else ()
    ):
        day = max(sit.since, min(firm.wins)) + 5 + dice.random() * 900
        if not sit.there(day) or day > rates.DAYS - 1:
            day = sit.since + dice.random() * max(1.0, min(sit.until, rates.DAYS - 1) - sit.since)
        if not sit.there(day):
            continue
        score = names.weighted(dice, rates.SCORES)
        if sit.draft.id in referrers:
            score = max(score, names.weighted(dice, rates.SCORES), 8)
        _answer(district, sit, score, day)


def _answer(district: District, sit: Seat, score: int, day: float) -> None:
    dice, group = district.dice, group_of(score)
    said = ""
    if dice.random() < 0.45:
        texts = {"PROMOTER": words.PRAISE, "PASSIVE": words.SHRUGS, "DETRACTOR": words.COMPLAINTS}[
            group
        ]
        said = dice.choice(texts)
    when = district.at(day).strftime("%Y-%m-%dT%H:%M:%SZ")
    form = district.draft("feedback_submission", day)
    for name, value in (
        ("hs_survey_type", "NPS"),
        ("hs_value", str(score)),
        ("hs_response_group", group),
        ("hs_content", said),
        ("hs_submission_timestamp", when),
        ("hs_survey_name", "How likely are you to recommend us?"),
        ("hs_survey_channel", "EMAIL"),
    ):
        form.put(name, value, day, "INTERNAL_PROCESSING")
    district.link(form, sit.draft, day)
    district.link(form, sit.firm.draft, day)
    for name, value in (
        ("hs_feedback_last_nps_rating", group),
        ("hs_feedback_last_nps_rating_number", str(score)),
        ("hs_feedback_last_nps_follow_up", said),
        ("hs_feedback_last_survey_date", when),
    ):
        sit.draft.writes.append((name, value, day, "INTERNAL_PROCESSING"))


def _support(district: District, firm: Firm) -> None:
    dice, first = district.dice, min(firm.wins)
    for _ in range(int(dice.expovariate(1 / rates.TICKETS_PER_CUSTOMER))):
        day = first + dice.random() * (rates.DAYS - 1 - first)
        draft = district.draft("ticket", day)
        source = dice.choice(("EMAIL", "FORM", "CRM_UI"))
        for name, value in (
            ("subject", dice.choice(words.TICKET_SUBJECTS)),
            ("hs_pipeline", "0"),
            ("hs_pipeline_stage", dice.choice("123")),
            ("hs_ticket_priority", names.weighted(dice, rates.PRIORITIES)),
            ("createdate", district.at(day).strftime("%Y-%m-%dT%H:%M:%SZ")),
        ):
            draft.put(name, value, day, source)
        _solve(district, draft, day)
        district.link(draft, firm.draft, day, PRIMARY)
        there = [sit for sit in firm.seats if sit.there(day)]
        if there:
            district.link(draft, dice.choice(there).draft, day)


def _solve(district: District, draft: Draft, day: float) -> None:
    done = day + district.dice.expovariate(1 / 4)
    if done > rates.DAYS - 1 or (
        district.dice.random() > rates.TICKETS_CLOSED and day > rates.DAYS - 120
    ):
        return
    when = district.at(done).strftime("%Y-%m-%dT%H:%M:%SZ")
    draft.put("hs_pipeline_stage", "4", done, "CRM_UI")
    draft.put("closed_date", when, done, "CALCULATED")


def _renewal(district: District, firm: Firm) -> None:
    """The next anniversary of the first win; some portals' users forget to fill it."""
    if district.dice.random() < 0.2:
        return
    won, today = district.on(min(firm.wins)), district.on(rates.DAYS)
    next_year = today.year + (1 if (won.month, won.day) <= (today.month, today.day) else 0)
    due = date(next_year, won.month, 1) + timedelta(days=min(won.day, 28) - 1)
    firm.draft.put("contract_renewal_date", due.isoformat(), min(firm.wins), "CRM_UI")


def _last_contact(district: District, sit: Seat) -> None:
    """When we last heard of them at this seat; nothing after they left it."""
    dice = district.dice
    end = min(sit.until, rates.DAYS - 1)
    quiet = dice.expovariate(1 / 45) if sit.until == float("inf") else dice.expovariate(1 / 25)
    day = max(sit.since + 0.02, end - quiet)
    when = district.at(day).strftime("%Y-%m-%dT%H:%M:%SZ")
    source = "EMAIL" if dice.random() < 0.7 else "MEETINGS"
    sit.draft.writes.append(("notes_last_contacted", when, day, source))
    sit.draft.writes.append(("hs_last_sales_activity_timestamp", when, day, source))
    stage = (
        "customer"
        if sit.firm.is_customer(end)
        else dice.choice(("lead", "marketingqualifiedlead", "salesqualifiedlead"))
    )
    sit.draft.put("lifecyclestage", stage, day, "CALCULATED")


def _oddities(district: District) -> None:
    """Nobody knows how these came about, every CRM has some."""
    contacts = [draft for draft in district.drafts if draft.kind == "contact"]
    if len(contacts) < 40:
        return
    himself, marked, emoji = district.dice.sample(contacts, 3)
    day = rates.DAYS - 30.0
    himself.put("referred_by", himself.now["email"], day, "CRM_UI")
    district.links.append(
        Link("contact", himself.id, "contact", himself.id, REFERRED_BY, district.at(day))
    )
    marked.put("jobtitle", "<b>Head</b> of <script>alert('IT')</script>", day, "FORM")
    emoji.put("company", "\U0001f680 Rocket & Söhne \u202e", day, "FORM")
