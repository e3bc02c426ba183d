"""Personal links: the code that a person gives to others, where it leads, and whose visits count.

A code says nothing of the person it belongs to. Where a link leads is chosen from the account's own
list, never by who follows it.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

LETTERS: Final = "bcdfghjkmnpqrstvwxz"
ALPHABET: Final = LETTERS + "23456789"
"""No vowels, so that no code is a word, and nothing that is read as something else (l, y, 0, 1)."""
DRAWN: Final = 10
"""Characters of a code that are drawn: 19 x 27^9, more than 10^14 of them for each account. Of a
million codes, one is hit by 100 million guesses, and shows only the account's own site."""
LONGEST_TARGET: Final = 2000
LONGEST_CAMPAIGN: Final = 100
_CODE: Final = re.compile(rf"[{ALPHABET}]{{1,14}}[{LETTERS}][{ALPHABET}]{{{DRAWN - 1}}}")
_PARAMETER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
# Names that analytics give a meaning of their own.
_TAKEN: Final = re.compile(r"utm_.*|gclid|fbclid|_hs.*|hs[ac]?_.*", re.IGNORECASE)
_MADE_FOR_ADDRESSES: Final = re.compile(r"[\x21-\x7e]+")


def make_code(portal_id: int, choose: Callable[[Sequence[str]], str]) -> str:
    """A new code: the account's number in letters, then letters that *choose* picks.

    `secrets.choice` picks them so that nobody can guess the code. The account stands in it because
    the address of a link names no other.
    """
    drawn = [choose(LETTERS), *(choose(ALPHABET) for _ in range(DRAWN - 1))]
    return _in_letters(portal_id) + "".join(drawn)


def _in_letters(number: int) -> str:
    rest, last = divmod(number, len(ALPHABET))
    return (_in_letters(rest) if rest else "") + ALPHABET[last]


def portal_of(code: str) -> int | None:
    """The account whose code this would be; None for a text that has not the shape of a code."""
    if not is_code(code):
        return None
    number = 0
    for letter in code[:-DRAWN]:
        number = number * len(ALPHABET) + ALPHABET.index(letter)
    return number


def is_code(text: str) -> bool:
    """Whether a text has the shape of a code."""
    return _CODE.fullmatch(text) is not None


def codes_in(address: str) -> Iterator[str]:
    """The codes that an address carries after its question mark, in whatever parameter."""
    _, _, query = address.partition("?")
    values = (value.strip().casefold() for _, value in _pairs(query.partition("#")[0]))
    yield from dict.fromkeys(value for value in values if is_code(value))


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=100)
    except ValueError:  # more fields than any page of ours has
        return []


def target_trouble(address: str) -> str | None:
    """Why a link cannot lead to an address, in a sentence; None when it can."""
    if len(address) > LONGEST_TARGET:
        return f"{address[:60]}… is longer than {LONGEST_TARGET} characters: shorten it"
    if not _MADE_FOR_ADDRESSES.fullmatch(address) or "\\" in address:
        return f"{address[:60]!r} holds characters that no address has: copy it from a browser"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{address[:60]} is no address: copy it from a browser"
    if parts.scheme != "https":
        return f"{address[:60]} does not begin with https://: links lead only to such addresses"
    if parts.username is not None or parts.password is not None or port not in {None, 443}:
        return f"{address[:60]} names a user or a port: give the address as visitors see it"
    if not _is_public(host):
        return f"{address[:60]} names no host of the public web: give the address of your own site"
    return None


def _is_public(host: str) -> bool:
    """Whether a host has a name with a dot, and is no number and no name of a private network."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        is_named = len(labels) > 1 and all(labels) and not labels[-1].isdigit()
        return is_named and labels[-1] not in {"local", "localhost", "internal", "test", "invalid"}
    return False


def parameter_trouble(name: str) -> str | None:
    """Why a form's field cannot be filled from an address by this name; None when it can."""
    if not _PARAMETER.fullmatch(name):
        return (
            f"{name[:60]!r} is no name of a field: use the property's internal name, with letters,"
            " digits, _ and -"
        )
    if _TAKEN.fullmatch(name):
        return f"{name} means something else to analytics: choose another name"
    return None


def destination(target: str, code: str, *, campaign: str, parameter: str) -> str:
    """Where a link leads: the target with the code, and with what analytics go by.

    Values that the target has of its own under these names make way.
    """
    added = {
        "utm_source": "referral",
        "utm_medium": "customer",
        "utm_campaign": campaign,
        "utm_content": code,
        parameter: code,
    }
    parts = urlsplit(target)
    own = [(name, value) for name, value in _pairs(parts.query) if name not in added]
    query = urlencode([*own, *added.items()], quote_via=quote)
    return urlunsplit(parts._replace(query=query))


# Words of programs that open links to look at them: search engines, previews of messengers, mail
# filters, monitors. A visit by one of them is nobody's.
_PROGRAMS: Final = re.compile(
    r"bot|crawl|spider|slurp|preview|scan|fetch|monitor|check|facebookexternalhit|whatsapp|"
    r"telegram|slack|skype|discord|embedly|pinterest|headless|phantom|lighthouse|pingdom|"
    r"python|curl|wget|java/|okhttp|go-http|node|axios|libwww|httpclient|safelinks|proofpoint|"
    r"mimecast|barracuda|google-|feed|validator",
    re.IGNORECASE,
)


def is_visit(method: str, user_agent: str, purpose: str) -> bool:
    """Whether a request is somebody who follows a link.

    HEAD asks without looking, a *purpose* such as "prefetch" looks ahead, and a program says in its
    name what it is, or nothing.
    """
    if method != "GET" or purpose.strip():
        return False
    return bool(user_agent.strip()) and not _PROGRAMS.search(user_agent)
