"""A person token names one contact of one portal, and nobody can make one without the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from integration.portal import person_tokens
from integration.portal.person_tokens import NamedPerson

KEY = "the service's own secret"
ANA = NamedPerson(4711, 501)
IDS = st.integers(1, (1 << 53) - 1)


@given(portal_id=IDS, contact_id=IDS)
def test_a_token_is_read_as_whom_it_was_made_for(portal_id: int, contact_id: int) -> None:
    person = NamedPerson(portal_id, contact_id)
    token = person_tokens.make(KEY, person)
    assert person_tokens.read(KEY, token) == person
    assert len(token) <= person_tokens.LONGEST
    assert token.isascii()
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_a_token_stays_the_same_so_that_its_link_does() -> None:
    assert person_tokens.make(KEY, ANA) == person_tokens.make(KEY, ANA)


@given(place=st.integers(0, 60), letter=st.sampled_from("Aa0-_."))
def test_a_token_that_somebody_changed_names_nobody(place: int, letter: str) -> None:
    token = person_tokens.make(KEY, ANA)
    place %= len(token) - 1  # the last letter of base64 has bits that say nothing
    changed = token[:place] + letter + token[place + 1 :]
    assert person_tokens.read(KEY, changed) == (ANA if changed == token else None)


@pytest.mark.parametrize("token", ["", ".", "4711.501", "x" * 201, "é", "\x00", "a.b.c"])
def test_what_is_no_token_names_nobody(token: str) -> None:
    assert person_tokens.read(KEY, token) is None


def test_a_token_of_another_key_or_for_another_use_names_nobody() -> None:
    assert person_tokens.read(KEY, person_tokens.make("another", ANA)) is None
    other_use = URLSafeSerializer(KEY, salt="the end of a digest").dumps([4711, 501])
    assert person_tokens.read(KEY, str(other_use)) is None
