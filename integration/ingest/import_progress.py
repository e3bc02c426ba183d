"""Progress of an import: what was read of how much, and how long the rest will take."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.ingest import stream_labels
from integration.portal.context import PortalContext
from integration.storage.queue import activity_cursors, import_runs, stream_troubles
from integration.storage.queue.activity_cursors import ActivityCursor
from integration.storage.queue.import_runs import Stream
from integration.storage.service import portals

_ALL, _NEARLY_ALL = 100, 99


@dataclass(frozen=True, slots=True)
class Line:
    """One stream, or several that are shown as one: read, in all, and the seconds left.

    `state` is idle, busy, done, or refused. What nobody knows yet is None.
    """

    name: str
    label: str
    state: str
    records: int
    total: int | None
    seconds_left: float | None

    @property
    def percent(self) -> int | None:
        """How much of it was read; never all before it is done."""
        if self.state == "done":
            return _ALL
        if not self.total:
            return None
        return min(_NEARLY_ALL, _ALL * self.records // self.total)


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an account's newest pass is, activities included."""

    kind: str
    is_under_way: bool
    lines: Sequence[Line]

    @property
    def percent(self) -> int | None:
        """How much of everything was read; None while not everything was counted."""
        left = [line for line in self.lines if line.state not in {"done", "refused"}]
        if not left:
            return _ALL
        totals = [line.total for line in self.lines if line.state != "refused"]
        if None in totals:
            return None
        total = sum(counted or 0 for counted in totals)
        read = sum(line.records for line in self.lines if line.state != "refused")
        return min(_NEARLY_ALL, _ALL * read // total) if total else None

    @property
    def records(self) -> int:
        """How much was read so far."""
        return sum(line.records for line in self.lines)

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take; None while that cannot be said.

        Records and links are read side by side, and activities after them.
        """
        parts = [
            [line for line in self.lines if _is_of_activities(line.name) is of_activities]
            for of_activities in (False, True)
        ]
        longest = [_longest(part) for part in parts]
        return None if None in longest else sum(seconds or 0 for seconds in longest)


def progress(portal: PortalContext) -> ImportProgress | None:
    """How far the newest pass is; None before the first."""
    with portal.transaction() as tx:
        run = import_runs.newest(tx)
        if run is None:
            return None
        streams = import_runs.streams(tx, run)
        cursors = activity_cursors.every(tx)
        refused = set(stream_troubles.refused(tx))
        account = portals.find(tx, portal.portal_id)
        now = tx.clock()
    lines = lines_of(streams, cursors, refused, now)
    is_first = run.kind == "import"
    reads_activities = is_first and account is not None and account.imported_at is not None
    is_under_way = run.state == "running" or (
        reads_activities and any(not cursor.told for cursor in cursors)
    )
    shown = lines if is_first else [line for line in lines if not _is_of_activities(line.name)]
    return ImportProgress(run.kind, is_under_way, shown)


def lines_of(
    streams: Sequence[Stream],
    cursors: Sequence[ActivityCursor],
    refused: set[str],
    now: datetime,
) -> list[Line]:
    """A line for each type of records, one for all links, one for each type of activities."""
    speed = _mean_speed(streams, now)
    totals = {stream.name: _total(stream) for stream in streams}
    lines = [
        _line(stream, totals[stream.name], refused, now, speed)
        for stream in streams
        if stream.name.startswith("records:")
    ]
    links = [
        _line(stream, totals.get(f"records:{stream.from_type}"), refused, now, speed)
        for stream in streams
        if stream.name.startswith("links:")
    ]
    if links:
        lines.append(_together("links", "links between them", links))
    return lines + [
        _line(_stream_of(cursor), cursor.total, refused, now, speed) for cursor in cursors
    ]


def _line(
    stream: Stream, total: int | None, refused: set[str], now: datetime, speed: float | None
) -> Line:
    state = _state(stream, refused)
    known = max(total, stream.records) if total is not None else None
    return Line(
        name=stream.name,
        label=stream_labels.label(stream.name),
        state=state,
        records=stream.records,
        total=stream.records if state == "done" else known,
        seconds_left=_seconds_left(stream, known, state, now, speed),
    )


def _state(stream: Stream, refused: set[str]) -> str:
    if stream.name in refused:
        return "refused"
    if stream.done:
        return "done"
    return "busy" if stream.records else "idle"


def _seconds_left(
    stream: Stream, total: int | None, state: str, now: datetime, speed: float | None
) -> float | None:
    """By the stream's own speed; before it has one, by that of the others."""
    if state in {"done", "refused"}:
        return 0.0
    own = _speed(stream, now) or speed
    return (total - stream.records) / own if total is not None and own else None


def _speed(stream: Stream, now: datetime) -> float | None:
    """Records a second since the stream's first page, until now or until it was done."""
    if stream.began_at is None or not stream.records:
        return None
    until = (stream.updated_at if stream.done else None) or now
    # The first page came before that moment: in the first second there is nothing to divide by.
    return stream.records / max(1.0, (until - stream.began_at).total_seconds())


def _mean_speed(streams: Iterable[Stream], now: datetime) -> float | None:
    speeds = [_speed(stream, now) for stream in streams]
    known = [speed for speed in speeds if speed]
    return sum(known) / len(known) if known else None


def _together(name: str, label: str, lines: Sequence[Line]) -> Line:
    """Several streams as one line: busy as long as one of them is not done."""
    totals = [line.total for line in lines]
    is_done = all(line.state in {"done", "refused"} for line in lines)
    records = sum(line.records for line in lines)
    return Line(
        name=name,
        label=label,
        state="done" if is_done else "busy" if records else "idle",
        records=records,
        total=None if None in totals else sum(total or 0 for total in totals),
        seconds_left=_longest(lines),
    )


def _longest(lines: Sequence[Line]) -> float | None:
    seconds = [line.seconds_left for line in lines]
    return None if None in seconds else max((left or 0 for left in seconds), default=0.0)


def _total(stream: Stream) -> int | None:
    """How much there is of a stream; of one that was read, what was read."""
    return stream.records if stream.done else stream.total


def _stream_of(cursor: ActivityCursor) -> Stream:
    """A type of activities in the shape of the other streams."""
    return Stream(
        name=f"activities:{cursor.activity_type}",
        cursor=cursor.cursor,
        done=cursor.done,
        records=cursor.records,
        drift=0,
        total=cursor.total,
        began_at=cursor.began_at,
    )


def _is_of_activities(name: str) -> bool:
    return name.startswith("activities:")
