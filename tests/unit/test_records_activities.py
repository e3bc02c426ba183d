"""Activities as HubSpot tells them, to what they mean."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.records.activity_records import (
    LONGEST_TEXT,
    TYPES,
    Activity,
    activity,
    addresses_of,
    mail_text,
    short,
    with_text,
)
from mappings.records.rows import Record

AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"


def told(kind: str, **values: str) -> Activity | None:
    return activity(Record(kind, 7, {"hs_timestamp": "2026-03-04T05:06:00Z", **values}))


@pytest.mark.parametrize("outcome", ["", "SCHEDULED", "COMPLETED", "SOMETHING_NEW"])
def test_a_meeting_is_two_way(outcome: str) -> None:
    assert told("meeting", hs_meeting_outcome=outcome) == Activity(
        "meeting", 7, "meeting", AT, two_way=True
    )


@pytest.mark.parametrize("outcome", ["CANCELED", "canceled", "NO_SHOW", "RESCHEDULED"])
def test_a_meeting_that_was_not_held_is_none(outcome: str) -> None:
    assert told("meeting", hs_meeting_outcome=outcome) is None


@pytest.mark.parametrize(
    ("values", "answered"),
    [
        ({"hs_call_disposition": CONNECTED}, True),
        ({"hs_call_disposition": CONNECTED.upper()}, True),
        ({"hs_call_disposition": "73a0d17f-1163-4015-bdd5-ec830791da20"}, False),
        ({"hs_call_disposition": CONNECTED, "hs_call_status": "NO_ANSWER"}, False),
        ({"hs_call_status": "COMPLETED", "hs_call_duration": "120000"}, True),
        ({"hs_call_status": "COMPLETED", "hs_call_duration": "4000"}, False),
        ({"hs_call_status": "COMPLETED", "hs_call_duration": "1e400"}, True),
        ({"hs_call_status": "COMPLETED", "hs_call_duration": "long"}, False),
        ({}, False),
    ],
)
def test_a_call_is_two_way_when_it_was_answered(values: dict[str, str], answered: bool) -> None:
    found = told("call", **values)

    assert found
    assert (found.two_way, found.inbound) == (answered, False)


def test_a_call_of_theirs_is_inbound() -> None:
    found = told("call", hs_call_direction="INBOUND")
    assert found
    assert found.inbound


def test_mail_of_ours_is_one_way_and_mail_of_theirs_is_not() -> None:
    assert told("email", hs_email_direction="EMAIL", hs_email_status="SENT") == Activity(
        "email", 7, "email", AT
    )
    assert told(
        "email",
        hs_email_direction="INCOMING_EMAIL",
        hs_email_subject="Re: x",
        hs_email_from_email="Ana <Ana@A.Example>",
    ) == Activity("email", 7, "reply", AT, inbound=True, two_way=True, sender="ana@a.example")


@pytest.mark.parametrize("status", ["BOUNCED", "FAILED", "SCHEDULED", "SENDING"])
def test_mail_that_never_arrived_is_none(status: str) -> None:
    assert told("email", hs_email_direction="EMAIL", hs_email_status=status) is None


def test_an_automatic_reply_is_nobodys_word_until_it_says_that_they_left() -> None:
    found = told(
        "email", hs_email_direction="INCOMING_EMAIL", hs_email_subject="Automatic reply: x"
    )
    assert found
    assert (found.kind, found.inbound, found.two_way) == ("auto_reply", False, False)
    assert with_text(found, "Back soon") == found
    left = with_text(found, "Ana is no longer with Acme.")
    assert (left.kind, left.text) == ("left_reply", "Ana is no longer with Acme.")


def test_a_reply_of_a_person_is_not_reread() -> None:
    found = told("email", hs_email_direction="INCOMING_EMAIL", hs_email_subject="Bad news")
    assert found
    assert with_text(found, "Ana is no longer with Acme.") == found


def test_without_a_time_the_record_s_own_counts_and_without_that_there_is_nothing() -> None:
    assert activity(Record("note", 7, {}, created_at=AT)) == Activity("note", 7, "note", AT)
    assert activity(Record("note", 7, {"hs_timestamp": "0001-01-01"})) is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", ""),
        ("plain & simple", "plain & simple"),
        ("<p>one</p><p>two &amp; three</p>", "one\ntwo & three"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<style>p {color: red}</style>said", "said"),
        ("<script>if (1 < 2) alert()</script>said", "said"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("nul \x00 here", "nul here"),
        ("<img src='data:" + "x" * 100_000, ""),
    ],
)
def test_bodies_lose_their_markup(body: str, said: str) -> None:
    assert short(body) == said


def test_a_mail_without_text_is_read_from_its_markup() -> None:
    assert mail_text(Record("email", 7, {"hs_email_html": "<b>gone</b>"})) == "gone"


@given(st.text(max_size=3000) | st.text("<>/abscript &;", max_size=3000))
def test_what_is_kept_is_short_and_storable(body: str) -> None:
    kept = short(body)

    assert len(kept) <= LONGEST_TEXT
    assert "\x00" not in kept


@given(
    st.sampled_from(TYPES),
    st.dictionaries(
        st.sampled_from(
            ["hs_timestamp", "hs_meeting_outcome", "hs_call_status", "hs_call_duration", "hs_email_direction",
             "hs_email_subject", "hs_email_from_email", "hs_note_body"]
        ),
        st.text(max_size=40) | st.none(),
    ),
)  # fmt: skip
def test_any_activity_means_something_or_nothing(kind: str, values: dict[str, str | None]) -> None:
    found = activity(Record(kind, 7, values, created_at=AT))
    assert found is None or found.type == kind


@pytest.mark.parametrize(
    "body", ["<" * 1_000_000, "<a" * 500_000, "<script>" * 100_000, "&" * 1_000_000]
)
def test_a_megabyte_takes_no_long_time(body: str) -> None:
    began = time.process_time()
    short(body)
    assert time.process_time() - began < 1


def test_a_contacts_addresses_are_all_of_them() -> None:
    properties = {"email": "Ana@a.example", "hs_additional_emails": "b@b.example;c@c.example"}
    assert addresses_of(properties) == ("ana@a.example", "b@b.example", "c@c.example")
