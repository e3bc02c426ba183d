"""Survey links: sealed for one contact of one portal, and for nobody after any change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.request_limits import RequestLimit, asking_address
from integration.portal import survey_links

HARBOR, ORCHARD, ANA = 4711, 4712, 12
KEY, OTHER_KEY = survey_links.new_key(), survey_links.new_key()
IDS = st.integers(1, (1 << 63) - 1)


@given(portal_id=st.integers(1, 10**18 - 1), contact_id=IDS)
def test_a_token_is_opened_by_the_key_that_sealed_it(portal_id: int, contact_id: int) -> None:
    token = survey_links.token(KEY, portal_id, contact_id)

    assert survey_links.portal_of(token) == portal_id
    assert survey_links.contact_of(KEY, token) == contact_id
    assert survey_links.contact_of(OTHER_KEY, token) is None


@given(place=st.integers(0, 36), letter=st.sampled_from("Aa0-_.9"))
def test_a_changed_token_names_nobody(place: int, letter: str) -> None:
    token = survey_links.token(KEY, HARBOR, ANA)
    changed = token[:place] + letter + token[place + 1 :]

    assert survey_links.contact_of(KEY, changed) == (ANA if changed == token else None)


def test_a_token_of_one_account_names_nobody_in_another() -> None:
    token = survey_links.token(KEY, HARBOR, ANA)
    moved = token.replace(f"{HARBOR}.", f"{ORCHARD}.")

    assert survey_links.contact_of(KEY, moved) is None


@pytest.mark.parametrize("text", ["", ".", "4711", "4711.", "0.A", "x" * 500, "4711." + "ü" * 32])
def test_what_is_no_token_names_nobody(text: str) -> None:
    assert survey_links.portal_of(text) is None
    assert survey_links.contact_of(KEY, text) is None


def test_so_many_requests_of_one_key_are_allowed_in_a_time_and_others_do_not_count() -> None:
    limit = RequestLimit(most=2, seconds=60)

    assert [limit.allows("a", 120.0) for _ in range(3)] == [True, True, False]
    assert limit.allows("b", 120.0)
    assert limit.allows("a", 180.0)


@pytest.mark.parametrize(
    ("remote", "forwarded", "asking"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "", "10.0.0.2"),
        (None, "", ""),
    ],
)
def test_only_a_proxy_of_ours_is_believed_whom_it_asks_for(
    remote: str | None, forwarded: str, asking: str
) -> None:
    # Documentation addresses count as private for Python: a stranger's is one that is routed.
    remote = "8.8.8.8" if remote == "203.0.113.9" else remote
    asking = "8.8.8.8" if asking == "203.0.113.9" else asking

    assert asking_address(remote, forwarded) == asking
