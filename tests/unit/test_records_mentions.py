"""Whether a raw delivery speaks of a person: contact 12 is not 991299, and not company 12."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.records.delivery_mentions import Person, contact_ids, speaks_of, without

TWELVE = Person(frozenset({12}))
PRIYA = Person(frozenset({12}), ("priya narang", "narang, priya", "priya@zenit.example"))


def hubspot(**fields: object) -> dict[str, Any]:
    return {
        "portalId": 4711,
        "occurredAt": 1_700_000_000_012,
        "eventId": 12,
        "subscriptionId": 12,
        **fields,
    }


def contact(record_id: object, **fields: object) -> dict[str, Any]:
    return hubspot(subscriptionType="contact.propertyChange", objectId=record_id, **fields)


@pytest.mark.parametrize(
    "item",
    [
        contact(12),
        contact("12"),
        contact(" 12 "),
        contact(12.0),
        hubspot(subscriptionType="object.creation", objectTypeId="0-1", objectId=12),
        hubspot(eventType="contacts.deletion", objectId=12),
        hubspot(objectId=12),
        hubspot(subscriptionType="contcat.creation", objectId=12),
        hubspot(subscriptionType=7, objectId=12),
        contact(99, primaryObjectId=12),
        contact(99, newObjectId=12),
        contact(99, mergedObjectIds=[98, 12]),
        contact(99, inviteeIds=[12]),
        contact(99, more={"deep": {"record": 12}}),
        hubspot(subscriptionType="deal.associationChange", associationType="DEAL_TO_CONTACT",
                fromObjectId=5, toObjectId=12),
        hubspot(subscriptionType="contact.associationChange", fromObjectId=12, toObjectId=5, associationType="odd"),
        hubspot(subscriptionType="object.associationChange", fromObjectTypeId="0-3", fromObjectId=5,
                toObjectTypeId="0-1", toObjectId=12),
        12,
        [[12]],
    ],
)  # fmt: skip
def test_an_item_that_may_mean_the_contact_speaks_of_them(item: object) -> None:
    assert speaks_of(json.dumps(item).encode(), TWELVE, source="hubspot")


@pytest.mark.parametrize(
    "item",
    [
        contact(991299),
        contact(112),
        contact("0120"),
        contact(1.2),
        contact(*[True]),
        contact(99, propertyName="numberofemployees", propertyValue="12"),
        contact(99, sourceId="12", attemptNumber=12, appId=12, associationTypeId=12),
        hubspot(subscriptionType="company.creation", objectId=12),
        hubspot(subscriptionType="object.merge", objectTypeId="0-2", objectId=12, mergedObjectIds=[12, 13]),
        hubspot(subscriptionType="object.creation", objectTypeId="2-345", objectId=12),
        hubspot(subscriptionType="line_item.creation", objectId=12),
        hubspot(subscriptionType="contact.associationChange", associationType="CONTACT_TO_COMPANY",
                fromObjectId=5, toObjectId=12),
        hubspot(subscriptionType="object.associationChange", fromObjectTypeId="0-2", fromObjectId=12,
                toObjectTypeId="0-1", toObjectId=5),
    ],
)  # fmt: skip
def test_another_records_number_is_another_records(item: object) -> None:
    assert not speaks_of(json.dumps(item).encode(), TWELVE, source="hubspot")


def test_a_delivery_loses_the_one_item_and_keeps_its_neighbours_byte_for_byte() -> None:
    first, last = (
        b'{"objectId": 991299,  "subscriptionType":"contact.creation"}',
        b'{"odd": "\\u00fc", "portalId":12}',
    )
    body = b"[" + first + b", " + json.dumps(contact(12)).encode() + b",\n" + last + b"]"

    assert without(body, TWELVE, source="hubspot") == b"[" + first + b"," + last + b"]"


def test_a_delivery_that_speaks_of_nobody_else_stays_as_it_is_and_one_of_theirs_alone_goes() -> (
    None
):
    others = b" [ " + json.dumps(contact(991299)).encode() + b"]  "

    assert without(others, TWELVE, source="hubspot") is others
    assert without(json.dumps([contact(12)]).encode(), TWELVE, source="hubspot") is None


def test_who_is_named_without_an_id_is_spoken_of() -> None:
    said = contact(99, propertyName="referred_by", propertyValue="my friend PRIYA Narang")

    assert speaks_of(json.dumps(said).encode(), PRIYA, source="hubspot")
    assert not speaks_of(json.dumps(said).encode(), TWELVE, source="hubspot")


@pytest.mark.parametrize(
    ("body", "goes"),
    [
        (b'[{"objectId": 12, "objectId": 13}]', True),
        (b'[{"objectId": 991299, "objectId": 13}]', False),
        (b'{"objectId": 12', True),
        (b'{"objectId": 991299', False),
        (b"\xff\xfe 12 \xff", True),
        (b"\xff\xfe 991299 \xff", False),
        (b'{"objectId": "\\u0031\\u0032', True),
        (b'"Priya Narang', True),
        (b"", False),
    ],
)
def test_what_cannot_be_read_goes_when_it_holds_the_whole_number(body: bytes, goes: bool) -> None:
    assert (without(body, PRIYA, source="hubspot") is None) is goes


def test_an_unreadable_end_does_not_take_what_stands_before_it() -> None:
    good = json.dumps(contact(991299)).encode()
    body = b"[" + good + b', {"objectId": 12, "oh'

    assert without(body, TWELVE, source="hubspot") == b"[" + good + b"]"


def test_an_answer_names_a_contact_by_id_or_address_and_its_own_number_is_no_contacts() -> None:
    def answer(**said: object) -> bytes:
        return json.dumps(
            {"id": 12, "score": 12, "answered_at": 12, "company_id": 12, **said}
        ).encode()

    assert speaks_of(answer(contact_id=12), PRIYA, source="survey:delighted")
    assert speaks_of(answer(email="Priya@Zenit.example"), PRIYA, source="survey:delighted")
    assert not speaks_of(
        answer(contact_id=991299, email="bo@zenit.example"), PRIYA, source="survey:delighted"
    )


@given(st.binary(max_size=60), st.sets(st.integers(1, 99), min_size=1, max_size=3))
def test_what_is_left_of_any_bytes_speaks_of_the_person_no_more(body: bytes, ids: set[int]) -> None:
    person = Person(frozenset(ids))
    left = without(body, person, source="hubspot")

    if left is not None:
        assert without(left, person, source="hubspot") is left
        assert contact_ids(left, source="hubspot").isdisjoint(ids)


@given(st.lists(st.one_of(st.integers(1, 30), st.integers(100_000, 10**12)), max_size=6))
def test_only_items_of_the_person_go(record_ids: list[int]) -> None:
    left = without(
        json.dumps([contact(one) for one in record_ids]).encode(), TWELVE, source="hubspot"
    )

    kept = [item["objectId"] for item in json.loads(left or b"[]")]
    assert kept == [one for one in record_ids if one != 12]
