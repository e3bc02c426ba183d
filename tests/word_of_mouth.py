"""A portal of a few lines for stories about what a portal calls things: customers, newcomers, what they say."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.world import Account

NOW = datetime.now(UTC)


def ago(days: int) -> datetime:
    """A moment so many days before the test."""
    return NOW - timedelta(days=days)


class Town:
    """Companies of one portal, each named with the person who buys for it."""

    def __init__(self, account: "Account") -> None:
        self.account = account
        self.crm = account.crm
        self.people: dict[str, int] = {}

    def customer(self, person: str, company: str) -> int:
        """A person whose company bought two years ago; returns the deal."""
        return self._buyer(person, company, days=800, values={})

    def newcomer(self, person: str, company: str, **values: str) -> int:
        """A person who came 60 days ago with these values, and whose company bought; returns the deal."""
        return self._buyer(person, company, days=60, values=values)

    def source(self, deal: int) -> str:
        """What HubSpot shows as the deal's source."""
        return self.account.read("deal", deal, "second_order_source")

    def credited(self, deal: int) -> str:
        """Whom HubSpot names as the deal's source."""
        return self.account.read("deal", deal, "second_order_source_name")

    def _buyer(self, person: str, company: str, *, days: int, values: dict[str, str]) -> int:
        host = f"{company.lower().replace(' ', '-')}.com"
        first, last = person.split()
        told = {"firstname": first, "lastname": last, "email": f"{first.lower()}@{host}"} | values
        firm = self.crm.create("company", {"name": company, "domain": host}, at=ago(days + 30)).id
        contact = self.crm.create("contact", told, at=ago(days)).id
        self.people[person] = contact
        self.crm.associate("contact", contact, "company", firm, primary=True, at=ago(days))
        won = {
            "dealname": f"{company} buys",
            "amount": "10000",
            "pipeline": "default",
            "dealstage": "closedwon",
            "createdate": ago(days - 10).isoformat(),
            "closedate": ago(days - 20).isoformat(),
        }
        deal = self.crm.create("deal", won, at=ago(days - 10)).id
        self.crm.associate("deal", deal, "company", firm, primary=True, at=ago(days - 10))
        self.crm.associate("deal", deal, "contact", contact, at=ago(days - 10))
        return deal
