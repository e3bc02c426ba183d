"""Reports: whatever they are by, their rows add up to the one total of the period."""

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from integration.core.errors import Refused
from integration.portal import forgotten, invalidation
from integration.portal.invalidation import Change
from integration.reports import report, report_sentences, revenue_total
from integration.reports.report import LeftOut, Report, ReportRow
from integration.storage.queue import import_runs
from mappings.kinds import Measure
from mappings.records import report_request
from tests.contract.conclude_world import (
    KEYS,
    REOPENED,
    MirrorPortal,
    closed_won,
    day,
    moved_champion,
)


def asked(portal: MirrorPortal, **words: str) -> Report:
    """The report of an address; from_ and to_ are its words from and to."""
    pairs = [(name.rstrip("_"), value) for name, value in words.items()]
    return report.of(portal.context, report_request.read(pairs))


def booked(found: Report) -> dict[tuple[str, ...], int]:
    """What is booked by the keys of each row."""
    return {
        tuple(key.value for key in row.keys): int(row.values[Measure.BOOKED] or 0)
        for row in found.rows
    }


def several_sources(portal: MirrorPortal) -> None:
    """Priya moved to Zenit, Eve of Beta referred Bo there, Cy heard of us: deals of two months."""
    moved_champion(portal)
    portal.company(4, "Beta", "beta-parts.com")
    portal.contact(40, 4, firstname="Eve", lastname="Stone", email="eve@beta-parts.com")
    portal.deal(6, 4, 40, created=800, won=(700, "9999.99"))
    portal.contact(30, 2, firstname="Bo", lastname="Lind", email="bo@zenit-labs.com",
                   created=day(60), referred_by="eve@beta-parts.com")  # fmt: skip
    portal.contact(31, 2, firstname="Cy", lastname="Moss", email="cy@zenit-labs.com",
                   created=day(60), heard_from="word of mouth")  # fmt: skip
    portal.deal(20, 2, 12, 30, 31, created=59, won=(45, "700.07"), hubspot_owner_id="88")
    portal.deal(21, 2, 30, 31, created=58, won=(12, "12345.67"), hubspot_owner_id="88",
                pipeline="partners")  # fmt: skip


def test_rows_by_source_and_month_add_up_to_the_total(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    several_sources(harbor)
    moved_champion(orchard, amount="99.00")
    for portal in (harbor, orchard):
        portal.settle()

    found = asked(harbor, measure="booked,first_order,won", by="source,month")

    total = revenue_total.of(harbor.context)
    rows = booked(found)
    assert {source for source, _ in rows} >= {"moved_champion", "referral", "word_of_mouth"}
    assert {month for _, month in rows} >= {"2026-05", "2026-06"}
    assert sum(rows.values()) == found.total[Measure.BOOKED] == total.second_order > 0
    assert found.total[Measure.WON] == total.won
    may = sum(minor for (_, month), minor in rows.items() if month == "2026-05")
    assert may == revenue_total.of(harbor.context, date(2026, 5, 1)).second_order


@pytest.mark.parametrize(
    "by",
    ["source", "month", "quarter", "year", "owner", "team", "pipeline", "company", "credited", "advocate",
     "order", "timing", "deal.dealname", "company.name", "source,owner", "credited,quarter"],
)  # fmt: skip
def test_whatever_a_report_is_by_it_adds_up_to_the_one_total(harbor: MirrorPortal, by: str) -> None:
    several_sources(harbor)
    harbor.settle()
    total = revenue_total.of(harbor.context)

    found = asked(harbor, measure="booked,first_order,won,deals,won_deals", by=by)

    for measure in (Measure.BOOKED, Measure.LOW, Measure.HIGH, Measure.FIRST_ORDER, Measure.WON):
        assert sum(int(row.values[measure] or 0) for row in found.rows) == found.total[measure]
    assert found.total[Measure.BOOKED] == total.second_order
    assert found.total[Measure.WON] == total.won
    assert (found.total[Measure.LOW], found.total[Measure.HIGH]) == (total.low, total.high)
    assert total.low < total.second_order < total.high
    assert found.coverage == total.measurement.coverage
    assert (found.total[Measure.DEALS], found.total[Measure.WON_DEALS]) == (
        total.derived_deals,
        total.deals,
    )


def row_of(found: Report, *keys: str) -> ReportRow:
    (row,) = (row for row in found.rows if tuple(key.value for key in row.keys) == keys)
    return row


def test_a_row_leads_to_the_list_of_exactly_its_deals(harbor: MirrorPortal) -> None:
    several_sources(harbor)
    harbor.settle()

    found = asked(harbor, by="credited,month", owner="88", from_="2026-05", to="2026-06-30")

    row = row_of(found, "4", "2026-05")
    assert [key.label for key in row.keys] == ["Beta", "May 2026"]
    assert row.deals == (
        ("booked", "yes"),
        ("booked_from", "2026-05-01"),
        ("booked_to", "2026-05-31"),
        ("owner", "88"),
        ("from_company", "4"),
    )
    assert row_of(found, "pool", "2026-05").deals is None
    assert asked(harbor, measure="won", by="owner").deals == (("state", "won"),)
    assert asked(harbor, measure="pipeline", by="owner").deals == (("state", "open"),)


def test_a_filter_keeps_only_its_rows_and_they_add_up(harbor: MirrorPortal) -> None:
    several_sources(harbor)
    harbor.settle()
    by_source = booked(asked(harbor, by="source,owner"))

    mine = asked(harbor, by="source", owner="88")
    referrals = asked(harbor, by="owner", source="referral")
    nobodys = asked(harbor, owner="none")

    assert booked(mine) == {
        (source,): minor for (source, owner), minor in by_source.items() if owner == "88"
    }
    assert booked(referrals) == {("88",): by_source["referral", "88"]}
    assert nobodys.total[Measure.BOOKED] == by_source["moved_champion", "none"]
    assert mine.total[Measure.LOW] == sum(int(row.values[Measure.LOW] or 0) for row in mine.rows)


def test_a_report_beside_the_period_before_has_months_beside_months(harbor: MirrorPortal) -> None:
    several_sources(harbor)
    harbor.settle()
    months = booked(asked(harbor, by="month"))

    found = asked(harbor, by="month", from_="2026-06", to="2026-06", compare="before")

    (june,) = found.rows
    assert june.before is not None
    assert june.before[Measure.BOOKED] == months["2026-05",] > 0
    assert june.values[Measure.BOOKED] == months["2026-06",]
    assert found.before is not None
    assert found.before[Measure.BOOKED] == june.before[Measure.BOOKED]


def test_a_month_in_which_nothing_was_won_is_a_row_of_zero(harbor: MirrorPortal) -> None:
    several_sources(harbor)
    harbor.settle()

    found = booked(asked(harbor, by="month", from_="2026-03", to="2026-07"))

    assert list(found) == [(f"2026-0{month}",) for month in range(3, 8)]
    assert found["2026-03",] == found["2026-07",] == 0


def test_of_many_rows_the_largest_are_told_and_what_the_others_add_up_to(
    harbor: MirrorPortal,
) -> None:
    several_sources(harbor)
    harbor.settle()
    request = report_request.read([("by", "credited")])

    whole = report.of(harbor.context, request)
    largest = report.of(harbor.context, request, most=1)

    assert len(whole.rows) > 2
    assert largest.rows == whole.rows[:1]
    assert largest.rest_rows == len(whole.rows) - 1
    assert largest.rest is not None
    shown = (largest.rows[0].values, largest.rest)
    assert sum(int(values[Measure.BOOKED] or 0) for values in shown) == whole.total[Measure.BOOKED]


def test_what_has_no_part_in_a_report_is_named(harbor: MirrorPortal) -> None:
    several_sources(harbor)
    harbor.deal(30, 2, 12, created=59, won=(21, "500.00"), deal_currency_code="EUR")
    harbor.deal(31, 2, 12, created=59, won=(21, ""), hubspot_owner_id="88")
    harbor.deal(32, 2, 12, created=59, won=(21, "7.00"), deal_currency_code="XBT")
    harbor.settle()

    found = asked(harbor, by="source", from_="2026-06", to="2026-06")
    mine = asked(harbor, by="source", owner="88")
    earlier = asked(harbor, by="source", from_="2026-05", to="2026-05")

    euros = harbor.derived(30)
    assert set(found.left_out) == {
        LeftOut("no_amount", 1),
        LeftOut("no_currency", 1),
        LeftOut("currency", 1, "EUR", euros, 500_00 - euros),
    }
    assert mine.left_out == (LeftOut("no_amount", 1),)
    assert earlier.left_out == ()
    in_euros = asked(harbor, measure="booked,won", by="owner", currency="EUR")
    assert (in_euros.total[Measure.BOOKED], in_euros.total[Measure.WON]) == (euros, 500_00)


def test_open_deals_count_by_their_probability_and_are_in_no_month(harbor: MirrorPortal) -> None:
    several_sources(harbor)
    harbor.deal(40, 2, 12, created=20, amount="1000.00", hs_deal_stage_probability="0.4")
    harbor.settle()
    share = Decimal(harbor.said("deal", 40)["second_order_share"])

    found = asked(harbor, measure="booked,pipeline", by="source")
    by_month = asked(harbor, measure="booked,pipeline", by="month")

    expected = round(1000_00 * share * Decimal("0.4"))
    assert abs(int(found.total[Measure.PIPELINE] or 0) - expected) <= 1
    assert sum(int(row.values[Measure.PIPELINE] or 0) for row in found.rows) == pytest.approx(
        expected, abs=1
    )
    assert {row.values[Measure.PIPELINE] for row in by_month.rows} == {0}
    assert found.total[Measure.BOOKED] == revenue_total.of(harbor.context).second_order


def test_win_rate_days_and_size_are_of_deals_with_a_customer_behind_them(
    harbor: MirrorPortal,
) -> None:
    moved_champion(harbor)
    harbor.deal(10, 2, 12, created=59, won=(49, "600.00"))
    harbor.deal(11, 2, 12, created=59, won=(29, "900.00"))
    harbor.deal(12, 2, 12, created=59, closedate=day(30).isoformat(), amount="5.00",
                hs_is_closed="true", hs_is_closed_lost="true")  # fmt: skip
    harbor.deal(13, 1, created=59, closedate=day(30).isoformat(), amount="5.00",
                hs_is_closed="true", hs_is_closed_lost="true")  # fmt: skip
    harbor.settle()

    total = asked(harbor, measure="win_rate,days,size,mean_size").total

    assert total[Measure.WIN_RATE] == 0.75
    assert total[Measure.DAYS] == 30.0
    assert total[Measure.SIZE] == 900_00
    assert total[Measure.MEAN_SIZE] == round(sum((40_000_00, 600_00, 900_00)) / 3)


def test_a_removed_person_has_no_name_and_the_sums_stay(harbor: MirrorPortal) -> None:
    several_sources(harbor)
    harbor.settle()
    before = asked(harbor, by="advocate")
    assert "Eve Stone" in {key.label for row in before.rows for key in row.keys}

    with harbor.context.transaction() as tx:
        forgotten.erase(tx, 40, keys=KEYS)
    harbor.settle()

    found = asked(harbor, by="advocate")
    labels = {key.label for row in found.rows for key in row.keys}
    assert "Eve Stone" not in labels
    assert "40" not in {key.value for row in found.rows for key in row.keys}
    for measure in (Measure.BOOKED, Measure.LOW, Measure.HIGH):
        assert found.total[measure] == before.total[measure]
        assert sum(int(row.values[measure] or 0) for row in found.rows) == before.total[measure]


def test_a_merged_company_has_all_of_what_was_booked_for_both(harbor: MirrorPortal) -> None:
    several_sources(harbor)
    harbor.settle()
    rows = booked(asked(harbor, by="credited"))

    harbor.merge("company", (4,), 1)
    harbor.settle()

    assert booked(asked(harbor, by="credited"))["1",] == rows["1",] + rows["4",]


def test_a_filter_means_what_a_record_was_merged_into_and_all_records_of_a_person(
    harbor: MirrorPortal,
) -> None:
    several_sources(harbor)
    profile = "linkedin.com/in/eve-stone-7"
    harbor.contact(41, 1, firstname="Eve", lastname="Stone", hs_linkedin_url=profile)
    harbor.change("contact", 40, hs_linkedin_url=profile)
    harbor.settle()
    assert len({harbor.persons()[number] for number in (40, 41)}) == 1
    of_eve = asked(harbor, advocate="40").total
    assert of_eve[Measure.BOOKED] == booked(asked(harbor, by="credited"))["4",]

    harbor.merge("company", (4,), 1)
    harbor.settle()

    assert asked(harbor, advocate="41").total == of_eve
    assert asked(harbor, credited="4").total == asked(harbor, credited="1").total
    assert asked(harbor, credited="4").total[Measure.BOOKED] != 0


@pytest.mark.parametrize(
    "value", ["\x00", "9" * 40, "'; DROP TABLE deal; --", "²", "株式会社", "-1"]
)
def test_a_value_that_nothing_has_finds_nothing(harbor: MirrorPortal, value: str) -> None:
    several_sources(harbor)
    harbor.settle()

    for name in ("owner", "company", "credited", "advocate", "source", "company.name"):
        pairs = [(name, value), ("by", "source")]
        found = report.of(harbor.context, report_request.read(pairs))
        assert (found.rows, found.total[Measure.BOOKED]) == ((), 0), name


def test_balances_are_what_the_ledger_adds_up_to_whatever_happened(harbor: MirrorPortal) -> None:
    several_sources(harbor)
    harbor.settle()
    harbor.change("deal", 21, amount="10000.01")
    harbor.change("deal", 20, **REOPENED)
    harbor.settle()
    harbor.change("deal", 20, **closed_won(5, "700.07"))
    harbor.retire("deal", 9)
    harbor.settle()

    columns = ("deal_id", "source_key", "kind", "subject_id", "company_id", "currency")
    ledger: Counter[tuple[Any, ...]] = Counter()
    for row in harbor.kept("ledger"):
        won_at = row["origin_at"] or row["effective_at"]
        ledger[*(row[name] for name in columns), won_at] += row["amount_minor"]
    kept = {
        (*(row[name] for name in columns), row["won_at"]): row["amount_minor"]
        for row in harbor.kept("balance")
    }
    assert kept == dict(ledger)
    assert asked(harbor).total[Measure.BOOKED] == revenue_total.of(harbor.context).second_order


def test_concluding_everything_anew_changes_no_report(harbor: MirrorPortal) -> None:
    several_sources(harbor)
    harbor.settle()
    before = asked(harbor, measure="booked,won,deals", by="source,month").rows

    with harbor.context.transaction() as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    harbor.settle()

    assert asked(harbor, measure="booked,won,deals", by="source,month").rows == before


def test_a_report_of_an_empty_account_is_nothing_and_says_so(harbor: MirrorPortal) -> None:
    found = asked(harbor, measure="booked,won,deals,win_rate,pipeline,coverage", by="source,month")

    assert found.rows == ()
    assert found.total[Measure.BOOKED] == found.total[Measure.DEALS] == 0
    assert found.total.get(Measure.WIN_RATE) is None
    assert found.coverage is None


def test_a_property_that_the_account_does_not_have_is_refused_with_the_nearest(
    harbor: MirrorPortal,
) -> None:
    with pytest.raises(Refused, match=r"'lifecycle' of companies is gone.*'lifecyclestage'"):
        asked(harbor, by="company.lifecycle")


def statements(portal: MirrorPortal, **words: str) -> int:
    """How many statements a report takes."""
    sent: list[str] = []
    engine = portal.database._engine

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        asked(portal, **words)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(sent)


def test_a_report_takes_as_many_statements_however_much_was_won(harbor: MirrorPortal) -> None:
    several_sources(harbor)
    harbor.settle()
    words = {"measure": "booked,won,deals,win_rate,pipeline", "by": "advocate,month"}
    few = statements(harbor, **words)

    for number in range(50, 60):
        harbor.deal(number, 2, 12, 30, created=59, won=(number - 40, "10.01"))
    harbor.settle()

    assert statements(harbor, **words) == few <= 24
    assert statements(harbor, by="month") <= 16


def test_a_report_while_the_import_runs_says_so(harbor: MirrorPortal) -> None:
    several_sources(harbor)
    harbor.settle()
    assert asked(harbor).importing is None

    with harbor.context.transaction() as tx:
        import_runs.begin(tx, "import", ["records:contact", "records:deal"])

    found = asked(harbor)
    assert found.importing is not None
    assert f"The import is at {found.importing}%: these figures will change." in list(
        report_sentences.lines(found)
    )
