"""The roll-up in arrays and the rules' own walk say the same of any graph, to the minor unit."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.core.errors import Refused
from integration.rollup import edge_arrays, value_arrays
from integration.rollup.arrays import Ints
from mappings.rules.attribution.orders import WonDeal, all_in, build, orders
from mappings.rules.findings import SHARE_ONE
from mappings.rules.policy import DEFAULT, Policy

START = datetime(2024, 1, 31, tzinfo=UTC)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def ints(values: list[int]) -> Ints:
    return np.array(values, np.int64)


def micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def arrays(deals: list[WonDeal]) -> tuple[edge_arrays.Deals, list[tuple[int, int, int]]]:
    rows = [(deal.id, company or 0, share) for deal in deals for company, share in deal.shares]
    return edge_arrays.Deals.of(
        ints([deal.id for deal in deals]),
        ints([deal.company_id or 0 for deal in deals]),
        ints([deal.amount_minor for deal in deals]),
        ints([micros(deal.closed_at) for deal in deals]),
    ), rows


def hung(
    deals: list[WonDeal], policy: Policy
) -> tuple[edge_arrays.Deals, edge_arrays.AttachedEdges]:
    known, rows = arrays(deals)
    deal_ids, companies, parts = (ints([row[n] for row in rows]) for n in range(3))
    return known, edge_arrays.attach(known, deal_ids, companies, parts, policy)


def same(deals: list[WonDeal], policy: Policy) -> None:
    """Edges, orders and every company's value by both ways."""
    graph = build(deals, policy, inherit=True)
    known, found = hung(deals, policy)
    edges = found.edges
    names = known.id
    assert sorted(
        zip(names[edges.source], names[edges.target], edges.share, edges.inherited, strict=True)
    ) == sorted(
        (one.source_id, one.target_id, one.share, one.inherited)
        for many in graph.incoming.values()
        for one in many
    )
    assert dict(zip(names.tolist(), found.orders.tolist(), strict=True)) == orders(graph)
    value = value_arrays.all_in_values(known, edges, policy)
    for place, company in enumerate(value.companies.tolist()):
        said = all_in(company, graph, policy)
        assert value.direct[place] == said.direct_minor
        assert value.self_return[place] == said.self_return_minor
        assert value.inherited[place] == said.inherited_minor
        assert value.by_order[place].tolist() == [
            said.by_order.get(n, 0) for n in range(2, policy.max_order + 1)
        ]


share = st.integers(0, SHARE_ONE) | st.sampled_from(
    [SHARE_ONE, SHARE_ONE // 2, SHARE_ONE // 100, 1]
)
deal = st.tuples(
    st.none() | st.integers(1, 6),
    st.integers(-(10**6), 10**9) | st.sampled_from([0, 1, 10**15]),
    st.integers(0, 40),
    st.lists(st.tuples(st.none() | st.integers(1, 7), share), max_size=3),
)
Rows = list[tuple[int | None, int, int, list[tuple[int | None, int]]]]


def portfolio(rows: Rows, step: timedelta) -> list[WonDeal]:
    return [
        WonDeal(n * 7 % 101, company, money, START + at * step, tuple(shares))
        for n, (company, money, at, shares) in enumerate(rows)
    ]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(deal, max_size=25),
    st.sampled_from([1, 30, 90]),
    st.sampled_from([1, 2, 3, 6, 9]),
    st.booleans(),
)
def test_both_ways_say_the_same(rows: Rows, days: int, depth: int, thin: bool) -> None:
    policy = Policy(max_order=depth, smallest_path=0 if thin else 10_000)

    same(portfolio(rows, timedelta(days=days)), policy)


@settings(max_examples=50, deadline=None)
@given(st.lists(deal, max_size=25))
def test_without_inheritance_too(rows: Rows) -> None:
    same(portfolio(rows, timedelta(days=30)), Policy(inheritance_months=0))


@settings(max_examples=50, deadline=None)
@given(st.lists(deal, min_size=5, max_size=25))
def test_a_few_paths_at_a_time_add_up_to_the_same(rows: Rows) -> None:
    before, value_arrays._MOST_PATHS = value_arrays._MOST_PATHS, 2
    try:
        same(portfolio(rows, timedelta(days=20)), DEFAULT)
    finally:
        value_arrays._MOST_PATHS = before


@given(st.integers(-(10**18), 10**18), st.integers(0, SHARE_ONE))
def test_products_are_exact(value: int, part: int) -> None:
    units, rest = value_arrays._product(ints([value]), ints([part]))

    assert int(units[0]) * SHARE_ONE + int(rest[0]) == value * part
    assert 0 <= rest[0] < SHARE_ONE


def test_every_month_boundary_is_judged_alike() -> None:
    days = [START + timedelta(days=n) for n in range(1200)]
    deals = [
        WonDeal(1, 1, 100, START - timedelta(days=1)),
        WonDeal(2, 2, 100, START, ((1, SHARE_ONE // 3),)),
    ]

    same([*deals, *(WonDeal(n, 2, 7, at) for n, at in enumerate(days, 3))], DEFAULT)


def test_nothing_is_nothing() -> None:
    same([], DEFAULT)
    same([WonDeal(1, None, 100, START, ((None, SHARE_ONE), (3, 5)))], DEFAULT)


def test_shares_that_point_backwards_are_refused_by_row() -> None:
    deals = [
        WonDeal(1, 2, 100, START, ((1, 5), (None, 5))),
        WonDeal(2, 1, 100, START + timedelta(days=1), ((9, 5),)),
    ]

    _, found = hung(deals, DEFAULT)

    assert found.refused.tolist() == [0, 2]


def test_amounts_beyond_any_portal_are_refused_in_words() -> None:
    deals, _ = arrays([WonDeal(n, n, 10**18, START) for n in range(1, 7)])
    nothing = ints([])

    with pytest.raises(Refused, match="mistyped"):
        value_arrays.all_in_values(
            deals, edge_arrays.Edges(nothing, nothing, nothing, np.array([], np.bool_)), DEFAULT
        )


def test_ten_thousand_on_one_deal_and_one_company_behind_ten_thousand() -> None:
    before = [WonDeal(n, n, 100, START) for n in range(1, 10_001)]
    crowd = WonDeal(
        20_000,
        20_000,
        10**9,
        START + timedelta(days=1),
        tuple((n, 10**8) for n in range(1, 10_001)),
    )
    after = [
        WonDeal(n, n, 101, START + timedelta(days=2), ((20_000, SHARE_ONE // 3),))
        for n in range(30_000, 40_000)
    ]

    known, found = hung([*before, crowd, *after], DEFAULT)
    value = value_arrays.all_in_values(known, found.edges, DEFAULT)

    place = dict(zip(value.companies.tolist(), range(len(value.companies)), strict=True))
    assert value.by_order[place[7]].tolist() == [
        10**5,
        0,
        0,
        0,
        0,
    ]  # a ten-thousandth is counted, and ends there
    assert value.by_order[place[20_000]].tolist() == [
        (101 * 10_000 * (SHARE_ONE // 3) // SHARE_ONE) + 1,
        0,
        0,
        0,
        0,
    ]
