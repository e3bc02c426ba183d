"""Mail hosts: at which of them anybody can have an address, by lists that are kept as files.

The files' own README.txt says what they hold and where it comes from. They are read once.
"""

from functools import cache
from importlib import resources

from mappings.caching import cached
from mappings.rules.text.domains import above, registrable
from mappings.rules.text.folding import words

_FOLDER = "mappings.mail_hosts"
_ANY_COUNTRY = ".*"
_COUNTRY_LETTERS = 2
# Countries' endings that are sold to anybody: live.me and outlook.io are not Microsoft's.
_SOLD_TO_ANYBODY = words("ai cc co fm gg io ly me sh to tv ws")


@cached(1 << 15)
def is_anybodys(host: str) -> bool:
    """Whether an address at a host names no employer: it is a free-mail or a disposable one."""
    return is_private(host) or is_disposable(host)


def is_private(host: str) -> bool:
    """Whether anybody can have a lasting address at a host, or at one that it is below."""
    return not _listed("private", "services").isdisjoint(above(host)) or _is_of_a_family(host)


def is_disposable(host: str) -> bool:
    """Whether addresses at a host, or at one that it is below, are made to be thrown away."""
    return not _listed("disposable").isdisjoint(above(host))


def _is_of_a_family(host: str) -> bool:
    """Whether a host is a country's own of a service that has one in many countries: yahoo.nl."""
    if _families().isdisjoint(host.split(".")):
        return False
    name, _, suffix = registrable(host).partition(".")
    country = suffix.rpartition(".")[2]
    is_country = len(country) == _COUNTRY_LETTERS and country not in _SOLD_TO_ANYBODY
    return is_country and name in _families()


@cache
def _families() -> frozenset[str]:
    """The names that stand in the list below every country's ending."""
    families = [entry for entry in _listed("services") if entry.endswith(_ANY_COUNTRY)]
    return frozenset(family.removesuffix(_ANY_COUNTRY) for family in families)


@cache
def _listed(*names: str) -> frozenset[str]:
    """The entries of these files together."""
    folder = resources.files(_FOLDER)
    text = "\n".join(folder.joinpath(f"{name}.txt").read_text("utf-8") for name in names)
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
