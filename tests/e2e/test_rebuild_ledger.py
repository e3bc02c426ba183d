"""A ledger made from nothing, years later, says of each deal what the one says that lived through it all."""

import random
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.findings import stored_shapes
from integration.storage.queue import lanes
from mappings.rules.findings import Entry
from tests.booked_deals import booked_deals
from tests.e2e import lives
from tests.e2e.lives import Life
from tests.e2e.test_rebuild import live

if TYPE_CHECKING:
    from tests.world import Account, World

# Everything that concluding makes; it is made of the mirror, people's decisions, settings and the
# log of months.
_CONCLUDED = (
    "person", "move", "passage", "migration", "referral", "source", "edge", "ledger", "deal", "conclusion",
    "company_key", "identity_key", "seek", "subject", "credit_note",
)  # fmt: skip
# What happens to deals and their money alone: no evidence of an old deal is withdrawn by it.
MONEY = ("buy",) * 8 + ("on deal",) * 3 + ("stage", "amount", "amount", "close", "currency", "bin deal", "merge deals",
                                            "answer", "ticket")  # fmt: skip
_TAKEN_BACK = {"reopened", "lost"}


def said(account: "Account") -> dict[int, bytes]:
    """What the ledger says of each deal now, byte by byte, under the ids that people and companies have today."""
    contacts = {row["subject_id"]: row["id"] for row in account.rows(_CONTACTS)}
    firms = {row["old_id"]: row["new_id"] for row in account.kept("alias", object_type="company")}
    entries: dict[int, list[Entry]] = {}
    for row in account.ledger():
        entries.setdefault(row["deal_id"], []).append(stored_shapes.entry_of(row))
    return {
        deal: repr(_plain(rows, contacts, firms)).encode()
        for deal, rows in entries.items()
        if booked_deals(rows)
    }


def _plain(
    rows: list[Entry], contacts: dict[int, int], firms: dict[int, int]
) -> list[tuple[Any, ...]]:
    return sorted(
        (
            one.kind, contacts.get(one.person_id or 0) or 0, firms.get(one.company_id or 0, one.company_id) or 0,
            one.share, one.amount_minor, one.currency, one.home_minor, one.home_currency, one.rate, one.evidence,
            one.reason if one.kind != "first_order" else "",
        )
        for one in booked_deals(rows)
    )  # fmt: skip


_CONTACTS = """SELECT subject_id, coalesce(alias.new_id, contact_id) AS id FROM subject LEFT JOIN alias
  ON alias.portal_id = subject.portal_id AND alias.object_type = 'contact' AND alias.old_id = contact_id"""


def forget_all_conclusions(world: "World", account: "Account") -> None:
    """As the database's owner, who alone can: empty one portal's conclusions, the ledger included."""
    with psycopg.connect(world.postgres_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in _CONCLUDED:
            connection.execute(f"DELETE FROM {table} WHERE portal_id = %s", (account.portal_id,))


def rebuild(world: "World", account: "Account") -> None:
    forget_all_conclusions(world, account)
    assert account.ledger() == []
    with account.context() as context, context.transaction() as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    with world.runtime.database.service() as tx:
        lanes.want(tx, account.portal_id, "drain")
    world.settle()


def taken_back(account: "Account") -> set[int]:
    """Deals that were reopened or lost once: their first win is known to the ledger alone."""
    rows = account.rows(
        "SELECT deal_id FROM ledger WHERE occasion = ANY(:words)", words=sorted(_TAKEN_BACK)
    )
    return {row["deal_id"] for row in rows}


def over(account: "Account") -> set[int]:
    """Deals whose time for evidence is over: what was withdrawn since, only living through it can tell."""
    rows = account.rows(
        "SELECT deal_id FROM deal WHERE closed_at < clock_timestamp() - interval '90 days'"
    )
    return {row["deal_id"] for row in rows}


def totals(account: "Account") -> dict[tuple[int, str], int]:
    rows = account.rows(
        """SELECT deal_id, currency, sum(amount_minor)::bigint AS minor FROM ledger GROUP BY 1, 2
           HAVING sum(amount_minor) <> 0"""
    )
    return {(row["deal_id"], row["currency"]): row["minor"] for row in rows}


def begin(world: "World", seed: int) -> list[Life]:
    """Both portals as they were before, each with a life of its own."""
    found = [
        _settle_in(account, random.Random(seed + number))
        for number, account in enumerate(world.accounts)
    ]
    for account in world.accounts:
        world.install(account)
    world.settle()
    return found


def _settle_in(account: "Account", dice: random.Random) -> Life:
    """Customers whose people went elsewhere, or told others, before anything happens that we see."""
    life = lives.settle_in(account.crm, dice, size=2)
    with account.crm.silently():
        for what, times, first, last in (("buy", 12, 800, 500), ("move", 8, 400, 120), ("hear", 6, 300, 100),
                                         ("buy", 12, 110, 86)):  # fmt: skip
            for _ in range(times):
                numbers = (dice.randrange(1000), dice.randrange(1000), dice.randrange(1000))
                life.do(lives.Act(what, *numbers, dice.uniform(last, first)))
    return life


# Seeds in which customers lead to deals in both accounts; in some they lead to none.
@pytest.mark.timeout(1800)  # lives are long, and machines busy
@pytest.mark.parametrize("seed", [11, 13])
def test_what_deals_went_through_is_booked_as_from_nothing(world: "World", seed: int) -> None:
    for number, life in enumerate(begin(world, seed)):
        dice = random.Random(seed * 100 + number)
        live(world, life, lives.in_groups(lives.deal_acts(dice, 25, MONEY), dice))
    for account, other in (world.accounts, world.accounts[::-1]):
        before, neighbour, again = said(account), said(other), taken_back(account)
        rows = len(account.ledger())
        assert len(before) > 3
        assert any(
            b"moved_champion" in one or b"referral" in one or b"word_of" in one
            for one in before.values()
        )
        rebuild(world, account)
        after = said(account)
        assert {k: v for k, v in after.items() if k not in again} == {
            k: v for k, v in before.items() if k not in again
        }
        assert len(account.ledger()) <= rows
        assert said(other) == neighbour


# Whose record is gone keeps the credit they had; that, too, only living through it can tell.
ANYTHING = sorted({*lives.DEEDS, "buy"} - {"forget", "bin contact"})


@pytest.mark.timeout(1800)  # lives are long, and machines busy
@pytest.mark.parametrize("seed", [21])
def test_whatever_happens_the_sums_are_those_from_nothing(world: "World", seed: int) -> None:
    """Any deed: every deal's money is the same, and so is every credit whose time for evidence still runs."""
    for number, life in enumerate(begin(world, seed)):
        dice = random.Random(seed * 100 + number)
        live(world, life, lives.in_groups(lives.deal_acts(dice, 25, ANYTHING), dice))
    for account in world.accounts:
        before, sums, out = said(account), totals(account), taken_back(account) | over(account)
        rebuild(world, account)
        assert totals(account) == sums
        after = said(account)
        assert {k: v for k, v in after.items() if k not in out} == {
            k: v for k, v in before.items() if k not in out
        }
