import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.rules.attribution.orders import (
    WonDeal,
    all_in,
    build,
    orders,
    whole,
)
from mappings.rules.findings import SHARE_ONE
from mappings.rules.policy import DEFAULT, Policy
from tests.unit.rules_builders import day

A, B, C = 1, 2, 3


def won(
    deal_id: int, company: int, dollars: int, closed: int, *shares: tuple[int | None, float]
) -> WonDeal:
    parts = tuple((source, round(share * SHARE_ONE)) for source, share in shares)
    return WonDeal(deal_id, company, dollars * 100, day(closed), parts)


CHAIN = (won(1, A, 10_000, 0), won(2, B, 20_000, 10, (A, 0.5)), won(3, C, 30_000, 20, (B, 0.8)))


def test_a_chain_adds_up_along_its_paths() -> None:
    graph = build(CHAIN, DEFAULT)

    first, second, third = (all_in(company, graph, DEFAULT) for company in (A, B, C))

    assert (first.direct_minor, first.by_order, first.total_minor) == (
        1_000_000,
        {2: 1_000_000, 3: 1_200_000},
        3_200_000,
    )
    assert (second.total_minor, third.total_minor) == (4_400_000, 3_000_000)
    assert orders(graph) == {1: 1, 2: 2, 3: 3}


def test_what_returns_to_the_customer_is_shown_and_not_added() -> None:
    deals = (won(1, A, 10_000, 0), won(2, B, 20_000, 10, (A, 0.5)), won(3, A, 12_000, 20, (B, 0.4)))
    graph = build(deals, DEFAULT)

    first, second = all_in(A, graph, DEFAULT), all_in(B, graph, DEFAULT)

    assert second.by_order == {2: 480_000}
    assert (first.self_return_minor, first.by_order) == (240_000, {2: 1_000_000})
    assert first.total_minor == 2_200_000 + 1_000_000


def test_credit_hangs_on_the_latest_deal_won_strictly_before() -> None:
    deals = (
        won(1, A, 1, 0),
        won(2, A, 1, 5),
        won(3, B, 1, 5, (A, 0.5)),
        won(4, A, 1, 9),
        won(5, C, 1, 4, (A, 0.5)),
    )

    graph = build(deals, DEFAULT)

    assert [edge.source_id for edge in graph.incoming[3]] == [2]  # equal times are ordered by id
    assert [edge.source_id for edge in graph.incoming[5]] == [1]


def test_shares_without_an_earlier_deal_and_of_the_same_company_make_no_edge() -> None:
    deals = (
        won(1, B, 1, 0, (A, 0.5)),
        won(2, A, 1, 5),
        won(3, A, 1, 6, (A, 0.5)),
        won(4, C, 1, 7, (None, 0.1)),
    )

    graph = build(deals, DEFAULT)

    assert [(one.deal_id, one.company_id) for one in graph.dropped] == [(1, A), (3, A), (4, None)]
    assert orders(graph) == {1: 2, 2: 1, 3: 1, 4: 2}


def test_several_paths_to_one_deal_add_up_and_its_order_is_the_smallest() -> None:
    deals = (*CHAIN, won(4, 4, 1000, 30, (A, 0.25), (C, 0.5)))
    graph = build(deals, DEFAULT)

    assert all_in(A, graph, DEFAULT).by_order == {2: 1_025_000, 3: 1_200_000, 4: 20_000}
    assert orders(graph)[4] == 2


def test_paths_end_at_order_six_and_at_one_percent() -> None:
    chain = [won(1, 1, 100, 0), *(won(n, n, 100, n, (n - 1, 1.0)) for n in range(2, 10))]
    thin = [
        won(1, 1, 100, 0),
        won(2, 2, 100, 1, (1, 0.1)),
        won(3, 3, 100, 2, (2, 0.1)),
        won(4, 4, 100, 3, (3, 0.5)),
    ]

    assert list(all_in(1, build(chain, DEFAULT), DEFAULT).by_order) == [2, 3, 4, 5, 6]
    assert all_in(1, build(thin, DEFAULT), DEFAULT).by_order == {2: 1000, 3: 100}


def test_a_derived_customers_renewals_inherit_for_thirty_six_months_in_lifetime_value_only() -> (
    None
):
    deals = (
        won(1, A, 10_000, 0),
        won(2, B, 20_000, 10, (A, 0.5)),
        won(3, B, 20_000, 375),
        won(4, B, 20_000, 10 + 1096),
        won(5, B, 20_000, 10 + 1097),
    )
    graph = build(deals, DEFAULT, inherit=True)

    found = all_in(A, graph, DEFAULT)

    assert (found.by_order, found.inherited_minor) == ({2: 3_000_000}, 2_000_000)
    assert all_in(A, build(deals, DEFAULT), DEFAULT).by_order == {2: 1_000_000}


def test_a_company_without_deals_is_worth_nothing() -> None:
    assert all_in(99, build(CHAIN, DEFAULT), DEFAULT).total_minor == 0


portfolio = st.lists(
    st.tuples(
        st.integers(1, 5),
        st.integers(-1000, 100_000),
        st.integers(0, 20),
        st.lists(
            st.tuples(st.none() | st.integers(1, 5), st.integers(0, SHARE_ONE // 4)), max_size=4
        ),
    ),
    max_size=9,
)


@settings(max_examples=100)
@given(portfolio)
def test_any_portfolio_makes_a_graph_that_only_points_forward(
    rows: list[tuple[int, int, int, list[tuple[int | None, int]]]],
) -> None:
    deals = [
        WonDeal(n, company, money, day(at), tuple(shares))
        for n, (company, money, at, shares) in enumerate(rows)
    ]

    graph = build(deals, DEFAULT)

    for edges in graph.incoming.values():
        for edge in edges:
            source, target = graph.deals[edge.source_id], graph.deals[edge.target_id]
            assert (source.closed_at, source.id) < (target.closed_at, target.id)
            assert source.company_id != target.company_id
    assert build(deals[::-1], DEFAULT) == graph
    direct = sum(all_in(company, graph, DEFAULT).direct_minor for company in graph.of_company)
    assert direct == sum(deal.amount_minor for deal in deals)
    assert all(order >= 1 for order in orders(graph).values())


def test_the_depth_is_the_admins_choice() -> None:
    assert all_in(A, build(CHAIN, DEFAULT), Policy(max_order=2)).by_order == {2: 1_000_000}


def test_what_is_derived_directly_counts_however_small_its_share() -> None:
    deals = (won(1, A, 1, 0), won(2, B, 10_000, 1, (A, 0.002)), won(3, C, 10_000, 2, (B, 1.0)))

    assert all_in(A, build(deals, DEFAULT), DEFAULT).by_order == {2: 2_000}


def test_two_people_of_one_company_make_one_edge() -> None:
    deals = (
        won(1, A, 1, 0),
        won(2, B, 10_000, 1, (A, 0.006), (A, 0.006)),
        won(3, C, 10_000, 2, (B, 1.0)),
    )

    graph = build(deals, DEFAULT)

    assert [edge.share for edge in graph.incoming[2]] == [12 * 10**9]
    assert all_in(A, graph, DEFAULT).by_order == {
        2: 12_000,
        3: 12_000,
    }  # together they pass one percent


def test_a_path_may_pass_another_company_twice() -> None:
    deals = (
        won(1, A, 1, 0),
        won(2, B, 100, 1, (A, 0.5)),
        won(3, C, 100, 2, (B, 0.5)),
        won(4, B, 100, 3, (C, 0.5)),
    )

    assert all_in(A, build(deals, DEFAULT), DEFAULT).by_order == {2: 5_000, 3: 2_500, 4: 1_250}


def test_nothing_is_followed_beyond_the_return_home() -> None:
    deals = (
        won(1, A, 1, 0),
        won(2, B, 100, 1, (A, 0.5)),
        won(3, A, 100, 2, (B, 0.5)),
        won(4, C, 100, 3, (A, 0.5)),
    )

    found = all_in(A, build(deals, DEFAULT), DEFAULT)

    assert (found.by_order, found.self_return_minor) == ({2: 10_000}, 2_500)


def test_credit_notes_and_deals_for_nothing_flow_like_others() -> None:
    deals = (won(1, A, 0, 0), won(2, B, -100, 1, (A, 0.5)), won(3, C, 0, 2, (B, 0.5)))

    assert all_in(A, build(deals, DEFAULT), DEFAULT).by_order == {2: -5_000, 3: 0}


def test_a_deal_without_a_company_is_derived_and_leads_nowhere() -> None:
    deals = (
        won(1, A, 1, 0),
        WonDeal(2, None, 10_000, day(1), ((A, SHARE_ONE // 2),)),
        WonDeal(3, None, 5, day(2)),
    )
    graph = build(deals, DEFAULT, inherit=True)

    assert all_in(A, graph, DEFAULT).by_order == {2: 5_000}
    assert graph.incoming[3] == ()


@pytest.mark.parametrize(
    ("trillionths", "minor"),
    [
        (5 * 10**11, 0),
        (15 * 10**11, 2),
        (-5 * 10**11, 0),
        (-15 * 10**11, -2),
        (5 * 10**11 + 1, 1),
        (10**12, 1),
    ],
)
def test_money_is_rounded_once_half_to_even(trillionths: int, minor: int) -> None:
    assert whole(trillionths) == minor


def test_no_setting_makes_the_walk_endless() -> None:
    chain = [won(1, 1, 100, 0), *(won(n, n, 100, n, (n - 1, 1.0)) for n in range(2, 30))]

    assert list(all_in(1, build(chain, DEFAULT), Policy(max_order=36_500)).by_order) == list(
        range(2, 13)
    )


def test_no_months_no_inheritance() -> None:
    deals = (won(1, A, 1, 0), won(2, B, 100, 1, (A, 0.5)), won(3, B, 100, 1))

    graph = build(deals, Policy(inheritance_months=0), inherit=True)

    assert graph.incoming[3] == ()


def test_help_from_inside_a_merged_company_does_not_end_inheritance() -> None:
    deals = (
        won(1, A, 1, 0),
        won(2, B, 100, 1, (A, 0.5)),
        won(3, B, 100, 9, (B, 0.5)),
        won(4, B, 100, 9, (None, 0.1)),
    )

    graph = build(deals, DEFAULT, inherit=True)

    assert [edge.inherited for edge in graph.incoming[3]] == [True]
    assert graph.incoming[4] == ()
