"""A wheel is whole: built, installed away from the checkout, and started in an empty folder."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from integration.core.servers import free_port
from integration.storage import database
from tests import admin
from tests.chaos_service import answers
from tests.sandbox import server as sandbox
from tests.sandbox.crm import HubSpot
from tests.waiting import PATIENCE, wait_until
from tests.world import HARBOR, ORCHARD

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("commands", "integration", "mappings", "webhooks", "workers")
SOURCE = ("LICENSE", "README.md", "pyproject.toml", "setup.cfg", "wsgi.py")
LEAVINGS = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout, built from a copy, so that building leaves nothing behind here."""
    folder = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=LEAVINGS)
    for name in SOURCE:
        shutil.copy(ROOT / name, folder / name)
    pip(
        "wheel", "--no-deps", "--no-index", "--no-build-isolation",
        "--wheel-dir", str(folder / "wheels"), str(folder),
    )  # fmt: skip
    (built,) = (folder / "wheels").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment that has the wheel and what the wheel asks for.

    On a laptop, which may be offline, what it asks for is borrowed from the tests' own environment.
    """
    environment = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(environment)],
        check=True, timeout=PATIENCE,
    )  # fmt: skip
    programs = environment / "bin"
    into = ("--python", str(programs / "python"), "install")
    if os.environ.get("CI"):
        pip(*into, "--constraint", str(ROOT / "constraints.txt"), f"{wheel}[embedded]")
    else:
        pip(*into, "--no-deps", "--no-index", str(wheel))
        _borrow(environment)
    return programs


def _borrow(environment: Path) -> None:
    """Let *environment* find what the tests' environment has, but not the checkout.

    A folder named by a .pth file is searched, and its own .pth files are not: so the checkout, which
    the tests' environment knows by such a file, is not found.
    """
    (site_packages,) = environment.glob("lib/python*/site-packages")
    (site_packages / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")


def pip(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        capture_output=True, text=True, check=False, timeout=2 * PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    ours = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_an_installed_copy_finds_its_data(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [installed / "python", Path(__file__).with_name("installed_data.py")],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers_of_data = json.loads(done.stdout)
    copy = Path(answers_of_data.pop("copy"))
    assert copy.is_relative_to(installed.parent.resolve())
    assert all(answers_of_data.values()), answers_of_data


@pytest.fixture
def hubspot() -> HubSpot:
    """Two accounts, each with a deal that was won."""
    made = HubSpot()
    for portal_id, name in ((HARBOR, "Harbor"), (ORCHARD, "Orchard")):
        portal = made.add_portal(portal_id, name)
        with portal.silently():
            portal.create(
                "deal", {"dealname": "Acme buys", "dealstage": "closedwon", "amount": "100"}
            )
    return made


def test_an_installed_copy_comes_up_in_an_empty_folder_and_does_its_work(
    installed: Path, hubspot: HubSpot, tmp_path: Path
) -> None:
    """From nothing to a field in HubSpot, with nothing of the checkout in reach."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    hubspot.app.redirect_urls = [f"{address}/oauth/callback"]
    (folder := tmp_path / "empty").mkdir()
    with sandbox.start(hubspot) as outside:
        environment = {
            "PATH": os.defpath, "DATA_DIR": str(tmp_path / "data"), "PORT": str(port),
            "PUBLIC_URL": address, "LOG_LEVEL": "ERROR", "WORKERS": "1", "WEB_PROCESSES": "1",
            "HUBSPOT_APP_ID": str(hubspot.app.app_id), "HUBSPOT_CLIENT_ID": hubspot.app.client_id,
            "HUBSPOT_CLIENT_SECRET": hubspot.app.client_secret, "HUBSPOT_API_URL": outside.url,
            "HUBSPOT_AUTHORIZE_URL": outside.authorize_url,
        }  # fmt: skip
        with comes_up(installed, environment, folder):
            assert "/assets/" in requests.get(f"{address}/", timeout=PATIENCE).text
            assert answers(f"{address}/assets/site.css")
            admin.installed(address, hubspot, HARBOR)
            wait_until(
                lambda: source(hubspot, HARBOR) == "none",
                lambda: "no field was written",
                every=1.0,
            )
            assert source(hubspot, ORCHARD) == ""
            listed = subprocess.run(
                [installed / "second-order", "portals", "--json"], cwd=folder, env=environment,
                capture_output=True, check=True, timeout=PATIENCE,
            )  # fmt: skip
    (portal,) = json.loads(listed.stdout)
    assert (portal["portal_id"], portal["state"]) == (HARBOR, "active")
    assert list(folder.iterdir()) == []


@contextlib.contextmanager
def comes_up(programs: Path, environment: dict[str, str], folder: Path) -> Iterator[None]:
    """Run `up` from the moment that it says it runs; by then it answers."""
    log = folder.parent / "said"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [programs / "second-order", "up"],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            wait_until(
                lambda: b"Second Order runs at" in log.read_bytes(),
                lambda: f"the installed copy does not come up: {log.read_text()}",
                unless=lambda: process.poll() is not None,
            )
            assert f"schema {database.newest_version()}" in log.read_text()
            # The first start takes a while: somebody who waits is told that it began.
            assert f"Second Order starts; its data is in {folder.parent}" in log.read_text()
            assert requests.get(f"{environment['PUBLIC_URL']}/readyz", timeout=PATIENCE).ok
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def source(hubspot: HubSpot, portal_id: int) -> str:
    """What the account's users see on its deal."""
    (deal,) = hubspot.portals[portal_id].all("deal")
    return deal.get("second_order_source") or ""
