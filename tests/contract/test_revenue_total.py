"""The one total: its parts, what it leaves out by name, its range, and how much of it could be seen."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event

from integration.portal import setup_questions
from integration.reports import portal_figures, revenue_total
from integration.storage.mirror import touches
from integration.storage.mirror.touches import TouchRow
from integration.storage.queue import stream_troubles
from integration.storage.service import erasure, settings_versions
from mappings.kinds import Gap, Ground
from mappings.records.portal_map import dump_portal_map
from mappings.rules.ledger.measurement import Money
from mappings.stored.setup_shapes import SetupQuestion
from tests.contract.conclude_world import WORDS, MirrorPortal, day, moved_champion

MAY, JUNE = (date(2026, month, 1) for month in (5, 6))


def grounds(portal: MirrorPortal) -> dict[str, Money]:
    found = revenue_total.of(portal.context).measurement.by_ground
    return {ground: money for ground, money in found.items() if money.deals}


def gaps(portal: MirrorPortal) -> dict[Gap, Money]:
    return dict(revenue_total.of(portal.context).measurement.gaps)


def test_a_total_is_completed_by_the_first_order_rest_to_what_was_won(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    moved_champion(harbor)
    moved_champion(orchard, amount="99.00")
    for portal in (harbor, orchard):
        portal.settle()

    found = revenue_total.of(harbor.context)

    assert found.currency == "USD"
    assert found.second_order == harbor.derived() == found.by_kind["moved_champion"]
    assert found.won == harbor.booked() == 50_000_00
    assert (found.deals, found.derived_deals) == (2, 1)
    assert found.by_holder == {"company": found.second_order}
    assert found.low <= found.second_order <= found.high < found.won


def test_amounts_in_five_currencies_count_at_their_frozen_rates(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    rates = {"EUR": ("1.08", "1000.00"), "JPY": ("0.0067", "150000"), "KWD": ("3.25", "100.125"),
             "GBP": ("1.27", "10.01")}  # fmt: skip
    for number, (currency, (rate, amount)) in enumerate(rates.items(), 20):
        harbor.deal(number, 2, 12, created=59, won=(21, amount), deal_currency_code=currency,
                    hs_exchange_rate=rate)  # fmt: skip
    harbor.settle()

    found = revenue_total.of(harbor.context)

    rows = harbor.kept("ledger")
    assert found.won == sum(row["home_minor"] or row["amount_minor"] for row in rows)
    assert found.won == 50_000_00 + 1080_00 + 1005_00 + 325_41 + 12_71
    assert sum(found.by_holder.values()) == sum(found.by_kind.values()) == found.second_order
    assert found.apart == ()


def test_what_has_no_amount_in_the_accounts_currency_is_named_and_not_guessed(
    harbor: MirrorPortal,
) -> None:
    moved_champion(harbor)
    harbor.deal(20, 2, 12, created=59, won=(21, "500.00"), deal_currency_code="EUR")
    harbor.deal(21, 2, 12, created=59, won=(21, ""))
    harbor.deal(22, 2, 12, created=59, won=(21, "0"))
    harbor.deal(23, 2, 12, created=59, won=(21, "7.00"), deal_currency_code="XBT")
    harbor.settle()

    found = revenue_total.of(harbor.context)

    assert found.won == 50_000_00
    (apart,) = found.apart
    assert (apart.currency, apart.second_order + apart.first_order) == ("EUR", 500_00)
    assert (apart.second_order, apart.deals) == (harbor.derived(20), 1)
    assert found.unbooked == {"no_amount": 2, "no_currency": 1}


def test_the_months_of_a_total_add_up_to_it(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.deal(20, 2, 12, created=59, won=(45, "700.00"))
    harbor.settle()

    whole, may, june = (revenue_total.of(harbor.context, month) for month in (None, MAY, JUNE))

    assert (may.won, june.won) == (700_00, 40_000_00)
    assert (may.deals, june.deals) == (1, 1)
    assert may.second_order + june.second_order == whole.second_order
    assert (may.low + june.low, may.high + june.high) == (whole.low, whole.high)


def test_a_deal_can_be_judged_by_an_employer_an_answer_or_an_activity(
    harbor: MirrorPortal,
) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.company(2, "Zenit", "zenit-labs.com")
    harbor.company(3, "Bolt", "bolt-works.com")
    harbor.contact(11, 1, firstname="Ann", lastname="Oak", email="ann@acme-tools.com")
    harbor.put("contact", 12, firstname="Bo", email="bo@gmail.com", heard_from="Google")
    harbor.put("contact", 13, firstname="Cy", email="cy@zenit-labs.com")
    harbor.put("contact", 14, firstname="Di", email="di@gmail.com")
    harbor.put("contact", 15, firstname="Ed", email="ed@gmail.com", heard_from="asdf")
    harbor.deal(21, 1, 11, created=60, won=(50, "100.00"))
    harbor.deal(22, 2, 12, created=60, won=(50, "20.00"))
    harbor.deal(23, 2, 13, created=60, won=(50, "3.00"))
    harbor.deal(24, 2, 14, created=60, won=(50, "400.00"))
    harbor.deal(25, 2, created=60, won=(50, "5000.00"))
    harbor.deal(26, 3, created=60, won=(50, "60000.00"))
    harbor.deal(27, 2, 15, created=60, won=(50, "700000.00"))
    with harbor.context.transaction() as tx:
        rows = [
            TouchRow("meeting", 1, 14, day(70), "meeting"),
            TouchRow("meeting", 2, 99, day(70), "meeting", company_id=3),
            TouchRow("meeting", 3, 15, day(55), "meeting"),
        ]
        touches.replace(tx, [row.key for row in rows], rows)
    harbor.settle()

    assert grounds(harbor) == {
        Ground.EMPLOYER: Money(103_00, 2),
        Ground.ANSWER: Money(20_00, 1),
        Ground.ACTIVITY: Money(60_400_00, 2),
    }
    assert gaps(harbor) == {
        Gap.STILL_READ: Money(705_000_00, 2),
        Gap.UNANSWERED: Money(705_000_00, 2),
        Gap.NO_COMPANY: Money(700_000_00, 1),
        Gap.NO_CONTACTS: Money(5_000_00, 1),
    }


def test_an_employer_of_another_record_of_the_person_or_of_former_times_is_known(
    harbor: MirrorPortal,
) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.company(2, "Zenit", "zenit-labs.com")
    same: dict[str, Any] = {
        "firstname": "Priya",
        "lastname": "Raman",
        "hs_linkedin_url": "linkedin.com/in/priya-r",
    }
    harbor.put("contact", 11, email="priya@gmail.com", **same)
    harbor.put("contact", 12, email="priya@acme-tools.com", **same)
    harbor.put("contact", 13, email=[(900, "cy@acme-tools.com"), (200, "cy@gmail.com")])
    harbor.deal(21, 2, 11, created=60, won=(50, "100.00"))
    harbor.deal(22, 2, 13, created=60, won=(50, "20.00"))
    harbor.settle()

    assert harbor.values("person", "person_id", contact_id=11) == harbor.values(
        "person", "person_id", contact_id=12
    )
    assert grounds(harbor) == {Ground.EMPLOYER: Money(120_00, 2)}


def test_a_list_that_hubspot_refuses_is_told_with_the_money_it_hides(harbor: MirrorPortal) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.deal(21, 1, created=60, won=(50, "100.00"))
    harbor.settle()
    with harbor.context.transaction() as tx:
        stream_troubles.refuse(tx, "links:ticket>contact", "missing scopes")
    assert Gap.NOT_ALLOWED not in gaps(harbor), "no ticket shows where a deal came from"

    with harbor.context.transaction() as tx:
        stream_troubles.refuse(tx, "activities:call", "missing scopes")

    assert gaps(harbor)[Gap.NOT_ALLOWED] == Money(100_00, 1)


def test_an_open_question_of_the_setup_page_is_told_with_the_money_it_hides(
    harbor: MirrorPortal,
) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.deal(21, 1, created=60, won=(50, "100.00"))
    harbor.settle()
    asked = SetupQuestion("Which property holds the answer?")
    with harbor.context.transaction() as tx:
        setup_questions.ask(tx, "property", "usage_property", asked)
    assert Gap.OPEN_QUESTION not in gaps(harbor), "usage shows nothing of where a deal came from"

    with harbor.context.transaction() as tx:
        setup_questions.ask(tx, "property", "heard_from_property", asked)

    assert gaps(harbor)[Gap.OPEN_QUESTION] == Money(100_00, 1)


def test_activities_that_an_admin_switched_off_or_that_are_still_read_are_told_apart(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    ignoring = dump_portal_map(replace(WORDS, activities="ignored"))
    with orchard.context.transaction() as tx:
        settings_versions.append(tx, {"map": ignoring}, author="ana", reason="test")
    for portal in (harbor, orchard):
        portal.company(1, "Acme", "acme-tools.com")
        portal.deal(21, 1, created=60, won=(50, "100.00"))
        portal.settle()

    assert gaps(harbor)[Gap.STILL_READ] == gaps(orchard)[Gap.NOT_READ] == Money(100_00, 1)
    assert Gap.NOT_READ not in gaps(harbor)
    assert Gap.STILL_READ not in gaps(orchard)


def test_total_and_range_stay_when_the_credited_person_is_forgotten(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    before = revenue_total.of(harbor.context)
    with harbor.context.transaction() as tx:
        erasure.contact(tx, 12)
    harbor.settle()

    after = revenue_total.of(harbor.context)

    assert (after.low, after.second_order, after.high, after.won) == (
        before.low, before.second_order, before.high, before.won,
    )  # fmt: skip
    assert after.by_holder == before.by_holder


def test_leaders_are_people_with_all_their_records_and_companies_with_what_they_merged(
    harbor: MirrorPortal,
) -> None:
    moved_champion(harbor)
    harbor.company(3, "Acme Group", "acme-group.com")
    same = {"firstname": "Priya", "lastname": "Raman", "hs_linkedin_url": "linkedin.com/in/priya-r"}
    harbor.change("contact", 12, **same)
    harbor.contact(13, 3, **same, email=[(900, "p@acme-group.com"), (200, "priya.r@gmail.com")])
    harbor.deal(6, 3, 13, created=800, won=(700, "100.00"))
    harbor.company(4, "Bolt", "bolt-works.com")
    harbor.contact(14, 4, email="bo@bolt-works.com", referred_by=[(70, "priya.r@gmail.com")])
    harbor.deal(10, 4, 14, created=60, won=(20, "5000.00"))
    harbor.settle()
    harbor.merge("company", (3,), 1)
    harbor.settle()

    found = portal_figures.summary(harbor.context)

    total = found["total"]["second_order"]
    assert harbor.derived(10) > 0
    assert [person["revenue"] for person in found["people"]] == [total]
    assert found["people"][0]["deals"] == 2
    assert found["people"][0]["because"] != []
    current = found["people"][0]["contact_id"]
    assert harbor.said("contact", current)["second_order_revenue"] == total
    assert [(firm["company_id"], firm["revenue"]) for firm in found["companies"]] == [(1, total)]
    assert harbor.said("company", 1)["second_order_revenue"] == total


@pytest.mark.parametrize("month", [None, MAY], ids=["all", "month"])
def test_a_total_costs_the_same_queries_in_a_small_and_a_larger_portal(
    harbor: MirrorPortal, month: date | None
) -> None:
    moved_champion(harbor)
    harbor.settle()
    small = statements(harbor, month)
    for number in range(100, 140):
        harbor.deal(number, 2, 12, created=60, won=(45, "10.00"))
    harbor.settle()

    # A month begins and ends by the account's time zone.
    assert statements(harbor, month) == small == _TOTAL + (month is not None)


# A transaction's beginning; the settings; parts, traces and ranges of what is booked; what is not
# booked; what may be read, and what an admin is asked.
_TOTAL = 9


def statements(portal: MirrorPortal, month: date | None) -> int:
    """How many statements a total costs."""
    said: list[object] = []

    def note(*arguments: object) -> None:
        said.append(arguments[2])

    engine = portal.clock.database._engine
    event.listen(engine, "before_cursor_execute", note)
    revenue_total.of(portal.context, month)
    event.remove(engine, "before_cursor_execute", note)
    return len(said)
