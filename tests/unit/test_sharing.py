"""Shares of many deals at once are those of the rule, to the trillionth."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integration.rollup import share_arrays
from mappings.rules.attribution import credit
from mappings.rules.findings import Source

one = st.integers(0, 10**6) | st.sampled_from(
    [500_000, 855_000, 680_000, 210_000, 10**6, 1, 333_333]
)


def by_rule(raws: list[int], cap: int) -> list[int]:
    sources = [
        Source("referral", 0, 0, 0, raw, person_id=n, contact_id=n, company_id=n)
        for n, raw in enumerate(raws)
    ]
    found = credit.shares([source for source in sources if source.raw], cap)
    return [found.get(source.key, 0) for source in sources]


@settings(max_examples=300)
@given(st.lists(st.lists(one, max_size=7), max_size=8), st.sampled_from([10**6, 950_000, 1]))
@example([[500_000, 500_000], [333_333] * 3, [200_000] * 5], 10**6)
def test_each_deal_is_shared_as_the_rule_says(deals: list[list[int]], cap: int) -> None:
    rows = [(n, raw) for n, raws in enumerate(deals) for raw in raws]
    deal, raw = (np.array([row[n] for row in rows], np.int64) for n in range(2))

    found = share_arrays.share(deal, raw, cap)

    undecided = set(found.undecided.tolist())
    for n, raws in enumerate(deals):
        if n in undecided:
            keys = {f"k{place:03d}": value for place, value in enumerate(raws) if value}
            shares = share_arrays.by_keys(keys, cap)
            assert [shares.get(f"k{place:03d}", 0) for place in range(len(raws))] == by_rule(
                raws, cap
            )
        elif any(raws):
            assert found.share[deal == n].tolist() == by_rule(raws, cap)


def test_nearly_all_deals_need_no_keys() -> None:
    chance = np.random.default_rng(1)
    deal = np.sort(chance.integers(0, 20_000, 60_000))
    raw = chance.integers(1, 900_000, 60_000)

    found = share_arrays.share(deal, raw, 10**6)

    assert len(found.undecided) < 20


def test_rows_come_back_in_their_own_order() -> None:
    deal, raw = np.array([2, 1, 2]), np.array([500_000, 855_000, 0])

    assert share_arrays.share(deal, raw, 10**6).share.tolist() == [5 * 10**11, 855 * 10**9, 0]
