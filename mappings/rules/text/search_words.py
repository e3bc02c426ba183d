"""Search words: by which words a record is found, and what a person's question looks for.

Both sides are folded alike: small Latin letters without accents, whatever the script. A word is
found by its beginning. Of a host name the words before its public suffix count, unless it is one
of free mail, which tells nobody from anybody.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

from mappings.kinds import ObjectType
from mappings.rules.text.domains import registrable
from mappings.rules.text.folding import fold_name
from mappings.rules.text.mail_hosts import is_anybodys
from mappings.rules.text.names import slips

MOST_ASKED: Final = 6
"""Words of a question that are looked for."""
_MOST = 16  # words that one record is found by
_LONGEST = 40  # letters of a word
_MOST_WRITTEN = 200  # words of all that one person wrote
_SHORTEST_WRITTEN = 3  # letters; shorter ones tell nothing from anything
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+", re.UNICODE)

# Which properties people call a record by; those that hold addresses are read as such.
_CALLED: Final[Mapping[str, tuple[str, ...]]] = {
    ObjectType.CONTACT: ("firstname", "lastname", "company"),
    ObjectType.COMPANY: ("name",),
    ObjectType.DEAL: ("dealname",),
}
_ADDRESSED: Final[Mapping[str, tuple[str, ...]]] = {
    ObjectType.CONTACT: ("email", "hs_additional_emails"),
    ObjectType.COMPANY: ("domain", "hs_additional_domains"),
}
SEARCHED: Final = frozenset(_CALLED)
"""The types of records that people look for."""


def words_of(object_type: str, properties: Mapping[str, Any]) -> frozenset[str]:
    """The words by which a record of such a type is found."""
    addresses = (
        _of_address(address)
        for name in _ADDRESSED.get(object_type, ())
        for address in _text(properties, name).split(";")
    )
    names = (_of_text(_text(properties, name)) for name in _CALLED.get(object_type, ()))
    found: dict[str, None] = {}
    for word in chain(chain.from_iterable(names), chain.from_iterable(addresses)):
        found.setdefault(word)
        if len(found) == _MOST:
            break
    return frozenset(found)


def words_of_comments(comments: Iterable[str]) -> frozenset[str]:
    """The words by which somebody is found by what they wrote; of the first comments the most."""
    found: dict[str, None] = {}
    for comment in comments:
        for word in _written(comment):
            if len(word) >= _SHORTEST_WRITTEN:
                found.setdefault(word)
            if len(found) == _MOST_WRITTEN:
                return frozenset(found)
    return frozenset(found)


def is_in(words: Iterable[str], comment: str) -> bool:
    """Whether a comment has, of each of these words, one that begins so."""
    written = list(_written(comment))
    return all(any(own.startswith(word) for own in written) for word in words)


def asked(text: str) -> tuple[str, ...]:
    """The words of a question, each once, in the order in which they were written."""
    parts = (
        _of_address(part) if "@" in part or _HOST.fullmatch(part) else _of_text(part)
        for part in text.split()
    )
    words = dict.fromkeys(chain.from_iterable(parts))
    return tuple(words)[:MOST_ASKED]


def mistyped(word: str) -> frozenset[str]:
    """The words that may have been meant: one slip of the keyboard away."""
    return slips(word)


def _text(properties: Mapping[str, Any], name: str) -> str:
    value = properties.get(name)
    return value if isinstance(value, str) else ""


def _of_text(text: str) -> Iterable[str]:
    return (word[:_LONGEST] for word in fold_name(text).split())


def _written(comment: str) -> Iterator[str]:
    """The words of a long text, each folded by itself, for whole texts are not to be remembered."""
    for part in comment.split():
        yield from _of_text(part)


def _of_address(address: str) -> Iterable[str]:
    """The words of an e-mail address or a host name."""
    local, at, host = address.strip().lower().rpartition("@")
    return chain(_of_text(local), () if at and is_anybodys(host) else _of_host(host))


def _of_host(host: str) -> Iterable[str]:
    ending = registrable(host).count(".")
    labels = host.strip(".").split(".")
    kept = labels[:-ending] if ending else labels
    return _of_text(" ".join(label for label in kept if label != "www"))
