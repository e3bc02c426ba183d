"""Set-up questions (`setup_question`): what an admin is asked about the portal's own words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Row, Transaction, as_json
from mappings.stored.setup_shapes import SetupQuestion
from mappings.stored.shape_table import SETUP_QUESTION, body_of

_COLUMNS = """kind, key, body, blocks, asked_at, due_at, answer, answered_by, answered_at,
  settings_version"""


_WITHOUT_SAMPLES = """jsonb_set(body, '{candidates}', coalesce(
    (SELECT jsonb_agg(candidate || '{"sample": ""}')
     FROM jsonb_array_elements(body -> 'candidates') AS candidate), '[]'))"""
# Erases texts of records from all questions of a portal; they are asked on without.
FORGET_SAMPLES = f"UPDATE setup_question SET body = {_WITHOUT_SAMPLES} WHERE portal_id = :portal"


@dataclass(frozen=True, slots=True)
class StoredQuestion:
    """A question with its fate.

    `blocks`: nothing is written until the answer. At `due_at` the proposal is taken instead.
    `answer` has the chosen values; it is None while nobody answered, and where somebody changed the
    settings themselves.
    """

    kind: str
    key: str
    question: SetupQuestion
    blocks: bool
    asked_at: datetime
    due_at: datetime | None
    answer: tuple[str, ...] | None
    answered_by: str | None
    answered_at: datetime | None
    settings_version: int | None

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided it yet."""
        return self.answered_at is None


def ask(
    tx: Transaction,
    kind: str,
    key: str,
    question: SetupQuestion,
    *,
    blocks: bool,
    due_seconds: float | None,
) -> bool:
    """Store a question; return whether it is new.

    One that is still open gets the new text and candidates, and keeps its times. One that was
    answered stays as it is.
    """
    _lock(tx)
    is_new = tx.value(
        """INSERT INTO setup_question AS mine (portal_id, kind, key, body, blocks, due_at)
           VALUES (:portal, :kind, :key, CAST(:body AS jsonb), :blocks,
             clock_timestamp() + make_interval(secs => CAST(:due AS float8)))
           ON CONFLICT (portal_id, kind, key) DO UPDATE SET body = excluded.body
             WHERE mine.answered_at IS NULL
           RETURNING xmax = 0""",
        kind=kind,
        key=key,
        body=as_json(body_of(question)),
        blocks=blocks,
        due=due_seconds,
    )
    _note_due(tx)
    return bool(is_new)


def find(tx: Transaction, kind: str, key: str) -> StoredQuestion | None:
    """Return one question, open or answered; nobody else answers it until the transaction ends."""
    _lock(tx)
    row = tx.one(
        f"""SELECT {_COLUMNS} FROM setup_question
            WHERE portal_id = :portal AND kind = :kind AND key = :key""",
        kind=kind,
        key=key,
    )
    return _stored(row) if row else None


def is_known(tx: Transaction, kind: str, key: str) -> bool:
    """Whether this was ever asked."""
    return bool(
        tx.value(
            """SELECT EXISTS (SELECT FROM setup_question
               WHERE portal_id = :portal AND kind = :kind AND key = :key)""",
            kind=kind,
            key=key,
        )
    )


def every(tx: Transaction) -> Sequence[StoredQuestion]:
    """Return all questions: first open ones that block, then open ones, then the answered."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM setup_question WHERE portal_id = :portal
            ORDER BY answered_at IS NOT NULL, NOT blocks, answered_at DESC, asked_at, kind, key"""
    )
    return [_stored(row) for row in rows]


def overdue(tx: Transaction) -> Sequence[StoredQuestion]:
    """Return open questions whose time to be answered is over."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM setup_question
            WHERE portal_id = :portal AND answered_at IS NULL AND due_at <= clock_timestamp()
            ORDER BY due_at, kind, key"""
    )
    return [_stored(row) for row in rows]


def count_open(tx: Transaction) -> int:
    """Count the questions that nobody has answered yet."""
    number = tx.value(
        "SELECT count(*) FROM setup_question WHERE portal_id = :portal AND answered_at IS NULL"
    )
    return int(number or 0)


def blocked_until(tx: Transaction) -> datetime | None:
    """Return when the last open question that blocks will be decided; None when none is open."""
    until: datetime | None = tx.value(
        """SELECT max(due_at) FROM setup_question
           WHERE portal_id = :portal AND answered_at IS NULL AND blocks"""
    )
    return until


def answer(
    tx: Transaction,
    kind: str,
    key: str,
    values: Collection[str] | None,
    *,
    by: str,
    settings_version: int,
) -> None:
    """Record the answer to an open question; texts of records are no longer needed, and go.

    Without values: somebody decided it by changing the settings.
    """
    tx.run(
        f"""UPDATE setup_question SET answer = CAST(:values AS text[]), answered_by = :by,
              answered_at = clock_timestamp(), settings_version = :version,
              body = {_WITHOUT_SAMPLES}
            WHERE portal_id = :portal AND kind = :kind AND key = :key AND answered_at IS NULL""",
        kind=kind,
        key=key,
        values=None if values is None else list(values),
        by=by,
        version=settings_version,
    )
    _note_due(tx)


def withdraw(tx: Transaction, kind: str, keys: Collection[str]) -> None:
    """Delete open questions of a kind that need no answer any more."""
    tx.run(
        """DELETE FROM setup_question WHERE portal_id = :portal AND kind = :kind
             AND key = ANY(CAST(:keys AS text[])) AND answered_at IS NULL""",
        kind=kind,
        keys=list(keys),
    )
    _note_due(tx)


def _lock(tx: Transaction) -> None:
    """Lock the portal, whose row every change of its questions writes: settings lock it, too."""
    tx.one("SELECT portal_id FROM portal WHERE portal_id = :portal FOR UPDATE")


def _note_due(tx: Transaction) -> None:
    """Keep the earliest time with the portal, where the calendar looks."""
    tx.run(
        """UPDATE portal SET answer_due_at = (
             SELECT min(due_at) FROM setup_question
             WHERE portal_id = :portal AND answered_at IS NULL)
           WHERE portal_id = :portal"""
    )


def _stored(row: Row) -> StoredQuestion:
    read = SETUP_QUESTION.read(row["body"])
    answer = row["answer"]
    return StoredQuestion(
        row["kind"],
        row["key"],
        read.value if read else SetupQuestion(),
        row["blocks"],
        row["asked_at"],
        row["due_at"],
        None if answer is None else tuple(answer),
        row["answered_by"],
        row["answered_at"],
        row["settings_version"],
    )
