"""The invalidation table is whole, and nobody decides beside it what is concluded again."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.portal import (
    affected_companies,
    affected_deals,
    affected_people,
    affected_records,
    affected_referrals,
    invalidation,
    portal_changes,
)
from integration.portal.invalidation_table import TABLE, Row
from integration.portal.occurrence import Occurrence
from integration.portal.portal_changes import Change
from integration.storage.queue.recompute import Due, Selection, Stage

INTEGRATION = Path(invalidation.__file__).parents[1]
FINDERS = (
    affected_companies,
    affected_deals,
    affected_people,
    affected_records,
    affected_referrals,
)
THE_TABLE = {"portal/portal_changes.py", "portal/invalidation_table.py"}
NOWHERE = None  # a transaction that no row may use


def rows() -> Iterator[tuple[Change, Row]]:
    for change, several in TABLE.items():
        for row in several:
            yield change, row


def calls(path: Path, name: str) -> set[str]:
    """The first words of what a module calls by a name: `recompute` for recompute.add(…)."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=attr)) if attr == name:
                found.add(module)
    return found


def modules() -> Iterator[tuple[str, Path]]:
    for path in INTEGRATION.rglob("*.py"):
        yield str(path.relative_to(INTEGRATION)), path


def test_every_change_has_a_consequence_and_every_consequence_a_reason() -> None:
    assert set(TABLE) == set(Change)
    assert all(TABLE.values())
    assert all(row.because for _, row in rows())


def test_no_consequence_stands_twice() -> None:
    found = [(change, row.stage, id(row.records)) for change, row in rows()]
    assert len(found) == len(set(found))


def test_every_change_is_recorded_by_somebody() -> None:
    told = "".join(path.read_text() for name, path in modules() if name not in THE_TABLE)
    assert [change.name for change in Change if f"Change.{change.name}" not in told] == []


def test_every_way_to_find_records_is_in_the_table() -> None:
    used = {row.records for _, row in rows() if not isinstance(row.records, Selection)}
    written = {
        finder
        for module in FINDERS
        for name, finder in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and finder.__module__ == module.__name__
    }
    assert written == used


def test_nobody_queues_records_but_by_saying_what_changed() -> None:
    """A page collects what is due, and forgetting finds it beforehand; both by the table.

    A preview asks for the deals that it has time for, and takes everything back.
    """
    adders = {name for name, path in modules() if "recompute" in calls(path, "add")}
    assert adders == {
        "portal/invalidation.py",
        "portal/forgotten.py",
        "conclude/stages.py",
        "admin/preview.py",
    }
    # A migration runs before anything else of its version, and queues what it cannot fill.
    inserting = [
        name
        for name, path in modules()
        if "INTO stale" in path.read_text() and "migrations" not in path.parts
    ]
    assert inserting == ["storage/queue/recompute.py"]


def test_a_change_of_nothing_asks_for_nothing() -> None:
    named = [change for change in Change if change not in portal_changes.WHOLE_PORTAL]
    for change in named:
        found = invalidation.due(NOWHERE, change)  # type: ignore[arg-type]  # nothing is looked up
        assert found == Due()


def test_only_changes_of_a_whole_portal_are_selected_by_the_database_alone() -> None:
    selected = {change for change, row in rows() if isinstance(row.records, Selection)}
    assert selected == portal_changes.WHOLE_PORTAL


def test_before_the_import_is_through_only_people_can_be_outdated() -> None:
    """While records arrive only people are thought about, so nothing else was concluded yet."""
    assert {row.stage for _, row in rows() if row.once_imported} == {Stage.DEALS, Stage.SUMMARIES}


def test_a_change_that_depends_on_the_portals_terms_is_not_recorded_without_them() -> None:
    with pytest.raises(ValueError, match="terms"):
        _ = Occurrence(NOWHERE).known_terms  # type: ignore[arg-type]  # nothing is looked up
