"""The settings page: what a portal's own names mean, permissions, keys, pause and uninstall."""

from collections.abc import Mapping
from datetime import timedelta
from textwrap import shorten

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from integration.admin import (
    overwriting,
    portal_choices,
    property_reading,
    settings_changes,
    settings_effects,
    uninstall,
)
from integration.admin.portal_choices import NotThere
from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard, settings_form, settings_preview
from integration.pages.portal_pages import account_of
from integration.pages.texts import gettext as _
from integration.pages.texts import said
from integration.portal import inbound_keys
from integration.portal import settings as portal_settings
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.portal.settings import ChangedMeanwhile, PortalSettings
from mappings.records.access import OPTIONAL_SCOPES, REQUIRED_SCOPES
from mappings.records.portal_map import dump_portal_map

_LONGEST_NUMBER = 9  # digits that fit the column
_SHOWN_OF_THEIRS = 200  # characters; a list of domains can be long


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the settings and the uninstall page."""
    bp = Blueprint("settings", __name__, url_prefix="/portals/<int:portal_id>")
    _add_settings(bp, runtime)
    _add_uninstall(bp, runtime)
    return bp


def _add_settings(bp: Blueprint, runtime: Runtime) -> None:
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
            account_of(portal)
            return _change(portal, session, request.form)

    @bp.post("/settings/overwriting")
    def confirm(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            count = _number(request.form.get("count", ""))
            try:
                overwriting.confirm(portal, count, actor=session.actor)
            except Refused as refusal:
                with portal.transaction() as tx:
                    settings = portal_settings.read(tx)
                page = _page(portal, session, settings, refusal=f"{said(refusal)}.")
                return make_response(page, 409)
        return redirect(url_for("settings.show", portal_id=portal_id, confirmed=count), 303)

    @bp.post("/inbound-key")
    def renew_inbound_key(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        ends_now = request.form.get("former") == "ends now"
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            grace = timedelta() if ends_now else inbound_keys.GRACE
            inbound_keys.renew(portal, actor=session.actor, grace=grace)
        return redirect(url_for("settings.show", portal_id=portal_id, _anchor="inbound-key"), 303)


def _change(
    portal: PortalContext, session: Session, form: Mapping[str, str]
) -> ResponseReturnValue:
    seen = _seen(portal, form)
    if form.get("edit"):
        return make_response(_page(portal, session, seen, form=form))
    try:
        wanted = portal_choices.chosen(portal, settings_form.values_of(form, seen.map), seen.map)
        if form.get("preview"):
            return make_response(settings_preview.of_map(portal, session, seen, wanted, form))
        saved = settings_changes.change(
            portal,
            actor=session.actor,
            reason="Changed in Settings.",
            portal_map=wanted,
            expected_version=seen.version,
            labels=property_reading.labels_for(portal, wanted),
        )
    except ValidationError as error:
        page = _page(portal, session, seen, form=form, problems=_problems(error))
        return make_response(page, 422)
    except NotThere as nowhere:
        page = _page(portal, session, seen, form=form, problems=nowhere.problems)
        return make_response(page, 422)
    except ChangedMeanwhile as meanwhile:
        return make_response(_page_after_conflict(portal, session, form, meanwhile), 409)
    beside = 1 if saved.beside_others else None
    address = url_for("settings.show", portal_id=portal.portal_id, saved=1, beside=beside)
    return redirect(address, 303)


def _seen(portal: PortalContext, form: Mapping[str, str]) -> PortalSettings:
    """Return the settings that the form showed; without a version, the newest."""
    number = form.get("version", "")
    with portal.transaction() as tx:
        if not number:
            return portal_settings.read(tx)
        return portal_settings.read_version(tx, _number(number))


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > _LONGEST_NUMBER:
        raise Refused(_("The form does not say which settings it shows; open Settings again"))
    return int(text)


def _problems(error: ValidationError) -> dict[str, str]:
    messages = error.messages if isinstance(error.messages, dict) else {}
    return {str(name): _first_sentence(nested) for name, nested in messages.items()}


def _first_sentence(messages: object) -> str:
    """Return the first of marshmallow's nested messages."""
    while isinstance(messages, dict | list):
        inner = messages.values() if isinstance(messages, dict) else messages
        messages = next(iter(inner), _("is wrong"))
    return str(messages)


def _page_after_conflict(
    portal: PortalContext,
    session: Session,
    form: Mapping[str, str],
    meanwhile: ChangedMeanwhile,
) -> str:
    """Show the settings of now with this person's changes on top, as they typed them.

    A field that they did not change shows what others made of it, so that saving again keeps it.
    """
    current = dump_portal_map(meanwhile.now.map)
    typed = {name: form[name] for name in meanwhile.map_fields if name in form}
    problems = {name: _by_others(name, current[name]) for name in meanwhile.contested}
    return _page(
        portal, session, meanwhile.now, form=typed, problems=problems, refusal=f"{said(meanwhile)}."
    )


def _by_others(name: str, value: object) -> str:
    lines = settings_form.as_text(name, value).split("\n")
    text = shorten(", ".join(lines), _SHOWN_OF_THEIRS)
    return (
        _("Somebody else made this: %(text)s.", text=text)
        if text
        else _("Somebody else emptied this.")
    )


def _page(
    portal: PortalContext,
    session: Session,
    settings: PortalSettings,
    *,
    form: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    refusal: str = "",
) -> str:
    """Show settings; *form* has fields as somebody typed them, *problems* a sentence by field."""
    account = account_of(portal)
    stored = dump_portal_map(settings.map)
    names = settings_form.fields()
    values = {name: settings_form.as_text(name, stored[name]) for name in names}
    typed = {name: text for name, text in (form or {}).items() if name in values}
    return render_template(
        "settings.html",
        session=session,
        portal=account,
        version=settings.version,
        why=settings.why,
        hints=settings_form.hints(),
        choices=settings_form.CHOICES,
        lists=settings_form.list_fields(),
        groups=settings_form.groups(names),
        values=values | typed,
        problems=problems or {},
        refusal=refusal,
        saved=settings_effects.drawn_again(portal) if request.args.get("saved") == "1" else (),
        beside=request.args.get("beside") == "1",
        overwriting=overwriting.asked_about(portal),
        confirmed=request.args.get("confirmed", type=int),
        required=[(scope, scope.name in account.scopes) for scope in REQUIRED_SCOPES],
        optional=[(scope, scope.name in account.scopes) for scope in OPTIONAL_SCOPES],
        inbound=inbound_keys.current(portal),
        grace_days=inbound_keys.GRACE.days,
        public_url=portal.runtime.settings.public_url,
    )


def _add_uninstall(bp: Blueprint, runtime: Runtime) -> None:
    @bp.get("/uninstall")
    def ask(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _uninstall_page(portal, session)

    @bp.post("/uninstall")
    def leave(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            # Typing the id proves that no slip of the hand removes the app.
            if request.form.get("portal_id", "").strip() != str(portal_id):
                problem = _("That is not this account's id, so nothing was changed.")
                return make_response(_uninstall_page(portal, session, problem), 422)
            remove = request.form.get("remove_properties") == "yes"
            was_there = uninstall.uninstall(portal, actor=session.actor, remove_properties=remove)
        return render_template(
            "gone.html", portal_id=portal_id, removed=remove, was_there=was_there
        )


def _uninstall_page(portal: PortalContext, session: Session, problem: str | None = None) -> str:
    return render_template(
        "uninstall.html", session=session, portal=account_of(portal), problem=problem
    )
