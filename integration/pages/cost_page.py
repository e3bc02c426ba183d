"""The page of costs: what winning customers cost, month by month, entered or pasted as a table."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin import policies
from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard
from integration.pages.texts import gettext as _
from integration.pages.texts import said, translated
from integration.portal import authors
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.success import costs
from integration.success.costs import Preview
from mappings.records import cost_entries
from mappings.records.cost_entries import COLUMNS, PARTS, SOURCES, CostEntry
from mappings.rules.facts import PPM
from mappings.rules.ledger import periods

_ALL: Final = 100  # percent
_LARGEST: Final = 1_000_000  # bytes of a table


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the page of one portal's costs, and what its forms are sent to."""
    bp = Blueprint("costs", __name__, url_prefix="/portals/<int:portal_id>/costs")

    @bp.get("")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _page(portal, session, said=_said(request.args.get("said", "")))

    @bp.post("")
    def enter(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            try:
                costs.enter(portal, request.form, actor=session.actor)
            except Refused as refusal:
                return _page(portal, session, problem=said(refusal), written=request.form), 400
        return redirect(url_for("costs.show", portal_id=portal_id, said="kept"), 303)

    @bp.post("/table")
    def look(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            try:
                found = costs.look(portal, _table())
            except Refused as refusal:
                return _page(portal, session, problem=said(refusal)), 400
        return render_template(
            "costs_preview.html",
            session=session,
            found=found,
            table=_as_table(found.entries),
            sources=_labels(SOURCES),
            parts=_labels(PARTS),
            state=lambda entry: _state(found, entry),
        )

    @bp.post("/save")
    def save(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            costs.save(portal, request.form.get("table", ""), actor=session.actor)
        return redirect(url_for("costs.show", portal_id=portal_id, said="saved"), 303)

    @bp.post("/margin")
    def confirm_margin(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        written = request.form.get("margin", "").strip()
        is_share = written.isascii() and written.isdigit() and 0 < int(written[:9]) <= _ALL
        if not is_share:
            raise Refused(_("A gross margin is a whole number of percent, from 1 to 100."))
        with open_portal(runtime, portal_id) as portal:
            margin = str(int(written) * PPM // _ALL)
            policies.change(
                portal,
                {"gross_margin": margin, "gross_margin_confirmed": "yes"},
                actor=session.actor,
                reason=_("Gross margin confirmed"),
            )
        return redirect(url_for("costs.show", portal_id=portal_id, said="margin"), 303)

    @bp.post("/take-back")
    def take_back(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        key = [request.form.get(name, "") for name in ("month", "source", "part")]
        with open_portal(runtime, portal_id) as portal:
            costs.take_back(portal, *key, actor=session.actor)
        return redirect(url_for("costs.show", portal_id=portal_id, said="taken_back"), 303)

    return bp


def _page(
    portal: PortalContext,
    session: Session,
    *,
    said: str = "",
    problem: str = "",
    written: Mapping[str, str] | None = None,
) -> str:
    found = costs.of(portal)
    with portal.transaction() as tx:
        who = authors.all_in_words(tx, (kept.entered_by for kept in found.history))
    return render_template(
        "costs.html",
        session=session,
        found=found,
        who=who,
        sources=_labels(SOURCES),
        parts=_labels(PARTS),
        columns=COLUMNS,
        example=_example(found.this_month),
        said=said,
        problem=problem,
        written=written or {},
        month=periods.written,
        margin=round(found.margin * _ALL),
    )


def _labels(table: Mapping[str, str]) -> dict[str, str]:
    return {name: translated(label) for name, label in table.items()}


def _example(this_month: periods.Month) -> str:
    month = periods.written(periods.before(this_month))
    return f"month,source,part,amount\n{month},referral,program,1200.00\n{month},shared,people,8000"


def _said(word: str) -> str:
    sentences = {
        "kept": _("The entry is kept."),
        "saved": _("The entries are kept."),
        "margin": _("The gross margin is confirmed."),
        "taken_back": _("The entry counts no longer."),
    }
    return sentences.get(word, "")


def _table() -> str:
    """The table of a form: a sent file, or what was pasted."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return request.form.get("table", "")
    content = sent.stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise Refused(_("The file is larger than a megabyte: send fewer rows at once."))
    return cost_entries.decoded(content)


def _as_table(entries: Iterable[CostEntry]) -> str:
    """Entries as a table that is read again when the preview is confirmed."""
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS)
    writer.writeheader()
    writer.writerows(map(cost_entries.written_row, entries))
    return written.getvalue()


def _state(found: Preview, entry: CostEntry) -> str:
    """What becomes of an entry, in words."""
    known = found.replaced.get(entry.key)
    if known is None:
        return _("new")
    if known == entry:
        return _("the same as before")
    return _("replaces what was entered before")
