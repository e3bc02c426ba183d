"""The referral program end to end: a link in HubSpot, a visit, a form with the code, a win, thirty days."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import requests

from integration.admin import program_settings
from integration.admin.program_settings import ProgramWish
from integration.reports.explain import explain
from integration.storage.program import code_rows
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.world import Account, World

NOW = datetime.now(UTC)
SITE = "https://www.harbor.example/demo"
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"}
USED = "referral_code"


def ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


class Shop:
    """An account with the customer Acme, where Maria works, and a form that takes a code."""

    def __init__(self, account: "Account") -> None:
        self.account, self.crm = account, account.crm
        with self.crm.silently():
            self.crm.define_property("contact", USED, label="Referral code used")
            self.maria, acme = self.newcomer("maria", "acme", days=900)
            self.won(acme, self.maria, opened=880, closed=860)

    def newcomer(self, name: str, company: str, *, days: int, code: str = "") -> tuple[int, int]:
        domain = f"{company}.example"
        company_id = self.crm.create(
            "company", {"name": company.title(), "domain": domain}, at=ago(days)
        ).id
        person = {"email": f"{name}@{domain}", "firstname": name.title(), "lastname": "Lopez"}
        told = {USED: code} if code else {}
        contact_id = self.crm.create("contact", person | told, at=ago(days)).id
        self.crm.associate("contact", contact_id, "company", company_id, primary=True, at=ago(days))
        return contact_id, company_id

    def won(self, company_id: int, contact_id: int, *, opened: int, closed: int) -> int:
        values = {
            "dealname": "a deal",
            "amount": "10000",
            "createdate": ago(opened).isoformat(),
            "dealstage": "closedwon",
            "pipeline": "default",
            "closedate": ago(closed).isoformat(),
        }
        deal = self.crm.create("deal", values, at=ago(opened)).id
        self.crm.associate("deal", deal, "company", company_id, primary=True, at=ago(opened))
        self.crm.associate("deal", deal, "contact", contact_id, at=ago(opened))
        return deal

    def switch(self, *, is_on: bool) -> None:
        wish = ProgramWish(is_on, (SITE,), "customers", USED, gives_champions=False)
        with self.account.context() as portal:
            program_settings.change(portal, wish, actor="user:88")

    def link_of(self, contact_id: int) -> str:
        return self.account.read("contact", contact_id, "second_order_referral_link")

    def provisional_until(self, deal: int) -> str | None:
        with self.account.context() as portal:
            (part,) = explain(portal, "deal", deal)["parts"]
        until: str | None = part["provisional_until"]
        return until


def test_a_visit_by_a_personal_link_becomes_a_confirmed_referral_thirty_days_after_the_win(
    world: "World",
) -> None:
    harbor, orchard = Shop(world.harbor), Shop(world.orchard)
    for account in world.accounts:
        world.install(account)
    world.settle()
    with world.harbor.context() as portal:
        assert portal.map.texts["referral_code_property"] == (USED,)

    harbor.switch(is_on=True)
    orchard.switch(is_on=True)
    with world.harbor.context() as portal:
        program_settings.give(portal, [harbor.maria], actor="user:88")
    world.settle()
    link = harbor.link_of(harbor.maria)
    assert link.startswith(f"{world.url}/r/")
    assert orchard.link_of(orchard.maria) == ""

    # Somebody follows it out of an e-mail, and sends the form, which has a hidden field.
    visit = requests.get(link, headers=BROWSER, allow_redirects=False, timeout=PATIENCE)
    led_to = urlsplit(visit.headers["Location"])
    assert f"{led_to.scheme}://{led_to.netloc}{led_to.path}" == SITE
    (code,) = parse_qs(led_to.query)[USED]
    bo, zenit = harbor.newcomer("bo", "zenit", days=50, code=code)
    bought = harbor.won(zenit, bo, opened=40, closed=5)
    # The same code in the other account is a text that nobody knows.
    stranger, elsewhere = orchard.newcomer("bo", "zenit", days=50, code=code)
    not_referred = orchard.won(elsewhere, stranger, opened=40, closed=5)
    world.settle()

    assert world.harbor.read("deal", bought, "second_order_source") == "referral"
    assert world.harbor.read("deal", bought, "second_order_source_record") == (
        f"contact:{harbor.maria}"
    )
    assert world.harbor.read("deal", bought, "second_order_confidence") == "0.98"
    assert "by a tracked code: sure (0.98)" in world.harbor.read(
        "deal", bought, "second_order_because"
    )
    assert harbor.provisional_until(bought) is not None
    assert world.orchard.read("deal", not_referred, "second_order_source") == "none"
    with world.harbor.context() as portal, portal.transaction() as tx:
        found = code_rows.find(tx, code)
    assert found is not None
    assert found.visits == 1

    # Thirty days after the win nobody can take it back any more.
    world.harbor.crm.update("deal", bought, {"closedate": ago(31).isoformat()})
    world.settle()

    assert harbor.provisional_until(bought) is None
    assert world.harbor.read("deal", bought, "second_order_source") == "referral"
    assert world.harbor.read("contact", harbor.maria, "second_order_referrals") == "1"

    # Off: the link leads nowhere and goes from HubSpot; what came by it stays.
    harbor.switch(is_on=False)
    world.settle()

    assert requests.get(link, headers=BROWSER, allow_redirects=False, timeout=9).status_code == 404
    assert harbor.link_of(harbor.maria) == ""
    assert world.harbor.read("deal", bought, "second_order_source") == "referral"
