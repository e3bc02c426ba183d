"""Webhook events: which subscriptions an app has, and the body of each event in old and new style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .records import TYPE_IDS, Json, object_type

KINDS = (
    "creation",
    "deletion",
    "merge",
    "restore",
    "associationChange",
    "propertyChange",
    "privacyDeletion",
)
_FLAGS = {
    "creation": "CREATED",
    "deletion": "DELETED",
    "restore": "CREATED",
    "privacyDeletion": "DELETED",
}
SILENT = frozenset({"hs_lastmodifieddate", "lastmodifieddate", "num_unique_conversion_events"})


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription; property "*" stands for every property (HubSpot wants one each)."""

    id: int
    kind: str
    object_type: str
    property_name: str | None = None
    style: str = "object"

    @property
    def subscription_type(self) -> str:
        """What deliveries carry: object.creation or contact.creation."""
        return f"{'object' if self.style == 'object' else self.object_type}.{self.kind}"


class Subscriptions:
    """All subscriptions of the app."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str | None], list[Subscription]] = {}
        self._next_id = 40

    def clear(self) -> None:
        """Subscribe to nothing."""
        self._found.clear()

    def add(
        self, kind: str, of: str, property_name: str | None = None, style: str = "object"
    ) -> Subscription:
        """Subscribe. *kind* is "creation", … ; *style* "object" or "classic"."""
        self._next_id += 1
        made = Subscription(self._next_id, kind, object_type(of), property_name, style)
        self._found.setdefault((kind, made.object_type, property_name), []).append(made)
        return made

    def add_all(self, types: Iterable[str], style: str = "object") -> None:
        """Every kind of event for these types, every property, and privacy deletions of contacts."""
        for of in types:
            for kind in KINDS[:5]:
                self.add(kind, of, None, style)
            self.add("propertyChange", of, "*", style)
        self.add("privacyDeletion", "contact", None, "classic")

    def load_project(self, config: Json) -> None:
        """Take the subscriptions of a project's webhooks file (its *config* part, or the whole file)."""
        parts = config.get("config", config)["subscriptions"]
        for one in parts.get("crmObjects", []):
            if one.get("active", True):
                self.add(
                    one["subscriptionType"].split(".")[1],
                    one["objectType"].lower(),
                    one.get("propertyName"),
                )
        for one in [*parts.get("legacyCrmObjects", []), *parts.get("hubEvents", [])]:
            of, kind = one["subscriptionType"].split(".")
            if one.get("active", True):
                self.add(kind, of, one.get("propertyName"), "classic")

    def matching(self, kind: str, of: str, property_name: str | None) -> Sequence[Subscription]:
        """Who wants to hear of this."""
        found = self._found.get((kind, of, property_name), [])
        if property_name is None or property_name in SILENT:
            return [] if property_name else found
        return [*found, *self._found.get((kind, of, "*"), [])]

    def __len__(self) -> int:
        return sum(len(found) for found in self._found.values())


def shape(
    subscription: Subscription, fields: Json, *, event_id: int, portal_id: int, app_id: int, at: int
) -> Json:
    """One event as it stands in a delivery, without the number of the attempt."""
    event: Json = {
        "eventId": event_id,
        "subscriptionId": subscription.id,
        "portalId": portal_id,
        "appId": app_id,
        "occurredAt": at,
        "subscriptionType": subscription.subscription_type,
        "attemptNumber": 0,
    }
    new_style = subscription.style == "object"
    if subscription.kind == "associationChange":
        return event | _association(new_style, fields)
    if subscription.kind in _FLAGS:
        event["changeFlag"] = _FLAGS[subscription.kind]
    if new_style:
        event["objectTypeId"] = TYPE_IDS[subscription.object_type]
    return event | fields


def _association(new_style: bool, fields: Json) -> Json:
    kept = {key: value for key, value in fields.items() if not key.startswith("_")}
    one, other = fields["_from"], fields["_to"]
    if new_style:
        return kept | {
            "fromObjectTypeId": TYPE_IDS[one],
            "toObjectTypeId": TYPE_IDS[other],
            "associationTypeId": fields["_type_id"],
            "associationCategory": fields["_category"],
        }
    return kept | {"associationType": f"{one}_to_{other}".upper()}
