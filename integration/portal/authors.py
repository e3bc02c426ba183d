"""Authors: what to call whoever did something, as it is stored with their deed."""

from collections.abc import Iterable, Mapping

from integration.storage.database import Transaction
from integration.storage.service import portal_users

_KNOWN = {"": "somebody who was erased", "second-order": "Second Order"}
_USER = "user:"


def in_words(tx: Transaction, author: str) -> str:
    """Return what people read for a stored author: a HubSpot user by name."""
    return all_in_words(tx, [author])[author]


def all_in_words(tx: Transaction, authors: Iterable[str]) -> dict[str, str]:
    """The same for several authors."""
    wanted = set(authors)
    are_users = any(author.startswith(_USER) for author in wanted)
    names = portal_users.names(tx) if are_users else {}
    return {author: named(author, names) for author in wanted}


def named(author: str, names: Mapping[int, str]) -> str:
    """The same where the names of users are known, by their numbers."""
    if not author.startswith(_USER):
        return _KNOWN.get(author, author)
    number = author.removeprefix(_USER)
    known = names.get(int(number)) if number.isdecimal() else None
    return known or f"HubSpot user {number}"
