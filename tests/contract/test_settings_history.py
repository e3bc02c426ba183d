"""A change of settings and the deals won long ago: judged anew until a month closed, then as they were reported."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from integration.admin import policies, settings_changes, settings_effects, settings_log
from integration.conclude import stages
from integration.core.errors import Refused
from integration.reports import bookkeeping, portal_figures
from integration.rollup import roll_up
from integration.storage.database import Database
from mappings.records.portal_map import PortalMap
from mappings.rules.ledger.periods import IN_UTC
from tests.contract.conclude_world import HARBOR, ORCHARD, WORDS, Clock, MirrorPortal, day

LESS = {"moved_sourced": "500000"}
BY_STAGE = replace(WORDS, customer_stage="customer")


@pytest.fixture
def clock(database: Database) -> Clock:
    made = Clock(database)
    made.queue = SimpleNamespace(wake=lambda *_: None)  # type: ignore[attr-defined]  # nobody waits to be woken here
    return made


def installed(
    clock: Clock,
    portal_id: int,
    *,
    words: PortalMap = WORDS,
    policy: Mapping[str, Any] | None = None,
) -> MirrorPortal:
    """A portal in whose history Priya moved from Acme to Zenit, and Zenit bought long ago."""
    portal = MirrorPortal(clock, portal_id)
    portal.install(words, policy)
    portal.imported()
    portal.put("company", 1, name="Acme", domain="acme-tools.com", lifecyclestage="opportunity")
    portal.put("company", 2, name="Zenit", domain="zenit-labs.com", lifecyclestage="customer")
    mail = [(900, "priya@acme-tools.com"), (480, "priya@zenit-labs.com")]
    portal.contact(12, 2, firstname="Priya", lastname="Raman", email=mail)
    portal.deal(5, 1, 12, created=800, won=(700, "10000.00"))
    portal.deal(9, 2, 12, created=450, won=(400, "40000.00"))
    portal.settle()
    return portal


@pytest.fixture
def harbor(clock: Clock) -> MirrorPortal:
    return installed(clock, HARBOR)


def change_policy(portal: MirrorPortal, values: Mapping[str, str]) -> int:
    saved = policies.change(portal.context, values, actor="ana", reason="a try")
    portal.settle()
    return saved.after.version


def change_map(portal: MirrorPortal, words: PortalMap) -> None:
    settings_changes.change(portal.context, portal_map=words, actor="ana", reason="a try")
    end_reading(portal)
    portal.settle()


def end_reading(portal: MirrorPortal) -> None:
    """The mirror is written by hand here: what a pass would read is there."""
    with portal.context.transaction() as tx:
        tx.run("UPDATE import_run SET state = 'done' WHERE state = 'running'")


def by_month(portal: MirrorPortal) -> dict[tuple[date, str], int]:
    """What the ledger says of each month and kind, in the month where the rows count."""
    sums: dict[tuple[date, str], int] = {}
    for row in portal.ledger():
        key = IN_UTC.month_of(row["effective_at"]), row["kind"]
        sums[key] = sums.get(key, 0) + row["amount_minor"]
    return {key: minor for key, minor in sums.items() if minor}


def said(portal: MirrorPortal) -> dict[tuple[str, int], dict[str, str]]:
    return {
        (row["object_type"], row["record_id"]): row["desired"] for row in portal.kept("conclusion")
    }


def test_a_deal_won_long_ago_is_judged_by_new_weights_while_no_month_was_closed(
    clock: Clock, harbor: MirrorPortal
) -> None:
    assert harbor.derived(9) == 3_240_000

    assert change_policy(harbor, LESS) == 2

    assert harbor.derived(9) == 1_800_000
    anew = [row for row in harbor.ledger(9) if row["occasion"] == "settings version 2"]
    assert [row["amount_minor"] for row in anew] == [-3_240_000, -760_000, 1_800_000, 2_200_000]
    assert {row["settings_version"] for row in anew} == {2}
    assert {row["effective_at"] for row in anew} == {day(400)}
    reversal, *_ = anew
    assert reversal["reason"] == "deal 9 was judged anew by settings version 2"
    fresh = installed(clock, ORCHARD, policy={"moved_sourced": 500_000})
    assert by_month(harbor) == by_month(fresh)
    assert said(harbor) == said(fresh)


def test_deals_won_long_ago_follow_the_stage_that_makes_a_customer(
    clock: Clock, harbor: MirrorPortal
) -> None:
    """Acme never reached the stage, so that Priya was no customer's champion."""
    change_map(harbor, BY_STAGE)

    assert harbor.derived(9) == 0
    assert harbor.said("deal", 9)["second_order_source"] == "none"
    fresh = installed(clock, ORCHARD, words=BY_STAGE)
    assert by_month(harbor) == by_month(fresh)
    assert said(harbor) == said(fresh)


def test_a_pipeline_left_out_and_taken_back_in_leaves_what_was_there(harbor: MirrorPortal) -> None:
    before = by_month(harbor)
    change_map(harbor, replace(WORDS, included_pipelines=("other",)))
    assert by_month(harbor) == {}
    assert {row["occasion"] for row in harbor.ledger(9)} == {"won", "settings version 2"}

    change_map(harbor, WORDS)

    assert by_month(harbor) == before


def test_a_change_back_judges_back_and_looking_again_appends_nothing(harbor: MirrorPortal) -> None:
    before = by_month(harbor), said(harbor)
    change_policy(harbor, LESS)
    saved = policies.change(
        harbor.context, {}, back=["moved_sourced"], actor="ana", reason="no better"
    )
    harbor.settle()
    rows = len(harbor.ledger())

    harbor.change("deal", 9, dealname="a new name")
    harbor.settle()

    assert saved.after.version == 3
    assert (by_month(harbor), said(harbor)) == before
    assert len(harbor.ledger()) == rows


def test_the_next_evidence_that_comes_late_is_asked_about_as_ever(harbor: MirrorPortal) -> None:
    """A settings version judges a deal once, by the evidence of its time."""
    change_policy(harbor, LESS)
    rows = len(harbor.ledger(9))

    harbor.change("contact", 12, heard_from="a friend told me")
    harbor.settle()

    assert len(harbor.ledger(9)) == rows


def test_after_the_first_closed_month_other_settings_leave_history_alone(
    harbor: MirrorPortal,
) -> None:
    bookkeeping.close(harbor.context, date(2026, 5, 1), actor="ana", reason="reported")
    before = harbor.ledger()

    change_policy(harbor, LESS)

    assert harbor.ledger() == before
    assert harbor.conclusion("deal", 9)["settings_version"] == 1
    assert {row["settings_version"] for row in harbor.sources(9)} == {1}


def test_what_was_judged_is_told_with_the_version_that_judged_it(harbor: MirrorPortal) -> None:
    change_policy(harbor, LESS)

    assert harbor.conclusion("deal", 9)["settings_version"] == 2
    assert {row["settings_version"] for row in harbor.sources(9)} == {2}


def test_deals_that_wait_to_be_judged_again_raise_no_alarm(harbor: MirrorPortal) -> None:
    """Deal 9 no longer counts, and the books still say it does until it is concluded."""
    words = replace(WORDS, included_pipelines=("other",))
    settings_changes.change(harbor.context, portal_map=words, actor="ana", reason="a try")
    end_reading(harbor)
    stages.conclude_page(harbor.context, None)

    assert harbor.counts()["waiting"] > 0
    assert portal_figures.unbalanced(harbor.context) == {}
    assert portal_figures.summary(harbor.context)["unbalanced_deals"] == []
    assert roll_up.check(harbor.context).deals_differ == []


def test_deals_that_do_not_add_up_are_still_told_of(harbor: MirrorPortal) -> None:
    with harbor.context.transaction() as tx:
        tx.run("UPDATE deal SET amount_minor = amount_minor + 1 WHERE deal_id = 9")

    assert portal_figures.unbalanced(harbor.context) == {9: "deal 9"}


def close_may(portal: MirrorPortal) -> None:
    month = date(2026, 5, 1)
    bookkeeping.close(portal.context, month, actor="ana", reason="reported")


def test_history_is_judged_by_a_persons_order_and_booked_in_the_current_month(
    clock: Clock, harbor: MirrorPortal
) -> None:
    clock.at = datetime(2026, 7, 2, tzinfo=UTC)
    close_may(harbor)
    version = change_policy(harbor, LESS)

    settings_changes.judge_history(harbor.context, version, actor="ana", reason="the board asked")
    harbor.settle()

    assert harbor.derived(9) == 1_800_000
    anew = [row for row in harbor.ledger(9) if row["occasion"] == "settings version 2"]
    assert {IN_UTC.month_of(row["effective_at"]) for row in anew} == {date(2026, 7, 1)}
    assert {row["origin_at"] for row in anew} == {day(400)}
    then = IN_UTC.month_of(day(400))
    reported = bookkeeping.month(harbor.context, then, "reported").totals["USD"]
    known = bookkeeping.month(harbor.context, then, "known").totals["USD"]
    assert (reported["second_order"], known["second_order"]) == (3_240_000, 1_800_000)
    (order,) = harbor.kept("history_judgement")
    assert (order["version"], order["actor"], order["reason"]) == (2, "ana", "the board asked")


def test_only_the_version_that_counts_can_judge_history_and_only_with_a_reason(
    harbor: MirrorPortal,
) -> None:
    close_may(harbor)
    change_policy(harbor, LESS)

    with pytest.raises(Refused, match="Version 1 does not count: 2 does"):
        settings_changes.judge_history(harbor.context, 1, actor="ana", reason="as it was")
    with pytest.raises(Refused, match="who orders this and why"):
        settings_changes.judge_history(harbor.context, 2, actor="ana", reason=" ")


def test_an_earlier_version_counts_again_as_a_new_one_that_says_so(
    clock: Clock, harbor: MirrorPortal
) -> None:
    orchard = installed(clock, ORCHARD)
    before = by_month(harbor), said(harbor)
    change_policy(harbor, LESS)
    change_map(harbor, BY_STAGE)

    saved = settings_changes.restore(harbor.context, 1, actor="bo")
    harbor.settle()

    assert saved.after.version == 4
    newest = harbor.kept("settings_version")[-1]
    assert (newest["author"], newest["reason"]) == ("bo", "As version 1.")
    assert (by_month(harbor), said(harbor)) == before
    assert orchard.values("settings_version", "version") == [1]
    changes = {
        line.number: [c.name for c in line.changes] for line in settings_log.every(harbor.context)
    }
    assert changes == {
        4: ["customer_stage", "moved_sourced"],
        3: ["customer_stage"],
        2: ["moved_sourced"],
        1: [],
    }
    assert settings_log.compare(harbor.context, 1, 4) == []


def test_a_version_that_says_what_counts_already_makes_no_new_one(harbor: MirrorPortal) -> None:
    assert not settings_changes.restore(harbor.context, 1, actor="bo").is_changed
    with pytest.raises(Refused, match="no settings of version 7"):
        settings_changes.restore(harbor.context, 7, actor="bo")


def test_a_change_says_truthfully_what_is_drawn_again(harbor: MirrorPortal) -> None:
    first = policies.change(harbor.context, LESS, actor="ana", reason="a try")
    assert "All deals are judged again, those won long ago included." in (
        settings_effects.in_words(harbor.context, first)
    )
    harbor.settle()
    close_may(harbor)

    later = policies.change(harbor.context, {"edit_days": "8"}, actor="ana", reason="a try")

    words = " ".join(settings_effects.in_words(harbor.context, later))
    assert "Settings are at version 3." in words
    assert "closed within the last 90 days, are judged again" in words
    assert "older deals stay as they were reported" in words
    same = policies.change(harbor.context, {"edit_days": "8"}, actor="ana", reason="a try")
    assert settings_effects.in_words(harbor.context, same) == [
        "Nothing changed: settings stay at version 3."
    ]
