"""Import runs (`import_run`, `import_step`): a cursor for each stream, moved with its page."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.storage.database import Row, Transaction, as_json


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over all records of a portal.

    `finds_vanished` says that records were read before, so that what no page of this pass has
    was deleted meanwhile.
    """

    run_id: int
    kind: str
    state: str
    started_at: datetime
    finds_vanished: bool


@dataclass(frozen=True, slots=True)
class Stream:
    """One list that a run reads to its end: the records of a type, or the links of a pair."""

    name: str
    cursor: str | None
    done: bool
    records: int
    drift: int
    total: int | None = None
    began_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def from_type(self) -> str:
        """The object type that is read, or whose links are read."""
        return self.name.partition(":")[2].partition(">")[0]

    @property
    def to_type(self) -> str:
        """The other end of the links."""
        return self.name.partition(">")[2]


# In the order of Run's fields.
_COLUMNS = """run_id, kind, state, started_at, EXISTS (
  SELECT FROM import_run AS earlier
  WHERE earlier.portal_id = :portal AND earlier.run_id < import_run.run_id) AS finds_vanished"""


def begin(tx: Transaction, kind: str, streams: Sequence[str]) -> bool:
    """Start a run with these streams; False when one is running."""
    run_id = tx.value(
        """INSERT INTO import_run (portal_id, kind) VALUES (:portal, :kind)
           ON CONFLICT (portal_id) WHERE state = 'running' DO NOTHING RETURNING run_id""",
        kind=kind,
    )
    if run_id is None:
        return False
    tx.many(
        """INSERT INTO import_step (portal_id, run_id, stream, total)
           VALUES (:portal, :run, :stream, (
             -- As many as the last pass found: nobody need be asked for a reconciliation.
             SELECT greatest(total, records) FROM import_step
             WHERE portal_id = :portal AND stream = :stream AND done
             ORDER BY run_id DESC LIMIT 1))""",
        [{"run": run_id, "stream": stream} for stream in streams],
    )
    return True


def begin_types_again(tx: Transaction, object_types: Collection[str]) -> bool:
    """Let the running pass read records of these types from the start; False when none runs.

    It keeps what it has read of others. It gets a new number, so that no page that is still under
    way, read by the settings of before, moves its cursors.
    """
    former = running(tx)
    if former is None:
        return False
    run_id = tx.value(
        """UPDATE import_run SET run_id = DEFAULT WHERE portal_id = :portal AND run_id = :former
           RETURNING run_id""",
        former=former.run_id,
    )
    tx.run(
        """UPDATE import_step SET run_id = :run, done = done AND NOT again,
             cursor = CASE WHEN again THEN NULL ELSE cursor END,
             records = CASE WHEN again THEN 0 ELSE records END
           FROM (SELECT stream AS name, stream = ANY(CAST(:streams AS text[])) AS again
                 FROM import_step WHERE portal_id = :portal AND run_id = :former) AS mine
           WHERE portal_id = :portal AND run_id = :former AND stream = name""",
        run=run_id,
        former=former.run_id,
        streams=[f"records:{object_type}" for object_type in object_types],
    )
    return True


def hold_conclusions(tx: Transaction) -> None:
    """Let deals wait until the running pass has read everything."""
    tx.run(
        """UPDATE import_run SET holds_conclusions = true
           WHERE portal_id = :portal AND state = 'running'"""
    )


def supersede(tx: Transaction) -> str | None:
    """End the running pass without a result, as what it reads changed; return its kind."""
    kind: str | None = tx.value(
        """UPDATE import_run SET state = 'failed', finished_at = clock_timestamp(),
             report = '{"superseded": true}'
           WHERE portal_id = :portal AND state = 'running' RETURNING kind"""
    )
    return kind


def running(tx: Transaction) -> Run | None:
    """Return the run under way."""
    return _run(
        tx.one(
            f"""SELECT {_COLUMNS} FROM import_run
               WHERE portal_id = :portal AND state = 'running'"""
        )
    )


def newest(tx: Transaction) -> Run | None:
    """Return the latest run."""
    return _run(
        tx.one(
            f"""SELECT {_COLUMNS} FROM import_run WHERE portal_id = :portal
               ORDER BY run_id DESC LIMIT 1"""
        )
    )


def streams(tx: Transaction, run: Run) -> list[Stream]:
    """Return a run's streams, in the order in which they should have their turn."""
    rows = tx.rows(
        """SELECT stream AS name, cursor, done, records, drift, total, began_at, updated_at
           FROM import_step
           WHERE portal_id = :portal AND run_id = :run ORDER BY stream LIKE 'links:%', stream""",
        run=run.run_id,
    )
    return [Stream(**row) for row in rows]


def advance(
    tx: Transaction,
    run: Run,
    stream: Stream,
    *,
    cursor: str | None,
    done: bool,
    records: int,
    drift: int,
) -> None:
    """Move a stream's cursor behind the page that was just stored."""
    tx.run(
        """UPDATE import_step
           SET cursor = :cursor, done = :done, records = records + :records, calls = calls + 1,
             drift = drift + :drift, began_at = coalesce(began_at, clock_timestamp()),
             updated_at = clock_timestamp()
           WHERE portal_id = :portal AND run_id = :run AND stream = :stream""",
        run=run.run_id,
        stream=stream.name,
        cursor=cursor,
        done=done,
        records=records,
        drift=drift,
    )


def claim_counting(tx: Transaction, run: Run) -> bool:
    """Take it on to count a run's streams; False when somebody did."""
    claimed = tx.run(
        """UPDATE import_run SET totals_asked_at = clock_timestamp()
           WHERE portal_id = :portal AND run_id = :run AND totals_asked_at IS NULL""",
        run=run.run_id,
    )
    return claimed == 1


def set_total(tx: Transaction, run: Run, stream: str, total: int) -> None:
    """Note how many records a stream has."""
    tx.run(
        """UPDATE import_step SET total = :total
           WHERE portal_id = :portal AND run_id = :run AND stream = :stream""",
        run=run.run_id,
        stream=stream,
        total=total,
    )


def end_streams(tx: Transaction, run: Run, names: Sequence[str]) -> None:
    """End streams that are left out; what was read of them stays."""
    tx.run(
        """UPDATE import_step SET done = true, updated_at = clock_timestamp()
           WHERE portal_id = :portal AND run_id = :run AND stream = ANY(:names)""",
        run=run.run_id,
        names=list(names),
    )


def is_done(tx: Transaction, run: Run, stream: str) -> bool:
    """Whether a stream of the run has reached its end."""
    return bool(
        tx.value(
            """SELECT done FROM import_step
               WHERE portal_id = :portal AND run_id = :run AND stream = :stream""",
            run=run.run_id,
            stream=stream,
        )
    )


def is_counted(tx: Transaction) -> bool:
    """Whether it was ever counted here who is a customer."""
    return bool(
        tx.value(
            """SELECT EXISTS (SELECT FROM import_run
               WHERE portal_id = :portal AND counted_at IS NOT NULL)"""
        )
    )


def note_counted(tx: Transaction, run: Run) -> None:
    """Note that it was counted in this run who is a customer."""
    tx.run(
        """UPDATE import_run SET counted_at = clock_timestamp()
           WHERE portal_id = :portal AND run_id = :run""",
        run=run.run_id,
    )


def note_seen(tx: Transaction, run: Run, object_type: str, record_ids: Sequence[int]) -> None:
    """Note that a page had these records, changed or not."""
    if run.finds_vanished:
        tx.run(
            """UPDATE record SET seen_at = clock_timestamp()
               WHERE portal_id = :portal AND object_type = :type
                 AND record_id = ANY(CAST(:ids AS bigint[]))""",
            type=object_type,
            ids=list(record_ids),
        )


def ids_after(tx: Transaction, object_type: str, after: int, *, limit: int) -> list[int]:
    """Return the next ids of a type in the mirror."""
    rows = tx.rows(
        """SELECT record_id FROM record
           WHERE portal_id = :portal AND object_type = :type AND record_id > :after
             AND gone_at IS NULL
           ORDER BY record_id LIMIT :limit""",
        type=object_type,
        after=after,
        limit=limit,
    )
    return [row["record_id"] for row in rows]


def vanished(tx: Transaction, run: Run) -> dict[str, list[int]]:
    """Return living mirrored records that no page of the run had."""
    rows = tx.rows(
        """SELECT object_type, record_id FROM record
           WHERE portal_id = :portal AND gone_at IS NULL AND seen_at < :since
             AND object_type IN (
               SELECT split_part(stream, ':', 2) FROM import_step
               WHERE portal_id = :portal AND run_id = :run AND stream LIKE 'records:%'
                 -- Of a list that was not read to its end nobody knows what is missing.
                 AND stream NOT IN (
                   SELECT stream FROM stream_trouble
                   WHERE portal_id = :portal AND refused_at IS NOT NULL))
           ORDER BY object_type, record_id""",
        since=run.started_at,
        run=run.run_id,
    )
    by_type: dict[str, list[int]] = {}
    for row in rows:
        by_type.setdefault(row["object_type"], []).append(row["record_id"])
    return by_type


def finish(tx: Transaction, run: Run, differences: Mapping[str, Any]) -> None:
    """End a run."""
    tx.run(
        """UPDATE import_run SET state = 'done', finished_at = clock_timestamp(),
             report = CAST(:report AS jsonb)
           WHERE portal_id = :portal AND run_id = :run""",
        run=run.run_id,
        report=as_json(differences),
    )


def report(tx: Transaction, run: Run) -> dict[str, Any]:
    """Return what a run found that the webhooks had missed: changed by stream, deleted, merged."""
    differences = tx.value(
        "SELECT report FROM import_run WHERE portal_id = :portal AND run_id = :run", run=run.run_id
    )
    return {
        **(differences or {}),
        "changed": {stream.name: stream.drift for stream in streams(tx, run) if stream.drift},
    }


def _run(row: Row | None) -> Run | None:
    return Run(**row) if row else None
