"""Access to a portal: scopes with reasons, and webhook subscriptions."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mappings.kinds import ObjectType
from mappings.records.catalogue import PLURAL, TYPE_ID
from mappings.records.what_is_read import READ


@dataclass(frozen=True, slots=True)
class Scope:
    """A permission and the sentence that justifies it."""

    name: str
    because: str


REQUIRED_SCOPES: Final = (
    Scope("oauth", "Every app needs it; it also tells us which account and currency this is."),
    Scope(
        "crm.objects.contacts.read", "Job changes, referrals and survey answers show on contacts."
    ),
    Scope(
        "crm.objects.contacts.write",
        "Role, moves and NPS are written to contacts.",
    ),
    Scope("crm.objects.companies.read", "Customers, their domains and renewals are companies."),
    Scope(
        "crm.objects.companies.write",
        "Second-order revenue, NPS and health are written to companies.",
    ),
    Scope(
        "crm.objects.deals.read",
        "Revenue and who was on the deal come from deals and their pipelines.",
    ),
    Scope("crm.objects.deals.write", "Source, share and reasons are written to deals."),
    Scope("crm.schemas.contacts.write", "Creates our property group and properties on contacts."),
    Scope("crm.schemas.companies.write", "Creates our property group and properties on companies."),
    Scope("crm.schemas.deals.write", "Creates our property group and properties on deals."),
)
OPTIONAL_SCOPES: Final = (
    Scope(
        "crm.objects.owners.read",
        "Names and teams of the users whom records belong to, for reports, roles and invitations;"
        " their addresses tell which mail hosts are your own people's, who refer nobody. Without"
        " it you name the hosts in Settings, and users are numbers.",
    ),
    Scope(
        "tickets",
        "Open tickets count in a customer's health; without it health leaves support out.",
    ),
    Scope(
        "crm.objects.feedback_submissions.read",
        "Every survey answer (Service Hub); without it only the latest one a contact carries.",
    ),
    Scope(
        "sales-email-read",
        "Automatic replies can say that somebody left; without it e-mails are only dated.",
    ),
)

# What an object type cannot be read without. A type missing here needs only required scopes.
SCOPE_OF_TYPE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ticket": "tickets",
        "feedback_submission": "crm.objects.feedback_submissions.read",
        "owner": "crm.objects.owners.read",
    }
)

# Activities of which a scope shows more: their texts are read again when it is granted later.
ACTIVITIES_SHOWN_BY: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"sales-email-read": ("email",)}
)


def readable_types(granted: frozenset[str]) -> tuple[str, ...]:
    """The object types a portal with these granted scopes lets us import."""
    scopes = granted | {"oauth"}
    return tuple(kind.value for kind in ObjectType if SCOPE_OF_TYPE.get(kind, "oauth") in scopes)


def missing_scopes(granted: frozenset[str]) -> tuple[Scope, ...]:
    """The required scopes a portal did not grant."""
    return tuple(scope for scope in REQUIRED_SCOPES if scope.name not in granted)


_SUBSCRIBED = (ObjectType.CONTACT, ObjectType.COMPANY, ObjectType.DEAL)
_OCCASIONS = ("creation", "deletion", "merge", "restore", "associationChange")
# Activities, by HubSpot's words in a webhooks file. A new or linked one shows in the other side's
# associationChange, and changes in one are found by search; only an end or return needs an event.
_SUBSCRIBED_TO_END = ("meeting_event", "call", "email", "note")
# HubSpot fires no notification for these: calculated, or the clock of the record itself.
_SILENT: Final = frozenset(
    {
        "lastmodifieddate",
        "hs_lastmodifieddate",
        "hs_merged_object_ids",
        "hs_calculated_merged_vids",
        "createdate",
        "hs_is_closed",
        "hs_is_closed_won",
        "hs_is_closed_lost",
        "amount_in_home_currency",
        "hs_deal_stage_probability",
        "hs_primary_associated_company",
        "hs_exchange_rate",
    }
)


def subscriptions() -> dict[str, list[dict[str, object]]]:
    """Webhook subscriptions in the shape of the project's webhooks file.

    A subscription's object needs its read scope among the required ones, so
    tickets and survey answers, whose scopes are optional, are not subscribed:
    the contact's own survey properties and the reconciliation bring those in.
    """
    crm_objects: list[dict[str, object]] = []
    for kind in _SUBSCRIBED:
        crm_objects += [_subscription(occasion, kind) for occasion in _OCCASIONS]
        crm_objects += [
            _subscription("propertyChange", kind, propertyName=name) for name in subscribed(kind)
        ]
    for activity in _SUBSCRIBED_TO_END:
        crm_objects += [_subscription(occasion, activity) for occasion in ("deletion", "restore")]
    hub_events: list[dict[str, object]] = [
        {"subscriptionType": "contact.privacyDeletion", "active": True}
    ]
    return {"crmObjects": crm_objects, "legacyCrmObjects": [], "hubEvents": hub_events}


def _subscription(occasion: str, object_type: str, **details: str) -> dict[str, object]:
    return {
        "subscriptionType": f"object.{occasion}",
        "objectType": object_type,
        **details,
        "active": True,
    }


def subscribed(object_type: str) -> tuple[str, ...]:
    """The properties of an object type whose changes HubSpot notifies us of."""
    if object_type not in _SUBSCRIBED:
        return ()
    return tuple(name for name in READ[object_type] if name not in _SILENT)


def known_type(name_or_id: str) -> str | None:
    """Our singular word for HubSpot's `CONTACT`, `contacts`, `0-1` …; None for other types."""
    return _KNOWN.get(name_or_id.strip().lower())


_KNOWN: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{kind: kind for kind in TYPE_ID},
        **{type_id: kind for kind, type_id in TYPE_ID.items()},
        **{plural: kind for kind, plural in PLURAL.items()},
        "meeting_event": "meeting",
    }
)
