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
_LINKED_PARTS: Final = 2
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
    if written.endswith(">") and "<" in written:
        written = written[written.rindex("<") + 1 : -1].strip()
    local, at, host = written.rpartition("@")
    local = local.lower().removeprefix("mailto:")
    if not at or not local or "@" in local or len(written) > _MAX_EMAIL:
        return Parsed(odd="is not an e-mail address")
    if any(sign.isspace() or unicodedata.category(sign) in {"Cc", "Cf", "Cs"} for sign in local):
        return Parsed(odd="is not an e-mail address")
    if set(local) & set('<>",;:\\()[]'):
        return Parsed(odd="is not an e-mail address")
    found = domain(host)
    if found.value is None:
        return Parsed(odd="has no valid domain")
    return Parsed(f"{local}@{found.value}")


def emails(text: str | None) -> tuple[str, ...]:
    """The usable addresses of `a@x;b@y`, each once."""
    parts = re.split(r"[;,\s]+", text) if text else ()
    return tuple(dict.fromkeys(found for part in parts if (found := email(part).value)))


@cached(_REMEMBERED)
def domain(text: str | None) -> Parsed[str]:
    """A host name in lower-case DNS form; scheme, `www.`, port and path are dropped."""
    written = unicodedata.normalize("NFKC", text or "").strip()
    if not written:
        return Parsed()
    host = written.partition("://")[2] or written
    host = re.split(r"[/?#]", host, maxsplit=1)[0].rpartition("@")[2].partition(":")[0]
    ascii_host = dns_form(host.rstrip(".")).removeprefix("www.")
    if len(ascii_host) > _MAX_DOMAIN:
        return Parsed(odd="is not a domain")
    labels = ascii_host.split(".")
    if (
        len(labels) < 2  # noqa: PLR2004
        or labels[-1].isdigit()
        or not all(_LABEL.fullmatch(label) for label in labels)
    ):
        return Parsed(odd="is not a domain")
    return Parsed(ascii_host)


@cached(_REMEMBERED)
def profile(text: str | None) -> Parsed[str]:
    """A social profile's address without scheme, locale, query and trailing slash: `linkedin.com/in/ana`."""
    written = unicodedata.normalize("NFKC", text or "").strip()
    if not written:
        return Parsed()
    if len(written) > _MAX_URL or any(sign.isspace() for sign in written):
        return Parsed(odd="is not a profile address")
    try:
        parts = urlsplit(written if "://" in written else f"https://{written}")
    except ValueError:
        return Parsed(odd="is not a profile address")
    host = domain(parts.netloc).value
    path = [unquote(part).lower() for part in parts.path.split("/") if part]
    if host is None or not path:
        return Parsed(odd="is not a profile address")
    if host == "linkedin.com" or host.endswith(".linkedin.com"):
        # `de.linkedin.com/in/ana/en` and `linkedin.com/in/ana` are one page.
        host, path = "linkedin.com", path[:_LINKED_PARTS]
    return Parsed("/".join([host, *path]))
