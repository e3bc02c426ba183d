"""The whole service as its users run it, `second-order up`, with a look at its processes: who is who."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import requests
from cryptography.fernet import Fernet

from integration.core.environment import Settings
from integration.core.servers import free_port
from integration.core.vault import Vault
from integration.core.wake_ups import Queue
from integration.portal.runtime import Runtime
from integration.storage.database import Database
from tests.sandbox.crm import HubSpot
from tests.waiting import PATIENCE, wait_until
from tests.world import World, subscriptions

RATE_PER_10S = 1000


@dataclass
class Service:
    """A running service, seen from outside."""

    settings: Settings
    environment: dict[str, str]
    log: Path
    process: "subprocess.Popen[bytes]"
    seen: dict[int, psutil.Process] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.settings.public_url

    def processes(self, role: str) -> list[psutil.Process]:
        """Those that play *role* now: web, web worker, worker, horse, schedule, valkey, postgres, backend."""
        found: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                self.seen[child.pid] = child
                with contextlib.suppress(psutil.Error):
                    if self._role(child) == role:
                        found.append(child)
        return found

    def _role(self, process: psutil.Process) -> str:
        words = process.cmdline()
        first = words[0] if words else ""
        if first.endswith("valkey-server") or "valkey-server" in first:
            return "valkey"
        if first.startswith("postgres:"):
            return "backend" if "127.0.0.1" in first else "postgres part"
        if first.endswith("/postgres"):
            return "postgres"
        ours = process.ppid() == self.process.pid
        name = words[-1] if "commands" in words else ""
        if name == "web":
            return "web" if ours else "web worker"
        if name == "worker":
            return "worker" if ours else "horse"
        return name

    def command(
        self, *arguments: str, timeout: float = PATIENCE
    ) -> "subprocess.CompletedProcess[str]":
        """Run ``second-order ARGUMENTS`` beside the service."""
        return subprocess.run(
            [sys.executable, "-m", "commands", *arguments],
            env=self.environment, capture_output=True, text=True, check=False, timeout=timeout,
        )  # fmt: skip

    def servers(self) -> tuple[str, str]:
        """Where its PostgreSQL and its Valkey are."""
        said = json.loads((self.settings.data_dir / "servers.json").read_text())
        return said["database_url"], said["redis_url"]

    def stop(self) -> int:
        """Ask it to stop; return its status. What outlives it is ended by its own id."""
        self.processes("any")
        for process in self.seen.values():
            with contextlib.suppress(psutil.Error):
                process.resume()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        for process in self.seen.values():
            with contextlib.suppress(psutil.Error):
                process.kill()
        return status


@contextlib.contextmanager
def serve(data: Path, hubspot: HubSpot, hubspot_url: str, *, workers: int = 2) -> Iterator[Service]:
    """Run ``second-order up`` in *data* until the block ends."""
    settings = _settings(data, hubspot, hubspot_url, workers)
    hubspot.app.webhook_url = settings.webhook_url
    hubspot.app.redirect_urls = [settings.redirect_url]
    hubspot.subscriptions.load_project(subscriptions(settings.public_url))
    environment = environment_of(settings)
    log = data / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "commands", "up"],
            env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    service = Service(settings, environment, log, process)
    try:
        wait_until_ready(service)
        yield service
    finally:
        service.stop()


def wait_until_ready(service: Service) -> None:
    wait_until(
        lambda: answers(f"{service.url}/readyz"),
        lambda: f"the service does not answer:\n{service.log.read_text(errors='replace')[-2000:]}",
        unless=lambda: service.process.poll() is not None,
    )


def answers(url: str) -> bool:
    """Whether a GET is answered well now."""
    with contextlib.suppress(requests.RequestException):
        return requests.get(url, timeout=PATIENCE / 10).ok
    return False


@contextlib.contextmanager
def inside(service: Service, hubspot: HubSpot, database_url: str = "") -> Iterator[World]:
    """Our side of the service, opened in this process; *database_url* names another database of the same server."""
    own_url, redis_url = service.servers()
    database = Database(database_url or own_url)
    queue = Queue(redis_url)
    try:
        runtime = Runtime(service.settings, database, queue, Vault(service.settings.token_keys))
        yield World(runtime, hubspot, service.url, database_url or own_url)
    finally:
        database.close()
        queue.redis.close()


def _settings(data: Path, hubspot: HubSpot, hubspot_url: str, workers: int) -> Settings:
    port = free_port()
    return Settings(
        data_dir=data,
        host="127.0.0.1",
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        hubspot_app_id=hubspot.app.app_id,
        hubspot_client_id=hubspot.app.client_id,
        hubspot_api_url=hubspot_url,
        hubspot_authorize_url=f"{hubspot_url}/oauth/authorize",
        hubspot_rate_per_10s=RATE_PER_10S,
        log_level="WARNING",
        workers=workers,
        web_processes=2,
        web_threads=8,
        database_url=None,
        redis_url=None,
        secret_key="a-secret-key-for-chaos-only-0123456789",
        token_keys=(Fernet.generate_key().decode(),),
        hubspot_client_secrets=(hubspot.app.client_secret,),
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """What a process of ours needs to run by these settings."""
    mine = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL"}
    }
    given = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    return (
        mine
        | {name: value for name, value in given.items() if value}
        | {
            "DATA_DIR": str(settings.data_dir),
            "PORT": str(settings.port),
            "PUBLIC_URL": settings.public_url,
            "HUBSPOT_API_URL": settings.hubspot_api_url,
            "HUBSPOT_AUTHORIZE_URL": settings.hubspot_authorize_url,
            "HUBSPOT_APP_ID": str(settings.hubspot_app_id),
            "HUBSPOT_CLIENT_ID": settings.hubspot_client_id,
            "HUBSPOT_CLIENT_SECRET": settings.client_secret,
            "HUBSPOT_RATE_PER_10S": str(settings.hubspot_rate_per_10s),
            "SECRET_KEY": settings.secret_key,
            "TOKEN_KEYS": ",".join(settings.token_keys),
            "LOG_LEVEL": settings.log_level,
            "WORKERS": str(settings.workers),
        }
    )


def kill(processes: Sequence[psutil.Process]) -> int:
    """SIGKILL each; return how many were there to be hit."""
    hit = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
            hit += 1
    return hit
