"""From the field in HubSpot to the answer in another: our survey on a small phone, without scripts."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from integration.success import survey_switch
from integration.success.survey_switch import SurveyChoice
from tests.chromium import CHROMIUM
from tests.devtools import led_browser
from tests.e2e.test_every_page_in_a_browser import looks
from tests.waiting import PATIENCE
from tests.world import Account, World

NOW = datetime.now(UTC)
LINK = "second_order_survey_link"
TEXT = "document.querySelector('main').innerText"


def customer(account: Account) -> int:
    """Acme bought in spring; Ana is there, and Otto looks after her."""
    crm = account.crm
    with crm.silently():
        otto = crm.add_owner("otto@harbor.example", "Otto", "Maler")
        acme = crm.create("company", {"name": "Acme", "domain": "acme.example"}).id
        who = {"email": "ana@acme.example", "firstname": "Ana", "hubspot_owner_id": str(otto.id)}
        ana = crm.create("contact", who).id
        crm.associate("contact", ana, "company", acme, primary=True)
        won = NOW - timedelta(200)
        deal = crm.create(
            "deal",
            {"dealname": "Acme", "dealstage": "closedwon", "pipeline": "default", "amount": "100", "closedate": won.isoformat()},
            at=won,
        ).id  # fmt: skip
        crm.associate("deal", deal, "company", acme, primary=True)
    return int(ana)


def switch_on(account: Account) -> None:
    with account.context() as portal:
        wanted = SurveyChoice(is_on=True, asker="Harbor & Söhne", promoter_words="Tell others?")
        survey_switch.change(portal, wanted, actor="user:88")


@pytest.fixture
def asked(world: World) -> dict[str, int]:
    """Both accounts have a customer; harbor asks with our survey."""
    people = {"harbor": customer(world.harbor), "orchard": customer(world.orchard)}
    for account in world.accounts:
        world.install(account)
    world.settle()
    switch_on(world.harbor)
    world.settle()
    return people


def test_a_link_that_stands_in_hubspot_brings_the_answer_back_there_and_nowhere_else(
    world: World, asked: dict[str, int]
) -> None:
    link = world.harbor.read("contact", asked["harbor"], LINK)
    assert link.startswith(f"{world.url}/s/")
    assert world.orchard.read("contact", asked["orchard"], LINK) == ""

    looked = requests.get(f"{link}?score=9", timeout=PATIENCE)
    world.settle()
    assert looked.status_code == 200
    assert world.harbor.read("contact", asked["harbor"], "second_order_nps") == ""

    form = {"score": "3", "comment": "Too slow 🐌"}
    answered = requests.post(link, data=form, timeout=PATIENCE)
    world.settle()
    assert "Otto Maler" in answered.text
    assert world.harbor.read("contact", asked["harbor"], "second_order_nps") == "3"
    assert world.harbor.read("contact", asked["harbor"], "second_order_nps_group") == "detractor"
    assert world.harbor.read("contact", asked["harbor"], LINK) == ""
    assert world.orchard.read("contact", asked["orchard"], "second_order_nps") == ""
    with world.harbor.database.portal(world.harbor.portal_id) as tx:
        loops = tx.rows("SELECT score, owner_id FROM follow_up WHERE portal_id = :portal")
    assert [loop["score"] for loop in loops] == [3]


@pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no Chromium on this machine (CI installs it)",
)
def test_on_a_small_phone_without_scripts_the_keyboard_alone_answers(
    world: World, asked: dict[str, int], tmp_path: Path
) -> None:
    link = world.harbor.read("contact", asked["harbor"], LINK)
    with led_browser(tmp_path) as browser, browser.tab() as tab:
        tab.tell("Emulation.setScriptExecutionDisabled", value=True)
        tab.resize(320, 640)
        tab.go(f"{link}?lang=de")
        tab.press("Tab")  # past the way to the content
        tab.press("Tab")
        tab.press(" ")
        assert tab.ask("document.activeElement.value") == "0"
        assert tab.ask("document.activeElement.checked")
        tab.press("Tab")
        tab.write("Zu langsam")
        tab.press("Tab")
        tab.press("Enter")
        tab.wait(f"{TEXT}.includes('Otto Maler meldet sich bei Ihnen')")
        assert not tab.complaints
        assert all(address.startswith((world.url, "data:")) for address in tab.asked_for)
        tab.tell("Emulation.setScriptExecutionDisabled", value=False)  # axe is one
        tab.before_each_page("window.shifted = 0")
        assert list(looks(tab, f"{link}?lang=fr")) == []
    world.settle()

    assert world.harbor.read("contact", asked["harbor"], "second_order_nps") == "0"
