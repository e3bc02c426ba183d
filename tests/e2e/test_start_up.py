"""Processes start in any folder, for any user, under any locale, in any path; or say why not in one sentence."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from integration.core import own_process
from integration.core.servers import Servers, free_port
from integration.storage import database as databases
from tests.chaos_service import answers
from tests.waiting import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.executable).with_name("second-order")
PACKAGES = ("commands", "integration", "mappings", "webhooks", "workers", "wsgi.py")
KEY = Fernet.generate_key().decode()
# All commands that a person or a supervisor starts without knowing an account.
COMMANDS = (
    "up",
    "web",
    "worker",
    "schedule",
    "migrate",
    "portals",
    "settle",
    "doctor",
    "rotate-keys",
)
# A user whose number nobody knows, who may read what root may and write nothing.
NUMBER = (
    "setpriv", "--reuid=54321", "--regid=54321", "--clear-groups",
    "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
)  # fmt: skip


@pytest.fixture
def environment(embedded: Servers, clean: None, tmp_path: Path) -> dict[str, str]:
    """All that a process needs, and nothing of this one's environment: neither HOME nor a locale."""
    port = free_port()
    return {
        "PATH": os.defpath, "DATA_DIR": str(tmp_path / "data"), "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}", "DATABASE_URL": embedded.database_url,
        "REDIS_URL": embedded.redis_url, "SECRET_KEY": "a-secret-key-for-tests-only", "TOKEN_KEYS": KEY,
        "FORGET_KEYS": KEY, "LOG_LEVEL": "WARNING", "WEB_PROCESSES": "1", "WORKERS": "1",
    }  # fmt: skip


def run(
    arguments: Sequence[str | Path], environment: dict[str, str], folder: Path
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        arguments, env=environment, cwd=folder, capture_output=True, check=False, timeout=PATIENCE
    )


def comes_up(
    arguments: Sequence[str | Path], environment: dict[str, str], folder: Path
) -> list[str]:
    """Run `up` until it says that it runs; return all that was said."""
    log = folder / "said"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            arguments, env=environment, cwd=folder, stdout=output, stderr=output
        ) as process,
    ):
        try:
            wait_until(
                lambda: b"Second Order runs at" in log.read_bytes(),
                lambda: f"it does not come up: {log.read_text()}",
                unless=lambda: process.poll() is not None,
            )
        finally:
            process.terminate()
            process.wait(PATIENCE)
    return log.read_text().splitlines()


def strangers(folder: Path) -> Path:
    """A folder with a module of every name that our processes import, which tells when it is imported."""
    folder.mkdir()
    modules = {name.partition(".")[0] for name in sys.modules} | {
        "commands",
        "workers",
        "wsgi",
        "sitecustomize",
    }
    for name in modules - {"__main__"}:
        (folder / f"{name}.py").write_text(
            f"import os\nos.open({str(folder / 'imported')!r}, os.O_CREAT | os.O_WRONLY)\n"
        )
    return folder


def test_no_process_imports_what_lies_in_the_current_folder(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = strangers(tmp_path / "strange")

    comes_up([PROGRAM, "up"], {**environment, "PYTHONPATH": ""}, folder)

    assert not (folder / "imported").exists()


def test_nor_does_any_process_that_a_process_starts(tmp_path: Path) -> None:
    """As the sweeper, which starts others while Valkey is away; an empty entry of a path means the folder, too."""
    folder = strangers(tmp_path / "strange")
    starts = "import multiprocessing as m; p = m.get_context('spawn').Process(target=print); p.start(); p.join()"
    spoiled = {"PATH": os.defpath, "PYTHONPATH": f"{os.pathsep}.{os.pathsep}relative"}

    done = run([sys.executable, "-c", starts], own_process.surroundings(spoiled), folder)

    assert (done.returncode, done.stderr) == (0, b"")
    assert not (folder / "imported").exists()
    run([sys.executable, "-c", "import mappings"], spoiled, folder)
    assert (folder / "imported").exists(), "these strangers can tell"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without a name")
@pytest.mark.parametrize("home", [None, "/"], ids=["none", "root"])
def test_a_user_without_a_home_needs_no_folder(
    environment: dict[str, str], tmp_path: Path, home: str | None
) -> None:
    del environment["DATA_DIR"]
    if home is not None:
        environment["HOME"] = home
    folder = tmp_path / "work"
    folder.mkdir(mode=0o777)

    assert run([*NUMBER, PROGRAM, "portals"], environment, Path("/")).returncode == 0
    if home is None:
        comes_up([*NUMBER, PROGRAM, "up"], environment, folder)
    for missing in ("DATABASE_URL", "FORGET_KEYS"):
        less = {name: value for name, value in environment.items() if name != missing}
        done = run([*NUMBER, PROGRAM, "up"], less, folder)
        assert is_one_sentence(done)
        assert b"DATA_DIR" in done.stderr


def is_one_sentence(done: "subprocess.CompletedProcess[bytes]") -> bool:
    """Whether a command ended with a sentence for people: status 1, no traceback, one line."""
    said = (done.stderr or done.stdout).decode().strip()
    assert "Traceback" not in said, said
    assert done.returncode == 1, said
    return said.startswith("second-order: ") and "\n" not in said


NOWHERE = "127.0.0.1:9"
NO_SERVER = "postgresql://ana:canary@127.0.0.1:9/app"


@pytest.mark.parametrize(
    ("command", "url"),
    [
        ("migrate", NO_SERVER),
        ("portals", NO_SERVER),
        ("up", NO_SERVER),
        ("settle", NO_SERVER),
        ("migrate", "postgresql://ana:canary@nobody.invalid/app"),
        ("migrate", "postgresql://ana:canary@{server}/postgres"),
        ("portals", "{owner}@{server}/nothing"),
    ],
    ids=[
        "migrate",
        "portals",
        "up",
        "settle",
        "no such host",
        "wrong password",
        "no such database",
    ],
)
def test_what_is_wrong_with_the_database_is_one_sentence_without_the_password(
    environment: dict[str, str], embedded: Servers, tmp_path: Path, command: str, url: str
) -> None:
    owner, _, server = embedded.database_url.rpartition("/")[0].rpartition("@")
    environment["DATABASE_URL"] = url.format(owner=owner, server=server)

    done = run([PROGRAM, command], environment, tmp_path)

    assert is_one_sentence(done)
    assert b"canary" not in done.stderr
    assert owner.rpartition(":")[2].encode() not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_variables_are_told_by_every_command(
    environment: dict[str, str], tmp_path: Path, command: str
) -> None:
    environment["DATABASE_URL"] = "postgresql://ana:can#ary@db.example.org/app"

    done = run([PROGRAM, command], environment, tmp_path)

    said = done.stderr.decode() + done.stdout.decode()
    assert done.returncode == 1
    assert "DATABASE_URL: must look like postgresql://" in said
    assert "Traceback" not in said
    assert not re.search("can|ary", said)


def test_a_worker_without_valkey_says_so_in_one_sentence(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment["REDIS_URL"] = "redis://:canary@127.0.0.1:9/0"

    done = run([PROGRAM, "worker"], environment, tmp_path)

    assert is_one_sentence(done)
    assert b"canary" not in done.stderr


def test_up_does_not_say_that_it_runs_when_only_a_part_of_it_does(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Without Valkey the pages answer, and no worker lives for long."""
    environment["REDIS_URL"] = "redis://127.0.0.1:9/0"
    log = tmp_path / "said"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [PROGRAM, "up"], env=environment, cwd=tmp_path, stdout=output, stderr=output
        ) as process,
    ):
        try:
            wait_until(
                lambda: (
                    log.read_text().count("Valkey (REDIS_URL) does not answer") > 1
                    and answers(f"{environment['PUBLIC_URL']}/readyz")
                ),
                log.read_text,
                unless=lambda: process.poll() is not None,
            )
        finally:
            process.terminate()
    assert "runs at" not in log.read_text()


def test_a_project_that_cannot_be_written_says_so_in_one_sentence(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("")

    for options in (
        ["--to", str(tmp_path / "taken" / "project")],
        ["--url", "https://app.example.org/crm"],
        ["--url", "http://app.example.org"],
    ):
        assert is_one_sentence(run([PROGRAM, "project", *options], environment, tmp_path)), options


def test_a_project_is_written_for_the_normal_form_of_the_address(
    environment: dict[str, str], tmp_path: Path
) -> None:
    run([PROGRAM, "project", "--url", "https://App.Example.org:443/"], environment, tmp_path)

    written = [path.read_text() for path in tmp_path.rglob("*-hsmeta.json")]
    assert any('"https://app.example.org/webhooks/hubspot"' in text for text in written)
    assert not any("App.Example" in text or ":443" in text for text in written)


def test_a_checkout_may_lie_in_any_path(
    environment: dict[str, str], embedded: Servers, tmp_path: Path
) -> None:
    """As CI servers name branches. The children of `up` run the copy that it was started from."""
    there = tmp_path / "feature%2Flogin 100% %(here)s Żółw 株式会社"
    there.mkdir()
    for package in PACKAGES:
        copy = shutil.copy if package.endswith(".py") else shutil.copytree
        copy(ROOT / package, there / package)
    marked = there / "commands" / "schedule.py"
    marked.write_text(
        marked.read_text() + "\nimport sys\nprint('copy', sys.argv[-1], flush=True)\n"
    )
    environment["DATA_DIR"] = str(there / "data")

    done = run([sys.executable, "-m", "commands", "migrate"], environment, there)
    said = comes_up([sys.executable, "-m", "commands", "up"], environment, there)

    assert (done.returncode, done.stderr) == (0, b"")
    assert databases.newest_version().encode() in done.stdout
    assert {"copy up", "copy web", "copy schedule", "copy worker"} < set(said)
