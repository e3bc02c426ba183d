"""python -m bench.stand_in: the local HubSpot with any number of records, as a process.

Says one line of JSON when it is ready, and one with its counts for each line it is sent.
"""

import argparse
import sys
from datetime import UTC, datetime, timedelta

import orjson

from tests.sandbox import server
from tests.sandbox.crm import HubSpot
from tests.sandbox.portal import Portal

PORTAL = 4711
_START = datetime(2025, 1, 1, tzinfo=UTC)


def main() -> None:
    """Load, serve, answer questions until the input ends."""
    parser = argparse.ArgumentParser()
    for name in ("contacts", "companies", "deals", "tickets", "limit"):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    given = parser.parse_args()
    hubspot = HubSpot()
    portal = hubspot.add_portal(PORTAL, "Harbor")
    portal.allowance.limit = given.limit
    with portal.silently():
        _load(portal, given.contacts, given.companies, given.deals)
        for number in range(given.tickets):
            portal.create("ticket", {"subject": f"Ticket {number}"}, at=_START)
    if given.latency:
        hubspot.trouble.add("latency", seconds=given.latency)
    grant = hubspot.install(PORTAL)
    with server.start(hubspot) as running:
        _say(
            {
                "url": running.url,
                "access": grant.access_token,
                "refresh": grant.refresh_token,
                "scopes": sorted(grant.scopes),
            }
        )
        for _ in sys.stdin:
            _say(
                {
                    "calls": dict(portal.calls),
                    "refused": portal.refused,
                    "peak": portal.allowance.peak,
                }
            )


def _load(portal: Portal, contacts: int, companies: int, deals: int) -> None:
    firms = [
        portal.create(
            "company", {"name": f"Company {n}", "domain": f"company-{n}.example"}, at=_START
        ).id
        for n in range(companies)
    ]
    people = []
    for n in range(contacts):
        firm = n % max(1, companies)
        values = {
            "email": f"person-{n}@company-{firm}.example",
            "company": f"Company {firm}",
            "jobtitle": "Head of Trying",
            "firstname": "Ana",
            "lastname": f"Number {n}",
        }
        people.append(
            portal.create("contact", values, at=_START + timedelta(minutes=n % 100_000)).id
        )
        if firms and n % 2 == 0:
            portal.associate("contact", people[-1], "company", firms[n % len(firms)], at=_START)
    for n in range(deals):
        deal = portal.create("deal", {"dealname": f"Deal {n}", "amount": str(100 + n)}, at=_START)
        if people:
            portal.associate("deal", deal.id, "contact", people[n % len(people)], at=_START)


def _say(what: object) -> None:
    sys.stdout.write(orjson.dumps(what).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
