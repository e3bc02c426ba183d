"""Who brought whom: sums that are those of the fields, deep, wide and returning trees, as table and file."""

import csv
import io
import re

import pytest

from integration.portal.forgotten import erase
from integration.rollup import roll_up
from mappings.kinds import Role
from tests.contract.conclude_world import HARBOR, KEYS, ORCHARD, MirrorPortal
from tests.contract.record_world import Desk, Shown, counted, desk, minor, written_by_hand
from tests.contract.test_conclude_orders import chain, customer

__all__ = ["desk"]  # a fixture

START = f"/portals/{HARBOR}/tree"
FIRST = f"{START}/company/1"


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    """Firm 1 brought Firm 2, which bought again; Firm 2 brought Firm 3."""
    portal = written_by_hand(desk, HARBOR)
    chain(portal)
    portal.settle()
    return portal


def steps(page: Shown) -> list[list[str]]:
    return page.part("tree").rows()


def test_the_tree_of_a_company_adds_up_to_its_fields_in_hubspot(
    desk: Desk, harbor: MirrorPortal
) -> None:
    for company in (1, 2, 3):
        page = Shown.of(desk, f"{START}/company/{company}?table=1")
        said = harbor.said("company", company)
        sums, (total,) = page.part("sums").rows(), page.part("sums").rows("tfoot")

        assert minor(total[-1]) == minor(said["second_order_all_in_value"])
        assert sum(minor(row[-1]) for row in sums) == minor(total[-1])
        by_order = {row[0]: minor(row[-1]) for row in sums[1:]}
        for order in {row[0] for row in steps(page)}:
            of_order = sum(minor(row[6]) for row in steps(page) if row[0] == order)
            assert of_order == by_order[f"Order {order}"]
        booked = sum(minor(row[7]) for row in steps(page) if row[7])
        assert booked == minor(said.get("second_order_revenue", "0"))


def test_each_step_says_through_whom_and_a_folded_one_what_is_below_it(
    desk: Desk, harbor: MirrorPortal
) -> None:
    tree = Shown.of(desk, FIRST).part("tree")

    words = " ".join(tree.text.split())
    assert re.search(r"Firm 2 : deal 21 \$\S+ order 2, 80\.75% of the deal, through U Of1", words)
    assert "inherited" in words
    below = re.search(r"(\$[\d,.]+) order 3", words)
    assert below
    assert f"1 deal below it, {below[1]}" in words
    assert tree.html.count("<details>") == 1
    assert "<details open" not in tree.html, "folded at first"
    assert f"/portals/{HARBOR}/deal/31" in tree.links()


def test_the_tree_of_a_person_adds_up_to_the_field_in_hubspot(
    desk: Desk, harbor: MirrorPortal
) -> None:
    page = Shown.of(desk, f"{START}/contact/10?table=1")

    booked = sum(minor(row[7]) for row in steps(page) if row[7])
    assert booked == minor(harbor.said("contact", 10)["second_order_revenue"]) > 0
    sums, (total,) = page.part("sums").rows(), page.part("sums").rows("tfoot")
    assert sum(minor(row[-1]) for row in sums) == minor(total[-1])
    assert {row[0] for row in steps(page)} >= {"2"}


def test_what_comes_back_to_the_company_is_shown_and_not_added(desk: Desk) -> None:
    harbor = written_by_hand(desk, HARBOR)
    customer(harbor, 1)
    customer(harbor, 2, (310, 1))
    harbor.deal(11, 1, 10, created=500, won=(450, "10000.00"))
    harbor.deal(21, 2, 20, created=300, won=(250, "20000.00"))
    harbor.deal(12, 1, 10, created=100, won=(50, "12000.00"))
    harbor.settle()
    harbor_returns(harbor)
    (value,) = harbor.kept("all_in", company_id=1)

    page = Shown.of(desk, FIRST)

    back = f"${value['self_return_minor'] / 100:,.2f} came back to its own later deals"
    assert value["self_return_minor"] > 0
    assert back in page.part("sums").text
    assert "comes back: not added" in page.part("tree").text
    assert "1 deal below it, $0.00" in " ".join(page.part("tree").text.split())
    total = minor(page.part("sums").rows("tfoot")[0][-1])
    assert total == value["direct_minor"] + sum(value["by_order"])


def harbor_returns(harbor: MirrorPortal) -> None:
    """Firm 2 gets a part of Firm 1's later deal, as if somebody from there had helped with it."""
    with harbor.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO source (portal_id, deal_id, source_key, kind, company_id, share, confidence, body, settings_version)
               VALUES (:portal, 12, 'referral|p00000000000000000020|x', 'referral', 2, 400000000000, 0.9, '{}', 1)"""
        )
        tx.run(
            """INSERT INTO edge (portal_id, from_deal_id, to_deal_id, source_key, from_company_id, share, inherited)
               VALUES (:portal, 21, 12, 'referral|p00000000000000000020|x', 2, 400000000000, false)"""
        )
    worked_out(harbor)


def worked_out(harbor: MirrorPortal) -> None:
    """All-in values as the roll-up works them out."""
    with harbor.database.portal(HARBOR) as tx:
        policy, home = roll_up.policy_of(tx)
        roll_up.write(tx, roll_up.roll_up(tx, policy, home))


def many(harbor: MirrorPortal, deals: int) -> None:
    """So many deals of others that followed from Firm 1's first, each with one that followed on."""
    with harbor.database.portal(HARBOR) as tx:
        for first, before, company in ((100_000, "11", "1"), (200_000, "100000 + n", "100000 + n")):
            tx.run(
                """INSERT INTO deal (portal_id, deal_id, company_id, created_at, closed_at, is_won, is_open,
                      amount_minor, currency)
                    SELECT :portal, :first + n, :first + n, now(), now() + make_interval(secs => :first / 1000 + n), true, false,
                      10001, 'USD'
                    FROM generate_series(1, :deals) AS n""",
                first=first,
                deals=deals,
            )
            tx.run(
                f"""INSERT INTO source (portal_id, deal_id, source_key, kind, company_id, share, confidence, body, settings_version)
                    SELECT :portal, :first + n, 'k', 'referral', {company}, 333333333333, 0.9, '{{}}', 1
                    FROM generate_series(1, :deals) AS n""",
                first=first,
                deals=deals,
            )
            tx.run(
                f"""INSERT INTO edge (portal_id, from_deal_id, to_deal_id, source_key, from_company_id, share, inherited)
                    SELECT :portal, {before}, :first + n, 'k', {company}, 333333333333, false
                    FROM generate_series(1, :deals) AS n""",
                first=first,
                deals=deals,
            )
    worked_out(harbor)


def test_a_thousand_steps_stand_on_a_page_and_the_rest_is_counted_where_it_hangs(
    desk: Desk, harbor: MirrorPortal
) -> None:
    many(harbor, 60)
    with counted(harbor.database) as few:
        Shown.of(desk, FIRST)
    with harbor.database.portal(HARBOR) as tx:
        tx.run("DELETE FROM edge WHERE portal_id = :portal AND to_deal_id > 100000")
        tx.run("DELETE FROM source WHERE portal_id = :portal AND deal_id > 100000")
        tx.run("DELETE FROM deal WHERE portal_id = :portal AND deal_id > 100000")
    many(harbor, 900)
    with counted(harbor.database) as more:
        page = Shown.of(desk, FIRST)

    assert len(more) == len(few) < 45
    assert page.html.count("<li>") < 2500
    (value,) = harbor.kept("all_in", company_id=1)
    sums = page.part("sums")
    assert minor(sums.rows("tfoot")[0][-1]) == value["direct_minor"] + sum(value["by_order"])
    assert sum(minor(row[-1]) for row in sums.rows()) == minor(sums.rows("tfoot")[0][-1])
    assert "1 more deal, $" in page.part("tree").text
    assert "See the tree from there" in page.part("tree").text


def test_the_file_has_every_step_and_adds_up_like_the_page(
    desk: Desk, harbor: MirrorPortal
) -> None:
    many(harbor, 900)

    answer = desk.get(f"{FIRST}.csv")
    lines = list(csv.DictReader(io.StringIO(answer.text)))

    (value,) = harbor.kept("all_in", company_id=1)
    assert answer.mimetype == "text/csv"
    assert len(lines) > 1800
    parts = sum(round(100 * float(line["Amount"])) for line in lines)
    assert parts == sum(value["by_order"])


def test_a_chain_of_more_orders_than_count_ends_where_they_end(
    desk: Desk, harbor: MirrorPortal
) -> None:
    with harbor.database.portal(HARBOR) as tx:
        for step in range(40):
            deal, before = 500 + step, 31 if step == 0 else 499 + step
            tx.run(
                """INSERT INTO deal (portal_id, deal_id, company_id, created_at, closed_at, is_won, is_open, amount_minor, currency)
                   VALUES (:portal, :deal, :deal, now(), now() + make_interval(secs => :step), true, false, 500000, 'USD')""",
                deal=deal,
                step=step,
            )
            company = 3 if step == 0 else before
            tx.run(
                """INSERT INTO source (portal_id, deal_id, source_key, kind, company_id, share, confidence, body, settings_version)
                   VALUES (:portal, :deal, 'k', 'referral', :company, 990000000000, 0.9, '{}', 1)""",
                deal=deal,
                company=company,
            )
            tx.run(
                """INSERT INTO edge (portal_id, from_deal_id, to_deal_id, source_key, from_company_id, share, inherited)
                   VALUES (:portal, :before, :deal, 'k', :company, 990000000000, false)""",
                deal=deal,
                before=before,
                company=company,
            )
    worked_out(harbor)

    page = Shown.of(desk, f"{START}/company/3")

    assert [row[0] for row in page.part("sums").rows()][-1] == "Order 6"
    (value,) = harbor.kept("all_in", company_id=3)
    total = minor(page.part("sums").rows("tfoot")[0][-1])
    assert total == value["direct_minor"] + sum(value["by_order"])


def test_a_removed_person_is_nobody_in_the_tree_and_sums_stay(
    desk: Desk, harbor: MirrorPortal
) -> None:
    before = Shown.of(desk, FIRST).part("sums").rows()
    with harbor.database.portal(HARBOR) as tx:
        erase(tx, 10, keys=KEYS)
    harbor.settle()

    page = Shown.of(desk, FIRST)

    assert "Of1" not in page.html
    assert "through a removed person" in page.text
    assert page.part("sums").rows() == before
    assert "Of1" not in Shown.of(desk, START).html


def test_the_first_page_names_who_led_to_most_and_finds_others_by_name(
    desk: Desk, harbor: MirrorPortal
) -> None:
    page = Shown.of(desk, START)

    assert "U Of1" in page.part("top-contact").text
    assert "Firm 1" in page.part("top-company").text
    assert f"{FIRST}" in page.links()
    found = desk.get(f"{START}?type=company&text=Firm+3")
    assert (found.status_code, found.headers["Location"]) == (303, f"{START}/company/3")
    several = Shown.of(desk, f"{START}?type=contact&text=Of")
    assert "Which one?" in several.text
    assert f"{START}/contact/10" in several.links()
    nobody = desk.get(f"{START}?type=company&text=Nobody+<script>")
    assert nobody.status_code == 404
    assert 'role="alert"' in nobody.text
    assert "<script>&" not in nobody.text
    assert "Nobody <script>" not in nobody.text


def test_a_company_from_which_nothing_followed_says_what_would_begin_its_tree(
    desk: Desk, harbor: MirrorPortal
) -> None:
    page = Shown.of(desk, f"{START}/company/3").text

    assert "Nothing followed yet." in page


@pytest.mark.parametrize("path", ["company/99", "contact/99", "company/0", f"company/{10**25}"])
def test_a_tree_of_another_account_or_of_nobody_is_not_there(
    desk: Desk, harbor: MirrorPortal, path: str
) -> None:
    orchard = written_by_hand(desk, ORCHARD)
    orchard.company(99, "Theirs", "theirs.example")
    orchard.settle()

    for ending in ("", ".csv"):
        assert desk.get(f"{START}/{path}{ending}").status_code == 404
        assert desk.get(f"/portals/{ORCHARD}/tree/{path}{ending}").status_code == 404


def test_a_seller_sees_the_tree_and_takes_no_file(desk: Desk, harbor: MirrorPortal) -> None:
    assert f"{FIRST}.csv" in Shown.of(desk, FIRST).links()
    with harbor.database.portal(HARBOR) as tx:
        tx.run(
            "UPDATE portal_user SET role = :role WHERE portal_id = :portal", role=Role.SELLER.value
        )

    assert f"{FIRST}.csv" not in Shown.of(desk, FIRST).links()
    assert desk.get(f"{FIRST}.csv").status_code == 403
