"""How pages say money, times and counts."""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from importlib import resources
from typing import Any

from babel.dates import format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent
from flask import Flask

from integration.ingest.backfill import Progress
from integration.pages.guard import nonce
from integration.storage.queue.import_runs import Stream
from mappings.records.currencies import digits_of

_LOCALE = "en"
_LARGEST = 30  # digits; what has more is no amount of money
SOURCES: Mapping[str, str] = {
    "moved_champion": "Moved champion",
    "referral": "Referral",
    "word_of_mouth": "Word of mouth",
    "several": "Several sources",
    "none": "No customer behind it",
}
STREAMS: Mapping[str, str] = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "ticket": "tickets",
    "feedback_submission": "survey answers",
    "owner": "owners",
}
COUNTED: Mapping[str, str] = {
    "inbox": "Deliveries to open",
    "events": "Events to look up",
    "stale": "Records to think about",
    "outbox": "Patches to write",
    "set_aside": "Set aside",
}


def register_filters(app: Flask, now: Callable[[], dt.datetime]) -> None:
    """Give the templates their words; how long ago something was is told by *now*."""
    app.jinja_env.filters.update(
        money=money,
        amount=amount,
        day=day,
        ago=lambda at: ago(at, now()),
        moment=moment,
        count=count,
        percent=percent,
        source=source,
        plain=plain,
    )
    app.jinja_env.globals.update(
        nonce=nonce, lines=lines, style_version=_style_version(), counted=COUNTED
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def money(minor: int | None, currency: str | None) -> str:
    """Minor units as money: 123456, EUR is €1,234.56. A currency nobody knows keeps its code."""
    if minor is None:
        return "-"
    digits = digits_of(currency)
    if not currency or digits is None:
        return f"{format_decimal(minor, locale=_LOCALE)} {currency or ''}".strip()
    return format_currency(Decimal(minor).scaleb(-digits), currency, locale=_LOCALE)


def amount(major: Decimal | str | None, currency: str | None) -> str:
    """Money in major units, as text or Decimal: "1234.50", EUR is €1,234.50."""
    try:
        value = Decimal(str(major))
        digits = digits_of(currency)
        if not value.is_finite() or value.adjusted() > _LARGEST or digits is None or not currency:
            return f"{major} {currency or ''}".strip()
        return money(int(value.scaleb(digits).to_integral_value()), currency)
    except (InvalidOperation, OverflowError):
        return f"{major} {currency or ''}".strip()


def percent(share: float | str | None) -> str:
    """0.345 is 34%; what is no number stays as it is."""
    if share is None:
        return "-"
    try:
        return format_percent(float(share), locale=_LOCALE)
    except ValueError:
        return str(share)


def day(at: str | None) -> str:
    """The day of an ISO time."""
    return (at or "-")[:10]


def count(number: int | None) -> str:
    """1234567 → 1,234,567."""
    return format_decimal(number or 0, locale=_LOCALE)


def ago(at: dt.datetime | str | None, now: dt.datetime) -> str:
    """How long before *now*: "3 minutes ago"; "never" without a time."""
    at = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    if at is None:
        return "never"
    return format_timedelta(at - now, add_direction=True, locale=_LOCALE)


def moment(at: dt.datetime | None) -> str:
    """A point in time, to the minute, in UTC."""
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else "-"


def lines(run: Progress | None) -> list[dict[str, Any]]:
    """An import in a few lines: each record type, and the links between them as one."""
    if run is None:
        return []
    records = [one for one in run.streams if one.name.startswith("records:")]
    links = [one for one in run.streams if one.name.startswith("links:")]
    found = [_line(one.name, STREAMS.get(one.from_type, one.from_type), [one]) for one in records]
    return [*found, _line("links", "links between them", links)] if links else found


def _line(name: str, label: str, streams: Sequence[Stream]) -> dict[str, Any]:
    done, records = all(one.done for one in streams), sum(one.records for one in streams)
    return {
        "name": name,
        "label": label,
        "records": records,
        "state": "done" if done else "busy" if records else "idle",
    }


def source(name: str) -> str:
    """A deal's source in words."""
    return SOURCES.get(name, name.replace("_", " "))


def plain(name: str) -> str:
    """A field's name in words: referred_by_property → Referred by."""
    words = name.removesuffix("_property").replace("_", " ")
    return words[:1].upper() + words[1:]


def _style_version() -> str:
    style = resources.files("integration.pages") / "static" / "site.css"
    return hashlib.sha256(style.read_bytes()).hexdigest()[:12]
