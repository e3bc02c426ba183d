"""The outbox (`outbox`): one waiting patch a record, the newest replaces older ones."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from integration.storage.database import Transaction, as_json


@dataclass(frozen=True, slots=True)
class WaitingPatch:
    """A patch that waits to be sent; *version* shows whether it was replaced meanwhile."""

    object_type: str
    record_id: int
    patch: Mapping[str, str]
    version: int
    attempts: int


def plan(tx: Transaction, object_type: str, patches: Mapping[int, Mapping[str, str]]) -> None:
    """Put patches in the outbox; a patch that waits for the same record is replaced."""
    if not patches:
        return
    tx.run(
        """INSERT INTO outbox AS mine (portal_id, object_type, record_id, patch)
           SELECT :portal, :type, t.record_id, t.patch
           FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(record_id bigint, patch jsonb)
           ORDER BY t.record_id
           ON CONFLICT (portal_id, object_type, record_id) DO UPDATE
             SET patch = excluded.patch, version = mine.version + 1, state = 'waiting',
                 attempts = 0, error = NULL, next_at = clock_timestamp(),
                 planned_at = clock_timestamp()
             -- The same patch keeps its place, its tries and its reason.
             WHERE mine.patch <> excluded.patch""",
        type=object_type,
        rows=as_json([{"record_id": key, "patch": dict(value)} for key, value in patches.items()]),
    )


def cancel(tx: Transaction, object_type: str, record_ids: Collection[int]) -> None:
    """Delete patches for records that already are as desired, or are gone."""
    tx.run(
        """DELETE FROM outbox WHERE portal_id = :portal AND object_type = :type
             AND record_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(record_ids),
    )


def discard(tx: Transaction) -> None:
    """Delete all waiting patches, as their records are concluded again and planned anew."""
    tx.run("DELETE FROM outbox WHERE portal_id = :portal AND state = 'waiting'")


def due(tx: Transaction, *, limit: int = 100) -> Sequence[WaitingPatch]:
    """Return the due patches of the type that waits longest; they count as sent from now on."""
    rows = tx.rows(
        """SELECT object_type, record_id, patch, version, attempts FROM outbox
           WHERE portal_id = :portal AND state = 'waiting' AND next_at <= clock_timestamp()
             AND object_type = (
               SELECT object_type FROM outbox
               WHERE portal_id = :portal AND state = 'waiting' AND next_at <= clock_timestamp()
               ORDER BY next_at LIMIT 1)
           ORDER BY next_at, record_id LIMIT :limit""",
        limit=limit,
    )
    if rows:
        tx.run(
            """UPDATE outbox SET sent_at = clock_timestamp()
               WHERE portal_id = :portal AND object_type = :type
                 AND record_id = ANY(CAST(:ids AS bigint[])) AND sent_at IS NULL""",
            type=rows[0]["object_type"],
            ids=[row["record_id"] for row in rows],
        )
    return [WaitingPatch(**{**row, "patch": dict(row["patch"])}) for row in rows]


def done(tx: Transaction, sent: Sequence[WaitingPatch]) -> None:
    """Delete patches that HubSpot took, unless a newer one replaced them while they travelled."""
    tx.many(
        """DELETE FROM outbox WHERE portal_id = :portal AND object_type = :type AND record_id = :id
             AND version = :version""",
        [
            {"type": patch.object_type, "id": patch.record_id, "version": patch.version}
            for patch in sent
        ],
    )


def set_aside(tx: Transaction, patch: WaitingPatch, reason: str) -> None:
    """Keep a patch that HubSpot refused, with its reason; it can be replayed."""
    tx.run(
        """UPDATE outbox SET state = 'set_aside', error = :reason, attempts = attempts + 1
           WHERE portal_id = :portal AND object_type = :type AND record_id = :id
             AND version = :version""",
        type=patch.object_type,
        id=patch.record_id,
        version=patch.version,
        reason=reason[:500],
    )


def replay(tx: Transaction) -> int:
    """Put set-aside patches back; return how many."""
    return tx.run(
        """UPDATE outbox SET state = 'waiting', attempts = 0, next_at = clock_timestamp(),
             error = NULL
           WHERE portal_id = :portal AND state = 'set_aside'"""
    )


def counts(tx: Transaction) -> dict[str, int]:
    """Return how many patches wait and how many are set aside."""
    rows = tx.rows(
        "SELECT state, count(*) AS n FROM outbox WHERE portal_id = :portal GROUP BY state"
    )
    by_state = {row["state"]: row["n"] for row in rows}
    return {"waiting": by_state.get("waiting", 0), "set_aside": by_state.get("set_aside", 0)}


def paused_properties(tx: Transaction) -> dict[tuple[str, str], str]:
    """Return the properties that are not written now, each with its sentence."""
    rows = tx.rows(
        """SELECT object_type, name, sentence FROM property_state
           WHERE portal_id = :portal AND paused_at IS NOT NULL"""
    )
    return {(row["object_type"], row["name"]): row["sentence"] for row in rows}


def pause_property(tx: Transaction, object_type: str, name: str, sentence: str) -> None:
    """Stop writing one property, and say why; the rest of the portal goes on."""
    tx.run(
        """INSERT INTO property_state (portal_id, object_type, name, paused_at, sentence)
           VALUES (:portal, :type, :name, clock_timestamp(), :sentence)
           ON CONFLICT (portal_id, object_type, name)
           DO UPDATE SET paused_at = excluded.paused_at, sentence = excluded.sentence""",
        type=object_type,
        name=name,
        sentence=sentence,
    )
    tx.run(
        """UPDATE outbox SET patch = patch - CAST(:name AS text), version = version + 1
           WHERE portal_id = :portal AND object_type = :type AND jsonb_exists(patch, :name)""",
        type=object_type,
        name=name,
    )


def resume_properties(tx: Transaction) -> None:
    """Write all properties again, after they were made or repaired."""
    tx.run("UPDATE property_state SET paused_at = NULL, sentence = NULL WHERE portal_id = :portal")


def note_written(tx: Transaction, object_type: str, record_ids: Collection[int]) -> None:
    """Record with each conclusion when it reached the CRM."""
    tx.run(
        """UPDATE conclusion SET written_at = clock_timestamp(), outcome = 'written'
           WHERE portal_id = :portal AND object_type = :type
             AND record_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(record_ids),
    )


def next_in(tx: Transaction) -> float | None:
    """Return the seconds until a patch is due; None when none waits."""
    seconds = tx.value(
        """SELECT extract(epoch FROM min(next_at) - clock_timestamp())::float8 FROM outbox
           WHERE portal_id = :portal AND state = 'waiting'"""
    )
    return None if seconds is None else max(0.0, float(seconds))
