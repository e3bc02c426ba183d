"""Row reader: one mirrored record property by property, with a note of each odd value."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Final, TypeVar

from mappings.records import values
from mappings.records.rows import Link, Record
from mappings.rules.facts import Version

T = TypeVar("T")

# HubSpot lets a text be 65,536 characters long. No name is, and a self-reported source stands in
# its first few hundred words.
LONGEST_TEXT: Final = 2_000

# Association types that mark a primary company, in either direction.
PRIMARY: Final = frozenset({1, 2, 5, 6, 25, 26})
# A record of HubSpot's always has a creation time. A hostile row without one gets this, so old
# that no rule takes it for a recent event.
UNKNOWN_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Odd:
    """A value that could not be used: where it stood, and why."""

    object_type: str
    id: int
    property_name: str
    reason: str


class FieldReader:
    """Reads one record's properties and remembers what was odd about them."""

    def __init__(self, record: Record, odd: list[Odd] | None) -> None:
        self.record = record
        self.odd = odd

    def text(self, name: str | None) -> str:
        """The trimmed text, at most `LONGEST_TEXT` characters; empty when there is none."""
        return self.record.get(name)[:LONGEST_TEXT].strip()

    def maybe_text(self, name: str | None) -> str | None:
        """The trimmed text, or None."""
        return self.text(name) or None

    def moment(self, name: str | None) -> datetime | None:
        """A point in time."""
        written = self.record.get(name)
        return self.keep(name, values.moment(written)) if written else None

    def latest(self, *names: str) -> datetime | None:
        """The latest of several times."""
        return max(filter(None, map(self.moment, names)), default=None)

    def money(self, name: str | None, currency: str | None) -> int | None:
        """Minor units of *currency*."""
        return self.keep(name, values.minor_units(self.record.get(name), currency))

    def id(self, name: str | None) -> int | None:
        """A record or owner id."""
        written = self.record.get(name)
        return self.keep(name, values.record_id(written)) if written else None

    def flag(self, name: str | None) -> bool:
        """Whether the property is true; absent and odd ones are not."""
        written = self.record.get(name)
        return bool(written and self.keep(name, values.truth(written)))

    def keep(self, name: str | None, parsed: values.Parsed[T]) -> T | None:
        """The parsed value; why there is none is noted."""
        if parsed.odd and self.odd is not None and name is not None:
            self.odd.append(Odd(self.record.object_type, self.record.id, name, parsed.odd))
        return parsed.value

    def created_at(self) -> datetime:
        """When the record was made; `UNKNOWN_TIME` when that is not known."""
        return self.moment("createdate") or self.record.created_at or UNKNOWN_TIME

    def since(self, name: str | None) -> datetime | None:
        """When the property got its present value; None when its history does not have that."""
        now = self.text(name)
        if name is None or not now:
            return None
        since = None
        for version in reversed(history_of(self.record, name)):
            if version.value.strip() != now:
                break
            since = version.at
        return since


def history_of(record: Record, name: str) -> tuple[Version, ...]:
    """One property's versions, oldest first; versions without a believable time are left out."""
    versions = []
    for raw in record.history.get(name) or ():
        source = raw.get("sourceId")
        version = _known_version(
            str(raw.get("value") or "")[:LONGEST_TEXT],
            str(raw.get("timestamp") or "")[:LONGEST_TEXT],
            str(raw.get("sourceType") or "")[:LONGEST_TEXT],
            None if source is None else str(source)[:LONGEST_TEXT],
        )
        if version is not None:
            versions.append(version)
    # HubSpot documents newest first; sorting costs little, and does not depend on that.
    return tuple(sorted(versions, key=_AT)) if len(versions) > 1 else tuple(versions)


_AT = attrgetter("at")


def _version(value: str, timestamp: str, source_type: str, source_id: str | None) -> Version | None:
    at = values.moment(timestamp).value
    return None if at is None else Version(value, at, source_type, source_id)


# A history is read with its record each time a similar record changes.
_known_version = lru_cache(1 << 14)(_version)


def linked(record: Record, object_type: str) -> tuple[int, ...]:
    """Ids of one type this record points to, primary first, each once."""
    links = links_to(record, object_type)
    first = [link.to_id for link in links if link.type_id in PRIMARY]
    return tuple(dict.fromkeys([*first, *sorted(link.to_id for link in links)]))


def links_to(record: Record, object_type: str) -> list[Link]:
    """Links to one type; a record associated with itself is nobody's company, contact or ticket."""
    own = record.id if record.object_type == object_type else None
    return [link for link in record.links if link.to_type == object_type and link.to_id != own]
