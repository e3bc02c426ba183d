"""What people decided survives webhooks, merges, imports and rebuilds, and stays in its own portal."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integration.ingest import backfill
from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.review import answering
from integration.review.answering import Answer
from integration.storage.database import as_json
from integration.storage.queue import lanes
from workers import jobs

if TYPE_CHECKING:
    from tests.world import Account, World

ASKING = {"link_at": 999_999, "link_review_at": 500_000}


def namesakes(account: "Account") -> tuple[int, int]:
    """A Priya at Acme, and one at Zenit half a year later."""
    now, crm, made = datetime.now(UTC), account.crm, []
    with crm.silently():
        for name, domain, days in (
            ("Acme", "acme-tools.com", 900),
            ("Zenit", "zenit-labs.com", 200),
        ):
            company = crm.create(
                "company", {"name": name, "domain": domain}, at=now - timedelta(days)
            ).id
            who = {"email": f"priya@{domain}", "firstname": "Priya", "lastname": "Narang"}
            made.append(crm.create("contact", who, at=now - timedelta(days)).id)
            crm.associate("contact", made[-1], "company", company, primary=True)
    return made[0], made[1]


@pytest.fixture
def asked(world: "World") -> "World":
    """Both portals have such namesakes, under the same numbers, and ask about them."""
    for account in world.accounts:
        namesakes(account)
        world.install(account)
        with world.runtime.database.portal(account.portal_id) as tx:
            tx.run("UPDATE settings_version SET body = jsonb_set(body, '{policy}', CAST(:policy AS jsonb))",
                   policy=as_json(ASKING))  # fmt: skip
    world.settle()
    return world


def the_question(account: "Account") -> int:
    with account.context() as context:
        (one,) = answering.listing(context, kind="identity")["questions"]
    return int(one["id"])


def people(account: "Account") -> int:
    """How many persons the namesakes are."""
    return len(set(account.persons().values()))


def decide(world: "World", account: "Account", verb: str) -> None:
    with account.context() as context:
        answering.decide(context, the_question(account), Answer(verb, "Ana", "she told me"))
    world.settle()


def test_a_decision_survives_an_import_a_rebuild_and_new_evidence(asked: "World") -> None:
    harbor = asked.harbor
    decide(asked, harbor, "same")
    assert people(harbor) == 1

    with harbor.context() as context:
        assert backfill.begin(context, kind="reconciliation")
    with asked.runtime.database.service() as tx:
        lanes.want(tx, harbor.portal_id, "import")
    asked.settle()
    with asked.runtime.database.portal(harbor.portal_id) as tx:
        tx.run("DELETE FROM person WHERE portal_id = :portal")
        invalidation.record(tx, Change.SETTINGS_CHANGED)
        lanes.want(tx, harbor.portal_id, "drain")
    asked.settle()
    contact = harbor.crm.all("contact")[-1].id
    harbor.crm.update("contact", contact, {"firstname": "Quentin", "lastname": "Oldman"})
    asked.settle()

    assert people(harbor) == 1
    assert harbor.values("decision", "verb") == ["same"]


def test_a_decision_takes_effect_by_the_job_of_its_portal_alone(asked: "World") -> None:
    harbor, orchard = asked.harbor, asked.orchard
    assert people(orchard) == 2
    with harbor.context() as context:
        answering.decide(context, the_question(harbor), Answer("same", "Ana", "she told me"))

    jobs.work(asked.runtime, orchard.portal_id, "drain")
    assert (people(harbor), people(orchard)) == (2, 2)
    jobs.work(asked.runtime, harbor.portal_id, "drain")
    asked.settle()

    assert (people(harbor), people(orchard)) == (1, 2)
    assert orchard.decisions() == []
    assert the_question(orchard) != 0


def test_contacts_that_users_merge_carry_the_decision_along(asked: "World") -> None:
    harbor = asked.harbor
    decide(asked, harbor, "different")
    first, second = sorted(one.id for one in harbor.crm.all("contact"))
    third = harbor.crm.create("contact", {"email": "p@zenit-labs.com", "firstname": "P"}).id
    asked.settle()

    survivor = harbor.crm.merge("contact", third, second).id
    asked.settle()
    for contact in (first, survivor):
        likeness = {
            "hs_linkedin_url": "https://linkedin.com/in/priya",
            "firstname": "Priya",
            "lastname": "Narang",
        }
        harbor.crm.update("contact", contact, likeness)
    asked.settle()

    assert people(harbor) == 2
    with harbor.context() as context:
        assert answering.listing(context, kind="identity")["questions"] == []
