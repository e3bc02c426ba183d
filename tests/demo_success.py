"""What a product tells about the sample town's customers of late: goals, milestones and praise, sent as any tool would."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Protocol

import requests

from tests.sandbox.crm import Portal
from tests.sandbox.records import Record
from tests.sandbox.town_firms import RECURRING
from tests.waiting import PATIENCE

# Every so many customers reached something within the last days; each has one person who did.
_ONE_OF = 7
_WITHIN_DAYS = 12
_MOST = 40
_REACHED = (
    ("goal", "Monthly report done in an hour instead of a day"),
    ("milestone", "First 1,000 orders through the new flow"),
    ("goal", "Support time halved"),
    ("onboarding_completed", "All teams work with it"),
    ("praise", "“Best tool we bought this year”, in a public post"),
)


class Service(Protocol):
    """What telling needs of the service."""

    url: str

    def command(self, *arguments: str) -> str:
        """Run ``second-order ARGUMENTS`` and return what it prints."""


def tell(app: Service, portal: Portal, portal_id: int) -> int:
    """Send what was reached of late, one delivery; return how many items it had."""
    items = list(islice(_items(portal), _MOST))
    key = app.command("inbound-key", str(portal_id)).strip()
    sent = requests.post(
        f"{app.url}/webhooks/usage",
        json=items,
        headers={"Authorization": f"Bearer {key}"},
        timeout=PATIENCE,
    )
    sent.raise_for_status()
    return len(items)


def _items(portal: Portal) -> Iterator[dict[str, Any]]:
    today = datetime.now(UTC).date()
    for place, company in enumerate(_paying(portal)[::_ONE_OF]):
        kind, name = _REACHED[place % len(_REACHED)]
        day = today - timedelta(1 + place % _WITHIN_DAYS)
        item = {"kind": kind, "id": f"demo-{company.id}", "name": name, "day": day.isoformat()}
        yield item | {"company_id": company.id} | _whose(portal, company)


def _paying(portal: Portal) -> Sequence[Record]:
    """The customers who pay, by id."""
    return [company for company in portal.all("company") if float(company.get(RECURRING) or 0)]


def _whose(portal: Portal, company: Record) -> dict[str, int]:
    """The first of its people who is there today."""
    for contact_id in sorted(portal.associated("company", company.id, "contact")):
        contact = portal.get("contact", contact_id)
        if contact is not None and contact.get("associatedcompanyid") == str(company.id):
            return {"contact_id": contact_id}
    return {}
