"""Which country an account is in, as its time zone tells."""

import pytest

from integration.admin.detection import country_of


@pytest.mark.parametrize(
    ("time_zone", "country"),
    [
        ("Europe/London", "GB"),
        ("US/Eastern", "US"),
        ("America/Toronto", "CA"),
        ("Asia/Calcutta", "IN"),
        ("Europe/Kyiv", "UA"),
        ("UTC", ""),
        ("Etc/GMT+5", ""),
        ("EST", ""),
        ("Antarctica/Troll", ""),
        ("Nowhere/Atall", ""),
        ("", ""),
    ],
)
def test_a_time_zone_tells_the_country_where_it_is_in_one(time_zone: str, country: str) -> None:
    assert country_of(time_zone) == country
