"""A disk that is really full, under load: nothing acknowledged is lost, and nothing is called poison."""

import contextlib
import errno
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import chaos_verdict as judge
from tests.chaos_senders import Senders, Users
from tests.chaos_service import inside, serve, wait_until_ready
from tests.chaos_verdict import Verdict
from tests.sandbox import server, town
from tests.sandbox.crm import HubSpot
from tests.waiting import PATIENCE, wait_until

# A new cluster, its write-ahead log, and what half a minute of load adds.
MEGABYTES = 256
FULL_SECONDS = 15.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own in memory, which only root may mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = shutil.which("mount") or "mount", shutil.which("umount") or "umount"
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=0711", "tmpfs", str(folder)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run([umount, "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Leave not a byte in *folder* meanwhile, whatever is deleted beside."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        _fill(file.fileno())
        yield
    filler.unlink()


def _fill(file: int) -> None:
    for size in (1 << 20, 1 << 12):
        with contextlib.suppress(OSError):
            while os.write(file, b"\0" * size):
                pass
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        os.write(file, b"\0" * (1 << 12))


@pytest.mark.timeout(6 * PATIENCE)
def test_a_full_disk_under_load_loses_nothing_and_makes_nothing_poison(small_disk: Path) -> None:
    hubspot = HubSpot(seed=5)
    town.load(hubspot, scale=0.02, orchard_scale=0.01)
    for portal in hubspot.portals.values():
        portal.allowance.limit = 100_000
    with (
        server.start(hubspot) as outside,
        serve(small_disk, hubspot, outside.url) as service,
        inside(service, hubspot) as world,
    ):
        for account in world.accounts:
            world.install(account)
        senders = Senders(hubspot, 1)
        with senders.running():
            with Users(hubspot, 1).running():
                _fill_for_a_while(small_disk, senders)
                wait_until_ready(service)
            senders.storming = False
            took, left = judge.settle(world, senders, PATIENCE)
        assert not left, f"{left} after {took:.0f} seconds"
        verdict = Verdict()
        judge.nothing_is_lost(verdict, world, senders.ledger)
        judge.the_mirror_is_right(verdict, world)
        judge.the_limits_were_kept(verdict, hubspot, senders.ledger)
        assert not verdict.broken


def _fill_for_a_while(disk: Path, senders: Senders) -> None:
    answers = senders.ledger.answers
    wait_until(lambda: senders.ledger.deliveries > 50, lambda: "nothing is received")
    with filled(disk):
        wait_until(
            lambda: answers["503"] + answers["no answer"] > 20,
            lambda: f"nobody minds the full disk: {answers}",
        )
        time.sleep(FULL_SECONDS)
