"""The find page: people, companies and deals by half a name, and the field on top of every page."""

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Refused, Retryable
from integration.pages import comment_access, figures, guard
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, said, translated
from integration.portal import record_choice
from integration.portal.context import PortalContext, open_portal
from integration.portal.permissions import Permission
from integration.portal.record_choice import Ambiguous
from integration.portal.runtime import Runtime
from integration.reports import finding
from integration.reports.finding import FOUND_TYPES, Finding, FoundComment, FoundRecord
from integration.reports.listings.listings import BANDS, ROLES, STATES
from integration.storage.listings import choice_rows
from mappings.kinds import ObjectType

_SHOWN_OF_EACH = 8
_SHOWN_OF_ONE = 50
_SEARCHED_COMMENTS = 200
_TYPES: Mapping[str, ObjectType] = {kind.value: kind for kind in FOUND_TYPES}


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the find page. `q` is what is looked for; `type` and `id` name one record."""
    bp = Blueprint("search", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/find")
    def find(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        object_type = _TYPES.get(request.args.get("type", ""))
        if "id" in request.args:
            return _choose(runtime, session)
        return _find(runtime, session, object_type)

    return bp


def _find(
    runtime: Runtime, session: Session, object_type: ObjectType | None
) -> ResponseReturnValue:
    text = request.args.get("q", "")
    types = (object_type,) if object_type else FOUND_TYPES
    limit = _SHOWN_OF_ONE if object_type else _SHOWN_OF_EACH
    with open_portal(runtime, session.portal_id) as portal:
        try:
            found = finding.find(portal, text, types=types, limit=limit)
            wrote = _comments(portal, session, text) if object_type is None else []
        except Retryable:
            found, wrote = None, []
        with portal.transaction() as tx:
            owners, stages = choice_rows.owners(tx), choice_rows.stages(tx)["stage"]
    # A number or an address means one record: whoever typed it all wants to see that.
    if found and found.meant and "hx-request" not in request.headers:
        return _to_record(session.portal_id, found.meant.object_type, found.meant.record_id)
    return render_template(
        "find.html",
        session=session,
        text=text,
        found=found,
        sections=_sections(found, owners, stages) if found else (),
        object_type=object_type,
        wrote=wrote,
    )


def _comments(portal: PortalContext, session: Session, text: str) -> list[FoundComment]:
    """What people wrote with these words, as far as the visitor may read it."""
    if not session.may(Permission.READ_COMMENTS):
        return []
    found = finding.comments(portal, text, limit=_SEARCHED_COMMENTS)
    return comment_access.readable(portal, session, found)[:_SHOWN_OF_EACH]


def _sections(
    found: Finding, owners: Mapping[int, str], stages: Mapping[str, str]
) -> list[dict[str, object]]:
    return [
        {
            "label": _HEADINGS[group.object_type],
            "type": group.object_type.value,
            "has_more": group.has_more,
            "records": [
                {
                    "type": record.object_type.value,
                    "id": record.record_id,
                    "name": record.name,
                    "details": _details(record, owners, stages),
                }
                for record in group.records
            ],
        }
        for group in found.groups
    ]


_HEADINGS: Mapping[ObjectType, str] = {
    ObjectType.CONTACT: lazy_gettext("People"),
    ObjectType.COMPANY: lazy_gettext("Companies"),
    ObjectType.DEAL: lazy_gettext("Deals"),
}


def _details(
    record: FoundRecord, owners: Mapping[int, str], stages: Mapping[str, str]
) -> list[str]:
    """What tells a record from its namesakes, in the order in which it is looked at."""
    row = record.details
    details = [row.get("company"), row.get("address")]
    if record.object_type == ObjectType.CONTACT:
        details.append(translated(ROLES.get(row["role"] or "", "")))
    elif record.object_type == ObjectType.COMPANY:
        details.append(translated(BANDS.get(row["band"] or "", "")))
    else:
        if row["amount_minor"] is not None:
            details.append(figures.money(row["amount_minor"], row["currency"]))
        details.append(stages.get(row["stage"] or "") or translated(STATES.get(row["state"], "")))
    if row["owner_id"]:
        details.append(_("owner %(name)s", name=owners.get(row["owner_id"], row["owner_id"])))
    return [detail for detail in details if detail]


def _choose(runtime: Runtime, session: Session) -> ResponseReturnValue:
    """Lead to the record that a name, a number or an address means; ask where several may."""
    object_type = _TYPES.get(request.args.get("type", ObjectType.DEAL))
    text = request.args.get("id", "").strip()
    if object_type is None or not text:
        return _unknown()
    if record_choice.is_number(text):
        return _to_record(session.portal_id, object_type, int(text))
    try:
        with open_portal(runtime, session.portal_id) as portal, portal.transaction() as tx:
            found = record_choice.choose(tx, object_type, text)
    except Ambiguous as several:
        return render_template(
            "which.html",
            session=session,
            object_type=object_type.value,
            text=text,
            candidates=several.candidates,
        )
    except Refused as refusal:
        return guard.problem(404, _("No such record"), f"{said(refusal)}.")
    return _unknown() if found is None else _to_record(session.portal_id, object_type, found)


def _unknown() -> Response:
    text = _("Choose a kind of record, and write its name, its number or its address in HubSpot.")
    return guard.problem(404, _("No such record"), text)


def _to_record(portal_id: int, object_type: str, record_id: int) -> ResponseReturnValue:
    address = url_for(
        "records.record", portal_id=portal_id, object_type=object_type, record_id=record_id
    )
    return redirect(address, 303)
