"""Rewards of the referral program: approved, paid and withdrawn by people, each referral once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from integration.core.errors import Refused
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.storage.database import Row, Transaction
from integration.storage.findings import person_rows
from integration.storage.ledger import period_rows
from integration.storage.program import advocate_rows, reward_rows
from integration.storage.program.reward_rows import RewardRow
from integration.storage.service import portals
from mappings.formats import day
from mappings.kinds import ObjectType, RewardKind, SourceKind
from mappings.records import identifiers
from mappings.rules.ledger import rewards
from mappings.rules.ledger.rewards import Reward

_DEAL = f"{ObjectType.DEAL}:"


@dataclass(frozen=True, slots=True)
class RewardWish:
    """What somebody typed: for whom and for what ("deal:9", "contact:20"), which kind, how much."""

    contact_id: int
    target: str
    kind: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class _Earned:
    """What a reward is for: the referrals that it would be of, the source, and the deal."""

    targets: tuple[str, ...]
    source: str
    deal_id: int | None = None


def approve(portal: PortalContext, wish: RewardWish, *, actor: str) -> int:
    """Promise a reward; it accrues now. Return its number.

    Raises :class:`Refused` for a value or currency that is none, for what the person did not bring,
    while the deal's referral is provisional, and for a referral that has a reward.
    """
    kind = RewardKind.of(wish.kind)
    if kind is None:
        raise Refused("The form names no kind of reward: load the page again")
    try:
        minor, currency = rewards.amount(wish.value, wish.currency)
    except ValueError as error:
        raise Refused(str(error)) from error
    now = portal.runtime.now()
    with portal.confirmed() as tx:
        members = _records_of(tx, wish.contact_id)
        earned = _earned(tx, wish, members, now)
        standing = reward_rows.standing_for(tx, members, earned.targets)
        if standing is not None:
            raise Refused(
                f"This referral has a reward already, number {standing.reward_id}: withdraw that"
                " one first"
            )
        reward = Reward(earned.source, kind.value, minor, currency, now)
        number = reward_rows.add(
            tx, wish.contact_id, earned.targets[0], reward, by=actor, deal_id=earned.deal_id
        )
        portals.note(tx, actor, "approved a reward", reward=number)
    return number


def _records_of(tx: Transaction, contact_id: int) -> tuple[int, ...]:
    person_of, members = person_rows.groups(tx, [contact_id])
    return members.get(person_of.get(contact_id, contact_id), (contact_id,))


def _earned(tx: Transaction, wish: RewardWish, members: Collection[int], now: datetime) -> _Earned:
    targets = [row["target"] for row in advocate_rows.referrals_of(tx, members) if row["counts"]]
    if not wish.target.startswith(_DEAL):
        if wish.target not in targets:
            raise Refused("This person did not refer that contact or company: look at their page")
        return _Earned((wish.target,), SourceKind.REFERRAL)
    deal_id = identifiers.read(wish.target.removeprefix(_DEAL))
    deal = advocate_rows.deal_of(tx, deal_id, members) if deal_id else None
    if deal is None:
        raise Refused("No credit of that deal is this person's, so it earns them no reward")
    _check_final(tx, deal, now)
    brought = {_DEAL + str(deal_id), f"company:{deal['company_id']}"}
    brought |= {f"contact:{contact_id}" for contact_id in deal["contact_ids"]}
    known = tuple(target for target in targets if target in brought)
    return _Earned(known or (wish.target,), deal["kind"], deal_id)


def _check_final(tx: Transaction, deal: Row, now: datetime) -> None:
    """Refuse for a deal that is not won, and for one that may still be taken back."""
    if not deal["is_won"] or deal["closed_at"] is None:
        raise Refused("That deal is not won: a reward for it waits until it is")
    hold = timedelta(settings.read(tx).policy.referral_hold_days)
    until = deal["closed_at"] + hold
    if deal["kind"] == SourceKind.REFERRAL and now < until:
        last = period_rows.read(tx).calendar.day_of(until)
        raise Refused(
            f"That referral is provisional until {day(last)}: a reward for it waits until then"
        )


def pay(portal: PortalContext, reward_id: int, on: str, *, actor: str) -> None:
    """Note that a reward was paid, on a day as a form writes it.

    Raises :class:`Refused` for no day, one to come or before the approval, and for a reward that
    was paid or withdrawn.
    """
    try:
        paid_on = date.fromisoformat(on.strip())
    except ValueError:
        raise Refused("Choose the day on which it was paid") from None
    with portal.confirmed() as tx:
        reward = _found(tx, reward_id)
        calendar = period_rows.read(tx).calendar
        if paid_on > calendar.day_of(portal.runtime.now()):
            raise Refused("That day is still to come: note the payment when it was made")
        if paid_on < calendar.day_of(reward.approved_at):
            raise Refused("That is before the reward was approved: choose a later day")
        if not reward_rows.pay(tx, reward_id, paid_on, by=actor):
            raise Refused(_OVER)
        portals.note(tx, actor, "noted a reward as paid", reward=reward_id)


def withdraw(portal: PortalContext, reward_id: int, *, actor: str) -> None:
    """Take a promised reward back; it counts against the month of today.

    Raises :class:`Refused` for one that was paid or withdrawn.
    """
    with portal.confirmed() as tx:
        _found(tx, reward_id)
        if not reward_rows.withdraw(tx, reward_id, portal.runtime.now(), by=actor):
            raise Refused(_OVER)
        portals.note(tx, actor, "withdrew a reward", reward=reward_id)


_OVER = "This reward was paid or withdrawn already: load the page again"


def _found(tx: Transaction, reward_id: int) -> RewardRow:
    reward = reward_rows.find(tx, reward_id)
    if reward is None:
        raise Refused("There is no such reward: load the page again")
    return reward
