"""Ledger rows as plain values, with amounts and reasons as people read them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from integration.portal import settings
from integration.portal.context import PortalContext
from integration.reports.plain_json import plain_dict
from integration.storage.database import Row, Transaction
from integration.storage.ledger import entry_rows, period_rows
from mappings.kinds import EntryOccasion, SourceKind, Timing, source_label
from mappings.rules.attribution.reasons import HOW
from mappings.rules.findings import SHARE_ONE
from mappings.rules.ledger import money
from mappings.rules.ledger.periods import Calendar

Json = dict[str, Any]
# What short reasons of entries mean. Any other is a source and its sign: "referral: tracked_code".
_REASONS: Mapping[str, str] = {
    EntryOccasion.WON: "booked when the deal was won",
    EntryOccasion.REWON: "booked again when the deal was won again",
    EntryOccasion.RESTORED: "booked again when the deal was restored",
    EntryOccasion.EVIDENCE: "booked anew by later evidence",
}
# The signs of sources, as entries keep them.
_SIGNS: Mapping[str, str] = {
    **HOW,
    Timing.SOURCED: "on the deal when it opened",
    Timing.ASSISTED: "an important part while the deal was open",
    Timing.PRESENT: "on the deal without a role",
    "wom_generic": "somebody recommended us",
    "referral_person": "a person recommended us",
    "wom_event_talk": "heard at an event",
    "community": "heard in a community",
}


@dataclass(frozen=True, slots=True)
class HomeTerms:
    """What rows are told in: the account's currency ("" while unknown), and its months and days."""

    currency: str
    calendar: Calendar


def home_terms(tx: Transaction) -> HomeTerms:
    """Return the account's currency and months."""
    return HomeTerms(settings.read(tx).map.home_currency, period_rows.read(tx).calendar)


def ledger_rows(portal: PortalContext) -> Iterator[Json]:
    """Yield every row of the ledger, oldest first."""
    with portal.transaction() as tx:
        home = home_terms(tx)
        for row in entry_rows.every(tx):
            yield ledger_row(row, home)


def ledger_row(row: Row, home: HomeTerms) -> Json:
    """Return one row: its columns, the amounts in major units, the share from 0 to 1.

    `home_amount` is its part in a total in the account's currency, None if it has none: the total
    is the sum over all rows but those of first order. `booked_on` and `month` say when it counts in
    the account's time zone, `win_month` of which month's wins it is.
    """
    in_home = minor_in(row, home.currency)
    columns = {name: row[name] for name in entry_rows.COLUMNS}
    columns["amount"] = money.major(row["amount_minor"], row["currency"])
    columns["home_amount"] = None if in_home is None else money.major(in_home, home.currency)
    columns |= _days(row, home.calendar)
    columns["share"] = row["share"] / SHARE_ONE
    columns["reason"] = reason_text(row["reason"])
    return plain_dict(columns)


def _days(row: Row, calendar: Calendar) -> dict[str, str]:
    at, won_at = row["effective_at"], row["origin_at"] or row["effective_at"]
    return {
        "booked_on": f"{calendar.day_of(at):%Y-%m-%d}",
        "month": f"{calendar.month_of(at):%Y-%m}",
        "win_month": f"{calendar.month_of(won_at):%Y-%m}",
    }


def minor_in(row: Row, home: str) -> int | None:
    """Return what a row counts in the account's currency, None where it counts in none."""
    if row["home_currency"] == home and row["home_minor"] is not None:
        return int(row["home_minor"])
    return int(row["amount_minor"]) if row["currency"] == home else None


def reason_text(reason: str) -> str:
    """Return an entry's reason as people read it."""
    if reason in _REASONS:
        return _REASONS[reason]
    kind, separator, sign = reason.partition(": ")
    if separator and kind in set(SourceKind):
        return f"{source_label(kind).lower()}: {_SIGNS.get(sign, sign.replace('_', ' '))}"
    return reason.replace("_", " ")
