"""A wheel is whole: built, installed away from the checkout, and started in an empty folder."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
import requests

from integration.core.servers import free_port
from integration.storage import database
from tests.chaos_service import answers
from tests.waiting import PATIENCE, wait_until

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
    """The programs of an environment that has the wheel, and what it needs from the tests' own.

    A folder named by a .pth file is searched, and its own .pth files are not: so the checkout, which
    the tests' environment knows by such a file, is not found.
    """
    environment = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(environment)],
        check=True, timeout=PATIENCE,
    )  # fmt: skip
    programs = environment / "bin"
    pip("--python", str(programs / "python"), "install", "--no-deps", "--no-index", str(wheel))
    (site_packages,) = environment.glob("lib/python*/site-packages")
    (site_packages / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


def pip(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        capture_output=True, text=True, check=False, timeout=PATIENCE,
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


def test_an_installed_copy_comes_up_in_an_empty_folder_with_schema_and_pages(
    installed: Path, tmp_path: Path
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": os.defpath, "DATA_DIR": str(tmp_path / "data"), "PORT": str(port),
        "PUBLIC_URL": address, "LOG_LEVEL": "ERROR", "WORKERS": "1", "WEB_PROCESSES": "1",
    }  # fmt: skip
    (folder := tmp_path / "empty").mkdir()
    with subprocess.Popen(
        [installed / "second-order", "up"], cwd=folder, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            wait_until(
                lambda: answers(f"{address}/readyz"),
                lambda: "the installed copy does not come up",
                unless=lambda: process.poll() is not None,
            )
            assert "/assets/" in requests.get(f"{address}/", timeout=PATIENCE).text
            assert answers(f"{address}/assets/site.css")
        finally:
            process.terminate()
            said = process.communicate(timeout=PATIENCE)[1]
    assert f"schema {database.newest_version()}" in said
