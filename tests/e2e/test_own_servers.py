"""Any PostgreSQL from 15 on and any Redis or Valkey may take the place of the embedded ones."""

import json
import subprocess
import sys
from pathlib import Path

from integration.core import servers
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "commands", *arguments],
        env={"PATH": "/usr/bin:/bin", **environment}, cwd=ROOT,
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip


def test_servers_given_by_url_take_the_place_of_embedded_ones(tmp_path: Path) -> None:
    with servers.embedded(tmp_path / "elsewhere") as given:
        urls = {
            "DATABASE_URL": given.database_url,
            "REDIS_URL": given.redis_url,
            "DATA_DIR": str(tmp_path / "data"),
        }
        assert "is at version" in command("migrate", **urls).stdout
        assert json.loads(command("portals", "--json", **urls).stdout) == []
        doctor = command("doctor", "--json", **urls)
        found = {each["what"]: each["ok"] for each in json.loads(doctor.stdout)}
        assert found["PostgreSQL"]
        assert found["Valkey"]
        assert found["schema"]
    assert not (tmp_path / "data" / "postgres").exists()
    assert not (tmp_path / "data" / "valkey").exists()


def test_no_servers_at_all_is_a_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    done = command("portals", DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "second-order up" in done.stderr
    assert "DATABASE_URL" in done.stderr
