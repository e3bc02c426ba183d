"""Counts, labels and progress in the reader's language, and the templates' filters."""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from flask import Flask, g

from integration.admin.sign_in import Session
from integration.ingest import stream_labels
from integration.ingest.backfill import Progress
from integration.ingest.import_progress import ImportProgress, Line
from integration.pages import figures
from integration.pages.figures import count
from integration.pages.texts import add_filters, lazy_gettext, ngettext, sentence, translated
from integration.pages.texts import gettext as _
from integration.portal import authors
from integration.portal.record_names import nameless
from integration.portal.runtime import Runtime
from integration.storage.queue.import_runs import Stream
from integration.storage.service import portal_users
from mappings import formats
from mappings.kinds import WinKind, source_label
from mappings.records.catalogue import own_properties
from mappings.records.setting_labels import setting_label
from mappings.rules.ledger import periods

_QUEUES: Mapping[str, str] = {
    "inbox": lazy_gettext("Messages from HubSpot to open"),
    "events": lazy_gettext("Changes to look up"),
    "stale": lazy_gettext("Records to work out"),
    "outbox": lazy_gettext("Records to write to HubSpot"),
    "set_aside": lazy_gettext("Set aside"),
}
# What a row that was set aside is.
_SET_ASIDE: Mapping[str, str] = {
    "delivery": lazy_gettext("Message from HubSpot"),
    "event": lazy_gettext("Change to look up"),
    "patch": lazy_gettext("Values to write"),
    "conclusion": lazy_gettext("Record to work out"),
}


_WIN_LABELS = frozenset(kind.label for kind in WinKind)


def win_said(words: str) -> str:
    """Return what a win is in the reader's language; its name is left as somebody wrote it."""
    label, colon, name = words.partition(": ")
    if colon and label in _WIN_LABELS:
        return _("%(win)s: %(name)s", win=translated(label), name=name)
    return sentence(words)


def win_named(words: str) -> str:
    """Return what a win is where its kind stands beside it already; empty if that says it all."""
    label, _colon, name = words.partition(": ")
    return name if label in _WIN_LABELS else sentence(words)


def register_filters(app: Flask, runtime: Runtime) -> None:
    """Give the templates their filters and labels."""
    add_filters(
        app,
        {
            "money": figures.money,
            "amount": figures.amount,
            "signed_money": figures.signed_money,
            "day": figures.day,
            "month": figures.month,
            "ago": lambda at: figures.ago(at, runtime.now()),
            "moment": _moment,
            "account_day": _account_day,
            "count": figures.count,
            "things": things,
            "percent": figures.percent,
            "points": figures.points,
            "exact_percent": figures.exact_percent,
            "sure": figures.likelihood,
            "of_the_deal": _of_the_deal,
            "win_said": win_said,
            "capitalised": lambda text: f"{text[:1].upper()}{text[1:]}",
            "rate": figures.rate,
            "month_in_address": periods.written,
            "source": lambda word: translated(source_label(word)),
            "plain": lambda name: translated(setting_label(name)),
        },
    )
    app.jinja_env.globals.update(
        details=details,
        nameless=lambda object_type: translated(nameless(object_type)),
        property_label=_property_label,
        call_words=_call_words,
        how_far=how_far,
        asset=_addresses(resources.files("integration.pages") / "static").__getitem__,
        counted=_QUEUES,
        set_aside=_SET_ASIDE,
        who=lambda author: _who(runtime, author),
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def things(number: int | None, plural: str) -> str:
    """Return a count of things by their plural: "1 company", "2,579 companies"."""
    return ngettext(*forms(plural), number or 0)


def forms(plural: str) -> tuple[str, str]:
    """Return how one thing is counted, and several: "%(num)s company", "%(num)s companies"."""
    return f"%(num)s {_singular(plural)}", f"%(num)s {plural}"


def _singular(plural: str) -> str:
    if plural == "people":
        return "person"
    if plural.endswith("ies"):
        return f"{plural.removesuffix('ies')}y"
    return plural.removesuffix("s")


def _moment(at: dt.datetime | str | None) -> str:
    """Return a time to the minute, in the time zone of the account that is signed in to."""
    session: Session | None = g.get("session")
    return figures.moment(at, formats.zone(session.time_zone if session else None))


def _account_day(at: dt.datetime) -> str:
    """Return the day of a time, in the time zone of the account that is signed in to."""
    session: Session | None = g.get("session")
    return figures.day(at.astimezone(formats.zone(session.time_zone if session else None)).date())


def lines(run: Progress | None) -> list[dict[str, Any]]:
    """Return an import in a few lines: one for each record type, and one for all links."""
    if run is None:
        return []
    links = [stream for stream in run.streams if stream.name.startswith("links:")]
    shown = [
        _line(stream.name, translated(stream_labels.label(stream.name)), [stream])
        for stream in run.streams
        if stream.name.startswith("records:")
    ]
    if links:
        shown.append(_line("links", _("links between them"), links))
    return shown


def how_far(progress: ImportProgress | None) -> str:
    """An import in one sentence: "43% read, about 3 minutes left."."""
    if progress is None:
        return _("Nothing was read yet.")
    if progress.percent is None:
        return _("%(number)s read so far.", number=count(progress.records))
    return _(
        "%(percent)s read, %(left)s.",
        percent=figures.percent(progress.percent / 100),
        left=left(progress.seconds_left),
    )


def left(seconds: float | None) -> str:
    """How long something will still take, in words."""
    if seconds is None:
        return _("time left not known yet")
    if seconds < 1:
        return _("a moment left")
    return _("about %(duration)s left", duration=figures.duration(seconds))


def details(progress: ImportProgress | None) -> list[dict[str, Any]]:
    """An import line by line, as pages and their script show it."""
    if progress is None:
        return []
    return [
        {
            "name": line.name,
            "label": translated(line.label),
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
        return _("left out")
    if line.state == "done":
        return _("%(number)s read", number=count(line.records))
    if line.total is None:
        return _("%(number)s so far", number=count(line.records)) if line.records else _("waiting")
    words = _("%(number)s of %(total)s", number=count(line.records), total=count(line.total))
    if line.percent is None or not line.total:
        return words
    return f"{words}, {figures.percent(line.percent / 100)}, {left(line.seconds_left)}"


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


def _who(runtime: Runtime, author: str) -> str:
    """Return what to call whoever did something: "you", or a user's name."""
    session: Session | None = g.get("session")
    if session is not None and author == session.actor:
        return _("you")
    # Read once a page, and only for one that names somebody.
    if session is not None and "user_names" not in g:
        with runtime.database.portal(session.portal_id) as tx:
            g.user_names = portal_users.names(tx)
    return translated(authors.named(author, g.get("user_names", {})))


def _of_the_deal(reason: str) -> str:
    """Return an entry's reason without the number of its deal, which stands beside it."""
    return re.sub(r"\b(deal|Deal) \d+\b", _the_deal, reason, count=1)


def _the_deal(found: re.Match[str]) -> str:
    return "The deal" if found[1] == "Deal" else "the deal"


_CALLS: Mapping[str, str] = {
    "objects.page": lazy_gettext("Read records page by page"),
    "objects.get": lazy_gettext("Look up one record"),
    "objects.read": lazy_gettext("Read changed records"),
    "objects.update": lazy_gettext("Write our values"),
    "objects.create": lazy_gettext("Make a task"),
    "objects.search": lazy_gettext("Search for changes"),
    "properties.all": lazy_gettext("Read the properties"),
    "properties.create": lazy_gettext("Make a property"),
    "properties.create_many": lazy_gettext("Make our properties"),
    "properties.update": lazy_gettext("Repair a property"),
    "properties.archive": lazy_gettext("Archive our properties"),
    "groups.all": lazy_gettext("Read the property groups"),
    "groups.create": lazy_gettext("Make our property group"),
    "associations.read": lazy_gettext("Read links between records"),
    "associations.labels": lazy_gettext("Read the labels of links"),
    "pipelines.all": lazy_gettext("Read pipelines and stages"),
    "owners.page": lazy_gettext("Read the owners"),
    "account": lazy_gettext("Read the account's currency and time zone"),
    "uninstall": lazy_gettext("Uninstall the app"),
    "oauth.token": lazy_gettext("Renew the connection"),
    "oauth.introspect": lazy_gettext("Check who signs in"),
    "oauth.revoke": lazy_gettext("End the connection"),
}


def _call_words(route: str) -> str:
    """Return what a kind of call to HubSpot does."""
    return str(_CALLS.get(route) or _("Another call"))


def _property_label(object_type: str, name: str) -> str:
    """Return one of our properties as HubSpot shows it."""
    labels = {prop.name: prop.label for prop in own_properties(object_type)}
    return labels.get(name, name)


def _addresses(folder: Traversable, path: str = "") -> dict[str, str]:
    """Return the address of each file; it changes with the file, so that caches may keep it."""
    found: dict[str, str] = {}
    for file in folder.iterdir():
        name = f"{path}{file.name}"
        if file.is_dir():
            found |= _addresses(file, f"{name}/")
        else:
            found[name] = f"/assets/{name}?v={hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
    return found
