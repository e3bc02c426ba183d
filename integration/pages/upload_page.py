"""The pages on which a file of survey answers is uploaded, checked row by row, and imported."""

import contextlib
import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from integration.admin.sign_in import Session
from integration.core.errors import Refused
from integration.ingest import answer_uploads
from integration.ingest.answer_uploads import MOST_BYTES, MOST_ROWS, Progress
from integration.pages import guard
from integration.pages.portal_pages import account_of
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, said, translated
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.storage.mirror import upload_rows
from integration.storage.mirror.upload_rows import Upload
from mappings.records.answer_columns import ROLES, Columns
from mappings.records.delimited_files import ENCODINGS
from mappings.records.spreadsheet_cells import guarded

_SAMPLES: Final = 5
_LISTED: Final = 10
LABELS: Mapping[str, str] = {
    "score": lazy_gettext("Score, 0 to 10"),
    "contact": lazy_gettext("Contact's record ID"),
    "email": lazy_gettext("E-mail address"),
    "token": lazy_gettext("Our signed token"),
    "at": lazy_gettext("Day of the answer"),
    "comment": lazy_gettext("Comment"),
    "key": lazy_gettext("The tool's own ID of the answer"),
}
# In the order in which they are told, with what was or will be done.
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "new": (lazy_gettext("is added"), lazy_gettext("was added")),
    "changed": (lazy_gettext("replaces an older answer"), lazy_gettext("replaced an older answer")),
    "waiting": (
        lazy_gettext("waits for its person, who is no contact yet"),
        lazy_gettext("waits for its person, who is no contact yet"),
    ),
    "same": (lazy_gettext("is here already"), lazy_gettext("was here already")),
    "older": (
        lazy_gettext("is older than what is here"),
        lazy_gettext("was older than what is here"),
    ),
    "twice": (
        lazy_gettext("is another row's answer once more"),
        lazy_gettext("was another row's answer once more"),
    ),
    "forgotten": (
        lazy_gettext("is of somebody who asked to be forgotten"),
        lazy_gettext("was of somebody who asked to be forgotten"),
    ),
    "refused": (lazy_gettext("is refused"), lazy_gettext("was refused")),
}
_DELIMITER_NAMES: Mapping[str, str] = {
    ",": lazy_gettext("comma"),
    ";": lazy_gettext("semicolon"),
    "\t": lazy_gettext("tab"),
    "|": lazy_gettext("vertical bar"),
}
_DAY_FIRST: Mapping[str, bool] = {"day": True, "month": False}
_NAMED_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the pages of uploads and their forms."""
    bp = Blueprint("uploads", __name__, url_prefix="/portals/<int:portal_id>/answers/upload")
    _add_pages(bp, runtime)
    _add_forms(bp, runtime)
    return bp


def _add_pages(bp: Blueprint, runtime: Runtime) -> None:
    @bp.get("")
    def show(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            return _list_page(portal, session)

    @bp.get("/<int:upload_id>")
    def look(portal_id: int, upload_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            return _upload_page(portal, session, upload_id)

    @bp.get("/<int:upload_id>/refused.csv")
    def refused(portal_id: int, upload_id: int) -> ResponseReturnValue:
        guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            upload = _found(answer_uploads.find(portal, upload_id))
            text = "".join(_refused_lines(portal, upload))
        answer = Response("\ufeff" + text, mimetype="text/csv")
        answer.headers["Content-Disposition"] = f'attachment; filename="refused-{upload_id}.csv"'
        return answer


def _add_forms(bp: Blueprint, runtime: Runtime) -> None:
    @bp.post("")
    def add(portal_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            account_of(portal)
            try:
                upload_id = _add(portal, session.actor)
            except Refused as refusal:
                return make_response(_list_page(portal, session, f"{said(refusal)}."), 422)
        return _to(portal_id, upload_id)

    @bp.post("/<int:upload_id>/check")
    def check(portal_id: int, upload_id: int) -> ResponseReturnValue:
        def work(portal: PortalContext, _actor: str) -> None:
            answer_uploads.check(portal, upload_id, _columns())

        return _done(runtime, portal_id, upload_id, work)

    @bp.post("/<int:upload_id>/import")
    def start(portal_id: int, upload_id: int) -> ResponseReturnValue:
        def work(portal: PortalContext, actor: str) -> None:
            is_ours = request.form.get("scale") == "0 to 10"
            answer_uploads.start(portal, upload_id, is_our_scale=is_ours, actor=actor)

        return _done(runtime, portal_id, upload_id, work)

    @bp.post("/<int:upload_id>/remove")
    def remove(portal_id: int, upload_id: int) -> ResponseReturnValue:
        session = guard.session_of(runtime, portal_id)
        with open_portal(runtime, portal_id) as portal:
            try:
                answer_uploads.remove(portal, upload_id, actor=session.actor)
            except Refused as refusal:
                page = _upload_page(portal, session, upload_id, f"{said(refusal)}.")
                return make_response(page, 422)
        return redirect(url_for("uploads.show", portal_id=portal_id), 303)


def _done(
    runtime: Runtime, portal_id: int, upload_id: int, work: Callable[[PortalContext, str], None]
) -> ResponseReturnValue:
    session = guard.session_of(runtime, portal_id)
    with open_portal(runtime, portal_id) as portal:
        try:
            work(portal, session.actor)
        except Refused as refusal:
            page = _upload_page(portal, session, upload_id, f"{said(refusal)}.")
            return make_response(page, 422)
    return _to(portal_id, upload_id)


def _to(portal_id: int, upload_id: int) -> ResponseReturnValue:
    return redirect(url_for("uploads.look", portal_id=portal_id, upload_id=upload_id), 303)


def _add(portal: PortalContext, actor: str) -> int:
    file = request.files.get("file")
    raw = b""
    if file is not None:
        with contextlib.closing(file):
            raw = file.read(MOST_BYTES + 1)
    encoding = request.form.get("encoding", "")
    return answer_uploads.add(
        portal,
        raw,
        (file and file.filename) or "",
        request.form.get("survey", "").strip() or "csv",
        encoding=encoding if encoding in ENCODINGS else "",
        delimiter=_NAMED_DELIMITERS.get(request.form.get("delimiter", ""), ""),
        actor=actor,
    )


def _columns() -> Columns:
    """The columns that a form chooses."""
    places = {role: _place(request.form.get(role, "")) for role in ROLES}
    return Columns(**places, is_day_first=_DAY_FIRST.get(request.form.get("dates", "")))


def _place(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None  # noqa: PLR2004


def _found(upload: Upload | None) -> Upload:
    if upload is None:
        abort(404, _("There is no such file; it may have been removed."))
    return upload


def _list_page(portal: PortalContext, session: Session, refusal: str = "") -> str:
    with portal.transaction() as tx:
        uploads = upload_rows.latest(tx, limit=_LISTED)
    return render_template(
        "uploads.html",
        session=session,
        uploads=uploads,
        refusal=refusal,
        typed=request.form if refusal else {},
        encodings=ENCODINGS,
        delimiters={name: _DELIMITER_NAMES[sign] for name, sign in _NAMED_DELIMITERS.items()},
        most_rows=MOST_ROWS,
        most_megabytes=MOST_BYTES // 1_000_000,
    )


def _upload_page(portal: PortalContext, session: Session, upload_id: int, refusal: str = "") -> str:
    found = answer_uploads.progress(portal, upload_id, samples=_SAMPLES)
    if found is None:
        abort(404, _("There is no such file; it may have been removed."))
    upload = found.upload
    return render_template(
        "upload.html",
        session=session,
        found=found,
        upload=upload,
        refusal=refusal,
        labels=LABELS,
        outcomes=_told(found),
        columns=_chosen(found) if not refusal else request.form,
        delimiter=_DELIMITER_NAMES[upload.delimiter],
        percent=100 * _checked(found) // max(upload.rows, 1),
        is_at_work=upload.state in {upload_rows.CHECKING, upload_rows.IMPORTING},
    )


def _checked(found: Progress) -> int:
    """How many rows of the file were gone through in its present state."""
    upload = found.upload
    return min(upload.rows, max(0, upload.next_row - 1))


def _told(found: Progress) -> list[tuple[str, str, int]]:
    """What becomes of rows: the outcome, its words, and of how many."""
    is_done = found.upload.state == upload_rows.DONE
    return [
        (outcome, words[is_done], found.counts[outcome])
        for outcome, words in OUTCOMES.items()
        if outcome in found.counts
    ]


def _chosen(found: Progress) -> dict[str, str]:
    """The columns as the form's fields have them."""
    columns = found.upload.columns
    chosen = {role: getattr(columns, role) for role in ROLES}
    dates = {True: "day", False: "month", None: ""}[columns.is_day_first]
    return {
        **{role: "" if place is None else str(place) for role, place in chosen.items()},
        "dates": dates,
    }


def _refused_lines(portal: PortalContext, upload: Upload) -> Iterator[str]:
    yield _line([*upload.head, _("Row"), _("Why it was refused")])
    for row in answer_uploads.refused_rows(portal, upload):
        cells = [*row.cells, *[""] * (len(upload.head) - len(row.cells))]
        yield _line([*cells, str(row.row_number), translated(row.reason)])


def _line(cells: list[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([guarded(cell) for cell in cells])
    return written.getvalue()
