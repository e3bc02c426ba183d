"""Shared by the tests that look at the local HubSpot with a browser's eyes."""

from werkzeug.test import TestResponse

from mappings.records.catalogue import PROPERTIES
from tests.sandbox import town
from tests.sandbox.crm import HubSpot
from tests.sandbox.properties import from_json
from tests.sandbox.records import TYPE_IDS

HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"
SHOWN = ("contact", "company", "deal", "ticket", "feedback_submission")


def a_hubspot() -> HubSpot:
    """Two small portals; harbor has the app installed and its properties."""
    made = HubSpot()
    town.load(made, "shipped:0.05", orchard_scale=0.02)
    made.subscriptions.add_all(("contact", "company", "deal", "ticket"))
    made.install(town.HARBOR_ID)
    for one in PROPERTIES:
        made.portals[town.HARBOR_ID].definitions[one.object_type][one.name] = from_json(
            one.definition(), 0
        )
    return made


def path(kind: str, record_id: int, act: str = "", portal_id: int = town.HARBOR_ID) -> str:
    return f"/contacts/{portal_id}/record/{TYPE_IDS[kind]}/{record_id}" + (f"/{act}" if act else "")


def listing(kind: str, query: str = "") -> str:
    return f"/contacts/{town.HARBOR_ID}/objects/{TYPE_IDS[kind]}{query}"


def told(hubspot: HubSpot, kind: str) -> list[dict[str, object]]:
    return [event for event in hubspot.queue if event["subscriptionType"].endswith(kind)]


def acted(answer: TestResponse) -> bool:
    return answer.status_code == 303
