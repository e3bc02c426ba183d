"""Sentiment of the portfolio: NPS now, by quarter and by segment, each with what it rests on.

Rules: `mappings/rules/success/sentiment.py`. Answers are counted in the database, company by
company; a person counts once, by the latest answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from integration.portal import settings
from integration.portal.context import PortalContext
from integration.storage.database import Row, Transaction
from integration.storage.ledger import period_rows
from integration.storage.mirror import owner_rows
from integration.storage.success import person_answers, survey_rows
from integration.storage.success.survey_rows import Response
from mappings.rules.policy import Policy
from mappings.rules.success import sentiment
from mappings.rules.success.nps import Mix
from mappings.rules.success.sentiment import (
    Changed,
    CompanyAnswers,
    Freshness,
    Sentiment,
    Tally,
)

QUARTERS: Final = 12
"""Quarters that are followed, the running one included."""
_MOST_SEGMENTS = 100
_MOST_COMPANIES = 10
_MOST_COMMENTS = 10


class Way(StrEnum):
    """How answers are weighed: each a number of its own about the same answers."""

    PEOPLE = "people"
    ACCOUNTS = "accounts"
    REVENUE = "revenue"
    DECIDERS = "deciders"


class Segment(StrEnum):
    """What companies are told apart by."""

    OWNER = "owner"
    STAGE = "stage"
    BAND = "band"


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """A part of the companies: its value, what people call it, and how its people feel."""

    value: str
    label: str
    sentiment: Sentiment


@dataclass(frozen=True, slots=True)
class Quarter:
    """The answers that were given in a quarter, and how they stand to those of the one before."""

    first_day: date
    sentiment: Sentiment
    change: Changed | None


@dataclass(frozen=True, slots=True)
class CompanyLine:
    """One company's answers, counted."""

    company_id: int
    name: str
    owner: str
    mix: Mix
    latest_at: datetime


@dataclass(frozen=True, slots=True)
class PortfolioSentiment:
    """All that is said of the answers from `since` to `until`, a window of `window_days`.

    `without_company` people answered without a known employer; `of_known_worth` companies have a
    won amount in the window. `invitations` are those of our own survey, None without any. Companies
    are those with most detractors first.
    """

    since: datetime
    until: datetime
    window_days: int
    fresh_days: int
    now: Mapping[Way, Sentiment]
    freshness: Freshness
    companies: int
    without_company: int
    of_known_worth: int
    invitations: Response | None
    quarters: Sequence[Quarter]
    segments: Mapping[Segment, Sequence[SegmentLine]]
    lines: Sequence[CompanyLine]
    settings_version: int


def of(portal: PortalContext) -> PortfolioSentiment:
    """Count and judge the portfolio's answers as of now."""
    now = portal.runtime.now()
    with portal.transaction() as tx:
        known = settings.read(tx)
        policy, home = known.policy, known.map.home_currency
        since = now - timedelta(policy.nps_window_days)
        fresh = sentiment.fresh_since(now, policy)
        rows = person_answers.by_company(tx, since=since, until=now, fresh=fresh)
        ids = [row["company_id"] for row in rows if row["company_id"] is not None]
        worth = person_answers.won_by_company(tx, ids, since=since, until=now, home=home)
        quarters = _quarters(tx, now, policy)
        invitations = survey_rows.response(tx, since=since)
        facts = {row["company_id"]: row for row in person_answers.segments(tx, ids)}
        owners = {f"{number}": owner.name for number, owner in owner_rows.every(tx).items()}
    return PortfolioSentiment(
        since=since,
        until=now,
        window_days=policy.nps_window_days,
        fresh_days=policy.nps_fresh_days,
        now=_now(rows, worth, policy),
        freshness=_freshness(rows),
        companies=len(ids),
        without_company=sum(_mix(row).n for row in rows if row["company_id"] is None),
        of_known_worth=sum(1 for minor in worth.values() if minor > 0),
        invitations=invitations if invitations.invited else None,
        quarters=quarters,
        segments={kind: _segment(rows, facts, kind, owners, policy) for kind in Segment},
        lines=_lines(rows, facts, owners),
        settings_version=known.version,
    )


def _called(kind: Segment, value: str, owners: Mapping[str, str]) -> str:
    """How a segment's value is called; a value that nobody named is its own name."""
    return owners.get(value) or value if kind is Segment.OWNER else value


def _now(rows: Iterable[Row], worth: Mapping[int, int], policy: Policy) -> Mapping[Way, Sentiment]:
    rows = list(rows)
    companies = [
        CompanyAnswers(_mix(row), worth.get(row["company_id"]))
        for row in rows
        if row["company_id"] is not None
    ]
    return {
        Way.PEOPLE: sentiment.of_people(sentiment.tally(map(_mix, rows)), policy),
        Way.ACCOUNTS: sentiment.account_equal(companies, policy),
        Way.REVENUE: sentiment.revenue_weighted(companies, policy),
        Way.DECIDERS: sentiment.of_people(sentiment.tally(map(_deciders, rows)), policy),
    }


def _mix(row: Row) -> Mix:
    return Mix(row["promoters"], row["passives"], row["detractors"])


def _deciders(row: Row) -> Mix:
    return Mix(row["key_promoters"], row["key_passives"], row["key_detractors"])


def _freshness(rows: Sequence[Row]) -> Freshness:
    latest = max((row["latest_at"] for row in rows), default=None)
    fresh = sum(row["fresh"] for row in rows)
    return Freshness(fresh, sum(_mix(row).n for row in rows), latest)


def _quarters(tx: Transaction, now: datetime, policy: Policy) -> list[Quarter]:
    """Each quarter with answers, against the quarter right before it."""
    calendar = period_rows.read(tx).calendar
    today = calendar.day_of(now)
    first_days = [_quarters_back(today, back) for back in reversed(range(QUARTERS))]
    starts = [calendar.start_of_day(day) for day in first_days]
    rows = person_answers.by_period(tx, starts, until=now)
    found = {
        first_days[row["period"] - 1]: sentiment.of_people(_tally(row), policy) for row in rows
    }
    quarters: list[Quarter] = []
    for first_day, felt in found.items():
        before = found.get(_quarters_back(first_day, 1))
        quarters.append(
            Quarter(first_day, felt, sentiment.change(before, felt) if before else None)
        )
    return quarters


def _quarters_back(day: date, quarters: int) -> date:
    """The first day of the quarter so many before that of *day*."""
    months = day.year * 12 + (day.month - 1) // 3 * 3 - 3 * quarters
    return date(months // 12, months % 12 + 1, 1)


def _tally(row: Row) -> Tally:
    return Tally(_mix(row), row["companies"], row["nn"], row["ns"], row["ss"])


def _segment(
    rows: Iterable[Row],
    facts: Mapping[int, Row],
    kind: Segment,
    owners: Mapping[str, str],
    policy: Policy,
) -> list[SegmentLine]:
    """The parts of one kind, the largest first."""
    tallies: dict[str, Tally] = {}
    for row in rows:
        value = _value(facts.get(row["company_id"]), kind)
        one = sentiment.tally_of_company(_mix(row))
        tallies[value] = tallies.get(value, Tally()) + one
    lines = [
        SegmentLine(value, _called(kind, value, owners), sentiment.of_people(counted, policy))
        for value, counted in tallies.items()
    ]
    return sorted(lines, key=lambda line: (-line.sentiment.mix.n, line.value))[:_MOST_SEGMENTS]


_COLUMNS: Final = {Segment.OWNER: "owner_id", Segment.STAGE: "stage", Segment.BAND: "band"}


def _value(fact: Row | None, kind: Segment) -> str:
    """The part that a company is of; empty where nobody knows."""
    value = fact[_COLUMNS[kind]] if fact else None
    return "" if value is None else str(value)


def _lines(
    rows: Iterable[Row], facts: Mapping[int, Row], owners: Mapping[str, str]
) -> list[CompanyLine]:
    """The companies to look at first: most detractors, then fewest promoters."""
    known = [row for row in rows if row["company_id"] is not None]
    known.sort(key=lambda row: (-row["detractors"], row["promoters"], row["company_id"]))
    return [_line(row, facts.get(row["company_id"]), owners) for row in known[:_MOST_COMPANIES]]


def _line(row: Row, fact: Row | None, owners: Mapping[str, str]) -> CompanyLine:
    owner = _called(Segment.OWNER, _value(fact, Segment.OWNER), owners)
    name = (fact["name"] if fact else None) or ""
    return CompanyLine(row["company_id"], name, owner, _mix(row), row["latest_at"])


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote with an answer."""

    contact_id: int
    company_id: int | None
    score: int
    at: datetime
    text: str


def comments(portal: PortalContext, found: PortfolioSentiment) -> list[Comment]:
    """Return the newest comments of the window; only for who may read what people wrote."""
    with portal.transaction() as tx:
        rows = person_answers.comments(
            tx, since=found.since, until=found.until, limit=_MOST_COMMENTS
        )
    return [
        Comment(
            row["contact_id"], row["company_id"], row["score"], row["answered_at"], row["comment"]
        )
        for row in rows
    ]
