"""Uploaded files of survey answers: read, checked row by row, and imported in slices.

Each slice is one transaction that also notes how far it came, so that a killed process loses
nothing, and the next one goes on. The same file again changes nothing.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import islice
from typing import Final

from integration.core.errors import Refused
from integration.ingest import inbound
from integration.portal import (
    forgotten,
    inbound_keys,
    invalidation,
    survey_sources,
)
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.database import Transaction
from integration.storage.mirror import inbound_items, upload_rows
from integration.storage.mirror.inbound_items import Known, SaidAnswer
from integration.storage.mirror.upload_rows import StagedRow, Upload, Verdict
from integration.storage.queue import lanes
from integration.storage.queue.lanes import Lease
from integration.storage.service import portals
from integration.storage.success import survey_rows
from mappings.formats import zone
from mappings.kinds import ObjectType
from mappings.records import answer_columns, delimited_files
from mappings.records.answer_columns import Columns, RowAnswer, RowRefused
from mappings.records.delimited_files import FileRow, NotText
from mappings.rules.success import answer_scale

LANE: Final = "upload"
MOST_BYTES: Final = 25_000_000
MOST_ROWS: Final = 200_000
_PAGE: Final = 1000
_SLICE_SECONDS: Final = 2.0
_SAMPLE: Final = 200
_MOST_COLUMNS: Final = 200
_LONGEST_NAME: Final = 200
_AT_WORK: Final = (upload_rows.CHECKING, upload_rows.IMPORTING)
_FORGOTTEN: Final = "they asked to be forgotten"


@dataclass(frozen=True, slots=True)
class Progress:
    """A file with what becomes of its rows, as far as it is known.

    `counts` add up to the rows of the file; rows not looked at yet stand under "".
    `suspicion` names another scale that the scores look like.
    """

    upload: Upload
    counts: dict[str, int]
    reasons: dict[str, int]
    samples: dict[str, list[StagedRow]]
    suspicion: str


def add(
    portal: PortalContext,
    raw: bytes,
    file_name: str,
    survey: str,
    *,
    encoding: str = "",
    delimiter: str = "",
    actor: str,
) -> int:
    """Keep a file's rows, and guess which column is what; return the file's number.

    Raises Refused for a file that holds no rows or too many, and for an encoding that does not fit.
    """
    source = inbound_keys.source_name(survey_sources.KIND, survey)
    if not raw:
        raise Refused("Choose a file with answers")
    if len(raw) > MOST_BYTES:
        raise Refused(f"The file has more than {MOST_BYTES} bytes: upload it in parts")
    try:
        encoding = encoding or delimited_files.encoding_of(raw)
        text = delimited_files.decoded(raw, encoding)
    except NotText as trouble:
        raise Refused(str(trouble)) from None
    delimiter = delimiter or delimited_files.delimiter_of(text)
    rows = list(islice(delimited_files.rows(text, delimiter), MOST_ROWS + 2))
    head, body = _parts(rows)
    columns = answer_columns.guess(head, [row.cells for row in body[:_SAMPLE]])
    described = {
        "source": source,
        "file_name": file_name.replace("\x00", "")[:_LONGEST_NAME] or "answers.csv",
        "encoding": encoding,
        "delimiter": delimiter,
        "head": list(head),
        "made_by": actor,
    }
    with portal.transaction() as tx:
        upload_id = upload_rows.add(tx, described, columns, body)
        portals.note(tx, actor, "uploaded survey answers", source=source, rows=len(body))
    return upload_id


def _parts(rows: Sequence[FileRow]) -> tuple[tuple[str, ...], Sequence[FileRow]]:
    if len(rows) < 2:  # noqa: PLR2004 - a head and a row
        raise Refused("The file holds no rows: the first line names the columns, answers follow")
    if len(rows) > MOST_ROWS + 1:
        raise Refused(f"The file has more than {MOST_ROWS} rows: upload it in parts")
    if len(rows[0].cells) > _MOST_COLUMNS:
        raise Refused(f"The file has more than {_MOST_COLUMNS} columns: leave out what is not used")
    return rows[0].cells, rows[1:]


def find(portal: PortalContext, upload_id: int) -> Upload | None:
    """Return a file; None for one that is not there any more."""
    with portal.transaction() as tx:
        return upload_rows.find(tx, upload_id)


def progress(portal: PortalContext, upload_id: int, *, samples: int) -> Progress | None:
    """Return a file with what becomes of its rows, and the first rows of each outcome."""
    with portal.transaction() as tx:
        upload = upload_rows.find(tx, upload_id)
        if upload is None:
            return None
        counts = upload_rows.counts(tx, upload_id)
        first = {
            outcome: upload_rows.of_outcome(tx, upload_id, outcome, limit=samples)
            for outcome in counts
            if outcome
        }
        first[""] = upload_rows.page(tx, upload_id, after=-1, limit=samples)
        reasons = upload_rows.reasons(tx, upload_id)
        suspicion = answer_scale.suspicion(upload_rows.scores(tx, upload_id))
    return Progress(upload, counts, reasons, first, suspicion)


def refused_rows(portal: PortalContext, upload: Upload) -> Iterator[StagedRow]:
    """Yield the rows that are refused, with their cells and reasons."""
    after = -1
    while True:
        with portal.transaction() as tx:
            found = upload_rows.of_outcome(
                tx, upload.upload_id, "refused", limit=_PAGE, after=after
            )
        yield from found
        if len(found) < _PAGE:
            return
        after = found[-1].row_number


def check(portal: PortalContext, upload_id: int, columns: Columns) -> None:
    """Have every row looked at by these columns, without importing any."""
    lacks = answer_columns.missing(columns)
    if lacks:
        raise Refused(lacks)
    with portal.transaction() as tx:
        upload = _at_rest(tx, upload_id)
        if any(_is_beyond(columns, role, upload) for role in answer_columns.ROLES):
            raise Refused("The file has no such column; load the page again")
        upload_rows.begin(tx, upload_id, upload_rows.CHECKING, columns)
        lanes.want(tx, portal.portal_id, LANE)
    portal.runtime.queue.wake(portal.portal_id, LANE)


def start(portal: PortalContext, upload_id: int, *, is_our_scale: bool, actor: str) -> None:
    """Import a file that was checked; raises Refused where its scores look like another scale.

    *is_our_scale*: somebody says that its question was asked from 0 to 10.
    """
    with portal.transaction() as tx:
        upload = _at_rest(tx, upload_id)
        if upload.state != upload_rows.CHECKED:
            raise Refused("Check the file first: nothing is imported that nobody looked at")
        other = answer_scale.suspicion(upload_rows.scores(tx, upload_id))
        if other and not is_our_scale:
            title = upload.head[upload.columns.score or 0]
            raise Refused(
                f"The column “{title}” looks like a scale from {other}; such answers are never"
                " converted. Say so if the question was asked from 0 to 10"
            )
        upload_rows.begin(tx, upload_id, upload_rows.IMPORTING)
        portals.note(tx, actor, "imported survey answers", source=upload.source, rows=upload.rows)
        lanes.want(tx, portal.portal_id, LANE)
    portal.runtime.queue.wake(portal.portal_id, LANE)


def remove(portal: PortalContext, upload_id: int, *, actor: str) -> None:
    """Delete a file and its rows; the answers that came of it stay."""
    with portal.transaction() as tx:
        upload = upload_rows.find(tx, upload_id, lock=True)
        if upload is None:
            return
        if upload.state == upload_rows.IMPORTING:
            raise Refused("The file is being imported: wait until that is done")
        upload_rows.remove(tx, upload_id)
        portals.note(tx, actor, "removed an uploaded file", source=upload.source)


def advance(
    portal: PortalContext, lease: Lease, *, seconds: float = _SLICE_SECONDS
) -> float | None:
    """Work on what was uploaded for a while; return 0 when there is more to do, or None."""
    end = time.monotonic() + seconds
    own_zone = _zone(portal)
    while True:
        with portal.transaction(lease) as tx:
            waiting = upload_rows.under_way(tx)
            upload = waiting and upload_rows.find(tx, waiting.upload_id, lock=True)
            if upload is None:
                return None
            contacts = _slice(tx, portal, upload, own_zone)
            if contacts:
                about = refs(ObjectType.CONTACT, contacts)
                invalidation.record(tx, Change.OUTSIDE_REPORTED, records=about)
                lanes.want(tx, portal.portal_id, "drain")
        if contacts:
            portal.runtime.queue.wake(portal.portal_id)
        if time.monotonic() >= end:
            return 0


def _zone(portal: PortalContext) -> tzinfo:
    """The zone in which the account's days are."""
    account = portal.find()
    return zone(account.time_zone if account else None)


def _at_rest(tx: Transaction, upload_id: int) -> Upload:
    upload = upload_rows.find(tx, upload_id, lock=True)
    if upload is None:
        raise Refused("This file is not there any more: upload it again")
    if upload.state == upload_rows.IMPORTING:
        raise Refused("The file is being imported: wait until that is done")
    if upload.state == upload_rows.DONE:
        raise Refused("The file was imported: upload it again to import it otherwise")
    return upload


def _is_beyond(columns: Columns, role: str, upload: Upload) -> bool:
    place = getattr(columns, role)
    return place is not None and not 0 <= place < len(upload.head)


def _slice(tx: Transaction, portal: PortalContext, upload: Upload, own_zone: tzinfo) -> set[int]:
    """Check or import the next rows; return the contacts whose answers were kept."""
    rows = upload_rows.page(tx, upload.upload_id, after=upload.next_row, limit=_PAGE)
    is_import = upload.state == upload_rows.IMPORTING
    if not rows:
        state = upload_rows.DONE if is_import else upload_rows.CHECKED
        upload_rows.proceed(tx, upload.upload_id, next_row=upload.next_row, state=state)
        return set()
    setup = survey_rows.setup(tx)
    work = _Page(tx, portal, upload, tx.clock(), setup.link_key if setup else "")
    contacts: set[int] = set()
    if is_import:
        contacts = work.keep(rows)
    else:
        upload_rows.decide(tx, upload.upload_id, work.judge(rows, own_zone), final=False)
    upload_rows.proceed(tx, upload.upload_id, next_row=rows[-1].row_number)
    return contacts


@dataclass(frozen=True, slots=True)
class _Page:
    """What a page of rows is judged by."""

    tx: Transaction
    portal: PortalContext
    upload: Upload
    now: datetime
    link_key: str

    def judge(self, rows: Sequence[StagedRow], own_zone: tzinfo) -> list[Verdict]:
        """Say what becomes of each row, were it imported now."""
        verdicts: list[Verdict] = []
        read: list[Verdict] = []
        for row in rows:
            verdict = self._read(row, own_zone)
            (verdicts if verdict.outcome == "refused" else read).append(verdict)
        keys = [verdict.key or "" for verdict in read]
        before = upload_rows.earlier(
            self.tx, self.upload.upload_id, keys, before=self.upload.next_row
        )
        first: list[Verdict] = []
        for verdict in read:
            if verdict.key in before:
                twice = Verdict(verdict.row_number, "twice", "another row gives the same answer")
                verdicts.append(twice)
                continue
            before.add(verdict.key or "")
            first.append(verdict)
        return [*verdicts, *self._compared(first)]

    def keep(self, rows: Sequence[StagedRow]) -> set[int]:
        """Keep the answers of these rows; return their contacts."""
        giving = [row for row in rows if row.outcome in upload_rows.GIVING]
        verdicts = self._compared([_given(row) for row in giving])
        kept = [verdict for verdict in verdicts if verdict.outcome in upload_rows.GIVING]
        contacts = inbound_items.keep_answers(self.tx, [self._said(verdict) for verdict in kept])
        others = [_given(row) for row in rows if row.outcome not in upload_rows.GIVING]
        upload_rows.decide(self.tx, self.upload.upload_id, [*verdicts, *others], final=True)
        return {contact for contact in contacts.values() if contact is not None}

    def _read(self, row: StagedRow, own_zone: tzinfo) -> Verdict:
        if row.outcome == "refused" and row.key is None and row.reason == delimited_files.UNCLOSED:
            return Verdict(row.row_number, "refused", row.reason)
        width = len(self.upload.head)
        try:
            answer = answer_columns.read(row.cells, self.upload.columns, width=width, zone=own_zone)
            contact_id = self._named(answer)
        except RowRefused as refusal:
            return Verdict(row.row_number, "refused", str(refusal))
        # A clock that runs ahead must not make its answers the newest for ever.
        at = min(answer.at, self.upload.made_at)
        return Verdict(
            row.row_number,
            "new",
            "",
            answer.key,
            answer.score,
            at,
            contact_id,
            answer.email,
            answer.comment,
        )

    def _named(self, answer: RowAnswer) -> int | None:
        """The contact that a row names by a token of ours, or else by its id."""
        if not answer.token:
            return answer.contact_id
        named = inbound.named_by_link(self.portal.portal_id, self.link_key, answer.token)
        if named is not None:
            return named
        if answer.contact_id is None and answer.email is None:
            raise RowRefused("the token was not made for a contact of this account")
        return answer.contact_id

    def _compared(self, read: Sequence[Verdict]) -> list[Verdict]:
        """The same with what they do to the answers that are here."""
        if not read:
            return []
        named = {verdict.contact_id for verdict in read if verdict.contact_id is not None}
        keys = self.portal.runtime.forget_keys
        known = forgotten.still_known(self.tx, named, keys=keys) if named else named
        mails = {verdict.email for verdict in read if verdict.email}
        addresses = forgotten.known_addresses(self.tx, mails, keys=keys)
        here = inbound_items.known(self.tx, [self._said(verdict) for verdict in read])
        return [
            _compared(verdict, found, is_clamped=verdict.at == self.upload.made_at)
            if verdict.contact_id in {None, *known} and verdict.email in {None, *addresses}
            else Verdict(verdict.row_number, "forgotten", _FORGOTTEN)
            for verdict, found in zip(read, here, strict=True)
        ]

    def _said(self, verdict: Verdict) -> SaidAnswer:
        return SaidAnswer(
            self.upload.source,
            verdict.key or "",
            verdict.score or 0,
            verdict.at or self.now,
            verdict.comment or "",
            verdict.contact_id,
            verdict.email,
        )


def _compared(verdict: Verdict, here: Known, *, is_clamped: bool) -> Verdict:
    if not here.is_kept:
        return replace(verdict, outcome="new" if here.contact_id else "waiting")
    # The same future day is cut to the time of each upload, and is no other answer for that.
    at = here.kept_at if is_clamped else verdict.at
    said = (verdict.score, at, verdict.comment or "")
    if here.is_dismissed or said == (here.kept_score, here.kept_at, here.kept_comment):
        return replace(verdict, outcome="same")
    is_older = bool(here.kept_at and verdict.at and verdict.at < here.kept_at)
    return replace(verdict, outcome="older" if is_older else "changed")


def _given(row: StagedRow) -> Verdict:
    return Verdict(
        row.row_number,
        row.outcome or "refused",
        row.reason,
        row.key,
        row.score,
        row.at,
        row.contact_id,
        row.email,
        row.comment,
    )
