"""One total: pages, commands, files and HubSpot's own fields add up to the same amount, to the last unit."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from integration.pages import digest_mail
from integration.portal.context import open_portal
from integration.reports import report, revenue_overview, revenue_total
from integration.reports.digests import Letter
from integration.storage.service import digest_rows, portal_users
from mappings import formats
from mappings.kinds import Measure, Rhythm
from mappings.records import report_request
from mappings.rules.ledger import report_period
from tests import admin, post_office
from tests.admin import Admin
from tests.e2e.test_commands import Run, run
from tests.sandbox.records import Source
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.sandbox.crm import Portal
    from tests.world import Account, World

__all__ = ["run"]  # a fixture
NOW = datetime.now(UTC)
USER: Source = ("CRM_UI", "userId:88")
IN_EUROS = {"EUR": "1", "USD": "0.92", "GBP": "1.17", "JPY": "0.0061", "KWD": "2.98"}
HEARD = "how_did_you_hear_about_us"
OURS = "second_order_"
PROFILE = {"hs_linkedin_url": "https://www.linkedin.com/in/priya-narang-7"}


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


class Story:
    """An account that sells in five currencies, of which HOME is its own, with all that makes sums go wrong."""

    def __init__(self, account: "Account", home: str) -> None:
        self.account, self.home = account, home
        self.crm: Portal = account.crm
        self.crm.currency = home
        for currency in IN_EUROS.keys() - {home}:
            self.crm.add_currency(currency, _rate(currency, home))
        self.crm.define_property("contact", HEARD, "string")
        with self.crm.silently():
            label = self.crm.define_label("contact", "contact", "Referred by", "Referred")
            self.referred_by = label.type_id
            self._customers()
            self._buyers()

    def _customers(self) -> None:
        """Companies that bought two years ago, each with the person who bought, in some currency."""
        self.acme, self.priya, _ = self.customer("Acme", "Priya Narang", "1234567", "JPY")
        self.acme_twin, self.ana, _ = self.customer("Acme Group", "Ana Prado", "100.01", "GBP")
        self.bolt, self.bo, _ = self.customer("Bolt", "Bo Lund", "9999.99", "USD")
        self.bolt_twin, self.bo_again, _ = self.customer("Bolt Works", "Bo Lund", "55.555", "KWD")
        self.core, self.cy, _ = self.customer("Core", "Cyrus Dahl", "700.07", "EUR")
        self.dune, self.dora, _ = self.customer("Dune", "Dora Quist", "801.333", "KWD")
        self.elm, self.hal, _ = self.customer("Elm", "Hal Ortega", "31000", "JPY")
        self.mole, self.mia, _ = self.customer("Mole", "Mia Ferro", "45.10", "GBP")

    def _buyers(self) -> None:
        """Newcomers that bought because of them."""
        zenit = self.move(self.priya, "Zenit")
        self.same_priya = self.contact("Priya Narang", zenit, days=150, **PROFILE)
        self.crm.update("contact", self.priya, PROFILE, source=USER)
        self.moved = self.deal("Zenit buys", zenit, [self.priya], "7654321", "JPY", closed=30)
        fern = self.move(self.cy, "Fern")
        talker = self.contact("Tia Moss", fern, days=100, **{HEARD: "A friend recommended you"})
        self.refer(talker, self.bo, days=90)
        self.several = self.deal("Fern buys", fern, [self.cy, talker], "12345.67", "USD", closed=31)
        ivy = self.move(self.hal, "Ivy")
        self.of_forgotten = self.deal("Ivy buys", ivy, [self.hal], "50001", "JPY", closed=62)
        self.referred = self.referral("Gale", "Gus Hart", self.bo, "1234.567", "KWD", closed=33)
        self.again = self.referral("Hill", "Hope Juhl", self.bo_again, "10.01", "GBP", closed=64)
        self.by_twin = self.referral("Isle", "Ian Krog", self.ana, "333.33", "USD", closed=35)
        self.by_mover = self.referral("Jade", "Jo Lamb", self.priya, "99.99", "EUR", closed=36)
        self.by_gone = self.referral("Kite", "Kim Munk", self.mia, "66.67", "GBP", closed=200)
        self.leave(self.dora, self.move(self.dora, "Orbit"))
        self.by_private = self.referral("Loft", "Lea Noor", self.dora, "444.443", "KWD", closed=38)
        heard = {HEARD: "A friend recommended you"}
        self.heard = self.newcomer("Mint", "Max Orth", "87654", "JPY", closed=39, **heard)
        self.bought = self.newcomer("Nook", "Nan Ptak", "5000.05", "USD", closed=40)
        self.without_amount = self.newcomer("Opal", "Ola Quay", "", "EUR", closed=41, **heard)
        self.open = self.newcomer("Palm", "Per Rask", "8888.88", "USD", closed=0, **heard)

    # What people do in HubSpot

    def customer(
        self, company: str, person: str, amount: str, currency: str
    ) -> tuple[int, int, int]:
        firm = self.company(company, days=900)
        contact = self.contact(person, firm, days=880, hs_buying_role="CHAMPION")
        deal = self.deal(f"{company} first buys", firm, [contact], amount, currency, closed=800)
        return firm, contact, deal

    def newcomer(
        self, company: str, person: str, amount: str, currency: str, *, closed: int, **told: str
    ) -> int:
        firm = self.company(company, days=closed + 150)
        contact = self.contact(person, firm, days=closed + 90, **told)
        return self.deal(f"{company} buys", firm, [contact], amount, currency, closed=closed)

    def referral(
        self, company: str, person: str, by: int, amount: str, currency: str, *, closed: int
    ) -> int:
        deal = self.newcomer(company, person, amount, currency, closed=closed)
        (contact,) = (
            made for made in self.crm.all("contact") if made.get("lastname") == person.split()[1]
        )
        self.refer(contact.id, by, days=closed + 80)
        return deal

    def refer(self, contact: int, by: int, *, days: int) -> None:
        self.crm.associate(
            "contact", contact, "contact", by, self.referred_by, at=ago(days), source=USER
        )

    def company(self, name: str, *, days: int) -> int:
        values = {"name": name, "domain": f"{name.lower().replace(' ', '-')}.example"}
        return self.crm.create("company", values, at=ago(days)).id

    def contact(self, name: str, company: int, *, days: int, **told: str) -> int:
        first, last = name.split()
        host = self.crm.need("company", company).get("domain")
        values = {"firstname": first, "lastname": last, "email": f"{first.lower()}@{host}", **told}
        contact = self.crm.create("contact", values, at=ago(days)).id
        self.crm.associate("contact", contact, "company", company, primary=True, at=ago(days))
        return contact

    def deal(
        self,
        name: str,
        company: int,
        contacts: Iterable[int],
        amount: str,
        currency: str,
        *,
        closed: int,
    ) -> int:
        opened = ago(closed + 50)
        stage = "closedwon" if closed else "contractsent"
        values = {"dealname": name, "pipeline": "default", "dealstage": stage, "amount": amount,
                  "deal_currency_code": currency, "createdate": opened.isoformat()}  # fmt: skip
        if closed:
            values["closedate"] = ago(closed).isoformat()
        deal = self.crm.create("deal", values, at=opened).id
        self.crm.associate("deal", deal, "company", company, primary=True, at=opened)
        for contact in contacts:
            self.crm.associate("deal", deal, "contact", contact, at=opened)
        return deal

    def move(self, contact: int, company: str) -> int:
        firm = self.company(company, days=300)
        first = str(self.crm.need("contact", contact).get("firstname")).lower()
        values = {"email": f"{first}@{company.lower()}.example", "company": company}
        self.crm.update("contact", contact, values, at=ago(200), source=USER)
        self.crm.associate(
            "contact", contact, "company", firm, primary=True, at=ago(200), source=USER
        )
        return firm

    def leave(self, contact: int, company: int) -> None:
        """Gone from their company, they read private mail only."""
        first = str(self.crm.need("contact", contact).get("firstname")).lower()
        values = {"email": f"{first}.q@gmail.com", "company": ""}
        self.crm.update("contact", contact, values, at=ago(190), source=USER)
        self.crm.dissociate("contact", contact, "company", company, at=ago(190), source=USER)
        self.crm.dissociate("contact", contact, "company", self.dune, at=ago(190), source=USER)

    def go_on(self, world: "World") -> Decimal:
        """Later: rates and amounts change, records merge, are deleted, and one person is forgotten.

        Returns what the person's record said that they brought.
        """
        for currency in IN_EUROS.keys() - {self.home}:
            self.crm.add_currency(currency, str(Decimal(_rate(currency, self.home)) * 2))
        self.crm.update("deal", self.bought, {"amount": "4000.01"}, source=USER)
        world.settle()
        theirs = amount_of(self.account.read("contact", self.hal, f"{OURS}revenue"))
        self.crm.gdpr_delete(self.hal)
        self.crm.merge("contact", self.bo, self.bo_again, source=USER)
        self.crm.merge("company", self.acme, self.acme_twin, source=USER)
        (hill,) = (firm for firm in self.crm.all("company") if firm.get("name") == "Hill")
        self.crm.merge("company", self.bolt_twin, hill.id, source=USER)
        self.crm.archive("company", self.mole, source=USER)
        world.settle()
        return theirs


def _rate(currency: str, home: str) -> str:
    """What one unit is worth at home, to the six decimals that HubSpot has."""
    rate = Fraction(IN_EUROS[currency]) / Fraction(IN_EUROS[home])
    return str(Decimal(rate.numerator) / Decimal(rate.denominator))[:8].rstrip(".")


def amount_of(text: str) -> Decimal:
    return Decimal(text or 0)


def summed(account: "Account", kind: str, name: str) -> Decimal:
    """What HubSpot's report builder would show as the sum of a field over all records."""
    return sum((amount_of(record.get(name) or "") for record in account.crm.all(kind)), Decimal(0))


@pytest.fixture(params=["EUR", "JPY", "KWD"])
def story(world: "World", request: pytest.FixtureRequest) -> Story:
    told = Story(world.harbor, request.param)
    Story(world.orchard, "GBP")
    return told


@pytest.fixture
def told(world: "World", story: Story) -> "World":
    return world


@pytest.fixture
def visitor(world: "World", story: Story) -> Admin:
    """An admin of harbor; both accounts are installed and everything is written."""
    visitor = admin.installed(world.url, world.hubspot, story.account.portal_id)
    world.install(world.orchard)
    world.settle()
    for question in visitor.asked():
        visitor.answer(question, question.ticked)
    world.settle()
    return visitor


def test_every_surface_adds_up_to_one_total(
    world: "World", story: Story, visitor: Admin, run: Run, tmp_path: Path
) -> None:
    forgotten = story.go_on(world)
    harbor = story.account

    total = json.loads(run("ledger", "4711", "--total", "--json").stdout)
    second_order, held = Decimal(total["second_order"]), amounts(total["by_holder"])

    # What the story was told for is there.
    assert all(value > 0 for value in amounts(total["by_kind"]).values()), total["by_kind"]
    assert all(value > 0 for value in held.values()), held
    assert forgotten > 0
    assert total["unbooked"]["no_amount"] == 1
    assert total["apart"] == []

    # The total itself.
    assert sum(amounts(total["by_kind"]).values()) == sum(held.values()) == second_order
    assert second_order + Decimal(total["first_order"]) == Decimal(total["won"])
    assert Decimal(total["low"]) <= second_order <= Decimal(total["high"])

    # HubSpot's own fields, as its reports sum them.
    assert summed(harbor, "deal", f"{OURS}amount_home") == second_order
    kinds = {"moved": "moved_champion", "referral": "referral", "word_of_mouth": "word_of_mouth"}
    for part, kind in kinds.items():
        assert summed(harbor, "deal", f"{OURS}amount_{part}") == Decimal(total["by_kind"][kind])
    assert summed(harbor, "company", f"{OURS}revenue") == held["company"]
    nobodys = held["pool"] + forgotten
    assert summed(harbor, "contact", f"{OURS}revenue") + nobodys == second_order
    same = {story.priya: story.same_priya, story.same_priya: story.priya}
    two = [harbor.read("contact", contact, f"{OURS}same_person") for contact in same]
    assert sorted(map(bool, two)) == [False, True], (
        "one record of hers has it all, the other names it"
    )

    # Files and commands.
    rows = list(csv.DictReader(io.StringIO(run("ledger", "4711", "--csv").stdout)))
    of_sources = [row for row in rows if row["kind"] != "first_order"]
    assert sum(amount_of(row["home_amount"]) for row in of_sources) == second_order
    assert sum(amount_of(row["home_amount"]) for row in rows) == Decimal(total["won"])
    closed = (800, 200, 30, 31, 33, 35, 36, 38, 39, 40, 62, 64)
    # In the account's time zone an evening is the next day, and so can be in the next month.
    months = {f"{ago(days - later):%Y-%m}" for days in closed for later in (0, 1)}
    by_month = [
        json.loads(run("ledger", "4711", "--month", month, "--json").stdout)["total"]
        for month in sorted(months)
    ]
    for name in ("second_order", "first_order", "won", "low", "high"):
        assert sum(Decimal(month[name]) for month in by_month) == Decimal(total[name]), name
    assert json.loads(run("status", "4711").stdout)["found"]["total"] == total
    wanted = tmp_path / "wanted.json"
    wanted.write_text('{"referral_before": 800000}', encoding="utf-8")
    preview = json.loads(run("preview", "4711", str(wanted), "--json").stdout)
    assert sum(amounts(preview["booked_by_month"]["before"]).values()) == second_order
    explained = [explanation(run, "deal", deal.id)["total"] for deal in harbor.crm.all("deal")]
    for name in ("second_order", "first_order", "won", "low", "high"):
        assert sum(Decimal(deal[name]) for deal in explained) == Decimal(total[name]), name
    credited = [
        explanation(run, "company", firm.id)["credit"] for firm in harbor.crm.all("company")
    ]
    assert sum(Decimal(credit["second_order"]) for credit in credited if credit) == held["company"]

    # The page.
    page = visitor.page("overview?period=all")
    assert formats.amount(total["second_order"], story.home) in page
    assert formats.amount(total["won"], story.home) in page
    assert total["rates"] in page
    assert f"{total['measurement']['percent']}%" in page
    assert run("ledger", "4712", "--total", "--json").stdout.count('"JPY"') == 0
    reports_say(story, visitor, run, total, tmp_path)
    digest_says(world, story, total)
    orchard_has_its_own(world)


BY = (
    "source",
    "month",
    "quarter",
    "pipeline",
    "company",
    "credited",
    "advocate",
    "order",
    "timing",
)


def reports_say(
    story: Story, visitor: Admin, run: Run, total: dict[str, Any], folder: Path
) -> None:
    """Page, JSON, CSV, workbook and command say the total by whatever a report is by."""
    measures = ("booked", "low", "high", "first_order", "won")
    names = dict(zip(measures, ("second_order", "low", "high", "first_order", "won"), strict=True))
    for by in BY:
        answer = json.loads(visitor.page(f"reports.json?by={by}&measure={','.join(measures)}"))
        for measure, name in names.items():
            rows = sum(Decimal(row["values"][measure]) for row in answer["rows"])
            assert rows == Decimal(answer["total"][measure]) == Decimal(total[name]), (by, measure)
    kinds = {
        row["keys"][0]["value"]: row["values"] for row in _report(visitor, "by=source")["rows"]
    }
    for kind, amount in total["by_kind"].items():
        assert Decimal(kinds[kind]["booked"]) == Decimal(amount)
    # By month, as the deals' own fields say it.
    for row in _report(visitor, "by=month")["rows"]:
        assert Decimal(row["values"]["booked"]) == _booked_in(story, row["keys"][0]["value"])

    # Each figure leads to its deals, whose own sum is the figure.
    for by in ("month", "pipeline", "company", "order", "timing"):
        for row in _report(visitor, f"by={by}&measure=booked")["rows"]:
            booked = Decimal(row["values"]["booked"])
            if row["deals"] is None:
                assert row["keys"][0]["value"] == "none", (by, row)
                continue
            deals = _read_csv(visitor.page(f"deals.csv?{row['deals']}"))
            assert sum(amount_of(deal["Second-order"]) for deal in deals) == booked, (by, row)
    refused = visitor.browser.get(
        f"{visitor.app_url}/portals/4711/reports.json?by=sorce", timeout=PATIENCE
    )
    assert (refused.status_code, "did you mean 'source'?" in refused.json()["error"]) == (400, True)

    second_order = Decimal(total["second_order"])
    of_page = _read_csv(visitor.page("reports.csv?by=source&by=month"))
    told = run("report", "4711", "--by", "source", "--by", "month", "--csv").stdout
    assert of_page == _read_csv(told)
    assert sum(amount_of(row["booked"]) for row in of_page) == second_order
    lines = _read_csv(visitor.page("reports/deals.csv?measure=won"))
    assert sum(amount_of(row["booked"]) for row in lines) == Decimal(total["won"])
    of_sources = [row for row in lines if row["source"] != "first_order"]
    assert sum(amount_of(row["booked"]) for row in of_sources) == second_order

    path = folder / "report.xlsx"
    run("report", "4711", "--by", "advocate", "--xlsx", str(path))
    book = openpyxl.load_workbook(path)
    head, *rows = book.worksheets[0].iter_rows(values_only=True)
    cells = [Decimal(str(row[head.index("booked")])) for row in rows]
    assert sum(cells) == second_order
    about = dict(row[:2] for row in book["About"].iter_rows(values_only=True))
    assert Decimal(str(about["booked"])) == second_order

    asked = json.loads(run("report", "4711", "--by", "source", "--json").stdout)
    assert Decimal(asked["total"]["booked"]) == second_order
    assert {line["why"]: line["deals"] for line in asked["left_out"]} == {"no_amount": 1}
    assert formats.amount(total["second_order"], story.home) in run(
        "report", "4711", "--by", "source"
    ).stdout.replace("\n", "")
    page = visitor.page("reports?by=source&measure=booked")
    assert formats.amount(total["second_order"], story.home) in page


def digest_says(world: "World", story: Story, total: dict[str, Any]) -> None:
    """The mail that somebody gets tells the same."""
    with open_portal(world.runtime, 4711) as portal:
        overview = revenue_overview.of(portal, report_period.ALL_TIME)
        with portal.transaction() as tx:
            digest_rows.want(tx, 88, Rhythm.MONTH, 0, language="en", by="user:88")
            (digest,) = digest_rows.every(tx)
            user = portal_users.find(tx, 88)
    assert user is not None
    letter = digest_mail.writer(world.runtime)(Letter(4711, digest, user, "harbor", overview))
    assert formats.amount(total["second_order"], story.home) in post_office.text_of(letter)
    shown = letter.get_body(("html",))
    assert shown is not None
    assert formats.amount(total["second_order"], story.home) in unescape(shown.get_content())


def orchard_has_its_own(world: "World") -> None:
    """The other account sells in the same currencies, at home in another, and adds up by itself."""
    with open_portal(world.runtime, 4712) as portal:
        total = revenue_total.of(portal)
        answers = [report.of(portal, report_request.read([("by", by)])) for by in BY]
    assert total.currency == "GBP"
    assert total.second_order > 0
    for answer in answers:
        rows = sum(int(row.values[Measure.BOOKED] or 0) for row in answer.rows)
        assert rows == answer.total[Measure.BOOKED] == total.second_order, answer.request.by


def _report(visitor: Admin, words: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(visitor.page(f"reports.json?{words}"))
    return answer


def _read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _booked_in(story: Story, month: str) -> Decimal:
    """What HubSpot's own report sums for a month: the amount, by the day of booking."""
    deals = story.crm.all("deal")
    return sum(
        (
            amount_of(deal.get(f"{OURS}amount_home") or "")
            for deal in deals
            if str(deal.get(f"{OURS}booked_on") or "").startswith(month)
        ),
        Decimal(0),
    )


def amounts(parts: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(amount) for name, amount in parts.items()}


def explanation(run: Run, kind: str, record_id: int) -> Any:  # noqa: ANN401 - JSON
    return json.loads(run("explain", "4711", kind, str(record_id), "--json").stdout)
