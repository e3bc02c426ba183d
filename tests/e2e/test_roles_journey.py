"""Two people in two browsers: an admin invites, a seller comes in, sees, cannot change, and gets a digest."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from integration.core.environment import Settings
from integration.storage.database import Database
from integration.storage.queue import lanes
from tests import post_office
from tests.chromium import CHROMIUM
from tests.devtools import Tab, led_browser
from tests.post_office import PostOffice
from tests.world import HARBOR, World, build_world
from workers import jobs

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no Chromium on this machine (CI installs it)",
)
SAM = "sam@harbor.example"
HERE = f"/portals/{HARBOR}"
TEXT = "document.querySelector('main').innerText"
SETTINGS_PAGE = f"fetch('{HERE}/settings').then(answer => answer.status)"
FORMS = (
    "[...document.querySelectorAll('form[method=post]')].map(form => new URL(form.action).pathname)"
)


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office.opened() as opened:
        yield opened


@pytest.fixture
def world(
    settings: Settings, database: Database, redis_url: str, postgres_url: str, office: PostOffice
) -> Iterator[World]:
    """Harbor has an admin, and Sam, whom HubSpot does not let sign in to apps."""
    mailing = replace(settings, smtp_url=office.url, mail_from="Second Order <so@app.example>")
    with build_world(mailing, database, redis_url, postgres_url) as world:
        ana = world.harbor.crm.add_owner("admin@harbor.example", "Ana", "Admin")
        ana.user_id = world.harbor.crm.user_id
        world.harbor.crm.add_owner(SAM, "Sam", "Ünver \u0628\u062f\u0631 <b>", teams=("North",))
        world.harbor.crm.refused_users = {SAM}
        for account in world.accounts:
            world.install(account)
        world.settle()
        world.hubspot.quirks.approve_at_once = True
        yield world


def submit(tab: Tab, action: str, **fields: str) -> None:
    """Fill a form in and send it."""
    form = f"document.querySelector('form[action=\"{action}\"]')"
    for name, value in fields.items():
        tab.ask(f"{form}.elements['{name}'].value = '{value}'")
    tab.ask(f"{form}.requestSubmit()")


def test_an_invited_seller_sees_everything_changes_nothing_and_gets_a_digest(
    world: World, office: PostOffice, tmp_path: Path
) -> None:
    with led_browser(tmp_path) as browser, browser.tab() as ana, browser.tab() as sam:
        ana.go(f"{world.url}/signin?next={HERE}/users")
        submit(ana, f"{HERE}/users/invite", email=SAM, role="seller")
        ana.wait(f"{TEXT}.includes('on its way to {SAM}')")
        (link,) = post_office.links_in(office.to(SAM)[0])

        sam.go(link)
        sam.ask("document.querySelector('main form').requestSubmit()")
        sam.wait(f"location.pathname === '{HERE}/'")
        sam.wait("document.querySelector('main h1') !== null")
        assert sam.ask(FORMS) == ["/signout"]
        assert "Settings" not in sam.ask("document.querySelector('nav.side').textContent")
        assert sam.ask(SETTINGS_PAGE) == 403
        sam.go(f"{world.url}{HERE}/settings")
        assert "It needs one of these roles: Admin. Yours in this account is Seller." in sam.ask(
            TEXT
        )

        sam.go(f"{world.url}{HERE}/digests")
        submit(sam, f"{HERE}/digests", rhythm="month")
        sam.wait(f"{TEXT}.includes('The next one goes out')")
        send_what_is_due(world)
        digest = office.to(SAM)[1]
        assert digest["Subject"].startswith("Second-order revenue of ")
        stop = post_office.links_in(digest)[-1]

        ana.go(f"{world.url}{HERE}/users")
        assert "Sam Ünver \u0628\u062f\u0631 <b>" in ana.ask(TEXT)
        submit(ana, f"{HERE}/users/{user_on(ana)}", role="")
        ana.wait(f"{TEXT}.includes('It counts from their next click on')")
        sam.go(f"{world.url}{HERE}/")
        assert "You have no role in this account any more" in sam.ask(TEXT)
        sam.go(stop)
        sam.ask("document.querySelector('main form').requestSubmit()")
        sam.wait(f"{TEXT}.includes('The digest is ended')")
        assert not ana.complaints
        assert not [line for line in sam.complaints if "403" not in line]


def user_on(tab: Tab) -> int:
    row = f"[...document.querySelectorAll('tr')].find(row => row.innerText.includes('{SAM}'))"
    action: str = tab.ask(f"{row}.querySelector('form').action")
    return int(action.rpartition("/")[2])


def send_what_is_due(world: World) -> None:
    """The first of a month comes."""
    with world.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE digest SET made_at = made_at - interval '70 days' WHERE portal_id = :portal")
        lanes.want(tx, HARBOR, "mail")
    jobs.work(world.runtime, HARBOR, "mail")
