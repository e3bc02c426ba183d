"""Versions of a portal's settings document (`settings_version`), only ever appended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.storage.database import Row, Transaction, as_json
from mappings.stored import settings_document

_COLUMNS = "version, body, author, made_at, reason"
# For queries that look at the newest document among other things.
NEWEST = f"""SELECT {_COLUMNS} FROM settings_version WHERE portal_id = :portal
  ORDER BY version DESC LIMIT 1"""


@dataclass(frozen=True, slots=True)
class SettingsVersion:
    """One version as stored; number 0 stands for a portal that has none yet."""

    number: int
    body: Mapping[str, Any]
    author: str
    made_at: datetime | None
    reason: str = ""


NONE_YET = SettingsVersion(0, {}, "", None)


def lock(tx: Transaction) -> bool:
    """Keep others from appending until this transaction ends; False for a portal not installed."""
    row = tx.one("SELECT portal_id FROM portal WHERE portal_id = :portal FOR UPDATE")
    return row is not None


def newest(tx: Transaction) -> SettingsVersion:
    """Return the version that counts now."""
    row = tx.one(NEWEST)
    return _version(row) if row else NONE_YET


def since(tx: Transaction, number: int) -> Sequence[SettingsVersion]:
    """Return the version of that number and all later ones, oldest first; empty if it never was."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM settings_version
            WHERE portal_id = :portal AND version >= :number ORDER BY version""",
        number=number,
    )
    versions = [_version(row) for row in rows]
    if number == NONE_YET.number:
        return [NONE_YET, *versions]
    return versions if versions and versions[0].number == number else ()


def append(tx: Transaction, body: Mapping[str, Any], *, author: str, reason: str) -> int:
    """Append a version and return its number; concurrent savers call :func:`lock` first."""
    number = newest(tx).number + 1
    tx.run(
        """INSERT INTO settings_version (portal_id, version, body, author, reason)
           VALUES (:portal, :number, CAST(:body AS jsonb), :author, :reason)""",
        number=number,
        body=as_json(settings_document.settings_body(body)),
        author=author,
        reason=reason,
    )
    tx.run("UPDATE portal SET settings_version = :number WHERE portal_id = :portal", number=number)
    return number


def _version(row: Row) -> SettingsVersion:
    body = settings_document.settings_in(row["body"])
    return SettingsVersion(row["version"], body, row["author"], row["made_at"], row["reason"] or "")
