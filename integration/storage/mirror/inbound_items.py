"""Survey answers that other tools sent (`answer`)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from integration.storage.database import AS_WRITTEN, Transaction, as_json

# Of an answer that nobody is known to have given.
WAITS: Final = "contact_id IS NULL AND dismissed_at IS NULL"


@dataclass(frozen=True, slots=True)
class SaidAnswer:
    """An answer as it came in: by whom is a contact's id, an address, both or neither.

    *proved* says that the id comes from a survey link of ours.
    """

    source: str
    key: str
    score: int
    at: datetime
    comment: str = ""
    contact_id: int | None = None
    email: str | None = None
    proved: bool = False
    external_id: str = ""


def keep_answer(tx: Transaction, source: str, said: Mapping[str, Any]) -> int | None:
    """Store an answer as its event holds it; return its contact when known."""
    at = said["at"]
    answer = SaidAnswer(
        source,
        said["key"],
        said["score"],
        datetime.fromisoformat(at) if isinstance(at, str) else at,
        said["comment"],
        said["contact_id"],
        said["email"],
        bool(said.get("proved")),
        said.get("external_id", ""),
    )
    return keep_answers(tx, [answer]).get((source, answer.key))


def keep_answers(
    tx: Transaction, answers: Sequence[SaidAnswer]
) -> dict[tuple[str, str], int | None]:
    """Store answers, of each key the latest; return the contacts of those that took effect.

    A contact is found by its id, old ids of merged ones included, or else by any of its addresses.
    An answer of nobody that is known waits under both. One that was dismissed stays dismissed, and
    a contact that somebody chose by hand stays chosen.
    """
    latest: dict[tuple[str, str], SaidAnswer] = {}
    for answer in sorted(answers, key=lambda answer: answer.at):
        latest[answer.source, answer.key] = answer
    rows = tx.rows(_KEEP, rows=as_json([_row(answer) for answer in latest.values()]))
    return {(row["source"], row["answer_key"]): row["contact_id"] for row in rows}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an answer before it is kept: whose it is, and what stands there already."""

    contact_id: int | None
    is_kept: bool
    is_dismissed: bool
    kept_score: int | None
    kept_at: datetime | None
    kept_comment: str


def known(tx: Transaction, answers: Sequence[SaidAnswer]) -> list[Known]:
    """Return what is known of each of these answers, in their order; no key may be there twice."""
    rows = tx.rows(_KNOWN, rows=as_json([_row(answer) for answer in answers]))
    by_key = {(row["source"], row["key"]): row for row in rows}
    found = (by_key[answer.source, answer.key] for answer in answers)
    return [
        Known(
            row["found_id"],
            row["score"] is not None,
            row["dismissed_at"] is not None,
            row["score"],
            row["at"],
            row["comment"] or "",
        )
        for row in found
    ]


def _row(answer: SaidAnswer) -> dict[str, object]:
    return {
        "source": answer.source,
        "key": answer.key,
        "score": answer.score,
        "at": answer.at.isoformat(),
        "comment": answer.comment,
        "contact_id": answer.contact_id,
        "email": answer.email,
        "how": "token" if answer.proved else "id",
        "external_id": answer.external_id or None,
    }


_MATCHED = f"""WITH said AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS said (source text, key text,
      score int, at timestamptz, comment text, contact_id bigint, email text, how text,
      external_id text)),
  matched AS (
    SELECT said.*, coalesce(by_id.id, by_mail.id) AS found_id,
      CASE WHEN by_id.id IS NOT NULL THEN how WHEN by_mail.id IS NOT NULL THEN 'mail' END AS by_what
    FROM said
    LEFT JOIN LATERAL (
      SELECT new_id AS id FROM alias
      WHERE portal_id = :portal AND object_type = 'contact' AND old_id = said.contact_id
      UNION ALL
      SELECT record_id FROM record
      WHERE portal_id = :portal AND object_type = 'contact' AND record_id = said.contact_id
      LIMIT 1) AS by_id ON true
    LEFT JOIN LATERAL (
      SELECT min(contact_id) AS id FROM (
        SELECT contact_id FROM identity_key
        WHERE portal_id = :portal AND kind = 'mail' AND value = said.email {AS_WRITTEN}) AS keyed
    ) AS by_mail ON true)"""
_KEEP = f"""{_MATCHED}
  INSERT INTO answer AS kept (portal_id, source, answer_key, contact_id, named_id, email, score,
    comment, at, external_id, matched_by)
  SELECT :portal, source, key, found_id, CASE WHEN found_id IS NULL THEN contact_id END, email,
    score, comment, at, external_id, by_what
  FROM matched
  ON CONFLICT (portal_id, source, answer_key) DO UPDATE SET score = excluded.score,
    comment = excluded.comment, at = excluded.at, email = excluded.email,
    external_id = excluded.external_id,
    contact_id = CASE WHEN kept.matched_by = 'hand' THEN kept.contact_id
                 ELSE coalesce(excluded.contact_id, kept.contact_id) END,
    named_id = CASE WHEN kept.contact_id IS NULL THEN excluded.named_id END,
    matched_by = CASE WHEN kept.matched_by = 'hand' THEN 'hand'
                 ELSE coalesce(excluded.matched_by, kept.matched_by) END
    -- Deliveries come in any order: an older answer replaces no newer one.
    WHERE kept.at <= excluded.at AND kept.dismissed_at IS NULL
  RETURNING source, answer_key, contact_id"""
_KNOWN = f"""{_MATCHED}
  SELECT matched.source, matched.key, found_id, kept.score, kept.at, kept.comment, dismissed_at
  FROM matched LEFT JOIN answer AS kept ON kept.portal_id = :portal
    AND kept.source = matched.source AND kept.answer_key = matched.key"""


def adopt(tx: Transaction, contact_ids: Collection[int]) -> set[int]:
    """Give waiting answers to those of these contacts whose id or address they name.

    Where several contacts have an address, the oldest record gets its answers. Returned are the
    contacts that got some.
    """
    if not contact_ids or not tx.value(_ANY_WAITING):
        return set()
    ids = list(contact_ids)
    rows = [*tx.rows(_ADOPT_BY_ID, ids=ids), *tx.rows(_ADOPT_BY_MAIL, ids=ids)]
    return {row["contact_id"] for row in rows}


def awaited(tx: Transaction) -> set[int]:
    """Return the contacts that waiting answers name."""
    if not tx.value(_ANY_WAITING):
        return set()
    rows = tx.tuples(
        f"""SELECT record_id FROM record WHERE portal_id = :portal AND object_type = 'contact'
              AND record_id IN (SELECT named_id FROM answer WHERE portal_id = :portal AND {WAITS})
            UNION SELECT new_id FROM alias WHERE portal_id = :portal AND object_type = 'contact'
              AND old_id IN (SELECT named_id FROM answer WHERE portal_id = :portal AND {WAITS})
            UNION SELECT contact_id FROM identity_key WHERE portal_id = :portal AND kind = 'mail'
              AND value IN (SELECT email FROM answer WHERE portal_id = :portal AND {WAITS})"""
    )
    return {row[0] for row in rows}


_ANY_WAITING = f"SELECT EXISTS (SELECT FROM answer WHERE portal_id = :portal AND {WAITS})"
# From the contacts to the answers that wait for them, for there may be very many of those.
_ADOPT = f"""mine AS MATERIALIZED ({{mine}}),
  waiting AS MATERIALIZED (
    SELECT told.source, told.answer_key, mine.id FROM mine CROSS JOIN LATERAL (
      SELECT source, answer_key FROM answer
      WHERE portal_id = :portal AND {WAITS} AND {{column}} = mine.value {AS_WRITTEN}) AS told)
  UPDATE answer SET contact_id = waiting.id, named_id = NULL, matched_by = '{{how}}' FROM waiting
  WHERE answer.portal_id = :portal AND answer.source = waiting.source
    AND answer.answer_key = waiting.answer_key
  RETURNING answer.contact_id"""
_ADOPT_BY_ID = "WITH " + _ADOPT.format(
    column="named_id",
    how="id",
    mine="""SELECT id AS value, id FROM unnest(CAST(:ids AS bigint[])) AS id
      UNION ALL SELECT old_id, new_id FROM alias WHERE portal_id = :portal
        AND object_type = 'contact' AND new_id = ANY(CAST(:ids AS bigint[]))""",
)
_ADOPT_BY_MAIL = "WITH " + _ADOPT.format(
    column="email",
    how="mail",
    mine=f"""SELECT own.value, held.id FROM (
        SELECT DISTINCT value FROM identity_key WHERE portal_id = :portal AND kind = 'mail'
          AND contact_id = ANY(CAST(:ids AS bigint[]))) AS own
      CROSS JOIN LATERAL (
        SELECT min(contact_id) AS id FROM (
          SELECT contact_id FROM identity_key WHERE portal_id = :portal AND kind = 'mail'
            AND value = own.value {AS_WRITTEN}) AS keyed) AS held""",
)


def blank(tx: Transaction, kinds: tuple[str, ...]) -> None:
    """Empty the payload of settled inbound events.

    What they said is stored, and may have to be forgotten.
    """
    tx.run(
        """UPDATE event SET payload = '{}'
           WHERE portal_id = :portal AND kind = ANY(:kinds) AND state = 'done'
             AND payload <> '{}'""",
        kinds=list(kinds),
    )
