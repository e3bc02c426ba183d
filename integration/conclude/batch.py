"""A batch: one page of concluding, with the portal's map, the policy, the time and what failed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar, Unpack

from integration.core.errors import SecondOrderError
from integration.core.wake_ups import TookTooLong
from integration.portal import invalidation
from integration.portal import settings as portal_settings
from integration.portal.invalidation import Change
from integration.portal.occurrence import Extent, Terms
from integration.storage.database import Transaction
from integration.storage.queue.page_context import NO_LOOPS, Loops, PageContext, SurveyLinks
from integration.storage.queue.recompute import Due
from mappings.records.portal_map import PortalMap
from mappings.records.rows import RefPair
from mappings.rules.policy import Policy


class _Identified(Protocol):
    @property
    def id(self) -> int: ...


# These hit whatever record is at hand: no memory, a job that took too long, the database.
_NOT_THE_RECORD = (MemoryError, TookTooLong, SecondOrderError)

T = TypeVar("T")
R = TypeVar("R")
Known = TypeVar("Known", bound=_Identified)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one page of work goes by, and what it collects.

    `codes` are tracked codes with the contacts they belong to; `imported` says that the first
    import is through, `weighed` that its deals were judged with the activities, too; `paused` are
    properties that are not written now, `survey` is how links to our survey are made, None where
    the account does not ask with it. `link_base` is what personal links begin with, empty while
    the referral program is off; `has_codes`: there is any code of one. `loops` is what is known of
    follow-ups. Collected are in `failed`
    the records whose rules raised, with the reason, and in `due` the records to conclude again
    because of what the page found.
    """

    tx: Transaction
    portal_map: PortalMap
    policy: Policy
    now: datetime
    codes: Mapping[str, int]
    imported: bool
    weighed: bool
    paused: frozenset[tuple[str, str]]
    survey: SurveyLinks | None = None
    link_base: str = ""
    has_codes: bool = False
    loops: Loops = NO_LOOPS
    failed: dict[RefPair, str] = field(default_factory=dict)
    due: Due = field(default_factory=Due)

    def changed(self, change: Change, **extent: Unpack[Extent]) -> None:
        """Record what changed; what follows is found now, and queued when the page is through."""
        terms = Terms(self.portal_map, self.policy, self.imported)
        self.due.merge(invalidation.due(self.tx, change, terms=terms, **extent))

    def each(
        self, items: Iterable[tuple[RefPair, T]], rule: Callable[[T], R]
    ) -> Iterator[tuple[T, R]]:
        """Apply *rule* to every item; a record that makes it raise fails, its neighbours go on."""
        for ref, item in items:
            try:
                result = rule(item)
            except _NOT_THE_RECORD:
                raise
            except Exception as trouble:  # noqa: BLE001 - whatever a record provokes, others go on
                self.fail(ref, trouble)
                continue
            yield item, result

    def each_of(
        self, object_type: str, records: Iterable[Known], rule: Callable[[Known], R]
    ) -> Iterator[tuple[Known, R]]:
        """As :meth:`each`, for records of one type that know their id."""
        return self.each((((object_type, record.id), record) for record in records), rule)

    def fail(self, ref: RefPair, trouble: Exception) -> None:
        """Remember that a record failed. The text is the rule's, which names no person."""
        self.failed[ref] = f"{type(trouble).__name__}: {trouble}"[:500]

    def broken(self, object_type: str) -> set[int]:
        """The records of a type that failed; they are not gone, only not understood."""
        return {record_id for failed_type, record_id in self.failed if failed_type == object_type}


def open_batch(tx: Transaction, opening: PageContext, now: datetime) -> Batch:
    """Start a page of work by the newest settings, or by the defaults where there are none."""
    settings = portal_settings.understood(opening.version, opening.body)
    return Batch(
        tx,
        settings.map,
        settings.policy,
        now,
        settings.codes,
        opening.imported,
        opening.weighed,
        opening.paused,
        opening.survey,
        opening.link_base,
        opening.has_codes,
        opening.loops,
    )
