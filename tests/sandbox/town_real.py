"""Reads a CRM history kept as compressed tables, with its truth, as a town.

The folder holds companies, contacts, contact_history, deals, deal_contacts and nps_responses
(``*.csv.gz``) and a folder ``truth``. All dates are moved by the same whole number of days, so that
the last one is *today*.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.sandbox.town_dirt import PARENT
from tests.sandbox.town_rows import (
    PRIMARY,
    LabelRow,
    Link,
    Owner,
    Pipeline,
    PropertyRow,
    Record,
    Setup,
    Stage,
    Town,
    Value,
)
from tests.sandbox.town_traces import group_of
from tests.sandbox.truth_facts import (
    MOVED_CHAMPION,
    NOT_SCORED,
    DealTruth,
    Move,
    NonMove,
    Source,
    Truth,
)

Row = dict[str, str]
# Hosts of private addresses, as far as such a table spells them with the ending .example.
_PRIVATE = frozenset(
    (
        "gmail",
        "googlemail",
        "yahoo",
        "ymail",
        "hotmail",
        "outlook",
        "live",
        "msn",
        "icloud",
        "me",
        "mac",
        "aol",
        "gmx",
        "web",
        "protonmail",
        "proton",
        "pm",
        "fastmail",
        "zoho",
        "mail",
        "yandex",
        "qq",
        "163",
        "126",
        "tutanota",
        "hushmail",
        "rediffmail",
        "libero",
        "orange",
        "free",
        "wanadoo",
    )
)
_AT_CREATION = (
    ("phone", "IMPORT"),
    ("mobilephone", "IMPORT"),
    ("hs_linkedin_url", "IMPORT"),
    ("city", "IMPORT"),
    ("country", "IMPORT"),
    ("hs_analytics_source", "ANALYTICS"),
    ("how_did_you_hear", "FORM"),
    ("lifecyclestage", "IMPORT"),
)
_DATES = {
    "companies": ("createdate", "customer_since"),
    "contacts": ("createdate", "last_activity_date", "hs_email_hard_bounce_date"),
    "contact_history": ("timestamp",),
    "deals": ("createdate", "closedate"),
    "deal_contacts": ("associated_at",),
    "nps_responses": ("submitted_at",),
}
_SETUP = Setup(
    currency="USD",
    other_currencies=(),
    owners=(Owner(9_700_011, "sales@ourselves.example", "Sam", "Sales"),),
    pipelines=(
        Pipeline(
            "deal",
            "default",
            "Sales",
            (
                Stage("prospecting", "Prospecting", "0.2", closed=False),
                Stage("engaging", "Engaging", "0.5", closed=False),
                Stage("closedwon", "Won", "1.0", closed=True),
                Stage("closedlost", "Lost", "0.0", closed=True),
            ),
        ),
    ),
    properties=(
        PropertyRow(
            "contact", "how_did_you_hear", "How did you hear about us?", "string", "textarea"
        ),
        PropertyRow("contact", "hard_bounced_on", "Hard bounced on", "date", "date"),
    ),
    labels=(LabelRow("contact", "contact", "referred_by", "referred by", "referred"),),
)


def read_town(folder: Path, today: date) -> Town:
    """The whole town with its truth, its last day moved to *today*."""
    tables = {name: _rows(folder / f"{name}.csv.gz") for name in _DATES}
    shift = today - _last_day(tables)
    calendar = _Calendar(shift)
    records = [
        *_companies(tables["companies"], calendar),
        *_contacts(tables, calendar),
        *_deals(tables["deals"], calendar),
        *_answers(tables["nps_responses"], calendar),
    ]
    hosts = {row["email"].rpartition("@")[2].lower() for row in tables["contacts"]}
    hosts -= {row["domain"] for row in tables["companies"]}
    private = frozenset(
        host for host in hosts if host.endswith(".example") and host.partition(".")[0] in _PRIVATE
    )
    return Town(
        _SETUP,
        tuple(records),
        tuple(_links(tables, calendar)),
        _truth(folder, tables, calendar),
        private,
    )


@dataclass(frozen=True, slots=True)
class _Calendar:
    shift: timedelta

    def day(self, text: str) -> date:
        return date.fromisoformat(text[:10]) + self.shift

    def at(self, text: str) -> datetime:
        day = self.day(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    def instant(self, text: str) -> str:
        return self.at(text).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rows(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def _last_day(tables: dict[str, list[Row]]) -> date:
    return date.fromisoformat(
        max(
            row[column][:10]
            for name, columns in _DATES.items()
            for row in tables[name]
            for column in columns
        )
    )


def _companies(rows: list[Row], calendar: _Calendar) -> Iterator[Record]:
    for row in rows:
        at = calendar.at(row["createdate"])
        values = [
            Value("name", row["name"], at, "IMPORT"),
            Value("domain", row["domain"], at, "IMPORT"),
            Value("phone", row["phone"], at, "IMPORT"),
            Value("hs_additional_domains", row["additional_domains"], at, "IMPORT"),
            *_stages(row, at, calendar),
        ]
        yield Record(
            "company", int(row["company_id"]), at, tuple(value for value in values if value.value)
        )


def _stages(row: Row, created: datetime, calendar: _Calendar) -> Iterator[Value]:
    """A customer was an opportunity until the day it became one."""
    if row["lifecyclestage"] != "customer" or not row["customer_since"]:
        yield Value("lifecyclestage", row["lifecyclestage"], created, "IMPORT")
        return
    since = calendar.at(row["customer_since"])
    if since > created:
        yield Value("lifecyclestage", "opportunity", created, "IMPORT")
    yield Value("lifecyclestage", "customer", max(since, created), "CRM_UI")


def _contacts(tables: dict[str, list[Row]], calendar: _Calendar) -> Iterator[Record]:
    past: dict[str, list[Value]] = {}
    for row in tables["contact_history"]:
        change = Value(
            row["property"], row["value"], calendar.at(row["timestamp"]), row["source_type"]
        )
        past.setdefault(row["contact_id"], []).append(change)
    answered = _last_answers(tables["nps_responses"], calendar)
    for row in tables["contacts"]:
        at = calendar.at(row["createdate"])
        values = past.get(row["contact_id"], [])
        values += [Value(name, row[name], at, source) for name, source in _AT_CREATION if row[name]]
        values += [*_signs_of_life(row, calendar), *answered.get(row["contact_id"], ())]
        values.sort(key=lambda value: value.at)
        yield Record(
            "contact",
            int(row["contact_id"]),
            min(at, values[0].at) if values else at,
            tuple(values),
        )


def _signs_of_life(row: Row, calendar: _Calendar) -> Iterator[Value]:
    if seen := row["last_activity_date"]:
        for name in ("notes_last_contacted", "hs_last_sales_activity_timestamp"):
            yield Value(name, calendar.instant(seen), calendar.at(seen), "EMAIL")
    if bounced := row["hs_email_hard_bounce_date"]:
        yield Value(
            "hs_email_hard_bounce_reason_enum", "UNKNOWN_USER", calendar.at(bounced), "EMAIL"
        )
        yield Value(
            "hard_bounced_on", calendar.day(bounced).isoformat(), calendar.at(bounced), "EMAIL"
        )


def _last_answers(rows: list[Row], calendar: _Calendar) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    for row in rows:
        at = calendar.at(row["submitted_at"])
        found.setdefault(row["contact_id"], []).extend(
            Value(name, value, at, "INTERNAL_PROCESSING")
            for name, value in (
                ("hs_feedback_last_nps_rating", group_of(int(row["score"]))),
                ("hs_feedback_last_nps_rating_number", row["score"]),
                ("hs_feedback_last_survey_date", calendar.instant(row["submitted_at"])),
            )
        )
    return found


def _deals(rows: list[Row], calendar: _Calendar) -> Iterator[Record]:
    for row in rows:
        opened = calendar.at(row["createdate"])
        closed = calendar.at(row["closedate"]) if row["closedate"] else None
        ended = closed is not None and row["dealstage"].startswith("closed")
        values = [
            Value("dealname", row["dealname"], opened, "CRM_UI"),
            Value("pipeline", "default", opened, "CRM_UI"),
            Value("dealstage", "prospecting" if ended else row["dealstage"], opened, "CRM_UI"),
            Value("createdate", calendar.instant(row["createdate"]), opened, "CRM_UI"),
        ]
        at = closed if ended and closed else opened
        if closed:
            values.append(Value("closedate", calendar.instant(row["closedate"]), at, "CRM_UI"))
        if row["amount"]:
            values.append(Value("amount", row["amount"], at, "CRM_UI"))
        if ended:
            values.append(Value("dealstage", row["dealstage"], at, "CRM_UI"))
        yield Record("deal", int(row["deal_id"]), opened, tuple(values))


def _answers(rows: list[Row], calendar: _Calendar) -> Iterator[Record]:
    for row in rows:
        at = calendar.at(row["submitted_at"])
        values = (
            ("hs_survey_type", "NPS"),
            ("hs_value", row["score"]),
            ("hs_response_group", group_of(int(row["score"]))),
            ("hs_submission_timestamp", calendar.instant(row["submitted_at"])),
            ("hs_survey_name", "How likely are you to recommend us?"),
        )
        told = tuple(Value(name, value, at, "INTERNAL_PROCESSING") for name, value in values)
        yield Record("feedback_submission", int(row["response_id"]), at, told)


def _links(tables: dict[str, list[Row]], calendar: _Calendar) -> Iterator[Link]:
    for row in tables["contact_history"]:
        if row["property"] == "associatedcompanyid" and row["value"]:
            at = calendar.at(row["timestamp"])
            yield Link("contact", int(row["contact_id"]), "company", int(row["value"]), PRIMARY, at)
    for row in tables["companies"]:
        if row["parent_company_id"]:
            at = calendar.at(row["createdate"])
            yield Link(
                "company",
                int(row["company_id"]),
                "company",
                int(row["parent_company_id"]),
                PARENT,
                at,
            )
    for row in tables["deals"]:
        at = calendar.at(row["createdate"])
        yield Link("deal", int(row["deal_id"]), "company", int(row["company_id"]), PRIMARY, at)
    for row in sorted(tables["deal_contacts"], key=lambda each: each["is_primary"], reverse=True):
        at = calendar.at(row["associated_at"])
        yield Link("deal", int(row["deal_id"]), "contact", int(row["contact_id"]), "", at)
    for row in tables["nps_responses"]:
        at, answer = calendar.at(row["submitted_at"]), int(row["response_id"])
        yield Link("feedback_submission", answer, "contact", int(row["contact_id"]), "", at)
        if row["company_id"]:
            yield Link("feedback_submission", answer, "company", int(row["company_id"]), "", at)


def _truth(folder: Path, tables: dict[str, list[Row]], calendar: _Calendar) -> Truth:
    kept = folder / "truth"
    employers: dict[int, tuple[int, ...]] = {}
    for row in _rows(kept / "positions.csv.gz"):
        contact, company = int(row["contact_id"]), int(row["company_id"])
        employers[contact] = (*employers.get(contact, ()), company)
    companies = {row["deal_id"]: int(row["company_id"]) for row in tables["deals"]}
    silent = _rows(kept / "moves_not_visible.csv.gz")
    return Truth(
        moves=tuple(_move(row, calendar) for row in _rows(kept / "moves.csv.gz")),
        silent_moves=len(silent),
        left=tuple((row["person_id"], int(row["former_company_id"])) for row in silent),
        non_moves=tuple(
            NonMove(int(row["contact_id_a"]), int(row["contact_id_b"]), row["kind"])
            for row in _rows(kept / "non_moves.csv.gz")
        ),
        deals=tuple(_deal(row, companies[row["deal_id"]]) for row in _rows(kept / "deals.csv.gz")),
        people={
            int(row["contact_id"]): row["person_id"] for row in _rows(kept / "identity.csv.gz")
        },
        employers=employers,
        customers=tuple(
            int(row["company_id"])
            for row in tables["companies"]
            if row["lifecyclestage"] == "customer"
        ),
        knows_referrals=False,
    )


def _move(row: Row, calendar: _Calendar) -> Move:
    return Move(
        row["person_id"],
        int(row["former_contact_id"]),
        int(row["new_contact_id"]),
        int(row["former_company_id"]),
        int(row["new_company_id"]),
        calendar.day(row["joined_at"] or row["left_at"] or row["observed_at"]),
        row["mode"],
        row["kind"],
        row["former_role"] == "customer",
        row.get("variant_after", ""),
        calendar.day(row["observed_at"]),
        calendar.day(row["left_at"] or row["joined_at"] or row["observed_at"]),
    )


def _deal(row: Row, company: int) -> DealTruth:
    sources: tuple[Source, ...] = ()
    if row["label"] == MOVED_CHAMPION:
        sources = (Source(MOVED_CHAMPION, None, int(row["former_company_id"])),)
    unclear = (
        row["primary_contact_text_ambiguous"] == "1"
        or not row["primary_contact_text_is_person_referral"]
    )
    return DealTruth(
        deal=int(row["deal_id"]),
        company=company,
        won=row["is_won"] == "1",
        amount=round(float(row["amount"]) * 100) if row["amount"] else None,
        currency="USD",
        sources=sources,
        note=row["label"]
        if row["label"] in {NOT_SCORED, "mover_from_non_customer"}
        else row["note"],
        says_person=None if unclear else row["primary_contact_text_is_person_referral"] == "1",
        person=row.get("move_person_id", ""),
    )
