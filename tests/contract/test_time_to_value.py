"""Time-to-value is read from purchases and wins, of one account, in one statement."""

from dataclasses import replace
from datetime import timedelta

from integration.reports.first_values import BY_CHAMPION, NEW, time_to_value
from integration.storage.success import value_rows
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, WORDS, Clock, MirrorPortal
from tests.contract.record_world import counted

LIVE = replace(WORDS, milestone_property="went_live")


def a_customer(
    portal: MirrorPortal, number: int, bought: int, live: int | None, amount: str = "10000.00"
) -> None:
    """A company that bought so many days ago, and went live so many days ago or not yet."""
    on = "" if live is None else (NOW - timedelta(live)).date().isoformat()
    portal.put(
        "company",
        number,
        name=f"C{number}",
        domain=f"c{number}.example",
        went_live=[(live or 0, on)],
    )
    portal.deal(100 + number, number, created=bought + 30, won=(bought, amount))


def test_the_wait_of_each_customer_is_counted_and_of_those_who_still_wait_so_far(
    clock: Clock,
) -> None:
    harbor, orchard = MirrorPortal(clock, HARBOR), MirrorPortal(clock, ORCHARD)
    for portal in (harbor, orchard):
        portal.install(LIVE)
    for number, (bought, live) in enumerate(
        [(105, 100), (112, 100), (130, 100), (160, 100), (45, None), (100, 120)], start=1
    ):
        a_customer(harbor, number, bought, live)
    a_customer(harbor, 7, 50, 40, amount="0")  # a free trial is no contract
    a_customer(orchard, 1, 300, 1)
    for portal in (harbor, orchard):
        portal.imported()
        portal.settle()

    found = time_to_value(harbor.context)
    theirs = time_to_value(orchard.context)

    assert found.everybody.starts == 6
    assert found.everybody.before_purchase == 1
    assert [step.day for step in found.everybody.steps] == [0, 5, 12, 30, 60]
    assert found.everybody.still_waiting == 1
    assert found.everybody.median == 12
    assert set(found.groups) == {NEW}
    assert (theirs.everybody.starts, theirs.everybody.median) == (1, 299)
    assert BY_CHAMPION not in theirs.groups


def test_however_many_customers_it_is_one_statement(clock: Clock) -> None:
    harbor = MirrorPortal(clock, HARBOR)
    harbor.install(LIVE)
    with counted(harbor.database) as statements, harbor.database.portal(HARBOR) as tx:
        before = len(statements)
        value_rows.starts(tx, NOW)
        assert len(statements) - before == 1
