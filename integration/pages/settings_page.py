"""A portal's settings for people: its map with the reasons, its permissions, and the way out."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from textwrap import shorten
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from integration.admin import operations, uninstall
from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard
from integration.pages.portal_pages import found
from integration.portal import inbound_keys
from integration.portal import settings as portal_settings
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.portal.settings import ChangedMeanwhile, PortalSettings
from mappings.records import text_sources
from mappings.records.access import OPTIONAL_SCOPES, REQUIRED_SCOPES
from mappings.records.portal_map import (
    WITHOUT_EFFECT,
    PortalMap,
    dump_portal_map,
    load_portal_map,
)

_LONGEST_FIELD = 20_000
_LONGEST_NUMBER = 9  # digits that fit the column
_SHOWN_OF_THEIRS = 200  # a list of domains can be long
_CHOICES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "won_rule": (
        ("closed_won_flag", "HubSpot's own won flag"),
        ("stages", "The stages listed below"),
    ),
    "customer_stage_since": (
        ("reached", "From the day it reached the stage"),
        ("always", "Always: the stage was set in bulk, its dates say nothing"),
    ),
    "activities": (
        ("read", "Read when and with whom; texts only of notes and automatic replies"),
        ("ignored", "Do not read, and forget what was read"),
    ),
}
_TEXTS = "text sources"  # where a group's text sources stand among its other fields
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Revenue": (
        "won_rule", "won_stages", "replaced_stages", "included_pipelines", "amount_property",
        "deal_renewal_types", "home_currency",
    ),
    text_sources.REFERRALS: (
        _TEXTS, "referred_by_labels", "referred_by_type_ids",
    ),
    text_sources.JOB_CHANGES: (
        "buying_role_property", "role_labels", _TEXTS, "staff_domains", "extra_free_hosts", "home_country",
        "agency_types",
        "activities",
    ),
    "Customers": ("customer_stage", "customer_stage_since", "ticket_closed_stages"),
}  # fmt: skip
_HINTS: Mapping[str, str] = {
    "included_pipelines": "Pipeline ids that count; empty means all.",
    "won_stages": "Stage ids; only used when won is decided by stages.",
    "replaced_stages": "Stage ids: another contract took a won deal's place, which is no loss.",
    "amount_property": "Deal property that holds the amount.",
    "buying_role_property": "Contact property with the buying role.",
    "role_labels": "One a line: association label = role.",
    "deal_renewal_types": "Deal types that are renewals, not new business.",
    "customer_stage": "Lifecycle stage that makes a company a customer; empty: its first won deal does.",
    "customer_stage_since": "From when a company in that stage counts as a customer.",
    "staff_domains": "Mail domains of your own people; they are never referrers.",
    "extra_free_hosts": "Further free-mail hosts, not employers.",
    "referred_by_labels": "Association labels that name the referrer.",
    "referred_by_type_ids": "The same labels by their HubSpot type ids.",
    "agency_types": "Company types that are agencies or partners.",
    "activities": "Meetings, calls, e-mails and notes of the last three years.",
    "home_currency": "Three letters, such as EUR.",
    "home_country": "Two letters, such as GB: where phone numbers without a country code are.",
    "ticket_closed_stages": "Ticket stages that mean closed.",
}


def blueprint(runtime: Runtime) -> Blueprint:
    """Settings and uninstalling."""
    bp = Blueprint("settings", __name__, url_prefix="/portals/<int:portal_id>")

    @bp.get("/settings")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            with portal.transaction() as tx:
                settings = portal_settings.read(tx)
            return _page(portal, session, settings)

    @bp.post("/settings")
    def change(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            found(portal)
            seen = _seen(portal, request.form)
            try:
                saved = operations.change_map(
                    portal,
                    map_of(request.form, seen.map),
                    actor=session.actor,
                    expected_version=seen.version,
                )
            except ValidationError as wrong:
                problems = _problems(wrong)
                page = _page(portal, session, seen, form=request.form, problems=problems)
                return make_response(page, 422)
            except ChangedMeanwhile as meanwhile:
                return make_response(_once_more(portal, session, request.form, meanwhile), 409)
        beside = 1 if saved.beside_others else None
        shown = url_for("settings.show", portal_id=portal_id, saved=1, beside=beside)
        return redirect(shown, 303)

    @bp.post("/inlet-key")
    def renew_inlet_key(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        at_once = request.form.get("former") == "ends now"
        with open_portal(runtime, portal_id) as portal:
            found(portal)
            inbound_keys.renew(
                portal, actor=session.actor, grace=timedelta() if at_once else inbound_keys.GRACE
            )
        return redirect(url_for("settings.show", portal_id=portal_id, _anchor="inlet-key"), 303)

    @bp.get("/uninstall")
    def ask(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return render_template(
                "uninstall.html", session=session, portal=found(portal), problem=None
            )

    @bp.post("/uninstall")
    def leave(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account = found(portal)
            if request.form.get("portal_id", "").strip() != str(portal_id):
                wrong = "That is not this account's id, so nothing was changed."
                page = render_template(
                    "uninstall.html", session=session, portal=account, problem=wrong
                )
                return make_response(page, 422)
            remove = request.form.get("remove_properties") == "yes"
            was_there = uninstall.uninstall(portal, actor=session.actor, remove_properties=remove)
        page = render_template(
            "gone.html", portal_id=portal_id, removed=remove, was_there=was_there
        )
        answer = make_response(page)
        guard.drop_cookie(answer, runtime, "session")
        return answer

    return bp


def map_of(form: Mapping[str, str], seen: PortalMap) -> PortalMap:
    """The map that a form asks for which was drawn from *seen*: what it leaves out stays.

    Raises marshmallow's ValidationError naming each wrong field.
    """
    asked = {name: _typed(name, form[name]) for name in _offered() if name in form}
    return load_portal_map({**dump_portal_map(seen), **asked})


def as_text(name: str, value: object) -> str:
    """Show a map's value in a form field: lists one a line."""
    if value is None:
        return ""
    if name == "role_labels" and isinstance(value, list):
        return "\n".join(f"{label} = {role}" for label, role in value)
    return "\n".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _seen(portal: PortalContext, form: Mapping[str, str]) -> PortalSettings:
    """The settings the form was drawn from; one that does not say is taken to know the newest."""
    number = form.get("version", "")
    with portal.transaction() as tx:
        if not number:
            return portal_settings.read(tx)
        if not number.isascii() or not number.isdecimal() or len(number) > _LONGEST_NUMBER:
            raise Refused("The form does not say which settings it shows; open Settings again")
        return portal_settings.read_version(tx, int(number))


def _problems(wrong: ValidationError) -> dict[str, str]:
    said = wrong.messages if isinstance(wrong.messages, dict) else {}
    return {str(name): _first(about) for name, about in said.items()}


def _once_more(
    portal: PortalContext,
    session: Session,
    form: Mapping[str, str],
    meanwhile: ChangedMeanwhile,
) -> str:
    """The page as the settings are now, with what this person wanted to change as they typed it.

    Fields they had not touched show what others made of them: saved again, that stays.
    """
    counting = dump_portal_map(meanwhile.now.map)
    mine = {name: form[name] for name in meanwhile.map_fields if name in form}
    problems = {name: _theirs(name, counting[name]) for name in meanwhile.contested}
    return _page(
        portal,
        session,
        meanwhile.now,
        form=mine,
        problems=problems,
        refusal=f"{meanwhile}.",
    )


def _theirs(name: str, value: object) -> str:
    text = shorten(", ".join(as_text(name, value).split("\n")), _SHOWN_OF_THEIRS)
    return f"Somebody else made this: {text}." if text else "Somebody else emptied this."


def _page(
    portal: PortalContext,
    session: Session,
    settings: PortalSettings,
    *,
    form: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    refusal: str = "",
) -> str:
    account = found(portal)
    counting = dump_portal_map(settings.map)
    shown = {name: counting[name] for name in _offered()}
    return render_template(
        "settings.html",
        session=session,
        portal=account,
        version=settings.version,
        why=settings.why,
        hints=_hints(),
        choices=_CHOICES,
        lists=[name for name, value in _defaults().items() if isinstance(value, list)],
        groups=_groups(shown),
        values={
            name: form[name] if form and name in form else as_text(name, shown[name])
            for name in shown
        },
        problems=problems or {},
        refusal=refusal,
        saved=request.args.get("saved") == "1",
        beside=request.args.get("beside") == "1",
        required=[(scope, scope.name in account.scopes) for scope in REQUIRED_SCOPES],
        optional=[(scope, scope.name in account.scopes) for scope in OPTIONAL_SCOPES],
        inlet=inbound_keys.current(portal),
        grace_days=inbound_keys.GRACE.days,
        public_url=portal.runtime.settings.public_url,
    )


def _groups(names: Iterable[str]) -> dict[str, list[str]]:
    """Fields by heading; one that no heading names is shown all the same."""
    known = set(names)
    placed = {title: [name for name in _fields(title) if name in known] for title in _GROUPS}
    rest = known.difference(*placed.values())
    return {**placed, "More": sorted(rest)} if rest else placed


def _fields(title: str) -> Iterator[str]:
    """The fields of a group, its text sources where they belong."""
    for name in _GROUPS[title]:
        if name != _TEXTS:
            yield name
            continue
        yield from (source.setting for source in text_sources.known() if source.group == title)


def _hints() -> dict[str, str]:
    return {**_HINTS, **{source.setting: source.hint for source in text_sources.known()}}


def _defaults() -> dict[str, Any]:
    return dump_portal_map(PortalMap())


def _offered() -> list[str]:
    """The fields of a map that change something."""
    return [name for name in _defaults() if name not in WITHOUT_EFFECT]


def _typed(name: str, text: str) -> object:
    if len(text) > _LONGEST_FIELD:
        raise ValidationError({name: ["is too long"]})
    if "\x00" in text:
        raise ValidationError({name: ["holds a character that cannot be kept"]})
    default = _defaults()[name]
    if not isinstance(default, list):
        return text.strip() or (None if default is None or name.endswith("_property") else "")
    lines = [line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip()]
    if name == "role_labels":
        return [[part.strip() for part in line.rpartition("=")[::2]] for line in lines]
    if name == "referred_by_type_ids":
        return [
            int(line) if line.isascii() and line.isdigit() and len(line) < 10 else line  # noqa: PLR2004
            for line in lines
        ]
    return lines


def _first(said: object) -> str:
    """The first sentence of marshmallow's nested messages."""
    while isinstance(said, dict | list):
        said = next(iter(said.values() if isinstance(said, dict) else said), "is wrong")
    return str(said)
