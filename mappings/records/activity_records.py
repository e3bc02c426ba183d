"""Activities: HubSpot's meetings, calls, e-mails and notes as dated events with a direction.

Bodies are not kept. Of a note its first words are, and of an automatic reply that says that
somebody left; anything else is read for nothing but its kind.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from html import unescape
from types import MappingProxyType
from typing import Final

from mappings.records import addresses, values
from mappings.records.rows import Record
from mappings.rules.text import autoreplies

TYPES: Final = ("meeting", "call", "email", "note")
# With whom an activity was, and about what: a list call returns these beside it.
NEAR: Final = ("contact", "company", "deal")
READ: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "meeting": ("hs_timestamp", "hs_meeting_outcome"),
        "call": (
            "hs_timestamp",
            "hs_call_direction",
            "hs_call_status",
            "hs_call_disposition",
            "hs_call_duration",
        ),
        "email": (
            "hs_timestamp",
            "hs_email_direction",
            "hs_email_status",
            "hs_email_subject",
            "hs_email_from_email",
        ),
        "note": ("hs_timestamp", "hs_note_body"),
    }
)
# Why each type is read at all.
BECAUSE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "meeting": "Who met you was still there on that day, and had a part in the deal.",
        "call": "An answered call is a sign that somebody is still there.",
        "email": (
            "A reply is a sign that somebody is still there; an automatic one may say that they"
            " left. The subject tells which replies are automatic."
        ),
        "note": "A note may say who referred somebody, or that somebody left.",
    }
)
# Asked for by id, and only of mail that a machine wrote.
TEXT: Final = ("hs_email_text", "hs_email_html")
LONGEST_TEXT: Final = 2_000
# Markup is taken off so much of a body, whatever it holds: an answer has room for hundreds of
# these.
_LONGEST_BODY: Final = 20_000
# No "<" inside a tag, so that a body of nothing but those is read once and not once for each. The
# last may be cut off.
_TAG: Final = re.compile(r"(<[!/a-zA-Z][^<>]*(?:>|$))")
_TAG_NAME: Final = re.compile(r"</?([!a-zA-Z0-9]+)")
_UNSEEN: Final = frozenset({"script", "style", "head", "title"})
_BREAKS: Final = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "blockquote"})
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffd]")
# A meeting with nobody: it was called off, moved to another record, or nobody came.
_NOT_HELD: Final = frozenset({"CANCELED", "CANCELLED", "NO_SHOW", "RESCHEDULED"})
_NOT_SENT: Final = frozenset({"BOUNCED", "FAILED", "SCHEDULED", "SENDING"})
_NOT_ANSWERED: Final = frozenset(
    {
        "BUSY",
        "NO_ANSWER",
        "FAILED",
        "CANCELED",
        "MISSED",
        "QUEUED",
        "RINGING",
        "CONNECTING",
        "CALLING_CRM_USER",
    }
)
# The ids HubSpot gives to its own outcome "Connected"; portals may add outcomes of their own.
_CONNECTED: Final = frozenset({"f240bbac-87c9-4f6e-bf70-924b57d47db7", "connected"})
# A call without an outcome that lasted this long was a talk, and no answering machine.
_TALK_MS: Final = 30_000
# Characters of a subject that are read.
_LONGEST_SUBJECT: Final = 300


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity of a kind: meeting, call, email (ours), reply, auto_reply, left_reply or note.

    `sender` is the address of an incoming mail's writer, if it shows; `text` is cut to a few lines.
    """

    type: str
    id: int
    kind: str
    at: datetime
    inbound: bool = False
    two_way: bool = False
    sender: str = ""
    subject: str = ""
    text: str = ""

    @property
    def is_machine_written(self) -> bool:
        """Whether it is an automatic reply, whose text may say that the person left."""
        return self.kind in {"auto_reply", "left_reply"}


def activity(record: Record) -> Activity | None:
    """The activity of a record; None without a date, a meeting that was held, or a sent mail."""
    at = values.moment(record.get("hs_timestamp")).value or record.created_at
    if at is None or record.archived:
        return None
    return _READERS[record.object_type](record, at)


def with_text(reply: Activity, text: str) -> Activity:
    """An automatic reply with its kind by its text, which is kept only where the person left.

    Any other activity is returned as it is.
    """
    if not reply.is_machine_written:
        return reply
    if autoreplies.says_left([reply.subject, text]):
        return replace(reply, kind="left_reply", text=text)
    return replace(reply, kind="auto_reply", text="")


def addresses_of(properties: Mapping[str, str | None]) -> tuple[str, ...]:
    """Every address of a contact, in the form in which senders are compared."""
    primary, others = properties.get("email"), properties.get("hs_additional_emails")
    return addresses.emails(f"{primary or ''};{others or ''}")


def mail_text(record: Record) -> str:
    """The first lines of a mail's text; empty when the portal does not let us read it."""
    return short(record.get("hs_email_text")) or short(record.get("hs_email_html"))


def short(body: str) -> str:
    """The first words of a body, without markup and without what no database can hold."""
    cut = body[:_LONGEST_BODY]
    if "<" in cut:
        cut = _without_markup(cut)
    if "&" in cut:
        cut = unescape(cut)
    lines = (" ".join(_CONTROL.sub(" ", line).split()) for line in cut.splitlines())
    return "\n".join(line for line in lines if line)[:LONGEST_TEXT].strip()


def _without_markup(body: str) -> str:
    kept: list[str] = []
    is_unseen = False
    # Every second part is a tag.
    for place, part in enumerate(_TAG.split(body)):
        tag = _TAG_NAME.match(part) if place % 2 else None
        if tag is None:
            kept.append("" if is_unseen else part)
            continue
        name = tag[1].lower()
        if name in _UNSEEN:
            is_unseen = part[1] != "/"
        kept.append("\n" if name in _BREAKS else " ")
    return "".join(kept)


def _meeting(record: Record, at: datetime) -> Activity | None:
    if record.get("hs_meeting_outcome").upper() in _NOT_HELD:
        return None
    return Activity("meeting", record.id, "meeting", at, two_way=True)


def _call(record: Record, at: datetime) -> Activity:
    inbound = record.get("hs_call_direction").upper() == "INBOUND"
    return Activity("call", record.id, "call", at, inbound=inbound, two_way=_was_answered(record))


def _was_answered(record: Record) -> bool:
    """Whether a call was answered: by its status, its outcome, or else its length."""
    if record.get("hs_call_status").upper() in _NOT_ANSWERED:
        return False
    outcome = record.get("hs_call_disposition").strip().lower()
    if outcome:
        return outcome in _CONNECTED
    duration_ms = values.number(record.get("hs_call_duration")).value
    return duration_ms is not None and duration_ms >= _TALK_MS


def _email(record: Record, at: datetime) -> Activity | None:
    if record.get("hs_email_direction").upper() != "INCOMING_EMAIL":
        sent = record.get("hs_email_status").upper() not in _NOT_SENT
        return Activity("email", record.id, "email", at) if sent else None
    subject = short(record.get("hs_email_subject")[:_LONGEST_SUBJECT])
    sender = addresses.email(record.get("hs_email_from_email")).value or ""
    if autoreplies.is_automatic(subject):
        kind = "left_reply" if autoreplies.says_left([subject]) else "auto_reply"
        return Activity("email", record.id, kind, at, sender=sender, subject=subject)
    return Activity("email", record.id, "reply", at, inbound=True, two_way=True, sender=sender)


def _note(record: Record, at: datetime) -> Activity:
    return Activity("note", record.id, "note", at, text=short(record.get("hs_note_body")))


_READERS: Final = MappingProxyType(
    {"meeting": _meeting, "call": _call, "email": _email, "note": _note}
)
