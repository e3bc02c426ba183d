"""Absences: what became of records that HubSpot no longer shows under their id."""

from collections.abc import Collection
from dataclasses import dataclass, field

from integration.portal.context import PortalContext


@dataclass(slots=True)
class Absences:
    """Records that were deleted, those that live on under another id, and those still there.

    `unexplained` are records for which there was no call left.
    """

    deleted: set[int] = field(default_factory=set)
    survivors: dict[int, int] = field(default_factory=dict)
    present: set[int] = field(default_factory=set)
    unexplained: set[int] = field(default_factory=set)


def explain(
    portal: PortalContext, object_type: str, ids: Collection[int], *, most_lookups: int | None
) -> Absences:
    """Find out about records that a list or a batch read did not show.

    The recycle bin names the deleted ones, a hundred a call, and no call fails. What is not there
    either was merged without a notice, or deleted for good: a GET each tells, *most_lookups* at
    most.
    """
    absences = Absences()
    if not ids:
        return absences
    absences.deleted = portal.hubspot.deleted(object_type, sorted(ids))
    others = sorted(set(ids) - absences.deleted)
    absences.unexplained = set(others[most_lookups:]) if most_lookups is not None else set()
    for record_id in others[:most_lookups]:
        survivor = portal.hubspot.survivor(object_type, record_id)
        if survivor is None:
            absences.deleted.add(record_id)
        elif survivor == record_id:
            absences.present.add(record_id)
        else:
            absences.survivors[record_id] = survivor
    return absences
