"""Harbor and orchard with a deal, its people, and hands to let activities happen in the local HubSpot."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from integration.storage.mirror.touches import TouchRow
from tests.sandbox.crm import Record
from tests.world import Account, World

NOW = datetime.now(UTC).replace(microsecond=0)


def ago(days: float) -> datetime:
    """A moment so many days before now."""
    return NOW - timedelta(days=days)


@dataclass
class Town:
    """One portal's few records, and what can happen between them."""

    account: Account
    ana: Record
    bo: Record
    acme: Record
    bolt: Record
    deal: Record

    def happens(
        self, kind: str, days: float, *contacts: Record, company: Record | None = None, deal: Record | None = None,
        **values: str,
    ) -> Record:  # fmt: skip
        """An activity so many days ago with these contacts."""
        crm = self.account.crm
        made = crm.create(
            kind, {"hs_timestamp": f"{ago(days):%Y-%m-%dT%H:%M:%SZ}", **values}, at=ago(days)
        )
        for contact in contacts:
            crm.associate("contact", contact.id, kind, made.id, at=ago(days))
        if company is not None:
            crm.associate("company", company.id, kind, made.id, at=ago(days))
        if deal is not None:
            crm.associate("deal", deal.id, kind, made.id, at=ago(days))
        return made

    def mail_from(
        self, sender: Record, days: float, subject: str, *others: Record, text: str = ""
    ) -> Record:
        """An incoming mail."""
        return self.happens(
            "email", days, sender, *others, hs_email_direction="INCOMING_EMAIL", hs_email_status="RECEIVED",
            hs_email_subject=subject, hs_email_text=text, hs_email_from_email=sender.get("email"),
        )  # fmt: skip

    def touches(self) -> list[TouchRow]:
        """Every touch as stored, by activity and contact."""
        rows = self.account.rows(
            """SELECT activity_type, activity_id, contact_id, at, kind, company_id, deal_id, inbound, two_way
               FROM touch ORDER BY activity_type, activity_id, contact_id"""
        )
        return [TouchRow(**row) for row in rows]

    def texts(self) -> dict[tuple[str, int], str]:
        """Every text kept."""
        rows = self.account.rows("SELECT activity_type, activity_id, text FROM touch_text")
        return {(row["activity_type"], row["activity_id"]): row["text"] for row in rows}


def a_town(account: Account, *, prefix: str = "") -> Town:
    """Acme is a customer since two years; Ana works there, Bo at Bolt, with which a deal is open for 30 days."""
    crm = account.crm
    with crm.silently():
        acme = crm.create(
            "company", {"name": f"{prefix}Acme", "domain": "acme.example"}, at=ago(900)
        )
        bolt = crm.create(
            "company", {"name": f"{prefix}Bolt", "domain": "bolt.example"}, at=ago(300)
        )
        ana = _person(crm, "Ana", "Alvarez", "acme.example", acme)
        bo = _person(crm, "Bo", "Berg", "bolt.example", bolt)
        won = {"dealname": "Acme buys", "amount": "1000", "dealstage": "closedwon", "pipeline": "default",
               "closedate": f"{ago(700):%Y-%m-%dT%H:%M:%SZ}"}  # fmt: skip
        first = crm.create("deal", won, at=ago(760))
        crm.associate("deal", first.id, "company", acme.id, primary=True)
        crm.associate("deal", first.id, "contact", ana.id)
        open_ = {
            "dealname": "Bolt buys",
            "amount": "5000",
            "dealstage": "contractsent",
            "pipeline": "default",
        }
        deal = crm.create("deal", open_, at=ago(30))
        crm.associate("deal", deal.id, "company", bolt.id, primary=True)
        crm.associate("deal", deal.id, "contact", bo.id)
    return Town(account, ana, bo, acme, bolt, deal)


def _person(crm: Any, first: str, last: str, host: str, company: Record) -> Record:  # noqa: ANN401 - a sandbox portal
    values = {"firstname": first, "lastname": last, "email": f"{first.lower()}@{host}"}
    made: Record = crm.create("contact", values, at=ago(800))
    crm.associate("contact", made.id, "company", company.id, primary=True, at=ago(800))
    return made


def both(world: World) -> tuple[Town, Town]:
    """The same few records in both portals."""
    return a_town(world.harbor), a_town(world.orchard, prefix="Other ")


def install(world: World) -> None:
    """Install in both portals and let everything be read and concluded."""
    for account in world.accounts:
        world.install(account)
    world.settle()
