"""Surveys whose answers a tool sends (`survey_source`), and their secrets (`survey_secret`)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integration.storage.database import Transaction
from mappings.records.survey_tools import ChosenFields


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A survey by its name in the address, its tool's key, and its fields."""

    source: str
    tool: str
    fields: ChosenFields
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A stored secret; *ends_at* is None for the current one."""

    source: str
    digest: bytes
    sealed: bytes = field(repr=False)
    ends_at: datetime | None


def every(tx: Transaction) -> list[StoredSource]:
    """Return the portal's surveys by name."""
    rows = tx.rows(
        """SELECT source, tool, score_field, comment_field, contact_field, email_field, token_field,
             made_by, made_at
           FROM survey_source WHERE portal_id = :portal ORDER BY source"""
    )
    return [
        StoredSource(
            row["source"],
            row["tool"],
            ChosenFields(
                row["score_field"],
                row["comment_field"],
                row["contact_field"],
                row["email_field"],
                row["token_field"],
            ),
            row["made_by"],
            row["made_at"],
        )
        for row in rows
    ]


def add(tx: Transaction, source: str, tool: str, fields: ChosenFields, *, made_by: str) -> bool:
    """Store a survey; False when one of this name is there already."""
    added = tx.run(
        """INSERT INTO survey_source (portal_id, source, tool, score_field, comment_field,
             contact_field, email_field, token_field, made_by)
           VALUES (:portal, :source, :tool, :score, :comment, :contact, :email, :token, :by)
           ON CONFLICT DO NOTHING""",
        source=source,
        tool=tool,
        by=made_by,
        **_columns(fields),
    )
    return added > 0


def change(tx: Transaction, source: str, fields: ChosenFields) -> bool:
    """Store other fields of a survey; False when there is none of this name."""
    changed = tx.run(
        """UPDATE survey_source SET score_field = :score, comment_field = :comment,
             contact_field = :contact, email_field = :email, token_field = :token
           WHERE portal_id = :portal AND source = :source""",
        source=source,
        **_columns(fields),
    )
    return changed > 0


def remove(tx: Transaction, source: str) -> bool:
    """Delete a survey and its secrets; its answers stay. False when there is none of this name."""
    tx.run(
        "DELETE FROM survey_secret WHERE portal_id = :portal AND source = :source", source=source
    )
    return (
        tx.run(
            "DELETE FROM survey_source WHERE portal_id = :portal AND source = :source",
            source=source,
        )
        > 0
    )


def secrets(tx: Transaction) -> list[StoredSecret]:
    """Return the secrets that count now, of each survey the current one first."""
    return _secrets(
        tx.tuples(
            """SELECT source, digest, sealed, ends_at FROM survey_secret
               WHERE portal_id = :portal AND (ends_at IS NULL OR ends_at > clock_timestamp())
               ORDER BY source, ends_at DESC NULLS FIRST"""
        )
    )


def of_source(tx: Transaction, source: str) -> tuple[str, list[StoredSecret]] | None:
    """Return a survey's tool and the secrets that count now; None when there is no such survey."""
    rows = tx.tuples(
        """SELECT tool, secret.source, digest, sealed, ends_at
           FROM survey_source AS survey LEFT JOIN survey_secret AS secret
             ON secret.portal_id = survey.portal_id AND secret.source = survey.source
             AND (ends_at IS NULL OR ends_at > clock_timestamp())
           WHERE survey.portal_id = :portal AND survey.source = :source
           ORDER BY ends_at DESC NULLS FIRST""",
        source=source,
    )
    if not rows:
        return None
    return rows[0][0], _secrets([row[1:] for row in rows if row[1] is not None])


def add_secret(tx: Transaction, source: str, *, digest: bytes, sealed: bytes) -> None:
    """Store a survey's current secret; one that it had before counts again."""
    tx.run(
        """INSERT INTO survey_secret (portal_id, source, digest, sealed)
           VALUES (:portal, :source, :digest, :sealed)
           ON CONFLICT (portal_id, source, digest) DO UPDATE SET ends_at = NULL""",
        source=source,
        digest=digest,
        sealed=sealed,
    )


def end_secrets(tx: Transaction, source: str, *, grace: timedelta) -> None:
    """Let every secret of a survey end after *grace*, or sooner where that was set before."""
    tx.run(
        """UPDATE survey_secret
           SET ends_at = least(ends_at, clock_timestamp() + make_interval(secs => :grace))
           WHERE portal_id = :portal AND source = :source""",
        source=source,
        grace=grace.total_seconds(),
    )


def reseal(tx: Transaction, secret: StoredSecret, sealed: bytes) -> None:
    """Replace the seal of a secret."""
    tx.run(
        """UPDATE survey_secret SET sealed = :sealed
           WHERE portal_id = :portal AND source = :source AND digest = :digest""",
        source=secret.source,
        digest=secret.digest,
        sealed=sealed,
    )


def prune(tx: Transaction) -> None:
    """Delete secrets whose time is over."""
    tx.run("DELETE FROM survey_secret WHERE portal_id = :portal AND ends_at <= clock_timestamp()")


def _secrets(rows: Sequence[Sequence[Any]]) -> list[StoredSecret]:
    return [
        StoredSecret(source, bytes(digest), bytes(sealed), ends_at)
        for source, digest, sealed, ends_at in rows
    ]


def _columns(fields: ChosenFields) -> dict[str, str]:
    return {
        "score": fields.score,
        "comment": fields.comment,
        "contact": fields.contact,
        "email": fields.email,
        "token": fields.token,
    }
