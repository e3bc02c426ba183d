"""Lists (segments) of a portal: what was asked for, and who is in them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .records import TYPE_IDS, Json, iso


@dataclass(slots=True)
class Segment:
    """A list. Members of a dynamic one come from its filters, of the others they are set."""

    id: int
    name: str
    object_type: str
    processing_type: str
    filter_branch: Json | None
    created: int
    updated: int
    version: int = 1
    deleted: int | None = None
    members: dict[int, int] = field(default_factory=dict)  # record id -> when it joined

    def json(self, size: int, *, with_filters: bool = True) -> Json:
        """As the lists routes show it."""
        body: Json = {
            "listId": str(self.id),
            "listVersion": self.version,
            "name": self.name,
            "objectTypeId": TYPE_IDS[self.object_type],
            "processingType": self.processing_type,
            "processingStatus": "COMPLETE",
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "filtersUpdatedAt": iso(self.updated),
            "size": size,
        }
        if with_filters and self.filter_branch is not None:
            body["filterBranch"] = self.filter_branch
        return body
