"""Rewards (`reward`): what was promised to whom for what, when it accrued, and what was paid."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from integration.storage.database import Transaction
from mappings.rules.ledger.rewards import Reward

_COLUMNS = """reward_id, coalesce(alias.new_id, contact_id) AS contact_id, target, deal_id,
  source, kind, minor, currency, approved_by, approved_at, paid_on, paid_by,
  withdrawn_at, withdrawn_by"""
_FROM = """reward LEFT JOIN alias ON alias.portal_id = reward.portal_id
  AND alias.object_type = 'contact' AND alias.old_id = contact_id"""


@dataclass(frozen=True, slots=True)
class RewardRow:
    """A reward as stored; `contact_id` is today's record, None once the person was forgotten.

    It is for the referral of `target`, "contact:20", and perhaps of the deal that came of it.
    """

    reward_id: int
    contact_id: int | None
    target: str
    deal_id: int | None
    source: str
    kind: str
    minor: int
    currency: str
    approved_by: str
    approved_at: datetime
    paid_on: date | None
    paid_by: str | None
    withdrawn_at: datetime | None
    withdrawn_by: str | None

    @property
    def fact(self) -> Reward:
        """The reward as the rules take it."""
        return Reward(
            self.source,
            self.kind,
            self.minor,
            self.currency,
            self.approved_at,
            self.paid_on,
            self.withdrawn_at,
        )


def page(tx: Transaction, *, before: int | None = None, limit: int) -> list[RewardRow]:
    """Return the newest rewards, or those before one of them."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM {_FROM}
            WHERE reward.portal_id = :portal
              AND (CAST(:before AS bigint) IS NULL OR reward_id < :before)
            ORDER BY reward_id DESC LIMIT :limit""",
        before=before,
        limit=limit,
    )
    return [RewardRow(**row) for row in rows]


def every(tx: Transaction) -> list[Reward]:
    """Return all rewards as the rules take them: they are given by hand, so there are few."""
    rows = tx.rows(
        """SELECT source, kind, minor, currency, approved_at, paid_on, withdrawn_at FROM reward
           WHERE portal_id = :portal ORDER BY reward_id"""
    )
    return [Reward(**row) for row in rows]


def between(tx: Transaction, since: datetime, until: datetime) -> list[Reward]:
    """Return the rewards that were approved or withdrawn in a period, *until* excluded.

    What `rewards.accrued` makes of them is right for the months of the period, and not for others.
    """
    rows = tx.rows(
        """SELECT source, kind, minor, currency, approved_at, paid_on, withdrawn_at FROM reward
           WHERE portal_id = :portal AND ((approved_at >= :since AND approved_at < :until)
             OR (withdrawn_at >= :since AND withdrawn_at < :until)) ORDER BY reward_id""",
        since=since,
        until=until,
    )
    return [Reward(**row) for row in rows]


def find(tx: Transaction, reward_id: int) -> RewardRow | None:
    """Return one reward, locked: who pays and who withdraws it take turns."""
    row = tx.one(
        f"""SELECT {_COLUMNS} FROM {_FROM} WHERE reward.portal_id = :portal AND reward_id = :id
            FOR UPDATE OF reward""",
        id=reward_id,
    )
    return RewardRow(**row) if row else None


def standing_for(
    tx: Transaction, contact_ids: Collection[int], targets: Collection[str]
) -> RewardRow | None:
    """Return the reward that a person has for one of these targets, if one stands.

    Two who give the same reward take turns, so that it is not given twice.
    """
    tx.run(
        "SELECT pg_advisory_xact_lock(hashtext('reward'), hashint8(:portal))",
    )
    row = tx.one(
        f"""SELECT {_COLUMNS} FROM {_FROM}
            WHERE reward.portal_id = :portal AND withdrawn_at IS NULL
              AND coalesce(alias.new_id, contact_id) = ANY(CAST(:ids AS bigint[]))
              AND target = ANY(CAST(:targets AS text[])) LIMIT 1""",
        ids=list(contact_ids),
        targets=list(targets),
    )
    return RewardRow(**row) if row else None


def of_contacts(tx: Transaction, contact_ids: Collection[int]) -> list[RewardRow]:
    """Return the rewards of these contacts, the newest first."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM {_FROM} WHERE reward.portal_id = :portal
              AND coalesce(alias.new_id, contact_id) = ANY(CAST(:ids AS bigint[]))
            ORDER BY reward_id DESC""",
        ids=list(contact_ids),
    )
    return [RewardRow(**row) for row in rows]


def add(
    tx: Transaction,
    contact_id: int,
    target: str,
    reward: Reward,
    *,
    by: str,
    deal_id: int | None = None,
) -> int:
    """Keep a reward that was approved; return its number."""
    return int(
        tx.value(
            """INSERT INTO reward (portal_id, contact_id, target, deal_id, source, kind, minor,
                 currency, approved_by, approved_at)
               VALUES (:portal, :contact, :target, :deal, :source, :kind, :minor,
                 :currency, :by, :at)
               RETURNING reward_id""",
            contact=contact_id,
            target=target,
            deal=deal_id,
            source=reward.source,
            kind=reward.kind,
            minor=reward.minor,
            currency=reward.currency,
            by=by,
            at=reward.approved_at,
        )
    )


def pay(tx: Transaction, reward_id: int, on: date, *, by: str) -> bool:
    """Say that a reward was paid; False if it was already, or was withdrawn."""
    return (
        tx.run(
            """UPDATE reward SET paid_on = :day, paid_by = :by
               WHERE portal_id = :portal AND reward_id = :id
                 AND paid_on IS NULL AND withdrawn_at IS NULL""",
            id=reward_id,
            day=on,
            by=by,
        )
        > 0
    )


def withdraw(tx: Transaction, reward_id: int, at: datetime, *, by: str) -> bool:
    """Take a reward back; False if it was already, or was paid."""
    return (
        tx.run(
            """UPDATE reward SET withdrawn_at = :at, withdrawn_by = :by
               WHERE portal_id = :portal AND reward_id = :id
                 AND paid_on IS NULL AND withdrawn_at IS NULL""",
            id=reward_id,
            at=at,
            by=by,
        )
        > 0
    )
