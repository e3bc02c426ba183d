"""A customer rule chosen after everything was settled says the same as one chosen before: on real careers.

Every tenth deal of each kind of the development data, with all records of the people on them, their
companies and those companies' other deals. Without that data the test is skipped.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integration.admin import overwriting
from mappings.records.portal_map import SINCE_REACHED
from mappings.records.setup_kinds import BY_DEALS, CUSTOMER_RULE
from tests import admin
from tests.sandbox import town_load
from tests.sandbox.town_real import read_town
from tests.sandbox.town_rows import Link, Record, Town

if TYPE_CHECKING:
    from tests.world import Account, World

REAL = Path(__file__).parents[3] / "shared" / "data" / "crm"
ONE_IN = 10
MANY = 100
BY_STAGE = {"customer_stage": "customer", "customer_stage_since": SINCE_REACHED}

Ref = tuple[str, int]


def sample(town: Town, one_in: int) -> Town:
    """Every so-manieth deal of each kind with what it rests on; the rest is left out."""
    by_kind: dict[str, list[int]] = defaultdict(list)
    for deal in sorted(town.truth.deals, key=lambda deal: deal.deal):
        by_kind[f"{deal.tag} {deal.note}"].append(deal.deal)
    deals = {deal_id for of_kind in by_kind.values() for deal_id in of_kind[::one_in]}
    chosen: set[Ref] = {("deal", deal_id) for deal_id in deals}
    chosen |= beside(town.links, chosen, "contact")
    chosen |= {("contact", contact_id) for contact_id in of_same_people(town, chosen)}
    chosen |= beside(town.links, chosen, "company")
    chosen |= beside(town.links, chosen, "deal")
    records = tuple(record for record in town.records if ref_of(record) in chosen)
    links = tuple(link for link in town.links if set(ends(link)) <= chosen)
    return replace(town, records=records, links=links)


def of_same_people(town: Town, chosen: set[Ref]) -> set[int]:
    people = {town.truth.people.get(record_id) for kind, record_id in chosen if kind == "contact"}
    return {contact_id for contact_id, person in town.truth.people.items() if person in people}


def ref_of(record: Record) -> Ref:
    return record.kind, record.id


def ends(link: Link) -> tuple[Ref, Ref]:
    return (link.from_kind, link.from_id), (link.to_kind, link.to_id)


def beside(links: Iterable[Link], chosen: set[Ref], kind: str) -> set[Ref]:
    """The records of a kind that are linked to chosen ones."""
    found: set[Ref] = set()
    for link in links:
        one, other = ends(link)
        found |= {ref for ref, near in ((one, other), (other, one)) if near in chosen}
    return {ref for ref in found if ref[0] == kind}


def shown(account: "Account") -> dict[Ref, dict[str, str]]:
    """Our fields as HubSpot's users see them, but for the time of writing."""
    fields: dict[Ref, dict[str, str]] = {}
    for kind in ("deal", "contact", "company"):
        for record in account.crm.all(kind):
            ours = {
                name: value
                for name, value in record.values.items()
                if name.startswith("second_order_") and name != "second_order_updated_at" and value
            }
            if ours:
                fields[kind, record.id] = ours
    return fields


def ledger_sums(account: "Account") -> dict[tuple[object, ...], int]:
    """The ledger by deal, month, kind, company and credited contact."""
    rows = account.rows(
        """SELECT deal_id, to_char(effective_at, 'YYYY-MM') AS month, kind, company_id, contact_id,
             sum(amount_minor)::bigint AS minor
           FROM ledger LEFT JOIN subject USING (portal_id, subject_id)
           GROUP BY 1, 2, 3, 4, 5 HAVING sum(amount_minor) <> 0"""
    )
    return {tuple(row.values())[:-1]: row["minor"] for row in rows}


def answer_by_deals(browser: admin.Admin) -> None:
    """Say on the set-up page what the rules go by as long as nobody chose: won deals."""
    for question in browser.asked():
        if question.kind == CUSTOMER_RULE:
            browser.answer(question, [BY_DEALS])


def confirm(account: "Account") -> None:
    """Let the change write over what stands in HubSpot, if it is so much that it waits."""
    with account.context() as context:
        found = overwriting.asked_about(context)
        if found is not None:
            overwriting.confirm(context, found.count, actor="ana")


@pytest.mark.skipif(not REAL.is_dir(), reason="the development data is not beside the checkout")
@pytest.mark.timeout(900)
def test_a_customer_rule_chosen_later_says_what_one_chosen_at_the_install_says(
    world: "World",
) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    town = sample(read_town(REAL, yesterday), ONE_IN)
    for account in world.accounts:
        with account.crm.silently():
            town_load.arrange(account.crm, town.setup)
            town_load.fill(account.crm, town)
    harbor = admin.installed(world.url, world.hubspot, world.harbor.portal_id)
    world.settle()
    answer_by_deals(harbor)
    world.rest()
    by_default = shown(world.harbor)
    assert len(by_default) > MANY

    harbor.fill_in(BY_STAGE)
    world.settle()
    confirm(world.harbor)
    world.rest()
    orchard = admin.installed(world.url, world.hubspot, world.orchard.portal_id)
    orchard.fill_in(BY_STAGE)
    world.rest()

    assert shown(world.harbor) != by_default
    assert shown(world.harbor) == shown(world.orchard)
    assert ledger_sums(world.harbor) == ledger_sums(world.orchard)
    occasions = set(world.harbor.values("ledger", "occasion")) - {"won"}
    assert {occasion.rpartition(" ")[0] for occasion in occasions} == {"settings version"}
