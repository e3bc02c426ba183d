"""Routes of owners, pipelines, the account, limits, and the app's own uninstallation."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from . import scopes
from .calls import VERSION, Answer, Call, Route, invalid, not_found
from .records import TYPE_IDS, Json
from .showing import cursor, uncursor

RECORD_LIMIT = 15_000_000
PROPERTY_LIMIT = 1_000


def list_owners(call: Call) -> Answer:
    """Owners by id; 100 a page."""
    archived, email = call.flag("archived"), call.one("email").lower()
    limit, after = call.limit(100, 500), uncursor(call.one("after"))
    found = [
        owner for number, owner in sorted(call.portal.owners.items())
        if number > after and owner.archived == archived and email in {"", owner.email.lower()}
    ]  # fmt: skip
    body: Json = {"results": [owner.json() for owner in found[:limit]]}
    if len(found) > limit:
        body["paging"] = {"next": {"after": cursor(found[limit - 1].id)}}
    return Answer(200, body)


def read_owner(call: Call) -> Answer:
    """One owner, by owner id or user id."""
    by_user = call.one("idProperty", "id") == "userId"
    archived = call.flag("archived")
    for owner in call.portal.owners.values():
        own = owner.user_id if by_user else owner.id
        if own == call.record_id and owner.archived == archived:
            return Answer(200, owner.json())
    raise not_found(f"No owner {call.params['id']}")


def list_pipelines(call: Call) -> Answer:
    """All pipelines with their stages."""
    found = call.portal.pipelines.get(call.kind)
    if found is None:
        raise invalid(f"{call.kind} has no pipelines")
    return Answer(200, {"results": [one.json(order) for order, one in enumerate(found.values())]})


def _pipeline(call: Call) -> Json:
    for order, one in enumerate(call.portal.pipelines.get(call.kind, {}).values()):
        if one.id == call.params["pipeline"]:
            return one.json(order)
    raise not_found(f"No pipeline {call.params['pipeline']}")


def read_pipeline(call: Call) -> Answer:
    """One pipeline."""
    return Answer(200, _pipeline(call))


def list_stages(call: Call) -> Answer:
    """The stages of a pipeline."""
    return Answer(200, {"results": _pipeline(call)["stages"]})


def account(call: Call) -> Answer:
    """Who this portal is."""
    portal = call.portal
    seconds = _offset(portal.time_zone)
    sign, rest = ("-" if seconds < 0 else "+"), abs(seconds)
    return Answer(200, {
        "portalId": portal.id,
        "accountType": portal.account_type,
        "timeZone": portal.time_zone,
        "companyCurrency": portal.currency,
        "additionalCurrencies": sorted(portal.rates),
        "utcOffset": f"{sign}{rest // 3600:02d}:{rest % 3600 // 60:02d}",
        "utcOffsetMilliseconds": seconds * 1000,
        "uiDomain": portal.ui_domain,
        "dataHostingLocation": "eu1" if "eu1" in portal.ui_domain else "na1",
    })  # fmt: skip


def _offset(time_zone: str) -> int:
    """Seconds east of UTC now; none for a name that only this account's HubSpot knows."""
    if time_zone not in available_timezones():
        return 0
    offset = datetime.now(ZoneInfo(time_zone)).utcoffset()
    return round(offset.total_seconds()) if offset else 0


def _usage(kind: str, usage: int, limit: int) -> Json:
    name = kind.replace("_", " ").capitalize()
    return {
        "objectTypeId": TYPE_IDS[kind], "singularLabel": name, "pluralLabel": f"{name}s", "limit": limit,
        "usage": usage, "percentage": round(usage / limit, 6),
    }  # fmt: skip


def record_limits(call: Call) -> Answer:
    """How many records of each type are stored."""
    rows = [_usage(kind, len(found), RECORD_LIMIT) for kind, found in call.portal.records.items()]
    nothing = {"byObjectType": [], "overallLimit": 0, "overallPercentage": 0.0, "overallUsage": 0}
    return Answer(200, {"hubspotDefinedObjectTypes": rows, "customObjectTypes": nothing})


def property_limits(call: Call) -> Answer:
    """How many custom properties each type has."""
    counts = {
        kind: sum(not one.hubspot_defined and one.archived is None for one in known.values())
        for kind, known in call.portal.definitions.items()
    }
    rows = [_usage(kind, count, PROPERTY_LIMIT) for kind, count in counts.items()]
    used = sum(counts.values())
    overall = {
        "overallLimit": 10_000,
        "overallUsage": used,
        "overallPercentage": round(used / 10_000, 6),
    }
    return Answer(200, {"byObjectType": rows, **overall})


def uninstall(call: Call) -> Answer:
    """The app removes itself; its tokens die."""
    call.hubspot.uninstall(call.portal.id)
    return Answer(204)


ROUTES = [
    Route("GET", f"/crm/owners/{VERSION}", list_owners, scopes.owners),
    Route("GET", f"/crm/owners/{VERSION}/{{id}}", read_owner, scopes.owners),
    Route("GET", f"/crm/pipelines/{VERSION}/{{type}}", list_pipelines, scopes.reading),
    Route("GET", f"/crm/pipelines/{VERSION}/{{type}}/{{pipeline}}", read_pipeline, scopes.reading),
    Route(
        "GET", f"/crm/pipelines/{VERSION}/{{type}}/{{pipeline}}/stages", list_stages, scopes.reading
    ),
    Route("GET", f"/account-info/{VERSION}/details", account, scopes.any_app),
    Route("GET", f"/crm/limits/{VERSION}/records", record_limits, scopes.any_app),
    Route("GET", f"/crm/limits/{VERSION}/custom-properties", property_limits, scopes.any_app),
    Route("DELETE", f"/appinstalls/{VERSION}/external-install", uninstall, scopes.any_app),
]
