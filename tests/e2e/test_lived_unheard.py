"""What was told too early or never is found by a reconciliation, and then says what a fresh install says."""

import pytest
from hypothesis import given

from tests.e2e.lived import (
    FOUND_UNHEARD,
    LOST,
    NewWorld,
    answer_otherwise,
    assert_lived_as_fresh,
    begin,
    calmly,
    dealt,
    live,
    seeds,
)
from tests.e2e.test_links import reconcile


@calmly
@given(seed=seeds)
@pytest.mark.timeout(1800)
def test_what_was_told_early_or_never_is_found_by_a_reconciliation(
    new_world: NewWorld, seed: int
) -> None:
    histories = [*FOUND_UNHEARD, *dealt(seed, LOST)]
    with new_world() as world:
        answer_otherwise(world.hubspot.quirks)
        lived = begin(world, len(histories))
        live(world, lived, histories)
        reconcile(world, world.harbor)
        assert_lived_as_fresh(world, lived, histories)
