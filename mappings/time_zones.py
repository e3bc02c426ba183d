"""Time zones: an account's own, by the name that the CRM gives it."""

from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

# The machine's own zone, and none at all: no account means these.
_NOT_A_PLACE = frozenset({"localtime", "posixrules", "factory"})


@lru_cache(maxsize=64)
def zone_named(name: str) -> ZoneInfo | None:
    """The time zone of a name, however its letters are written; None when there is none."""
    plain = name.strip()
    if not plain or plain.casefold() in _NOT_A_PLACE:
        return None
    return _opened(plain) or _opened(_spellings().get(plain.casefold(), ""))


def _opened(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, no name at all, or a folder of zones
        return None


@lru_cache(maxsize=1)
def _spellings() -> dict[str, str]:
    return {name.casefold(): name for name in sorted(available_timezones())}
