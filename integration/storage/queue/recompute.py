"""The recompute queue: what conclude has to look at again, in stages (table `stale`).

Claimed in pages, and settled only when nothing newer was asked for meanwhile.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from integration.storage.database import Transaction, as_json
from integration.storage.queue import inbox
from mappings.kinds import PERSON, ObjectType
from mappings.records.rows import RefPair

MAX_ATTEMPTS = 3
_RETRY_SECONDS = 30
_APART_SECONDS = 30


class Stage(IntEnum):
    """The stages of concluding, in order; each leaves work for the next."""

    PEOPLE = 1  # who is who, who went where, and which company bought when
    DEALS = 2  # who recommended us, and what led to each deal
    SUMMARIES = 3  # what contacts and companies say of themselves


@dataclass(frozen=True, slots=True)
class Selection:
    """Records that the database finds: a query for object_type and record_id, each pair once.

    For changes that concern a whole portal, whose records need not pass through Python.
    """

    query: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Due:
    """What conclude has to look at again: records by stage, and selections for the database."""

    records: dict[Stage, set[RefPair]] = field(default_factory=dict)
    selections: list[tuple[Stage, Selection]] = field(default_factory=list)

    def ask(self, stage: Stage, wanted: Iterable[RefPair] | Selection) -> None:
        """Ask for more records in *stage*."""
        if isinstance(wanted, Selection):
            self.selections.append((stage, wanted))
        else:
            self.records.setdefault(stage, set()).update(wanted)

    def merge(self, other: "Due") -> None:
        """Ask for all that *other* asks for, too."""
        for stage, refs in other.records.items():
            self.ask(stage, refs)
        self.selections.extend(other.selections)


@dataclass(frozen=True, slots=True)
class Claim:
    """One record to look at in one stage, as it was asked for at *since*."""

    stage: Stage
    object_type: str
    record_id: int
    since: datetime
    attempts: int

    @property
    def is_worn(self) -> bool:
        """Whether it has had all its tries."""
        return self.attempts >= MAX_ATTEMPTS

    @property
    def ref(self) -> RefPair:
        """The record; a person is looked at by way of a contact."""
        object_type = ObjectType.CONTACT if self.object_type == PERSON else self.object_type
        return object_type, self.record_id


# What others rest on comes first; persons are grouped when all contacts of a page are learned.
_ORDER = (
    ObjectType.COMPANY, ObjectType.DEAL, ObjectType.CONTACT, ObjectType.TICKET,
    ObjectType.FEEDBACK, PERSON,
)  # fmt: skip
_ORDER_OF_DEALS = (
    ObjectType.COMPANY, ObjectType.CONTACT, ObjectType.TICKET, ObjectType.FEEDBACK,
    ObjectType.DEAL, PERSON,
)  # fmt: skip


def add(tx: Transaction, due: Due) -> None:
    """Queue what is due; a record that waits already waits anew, its failures forgotten."""
    wanted = sorted((stage, *ref) for stage, refs in due.records.items() for ref in refs)
    if wanted:
        tx.run(
            f"""{_INTO} SELECT :portal, stage, object_type, record_id
                FROM unnest(CAST(:stages AS smallint[]), CAST(:types AS text[]),
                  CAST(:ids AS bigint[])) AS wanted(stage, object_type, record_id) {_ANEW}""",
            stages=[int(stage) for stage, _, _ in wanted],
            types=[object_type for _, object_type, _ in wanted],
            ids=[record_id for _, _, record_id in wanted],
        )
    for stage, selection in due.selections:
        tx.run(
            f"""{_INTO} SELECT :portal, :stage, object_type, record_id
                FROM ({selection.query}) AS wanted {_ANEW}""",
            stage=int(stage),
            **selection.values,
        )


# Gone ones included. Whatever rests on these is asked for as they are looked at.
EVERYTHING = Selection(
    """SELECT object_type, record_id FROM record
       WHERE portal_id = :portal AND object_type IN ('company', 'deal', 'contact')"""
)
_INTO = "INSERT INTO stale (portal_id, stage, object_type, record_id)"
_ANEW = """ON CONFLICT (portal_id, stage, object_type, record_id)
  DO UPDATE SET since = clock_timestamp(), next_at = clock_timestamp(),
    attempts = 0, error = NULL"""


def claim(tx: Transaction, stage: Stage, limit: int) -> Sequence[Claim]:
    """Lock a page of due rows of one stage: what others rest on comes first.

    The rows stay until :func:`settle`, so work that is rolled back is due again.
    """
    rows = tx.tuples(
        """SELECT due.* FROM unnest(CAST(:kinds AS text[])) WITH ORDINALITY AS wanted(kind, place)
           CROSS JOIN LATERAL (
             SELECT stage, object_type, record_id, since, attempts FROM stale
             WHERE portal_id = :portal AND stage = :stage AND object_type = wanted.kind
               AND next_at <= clock_timestamp()
             ORDER BY record_id LIMIT :limit FOR UPDATE SKIP LOCKED) AS due
           ORDER BY wanted.place, due.record_id LIMIT :limit""",
        kinds=list(_ORDER_OF_DEALS if stage == Stage.DEALS else _ORDER),
        stage=stage,
        limit=limit,
    )
    return [Claim(Stage(row[0]), *row[1:]) for row in rows]


_THIS = """portal_id = :portal AND stage = :stage AND object_type = :object_type
  AND record_id = :record_id AND since = :since"""


def settle(tx: Transaction, claims: Sequence[Claim]) -> None:
    """Forget claims that were served; one that was asked for again meanwhile stays due."""
    tx.run(
        """DELETE FROM stale USING jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(stage smallint, object_type text, record_id bigint, since timestamptz)
           WHERE stale.portal_id = :portal AND stale.stage = t.stage
             AND stale.object_type = t.object_type
             AND stale.record_id = t.record_id AND stale.since = t.since""",
        rows=as_json([_claim_row(claim) for claim in claims]),
    )


def _claim_row(claim: Claim) -> dict[str, object]:
    return {
        "stage": claim.stage,
        "object_type": claim.object_type,
        "record_id": claim.record_id,
        "since": claim.since,
    }


def count_try(tx: Transaction, claim: Claim) -> None:
    """Count a try before it runs, so that a record that ends the process at work is found out."""
    tx.run(
        f"""UPDATE stale SET attempts = attempts + 1,
              next_at = clock_timestamp()
                + make_interval(secs => (CAST(:waits AS float8[]))[least(attempts + 1, :most)])
            WHERE {_THIS}""",
        waits=list(inbox.ALONE_WAITS),
        most=MAX_ATTEMPTS,
        **_claim_row(claim),
    )


def give_back(tx: Transaction, claim: Claim) -> None:
    """Take back a counted try that failed for a reason outside the record; others go first."""
    tx.run(
        f"""UPDATE stale SET attempts = greatest(0, attempts - 1),
              next_at = clock_timestamp() + make_interval(secs => :seconds)
            WHERE {_THIS}""",
        seconds=float(_APART_SECONDS),
        **_claim_row(claim),
    )


def set_aside(tx: Transaction, claims: Mapping[Claim, str], *, counted: bool = False) -> None:
    """Put off records that a rule could not digest; after some tries they wait to be replayed.

    *counted* says that their tries were counted beforehand.
    """
    tx.run(
        """UPDATE stale SET attempts = stale.attempts + :tries, error = t.error,
             next_at = CASE WHEN stale.attempts + :tries >= :most THEN 'infinity'
                       ELSE clock_timestamp() + make_interval(secs => :seconds) END
           FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(stage smallint, object_type text, record_id bigint, since timestamptz, error text)
           WHERE stale.portal_id = :portal AND stale.stage = t.stage
             AND stale.object_type = t.object_type
             AND stale.record_id = t.record_id AND stale.since = t.since""",
        tries=0 if counted else 1,
        most=MAX_ATTEMPTS,
        seconds=float(_RETRY_SECONDS),
        rows=as_json(
            [{**_claim_row(claim), "error": error[:500]} for claim, error in claims.items()]
        ),
    )


def replay(tx: Transaction) -> int:
    """Make set-aside records due again; return how many."""
    return tx.run(
        """UPDATE stale SET attempts = 0, error = NULL, next_at = clock_timestamp(),
             since = clock_timestamp()
           WHERE portal_id = :portal AND next_at = 'infinity'"""
    )


def waiting(tx: Transaction, object_type: str, record_ids: Collection[int]) -> set[int]:
    """Return which of these records wait to be looked at, in any stage."""
    rows = tx.tuples(
        """SELECT DISTINCT record_id FROM stale WHERE portal_id = :portal AND object_type = :type
             AND record_id = ANY(CAST(:ids AS bigint[])) AND next_at < 'infinity'""",
        type=object_type,
        ids=list(record_ids),
    )
    return {row[0] for row in rows}


def counts(tx: Transaction) -> dict[str, int]:
    """Return how many records wait to be looked at and how many are set aside."""
    row = tx.one(
        """SELECT count(*) FILTER (WHERE next_at < 'infinity') AS waiting,
             count(*) FILTER (WHERE next_at = 'infinity') AS set_aside
           FROM stale WHERE portal_id = :portal"""
    )
    return dict(row) if row else {"waiting": 0, "set_aside": 0}
