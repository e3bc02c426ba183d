"""A big portal: a million contacts, 100,000 companies and 200,000 deals, put in by COPY.

What was concluded is there, too: people, sources, ledger rows that add up, job changes and what
lists show. It is seeded, and shaped as portals are: names are shared unevenly, a few companies have
thousands of contacts, most have a handful, and most deals have nobody behind them.

`python -m bench.big_portal URL [CONTACTS]` fills a migrated, empty database.
"""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain

import numpy as np
import numpy.typing as npt
import psycopg

from bench.ground import PORTAL
from integration.storage.database import Database
from integration.storage.listings import kept_columns
from mappings.records.portal_map import PortalMap, dump_portal_map
from mappings.rules.text import search_words
from tests.sandbox import town_words
from tests.sandbox.town_names import ascii_only

Ints = npt.NDArray[np.int64]

CURRENCY, ZONE = "EUR", "Europe/Berlin"
_SEED = 20_260_301
_NEWEST = datetime(2026, 11, 30, tzinfo=UTC)
_DAYS = 5 * 365
_OWNERS = 80
_CONTACTS_FROM, _COMPANIES_FROM, _DEALS_FROM = 10_000_000, 50_000_000, 70_000_000
_SHARE_ONE = 10**12
_STAGES = ("appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "contractsent")
_PIPELINES = (("default", "Sales"), ("partners", "Partners"))
_CHUNK = 20_000
# Of every portal's names a few are ASCII for sure; a search has to find the others, too.
_ACCENTED = {"Jose": "José", "Muller": "Müller", "Zoe": "Zoë", "Francois": "François"}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything there is."""

    contacts: int = 1_000_000
    companies: int = 100_000
    deals: int = 200_000
    moves: int = 30_000

    @classmethod
    def of(cls, contacts: int) -> "Sizes":
        """The same shape with fewer contacts, or more."""
        return cls(
            contacts, max(contacts // 10, 10), max(contacts // 5, 20), max(contacts // 33, 5)
        )


@dataclass(frozen=True, slots=True)
class _World:
    """All that is drawn once: who works where, who is called how, and what became of each deal."""

    sizes: Sizes
    first: list[str]
    last: list[str]
    employer: Ints
    company_names: list[str]
    domains: list[str]
    buyer: Ints
    created: Ints
    took: Ints
    state: Ints
    amount: Ints
    owner: Ints
    stage: Ints
    pipeline: Ints
    source_count: Ints
    credited: Ints


def fill(url: str, sizes: Sizes | None = None) -> dict[str, float]:
    """Fill a portal; return the seconds of each part."""
    world = _drawn(sizes or Sizes())
    seconds: dict[str, float] = {}
    with psycopg.connect(url) as connection:
        connection.execute("SET synchronous_commit = off")
        for name, columns, rows in _tables(world):
            started = time.perf_counter()
            _copy(connection, name, columns, rows)
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started
        _install(connection)
    started = time.perf_counter()
    _make_findable(url, world)
    seconds["words to be found by"] = time.perf_counter() - started
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    started = time.perf_counter()
    _keep_for_lists(url, world.sizes)
    seconds["kept for lists"] = time.perf_counter() - started
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return seconds


def _make_findable(url: str, world: _World) -> None:
    """The words of all records, indexed when all are there: one by one takes twice as long."""
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE search_word DROP CONSTRAINT search_word_pkey")
        connection.execute("DROP INDEX search_word_record")
        columns = "portal_id, object_type, word, record_id"
        _copy(connection, "search_word", columns, _words(world))
        connection.execute(
            "ALTER TABLE search_word ADD PRIMARY KEY (portal_id, object_type, word, record_id)"
        )
        connection.execute(
            "CREATE INDEX search_word_record ON search_word (portal_id, object_type, record_id)"
        )


def _words(world: _World) -> Iterator[tuple[object, ...]]:
    for record in chain(_contacts(world), _companies(world), _deals(world)):
        portal_id, object_type, record_id, properties = record[:4]
        for word in search_words.words_of(str(object_type), json.loads(str(properties))):
            yield portal_id, object_type, word, record_id


def _keep_for_lists(url: str, sizes: Sizes) -> None:
    """What lists show, by the statements of conclude."""
    database = Database(url)
    for first in range(0, max(sizes.contacts, sizes.deals, sizes.companies), _CHUNK):
        with database.portal(PORTAL) as tx:
            numbers = range(first, first + _CHUNK)
            kept_columns.keep_deals(tx, [_DEALS_FROM + n for n in numbers], CURRENCY, ())
            kept_columns.keep_contacts(tx, [_CONTACTS_FROM + n for n in numbers])
            kept_columns.keep_companies(tx, [_COMPANIES_FROM + n for n in numbers])
    database.close()


def _drawn(sizes: Sizes) -> _World:
    dice = np.random.default_rng(_SEED)
    first = [_ACCENTED.get(name, name) for name, _ in town_words.FIRST_NAMES]
    surnames = [_ACCENTED.get(name, name) for name in town_words.COMMON_SURNAMES]
    made_up = [a + b for a in town_words.SURNAME_STARTS for b in town_words.SURNAME_ENDS]
    # A third are called by one of the few common surnames, the others by one of thousands.
    common = _unevenly(dice, len(surnames), sizes.contacts, 0.7)
    rare = _unevenly(dice, len(made_up), sizes.contacts, 0.4)
    is_common = dice.random(sizes.contacts) < 0.33
    last = [
        surnames[a] if yes else made_up[b]
        for a, b, yes in zip(common.tolist(), rare.tolist(), is_common.tolist(), strict=True)
    ]
    given = _unevenly(dice, len(first), sizes.contacts, 0.8)
    ends = ("GmbH", "Inc", "Ltd", "AG", "SARL", "BV", "Group", "Labs", "Systems", "Works")
    stems = made_up[:: max(len(made_up) // 2000, 1)]
    company_names = [
        f"{stems[n % len(stems)]} {ends[n // len(stems) % len(ends)]} {n // 20_000 or ''}".strip()
        for n in range(sizes.companies)
    ]
    deals = sizes.deals
    return _World(
        sizes=sizes,
        first=[first[n] for n in given.tolist()],
        last=last,
        # A few employ thousands: the largest of 100,000 about one in a hundred.
        employer=_unevenly(dice, sizes.companies, sizes.contacts, 0.75),
        company_names=company_names,
        domains=[f"{ascii_only(name).lower().replace(' ', '-')}.example" for name in company_names],
        buyer=_unevenly(dice, sizes.companies, deals, 0.5),
        created=dice.integers(0, _DAYS, deals),
        took=dice.integers(3, 240, deals),
        state=dice.choice(3, deals, p=(0.34, 0.24, 0.42)),
        amount=np.rint(dice.lognormal(9.6, 1.1, deals)).astype(np.int64) * 100,
        owner=dice.integers(0, _OWNERS, deals),
        stage=dice.integers(0, len(_STAGES), deals),
        pipeline=(dice.random(deals) < 0.15).astype(np.int64),
        source_count=dice.choice(4, deals, p=(0.72, 0.19, 0.07, 0.02)),
        credited=_unevenly(dice, max(sizes.contacts // 25, 5), deals * 3, 0.6),
    )


def _unevenly(dice: np.random.Generator, kinds: int, number: int, slope: float) -> Ints:
    """*number* draws of *kinds*, the nth as often as n to the power of minus *slope*."""
    weights = np.arange(1, kinds + 1, dtype=np.float64) ** -slope
    shares = np.cumsum(weights / weights.sum())
    return np.minimum(np.searchsorted(shares, dice.random(number)), kinds - 1)


Table = tuple[str, str, Iterable[tuple[object, ...]]]
WON, OPEN, LOST = 0, 1, 2


def _tables(world: _World) -> Iterator[Table]:
    p = PORTAL
    record = "portal_id, object_type, record_id, properties, created_at, updated_at"
    yield "record", record, _contacts(world)
    yield "record", record, _companies(world)
    yield "record", record, _deals(world)
    link = "portal_id, from_type, from_id, to_type, to_id, category, type_id"
    yield "association", link, _links(world)
    yield (
        "person",
        "portal_id, contact_id, person_id",
        (
            (p, _CONTACTS_FROM + n, _CONTACTS_FROM + (n if n % 50 else max(n - 1, 0)))
            for n in range(world.sizes.contacts)
        ),
    )
    yield (
        "subject",
        "portal_id, contact_id",
        ((p, _CONTACTS_FROM + n) for n in range(max(world.sizes.contacts // 25, 5))),
    )
    yield (
        "company_key",
        "portal_id, kind, value, company_id",
        ((p, "domain", domain, _COMPANIES_FROM + n) for n, domain in enumerate(world.domains)),
    )
    yield "deal", _DEAL_COLUMNS, _deal_rows(world)
    source = """portal_id, deal_id, source_key, kind, contact_id, company_id, share, confidence, at,
      body, settings_version"""
    yield "source", source, _sources(world)
    ledger = """portal_id, deal_id, source_key, kind, subject_id, company_id, deal_order, share,
      amount_minor, currency, home_minor, home_currency, rate, rate_at, effective_at,
      settings_version, occasion, reason"""
    yield "ledger", ledger, _ledger(world)
    concluded = "portal_id, object_type, record_id, desired, settings_version"
    yield "conclusion", concluded, _deal_conclusions(world)
    yield "conclusion", concluded, _people_conclusions(world)
    yield "conclusion", concluded, _company_conclusions(world)
    move = """portal_id, person_id, move_key, former_contact_id, new_contact_id, former_company_id,
      new_company_id, earliest, latest, confidence, status, body, settings_version"""
    yield "move", move, _moves(world)
    yield (
        "deal_stage",
        "portal_id, pipeline, stage, pipeline_label, label, place",
        (
            (p, pipeline, f"{pipeline}-{stage}", label, stage.capitalize(), place)
            for pipeline, label in _PIPELINES
            for place, stage in enumerate((*_STAGES, "closedwon", "closedlost"))
        ),
    )


def _contacts(world: _World) -> Iterator[tuple[object, ...]]:
    for n, (first, last) in enumerate(zip(world.first, world.last, strict=True)):
        employer = int(world.employer[n])
        local = f"{ascii_only(first)}.{ascii_only(last)}{n % 97 or ''}".lower()
        properties = {
            "firstname": first,
            "lastname": last,
            "email": f"{local}@{world.domains[employer]}",
            "company": world.company_names[employer],
            "associatedcompanyid": str(_COMPANIES_FROM + employer),
            "hubspot_owner_id": str(60 + n % _OWNERS),
            "jobtitle": ("Buyer", "Head of Operations", "CTO", "Consultant")[n % 4],
            "lifecyclestage": ("lead", "opportunity", "customer")[n % 3],
        }
        at = _at(n * 7 % _DAYS)
        yield PORTAL, "contact", _CONTACTS_FROM + n, json.dumps(properties), at, at


def _companies(world: _World) -> Iterator[tuple[object, ...]]:
    for n, name in enumerate(world.company_names):
        properties = {
            "name": name,
            "domain": world.domains[n],
            "hubspot_owner_id": str(60 + n % _OWNERS),
            "city": ("Berlin", "Lyon", "Porto", "Austin")[n % 4],
        }
        at = _at(n * 3 % _DAYS)
        yield PORTAL, "company", _COMPANIES_FROM + n, json.dumps(properties), at, at


def _deals(world: _World) -> Iterator[tuple[object, ...]]:
    for n in range(world.sizes.deals):
        pipeline = _PIPELINES[int(world.pipeline[n])][0]
        buyer = int(world.buyer[n])
        properties = {
            "dealname": f"{world.company_names[buyer]} {('new', 'renewal', 'seats', 'pilot')[n % 4]}",
            "amount": str(int(world.amount[n]) // 100),
            "pipeline": pipeline,
            "dealstage": f"{pipeline}-{_stage(world, n)}",
            "hubspot_owner_id": str(60 + int(world.owner[n])),
            "closedate": f"{_closed(world, n):%Y-%m-%dT%H:%M:%SZ}",
        }
        at = _at(int(world.created[n]))
        yield PORTAL, "deal", _DEALS_FROM + n, json.dumps(properties), at, at


def _links(world: _World) -> Iterator[tuple[object, ...]]:
    category = "HUBSPOT_DEFINED"
    for n, employer in enumerate(world.employer.tolist()):
        contact = _CONTACTS_FROM + n
        yield PORTAL, "contact", contact, "company", _COMPANIES_FROM + employer, category, 1
    colleagues = np.argsort(world.employer, kind="stable")
    starts = np.searchsorted(world.employer[colleagues], np.arange(world.sizes.companies + 1))
    for n, buyer in enumerate(world.buyer.tolist()):
        deal = _DEALS_FROM + n
        yield PORTAL, "deal", deal, "company", _COMPANIES_FROM + buyer, category, 5
        for place in range(int(starts[buyer]), int(starts[buyer + 1]))[: 1 + n % 3]:
            contact = _CONTACTS_FROM + int(colleagues[place])
            yield PORTAL, "deal", deal, "contact", contact, category, 3


_DEAL_COLUMNS = """portal_id, deal_id, company_id, created_at, closed_at, is_won, is_open,
  amount_minor, currency, home_minor, home_currency, open_probability, deal_order"""


def _deal_rows(world: _World) -> Iterator[tuple[object, ...]]:
    for n in range(world.sizes.deals):
        state, amount = int(world.state[n]), int(world.amount[n])
        known = amount if n % 29 else None  # some have no amount yet
        yield (
            PORTAL, _DEALS_FROM + n, _COMPANIES_FROM + int(world.buyer[n]),
            _at(int(world.created[n])), None if state == OPEN else _closed(world, n),
            state == WON, state == OPEN, known, CURRENCY, known, CURRENCY,
            400_000 if state == OPEN else 0, 2 if world.source_count[n] else 1,
        )  # fmt: skip


_KINDS = ("moved_champion", "referral", "word_of_mouth")


def _credits(world: _World, n: int) -> list[tuple[str, int, int, int]]:
    """The sources of a deal: kind, credited person's place, their company's, and share."""
    number = int(world.source_count[n])
    earned = []
    for place in range(number):
        person = int(world.credited[n * 3 + place])
        company = int(world.employer[person])
        share = _SHARE_ONE * (60, 25, 10)[place] // 100
        earned.append((_KINDS[(n + place) % 3], person, company, share))
    return earned


def _sources(world: _World) -> Iterator[tuple[object, ...]]:
    for n in range(world.sizes.deals):
        for place, (kind, person, company, share) in enumerate(_credits(world, n)):
            at = _at(max(int(world.created[n]) - 40, 0))
            body = {
                "version": 1, "kind": kind, "w": 900_000, "p": 900_000, "g": 1_000_000,
                "raw": share * 1_000_000 // _SHARE_ONE, "timing": "sourced", "because": [],
            }  # fmt: skip
            yield (
                PORTAL, _DEALS_FROM + n, f"s{place}", kind, _CONTACTS_FROM + person,
                _COMPANIES_FROM + company, share, 0.9, at, json.dumps(body), 1,
            )  # fmt: skip


def _ledger(world: _World) -> Iterator[tuple[object, ...]]:
    """Rows of won deals with an amount: what each source earned, and the remainder."""
    for n in range(world.sizes.deals):
        if world.state[n] != WON or n % 29 == 0:
            continue
        amount, left, rest = int(world.amount[n]), int(world.amount[n]), _SHARE_ONE
        order = 2 if world.source_count[n] else 1
        closed = _closed(world, n)
        lines: list[tuple[str, str, int | None, int | None, int, int]] = []
        for place, (kind, person, company, share) in enumerate(_credits(world, n)):
            part = amount * share // _SHARE_ONE
            left, rest = left - part, rest - share
            lines.append((f"s{place}", kind, person + 1, _COMPANIES_FROM + company, share, part))
        lines.append(("first_order", "first_order", None, None, rest, left))
        for key, kind, subject, company_id, share, part in lines:
            yield (
                PORTAL, _DEALS_FROM + n, key, kind, subject, company_id, order, share, part,
                CURRENCY, part, CURRENCY, 1, closed, closed, 1, "won", "won",
            )  # fmt: skip


def _deal_conclusions(world: _World) -> Iterator[tuple[object, ...]]:
    for n in range(world.sizes.deals):
        earned = _credits(world, n)
        desired = {"second_order_source": "none", "second_order_share": "0"}
        if earned:
            kind, person, _, _ = earned[0]
            share = sum(credit[3] for credit in earned)
            desired = {
                "second_order_source": "several" if len(earned) > 1 else kind,
                "second_order_share": f"{share / _SHARE_ONE:g}",
                "second_order_confidence": "0.9",
                "second_order_timing": "sourced",
                "second_order_order": "2",
                "second_order_source_record": f"contact:{_CONTACTS_FROM + person}",
            }
            if world.state[n] == WON:
                amount = sum(int(world.amount[n]) * credit[3] // _SHARE_ONE for credit in earned)
                desired["second_order_amount_home"] = f"{amount / 100:.2f}"
                desired["second_order_booked_on"] = f"{_closed(world, n):%Y-%m-%d}"
        yield PORTAL, "deal", _DEALS_FROM + n, json.dumps(desired), 1


def _people_conclusions(world: _World) -> Iterator[tuple[object, ...]]:
    """Every tenth contact stands for something; who is credited has a revenue."""
    roles = ("champion", "champion", "promoter", "referrer", "moved_champion")
    for n in range(world.sizes.contacts):
        is_credited = n < world.sizes.contacts // 25
        if not is_credited and n % 17:
            continue
        desired = {"second_order_role": roles[n % 5]}
        if is_credited:
            desired["second_order_revenue"] = f"{(n * 37) % 90_000}.00"
            desired["second_order_referrals"] = str(n % 4)
        if roles[n % 5] == "moved_champion":
            desired["second_order_moved_at"] = f"{_at(n % _DAYS):%Y-%m-%d}"
        yield PORTAL, "contact", _CONTACTS_FROM + n, json.dumps(desired), 1


def _company_conclusions(world: _World) -> Iterator[tuple[object, ...]]:
    bands = ("healthy", "watch", "at_risk", "unknown")
    for n in range(0, world.sizes.companies, 3):
        desired = {
            "second_order_health_band": bands[n % 4],
            "second_order_health": str(n % 100),
            "second_order_revenue": f"{n * 53 % 400_000}.00",
            "second_order_pipeline": f"{n * 31 % 100_000}.00",
            "second_order_deals": str(n % 7),
        }
        yield PORTAL, "company", _COMPANIES_FROM + n, json.dumps(desired), 1


def _moves(world: _World) -> Iterator[tuple[object, ...]]:
    statuses = ("auto", "auto", "auto", "review", "stored")
    for n in range(world.sizes.moves):
        person = n * world.sizes.contacts // world.sizes.moves
        former = int(world.employer[person])
        new = (former + 1 + n % 1000) % world.sizes.companies
        at = _at(n * 11 % _DAYS)
        body = {"version": 1, "kind": "move", "status": statuses[n % 5], "reasons": []}
        yield (
            PORTAL, _CONTACTS_FROM + person, f"m{n}", _CONTACTS_FROM + person,
            _CONTACTS_FROM + person, _COMPANIES_FROM + former, _COMPANIES_FROM + new,
            at - timedelta(days=30), at, 0.6 + n % 40 / 100, statuses[n % 5], json.dumps(body), 1,
        )  # fmt: skip


def _stage(world: _World, n: int) -> str:
    state = int(world.state[n])
    return _STAGES[int(world.stage[n])] if state == OPEN else ("closedwon", "", "closedlost")[state]


def _at(day: int) -> datetime:
    return _NEWEST - timedelta(days=_DAYS - day)


def _closed(world: _World, n: int) -> datetime:
    return min(_at(int(world.created[n]) + int(world.took[n])), _NEWEST)


def _copy(
    connection: psycopg.Connection, table: str, columns: str, rows: Iterable[tuple[object, ...]]
) -> None:
    """Copy rows as text; nothing here has a tab, and of JSON only backslashes are written twice."""
    lines: list[str] = []
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as out,
    ):
        for row in rows:
            lines.append("\t".join(map(_written, row)))
            if len(lines) == _CHUNK:
                out.write("\n".join(lines) + "\n")
                lines.clear()
        if lines:
            out.write("\n".join(lines) + "\n")


def _written(value: object) -> str:
    if value is None:
        return "\\N"
    return value.replace("\\", "\\\\") if isinstance(value, str) else str(value)


def _install(connection: psycopg.Connection) -> None:
    account = json.dumps({"currency": CURRENCY, "time_zone": ZONE, "name": "Big"})
    document = json.dumps({"map": dump_portal_map(PortalMap(home_currency=CURRENCY)), "policy": {}})
    connection.execute(
        """INSERT INTO portal (portal_id, account, scopes, installed_by, settings_version,
             provisioned_at, imported_at, last_sync_at)
           VALUES (%s, %s, '{oauth}', 88, 1, now(), now(), now())
           ON CONFLICT (portal_id) DO UPDATE SET account = excluded.account""",
        (PORTAL, account),
    )
    connection.execute(
        """INSERT INTO settings_version (portal_id, version, body, author) VALUES (%s, 1, %s, 'bench')
           ON CONFLICT DO NOTHING""",
        (PORTAL, document),
    )


if __name__ == "__main__":
    wanted = Sizes.of(int(sys.argv[2])) if len(sys.argv) > 2 else Sizes()
    for part, spent in fill(sys.argv[1], wanted).items():
        print(f"{part}: {spent:.1f} s")
