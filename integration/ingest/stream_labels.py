"""Names of streams for people: "tickets", "links from deals to contacts", "changes of notes"."""

from collections.abc import Callable, Mapping
from typing import Final

from mappings.kinds import ObjectType

PLURALS: Final[Mapping[str, str]] = {
    ObjectType.CONTACT: "contacts",
    ObjectType.COMPANY: "companies",
    ObjectType.DEAL: "deals",
    ObjectType.TICKET: "tickets",
    ObjectType.FEEDBACK: "survey answers",
    "meeting": "meetings",
    "call": "calls",
    "email": "e-mails",
    "note": "notes",
}


def label(stream: str) -> str:
    """What a stream reads, in words."""
    kind, _, what = stream.partition(":")
    from_type, _, to_type = what.partition(">")
    word = _WORDS.get(kind)
    return word(_plural(from_type), _plural(to_type)) if word else kind


def refusal(stream: str, reason: str) -> str:
    """The sentence that says that a stream is left out, and until when."""
    return f"{label(stream)} are left out until the next check of all records: {reason}"


def _plural(object_type: str) -> str:
    return PLURALS.get(object_type, object_type)


# A kind that is not here is named by its own word, as "owners".
_WORDS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "records": lambda records, _: records,
    "activities": lambda records, _: records,
    "links": lambda ends, others: f"links from {ends} to {others}",
    "search": lambda records, _: f"changes of {records}",
    "labels": lambda ends, others: f"labels between {ends} and {others}",
    "properties": lambda records, _: f"properties of {records}",
    "pipelines": lambda records, _: f"pipelines of {records}",
}
