"""Notifications in both of HubSpot's shapes become events, one by one."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.records import identifiers
from mappings.records.events import Bad, Event, Unknown, split
from mappings.records.notification import FIELDS, at_a_glance, checked
from mappings.records.rows import RecordRef

BASE = {
    "eventId": 1001,
    "subscriptionId": 42,
    "portalId": 4711,
    "appId": 7654321,
    "occurredAt": 1767225600000,
    "attemptNumber": 0,
    "changeSource": "CRM_UI",
    "sourceId": "userId:88",
}


def a_notification(subscription_type: str, **more: object) -> dict[str, object]:
    return {**BASE, "subscriptionType": subscription_type, **more}


def split_all(*items: object) -> list[Event | Unknown | Bad]:
    return split(json.dumps(items).encode())


def the_event(*items: object) -> Event:
    (event,) = split_all(*items)
    assert isinstance(event, Event), event
    return event


@pytest.mark.parametrize(
    ("item", "kind", "ref"),
    [
        (
            a_notification("contact.creation", objectId=502, changeFlag="CREATED"),
            "creation",
            RecordRef("contact", 502),
        ),
        (
            a_notification("object.creation", objectId=9, objectTypeId="0-2"),
            "creation",
            RecordRef("company", 9),
        ),
        (a_notification("company.deletion", objectId=9), "deletion", RecordRef("company", 9)),
        (
            a_notification("object.deletion", objectId=9, objectTypeId="0-3"),
            "deletion",
            RecordRef("deal", 9),
        ),
        (a_notification("contact.restore", objectId=503), "restore", RecordRef("contact", 503)),
        (
            a_notification("object.restore", objectId=503, objectTypeId="0-5"),
            "restore",
            RecordRef("ticket", 503),
        ),
        (
            a_notification("contact.privacyDeletion", objectId=504),
            "privacy_deletion",
            RecordRef("contact", 504),
        ),
    ],
)
def test_both_shapes_say_where_to_look(item: dict[str, object], kind: str, ref: RecordRef) -> None:
    event = the_event(item)

    assert (event.kind, event.refs, event.portal_id) == (kind, (ref,), 4711)
    assert event.occurred_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert (event.change_source, event.source_id) == ("CRM_UI", "userId:88")


@pytest.mark.parametrize(
    "item",
    [
        a_notification(
            "contact.propertyChange", objectId=501, propertyName="jobtitle", propertyValue="Head"
        ),
        a_notification(
            "object.propertyChange",
            objectId=501,
            objectTypeId="0-1",
            propertyName="jobtitle",
            propertyValue="Head",
        ),
        {
            **BASE,
            "eventType": "contact.propertyChange",
            "objectId": "501",
            "propertyName": "jobtitle",
            "propertyValue": "Head",
        },
    ],
    ids=["classic", "object", "eventType and digits in a string"],
)
def test_a_property_change_names_the_property(item: dict[str, object]) -> None:
    event = the_event(item)

    assert (event.object_type, event.object_id) == ("contact", 501)
    assert (event.property_name, event.value) == ("jobtitle", "Head")


@pytest.mark.parametrize(
    ("sent", "value"), [(5, "5"), (True, "true"), (1.5, "1.5"), (None, None), ("", "")]
)
def test_a_value_of_any_scalar_kind_is_text(sent: object, value: str | None) -> None:
    item = a_notification(
        "deal.propertyChange", objectId=1, propertyName="amount", propertyValue=sent
    )

    assert the_event(item).value == value


@pytest.mark.parametrize(
    ("ids", "refs", "survivor", "merged"),
    [
        (
            {"objectId": 700, "primaryObjectId": 501, "mergedObjectIds": [502], "newObjectId": 700},
            (700, 501, 502),
            700,
            (501, 502),
        ),
        ({"primaryObjectId": 501, "mergedObjectIds": [502]}, (501, 502), 501, (502,)),
        (
            {"objectId": 501, "primaryObjectId": 501, "mergedObjectIds": [502], "newObjectId": 501},
            (501, 502),
            501,
            (502,),
        ),
        ({"objectId": 501}, (501,), 501, ()),
    ],
    ids=["third id", "no new id", "new is primary", "only an id"],
)
def test_a_merge_names_everybody_involved(
    ids: dict[str, object], refs: tuple[int, ...], survivor: int, merged: tuple[int, ...]
) -> None:
    event = the_event(a_notification("contact.merge", **ids))

    assert event.refs == tuple(RecordRef("contact", one) for one in refs)
    assert (event.new_object_id, event.merged_ids) == (survivor, merged)


@pytest.mark.parametrize(
    "item",
    [
        a_notification(
            "deal.associationChange",
            associationType="DEAL_TO_CONTACT",
            fromObjectId=9001,
            toObjectId=501,
            associationRemoved=True,
        ),
        a_notification(
            "object.associationChange",
            fromObjectTypeId="0-3",
            fromObjectId=9001,
            toObjectTypeId="0-1",
            toObjectId=501,
            associationTypeId=3,
            associationRemoved=True,
        ),
    ],
    ids=["classic", "object"],
)
def test_an_association_change_sends_us_to_both_sides(item: dict[str, object]) -> None:
    event = the_event(item)

    assert event.kind == "association_change"
    assert event.refs == (RecordRef("deal", 9001), RecordRef("contact", 501))
    assert event.removed is True


def test_a_side_of_a_type_we_do_not_follow_is_left_out() -> None:
    event = the_event(
        a_notification(
            "contact.associationChange",
            associationType="CONTACT_TO_TASK",
            fromObjectId=5,
            toObjectId=6,
        )
    )

    assert event.refs == (RecordRef("contact", 5),)


@pytest.mark.parametrize("written", ["object.deletion", "meeting.deletion"])
def test_a_deleted_meeting_is_heard_of(written: str) -> None:
    event = the_event(a_notification(written, objectId=5, objectTypeId="0-47"))

    assert event.refs == (RecordRef("meeting", 5),)


@pytest.mark.parametrize(
    "item",
    [
        a_notification("conversation.newMessage", objectId=1),
        a_notification("line_item.creation", objectId=1),
        a_notification("object.creation", objectId=1, objectTypeId="2-999"),
        a_notification("contact.somethingNew", objectId=1),
        a_notification("nonsense", objectId=1),
        a_notification(
            "task.associationChange",
            associationType="TASK_TO_PRODUCT",
            fromObjectId=5,
            toObjectId=6,
        ),
    ],
)
def test_what_we_do_not_follow_is_unknown_and_no_error(item: dict[str, object]) -> None:
    (outcome,) = split_all(item)

    assert isinstance(outcome, Unknown)
    assert outcome.portal_id == 4711
    assert outcome.subscription_type == item["subscriptionType"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"portalId": None}, "portalId"),
        ({"portalId": True}, "portalId"),
        ({"portalId": 0}, "portalId"),
        ({"portalId": -1}, "portalId"),
        ({"portalId": 1.5}, "portalId"),
        ({"objectId": "12a"}, "objectId"),
        ({"objectId": []}, "objectId"),
        ({"objectId": None}, "objectId"),
        ({"occurredAt": "yesterday"}, "occurredAt"),
        ({"occurredAt": -1}, "occurredAt"),
        ({"occurredAt": 10**15}, "occurredAt"),
        ({"occurredAt": None}, "occurredAt"),
        ({"propertyName": ""}, "propertyName"),
        ({"propertyName": "x" * 256}, "propertyName"),
        ({"propertyValue": {"a": 1}}, "propertyValue"),
        ({"subscriptionType": None}, "subscriptionType"),
        ({"subscriptionType": 7}, "subscriptionType"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, object], named: str) -> None:
    item = a_notification("contact.propertyChange", objectId=1, propertyName="email") | change

    (bad,) = split_all(item)

    assert isinstance(bad, Bad)
    assert named in bad.reason
    assert json.loads(bad.raw_item) == item


@pytest.mark.parametrize(
    "item",
    [
        a_notification("object.creation", objectId=1),
        a_notification("contact.merge"),
        a_notification(
            "contact.associationChange", associationType="CONTACT", fromObjectId=5, toObjectId=6
        ),
        a_notification(
            "contact.associationChange", associationType="CONTACT_TO_DEAL", fromObjectId=5
        ),
        7,
        None,
        [],
        "contact.creation",
    ],
)
def test_what_lacks_the_essential_is_bad(item: object) -> None:
    (bad,) = split_all(item)

    assert isinstance(bad, Bad)
    assert bad.reason


def test_one_bad_item_harms_no_neighbour() -> None:
    good = json.dumps(a_notification("deal.creation", objectId=1)).encode()
    bads = [
        b'{"portalId": NaN}',
        b'{"a": 1, "a": 1}',
        b'{"portalId": 9223372036854775808}',
        b'"\\ud800"',
        b"3",
    ]
    body = b"[" + b",".join(part for bad in bads for part in (good, bad)) + b"," + good + b"]"

    outcomes = split(body)

    assert [isinstance(one, Event) for one in outcomes] == [True, False] * 5 + [True]
    assert [one.index for one in outcomes if isinstance(one, Bad)] == [1, 3, 5, 7, 9]
    assert [one.raw_item for one in outcomes if isinstance(one, Bad)] == bads


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"null"])
def test_a_body_without_a_list_is_one_bad_whole(body: bytes) -> None:
    (bad,) = split(body)

    assert isinstance(bad, Bad)
    assert (bad.index, bad.raw_item) == (-1, body)


def test_every_delivery_of_an_event_has_the_same_key() -> None:
    item = a_notification(
        "contact.propertyChange", objectId=1, propertyName="email", propertyValue="a@b.example"
    )
    again = item | {"attemptNumber": 7, "somethingNew": [1], "changeSource": "INTEGRATION"}

    assert the_event(item).dedupe_key == the_event(again).dedupe_key


@pytest.mark.parametrize(
    "change",
    [
        {"portalId": 1},
        {"subscriptionId": 1},
        {"objectId": 2},
        {"propertyName": "company"},
        {"occurredAt": 1767225600001},
        {"eventId": 1},
    ],
)
def test_another_event_has_another_key(change: dict[str, object]) -> None:
    item = a_notification("contact.propertyChange", objectId=1, propertyName="email")

    assert the_event(item).dedupe_key != the_event(item | change).dedupe_key


def test_parts_of_a_key_cannot_pass_for_others() -> None:
    one = a_notification("contact.propertyChange", objectId=1, propertyName="a:1767225600000")
    other = a_notification(
        "contact.propertyChange", objectId=1, propertyName="a", eventId="1767225600000:1001"
    )

    assert the_event(one).dedupe_key != the_event(other).dedupe_key


def test_two_ends_of_an_association_are_two_events() -> None:
    there = a_notification(
        "contact.associationChange",
        associationType="CONTACT_TO_COMPANY",
        fromObjectId=5,
        toObjectId=6,
    )
    back = a_notification(
        "company.associationChange",
        associationType="COMPANY_TO_CONTACT",
        fromObjectId=6,
        toObjectId=5,
    )

    assert the_event(there).dedupe_key != the_event(back).dedupe_key


def test_a_long_key_is_hashed_and_still_names_its_portal() -> None:
    event = the_event(a_notification("contact.propertyChange", objectId=1, propertyName="p" * 255))

    assert len(event.dedupe_key) <= 200
    assert event.dedupe_key.startswith("4711:sha256:")


SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats() | st.text(max_size=30)
)
NAMED = st.sampled_from(
    [
        "portalId",
        "objectId",
        "occurredAt",
        "subscriptionType",
        "propertyName",
        "fromObjectId",
        "mergedObjectIds",
    ]
)


@settings(deadline=None)
@given(st.dictionaries(NAMED, SCALARS | st.lists(SCALARS, max_size=3), max_size=7))
def test_whatever_the_fields_hold_somebody_says_something(fields: dict[str, object]) -> None:
    item = a_notification("contact.merge", objectId=1) | fields

    (outcome,) = split(json.dumps([item]).encode())

    assert isinstance(outcome, Event | Unknown | Bad)


PLAIN = (
    SCALARS
    | st.lists(st.integers(1, 9), max_size=2)
    | st.sampled_from(["x" * 101, "x" * 256, "", "7", 1767225600000])
)
ITEMS = st.dictionaries(st.sampled_from(sorted(FIELDS)), PLAIN)


@settings(deadline=None, max_examples=300)
@given(ITEMS, st.booleans())
def test_the_quick_look_sees_what_the_schema_sees(fields: dict[str, object], whole: bool) -> None:
    item = (a_notification("contact.creation") if whole else {}) | fields

    seen = at_a_glance(item)

    assert seen is None or seen == checked(item)


def test_ordinary_notifications_need_only_the_quick_look() -> None:
    for item in (
        a_notification(
            "contact.propertyChange", objectId=1, propertyName="email", propertyValue="a@b.example"
        ),
        a_notification(
            "object.creation",
            objectId=1,
            objectTypeId="0-1",
            changeFlag="CREATED",
            propertyValue=None,
        ),
        a_notification(
            "deal.associationChange",
            associationType="DEAL_TO_CONTACT",
            fromObjectId=1,
            toObjectId=2,
            associationRemoved=False,
        ),
    ):
        assert at_a_glance(item) is not None


@pytest.mark.parametrize(
    "value",
    [True, False, 1.0, 4711.0, 12.7, 0, -1, 1 << 63, " 12", "12 ", "+12", "-12", "1_2", "12.0", "", "1e3",
     "\uff11\uff12", "\u0661\u0662", "9" * 19, "9" * 40, None, [12], {"id": 12}, b"12"],
)  # fmt: skip
def test_what_is_no_whole_positive_number_of_64_bits_is_no_id(value: object) -> None:
    assert identifiers.read(value) is None


@pytest.mark.parametrize("value", [1, 12, (1 << 63) - 1, "1", "12", "0012", str((1 << 63) - 1)])
def test_an_id_is_a_number_or_its_digits(value: object) -> None:
    assert identifiers.read(value) == int(str(value))
