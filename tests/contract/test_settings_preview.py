"""A preview says what other settings would change, before anything is saved, and touches nothing."""

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from integration.admin import policies, preview, settings_changes
from integration.admin.preview import Patience, Preview
from integration.core.errors import Refused
from integration.portal import invalidation, settings
from integration.portal.invalidation import Change
from integration.storage import trial
from integration.storage.database import Database, Transaction
from integration.storage.ledger import trial_rows
from mappings.records.portal_map import SINCE_ALWAYS, PortalMap
from mappings.rules.ledger.periods import IN_UTC
from tests.contract.conclude_world import HARBOR, ORCHARD, WORDS, Clock, MirrorPortal
from tests.contract.test_settings_history import end_reading, installed

BY_STAGE = replace(WORDS, customer_stage="customer", customer_stage_since=SINCE_ALWAYS)
HALF: dict[str, settings.PolicyValue | None] = {"moved_sourced": 500_000}
DEAL_BY_DEAL = Patience(records_at_once=0, seconds=60)


@pytest.fixture
def clock(database: Database) -> Clock:
    made = Clock(database)
    made.queue = SimpleNamespace(wake=lambda *_: None)  # type: ignore[attr-defined]  # nobody waits to be woken here
    return made


@pytest.fixture
def harbor(clock: Clock) -> MirrorPortal:
    portal = installed(clock, HARBOR)
    portal.written()
    portal.settle()
    return portal


def everything(portal: MirrorPortal) -> list[str]:
    """All rows that concluding writes."""
    return [repr(portal.kept(table)) for table in (*trial.COPIED, *trial.EMPTY)]


def of_map(portal: MirrorPortal, words: PortalMap, **more: Any) -> Preview:  # noqa: ANN401 - options of several types
    return preview.preview(portal.context, portal_map=words, **more)


def shares(portal: MirrorPortal) -> Mapping[str, int]:
    with portal.context.transaction() as tx:
        return trial_rows.booked_by_month(tx, None, "USD", IN_UTC, kept=True)


def test_a_preview_says_what_the_change_then_does(harbor: MirrorPortal) -> None:
    found = of_map(harbor, BY_STAGE)

    assert found.sources_before == {"moved_champion": 1, "none": 1}
    assert found.sources_after == {"none": 2}
    assert found.booked_before == shares(harbor) == {"2025-05": 3_240_000}
    assert (found.deals, found.is_whole, found.judges_history) == (2, True, True)
    (example,) = found.sample
    assert (example["deal_id"], example["before"]["source"]) == (9, "moved_champion")
    assert (example["after"]["source"], example["after"]["amount"]) == ("none", "")
    settings_changes.change(harbor.context, portal_map=BY_STAGE, actor="ana", reason="a try")
    end_reading(harbor)
    harbor.settle()
    assert {month: minor for month, minor in shares(harbor).items() if minor} == {}
    assert found.booked_after == {"2025-05": 0}
    planned = [object_type for object_type, _ in harbor.patches()]
    assert found.records_to_write == {kind: planned.count(kind) for kind in sorted(set(planned))}


def written(tx: Transaction) -> dict[str, int]:
    """How many rows this connection has written of each table that is no temporary one."""
    rows = tx.tuples(
        """SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables
           WHERE schemaname NOT LIKE 'pg_temp%' ORDER BY relname"""
    )
    return {name: count for name, count in rows if count}


def test_a_preview_touches_nothing(clock: Clock, harbor: MirrorPortal) -> None:
    orchard = installed(clock, ORCHARD)
    before = everything(harbor), everything(orchard)

    preview.preview(harbor.context, policy=HALF)

    assert (everything(harbor), everything(orchard)) == before


def test_concluding_in_a_trial_writes_no_table_that_is_not_copied(harbor: MirrorPortal) -> None:
    with harbor.context.transaction() as tx:
        before = written(tx)
        with trial.rolled_back(tx):
            saved = settings.change(tx, author="a", reason="b", portal_map=BY_STAGE)
            invalidation.record(tx, Change.SETTINGS_CHANGED)
            preview.conclude_all(tx, harbor.clock.now())
            assert written(tx) == before

    assert saved.after.version == 2


def test_a_portal_too_large_for_the_time_is_looked_at_deal_by_deal(harbor: MirrorPortal) -> None:
    whole = of_map(harbor, BY_STAGE)

    parts = of_map(harbor, BY_STAGE, patience=DEAL_BY_DEAL)

    assert parts == whole
    hurried = of_map(harbor, BY_STAGE, patience=Patience(records_at_once=0, seconds=0))
    assert hurried.looked_at == 2


def test_weights_are_previewed_like_a_map(harbor: MirrorPortal) -> None:
    found = preview.preview(harbor.context, policy=HALF)

    assert [(change.name, change.before, change.after) for change in found.changes] == [
        ("moved_sourced", 900_000, 500_000)
    ]
    assert found.booked_after == {"2025-05": 1_800_000}
    policies.change(harbor.context, {"moved_sourced": "500000"}, actor="ana", reason="a try")
    harbor.settle()
    assert shares(harbor) == found.booked_after


def test_what_was_not_read_yet_is_named_and_left_out(harbor: MirrorPortal) -> None:
    """Without its values, every amount would look empty."""
    found = of_map(harbor, replace(WORDS, amount_property="deal_value"))

    assert list(found.not_seen) == ["amount_property"]
    assert found.sources_after == found.sources_before
    assert found.records_to_write == {}


def test_settings_that_change_nothing_have_an_empty_preview(harbor: MirrorPortal) -> None:
    found = of_map(harbor, WORDS)

    assert (list(found.changes), found.records_to_write, list(found.sample)) == ([], {}, [])
    assert found.booked_after == found.booked_before


def test_before_the_first_import_is_through_there_is_nothing_to_preview(clock: Clock) -> None:
    portal = MirrorPortal(clock, HARBOR)
    portal.install()

    with pytest.raises(Refused, match="first import is not through"):
        of_map(portal, BY_STAGE)
