"""Days of health, packed by month: what goes in comes out, and a lost feed never raises a day."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.policy import DEFAULT
from mappings.rules.success import health_course, health_days
from mappings.rules.success.health import FACTORS, Factor, Health, health
from mappings.rules.success.health_days import HealthDay, PackedMonth, cut, day_of, pack, unpack
from tests.unit.rules_builders import NOW

MONTH = date(2027, 2, 1)
_VALUE = st.none() | st.integers(0, 100)


@st.composite
def days(draw: st.DrawFn) -> list[HealthDay]:
    """Days of a month without a gap, from any of its days on."""
    first = draw(st.integers(0, 27))
    count = draw(st.integers(1, 28 - first))
    return [
        HealthDay(
            MONTH + timedelta(first + place),
            draw(st.none() | st.integers(0, 1000)),
            draw(st.sampled_from(sorted(health_days.LETTER_OF))),
            draw(st.integers(0, 100)),
            tuple(draw(_VALUE) for _ in FACTORS),
        )
        for place in range(count)
    ]


@given(days())
def test_what_is_packed_is_unpacked_as_it_was(found: list[HealthDay]) -> None:
    packed = pack(MONTH, None, found)

    assert list(unpack(packed)) == found
    assert packed.days == found[-1].on.day
    assert packed.is_whole == (found[-1].on == date(2027, 2, 28))


@given(days(), st.integers(0, 28))
def test_a_month_grows_night_by_night_into_what_it_is_at_once(
    found: list[HealthDay], at: int
) -> None:
    whole = pack(MONTH, None, found)
    earlier = [day for day in found if day.on.day <= at]
    later = [day for day in found if day.on.day > at]

    kept = pack(MONTH, None, earlier) if earlier else PackedMonth(MONTH)

    assert pack(MONTH, kept, later) == whole
    assert pack(MONTH, cut(whole, at), later) == whole or not earlier


def test_a_day_without_a_number_keeps_its_band_coverage_and_what_is_known() -> None:
    found = health([Factor("sentiment", 90), Factor("support", 33.4)], DEFAULT)

    assert day_of(MONTH, found) == HealthDay(MONTH, None, "unknown", 35, (None, None, 90, 33, None))


@given(
    st.lists(st.floats(0, 100), min_size=5, max_size=5),
    st.integers(0, 4),
    st.lists(st.integers(0, 60), min_size=2, max_size=30, unique=True),
)
def test_a_lost_feed_never_raises_a_day_that_follows(
    values: list[float], lost: int, ages: list[int]
) -> None:
    """Day by day nothing happens, and one factor grows older."""

    def on(age: int) -> Health:
        states = ["stale" if place == lost else "known" for place in range(5)]
        factors = map(Factor, FACTORS, values, states, [age] * 5)
        return health(factors, DEFAULT)

    scores = [on(age).tenths for age in sorted(ages)]

    # Rounded to tenths, factor by factor.
    assert scores == sorted(scores, reverse=True)


@given(st.lists(st.integers(0, 100), min_size=40, max_size=60))
def test_days_in_a_row_have_the_bands_that_each_would_have_had_as_today(scores: list[int]) -> None:
    """One rule says the band of today and that of any day: it needs no memory."""

    def before(place: int) -> health_course.HealthBefore:
        return lambda days: health(
            [Factor(name, scores[max(0, place - days)]) for name in FACTORS], DEFAULT
        )

    last = len(scores) - 1
    today = health_course.today(lambda at: before(last)((NOW - at).days), NOW, DEFAULT)
    in_a_row = [health_course.of_day(before(place), DEFAULT) for place in range(len(scores))]

    assert in_a_row[-1] == today
