"""The review page as a person sees and uses it, in a real browser."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.database import as_json
from tests.chromium import CHROMIUM, Browser
from tests.e2e.test_browser import HOSTILE

if TYPE_CHECKING:
    from tests.world import World

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no Chromium on this machine (CI installs it)",
)


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(tmp_path)


@pytest.fixture
def asked(world: "World") -> "World":
    """Harbor has namesakes at two companies, one of which has a name no page may run, and doubts everything."""
    now, crm = datetime.now(UTC), world.harbor.crm
    with crm.silently():
        acme = crm.create(
            "company", {"name": "Acme", "domain": "acme.example"}, at=now - timedelta(900)
        ).id
        zenit = crm.create(
            "company", {"name": HOSTILE, "domain": "zenit.example"}, at=now - timedelta(700)
        ).id
        for number, (company, domain, opened, closed) in enumerate(
            ((acme, "acme.example", 860, 800), (zenit, "zenit.example", 90, 30))
        ):
            who = {"email": f"priya@{domain}", "firstname": "Priya", "lastname": "Narang"}
            priya = crm.create("contact", who, at=now - timedelta(880 - 600 * number)).id
            crm.associate(
                "contact",
                priya,
                "company",
                company,
                primary=True,
                at=now - timedelta(880 - 600 * number),
            )
            values = {
                "dealname": HOSTILE, "dealstage": "closedwon", "pipeline": "default", "amount": "40000",
                "closedate": (now - timedelta(closed)).isoformat(), "createdate": (now - timedelta(opened)).isoformat(),
            }  # fmt: skip
            deal = crm.create("deal", values, at=now - timedelta(opened)).id
            crm.associate("deal", deal, "company", company, primary=True)
            crm.associate("deal", deal, "contact", priya)
    world.install(world.harbor)
    with world.runtime.database.portal(4711) as tx:
        policy = {"link_at": 999_999, "link_review_at": 500_000, "move_auto": 999_999}
        tx.run("UPDATE settings_version SET body = jsonb_set(body, '{policy}', CAST(:policy AS jsonb))",
               policy=as_json(policy))  # fmt: skip
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    world.settle()
    world.hubspot.quirks.approve_at_once = True
    return world


def test_a_question_is_read_and_looks_like_one(asked: "World", browser: Browser) -> None:
    page = browser.show(f"{asked.url}/signin?next=/portals/4711/review")

    assert "the same person?" in page
    assert "Priya Narang" in page
    assert "Different people" in page
    assert "<title>broken" not in page
    assert "&lt;script&gt;" in page
    assert browser.picture(f"{asked.url}/signin?next=/portals/4711/review").startswith(b"\x89PNG")


def test_empty_lists_and_histories_look_finished(asked: "World", browser: Browser) -> None:
    for path, says in (
        ("review?kind=merge", "Nothing to decide of this kind"),
        ("review/decided", "Nothing was decided"),
    ):
        page = browser.show(f"{asked.url}/signin?next=/portals/4711/{path}")
        assert says in page, path
