"""The clean run: what an installation that sees only the end of a storm would write and book."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from integration.storage import database as databases
from mappings.records.catalogue import WRITTEN_TYPES, own_names
from tests.chaos_service import Service, inside
from tests.postgres_tools import dump
from tests.sandbox.crm import HubSpot
from tests.world import Account, World

UPDATED_AT = "second_order_updated_at"
Fields = dict[tuple[int, str, int], dict[str, str]]
# By portal, deal, kind, contact, company, currency and month: share, money, money in the home
# currency. Every sum that a page or report shows is a sum of these.
Booked = dict[tuple[Any, ...], tuple[int, int, int]]
_BOOKED = """SELECT deal_id, kind, coalesce(person.new_id, contact_id) AS contact_id,
    coalesce(firm.new_id, company_id) AS company_id, currency,
    to_char(coalesce(origin_at, effective_at), 'YYYY-MM') AS month,
    sum(share)::bigint, sum(amount_minor)::bigint, coalesce(sum(home_minor), 0)::bigint
  FROM ledger
  LEFT JOIN subject USING (portal_id, subject_id)
  LEFT JOIN alias AS person ON person.portal_id = ledger.portal_id
    AND person.object_type = 'contact' AND person.old_id = contact_id
  LEFT JOIN alias AS firm ON firm.portal_id = ledger.portal_id
    AND firm.object_type = 'company' AND firm.old_id = company_id
  GROUP BY 1, 2, 3, 4, 5, 6
  HAVING sum(share) <> 0 OR sum(amount_minor) <> 0 OR sum(home_minor) <> 0"""


@dataclass(frozen=True)
class Result:
    """All that a run leaves: our fields in HubSpot, and what the ledger adds up to."""

    fields: Fields
    booked: Booked

    @classmethod
    def of(cls, world: World) -> "Result":
        """What HubSpot shows and the ledger holds now."""
        sums: Booked = {}
        for account in world.accounts:
            sums |= booked(account)
        return cls(written(world.hubspot), sums)


def compare(service: Service, world: World, keep: Path | None = None) -> tuple[Result, Result]:
    """What the storm left, and what a clean installation of the same HubSpot leaves.

    When they differ and *keep* is given, both databases are dumped into that folder.
    """
    after_storm = Result.of(world)
    empty_fields(world.hubspot)
    with another_database(world.postgres_url) as url:
        with inside(service, world.hubspot, url) as clean:
            for account in clean.accounts:
                clean.install(account)
            clean.settle(deliver=False)
            expected = Result.of(clean)
        if keep and after_storm != expected:
            dump(world.postgres_url, keep / "storm.sql")
            dump(url, keep / "clean.sql")
    return after_storm, expected


def written(hubspot: HubSpot) -> Fields:
    """Our fields as HubSpot's users see them; empty ones left out, of the time only that it is there.

    A record that has lost all it said keeps the time of the loss, and somebody who has no role any
    more has the role "none": neither says anything that a record without them does not say.
    """
    found: Fields = {}
    for portal in hubspot.portals.values():
        for kind in WRITTEN_TYPES:
            for record in portal.all(kind):
                values = {name: record.values[name] for name in own_names(kind) if record.values.get(name)}  # fmt: skip
                if values.get("second_order_role") == "none":
                    del values["second_order_role"]
                updated = values.pop(UPDATED_AT, None)
                if values:
                    found[portal.id, kind, record.id] = values | {
                        UPDATED_AT: "set" if updated else ""
                    }
    return found


def booked(account: Account) -> Booked:
    """What the ledger adds up to, reversals included, under the ids of today."""
    with account.database.portal(account.portal_id) as tx:
        rows = tx.tuples(_BOOKED)
    return {(account.portal_id, *row[:6]): (row[6], row[7], row[8]) for row in rows}


def differences(ours: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> list[Any]:
    """The keys under which two results say different things, in order."""
    different = [key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)]
    return sorted(different, key=str)


def empty_fields(hubspot: HubSpot) -> None:
    """As if we had never written anything."""
    for portal in hubspot.portals.values():
        for kind in WRITTEN_TYPES:
            for record in portal.all(kind):
                for name in own_names(kind):
                    record.values.pop(name, None)
                    record.history.pop(name, None)


@contextlib.contextmanager
def another_database(url: str) -> Iterator[str]:
    """An empty database with our schema, on the same server."""
    name = "clean_run"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    made = url.rpartition("/")[0] + f"/{name}"
    databases.migrate(made)
    yield made
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
