"""The parts of a listing: a list as people see it, with its columns and filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from integration.storage.listings.list_pages import List


class Shows(Enum):
    """How the values of a column are written."""

    RECORD = auto()
    CONTACT = auto()
    COMPANY = auto()
    DEAL = auto()
    TEXT = auto()
    WIN = auto()
    LABEL = auto()
    OWNER = auto()
    MONEY = auto()
    MAJOR = auto()
    DAY = auto()
    DATE = auto()
    NUMBER = auto()
    CERTAINTY = auto()
    SHARE = auto()
    POINTS = auto()
    CHANGE = auto()
    PERCENT = auto()


_FIGURES = frozenset(
    {
        Shows.MONEY,
        Shows.MAJOR,
        Shows.NUMBER,
        Shows.POINTS,
        Shows.CHANGE,
        Shows.PERCENT,
        Shows.SHARE,
    }
)


class Takes(Enum):
    """How the value of a filter is read."""

    CHOICE = auto()
    CONTACT = auto()
    COMPANY = auto()
    OWNER = auto()
    DAY_FROM = auto()
    DAY_TO = auto()
    DATE_FROM = auto()
    DATE_TO = auto()
    MONEY = auto()
    MAJOR = auto()
    NUMBER = auto()
    YES = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its heading, how it is written, and the order that sorts by it.

    *labels* are what people read for stored words; *note* is another value of the row, shown
    smaller below, with a heading of its own in files.
    """

    name: str
    heading: str
    shows: Shows
    order: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    note_heading: str = ""
    note_labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_figure(self) -> bool:
        """Whether values stand to the end of the column, so that digits stand below each other."""
        return self.shows in _FIGURES


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter: its name in the address, its label, how it is read, and its fixed choices.

    The choices of one *in_use* are the account's own: stages, pipelines.
    """

    name: str
    label: str
    takes: Takes
    choices: Mapping[str, str] = field(default_factory=dict)
    in_use: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: its place in the address, its title, what is on it, its columns and filters.

    One that *has its own page* is only a file here.
    """

    name: str
    title: str
    note: str
    object_type: str
    stored: List
    columns: Sequence[Column]
    filters: Sequence[Filter]
    order: str
    has_own_page: bool = False

    @property
    def filters_by_name(self) -> Mapping[str, Filter]:
        """The filters by their name in the address."""
        return {entry.name: entry for entry in self.filters}
