"""Rewards are kept once, paid once, follow merges, and stay as money when the person is forgotten."""

from datetime import date, timedelta

from integration.portal import forgotten
from integration.storage.program import reward_rows
from mappings.rules.ledger import rewards
from mappings.rules.ledger.rewards import Reward
from tests.contract.conclude_world import KEYS, NOW, MirrorPortal, day


def give(portal: MirrorPortal, contact_id: int, target: str, minor: int = 5000) -> int:
    with portal.database.portal(portal.portal_id) as tx:
        reward = Reward("referral", "gift_card", minor, "USD", day(40))
        return reward_rows.add(tx, contact_id, target, reward, by="user:1")


def test_a_reward_is_paid_once_and_not_withdrawn_afterwards(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    number = give(harbor, 11, "deal:9")
    give(orchard, 11, "deal:9")

    with harbor.database.portal(harbor.portal_id) as tx:
        assert reward_rows.pay(tx, number, date(2026, 6, 1), by="user:2")
        assert not reward_rows.pay(tx, number, date(2026, 6, 2), by="user:2")
        assert not reward_rows.withdraw(tx, number, NOW, by="user:2")
        kept = reward_rows.find(tx, number)

    assert kept is not None
    assert (kept.paid_on, kept.paid_by, kept.withdrawn_at) == (date(2026, 6, 1), "user:2", None)
    assert [row["paid_on"] for row in orchard.kept("reward")] == [None]


def test_a_withdrawn_reward_is_not_paid_and_makes_room_for_another(harbor: MirrorPortal) -> None:
    number = give(harbor, 11, "deal:9")

    with harbor.database.portal(harbor.portal_id) as tx:
        assert reward_rows.standing_for(tx, [11], ["deal:9"])
        assert reward_rows.withdraw(tx, number, NOW, by="user:2")
        assert not reward_rows.pay(tx, number, date(2026, 6, 1), by="user:2")
        assert reward_rows.standing_for(tx, [11], ["deal:9"]) is None
    give(harbor, 11, "deal:9")


def test_the_reward_of_a_merged_record_is_the_survivors(harbor: MirrorPortal) -> None:
    give(harbor, 11, "deal:9")
    harbor.merge("contact", (11, 12), 12)

    with harbor.database.portal(harbor.portal_id) as tx:
        assert [row.contact_id for row in reward_rows.page(tx, limit=9)] == [12]
        assert reward_rows.standing_for(tx, [12], ["deal:9"])


def test_what_was_spent_on_somebody_who_was_forgotten_stays_without_them(
    harbor: MirrorPortal,
) -> None:
    give(harbor, 11, "contact:77")
    give(harbor, 12, "contact:11")
    with harbor.database.portal(harbor.portal_id) as tx:
        forgotten.erase(tx, 11, keys=KEYS)
        rows = reward_rows.page(tx, limit=9)

    assert [row.contact_id for row in rows] == [12, None]
    assert all(row.target != "contact:11" for row in rows)
    assert [row.minor for row in rows] == [5000, 5000]


def test_the_rewards_of_a_period_are_those_approved_or_withdrawn_in_it(
    harbor: MirrorPortal,
) -> None:
    early, late = give(harbor, 11, "deal:9"), give(harbor, 11, "deal:10", 700)
    with harbor.database.portal(harbor.portal_id) as tx:
        reward_rows.withdraw(tx, early, NOW, by="user:2")
        in_june = reward_rows.between(tx, day(29), NOW + timedelta(days=1))
        in_may = reward_rows.between(tx, day(60), day(30))
        everything = reward_rows.every(tx)

    months = rewards.accrued(everything, lambda at: at.date().replace(day=1))
    assert [(line.month.month, line.minor) for line in months] == [(5, 5700), (6, -5000)]
    assert [reward.minor for reward in in_june] == [5000]
    assert [reward.minor for reward in in_may] == [5000, 700]
    assert late > early


def test_rewards_are_shown_a_page_at_a_time(harbor: MirrorPortal) -> None:
    numbers = [give(harbor, 11, f"deal:{number}") for number in range(5)]

    with harbor.database.portal(harbor.portal_id) as tx:
        first = [row.reward_id for row in reward_rows.page(tx, limit=2)]
        second = [row.reward_id for row in reward_rows.page(tx, before=first[-1], limit=9)]

    assert first + second == list(reversed(numbers))
