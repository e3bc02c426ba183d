"""Whoever lived through merges, deletions and restores says what a fresh install of the final state says."""

import pytest
from hypothesis import given

from tests.e2e.lived import (
    FOUND,
    TOLD,
    NewWorld,
    assert_lived_as_fresh,
    begin,
    calmly,
    dealt,
    live,
    seeds,
)


@calmly
@given(seed=seeds)
@pytest.mark.timeout(1800)
def test_a_life_lived_says_what_a_fresh_install_says(new_world: NewWorld, seed: int) -> None:
    all_histories = [*FOUND, *dealt(seed, TOLD)]
    with new_world() as world:
        lived = begin(world, len(all_histories))
        live(world, lived, all_histories)
        assert_lived_as_fresh(world, lived, all_histories)
