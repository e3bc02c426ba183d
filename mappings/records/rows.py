"""CRM records as HubSpot sends and the mirror keeps them: strings untouched, links beside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

_NOTHING: Mapping[str, Any] = MappingProxyType({})
HUBSPOT_DEFINED: Final = "HUBSPOT_DEFINED"
"""The category of associations and labels that every portal has."""


class RecordRef(NamedTuple):
    """The name of a record: its object type (our singular word) and its id."""

    object_type: str
    record_id: int


# A RecordRef, or any pair of the same parts, as rows and sets of look-ups hold them.
RefPair = tuple[str, int]


class Link(NamedTuple):
    """One association type between two records, seen from *from_id*; a pair may have several.

    `seen_at` is when its notification came, None for links that were there at
    the import: HubSpot does not say when a link was made.
    """

    from_type: str
    from_id: int
    to_type: str
    to_id: int
    type_id: int
    category: str = HUBSPOT_DEFINED
    label: str | None = None
    seen_at: datetime | None = None


class Record(NamedTuple):
    """One CRM record.

    `history` holds HubSpot's version objects (value, timestamp, sourceType …)
    by property, newest first. `inline` are the ids that a list call returns
    beside the record, without labels; `overflow` names the types of which there
    are more. `absent` are properties that were asked for and do not exist in the
    portal: an empty one is null. A tuple, since an import makes a hundred of them
    a call and a tuple is the cheapest to make.
    """

    object_type: str
    id: int
    properties: Mapping[str, str | None]
    history: Mapping[str, Sequence[Mapping[str, Any]]] = _NOTHING
    created_at: datetime | None = None
    updated_at: datetime | None = None
    archived: bool = False
    links: Sequence[Link] = ()
    inline: Mapping[str, Sequence[int]] = _NOTHING
    overflow: Sequence[str] = ()
    absent: frozenset[str] = frozenset()

    def get(self, name: str | None) -> str:
        """The property's text; empty when it is absent, null, or not mapped at all."""
        value = None if name is None else self.properties.get(name)
        # HubSpot promises strings; a number in their place must not stop a portal.
        return "" if value is None else str(value)

    @property
    def ref(self) -> RecordRef:
        """This record's reference."""
        return RecordRef(self.object_type, self.id)
