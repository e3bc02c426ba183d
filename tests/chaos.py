"""Kill everything for a while under load, then count: python -m tests.chaos --seconds 60 --seed 1."""

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tests import chaos_verdict as judge
from tests.chaos_faults import Faults
from tests.chaos_senders import Ledger, Senders, Users
from tests.chaos_service import Service, inside, serve, wait_until_ready
from tests.chaos_verdict import Verdict
from tests.sandbox import server, town
from tests.sandbox.crm import HubSpot
from tests.world import World

SETTLE_SECONDS = 240.0


def main() -> int:
    """Run one storm; the status is 0 when every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--scale", type=float, default=0.05, help="size of the town, 1 is 4,000 contacts"
    )
    parser.add_argument(
        "--tangled", action="store_true", help="also change evidence; fields are then not compared"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        help="leave the service's log in this folder, and both databases when they differ",
    )
    given = parser.parse_args()
    verdict = run(Storm(given.seconds, given.seed, given.scale, given.tangled), given.keep)
    console = Console(highlight=False, soft_wrap=True)
    for name, figure in verdict.figures.items():
        console.print(f"{name:>32}  {figure}")
    for sentence in verdict.broken:
        console.print(f"[bold red]BROKEN[/bold red] {sentence}", markup=True)
    console.print(
        "Every promise was kept."
        if not verdict.broken
        else f"{len(verdict.broken)} promises were broken."
    )
    return 1 if verdict.broken else 0


@dataclass(frozen=True)
class Storm:
    """How long, how large, and whether users also change what was evidence."""

    seconds: float
    seed: int
    scale: float = 0.05
    tangled: bool = False


def run(storm: Storm, keep: Path | None = None) -> Verdict:
    """Storm, calm, settle, judge."""
    verdict = Verdict()
    data = Path(tempfile.mkdtemp(prefix="second-order-chaos-"))
    try:
        with contextlib.ExitStack() as stack:
            hubspot = HubSpot(seed=storm.seed)
            town.load(hubspot, scale=storm.scale, orchard_scale=storm.scale / 2)
            for portal in hubspot.portals.values():
                portal.allowance.limit = 100_000  # the peak is measured, not cut off
            outside = stack.enter_context(server.start(hubspot))
            service = stack.enter_context(serve(data, hubspot, outside.url))
            world = stack.enter_context(inside(service, hubspot))
            for account in world.accounts:
                world.install(account)
            ledger = _storm(storm, verdict, service, world)
            _judge(storm, verdict, service, world, ledger, keep)
    finally:
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            shutil.copy(data / "service.log", keep / f"service-{storm.seed}.log")
        shutil.rmtree(data, ignore_errors=True)
    return verdict


def _storm(storm: Storm, verdict: Verdict, service: Service, world: World) -> Ledger:
    hubspot = world.hubspot
    senders, faults = Senders(hubspot, storm.seed), Faults(service, storm.seed)
    users = Users(hubspot, storm.seed, tangled=storm.tangled)
    began = time.monotonic()
    with senders.running():
        with users.running():
            _hubspot_misbehaves(hubspot)
            faults.storm(storm.seconds)
        senders.storming = False
        hubspot.trouble.clear()
        faults.calm()
        wait_until_ready(service)
        stormed = time.monotonic() - began
        took, left = judge.settle(world, senders, SETTLE_SECONDS)
    verdict.must(not left, f"not settled after {took:.0f} seconds: {left}")
    ledger = senders.ledger
    verdict.figures |= {
        "storm (seconds)": round(stormed, 1),
        "faults": sum(faults.done.values()),
        "of which": dict(faults.done),
        "changes by users": users.changes,
        "events acknowledged": ledger.events,
        "deliveries / attempts": f"{ledger.deliveries} / {ledger.attempts}",
        "slowest answer (seconds)": round(ledger.slowest, 2),
        "settled after (seconds)": round(took, 1),
    }
    return ledger


def _judge(
    storm: Storm,
    verdict: Verdict,
    service: Service,
    world: World,
    ledger: Ledger,
    keep: Path | None,
) -> None:
    settled = service.command("settle", "--timeout", "60")
    verdict.must(
        settled.returncode == 0,
        f"second-order settle ends with {settled.returncode}: {settled.stderr[-300:]}",
    )
    there = {
        role: len(service.processes(role)) for role in ("web", "web worker", "worker", "schedule")
    }
    verdict.must(all(there.values()), f"not everything came back: {there}")
    judge.nothing_is_lost(verdict, world, ledger)
    judge.the_mirror_is_right(verdict, world)
    judge.the_limits_were_kept(verdict, world.hubspot, ledger)
    if storm.tangled:
        return
    for role in ("schedule", "worker"):
        for process in service.processes(role):
            process.suspend()  # the clean run has the local HubSpot for itself
    judge.all_is_as_in_a_clean_run(verdict, service, world, keep)


def _hubspot_misbehaves(hubspot: HubSpot) -> None:
    for kind in ("500", "502", "reset", "lost", "truncated"):
        hubspot.trouble.add(kind, probability=0.02)
    hubspot.trouble.add("429", probability=0.005, seconds=1)


if __name__ == "__main__":
    sys.exit(main())
