"""Host names: the one form of each, and the domain that somebody registered."""

import unicodedata
from functools import cache
from typing import Final

import idna
import tldextract

from mappings.caching import cached

_LONGEST_HOST: Final = 253  # signs, by DNS


@cached(1 << 15)
def dns_form(host: str) -> str:
    """A host name as DNS knows it, in small ASCII letters; "" where there is no such form.

    By IDNA 2008 `straße.de` is `xn--strae-oqa.de`, which somebody else than strasse.de can own.
    """
    if host.isascii():
        return host.lower()
    # Encoding takes time that grows with the length, and no longer name can be one.
    if len(host) > _LONGEST_HOST:
        return ""
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return _as_spelled(host)


def _as_spelled(host: str) -> str:
    """The form that a name with an emoji or underscore has in use, though IDNA 2008 allows neither.

    Its wire form (`xn--i-7iq.ws`) is met in the wild and taken as it is: the written one equals it.
    """
    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
    except idna.IDNAError:
        return ""
    if not all(sign in "-_." or _is_spelled(sign) for sign in mapped):
        return ""
    return ".".join(_label(label) for label in mapped.split("."))


def _is_spelled(sign: str) -> bool:
    """Whether a sign shows: letters, digits, marks and symbols do, joiners and controls do not."""
    return unicodedata.category(sign)[0] in "LMNS"


def _label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


@cached(1 << 15)
def registrable(host: str) -> str:
    """The domain somebody registered, by the public suffix list: `a.nhs.uk` of `mail.a.nhs.uk`.

    A public suffix itself (`nhs.uk`) is its own domain, so that its own addresses still have one.
    """
    host = host.strip(".").lower()
    cut = _suffix_list().extract_str(host)
    if not cut.suffix:
        # The list's default rule is "*": an ending that it does not know is a suffix of one label.
        return ".".join(host.split(".")[-2:])
    return cut.top_domain_under_public_suffix or host


@cache
def _suffix_list() -> tldextract.TLDExtract:
    """The copy of the list that the library brings: nothing is fetched, nothing kept on disk.

    Its private part counts too: acme.github.io and acme.uk.com are Acme's, not the lender's.
    """
    return tldextract.TLDExtract(
        cache_dir=None,
        suffix_list_urls=(),
        include_psl_private_domains=True,
    )


def above(host: str) -> tuple[str, ...]:
    """A host and those that it is below, without the last label alone: mail.tuta.com, tuta.com."""
    labels = host.split(".")
    return tuple(".".join(labels[start:]) for start in range(max(1, len(labels) - 1)))
