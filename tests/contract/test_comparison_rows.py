"""Which deals and customers a comparison looks at, and on which side they are."""

from dataclasses import replace
from datetime import date

from sqlalchemy import event

from integration.reports import with_and_without
from integration.storage.findings import deal_outcomes
from mappings.rules.attribution.removal_effects import Path
from mappings.rules.ledger.comparison import Rate
from tests.contract.conclude_world import WORDS, MirrorPortal, day, moved_champion


def lost(portal: MirrorPortal, number: int, company: int, *contacts: int, **more: str) -> None:
    portal.deal(number, company, *contacts, created=50, hs_is_closed="true", hs_is_closed_lost="true",
                closedate=day(40).isoformat(), amount="10.00", **more)  # fmt: skip


def sides(portal: MirrorPortal) -> tuple[Rate, Rate]:
    found = with_and_without.with_and_without(portal.context).everything
    return found.with_customer.win_rate, found.without.win_rate


def test_new_business_is_compared_by_whether_a_customer_led_to_it(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    moved_champion(harbor)
    moved_champion(orchard)
    for portal in (harbor, orchard):
        portal.settle()
    before = sides(harbor)
    lost(harbor, 71, 3)
    lost(harbor, 72, 3, pipeline="partners")

    harbor.settle()

    assert before == (Rate(1, 1), Rate(1, 1))
    assert sides(harbor) == (Rate(1, 1), Rate(1, 3))
    assert sides(orchard) == before


def test_renewals_and_companies_that_had_bought_before_are_on_neither_side(
    harbor: MirrorPortal,
) -> None:
    moved_champion(harbor)
    harbor.deal(81, 3, created=50, won=(40, "10.00"), dealtype="renewal")
    harbor.deal(82, 1, created=20, won=(10, "10.00"))  # the champion's old company buys again
    harbor.settle()

    assert sides(harbor) == (Rate(1, 1), Rate(1, 1))


def test_pipelines_that_the_admin_left_out_are_on_neither_side(harbor: MirrorPortal) -> None:
    harbor.install(replace(WORDS, included_pipelines=("sales",)))
    lost(harbor, 71, 3, pipeline="partners")
    lost(harbor, 72, 3, pipeline="sales")
    harbor.settle()

    assert sides(harbor) == (Rate(0, 0), Rate(0, 1))


def test_a_deleted_deal_was_not_lost(harbor: MirrorPortal) -> None:
    lost(harbor, 71, 3)
    harbor.settle()
    harbor.retire("deal", 71)
    harbor.settle()

    assert sides(harbor) == (Rate(0, 0), Rate(0, 0))


def test_other_models_take_neither_for_lost(harbor: MirrorPortal) -> None:
    harbor.install(replace(WORDS, included_pipelines=("sales",)))
    for number, pipeline in ((71, "partners"), (72, "sales"), (73, "sales")):
        lost(harbor, number, 3, pipeline=pipeline)
    harbor.settle()
    harbor.retire("deal", 73)
    harbor.settle()

    with harbor.context.transaction() as tx:
        found = deal_outcomes.paths(tx, ["sales"], limit=10)

    assert found == [Path((), won=0, lost=1)]


def test_sizes_are_in_the_accounts_currency(harbor: MirrorPortal) -> None:
    harbor.deal(81, 3, created=50, won=(40, "100.00"), deal_currency_code="EUR",
                hs_exchange_rate="1.10", amount_in_home_currency="110.00")  # fmt: skip
    harbor.deal(82, 4, created=50, won=(40, "7000"), deal_currency_code="JPY")
    harbor.settle()

    found = with_and_without.with_and_without(harbor.context)

    assert found.currency == "USD"
    assert found.everything.without.size.value == 110_00
    assert found.everything.without.size.count == 1


def test_a_comparison_costs_as_many_queries_for_any_number_of_deals(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    few = statements(harbor)
    for number in range(100, 140):
        lost(harbor, number, number)
    harbor.settle()

    assert statements(harbor) == few == 8


def statements(portal: MirrorPortal) -> int:
    """How many statements a comparison and the cohorts cost."""
    noted: list[object] = []

    def note(*arguments: object) -> None:
        noted.append(arguments[2])

    engine = portal.clock.database._engine
    event.listen(engine, "before_cursor_execute", note)
    with_and_without.with_and_without(portal.context)
    with_and_without.cohorts(portal.context)
    event.remove(engine, "before_cursor_execute", note)
    return len(noted)


def test_customers_are_followed_by_their_wins(harbor: MirrorPortal, orchard: MirrorPortal) -> None:
    for portal in (harbor, orchard):
        portal.deal(91, 5, created=1210, won=(1200, "10.00"))
    harbor.deal(92, 5, created=910, won=(900, "10.00"))
    for portal in (harbor, orchard):
        portal.settle()

    assert with_and_without.cohorts(harbor.context).overall[False] == (
        Rate(1, 1),
        Rate(0, 1),
        Rate(0, 1),
    )
    assert with_and_without.cohorts(orchard.context).overall[False][0] == Rate(0, 1)
    assert with_and_without.cohorts(harbor.context).cohorts[0].quarter == date(2023, 1, 1)


def test_what_is_paid_regularly_today_keeps_a_customer(harbor: MirrorPortal) -> None:
    harbor.install(replace(WORDS, recurring_property="arr"))
    harbor.put("company", 5, name="Keel", domain="keel.example", arr="1,200")
    harbor.put("company", 6, name="Sail", domain="sail.example", arr="0.00")
    for number, company in ((91, 5), (92, 6)):
        harbor.deal(number, company, created=510, won=(500, "10.00"))
    harbor.settle()

    assert with_and_without.cohorts(harbor.context).overall[False] == (Rate(1, 2),)
