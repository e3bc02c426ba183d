"""Row changes: stored rows subtracted from desired ones, so that doing it twice does nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from integration.storage.database import Row

Key = TypeVar("Key")
NewRow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowChanges(Generic[Key]):
    """What to take back and what to write, by key: `gone` has stored rows, `new` desired ones.

    `replaced` are the stored rows in whose place new ones are written.
    """

    gone: Mapping[Key, Row]
    new: Mapping[Key, NewRow]
    replaced: Mapping[Key, Row]

    @property
    def before(self) -> list[Row]:
        """The stored rows that do not stay as they were."""
        return [*self.gone.values(), *self.replaced.values()]

    @property
    def rows(self) -> list[Row]:
        """Every row that the changes concern, stored or new."""
        return [*self.before, *self.new.values()]


def row_changes(
    stored: Mapping[Key, Row],
    desired: Mapping[Key, NewRow],
    differs: Callable[[NewRow, Row], bool],
) -> RowChanges[Key]:
    """Subtract *stored* from *desired*; a stored row that does not differ stays as it is."""
    new: dict[Key, NewRow] = {}
    replaced: dict[Key, Row] = {}
    for key, row in desired.items():
        if key not in stored:
            new[key] = row
        elif differs(row, stored[key]):
            new[key] = row
            replaced[key] = stored[key]
    gone = {key: row for key, row in stored.items() if key not in desired}
    return RowChanges(gone, new, replaced)
