"""A band that somebody set: it is seen instead, ends, says why, and never changes the number."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.policy import DEFAULT, Policy
from mappings.rules.success.health import Factor, health
from mappings.rules.success.health_override import (
    BANDS,
    LONGEST_REASON,
    Override,
    band_shown,
    because,
    trouble,
)

TODAY = date(2027, 4, 1)
FINE = [Factor(name, 65) for name in ("adoption", "relationship", "sentiment", "support")]


def an_override(band: str = "at_risk", *, days: int = 20, reason: str = "They told us") -> Override:
    return Override(band, reason, "Ana Berg", TODAY, TODAY + timedelta(days))


def test_the_band_that_was_set_is_seen_and_the_reasons_say_what_it_would_be_without() -> None:
    found = health(FINE, DEFAULT)

    assert found.band == "watch"
    assert band_shown(found, None) == "watch"
    assert band_shown(found, an_override()) == "at_risk"
    assert because(found, an_override()) == (
        'Set to at risk by Ana Berg until 21 April 2027: "They told us".'
        " Without that it would be watch."
    )
    assert because(found, an_override(reason="")) == (
        "Set to at risk by Ana Berg until 21 April 2027. Without that it would be watch."
    )


def test_it_holds_through_its_last_day() -> None:
    override = an_override(days=20)

    assert override.holds(TODAY + timedelta(20))
    assert not override.holds(TODAY + timedelta(21))


@pytest.mark.parametrize(
    ("band", "reason", "until", "said"),
    [
        ("watch", "why", TODAY, ""),
        ("healthy", "why", TODAY + timedelta(30), ""),
        ("unknown", "why", TODAY, "Choose a band"),
        ("", "why", TODAY, "Choose a band"),
        ("watch", "  ", TODAY, "Say why"),
        ("watch", "x" * (LONGEST_REASON + 1), TODAY, "at most 1000 characters"),
        ("watch", "why", None, "must end"),
        ("watch", "why", TODAY - timedelta(1), "would have ended on 31 March 2027"),
        ("watch", "why", TODAY + timedelta(31), "at most 30 days: 1 May 2027 at the latest"),
        ("watch", "why", date(9999, 12, 31), "at most 30 days"),
    ],
    ids=[
        "a day", "the longest", "no band of ours", "none", "no reason", "a novel", "endless",
        "over", "a day too long", "as good as endless",
    ],
)  # fmt: skip
def test_what_never_ends_or_has_no_reason_is_refused_by_a_sentence(
    band: str, reason: str, until: date | None, said: str
) -> None:
    found = trouble(band, reason, until, TODAY, DEFAULT)

    assert said in found
    assert bool(found) == bool(said)


def test_an_account_can_have_them_end_sooner() -> None:
    assert trouble("watch", "why", TODAY + timedelta(8), TODAY, Policy(override_days=7))
    assert not trouble("watch", "why", TODAY + timedelta(7), TODAY, Policy(override_days=7))


@given(
    st.lists(st.floats(0, 100), min_size=5, max_size=5),
    st.sampled_from(BANDS),
    st.integers(0, 30),
)
def test_an_override_never_changes_the_number_or_its_explanation(
    values: list[float], band: str, days: int
) -> None:
    names = ("adoption", "relationship", "sentiment", "support", "commercial")
    found = health([Factor(*pair) for pair in zip(names, values, strict=True)], DEFAULT)
    before = (found.tenths, found.band, found.raw_band, found.contributions, found.because)

    band_shown(found, an_override(band, days=days))

    assert before == (found.tenths, found.band, found.raw_band, found.contributions, found.because)
