"""Portals (`portal`): their state, and their audit lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.storage.database import Row, Transaction, as_json
from integration.storage.service import portal_users


@dataclass(frozen=True, slots=True)
class Portal:
    """One installed HubSpot account."""

    portal_id: int
    state: str
    paused_reason: str | None
    account: dict[str, Any]
    scopes: frozenset[str]
    settings_version: int
    installed_at: datetime
    imported_at: datetime | None
    last_sync_at: datetime | None
    erasing_since: datetime | None = None

    @property
    def time_zone(self) -> str:
        """HubSpot's name of the account's time zone; "" if it told none."""
        return str(self.account.get("time_zone") or "")

    @property
    def unread_time_zone(self) -> str:
        """What HubSpot calls the account's time zone now, if that means none that we know."""
        return str(self.account.get("time_zone_unread") or "")

    @property
    def is_active(self) -> bool:
        """Whether we may call HubSpot for it."""
        return self.state == "active"


# HubSpot's name of the account's time zone, and when it changed to that; "" and NULL if not known.
TIME_ZONE = "coalesce(portal.account ->> 'time_zone', '')"
TIME_ZONE_SINCE = "CAST(portal.account ->> 'time_zone_since' AS timestamptz)"
_COLUMNS = """portal_id, state, paused_reason, account, scopes, settings_version, installed_at,
  imported_at, last_sync_at, erasing_since"""


def find(tx: Transaction, portal_id: int) -> Portal | None:
    """Return the portal, or None when it was never installed (or is not this transaction's)."""
    row = tx.one(f"SELECT {_COLUMNS} FROM portal WHERE portal_id = :id", id=portal_id)
    return _portal(row) if row else None


def every(tx: Transaction) -> Sequence[Portal]:
    """Return all portals, for the service's own lists."""
    return [_portal(row) for row in tx.rows(f"SELECT {_COLUMNS} FROM portal ORDER BY portal_id")]


def install(
    tx: Transaction,
    portal_id: int,
    *,
    scopes: Sequence[str],
    account: dict[str, Any],
    user_id: int | None,
) -> bool:
    """Record an installation or a reinstallation, without a pause; return whether it is new.

    An account that is known keeps its time zone; where HubSpot tells another, it is looked at soon.
    Whoever installs is its admin; whoever only connects it again keeps the role they have.
    """
    was_uninstalled = tx.value(
        "SELECT state = 'uninstalled' FROM portal WHERE portal_id = :id", id=portal_id
    )
    is_new = bool(
        tx.value(
            """INSERT INTO portal (portal_id, scopes, account, installed_by)
               VALUES (:id, :scopes, CAST(:account AS jsonb), :user)
               ON CONFLICT (portal_id)
               DO UPDATE SET state = 'active', paused_reason = NULL, paused_at = NULL,
                 uninstalled_at = NULL, scopes = excluded.scopes,
                 account = excluded.account || jsonb_strip_nulls(jsonb_build_object(
                   'time_zone', coalesce(portal.account ->> 'time_zone', ''),
                   'time_zone_since', portal.account ->> 'time_zone_since',
                   'time_zone_unread', portal.account ->> 'time_zone_unread')),
                 looked_at = CASE
                   WHEN excluded.account ->> 'time_zone' = portal.account ->> 'time_zone'
                   THEN portal.looked_at END,
                 installed_at = CASE WHEN portal.state = 'uninstalled' THEN clock_timestamp()
                                     ELSE portal.installed_at END
               RETURNING xmax = 0""",
            id=portal_id,
            scopes=list(scopes),
            account=as_json(account),
            user=user_id,
        )
    )
    if user_id is not None:
        portal_users.let_installer_in(tx, portal_id, user_id, anew=is_new or bool(was_uninstalled))
    return is_new


def name_account(tx: Transaction, portal_id: int, name: str) -> None:
    """Keep what the account is called; HubSpot tells nothing better than its website's domain."""
    tx.run(
        """UPDATE portal SET account = account || jsonb_build_object('name', CAST(:name AS text))
           WHERE portal_id = :id AND account ->> 'name' IS DISTINCT FROM :name""",
        id=portal_id,
        name=name,
    )


def change_time_zone(tx: Transaction, name: str, *, at: datetime) -> None:
    """Note that the account is in another time zone from now on."""
    _add_to_account(tx, time_zone=name, time_zone_since=at.isoformat(), time_zone_unread="")


def note_unread_time_zone(tx: Transaction, name: str) -> None:
    """Note a name of the account's time zone that means none that we know; "" for no such name."""
    _add_to_account(tx, time_zone_unread=name)


def _add_to_account(tx: Transaction, **details: str) -> None:
    tx.run(
        """UPDATE portal SET account = account || CAST(:details AS jsonb)
           WHERE portal_id = :portal""",
        details=as_json(details),
    )


def pause(tx: Transaction, portal_id: int, reason: str) -> None:
    """Stop calling HubSpot for the portal and store the reason; the first reason stays."""
    tx.run(
        """UPDATE portal SET state = 'paused', paused_reason = :reason,
             paused_at = clock_timestamp()
           WHERE portal_id = :id AND state = 'active'""",
        id=portal_id,
        reason=reason,
    )


def resume(tx: Transaction, portal_id: int) -> bool:
    """Let a paused portal work again; return whether it was paused."""
    return (
        tx.run(
            """UPDATE portal SET state = 'active', paused_reason = NULL, paused_at = NULL
               WHERE portal_id = :id AND state = 'paused'""",
            id=portal_id,
        )
        == 1
    )


def uninstall(tx: Transaction, portal_id: int) -> None:
    """Mark the portal as uninstalled; its tokens go at once, its rows after thirty days."""
    tx.run(
        """UPDATE portal SET state = 'uninstalled', paused_reason = 'The app was uninstalled.',
             uninstalled_at = clock_timestamp() WHERE portal_id = :id""",
        id=portal_id,
    )
    tx.run("DELETE FROM token WHERE portal_id = :id", id=portal_id)
    tx.run("DELETE FROM browser_session WHERE portal_id = :id", id=portal_id)


_STAMPED = frozenset(
    {"imported_at", "provisioned_at", "last_sync_at", "last_reconciled_at", "looked_at"}
)


def stamp(tx: Transaction, portal_id: int, column: str) -> None:
    """Note that *column* was reached now.

    It is imported_at, provisioned_at, last_sync_at, last_reconciled_at or looked_at.
    """
    if column not in _STAMPED:
        raise ValueError(column)
    tx.run(f"UPDATE portal SET {column} = clock_timestamp() WHERE portal_id = :id", id=portal_id)


def have_looked_at(tx: Transaction) -> None:
    """Have the portal looked at again soon; not more than once an hour."""
    tx.run(
        """UPDATE portal SET looked_at = NULL WHERE portal_id = :portal
             AND looked_at < clock_timestamp() - interval '1 hour'"""
    )


def caught_up_at(tx: Transaction) -> datetime | None:
    """Return until when changes were asked for.

    Before the first time it is the import's end, before that None.
    """
    at: datetime | None = tx.value(
        "SELECT coalesce(caught_up_at, imported_at) FROM portal WHERE portal_id = :portal"
    )
    return at


def caught_up(tx: Transaction, at: datetime) -> None:
    """Record until when changes were asked for."""
    tx.run("UPDATE portal SET caught_up_at = :at WHERE portal_id = :portal", at=at)


def note(tx: Transaction, actor: str, action: str, **detail: object) -> None:
    """Append a line to the portal's audit trail."""
    tx.run(
        """INSERT INTO audit (portal_id, actor, action, detail)
           VALUES (:portal, :actor, :action, CAST(:detail AS jsonb))""",
        actor=actor,
        action=action,
        detail=as_json(detail),
    )


def _portal(row: Row) -> Portal:
    return Portal(
        portal_id=row["portal_id"],
        state=row["state"],
        paused_reason=row["paused_reason"],
        account=dict(row["account"]),
        scopes=frozenset(row["scopes"]),
        settings_version=row["settings_version"],
        installed_at=row["installed_at"],
        imported_at=row["imported_at"],
        last_sync_at=row["last_sync_at"],
        erasing_since=row["erasing_since"],
    )
