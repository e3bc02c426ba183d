"""Which scopes a route needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .records import PLURALS

if TYPE_CHECKING:
    from .calls import Call

_COVERED_BY_CONTACTS = frozenset({"note", "task", "meeting", "call", "email"})


def object_scope(call: Call, kind: str, action: str) -> str:
    """The scope to read or write records of a type."""
    if kind == "ticket":
        return "tickets"
    if kind in _COVERED_BY_CONTACTS:
        return f"crm.objects.contacts.{action}"
    if kind == "feedback_submission":  # there is no scope to write them
        own = call.hubspot.quirks.feedback_needs_own_scope
        return "crm.objects.feedback_submissions.read" if own else "crm.objects.contacts.read"
    return f"crm.objects.{PLURALS[kind]}.{action}"


def reading(call: Call) -> list[str]:
    """Read records of the type in the path."""
    return [object_scope(call, call.kind, "read")]


def writing(call: Call) -> list[str]:
    """Write records of the type in the path."""
    return [object_scope(call, call.kind, "write")]


def defining(call: Call) -> list[str]:
    """Create or change properties of the type in the path."""
    return ["tickets"] if call.kind == "ticket" else [f"crm.schemas.{PLURALS[call.kind]}.write"]


def both_reading(call: Call) -> list[str]:
    """Read associations between two types."""
    return [object_scope(call, call.type_of(side), "read") for side in ("from", "to")]


def both_writing(call: Call) -> list[str]:
    """Write associations; the far side may be read-only."""
    return [
        object_scope(call, call.type_of("from"), "write"),
        object_scope(call, call.type_of("to"), "read"),
    ]


def any_app(_: Call) -> list[str]:
    """Every installed app may."""
    return ["oauth"]


def owners(_: Call) -> list[str]:
    """Read owners."""
    return ["crm.objects.owners.read"]


def lists_read(_: Call) -> list[str]:
    """Read lists."""
    return ["crm.lists.read"]


def lists_create(_: Call) -> list[str]:
    """Create a list."""
    return ["crm.lists.write"]


def lists_change(_: Call) -> list[str]:
    """Change a list or its members."""
    return ["crm.lists.read", "crm.lists.write"]
