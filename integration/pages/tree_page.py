"""Who brought whom, as a tree and as a table, of a company, a person, or those who led to most."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.pages import guard
from integration.pages.texts import gettext as _
from integration.pages.texts import said
from integration.portal import record_choice
from integration.portal.context import open_portal
from integration.portal.record_choice import Ambiguous, Candidate
from integration.portal.runtime import Runtime
from integration.reports.records import advocates, descent
from integration.reports.records.descent import Step, Tree
from mappings.kinds import ObjectType
from mappings.records.spreadsheet_cells import guarded
from mappings.rules.ledger import money

_ROOTS: Mapping[str, ObjectType] = {
    kind.value: kind for kind in (ObjectType.CONTACT, ObjectType.COMPANY)
}
_LARGEST_ID = (1 << 63) - 1  # that the database can hold
# A file holds every step that is read.
_ALL = 1_000_000


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the tree's pages and its file."""
    bp = Blueprint("tree", __name__, url_prefix="/portals/<int:portal_id>/tree")

    @bp.get("")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        object_type, text = _asked()
        if text:
            return _find(runtime, session, object_type, text)
        return _beginning(runtime, session, object_type)

    @bp.get("/<any(contact, company):root>/<int:record_id>")
    def of(portal_id: int, root: str, record_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        tree = _tree(runtime, portal_id, root, record_id, descent.SHOWN)
        return _absent() if tree is None else _page(session, tree)

    @bp.get("/<any(contact, company):root>/<int:record_id>.csv")
    def download(portal_id: int, root: str, record_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        tree = _tree(runtime, portal_id, root, record_id, _ALL)
        if tree is None:
            return _absent()
        answer = Response(_csv(tree), mimetype="text/csv")
        name = f"tree-{root}-{tree.card.record_id}.csv"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    return bp


def _asked() -> tuple[ObjectType, str]:
    """What kind of record was looked for, and by which name."""
    object_type = _ROOTS.get(request.args.get("type", ""), ObjectType.COMPANY)
    return object_type, request.args.get("text", "").strip()


def _tree(
    runtime: Runtime, portal_id: int, object_type: str, record_id: int, shown: int
) -> Tree | None:
    if not 0 < record_id <= _LARGEST_ID:
        return None
    with open_portal(runtime, portal_id) as portal:
        return descent.of(portal, _ROOTS[object_type], record_id, shown=shown)


def _find(
    runtime: Runtime, session: Session, object_type: ObjectType, text: str
) -> ResponseReturnValue:
    """Lead to the tree of whoever is called so; several are offered, nobody is said to be so."""
    try:
        with open_portal(runtime, session.portal_id) as portal, portal.transaction() as tx:
            record_id = record_choice.choose(tx, object_type, text)
    except Ambiguous as several:
        return _beginning(runtime, session, object_type, text, choices=several.candidates)
    except Refused as refusal:
        return _beginning(runtime, session, object_type, text, trouble=said(refusal)), 404
    address = url_for(".of", portal_id=session.portal_id, root=object_type, record_id=record_id)
    return redirect(address, 303)


def _beginning(
    runtime: Runtime,
    session: Session,
    object_type: ObjectType,
    text: str = "",
    *,
    choices: Sequence[Candidate] = (),
    trouble: str = "",
) -> str:
    with open_portal(runtime, session.portal_id) as portal:
        found = advocates.top(portal)
    return render_template(
        "tree_beginning.html",
        session=session,
        portal_id=session.portal_id,
        found=found,
        names=found.names,
        object_type=object_type,
        text=text,
        choices=choices,
        trouble=trouble,
    )


def _page(session: Session, tree: Tree) -> str:
    return render_template(
        "tree.html",
        session=session,
        portal_id=session.portal_id,
        tree=tree,
        card=tree.card,
        names=tree.names,
        currency=tree.terms.currency,
        rows=list(descent.rows(tree)) if "table" in request.args else None,
        may_export=session.may_use("tree.download"),
    )


def _absent() -> Response:
    return guard.problem(
        404,
        _("No such tree"),
        _("We know no contact or company of this number in your account."),
    )


def _csv(tree: Tree) -> Iterator[str]:
    """The tree as lines of a file, its own steps first; money in the account's currency."""
    yield _line(
        [
            _("Order"), _("Buyer"), _("Buyer's number"), _("Deal"), _("Deal's number"),
            _("After deal"), _("Through"), _("Share"), _("Amount"), _("Currency"), _("Booked"),
            _("Inherited"), _("Comes back"),
        ]
    )  # fmt: skip
    for step in descent.rows(tree):
        yield _line(_cells(tree, step))


def _cells(tree: Tree, step: Step) -> list[str]:
    names, currency = tree.names, tree.terms.currency
    booked = step.booked_minor
    return [
        str(step.order),
        names.get((ObjectType.COMPANY.value, step.buyer_id or 0), ""),
        str(step.buyer_id or ""),
        names.get((ObjectType.DEAL.value, step.deal_id), ""),
        str(step.deal_id),
        str(step.after_id or ""),
        names.get((ObjectType.CONTACT.value, step.through_id or 0), ""),
        f"{step.share:.6f}",
        money.major(step.minor, currency) if currency else "",
        currency,
        "" if booked is None or not currency else money.major(booked, currency),
        _("yes") if step.inherited else _("no"),
        _("yes") if step.is_return else _("no"),
    ]


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([guarded(cell) for cell in cells])
    return written.getvalue()
