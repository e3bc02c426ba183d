"""Saved reports: kept under a name for everybody of the account, changed without losing a change.

What is kept is the address of a report, so that it shows what is known when it is opened. Whoever
changes one says which revision they saw: a change of somebody else in between is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from integration.core.errors import RecordGone, Refused
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.service import saved_report_rows
from integration.storage.service.saved_report_rows import SavedRow
from mappings.records import report_view
from mappings.records.report_view import ReportView
from mappings.stored.saved_report_shape import SAVED_VIEW, SavedView, SavedWord

MOST: Final = 500
"""Saved reports of one account."""
LONGEST_NAME: Final = 120
Labels = Mapping[tuple[str, str], str]
"""What people read for a name and value of an address."""


class ChangedMeanwhile(Refused):
    """Somebody else changed or deleted the report after it was opened."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved report. `unread` are the words of its address that nothing can read any more."""

    report_id: int
    name: str
    view: ReportView
    owner: str
    changed_by: str
    changed_at: datetime
    revision: int
    is_deleted: bool = False
    labels: Labels = field(default_factory=dict)
    unread: tuple[SavedWord, ...] = ()


def every(portal: PortalContext) -> list[Saved]:
    """Return the account's saved reports by name."""
    with portal.transaction() as tx:
        return list(map(_saved, saved_report_rows.every(tx)))


def find(portal: PortalContext, report_id: int) -> Saved:
    """Return one, also if it is deleted. Raises :class:`RecordGone` where there is none."""
    with portal.transaction() as tx:
        return within(tx, report_id)


def within(tx: Transaction, report_id: int) -> Saved:
    """As :func:`find`, within a transaction."""
    row = saved_report_rows.find(tx, report_id)
    if row is None:
        raise RecordGone(f"There is no saved report {report_id}")
    return _saved(row)


def save(portal: PortalContext, name: str, view: ReportView, *, labels: Labels, actor: str) -> int:
    """Keep a view under a name; return its number."""
    with portal.transaction() as tx:
        return _add(tx, _name(name), _body(view, labels), actor)


def change(
    portal: PortalContext,
    report_id: int,
    *,
    seen: int,
    actor: str,
    name: str | None = None,
    view: ReportView | None = None,
    labels: Labels | None = None,
) -> None:
    """Give a report another name, or let it show something else.

    Raises :class:`ChangedMeanwhile` if it is not at the revision that was *seen*.
    """
    with portal.transaction() as tx:
        row = saved_report_rows.find(tx, report_id)
        if row is None:
            raise RecordGone(f"There is no saved report {report_id}")
        is_changed = saved_report_rows.change(
            tx,
            report_id,
            seen=seen,
            name=row.name if name is None else _name(name),
            body=row.body if view is None else _body(view, labels or {}),
            by=actor,
        )
    if not is_changed:
        raise ChangedMeanwhile(
            "Somebody changed this report after you opened it, so yours was not saved"
        )


def copy(portal: PortalContext, report_id: int, name: str, *, actor: str) -> int:
    """Keep the same under another name, with *actor* as its owner."""
    with portal.transaction() as tx:
        row = saved_report_rows.find(tx, report_id)
        if row is None:
            raise RecordGone(f"There is no saved report {report_id}")
        return _add(tx, _name(name), row.body, actor)


def delete(portal: PortalContext, report_id: int, *, actor: str) -> None:
    """Take a report out of the list; it can be taken back for a time."""
    with portal.transaction() as tx:
        saved_report_rows.set_deleted(tx, report_id, is_deleted=True, by=actor)


def take_back(portal: PortalContext, report_id: int, *, actor: str) -> None:
    """Put a deleted report into the list again."""
    with portal.transaction() as tx:
        saved_report_rows.set_deleted(tx, report_id, is_deleted=False, by=actor)


def _add(tx: Transaction, name: str, body: object, owner: str) -> int:
    if saved_report_rows.count(tx) >= MOST:
        raise Refused(f"The account has {MOST} saved reports, the most there can be. Delete some")
    return saved_report_rows.add(tx, name, body, owner=owner)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise Refused("Give the report a name, so that others find it")
    if len(name) > LONGEST_NAME:
        raise Refused(f"A name has {LONGEST_NAME} characters at most; this one has {len(name)}")
    return name


def _body(view: ReportView, labels: Labels) -> dict[str, object]:
    words = [SavedWord(*pair, labels.get(pair, "")) for pair in report_view.pairs(view)]
    return SAVED_VIEW.write(SavedView(tuple(words)))


def _saved(row: SavedRow) -> Saved:
    read = SAVED_VIEW.read(row.body)
    words = read.value.words if read else ()
    view, unread = _readable(words)
    return Saved(
        report_id=row.report_id,
        name=row.name,
        view=view,
        owner=row.owner,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        revision=row.revision,
        is_deleted=row.is_deleted,
        labels={(word.name, word.value): word.label for word in words if word.label},
        unread=unread,
    )


def _readable(words: Sequence[SavedWord]) -> tuple[ReportView, tuple[SavedWord, ...]]:
    """The view of the words that can be read together, and those that cannot.

    What an older or newer version wrote may know words that this one does not.
    """
    kept: list[SavedWord] = []
    unread: list[SavedWord] = []
    for word in sorted(words, key=_comes_late):
        try:
            report_view.read(_pairs([*kept, word]))
        except ValueError:
            unread.append(word)
        else:
            kept.append(word)
    in_order = [word for word in words if word in kept]
    return report_view.read(_pairs(in_order)), tuple(unread)


def _comes_late(word: SavedWord) -> bool:
    """Whether a word makes sense only beside others: a comparison needs the days of a period."""
    return word.name == "compare"


def _pairs(words: Iterable[SavedWord]) -> list[tuple[str, str]]:
    return [(word.name, word.value) for word in words]
