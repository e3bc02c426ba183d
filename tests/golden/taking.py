"""Take a snapshot: import a town with the app beside it, and write down everything that the app then says."""

import contextlib
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from integration.admin import operations, setup_answers
from integration.core.environment import Settings
from integration.core.servers import embedded
from integration.reports import explain as explaining
from integration.storage import database as databases
from integration.storage.database import Database
from tests.sandbox import town
from tests.sandbox.crm import App, HubSpot
from tests.world import Account, World, build_world
from workers import jobs

KINDS = ("company", "contact", "deal")
# So many records of each type are explained, spread evenly over all ids.
EXPLAINED = 200
# A slice that never ends: how much one slice reads must not depend on how quick the machine is.
_ENDLESS = 1e9
_OWN_TIME = "second_order_updated_at"
# Numbers of ledger rows and of credited subjects follow the order of writing and mean nothing.
_NUMBERS = ("entry_id", "reverses", "subject_id")
_SUBJECT = re.compile(r"\|s\d{20}\|")
_ROW_NUMBER = re.compile(r'("(?:entry_id|reverses)": )\d+')
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?")


def take(into: Path, name_or_path: str, *, scale: float = 1.0) -> None:
    """Import the town and write ledger, field values, explanations and API calls of both portals as files."""
    into.mkdir(parents=True, exist_ok=True)
    with _world(name_or_path, scale) as world:
        for account in world.accounts:
            world.install(account)
        world.settle()
        for account in world.accounts:
            _answer_as_proposed(account)
        world.settle()
        for account in world.accounts:
            _write(into, account)


def _answer_as_proposed(account: Account) -> None:
    """Answer what the set-up page asks: fields are not written before."""
    with account.context() as portal:
        for asked in setup_answers.open_questions(portal):
            proposal = asked.question.proposal
            operations.answer_setup_question(
                portal, asked.kind, asked.key, proposal, actor="golden"
            )


@contextlib.contextmanager
def _world(name_or_path: str, scale: float) -> Iterator[World]:
    jobs.SLICE_SECONDS = jobs.IMPORT_SLICE_SECONDS = _ENDLESS
    hubspot = HubSpot(seed=7)
    town.load(hubspot, name_or_path, scale=scale)
    with tempfile.TemporaryDirectory(prefix="golden-") as folder, embedded(Path(folder)) as started:
        databases.migrate(started.database_url)
        database = Database(started.database_url)
        settings = _settings(Path(folder), started.database_url, started.redis_url)
        urls = started.redis_url, started.database_url
        with (
            contextlib.closing(database),
            build_world(settings, database, *urls, hubspot=hubspot) as world,
        ):
            yield world


def _settings(folder: Path, database_url: str, redis_url: str) -> Settings:
    app = App()
    return Settings(
        data_dir=folder,
        host="127.0.0.1",
        port=8000,
        public_url="http://127.0.0.1:8000",
        hubspot_app_id=app.app_id,
        hubspot_client_id=app.client_id,
        hubspot_api_url="http://127.0.0.1:9",
        hubspot_authorize_url="http://127.0.0.1:9/oauth/authorize",
        hubspot_rate_per_10s=1000,
        log_level="ERROR",
        workers=1,
        web_processes=2,
        web_threads=8,
        database_url=database_url,
        redis_url=redis_url,
        secret_key="a-secret-key-for-snapshots-of-towns-only",
        token_keys=(Fernet.generate_key().decode(),),
        hubspot_client_secrets=(app.client_secret,),
    )


def _write(into: Path, account: Account) -> None:
    name = f"{account.portal_id}"
    (into / f"{name}-ledger.csv").write_text(_ledger(account))
    _dump(into / f"{name}-calls.json", dict(sorted(account.crm.calls.items())))
    for kind in KINDS:
        _dump(into / f"{name}-{kind}-fields.json", _fields(account, kind))
        _dump(into / f"{name}-{kind}-explained.json", _explained(account, kind))


def _ledger(account: Account) -> str:
    """The ledger as the command prints it, without the numbers of its rows, in the order of what they say."""
    settings = account.world.runtime.settings
    environment = {
        **os.environ,
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url or "",
        "REDIS_URL": settings.redis_url or "",
        "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": ",".join(settings.token_keys),
        "HUBSPOT_CLIENT_SECRET": settings.hubspot_client_secrets[0],
        "HUBSPOT_CLIENT_ID": settings.hubspot_client_id,
        "HUBSPOT_APP_ID": str(settings.hubspot_app_id),
    }
    command = [sys.executable, "-m", "commands", "ledger", str(account.portal_id), "--csv"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"second-order ledger: {done.stderr}")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    lines = [json.dumps(_kept(row), sort_keys=True) for row in rows]
    return "\n".join([*sorted(lines), ""])


def _kept(row: dict[str, str]) -> dict[str, str]:
    return {name: _timeless(value) for name, value in row.items() if name not in _NUMBERS}


def _fields(account: Account, kind: str) -> dict[str, dict[str, str]]:
    """Our fields of every record, as HubSpot's users see them."""
    fields: dict[str, dict[str, str]] = {}
    for record_id in _ids(account, kind):
        record = account.crm.get(kind, record_id)
        if record is not None:
            fields[str(record_id)] = _our_values(record.values)
    return fields


def _our_values(values: dict[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in sorted(values.items())
        if name.startswith("second_order_") and name != _OWN_TIME and value
    }


def _explained(account: Account, kind: str) -> dict[str, Any]:
    ids = _ids(account, kind)
    chosen = ids[:: max(1, len(ids) // EXPLAINED)][:EXPLAINED]
    with account.context() as context:
        return {
            str(record_id): explaining.explain(context, kind, record_id) for record_id in chosen
        }


def _ids(account: Account, kind: str) -> list[int]:
    return sorted(record.id for record in account.crm.all(kind))


def _dump(path: Path, value: object) -> None:
    path.write_text(
        _timeless(json.dumps(value, default=str, indent=1, sort_keys=True, ensure_ascii=False))
        + "\n"
    )


def _timeless(text: str) -> str:
    """The text without what only this run is about: moments of this very day, and serial numbers."""
    today = date.today().isoformat(), datetime.now(UTC).date().isoformat()  # noqa: DTZ011 - both may be printed
    text = _MOMENT.sub(lambda match: "(today)" if match[0].startswith(today) else match[0], text)
    return _ROW_NUMBER.sub(r"\g<1>0", _SUBJECT.sub("|subject|", text))
