"""What a customer pays over time: by a property, by line items, by deals with a term."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.facts import Reading
from mappings.rules.policy import DEFAULT
from mappings.rules.success import recurring_value
from mappings.rules.success.recurring_value import (
    Contract,
    ValueSource,
    ValueSpan,
    ValueTag,
    spans,
    value_at,
)

START = datetime(2020, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def day(year: int, month: int = 1, of_month: int = 1) -> datetime:
    return datetime(year, month, of_month, tzinfo=UTC)


def deal(
    deal_id: int, at: datetime, minor: int, months: int | None = 12, **more: object
) -> Contract:
    known: dict[str, Any] = {"currency": "EUR", "home_minor": minor, "source": ValueSource.TERM}
    known |= more
    return Contract(deal_id, at, minor, months=months, **known)


def of(
    *contracts: Contract,
    said: tuple[Reading[int], ...] = (),
    renewals: tuple[Reading[datetime], ...] = (),
    now: datetime = NOW,
) -> tuple[ValueSpan, ...]:
    return spans(
        said,
        renewals,
        contracts,
        currency="EUR",
        customer_since=START,
        now=now,
        policy=DEFAULT,
    )


def worth(found: tuple[ValueSpan, ...], *days: datetime) -> list[int]:
    return [value_at(found, at) for at in days]


def tags(found: tuple[ValueSpan, ...]) -> list[list[str]]:
    return [[str(tag) for tag in span.tags] for span in found]


def test_a_prepaid_year_is_no_spike() -> None:
    assert recurring_value.a_year(3_600_000, 36) == 1_200_000
    assert recurring_value.a_month(1_200_000) == 100_000


def test_a_property_counts_from_the_day_of_each_value() -> None:
    ended: Reading[int] = Reading(None, day(2023))
    said = (Reading(1000, day(2021)), Reading(1500, day(2022)), ended)

    found = of(said=said)

    days = (day(2020, 6), day(2021, 6), day(2022), day(2022, 12, 31), day(2023))
    assert worth(found, *days) == [0, 1000, 1500, 1500, 0]
    assert {span.source for span in found} == {ValueSource.PROPERTY}


def test_a_property_that_says_anything_is_believed_before_any_deal() -> None:
    found = of(deal(1, day(2024), 9000), said=(Reading(1000, day(2025)),))

    assert worth(found, day(2024, 6), day(2025, 6)) == [0, 1000], "sources are not mixed"


def test_what_was_written_before_somebody_became_a_customer_was_a_hope() -> None:
    found = of(said=(Reading(1000, day(2018)),))

    assert worth(found, day(2019), START) == [0, 1000]


def test_a_value_without_a_day_counts_always_and_says_so() -> None:
    assert tags(of(said=(Reading(1000, None),))) == [["since_unknown"]]


def test_nothing_paid_while_the_contract_runs_is_a_pause() -> None:
    said = (Reading(1000, day(2021)), Reading(0, day(2022)), Reading(1000, day(2022, 4)))

    paused = of(said=said, renewals=(Reading(day(2023), day(2021)),))
    ended = of(said=said, renewals=(Reading(day(2021, 12), day(2021)),))

    assert worth(paused, day(2022, 2), day(2022, 5)) == [0, 1000]
    assert tags(paused) == [[], ["paused"], []]
    assert tags(ended) == [[], []]


@pytest.mark.parametrize(
    ("value", "at", "is_escalator"),
    [
        (1100, day(2022, 1, 20), True),
        (1101, day(2022, 1, 20), False),
        (1050, day(2022, 6), False),
        (900, day(2022), False),
    ],
    ids=["a tenth at the anniversary", "more than a tenth", "in mid-year", "a fall"],
)
def test_a_small_rise_at_an_anniversary_is_an_escalator(
    value: int, at: datetime, is_escalator: bool
) -> None:
    found = of(said=(Reading(1000, day(2021)), Reading(value, at)))

    assert (ValueTag.ESCALATOR in found[-1].tags) is is_escalator


def test_a_contract_counts_for_its_term() -> None:
    found = of(deal(1, day(2024, 2, 29), 1200))

    days = (day(2024, 2, 28), day(2024, 2, 29), day(2025, 2, 27), day(2025, 2, 28))
    assert worth(found, *days) == [0, 1200, 1200, 0]


def test_a_renewal_goes_on_from_the_end_of_what_it_renews() -> None:
    first = deal(1, day(2023), 1000)
    early = deal(2, day(2023, 11), 1200, is_renewal=True)
    late = deal(2, day(2024, 1, 25), 1200, is_renewal=True)

    for renewal in (early, late):
        found = of(first, renewal)
        assert worth(found, day(2023, 12, 31), day(2024), day(2024, 12, 31)) == [1000, 1200, 1200]


def test_a_renewal_that_comes_after_the_grace_leaves_a_gap() -> None:
    found = of(deal(1, day(2023), 1000), deal(2, day(2024, 3), 1000, is_renewal=True))

    assert worth(found, day(2024, 2), day(2024, 4)) == [0, 1000]


def test_an_expansion_counts_beside_the_contract() -> None:
    found = of(deal(1, day(2023), 1000), deal(2, day(2023, 7), 200))

    assert worth(found, day(2023, 8), day(2024, 2)) == [1200, 200]


def test_a_replaced_contract_ends_where_the_next_begins() -> None:
    found = of(deal(1, day(2023), 1000, 36, is_replaced=True), deal(2, day(2024), 1500, 36))

    assert worth(found, day(2023, 12), day(2024, 2)) == [1000, 1500]


def test_the_grace_is_shown_as_awaiting_a_renewal_and_then_was_none() -> None:
    contract = deal(1, day(2025), 1000)

    waiting = of(contract, now=day(2026, 1, 15))
    over = of(contract, now=day(2026, 2, 15))

    assert worth(waiting, day(2026, 1, 15)) == [1000]
    assert tags(waiting) == [["awaiting_renewal"]]
    assert worth(over, day(2025, 12, 31), day(2026, 1, 1)) == [1000, 0]
    assert tags(over) == [[]]


def test_a_contract_without_a_term_is_taken_for_a_year_and_says_so() -> None:
    found = of(deal(1, day(2024), 1000, None))

    assert worth(found, day(2024, 12, 31), day(2025)) == [1000, 0]
    assert tags(found) == [["term_assumed"]]


def test_line_items_are_believed_before_terms() -> None:
    items = deal(1, day(2025), 700, source=ValueSource.LINE_ITEMS)

    assert worth(of(items, deal(2, day(2025), 9000)), day(2025, 6)) == [700]


def test_money_without_a_rate_is_no_part_of_the_value() -> None:
    found = of(deal(1, day(2025), 700, currency="USD", home_minor=None), deal(2, day(2025), 100))

    assert worth(found, day(2025, 6)) == [100]


def test_a_merged_company_counts_until_its_merge() -> None:
    found = of(said=(Reading(1000, day(2021)), Reading(2000, day(2024))))

    (ended,) = recurring_value.until_merged(found, 7, day(2023))

    assert (ended.key, ended.until, ended.tags) == ("property:7", day(2023), (ValueTag.MERGED,))


DEALS = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(1, 10**9), st.integers(1, 60), st.booleans()),
    max_size=8,
)


@given(given_deals=DEALS, on=st.integers(0, 3000))
def test_a_company_never_pays_more_than_all_its_contracts_together(
    given_deals: list[tuple[int, int, int, bool]], on: int
) -> None:
    contracts = [
        deal(number, START + timedelta(days=at), minor, months, is_renewal=renews)
        for number, (at, minor, months, renews) in enumerate(given_deals)
    ]

    found = of(*contracts)

    assert 0 <= value_at(found, START + timedelta(days=on)) <= sum(d.year_minor for d in contracts)
    assert of(*reversed(contracts)) == found, "the order of reading says nothing"


@given(values=st.lists(st.integers(0, 10**9), min_size=1, max_size=9))
def test_spans_of_a_property_never_overlap(values: list[int]) -> None:
    said: tuple[Reading[int], ...] = tuple(
        Reading(v, START + timedelta(days=40 * n)) for n, v in enumerate(values)
    )

    found = of(said=said)

    for n, value in enumerate(values):
        assert value_at(found, START + timedelta(days=40 * n)) == value
