"""Bodies as HubSpot sends them: about 320 bytes an event, no two events alike."""

import random

import orjson

_PROPERTIES = ("email", "jobtitle", "company", "lifecyclestage", "hs_lead_status", "phone")
_SUBSCRIPTIONS = (
    ("contact.propertyChange",) * 7 + ("deal.propertyChange",) * 2 + ("company.creation",)
)


def body(events: int, *, portal: int, start: int) -> bytes:
    """One delivery with *events* events; *start* numbers them."""
    chance = random.Random(start)
    return orjson.dumps([_event(chance, portal, start + number) for number in range(events)])


def _event(chance: random.Random, portal: int, number: int) -> dict[str, object]:
    subscription = chance.choice(_SUBSCRIPTIONS)
    item: dict[str, object] = {
        "eventId": 1_000_000_000 + number,
        "subscriptionId": 2_400_000 + len(subscription),
        "portalId": portal,
        "appId": 1_160_452,
        "occurredAt": 1_767_225_600_000 + number,
        "subscriptionType": subscription,
        "attemptNumber": 0,
        "objectId": 10_000_000 + chance.randrange(5_000),
        "changeSource": "CRM_UI",
        "sourceId": f"userId:{chance.randrange(10_000_000, 99_999_999)}",
    }
    if subscription.endswith("propertyChange"):
        item["propertyName"] = chance.choice(_PROPERTIES)
        item["propertyValue"] = f"a value of some length, number {number}"
        item["isSensitive"] = False
    else:
        item["changeFlag"] = "CREATED"
    return item
