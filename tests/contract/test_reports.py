"""Reports: whatever they are by, their rows add up to the one total of the period."""

from datetime import date

import pytest

from integration.reports import report, revenue_total
from integration.reports.report import Report
from mappings.kinds import Measure
from mappings.records import report_request
from tests.contract.conclude_world import MirrorPortal, day, moved_champion


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
