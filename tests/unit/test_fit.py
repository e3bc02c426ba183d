"""The weights of record linkage beside what the development data measures; skipped without it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.accuracy import fitting
from tests.accuracy.__main__ import DATA
from tests.accuracy.fitting import Sample

pytestmark = pytest.mark.skipif(
    not (DATA / "crm").is_dir(), reason="the development data is not beside the project"
)
# Where people live and what they do changes more in life than in the data.
CIRCUMSTANCES = {
    "same_city", "other_city", "other_state", "same_country", "other_country", "same_title", "other_job",
}  # fmt: skip


@pytest.mark.parametrize("read", [fitting.a_crm, fitting.a_list_and_its_copy])
def test_circumstances_count_for_less_than_the_fitting_half_says(
    read: Callable[[Path], Sample],
) -> None:
    sample = read(DATA)
    table = fitting.evidence(sample, fitting.frequencies(sample))
    bits = {str(code): (measured, kept) for code, _, _, measured, kept in table.rows}
    known = CIRCUMSTANCES & bits.keys()

    assert {"same_city", "other_city"} <= known
    for code in known:
        measured, kept = bits[code]
        assert isinstance(measured, float)
        assert isinstance(kept, float)
        assert 0 < kept <= measured or measured <= kept < 0
