"""Orders and all-in values through conclude: what each change leaves behind is what everything adds up to anew."""

import random
from typing import Any

import pytest

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.rollup import roll_up
from tests.contract.conclude_world import REOPENED, MirrorPortal, closed_won, day


def customer(
    portal: MirrorPortal, company: int, referred_by: tuple[int, int] | None = None
) -> None:
    """A company with one contact, who named somebody of another company so many days ago."""
    portal.company(company, f"Firm {company}", f"firm{company}.com")
    told = {"referred_by": [(referred_by[0], f"u@firm{referred_by[1]}.com")]} if referred_by else {}
    portal.contact(
        company * 10,
        company,
        firstname="U",
        lastname=f"Of{company}",
        email=f"u@firm{company}.com",
        **told,
    )


def agreed(portal: MirrorPortal) -> roll_up.Comparison:
    """Everything kept is what everything stored adds up to."""
    portal.settle()
    assert portal.counts() == {"waiting": 0, "set_aside": 0}
    found = roll_up.check(portal.context)
    assert (found.companies_differ, found.deals_differ) == ([], [])
    return found


def worth(portal: MirrorPortal, company: int) -> dict[str, Any]:
    return portal.kept("all_in", company_id=company)[0]


def edges(portal: MirrorPortal) -> list[tuple[int, int, bool]]:
    rows = portal.rows(
        "SELECT from_deal_id, to_deal_id, inherited FROM edge ORDER BY to_deal_id, from_deal_id"
    )
    return [(row["from_deal_id"], row["to_deal_id"], row["inherited"]) for row in rows]


def chain(portal: MirrorPortal) -> None:
    """A brought B, B brought C; B bought again without anybody's help."""
    customer(portal, 1)
    customer(portal, 2, (310, 1))
    customer(portal, 3, (110, 2))
    portal.deal(11, 1, 10, created=500, won=(450, "10000.00"))
    portal.deal(21, 2, 20, created=300, won=(250, "20000.00"))
    portal.deal(22, 2, created=200, won=(150, "5000.00"), dealtype="existingbusiness")
    portal.deal(31, 3, 30, created=100, won=(50, "30000.00"))


def test_a_chain_is_worth_what_it_brought_and_renewals_are_inherited(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    chain(harbor)
    orchard.install(policy={"inheritance_months": 0})
    chain(orchard)

    with_them, without = agreed(harbor), agreed(orchard)

    assert edges(harbor) == [(11, 21, False), (11, 22, True), (22, 31, False)]
    assert edges(orchard) == [(11, 21, False), (22, 31, False)]
    assert (with_them.inherited, without.inherited) == (1, 0)
    assert with_them.deepest == without.deepest == 2  # inherited credit makes no order
    share = harbor.sources(21)[0]["share"]
    first, plain = worth(harbor, 1), worth(orchard, 1)
    assert first["direct_minor"] == plain["direct_minor"] == 1_000_000
    assert plain["by_order"] == [2_000_000 * share // 10**12, 0, 0, 0, 0]
    assert first["by_order"][0] == 2_500_000 * share // 10**12
    assert first["inherited_minor"] > 500_000 * share // 10**12
    total = first["direct_minor"] + sum(first["by_order"])
    assert harbor.said("company", 1)["second_order_all_in_value"] == f"{total / 100:.2f}"
    assert harbor.booked(22) == 500_000
    assert harbor.derived(22) == 0  # the two ledgers are not mixed


def test_an_open_deal_is_one_order_further_than_the_deal_it_came_of_whichever_was_judged_first(
    harbor: MirrorPortal,
) -> None:
    """Only won deals hang on paths of credit; an open one kept the order of the moment it was judged in."""
    customer(harbor, 1)
    customer(harbor, 2, (310, 1))
    customer(harbor, 3, (110, 2))
    harbor.deal(5, 3, 30, created=100)
    harbor.deal(6, 3, 30, created=100, hs_is_closed="true", closedate=day(60).isoformat())
    harbor.deal(11, 1, 10, created=500, won=(450, "10000.00"))
    harbor.deal(21, 2, 20, created=300, won=(250, "20000.00"))

    harbor.settle(limit=1)

    rows = harbor.rows("SELECT deal_id, deal_order FROM deal")
    assert {row["deal_id"]: row["deal_order"] for row in rows} == {5: 3, 6: 3, 11: 1, 21: 2}
    assert harbor.said("deal", 5)["second_order_order"] == "3"
    assert harbor.said("deal", 6)["second_order_order"] == "3"


def test_an_admin_switches_inheritance_off_and_on(harbor: MirrorPortal) -> None:
    chain(harbor)
    agreed(harbor)
    for months, inherited in (
        (0, 0),
        (3, 0),
        (4, 1),
    ):  # the renewal came 100 days after the first deal
        harbor.install(policy={"inheritance_months": months})
        with harbor.context.transaction() as tx:
            invalidation.record(tx, Change.SETTINGS_CHANGED)

        assert agreed(harbor).inherited == inherited


def test_one_customer_with_two_hundred_renewals(harbor: MirrorPortal) -> None:
    chain(harbor)
    for number in range(1000, 1200):
        harbor.deal(number, 2, created=240, won=(200, "0.03"), dealtype="existingbusiness")

    assert agreed(harbor).inherited == 201
    harbor.change("deal", 21, amount="1.00")
    assert agreed(harbor).inherited == 201


def test_what_comes_back_is_shown_and_not_added(harbor: MirrorPortal) -> None:
    customer(harbor, 1, (210, 2))
    customer(harbor, 2, (410, 1))
    harbor.deal(11, 1, created=500, won=(450, "100.00"))
    harbor.deal(21, 2, 20, created=400, won=(350, "200.00"))
    harbor.deal(12, 1, 10, created=200, won=(150, "120.00"))

    found = agreed(harbor)

    first = worth(harbor, 1)
    if found.self_returns:
        assert first["self_return_minor"] > 0
    assert first["direct_minor"] == 22_000
    assert sum(first["by_order"][1:]) == 0


def test_a_source_that_bought_only_later_is_refused_and_reported(harbor: MirrorPortal) -> None:
    chain(harbor)
    agreed(harbor)
    harbor.change("deal", 11, closedate=day(20).isoformat())

    found = agreed(harbor)

    assert (11, 21, False) not in edges(harbor)
    assert (21, 1) in found.refused or harbor.derived(21) == 0


def test_inheritance_follows_the_first_deal(harbor: MirrorPortal) -> None:
    chain(harbor)
    agreed(harbor)
    harbor.deal(20, 2, created=420, won=(400, "1.00"))  # B had bought before anybody sent them

    agreed(harbor)

    assert (11, 22, True) not in edges(harbor)
    harbor.retire("deal", 20)
    agreed(harbor)
    assert (11, 22, True) in edges(harbor)


def test_a_merge_into_the_referrer_leaves_no_edge_to_itself(harbor: MirrorPortal) -> None:
    chain(harbor)
    agreed(harbor)
    harbor.merge("company", (1, 2), 9)
    harbor.company(9, "Firm 2", "firm2.com")

    agreed(harbor)

    assert [one for one in edges(harbor) if one[1] in {21, 22}] == []
    assert worth(harbor, 9)["direct_minor"] == 3_500_000


def test_what_was_lost_or_tampered_with_is_found_and_repaired(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    chain(harbor)
    chain(orchard)
    agreed(harbor)
    agreed(orchard)
    harbor.rows("UPDATE all_in SET direct_minor = 1 WHERE company_id = 3 RETURNING 1")
    harbor.rows("DELETE FROM all_in WHERE company_id = 2 RETURNING 1")
    harbor.rows("DELETE FROM edge WHERE to_deal_id = 21 RETURNING 1")
    harbor.rows("UPDATE deal SET deal_order = 9 WHERE deal_id = 31 RETURNING 1")

    found = roll_up.check(harbor.context, repair=True)

    assert found.companies_differ == [2, 3]
    assert found.deals_differ == [21, 31]
    assert found.totals[3][0] == 1
    assert not found.agrees
    agreed(harbor)
    assert roll_up.check(orchard.context).agrees


def test_everything_can_be_kept_at_once(harbor: MirrorPortal) -> None:
    chain(harbor)
    agreed(harbor)
    before = harbor.kept("all_in")
    harbor.rows("UPDATE all_in SET direct_minor = 1 RETURNING 1")
    with harbor.context.transaction() as tx:
        roll_up.write(tx, roll_up.roll_up(tx, roll_up.policy_of(tx)[0], "USD"))

    assert harbor.kept("all_in") == before


def town(portal: MirrorPortal, chance: random.Random) -> list[int]:
    """Six customers whose champions change to each other, and buy there again; returns the movers' numbers."""
    movers = range(1000, 1010)
    for company in range(1, 7):
        portal.company(company, f"Firm {company}", f"firm{company}.com")
    for mover in movers:
        old = chance.randint(1, 4)  # five and six became customers because of somebody
        new = chance.choice([one for one in (1, 2, 3, 4, 5, 5, 6, 6) if one != old])
        mails = [
            (900, f"m{mover}@firm{old}.com"),
            (chance.randint(300, 600), f"m{mover}@firm{new}.com"),
        ]
        portal.contact(mover, new, firstname=f"Mo{mover}", lastname=f"Ver{mover}", email=mails)
        portal.deal(mover * 10, old, mover, created=850, won=(chance.randint(700, 800), "1000.00"))
        for number in range(1, chance.randint(2, 4)):
            begun = chance.randint(60, 290)
            amount = f"{chance.randint(-50, 9999)}.{chance.randint(0, 99):02d}"
            portal.deal(mover * 10 + number, new, mover, created=begun, won=(begun - 50, amount))
    for company in range(1, 7):
        portal.deal(company, company, created=95, won=(91, "500.00"), dealtype="existingbusiness")
    return list(movers)


def change(portal: MirrorPortal, chance: random.Random, movers: list[int]) -> None:
    """Something happens to one deal."""
    found = portal.values("deal", "deal_id")
    deal, mover = chance.choice(found), chance.choice(movers)
    match chance.randrange(7):
        case 0:
            portal.change("deal", deal, amount=f"{chance.randint(0, 9999)}.01")
        case 1:
            portal.change("deal", deal, **REOPENED)
        case 2:
            portal.change("deal", deal, **closed_won(chance.randint(1, 700), "77.77"))
        case 3:
            portal.retire("deal", deal)
        case 4:
            portal.link("deal", deal, "contact", mover)
        case 5:
            portal.change("deal", deal, deal_currency_code=chance.choice(["EUR", "USD", "JPY"]))
        case _:
            portal.deal(
                chance.randrange(50_000, 60_000),
                chance.randint(1, 6),
                mover,
                created=90,
                won=(80, "10.00"),
            )


@pytest.mark.parametrize("seed", range(6))
def test_whatever_changes_the_kept_numbers_are_those_of_a_rebuild(
    harbor: MirrorPortal, seed: int
) -> None:
    chance = random.Random(seed)
    movers = town(harbor, chance)
    found = [agreed(harbor)]
    for _ in range(10):
        change(harbor, chance, movers)
        found.append(agreed(harbor))

    assert max(one.edges for one in found) >= 6
    assert max(one.inherited for one in found) >= 1


def test_two_customers_that_merge_leave_the_numbers_of_a_rebuild(harbor: MirrorPortal) -> None:
    movers = town(harbor, random.Random(7))
    agreed(harbor)
    harbor.merge("company", (1, 2), 99)
    harbor.company(99, "Firm 2", "firm2.com")
    agreed(harbor)
    harbor.retire("contact", movers[0])
    agreed(harbor)


def test_shares_worked_out_anew_are_those_that_were_frozen(harbor: MirrorPortal) -> None:
    town(harbor, random.Random(3))
    agreed(harbor)
    with harbor.context.transaction() as tx:
        policy, home = roll_up.policy_of(tx)
        kept, anew = roll_up.roll_up(tx, policy, home), roll_up.roll_up(tx, policy, home, anew=True)

    assert kept.values.by_order.tolist() == anew.values.by_order.tolist()
    assert kept.attached.edges.share.tolist() == anew.attached.edges.share.tolist()
