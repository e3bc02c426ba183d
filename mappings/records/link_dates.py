"""Link dates: when a link was made, as its own notifications say.

HubSpot tells of a link once a side and association type, in any order. Of one type between two
records the latest notice counts, so that a link that was ended and made again has the later date.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from mappings.records.rows import Link, RefPair

# HubSpot's own association types as the other side tells them (docs/hubspot.md, "Associations").
_OTHER_WAY: Final[Mapping[int, int]] = MappingProxyType(
    {
        280: 279, 2: 1,  # company → contact
        4: 3,  # contact → deal
        342: 341, 6: 5,  # company → deal
        16: 15, 340: 339, 25: 26,  # tickets
        13: 14, 14: 13, 449: 449, 450: 450,  # among contacts, among companies
    }
)  # fmt: skip


class LinkDates:
    """What notifications said of when links were made."""

    def __init__(self) -> None:
        # By the two ends as told, then by association type; None where the type was not told.
        self._told: dict[tuple[RefPair, RefPair], dict[int | None, datetime]] = {}

    def add(self, one: RefPair, other: RefPair, type_id: int | None, at: datetime) -> None:
        """Note that the link from *one* to *other* was made."""
        by_type = self._told.setdefault((one, other), {})
        by_type[type_id] = max(at, by_type.get(type_id, at))

    def under(self, survivors: Mapping[RefPair, int]) -> "LinkDates":
        """The same dates, of links of merged records under the ids these have now."""
        if not survivors:
            return self
        moved = LinkDates()
        for (one, other), by_type in self._told.items():
            for type_id, at in by_type.items():
                moved.add(_now(one, survivors), _now(other, survivors), type_id, at)
        return moved

    def of_type(self, link: Link) -> datetime | None:
        """When exactly this association type was set, if a notice of it says so."""
        here, there = self._both_ways(link)
        told = [here[link.type_id]] if link.type_id in here else []
        told += [
            at for type_id, at in there.items() if _OTHER_WAY.get(type_id or 0) == link.type_id
        ]
        return max(told, default=None)

    def of_pair(self, link: Link) -> datetime | None:
        """When anything was set between the two records."""
        here, there = self._both_ways(link)
        return max((*here.values(), *there.values()), default=None)

    def _both_ways(
        self, link: Link
    ) -> tuple[Mapping[int | None, datetime], Mapping[int | None, datetime]]:
        one, other = (link.from_type, link.from_id), (link.to_type, link.to_id)
        return self._told.get((one, other), {}), self._told.get((other, one), {})


def dated(
    links: Collection[Link],
    known: Mapping[Link, datetime | None],
    dates: LinkDates,
    survivors: Mapping[RefPair, int],
) -> list[Link]:
    """The links with their dates: one that is known keeps its own unless a notice is later.

    A link of which no notice tells has no date: it may have been there for long. One that was
    known under a former id of a record, and is not told under it any more, is known, too:
    *survivors* has the ids that records say they lived under before.
    """
    if survivors:
        vanished = {*known} - {link._replace(seen_at=None) for link in links}
        known = {**_carried_over(vanished, known, survivors), **known}
    return [link._replace(seen_at=_date(link, known, dates)) for link in links]


def _carried_over(
    vanished: Iterable[Link],
    known: Mapping[Link, datetime | None],
    survivors: Mapping[RefPair, int],
) -> dict[Link, datetime | None]:
    """Dates of links under their survivors; of two the older counts, and none is the oldest."""
    carried: dict[Link, datetime | None] = {}
    for link in vanished:
        _, from_id = _now((link.from_type, link.from_id), survivors)
        _, to_id = _now((link.to_type, link.to_id), survivors)
        moved, at = link._replace(from_id=from_id, to_id=to_id), known[link]
        before = carried.get(moved, at)
        carried[moved] = min(before, at) if before and at else None
    return carried


def _date(link: Link, known: Mapping[Link, datetime | None], dates: LinkDates) -> datetime | None:
    told, undated = dates.of_type(link), link._replace(seen_at=None)
    if undated not in known:
        return told or dates.of_pair(link)
    before = known[undated]
    return max(before, told) if before and told else before or told


def _now(ref: RefPair, survivors: Mapping[RefPair, int]) -> RefPair:
    return ref[0], survivors.get(ref, ref[1])
