"""G8: all orders at once, against networkx, SQL and ChannelAttribution; G9: one changed deal."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from bench import one_deal, portfolio
from bench.figures import Report
from bench.ground import ROOT, Ground

_FULL = 1_000_000
_SHARES = """
CREATE TEMP TABLE bench_share AS
  SELECT deal_id, source.company_id, deal.company_id AS buyer, closed_at, home_minor,
    raw / whole * (1 - CASE WHEN most >= 1 THEN 0 ELSE exp(rest) END) AS share
  FROM (SELECT *, sum(raw) OVER one AS whole, max(raw) OVER one AS most,
          sum(ln(greatest(1 - raw, 1e-9))) OVER one AS rest
        FROM (SELECT deal_id, company_id, CAST(body ->> 'raw' AS float8) / 1e6 AS raw FROM source
              WHERE portal_id = 4711) AS touch
        WHERE raw > 0 WINDOW one AS (PARTITION BY deal_id)) AS source
    JOIN deal USING (deal_id)
  WHERE deal.portal_id = 4711 AND source.company_id <> deal.company_id;
ANALYZE bench_share;
"""
_EDGES = """
CREATE TEMP TABLE bench_edge AS
  SELECT earlier.deal_id AS source, one.deal_id AS target, one.company_id AS start,
         buyer AS company,
    sum(share) AS share, home_minor AS amount
  FROM bench_share AS one CROSS JOIN LATERAL (
    SELECT deal_id FROM deal AS before WHERE before.portal_id = 4711 AND before.is_won
      AND before.company_id = one.company_id AND before.closed_at <= one.closed_at
      AND (before.closed_at, before.deal_id) < (one.closed_at, one.deal_id)
    ORDER BY before.closed_at DESC, before.deal_id DESC LIMIT 1) AS earlier
  GROUP BY 1, 2, 3, 4, 6;
CREATE INDEX ON bench_edge (source);
ANALYZE bench_edge
"""
_WALK = """
CREATE TABLE bench_worth AS
WITH RECURSIVE path AS (
  SELECT start, target, company, share, amount, 2 AS n FROM bench_edge
  UNION ALL
  SELECT path.start, edge.target, edge.company, path.share * edge.share, edge.amount, n + 1
  FROM path JOIN bench_edge AS edge ON edge.source = path.target
  WHERE path.company <> path.start AND n < 6 AND path.share * edge.share >= 0.01)
SELECT start, n, sum(share * amount) FILTER (WHERE company <> start) AS money,
  sum(share * amount) FILTER (WHERE company = start) AS returned
FROM path GROUP BY start, n;
ALTER TABLE bench_worth ADD PRIMARY KEY (start, n)
"""


def run(ground: Ground, report: Report) -> None:
    """Roll up the largest portal, as do its rivals; then change single deals at every size."""
    sizes = [size for size in (10_000, 100_000, 1_000_000) if size < report.size] + [report.size]
    for size in sizes:
        ground.empty()
        made = portfolio.grow(size)
        portfolio.load(ground.database_url, made)
        print(f"orders: {size:,} deals are loaded", file=sys.stderr, flush=True)
        if size == report.size:
            whole(ground, report, made)
        one_deal.run(ground, report, size, alone(ground, 36)["seconds"])


def whole(ground: Ground, report: Report, made: portfolio.Portfolio) -> None:
    """G8, without inheritance, which the others do not know."""
    folder = ground.folder / "arrays"
    folder.mkdir(exist_ok=True)
    rounds = min(report.rounds, 3)
    for name in ("touched", "toucher"):
        np.save(folder / f"{name}.npy", getattr(made, name))
    ours, theirs, walked = [], [], []
    for _ in range(rounds):
        ours.append(alone(ground, 0, str(folder)))
        theirs.append(in_sql(ground))
        walked.append(rival("networkx", folder))
        print(f"orders: {ours[-1]} {theirs[-1]} {walked[-1]}", file=sys.stderr, flush=True)
    size = len(made.company)
    report.note(
        f"roll-up: {size:,} deals, {len(made.touched):,} touches,"
        f" {ours[0]['companies']:,} companies, {ours[0]['edges']:,} edges"
        f" up to order {ours[0]['deepest']}; second and further orders"
        f" {ours[0]['total'] / 100:,.2f}, returned to their customer"
        f" {ours[0]['returned'] / 100:,.2f}, shares refused {ours[0]['refused']:,};"
        " SQL begins, like ours, with each touch's raw; networkx with finished edges"
    )
    agree(ours[0], theirs[0], "plain SQL")
    full = size >= _FULL
    report.goal(
        "G8",
        "roll-up: share of plain SQL's time",
        _over(ours, theirs, "seconds"),
        **_aim(full, at_most=0.5),
    )
    report.goal("G8", "roll-up: peak memory, MiB", [one["MiB"] for one in ours], at_most=2048)
    report.goal("", "  database to database, s", [one["seconds"] for one in ours])
    report.goal("", "  of that writing all values, s", [one["write"] for one in ours])
    report.goal("", "  all orders from edges, CPU s", [one["walk"] for one in ours])
    report.goal(
        "", "  plain SQL: edges, then a recursive query, s", [one["seconds"] for one in theirs]
    )
    _networkx(report, [one for one in walked if one], ours, full=full)
    _channels(report, folder)


def _aim(full: bool, **aim: float) -> dict[str, float]:
    """Goals are for a full portal; smaller ones show the curve, where fixed costs rule."""
    return aim if full else {}


def alone(ground: Ground, months: int, *folder: str) -> dict[str, float]:
    """Our roll-up in its own process; no values are kept yet."""
    ground.sql("TRUNCATE all_in")
    return _said([sys.executable, "-m", "bench.alone", ground.database_url, str(months), *folder])


def in_sql(ground: Ground) -> dict[str, float]:
    """SQL by hand: shares, edges by a lateral join, one recursive query with the rules' ends.

    The values are kept by company, as ours are.
    """
    with psycopg.connect(ground.database_url) as connection:
        started = time.perf_counter()
        connection.execute(_SHARES)
        connection.execute(_EDGES)
        connection.execute(_WALK)
        connection.commit()
        seconds = time.perf_counter() - started
        row = connection.execute("SELECT sum(money), sum(returned) FROM bench_worth").fetchone()
        connection.execute("DROP TABLE bench_worth, bench_edge, bench_share")
    assert row
    return {"seconds": seconds, "total": float(row[0] or 0), "returned": float(row[1] or 0)}


def agree(ours: dict[str, float], theirs: dict[str, float], who: str) -> None:
    """Floating point and rounding once a company aside, all methods find the same money."""
    for name in ("total", "returned"):
        assert abs(ours[name] - theirs[name]) <= max(3e-9 * abs(theirs[name]), ours["companies"]), (
            who,
            ours,
            theirs,
        )


def _networkx(
    report: Report, theirs: list[dict[str, float]], ours: list[dict[str, float]], *, full: bool
) -> None:
    if not theirs:
        report.note("networkx: not measured; no Python with it (name one in BENCH_RIVALS)")
        return
    agree(ours[0], theirs[0], "networkx")
    ratio = [
        (one["build"] + one["walk"]) / mine["walk"] for one, mine in zip(theirs, ours, strict=True)
    ]
    report.goal(
        "G8", "all orders from edges: networkx's CPU in ours", ratio, **_aim(full, at_least=10)
    )
    report.goal("", "  networkx: its graph, CPU s", [one["build"] for one in theirs])
    report.goal("", "  networkx: the walk, CPU s", [one["walk"] for one in theirs])
    report.goal("", "  networkx: peak memory, MiB", [one["MiB"] for one in theirs])


def _channels(report: Report, folder: Path) -> None:
    found = rival("channels", folder)
    if found is None:
        report.note(
            "ChannelAttribution: not measured; no Python with it (name one in BENCH_RIVALS)"
        )
        return
    report.goal("", "  ChannelAttribution: heuristics, no chains, CPU s", found["walk"])


def rival(name: str, folder: Path) -> dict[str, float] | None:
    """Run a rival with the Python that has it: BENCH_RIVALS, or our own; None when neither has."""
    for python in (os.environ.get("BENCH_RIVALS"), sys.executable):
        if python:
            found = subprocess.run(
                [python, str(ROOT / "bench/walkers.py"), name, str(folder)],
                capture_output=True,
                text=True,
                check=False,
            )
            if found.returncode == 0:
                return dict(json.loads(found.stdout.splitlines()[-1]))
            if "ModuleNotFoundError" not in found.stderr:
                raise RuntimeError(found.stderr[-2000:])
    return None


def _said(command: list[str]) -> dict[str, Any]:
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode:
        raise RuntimeError(found.stderr[-3000:])
    return dict(json.loads(found.stdout.splitlines()[-1]))


def _over(ours: list[dict[str, float]], theirs: list[dict[str, float]], name: str) -> list[float]:
    return [mine[name] / other[name] for mine, other in zip(ours, theirs, strict=True)]
