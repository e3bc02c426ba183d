"""A made-up portal for the roll-up: deals, touches and companies by a seed.

For n deals: 3 n touches, 0.3 n companies. A touch by somebody of the buying company has no force;
every fifth is by another customer's person and makes a derived source with weight, certainty and
age as the rules give them. One source in a hundred comes from somebody who may have bought only
later, and every hundredth company has a partner: those two bring each other, and nobody else, in
turn. So what is refused and what returns occurs as well.
"""

from dataclasses import dataclass

import numpy as np
import psycopg

from integration.rollup import edge_arrays, share_arrays
from integration.rollup.arrays import Ints
from mappings.rules.policy import DEFAULT

SEED = 20_26
FIRST_DEAL, FIRST_COMPANY = 9_000_000_000, 5_000_000_000
_OUTSIDE = 0.2
_LATER = 0.01
_DAY = 86_400_000_000
_YEARS = 8 * 365
_WEIGHTS = np.array([900_000, 850_000, 550_000, 500_000, 350_000, 250_000])
_SURE = np.array([980_000, 950_000, 850_000, 800_000, 600_000])


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Columns of deals and of touches (by the place of their deal)."""

    company: Ints
    amount: Ints
    closed: Ints
    touched: Ints
    toucher: Ints
    raw: Ints

    @property
    def ids(self) -> Ints:
        return np.arange(len(self.company)) + FIRST_DEAL


def grow(deals: int) -> Portfolio:
    """Make one up, always the same for a number of deals; these are numbered by their close."""
    chance = np.random.default_rng(SEED)
    companies = max(deals * 3 // 10, 2)
    company = chance.integers(0, companies, deals) + FIRST_COMPANY
    amount = np.exp(chance.normal(14, 1, deals)).astype(np.int64)
    closed = np.sort(chance.integers(0, _YEARS * _DAY, deals)) + 18 * 365 * _DAY
    touched = chance.integers(0, deals, deals * 3)
    outside = chance.random(deals * 3) < _OUTSIDE
    outside &= touched > 0
    earlier = (chance.random(deals * 3) * touched).astype(np.int64)
    later = chance.random(deals * 3) < _LATER
    giver = np.where(later, chance.integers(0, deals, deals * 3), earlier)
    toucher = np.where(outside, company[giver], company[touched])
    toucher = np.where(outside, _partner(company[touched], toucher, companies), toucher)
    outside &= toucher != company[touched]
    age = np.exp2(-np.maximum(0, chance.integers(0, 730, deals * 3) - 180) / 365)
    force = chance.choice(_WEIGHTS, deals * 3) * chance.choice(_SURE, deals * 3) // 10**6 * age
    return Portfolio(
        company, amount, closed, touched, toucher, np.where(outside, force.astype(np.int64), 0)
    )


def _partner(company: Ints, toucher: Ints, companies: int) -> Ints:
    place = company - FIRST_COMPANY
    partner = np.where(place // 100 % 2 == 0, place + 100, place - 100)
    return np.where((place % 100 == 0) & (partner < companies), partner + FIRST_COMPANY, toucher)


_STAGES = """
DROP TABLE IF EXISTS bench_deal, bench_touch, bench_edge;
CREATE UNLOGGED TABLE bench_deal (
  deal_id bigint, company_id bigint, amount bigint, closed bigint, n bigint);
CREATE UNLOGGED TABLE bench_touch (
  deal_id bigint, company_id bigint, raw bigint, share bigint, touch bigint);
CREATE UNLOGGED TABLE bench_edge (
  source bigint, target bigint, company_id bigint, share bigint, inherited bigint);
"""
_FILL = """
SET app.portal_id = '4711';
INSERT INTO deal (portal_id, deal_id, company_id, created_at, closed_at, is_won, is_open,
                  amount_minor, currency, home_minor, home_currency, deal_order)
  SELECT 4711, deal_id, company_id, at - interval '60 days', at, true, false,
    amount, 'USD', amount, 'USD', n
  FROM (SELECT *, timestamptz '2000-01-01' + make_interval(secs => closed / 1e6) AS at
        FROM bench_deal) AS d;
INSERT INTO source (portal_id, deal_id, source_key, kind, contact_id, company_id, share,
                    confidence, at, body, settings_version)
  SELECT 4711, deal_id, 'referral|s' || lpad(touch::text, 20, '0') || '|' || company_id,
    'referral', touch, company_id, share, raw / 1e6, NULL, jsonb_build_object('raw', raw), 1
  FROM bench_touch;
INSERT INTO edge (portal_id, from_deal_id, to_deal_id, source_key, from_company_id, share,
                  inherited)
  SELECT 4711, source, target, 'edge|' || source || '|' || inherited, company_id, share,
    inherited = 1
  FROM bench_edge;
DROP TABLE bench_deal, bench_touch, bench_edge;
"""


def load(url: str, made: Portfolio) -> None:
    """Store deals, touches with their shares, edges and orders as conclude leaves them."""
    touches = np.arange(len(made.touched)) + 1
    shares = _shares(made, touches)
    deals = edge_arrays.Deals.of(made.ids, made.company, made.amount, made.closed)
    hung = edge_arrays.attach(deals, made.ids[made.touched], made.toucher, shares, DEFAULT)
    edges = hung.edges
    owner = deals.companies[deals.company[edges.source]]
    with psycopg.connect(url) as connection:
        connection.execute(_STAGES)
        copy(
            connection, "bench_deal", made.ids, made.company, made.amount, made.closed, hung.orders
        )
        copy(
            connection,
            "bench_touch",
            made.ids[made.touched],
            made.toucher,
            made.raw,
            shares,
            touches,
        )
        ends = deals.id[edges.source], deals.id[edges.target]
        copy(connection, "bench_edge", *ends, owner, edges.share, edges.inherited.astype(np.int64))
        connection.execute(_FILL)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _shares(made: Portfolio, touches: Ints) -> Ints:
    found = share_arrays.share(made.touched, made.raw, DEFAULT.derived_cap)
    share = found.share.copy()
    tied = np.flatnonzero(np.isin(made.touched, found.undecided) & (made.raw > 0))
    of_deal: dict[int, list[int]] = {}
    for row in tied.tolist():
        of_deal.setdefault(int(made.touched[row]), []).append(row)
    for rows in of_deal.values():
        parts = share_arrays.by_keys(
            {f"{touches[row]:020d}": int(made.raw[row]) for row in rows}, DEFAULT.derived_cap
        )
        for row in rows:
            share[row] = parts[f"{touches[row]:020d}"]
    return share


def copy(connection: psycopg.Connection, table: str, *columns: Ints) -> None:
    """Copy columns of integers into a table of that shape."""
    layout = np.dtype(
        [
            ("fields", ">i2"),
            *((f"c{n}", [("size", ">i4"), ("v", ">i8")]) for n in range(len(columns))),
        ]
    )
    rows = np.zeros(len(columns[0]), layout)
    rows["fields"] = len(columns)
    for n, values in enumerate(columns):
        rows[f"c{n}"]["size"], rows[f"c{n}"]["v"] = 8, values
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()) as out,
    ):
        out.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff")
