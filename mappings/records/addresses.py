"""E-mail addresses, domains and profile pages in the one form that can be compared."""

import re
import unicodedata
from typing import Final
from urllib.parse import unquote, urlsplit

from mappings.caching import cached
from mappings.records.values import Parsed
from mappings.rules.text.domains import dns_form

_MAX_EMAIL: Final = 254
_MAX_DOMAIN: Final = 253
_MAX_URL: Final = 400
# Most addresses are as plain as this, and stand for themselves.
_PLAIN = re.compile(
    r"[a-z0-9][a-z0-9._-]{0,60}@(?!www\.)(?:[a-z0-9]{1,40}\.){1,3}[a-z]{2,12}", re.ASCII
)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_LABELS_OF_A_DOMAIN: Final = 2
_NEVER_IN_LOCAL: Final = frozenset('@<>",;:\\()[]')
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs"})  # Unicode's categories
_LINKED_PARTS: Final = 2
_NO_EMAIL: Final = "is not an e-mail address"
_NO_DOMAIN: Final = "is not a domain"
_NO_PROFILE: Final = "is not a profile address"
# Results are immutable, and whoever shares a key with a changed contact is read again with it.
_REMEMBERED: Final = 1 << 14


@cached(_REMEMBERED)
def email(text: str | None) -> Parsed[str]:
    """An address in lower case with its host in DNS form; a name around it is dropped."""
    if text and _PLAIN.fullmatch(text):
        return Parsed(text)
    written = unicodedata.normalize("NFKC", text or "").strip()
    if not written:
        return Parsed()
    address = _without_name(written)
    local, at, host = address.rpartition("@")
    local = local.lower().removeprefix("mailto:")
    if not at or len(address) > _MAX_EMAIL or not _is_local(local):
        return Parsed(odd=_NO_EMAIL)
    ascii_host = domain(host).value
    if ascii_host is None:
        return Parsed(odd="has no valid domain")
    return Parsed(f"{local}@{ascii_host}")


def _without_name(written: str) -> str:
    """The address in "Ana Lopez <ana@acme.com>"."""
    if not written.endswith(">") or "<" not in written:
        return written
    return written[written.rindex("<") + 1 : -1].strip()


def _is_local(local: str) -> bool:
    """Whether a text can stand before the @ of an address."""
    if not local or not _NEVER_IN_LOCAL.isdisjoint(local):
        return False
    return not any(sign.isspace() or unicodedata.category(sign) in _INVISIBLE for sign in local)


def emails(text: str | None) -> tuple[str, ...]:
    """The usable addresses of `a@x;b@y`, each once."""
    parts = re.split(r"[;,\s]+", text) if text else ()
    addresses = (email(part).value for part in parts)
    return tuple(dict.fromkeys(filter(None, addresses)))


@cached(_REMEMBERED)
def domain(text: str | None) -> Parsed[str]:
    """A host name in lower-case DNS form; scheme, `www.`, port and path are dropped."""
    written = unicodedata.normalize("NFKC", text or "").strip()
    if not written:
        return Parsed()
    host = written.partition("://")[2] or written
    host = re.split(r"[/?#]", host, maxsplit=1)[0].rpartition("@")[2].partition(":")[0]
    ascii_host = dns_form(host.rstrip(".")).removeprefix("www.")
    return Parsed(ascii_host) if _is_domain(ascii_host) else Parsed(odd=_NO_DOMAIN)


def _is_domain(host: str) -> bool:
    labels = host.split(".")
    # Figures at the end are an IP address.
    if len(host) > _MAX_DOMAIN or len(labels) < _LABELS_OF_A_DOMAIN or labels[-1].isdigit():
        return False
    return all(map(_LABEL.fullmatch, labels))


@cached(_REMEMBERED)
def profile(text: str | None) -> Parsed[str]:
    """A social profile's address in one form: `linkedin.com/in/ana`.

    Scheme, locale, query and a slash at the end are dropped.
    """
    written = unicodedata.normalize("NFKC", text or "").strip()
    if not written:
        return Parsed()
    if len(written) > _MAX_URL or any(map(str.isspace, written)):
        return Parsed(odd=_NO_PROFILE)
    host, path = _page(written)
    if host is None or not path:
        return Parsed(odd=_NO_PROFILE)
    # `de.linkedin.com/in/ana/en` and `linkedin.com/in/ana` are one page.
    if f".{host}".endswith(".linkedin.com"):
        host, path = "linkedin.com", path[:_LINKED_PARTS]
    return Parsed("/".join([host, *path]))


def _page(url: str) -> tuple[str | None, list[str]]:
    """The host and the parts of the path of a URL; no host where it is none."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
    except ValueError:
        return None, []
    path = [unquote(part).lower() for part in parts.path.split("/") if part]
    return domain(parts.netloc).value, path
