"""Times, counts and labels as pages show them; figures as :mod:`mappings.formats` writes them."""

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

from babel.dates import format_timedelta
from flask import Flask, g

from integration.admin.sign_in import Session
from integration.ingest import stream_labels
from integration.ingest.backfill import Progress
from integration.ingest.import_progress import ImportProgress, Line
from integration.pages.guard import nonce
from integration.portal import authors
from integration.portal.record_names import nameless
from integration.storage.queue.import_runs import Stream
from mappings import formats
from mappings.formats import count
from mappings.kinds import source_label
from mappings.records.catalogue import own_properties
from mappings.records.setting_labels import setting_label

_LOCALE = "en"
_QUEUES: Mapping[str, str] = {
    "inbox": "Messages from HubSpot to open",
    "events": "Changes to look up",
    "stale": "Records to work out",
    "outbox": "Records to write to HubSpot",
    "set_aside": "Set aside",
}
# What a row that was set aside is.
_SET_ASIDE: Mapping[str, str] = {
    "delivery": "Message from HubSpot",
    "event": "Change to look up",
    "patch": "Values to write",
    "conclusion": "Record to work out",
}


def register_filters(app: Flask, now: Callable[[], dt.datetime]) -> None:
    """Give the templates their filters and labels; *now* is the time for "3 minutes ago"."""
    app.jinja_env.filters.update(
        money=formats.money,
        amount=formats.amount,
        day=formats.day,
        month=formats.month,
        ago=lambda at: ago(at, now()),
        moment=_moment,
        count=count,
        things=things,
        percent=formats.percent,
        exact_percent=formats.exact_percent,
        sure=formats.likelihood,
        of_the_deal=_of_the_deal,
        source=source_label,
        plain=setting_label,
    )
    app.jinja_env.globals.update(
        nonce=nonce,
        details=details,
        nameless=nameless,
        property_label=_property_label,
        call_words=_call_words,
        how_far=how_far,
        style_version=_style_version(),
        counted=_QUEUES,
        set_aside=_SET_ASIDE,
        who=_who,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def things(number: int | None, plural: str) -> str:
    """Return a count of things by their plural: "1 company", "2,579 companies"."""
    if number != 1:
        return f"{count(number)} {plural}"
    if plural.endswith("ies"):
        return f"1 {plural.removesuffix('ies')}y"
    return f"1 {plural.removesuffix('s')}"


def ago(at: dt.datetime | str | None, now: dt.datetime) -> str:
    """Return how long before *now*: "3 minutes ago"; "never" without a time."""
    at = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    if at is None:
        return "never"
    return format_timedelta(at - now, add_direction=True, locale=_LOCALE)


def _moment(at: dt.datetime | str | None) -> str:
    """Return a time to the minute, in the time zone of the account that is signed in to."""
    session: Session | None = g.get("session")
    return formats.moment(at, formats.zone(session.time_zone if session else None))


def lines(run: Progress | None) -> list[dict[str, Any]]:
    """Return an import in a few lines: one for each record type, and one for all links."""
    if run is None:
        return []
    links = [stream for stream in run.streams if stream.name.startswith("links:")]
    shown = [
        _line(stream.name, stream_labels.label(stream.name), [stream])
        for stream in run.streams
        if stream.name.startswith("records:")
    ]
    if links:
        shown.append(_line("links", "links between them", links))
    return shown


def how_far(progress: ImportProgress | None) -> str:
    """An import in one sentence: "43% read, about 3 minutes left."."""
    if progress is None:
        return "Nothing was read yet."
    if progress.percent is None:
        return f"{count(progress.records)} read so far."
    return f"{progress.percent}% read, {left(progress.seconds_left)}."


def left(seconds: float | None) -> str:
    """How long something will still take, in words."""
    if seconds is None:
        return "time left not known yet"
    if seconds < 1:
        return "a moment left"
    duration = dt.timedelta(seconds=seconds)
    return f"about {format_timedelta(duration, threshold=1.5, locale=_LOCALE)} left"


def details(progress: ImportProgress | None) -> list[dict[str, Any]]:
    """An import line by line, as pages and their script show it."""
    if progress is None:
        return []
    return [
        {
            "name": line.name,
            "label": line.label,
            "state": line.state,
            "records": line.records,
            "total": line.total,
            "percent": line.percent,
            "said": _said(line),
        }
        for line in progress.lines
    ]


def _said(line: Line) -> str:
    """What stands beside a line's bar: "1,200 of 5,000, 24%, about 2 minutes left"."""
    if line.state == "refused":
        return "left out"
    if line.state == "done":
        return f"{count(line.records)} read"
    if line.total is None:
        return f"{count(line.records)} so far" if line.records else "waiting"
    words = f"{count(line.records)} of {count(line.total)}"
    if not line.total:
        return words
    return f"{words}, {line.percent}%, {left(line.seconds_left)}"


def _line(name: str, label: str, streams: Sequence[Stream]) -> dict[str, Any]:
    records = sum(stream.records for stream in streams)
    is_done = all(stream.done for stream in streams)
    return {
        "name": name,
        "label": label,
        "records": records,
        "state": _state(records, is_done=is_done),
    }


def _state(records: int, *, is_done: bool) -> str:
    if is_done:
        return "done"
    return "busy" if records else "idle"


def _who(author: str) -> str:
    """Return what to call whoever did something; only numbers of HubSpot's users are kept."""
    session: Session | None = g.get("session")
    if session is not None and author == session.actor:
        return "you"
    return authors.in_words(author)


def _of_the_deal(reason: str) -> str:
    """Return an entry's reason without the number of its deal, which stands beside it."""
    return re.sub(r"\bdeal \d+\b", "the deal", reason, count=1)


_CALLS: Mapping[str, str] = {
    "objects.page": "Read records page by page",
    "objects.get": "Look up one record",
    "objects.read": "Read changed records",
    "objects.update": "Write our values",
    "objects.search": "Search for changes",
    "properties.all": "Read the properties",
    "properties.create": "Make a property",
    "properties.create_many": "Make our properties",
    "properties.update": "Repair a property",
    "properties.archive": "Archive our properties",
    "groups.all": "Read the property groups",
    "groups.create": "Make our property group",
    "associations.read": "Read links between records",
    "associations.labels": "Read the labels of links",
    "pipelines.all": "Read pipelines and stages",
    "owners.page": "Read the owners",
    "account": "Read the account's currency and time zone",
    "uninstall": "Uninstall the app",
    "oauth.token": "Renew the connection",
    "oauth.introspect": "Check who signs in",
    "oauth.revoke": "End the connection",
}


def _call_words(route: str) -> str:
    """Return what a kind of call to HubSpot does."""
    return _CALLS.get(route, "Another call")


def _property_label(object_type: str, name: str) -> str:
    """Return one of our properties as HubSpot shows it."""
    labels = {prop.name: prop.label for prop in own_properties(object_type)}
    return labels.get(name, name)


def _style_version() -> str:
    style = resources.files("integration.pages") / "static" / "site.css"
    return hashlib.sha256(style.read_bytes()).hexdigest()[:12]
