"""Settings in a terminal: what a file of settings would change, and what the map says."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from commands.main import cli
from integration.core.environment import Settings
from integration.storage.database import Database
from tests.contract.conclude_world import HARBOR, ORCHARD, Clock, MirrorPortal
from tests.contract.test_settings_history import installed

Run = Callable[..., Result]


@pytest.fixture
def harbor(database: Database) -> MirrorPortal:
    clock = Clock(database)
    clock.queue = SimpleNamespace(wake=lambda *_: None)  # type: ignore[attr-defined]  # nobody waits to be woken here
    MirrorPortal(clock, ORCHARD).install()
    return installed(clock, HARBOR)


@pytest.fixture
def run(settings: Settings) -> Run:
    environment = {
        "DATA_DIR": str(settings.data_dir), "DATABASE_URL": str(settings.database_url),
        "REDIS_URL": str(settings.redis_url), "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": ",".join(settings.token_keys), "LOG_LEVEL": "ERROR", "COLUMNS": "140",
    }  # fmt: skip
    return lambda *arguments: CliRunner().invoke(cli, arguments, env=environment)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"moved_sourced": 500_000}))
    return path


def test_preview_prints_what_a_file_of_settings_would_change(
    harbor: MirrorPortal, run: Run, file: Path
) -> None:
    done = run("preview", str(HARBOR), str(file))

    assert done.exit_code == 0, done.output
    assert "moved_sourced: 900000 -> 500000" in done.output
    assert "Looked at 2 of 2 deals." in done.output
    assert "$32,400.00" in done.output
    assert "$18,000.00" in done.output
    assert harbor.values("settings_version", "version") == [1]


def test_preview_has_the_same_as_json(harbor: MirrorPortal, run: Run, file: Path) -> None:
    found = json.loads(run("preview", str(HARBOR), str(file), "--json").output)

    assert harbor.portal_id == HARBOR
    assert found["booked_by_month"] == {
        "before": {"2025-05": "32400.00"},
        "after": {"2025-05": "18000.00"},
    }
    assert found["records_to_write"] == {"company": 2, "contact": 1, "deal": 2}
    assert found["held_until_confirmed"] is False
    assert [example["deal_id"] for example in found["sample"]] == [9]


def test_what_the_commands_print_is_a_file_that_changes_nothing(
    harbor: MirrorPortal, run: Run, tmp_path: Path
) -> None:
    printed = {
        "map": json.loads(run("policy", str(HARBOR), "--map", "--json").output),
        "policy": json.loads(run("policy", str(HARBOR), "--json").output),
    }
    path = tmp_path / "all.json"
    path.write_text(json.dumps(printed))

    found = json.loads(run("preview", str(HARBOR), str(path), "--json").output)

    assert harbor.portal_id == HARBOR
    assert found["changes"] == []
    assert found["booked_by_month"]["before"] == found["booked_by_month"]["after"]


def test_a_file_that_is_no_json_is_refused(harbor: MirrorPortal, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text("{")

    done = run("preview", str(harbor.portal_id), str(path))

    assert done.exit_code == 1
    assert "is no JSON" in str(done.exception)
