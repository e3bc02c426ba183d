"""The total's range: sure sources alone, as booked, and every source taken as certain."""

from dataclasses import replace

from mappings.rules.attribution import credit
from mappings.rules.findings import Source
from mappings.rules.ledger.total_range import DerivedDeal, Range, range_of
from mappings.rules.policy import DEFAULT

SOURCES = (
    Source("moved_champion", 900_000, 950_000, 1_000_000, 855_000, person_id=1, company_id=10),
    Source("referral", 850_000, 800_000, 1_000_000, 680_000, person_id=2, company_id=11),
    Source("word_of_mouth", 350_000, 600_000, 1_000_000, 210_000),
)


def derived(booked: int, *sources: Source) -> DerivedDeal:
    allocation = credit.allocate(1, booked, "USD", sources, DEFAULT)
    return DerivedDeal(booked, allocation.derived_minor, sources)


def test_the_range_of_a_total_is_that_of_its_deals_added_up() -> None:
    """A deal of 40,000: low 34,200, high 39,610; its neighbour of 10,000 rests on a referral."""
    first, second = derived(40_000_00, *SOURCES), derived(10_000_00, SOURCES[1])

    assert range_of([first], DEFAULT) == Range(34_200_00, 38_533_76, 39_610_00)
    assert range_of([second], DEFAULT) == Range(0, 6_800_00, 8_500_00)
    assert range_of([first, second], DEFAULT) == Range(34_200_00, 45_333_76, 48_110_00)


def test_a_credit_note_takes_back_at_each_end_what_its_deal_has_there() -> None:
    deal, note = derived(10_000_00, SOURCES[1]), derived(-10_000_00, SOURCES[1])

    assert range_of([deal, note], DEFAULT) == Range(0, 0, 0)


def test_where_the_weights_are_gone_with_a_person_the_booked_amount_is_all_that_is_known() -> None:
    forgotten = DerivedDeal(10_000_00, 6_800_00, None)

    assert range_of([forgotten], DEFAULT) == Range(6_800_00, 6_800_00, 6_800_00)


def test_frozen_shares_stay_within_their_range_under_another_threshold() -> None:
    deal = replace(derived(10_000_00, SOURCES[1]), derived_minor=9_000_00)

    assert range_of([deal], DEFAULT) == Range(0, 9_000_00, 9_000_00)
